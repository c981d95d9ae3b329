// A shard: the channels and commands of one reactor thread. A deterministic value machine: the same
// state and events give the same actions, in every driver.
//
// Ownership: channels, commands, data buffers' allotment and the send queues' accounting belong to
// the shard; memory itself to the driver (ports.h); whatever spans shards to the director.
#ifndef CORE_SRP_SHARD_H_
#define CORE_SRP_SHARD_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/action.h"
#include "core/base/fingerprint.h"
#include "core/config.h"
#include "core/event.h"
#include "core/ports.h"

namespace srpt {

enum class ChannelState : std::uint8_t {
  kFree,        // No channel.
  kConnecting,  // Accepted; no RTU and no IU yet.
  kLive,
  kLoggingOut,     // A T_LOGOUT is on its way; Disconnect follows. Nothing else is sent or served.
  kDisconnecting,  // Disconnect asked or received; posted work comes back.
  kTimewait,       // Everything came back (or never will); the queue pair number rests.
  kDestroying,     // The driver destroys the queue pair; backends may still hold buffers.
  kCount,
};
const char* ToString(ChannelState state);

// Counters of one channel since its login. Bytes are data moved over the wire.
struct ChannelCounters {
  std::uint64_t commands = 0;
  std::uint64_t reads = 0;
  std::uint64_t writes = 0;
  std::uint64_t bidirectional = 0;
  std::uint64_t others = 0;
  std::uint64_t read_bytes = 0;
  std::uint64_t write_bytes = 0;
  std::uint64_t immediate_bytes = 0;
  std::uint64_t check_conditions = 0;
  std::uint64_t aborted = 0;
  std::uint64_t task_management = 0;
  std::uint64_t answers = 0;       // CRED_RSPs and AER_RSPs.
  std::uint64_t buffer_waits = 0;  // Times a piece had to wait for a data buffer.
  std::uint64_t send_waits = 0;    // Times work had to wait for the send queue.
};

struct ChannelInfo {
  ChannelId channel;
  NexusId nexus;
  ChannelState state = ChannelState::kConnecting;
  std::uint32_t req_lim = 0;        // Credits the peer still has, as we count them.
  std::uint32_t req_lim_delta = 0;  // Credits owed to it, to go with the next response.
  std::uint32_t active_commands = 0;
  std::uint16_t credits_granted = 0;  // At login.
  std::uint32_t max_it_iu_len = 0;
  std::uint32_t max_ti_iu_len = 0;
  std::uint16_t imm_data_offset = 0;
  ChannelCounters counters;
};

class Shard {
 public:
  // `memory` outlives the shard. Everything that a step needs is allocated here.
  Shard(const Parameters& parameters, ShardId id, MemoryPort* memory);
  ~Shard();
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  // Appends at most limits::kActionsPerStepMax actions to `actions`, which the caller has cleared.
  // Work left over makes NextDeadline() == now.
  void Step(Time now, const ShardEvent& event, Actions& actions);
  // The driver calls Step with DeadlineReached at this time at the latest. kNever: nothing waits.
  Time NextDeadline() const;

  // Is what `other`, of the same parameters, is from now on, with memory of its own: for fuzzers,
  // which start a million times from one state.
  void Become(const Shard& other);

  // For administrators and tests; not for the command path.
  std::vector<ChannelInfo> Channels() const;
  std::uint32_t free_data_buffers() const;
  std::uint32_t active_commands() const;
  // True when nothing of any channel remains.
  bool IsIdle() const;
  // Of all events and actions so far; 0 unless Parameters::fingerprint.
  std::uint64_t fingerprint() const;
  // One line a thing that is not finished yet, and what it waits for.
  std::vector<std::string> Pending() const;
  // Empty, or the first invariant that does not hold (core/invariants.h). O(everything).
  std::string BrokenInvariant() const;

  struct State;  // shard_state.h; for core/srp only.

 private:
  std::unique_ptr<State> state_;
};

}  // namespace srpt

#endif  // CORE_SRP_SHARD_H_
