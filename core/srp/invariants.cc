#include "core/srp/invariants.h"

#include <map>
#include <utility>

#include "core/srp/channel.h"
#include "core/srp/credits.h"
#include "core/srp/receives.h"
#include "core/srp/takeover.h"

namespace srpt {
namespace {

using namespace command_state;  // NOLINT: the states are this file's vocabulary.

std::string At(const char* sentence, const char* what, std::size_t index) {
  return std::string(sentence) + " (" + what + " " + std::to_string(index) + ")";
}

// Of one channel: what its commands say they use, and what the pieces say.
struct Use {
  std::uint32_t pieces = 0;
  std::uint32_t on_wire = 0;
  std::uint32_t in_backend = 0;
  std::uint32_t slots = 0;
  std::uint32_t commands = 0;
};

std::string CheckCommand(const Command& c, std::uint32_t index, Use& said) {
  if (const Moving* m = std::get_if<Moving>(&c.state)) {
    said.pieces += m->pieces;
    said.on_wire += m->on_wire;
    said.in_backend += m->in_backend;
    if (m->pieces == 0 && !m->queued) {
      return At("46: a command that moves has a piece, or waits for a buffer.", "command", index);
    }
    if (m->pieces > limits::kPiecesInFlightMax) {
      return At("47: memory for a command is bounded.", "command", index);
    }
  } else if (const Aborting* a = std::get_if<Aborting>(&c.state)) {
    said.on_wire += a->on_wire;
    said.in_backend += a->in_backend;
    if (a->on_wire == 0 && a->in_backend == 0) {
      return At("46: an aborted command waits for something.", "command", index);
    }
  } else if (c.Is<Backend>()) {
    ++said.in_backend;
  }
  return {};
}

// Every receive is where its owner thinks it is. `said`: of the channels, by what commands say.
std::string CheckReceives(const ShardState& s, std::vector<Use>& said) {
  std::vector<std::uint32_t> posted(receives::Shared(s) ? s.shared.size() : s.channels.size());
  for (std::uint32_t i = 0; i < s.receives.size(); ++i) {
    const std::uint32_t owner =
        receives::Shared(s) ? receives::QueueOf(s, i) : i / s.params.commands_per_channel();
    if (s.receives[i] == RecvStage::kPosted) ++posted[owner];
    const Command& command = s.commands[i];
    if (command.Is<Free>() != (s.receives[i] != RecvStage::kHeld)) {
      return At("21: a command lives as long as the receive buffer that brought it.", "command", i);
    }
    if (command.Is<Free>()) continue;
    ++said[command.channel].commands;
    std::string broken = CheckCommand(command, i, said[command.channel]);
    if (!broken.empty()) return broken;
  }
  constexpr const char* kCounted = "10: every posted receive is counted.";
  for (std::uint32_t i = 0; i < s.channels.size() && !receives::Shared(s); ++i) {
    if (posted[i] != s.channels[i].recv_posted) return At(kCounted, "channel", i);
  }
  for (std::uint32_t q = 0; q < s.shared.size(); ++q) {
    if (posted[q] != s.shared[q].posted) return At(kCounted, "shared queue", q);
    std::uint32_t promised = 0;
    std::uint32_t held = 0;
    std::uint32_t returning = 0;
    for (const Channel& c : s.channels) {
      if (c.Is<channel_state::Free>() || c.srq != q) continue;
      promised += c.promised;
      held += c.active;
      const bool live = c.Is<channel_state::Live>() || c.Is<channel_state::Connecting>();
      if (c.promised < c.active + (live ? c.remaining + c.owed : 0)) {
        return At("10: what a channel may send is promised to it.", "shared queue", q);
      }
    }
    for (std::size_t i = 0; i < s.to_post.size(); ++i) {
      if (receives::QueueOf(s, s.to_post[i]) == q) ++returning;
    }
    if (promised != s.shared[q].promised || promised > s.params.srpt_srq_size) {
      return At("10: a queue promises no more than it has.", "shared queue", q);
    }
    if (posted[q] + held + returning != s.params.srpt_srq_size) {
      return At("36: a receive is posted or held, or on its way back.", "shared queue", q);
    }
  }
  return {};
}

std::string CheckChannel(const ShardState& s, std::uint32_t index, const Use& used,
                         const Use& said) {
  const Channel& c = s.channels[index];
  const std::uint32_t held = said.commands;
  if (held != c.active) {
    return At("36: every active command is in its channel's list.", "channel", index);
  }
  if (c.Is<channel_state::Live>()) {
    const std::uint32_t counted = c.remaining + held + c.owed;
    if (counted != c.credits_granted) {
      // As many are missing as answers came: they took them.
      if (c.counters.answers > 0 && counted + c.counters.answers == c.credits_granted) {
        return At("12: CRED_RSP and AER_RSP take no credit.", "channel", index);
      }
      return At("9: granted = remaining + held by commands + owed.", "channel", index);
    }
    if (c.recv_count != 0 && c.recv_posted < c.remaining + c.owed) {
      return At("10: a receive is posted for every credit that the peer has or will be given.",
                "channel", index);
    }
  }
  if (c.Is<channel_state::Live>() && credits::Starves(c) &&
      c.request.phase() == RequestPhase::kIdle && (c.active == 0 || c.starved_until == kNever)) {
    return At("11: credits that the peer waits for are on their way.", "channel", index);
  }
  // (What is late is found by a timer, at times of its own.)
  constexpr Duration kLate{limits::kCompletionWatchdog.ns + 2 * limits::kWatchEvery.ns};
  std::uint32_t sends = 0;
  std::uint32_t slots = used.slots + (c.probing ? 1 : 0);
  for (const SendSlot& send : c.sends) {
    if (!send.busy) continue;
    ++sends;
    slots += send.slots;
    if (c.Is<channel_state::Live>() && send.posted_at + kLate < s.now) {
      return At("46: a completion that is missing is missed.", "channel", index);
    }
  }
  if (sends != c.sends_posted)
    return At("21: every send in flight has a send buffer.", "channel", index);
  if (used.on_wire != c.rdma_posted || used.on_wire != said.on_wire) {
    return At("21: each RDMA in flight has a piece and a command that know it.", "channel", index);
  }
  if (used.in_backend > said.in_backend || used.pieces < said.pieces) {
    return At("21: each buffer at a backend has a command that waits for it.", "channel", index);
  }
  if (!c.Is<channel_state::Destroying>() && c.sq_free + slots != c.sq_size) {
    return At("23: send queue slots are free or held by what is in flight.", "channel", index);
  }
  return {};
}

// Who waits for a buffer, counted anew.
std::string CheckWaits(const ShardState& s) {
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint32_t> waits;  // By nexus and queue.
  for (std::uint32_t q = 0; q < s.pool.units.size(); ++q) {
    for (std::uint32_t i = s.pool.units[q].first; i != kNone; i = s.commands[i].buffer_next) {
      ++waits[{s.channels[s.commands[i].channel].nexus.slot(), q}];
    }
  }
  for (std::uint32_t n = 0; n < s.nexuses.size(); ++n) {
    const std::vector<std::uint16_t>& said = s.nexuses[n].buffer_waits;
    for (std::uint32_t q = 0; q < said.size(); ++q) {
      const auto at = waits.find({n, q});
      if (said[q] != (at == waits.end() ? 0 : at->second)) {
        return At("46: a nexus knows how many of its commands wait.", "nexus", n);
      }
    }
  }
  return {};
}

// Takeovers: what waits has something to wait for.
std::string CheckTakeovers(const ShardState& s) {
  std::map<std::pair<std::uint32_t, LuId>, std::uint32_t> old_writes;  // By nexus and unit.
  for (std::uint32_t i = 0; i < s.commands.size(); ++i) {
    const Command& c = s.commands[i];
    if (c.Is<Free>()) continue;
    const std::uint32_t slot = s.channels[c.channel].nexus.slot();
    if (c.old_write) ++old_writes[{slot, c.lu}];
    const Parked* parked = std::get_if<Parked>(&c.state);
    if (parked == nullptr || parked->reason != ParkReason::kTakeover || parked->resume) continue;
    if (!takeover::Waits(s.nexuses[slot], c.lu)) {
      return At("46: who waits for old writes has some to wait for.", "command", i);
    }
  }
  std::size_t units = 0;
  for (std::uint32_t n = 0; n < s.nexuses.size(); ++n) {
    const NexusView& nexus = s.nexuses[n];
    bool waits = nexus.taken_over || !nexus.held.empty();
    for (const OldWrites& old : nexus.old_writes) {
      if (old.count == 0) continue;
      ++units;
      waits = true;
      const auto at = old_writes.find({n, old.lu});
      if (at == old_writes.end() || at->second != old.count) {
        return At("25: a nexus knows its old writes.", "nexus", n);
      }
    }
    if (waits != nexus.waits) return At("25: a nexus knows whether it waits.", "nexus", n);
  }
  if (units != old_writes.size()) return "25: every old write is known.";
  return {};
}

// What is charged to whom, counted anew.
std::string CheckCharges(const ShardState& s) {
  std::vector<UnitBuffers> units(s.pool.units.size());
  struct Held {
    std::uint32_t buffers = 0;
    std::uint32_t tables = 0;
  };
  std::vector<Held> nexuses(s.nexuses.size());
  for (const Piece& p : s.pieces) {
    if (p.stage == PieceStage::kFree) continue;
    if (p.stage == PieceStage::kBackend) {
      ++units[p.unit].held;
    } else {
      Held& nexus = nexuses[s.channels[p.channel].nexus.slot()];
      ++(p.stage == PieceStage::kTable ? nexus.tables : nexus.buffers);
      if (p.to_unit) ++units[p.unit].incoming;
    }
  }
  constexpr const char* kSentence = "21: a buffer is charged to whom it waits for.";
  for (std::size_t i = 0; i < units.size(); ++i) {
    const UnitBuffers& said = s.pool.units[i];
    if (units[i].held != said.held || units[i].incoming != said.incoming) {
      return At(kSentence, "unit", i);
    }
  }
  for (std::size_t i = 0; i < nexuses.size(); ++i) {
    const NexusView& said = s.nexuses[i];
    if (nexuses[i].buffers != said.buffers || nexuses[i].tables != said.tables) {
      return At(kSentence, "nexus", i);
    }
  }
  return {};
}

}  // namespace

std::string BrokenInvariantOf(const ShardState& s) {
  std::vector<Use> used(s.channels.size());
  std::size_t busy = 0;
  for (std::uint32_t i = 0; i < s.pieces.size(); ++i) {
    const Piece& p = s.pieces[i];
    if (p.stage == PieceStage::kFree) continue;
    ++busy;
    if (p.stage == PieceStage::kAttached) continue;
    const Command& c = s.commands[p.command];
    if (p.stage == PieceStage::kTable) {
      if (c.Is<Free>() || c.table_piece != i) {
        return At("21: a buffer with a descriptor table has a command that uses it.", "buffer", i);
      }
      continue;
    }
    if (!c.Is<Moving>() && !c.Is<Aborting>()) {
      return At("21: a buffer in use has a command that moves data, or did.", "buffer", i);
    }
    if (const Moving* m = std::get_if<Moving>(&c.state)) {
      const bool with_backend = p.leg == Leg::kRead || p.leg == Leg::kWrite;
      if (m->bidirectional ? with_backend != (p.stage == PieceStage::kBackend)
                           : p.leg != Leg::kFetch) {
        return At("21: a piece is where its leg says.", "buffer", i);
      }
    }
    Use& use = used[p.channel];
    ++use.pieces;
    use.slots += p.slots;
    if (p.stage == PieceStage::kOnWire) ++use.on_wire;
    if (p.stage == PieceStage::kBackend) ++use.in_backend;
  }
  if (busy + s.pool.free.size() != s.pieces.size()) {
    return "21: a data buffer is free, or a piece uses it.";
  }
  if (std::string broken = CheckCharges(s); !broken.empty()) return broken;
  if (std::string broken = CheckWaits(s); !broken.empty()) return broken;
  if (std::string broken = CheckTakeovers(s); !broken.empty()) return broken;
  std::vector<Use> said(s.channels.size());
  if (std::string broken = CheckReceives(s, said); !broken.empty()) return broken;
  std::uint32_t active = 0;
  for (std::uint32_t i = 0; i < s.channels.size(); ++i) {
    if (s.channels[i].Is<channel_state::Free>()) continue;
    active += s.channels[i].active;
    std::string broken = CheckChannel(s, i, used[i], said[i]);
    if (!broken.empty()) return broken;
  }
  if (active != s.active) return "36: no command remains without its channel.";
  return {};
}

std::vector<std::string> PendingOf(const ShardState& s) {
  std::vector<std::string> lines;
  for (std::uint32_t i = 0; i < s.channels.size(); ++i) {
    const Channel& c = s.channels[i];
    if (c.Is<channel_state::Free>()) continue;
    if (!c.Is<channel_state::Live>()) {
      lines.push_back("channel " + std::to_string(i) + " is " + ToString(channel::StateOf(c)) +
                      ": " + std::to_string(c.recv_posted) + " receives, " +
                      std::to_string(c.sends_posted) + " sends, " + std::to_string(c.rdma_posted) +
                      " RDMA operations, " + std::to_string(c.active) + " commands");
    }
    if (c.request.phase() != RequestPhase::kIdle) {
      lines.push_back("channel " + std::to_string(i) + " request is " +
                      ToString(c.request.phase()));
    }
    for (std::uint32_t x = c.first_command; x != kNone; x = s.commands[x].next) {
      lines.push_back("channel " + std::to_string(i) + " command " + std::to_string(x) + " is " +
                      ToString(s.commands[x].phase()));
    }
  }
  return lines;
}

}  // namespace srpt
