#include "core/srp/data_buffers.h"

#include <algorithm>

#include "core/base/planted.h"
#include "core/srp/trace.h"

namespace srpt::data_buffers {
namespace {

using command_state::Moving;

std::uint16_t& WaitsOf(ShardState& s, const Command& c, std::uint32_t queue) {
  return s.nexuses[s.channels[c.channel].nexus.slot()].buffer_waits[queue];
}

}  // namespace

void Wait(ShardState& s, std::uint32_t command) {
  Command& c = s.commands[command];
  Moving& m = c.As<Moving>();
  SRPT_CHECK(!m.queued);
  m.queued = true;
  if (!MayTake(s, c, m)) ++s.channels[s.ChannelOf(command)].counters.buffer_waits;
  if (trace::On(s, trace::Category::kFlowControl)) {
    trace::Say(s, s.channels[s.ChannelOf(command)], trace::Category::kFlowControl,
               "a command waits for a data buffer, %zu of %zu are free", s.pool.free.size(),
               s.pieces.size());
  }
  const std::uint32_t queue = QueueOf(s, c, m);
  ++WaitsOf(s, c, queue);
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
  const std::uint32_t queue = QueueOf(s, c, m);
  --WaitsOf(s, c, queue);
  UnitBuffers& unit = s.pool.units[queue];
  std::uint32_t before = kNone;
  for (std::uint32_t i = unit.first; i != command; i = s.commands[i].buffer_next) {
    SRPT_CHECK(i != kNone);
    before = i;
  }
  (before == kNone ? unit.first : s.commands[before].buffer_next) =
      Planted(PlantedBug::kWaiterTakesOthers) ? kNone : c.buffer_next;
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
      const Command& c = s.commands[i];
      const Moving* m = std::get_if<Moving>(&c.state);
      SRPT_CHECK(m != nullptr);
      if (MayTake(s, c, *m)) return i;
    }
  }
  return kNone;
}

}  // namespace srpt::data_buffers
