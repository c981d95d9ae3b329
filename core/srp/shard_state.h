// Everything that a shard owns, as plain values: its channels (channel_data.h), commands and pieces
// (command_data.h), and what they share. The rules that move them stand in the files beside this
// one: channel (life of a connection), command (admission and end), transfer (data), response,
// credits, task_management, abort.
//
// Who names whom: a command lives exactly as long as the receive buffer that brought it, so the two
// share an index, wherever the buffer belongs to: to a channel, or to a shared receive queue
// (receives.h). Its descriptors are read where they arrived. A data buffer and its piece of a
// transfer share an index too. A response that was posted has no command any more: what it still
// holds until its completion (buffers, send queue slots) belongs to its send buffer.
#ifndef CORE_SRP_SHARD_STATE_H_
#define CORE_SRP_SHARD_STATE_H_

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/action.h"
#include "core/base/fingerprint.h"
#include "core/base/ring.h"
#include "core/config.h"
#include "core/ports.h"
#include "core/snapshot.h"
#include "core/srp/channel_data.h"
#include "core/srp/command_data.h"
#include "core/srp/shard.h"

namespace srpt {

// The pool of data buffers (data_buffers.h).
struct UnitBuffers {
  std::uint32_t held = 0;       // With its backend.
  std::uint32_t incoming = 0;   // Of WRITEs to it, still with a nexus.
  std::uint32_t first = kNone;  // Commands that wait for a buffer, in order.
  std::uint32_t last = kNone;
};
struct BufferPool {
  explicit BufferPool(std::uint32_t size)
      : guard(size / 8), reserve(std::min<std::uint32_t>(8, size / 16)) {}

  std::uint32_t guard;  // data_buffers.h
  std::uint32_t reserve;
  std::vector<std::uint32_t> free;
  // By LuId; the last one stands for what is no unit's data: descriptor tables, core's own answers.
  std::vector<UnitBuffers> units;
  Ring<std::uint32_t> turns;  // Those with a queue.
};

// Writes of ended channels of one nexus that are still with a unit's backend (takeover.h).
struct OldWrites {
  LuId lu;
  std::uint32_t count = 0;
  bool told = false;  // The director knows of some.
};

struct NexusView {
  NexusId id;
  std::vector<LuId> attentions;             // Units with a unit attention pending.
  std::uint32_t buffers = 0;                // Data buffers charged to it (data_buffers.h),
  std::uint32_t tables = 0;                 // and those with a descriptor table of its commands.
  std::vector<std::uint16_t> buffer_waits;  // Its commands that wait for one, by queue of the pool.

  // Takeovers (takeover.h).
  bool waits = false;  // There are units where its commands wait: of these three.
  bool taken_over = false;
  std::vector<LuId> held;
  std::vector<OldWrites> old_writes;
  std::uint32_t session = 0;  // Takeovers so far. Channels of earlier ones are to end.
  bool answer_due = false;
  bool due = false;  // In the shard's queue of nexuses to look at.
};

// Several may cover one command: each counts it when it scans it, and all that have counted it are
// told when its effects end.
struct Fence {
  bool open = false;
  FenceId id;
  LuId lu;
  NexusId nexus;                // Only this one's commands; invalid: those of all.
  std::uint64_t before = 0;     // Only commands that arrived before this one are aborted.
  std::uint32_t scan = 0;       // The next command to look at; all when == commands.size().
  std::uint32_t remaining = 0;  // Aborted commands that may still have effects.
  // Responses, with their WRITEs, that are on their way to the asker, but on another channel than
  // its answer, which does not come behind them.
  NexusId asked_by;
  std::uint32_t asker_channel = kNone;  // kNone: on another shard.
  bool marked = false;                  // They were looked for.
  std::uint32_t posted = 0;
};
inline constexpr std::size_t kFencesMax = 64;  // A bit each in SendSlot::fences.

struct Shard::State {
  State(const Parameters& parameters, ShardId id, MemoryPort* memory);

  Parameters params;
  ShardId id;
  MemoryPort* memory;
  std::shared_ptr<const Snapshot> snapshot;
  std::uint64_t publications = 0;  // Of snapshots, so far.

  std::vector<Channel> channels;
  std::vector<Command> commands;  // By receive buffer (receives.h).
  std::vector<RecvStage> receives;
  std::vector<SharedQueue> shared;  // Empty: every channel has receives of its own.
  Ring<std::uint32_t> to_post;      // Receives to go back to a shared queue.
  bool receives_back = false;       // The director is to be told of some channel's.
  std::vector<Piece> pieces;
  BufferPool pool;
  Ring<std::uint32_t> resume_queue;  // Parked commands to admit again.
  Ring<std::uint32_t> nexuses_due;   // For takeovers.
  Ring<std::uint32_t> dirty;         // Channels whose wire queue may move.
  std::vector<NexusView> nexuses;    // By slot.
  std::array<Fence, kFencesMax> fences;
  std::uint32_t fences_open = 0;
  std::vector<LuId> retiring;
  bool look_at_retiring = false;  // A command ended since the last look.
  std::uint64_t arrivals = 0;     // Commands so far.
  std::uint32_t active = 0;       // Commands that are not Free.
  std::uint32_t tables = 0;       // Commands with a descriptor table: at most half the pool.

  Time timer = kNever;  // No deadline is earlier.
  Time watch = kNever;  // The next look at what was posted long ago.

  // Of the step under way.
  Time now;
  Actions* actions = nullptr;
  Fingerprint fingerprint;

  // --- Names ---
  std::uint32_t ChannelOf(std::uint32_t command) const { return commands[command].channel; }
  CommandId IdOfCommand(std::uint32_t command) const {
    return CommandId::Make(command, commands[command].generation);
  }
  // Null for an id whose channel is gone.
  Channel* Find(ChannelId id) {
    if (id.slot() >= params.channels_per_shard) return nullptr;  // Also what is not valid.
    Channel& c = channels[id.slot()];
    return c.Is<channel_state::Free>() || c.id != id ? nullptr : &c;
  }
  std::uint32_t IndexOf(const Channel& channel) const { return channel.id.slot(); }
  const LunMap& LunMapOf(const Channel& channel) const { return snapshot->MapOf(channel.nexus); }

  // --- Small things everybody does ---
  template <class A>
  void Do(const A& action) {
    actions->Add(action);
  }
  void Log(LogLevel level, const Channel& channel, const char* format, ...)
      __attribute__((format(printf, 4, 5)));
  // Wakes the shard at `t` at the latest.
  void WakeAt(Time t) {
    if (t < timer) timer = t;
  }
  void MarkDirty(std::uint32_t channel) {
    if (channels[channel].dirty) return;
    channels[channel].dirty = true;
    dirty.Push(channel);
  }
  // Whether a step has room for `n` more actions and a few that follow from them.
  bool Room(std::size_t n) const { return actions->room() >= n + 8; }
};

using ShardState = Shard::State;

}  // namespace srpt

#endif  // CORE_SRP_SHARD_STATE_H_
