#include "core/srp/invariants.h"

#include "core/srp/channel.h"

namespace srpt {
namespace {

using namespace command_state;  // NOLINT: the states are this file's vocabulary.

std::string At(const char* sentence, const char* what, std::size_t index) {
  return std::string(sentence) + " (" + what + " " + std::to_string(index) + ")";
}

std::string CheckChannel(const ShardState& s, std::uint32_t index) {
  const Channel& c = s.channels[index];
  std::uint32_t held = 0;
  std::uint32_t posted = 0;
  std::uint32_t active = 0;
  for (std::uint32_t r = 0; r < c.recv_count; ++r) {
    const Command& command = s.commands[index * limits::kCommandsPerChannel + r];
    if (c.recv[r] == RecvStage::kPosted) ++posted;
    if (command.Is<Free>()) continue;
    ++active;
    if (c.recv[r] != RecvStage::kHeld) {
      return At("A command lives as long as the receive buffer that brought it.", "command",
                index * limits::kCommandsPerChannel + r);
    }
    ++held;
  }
  if (active != c.active) return At("Every active command is in its channel's list.", "channel", index);
  if (posted != c.recv_posted) return At("Every posted receive is counted.", "channel", index);
  if (c.Is<channel_state::Live>()) {
    // Invariant 9.
    if (c.remaining + held + c.owed != c.credits_granted) {
      return At("9: granted = remaining + held by commands + owed.", "channel", index);
    }
    // Invariant 10, but for a request of ours whose answer has just taken one.
    if (posted < c.remaining + c.owed) {
      return At("10: a receive is posted for every credit that the peer has or will be given.",
                "channel", index);
    }
  }
  std::uint32_t sends = 0;
  std::uint32_t slots = 0;
  for (const SendSlot& send : c.sends) {
    if (!send.busy) continue;
    ++sends;
    slots += send.slots;
  }
  std::uint32_t rdma = 0;
  for (const Piece& p : s.pieces) {
    if (p.stage == PieceStage::kOnWire && s.ChannelOf(p.command) == index) {
      ++rdma;
      slots += p.slots;
    }
  }
  if (sends != c.sends_posted) return At("Every send in flight has a send buffer.", "channel", index);
  if (rdma != c.rdma_posted) return At("Every RDMA in flight has a piece.", "channel", index);
  if (!c.Is<channel_state::Destroying>() && c.sq_free + slots != c.sq_size) {
    return At("23: send queue slots are free or held by what is in flight.", "channel", index);
  }
  return {};
}

std::string CheckCommand(const ShardState& s, std::uint32_t index) {
  const Command& c = s.commands[index];
  std::uint32_t on_wire = 0;
  std::uint32_t in_backend = 0;
  std::uint32_t pieces = 0;
  for (const Piece& p : s.pieces) {
    if (p.stage == PieceStage::kFree || p.stage == PieceStage::kAttached || p.command != index) {
      continue;
    }
    ++pieces;
    if (p.stage == PieceStage::kOnWire) ++on_wire;
    if (p.stage == PieceStage::kBackend) ++in_backend;
  }
  if (const Moving* m = std::get_if<Moving>(&c.state)) {
    if (m->pieces != pieces || m->on_wire != on_wire || m->in_backend != in_backend) {
      return At("21: a command knows each buffer that is used for it.", "command", index);
    }
    if (pieces == 0 && !m->queued) {
      return At("46: a command that moves has a piece, or waits for a buffer.", "command", index);
    }
  } else if (const Aborting* a = std::get_if<Aborting>(&c.state)) {
    if (a->on_wire != on_wire || (pieces > 0 && a->in_backend != in_backend)) {
      return At("21: an aborted command waits for each buffer that is used for it.", "command",
                index);
    }
    if (a->on_wire == 0 && a->in_backend == 0) {
      return At("46: an aborted command waits for something.", "command", index);
    }
  } else if (pieces != 0) {
    return At("21: only a command that moves data has pieces.", "command", index);
  }
  return {};
}

}  // namespace

std::string BrokenInvariantOf(const ShardState& s) {
  std::size_t used = 0;
  for (const Piece& p : s.pieces) used += p.stage != PieceStage::kFree ? 1 : 0;
  if (used + s.free_pieces.size() != s.pieces.size()) {
    return "21: a data buffer is free, or a piece uses it.";
  }
  std::uint32_t active = 0;
  for (std::uint32_t i = 0; i < s.channels.size(); ++i) {
    if (s.channels[i].Is<channel_state::Free>()) continue;
    active += s.channels[i].active;
    std::string broken = CheckChannel(s, i);
    if (!broken.empty()) return broken;
    for (std::uint32_t c = s.channels[i].first_command; c != kNone; c = s.commands[c].next) {
      broken = CheckCommand(s, c);
      if (!broken.empty()) return broken;
    }
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
    for (std::uint32_t x = c.first_command; x != kNone; x = s.commands[x].next) {
      static constexpr const char* kStates[] = {
          "is free",         "is parked",
          "moves data",      "waits for its backend operation",
          "waits to respond", "waits for an abort or the director",
          "is aborted and waits for what is in flight"};
      lines.push_back("channel " + std::to_string(i) + " command " + std::to_string(x) + " " +
                      kStates[s.commands[x].state.index()]);
    }
  }
  return lines;
}

}  // namespace srpt
