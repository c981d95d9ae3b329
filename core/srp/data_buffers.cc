#include "core/srp/data_buffers.h"

#include <algorithm>

#include "core/srp/trace.h"

namespace srpt::data_buffers {
namespace {

using command_state::Moving;

// What those leave who hold a buffer already, and of that what is left to core's own answers. A
// pool of a few buffers keeps none back.
std::uint32_t Guard(const ShardState& s) { return static_cast<std::uint32_t>(s.pieces.size() / 8); }
std::uint32_t Reserve(const ShardState& s) {
  return std::min<std::uint32_t>(8, static_cast<std::uint32_t>(s.pieces.size() / 16));
}

// Where a command waits: with its unit's, or with those whose buffer never is a unit's.
std::uint32_t QueueOf(const Command& c, const Moving& m) {
  return m.control || m.table ? limits::kLusMax : c.lu.v;
}

void Add(ShardState& s, const Piece& p, Charge charge, std::uint32_t n) {
  if (charge == Charge::kUnit) {
    s.pool.units[p.unit].held += n;
  } else if (charge != Charge::kNobody) {
    NexusView& nexus = s.nexuses[s.channels[p.channel].nexus.slot()];
    (charge == Charge::kTable ? nexus.tables : nexus.buffers) += n;
    if (p.to_unit) s.pool.units[p.unit].incoming += n;
  }
}

std::uint32_t Load(const UnitBuffers& unit) { return unit.held + unit.incoming / 2; }

}  // namespace

// [R-INV-43]
bool MayTake(const ShardState& s, std::uint32_t command) {
  const Command& c = s.commands[command];
  const Moving* m = std::get_if<Moving>(&c.state);
  SRPT_CHECK(m != nullptr);
  const auto free = static_cast<std::uint32_t>(s.pool.free.size());
  const NexusView& nexus = s.nexuses[s.channels[s.ChannelOf(command)].nexus.slot()];
  if (m->control) return free > 0 && (nexus.buffers == 0 || nexus.buffers < free);
  // (One at least, for the data of the commands whose tables there are.)
  if (m->table) return free > std::max(Guard(s), 1u) && nexus.buffers + nexus.tables < free;
  const std::uint32_t holds = std::max(nexus.buffers, Load(s.pool.units[c.lu.v]));
  return holds < free && free > (holds == 0 ? Reserve(s) : Guard(s));
}

// [R-INV-21]
std::uint32_t Take(ShardState& s, std::uint32_t command, PieceStage stage) {
  const Command& c = s.commands[command];
  const Moving* m = std::get_if<Moving>(&c.state);
  SRPT_CHECK(m != nullptr && !s.pool.free.empty());
  const std::uint32_t piece = s.pool.free.back();
  s.pool.free.pop_back();
  Piece& p = s.pieces[piece];
  p = Piece{};
  p.stage = stage;
  p.command = command;
  p.channel = c.channel;
  p.unit = QueueOf(c, *m);
  p.to_unit = m->write && !m->table;
  Add(s, p, ChargeOf(stage), 1);
  return piece;
}

void MoveCharge(ShardState& s, const Piece& piece, Charge from, Charge to) {
  Add(s, piece, from, ~0u);
  Add(s, piece, to, 1);
}

void Free(ShardState& s, std::uint32_t piece) {
  SRPT_CHECK(s.pieces[piece].stage != PieceStage::kFree && s.pieces[piece].slots == 0);
  SetStage(s, piece, PieceStage::kFree);
  s.pool.free.push_back(piece);
}

void Wait(ShardState& s, std::uint32_t command) {
  Command& c = s.commands[command];
  Moving& m = c.As<Moving>();
  SRPT_CHECK(!m.queued);
  m.queued = true;
  if (!MayTake(s, command)) ++s.channels[s.ChannelOf(command)].counters.buffer_waits;
  if (trace::On(s, trace::Category::kFlowControl)) {
    trace::Say(s, s.channels[s.ChannelOf(command)], trace::Category::kFlowControl,
               "a command waits for a data buffer, %zu of %zu are free", s.pool.free.size(),
               s.pieces.size());
  }
  const std::uint32_t queue = QueueOf(c, m);
  UnitBuffers& unit = s.pool.units[queue];
  c.buffer_next = kNone;
  if (unit.first == kNone) {
    unit.first = command;
    s.pool.turns.Push(queue);
  } else {
    s.commands[unit.last].buffer_next = command;
  }
  unit.last = command;
}

void Forget(ShardState& s, std::uint32_t command) {
  Command& c = s.commands[command];
  Moving& m = c.As<Moving>();
  if (!m.queued) return;
  m.queued = false;
  const std::uint32_t queue = QueueOf(c, m);
  UnitBuffers& unit = s.pool.units[queue];
  std::uint32_t before = kNone;
  for (std::uint32_t i = unit.first; i != command; i = s.commands[i].buffer_next) {
    SRPT_CHECK(i != kNone);
    before = i;
  }
  (before == kNone ? unit.first : s.commands[before].buffer_next) = c.buffer_next;
  if (unit.last == command) unit.last = before;
  if (unit.first != kNone) return;
  if (s.pool.turns.Front() == queue) {
    (void)s.pool.turns.Pop();
  } else {
    s.pool.turns.RemoveIf([&](std::uint32_t q) { return q == queue; });
  }
}

std::uint32_t NextInTurn(ShardState& s) {
  const auto free = static_cast<std::uint32_t>(s.pool.free.size());
  for (std::size_t n = free == 0 ? 0 : s.pool.turns.size(); n > 0; --n) {
    const std::uint32_t queue = s.pool.turns.Pop();
    s.pool.turns.Push(queue);
    const UnitBuffers& unit = s.pool.units[queue];
    if (Load(unit) >= free) continue;
    for (std::uint32_t i = unit.first; i != kNone; i = s.commands[i].buffer_next) {
      if (MayTake(s, i)) return i;
    }
  }
  return kNone;
}

}  // namespace srpt::data_buffers
