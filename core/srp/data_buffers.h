// The shard's pool of data buffers: who may take one, whom it is charged to, who waits for one.
//
// A disk that hangs, or a host that died in the middle of its reads, must not take the whole pool
// away from everybody else (invariant 46: nobody waits for what has nothing to do with him). So
// every buffer is charged to whom it waits for, to the unit while the backend has it and to the
// nexus while the wire has it, and nobody takes another one who holds as many as are still free:
// one taker gets half of the pool, two a third each, and what is left is there for the next. Data
// of a WRITE that is still on its way to a unit counts half for that unit, because it will be the
// unit's. (The rule is the dynamic threshold of shared-memory switches, with factor 1.) What one
// holds who hangs does not shrink, so those who hang one after the other would halve the rest each
// time: the last eighth of the pool is for those who hold nothing, a buffer each, and of that a
// half for core's own answers, INQUIRY and the like, which wait in a queue of their own.
//
// A descriptor table is held until its command ends, and its command needs a buffer more: so a
// table counts against tables only, and none is taken out of that last eighth.
//
// Commands of one unit get their buffers in order of arrival, except that one whose nexus has its
// share already does not stop those of others; units take turns. No more than
// Parameters::buffer_waits_max of one nexus wait at a unit (of tables, and of core's own answers:
// each together, for all units); who comes then is refused (command::RefuseFull).
#ifndef CORE_SRP_DATA_BUFFERS_H_
#define CORE_SRP_DATA_BUFFERS_H_

#include <algorithm>

#include "core/base/planted.h"
#include "core/srp/shard_state.h"

namespace srpt::data_buffers {

// What those leave who hold a buffer already, and of that what is left to core's own answers. A
// pool of a few buffers keeps none back.
inline std::uint32_t Guard(const ShardState& s) { return s.pool.guard; }
inline std::uint32_t Reserve(const ShardState& s) { return s.pool.reserve; }
inline std::uint32_t Load(const UnitBuffers& unit) { return unit.held + unit.incoming / 2; }

// Whether the command, which is Moving `m`, may take a buffer now. (That others wait is another
// matter: Direct().)
// [R-INV-43]
[[gnu::always_inline]] inline bool MayTake(const ShardState& s, const Command& c,
                                           const command_state::Moving& m) {
  const auto free = static_cast<std::uint32_t>(s.pool.free.size());
  if (Planted(PlantedBug::kPoolForTheFirst)) return free > 0;
  const NexusView& nexus = s.nexuses[s.channels[c.channel].nexus.slot()];
  if (m.control) return free > 0 && (nexus.buffers == 0 || nexus.buffers < free);
  // (One at least, for the data of the commands whose tables there are.)
  if (m.table) return free > std::max(Guard(s), 1u) && nexus.buffers + nexus.tables < free;
  const std::uint32_t holds = std::max(nexus.buffers, Load(s.pool.units[c.lu.v]));
  return holds < free && free > (holds == 0 ? Reserve(s) : Guard(s));
}
// Nobody waits, and the command may take a buffer: it need not queue.
inline bool Direct(const ShardState& s, const Command& c, const command_state::Moving& m) {
  return s.pool.turns.empty() && MayTake(s, c, m);
}
// Whom a piece of this stage is charged to.
enum class Charge : std::uint8_t { kNobody, kUnit, kNexus, kTable };
inline Charge ChargeOf(PieceStage stage) {
  if (stage == PieceStage::kFree) return Charge::kNobody;
  if (stage == PieceStage::kBackend) return Charge::kUnit;
  return stage == PieceStage::kTable ? Charge::kTable : Charge::kNexus;
}
[[gnu::always_inline]] inline void AddCharge(ShardState& s, const Piece& p, Charge charge,
                                             std::uint32_t n) {
  if (charge == Charge::kUnit) {
    s.pool.units[p.unit].held += n;
  } else if (charge != Charge::kNobody) {
    NexusView& nexus = s.nexuses[p.nexus];
    (charge == Charge::kTable ? nexus.tables : nexus.buffers) += n;
    if (p.to_unit) s.pool.units[p.unit].incoming += n;
  }
}
// Every change of a piece's stage goes through here, for the charge goes with it.
[[gnu::always_inline]] inline void SetStage(ShardState& s, Piece& p, PieceStage stage) {
  const Charge from = ChargeOf(p.stage);
  const Charge to = ChargeOf(stage);
  p.stage = stage;
  if (from == to) return;
  AddCharge(s, p, from, ~0u);
  AddCharge(s, p, to, 1);
}
// Where a command waits, and what its buffers count for: its unit; Parameters::devices_max for
// those whose buffer never is a unit's.
inline std::uint32_t QueueOf(const ShardState& s, const Command& c,
                             const command_state::Moving& m) {
  return m.control || m.table ? s.params.devices_max : c.lu.v;
}
// A free buffer becomes a piece of the command, which is Moving `m`; its stage is one that is
// charged.
// [R-INV-21]
[[gnu::always_inline]] inline std::uint32_t Take(ShardState& s, std::uint32_t command,
                                                 const command_state::Moving& m, PieceStage stage) {
  SRPT_CHECK(!s.pool.free.empty());
  const Command& c = s.commands[command];
  const std::uint32_t piece = s.pool.free.back();
  s.pool.free.pop_back();
  Piece& p = s.pieces[piece];
  p = Piece{};
  p.stage = stage;
  p.command = command;
  p.channel = c.channel;
  p.nexus = s.channels[c.channel].nexus.slot();
  p.unit = QueueOf(s, c, m);
  p.to_unit = m.write && !m.table;
  AddCharge(s, p, ChargeOf(stage), 1);
  return piece;
}
[[gnu::always_inline]] inline void Free(ShardState& s, std::uint32_t piece) {
  Piece& p = s.pieces[piece];
  SRPT_CHECK(p.stage != PieceStage::kFree && p.slots == 0);
  SetStage(s, p, PieceStage::kFree);
  // (Room was reserved for all: this never allocates.)
  s.pool.free.push_back(piece);
}

// Whether one more command of this nexus may wait there. (One that has begun to move may always.)
// [R-FAULT-28]
inline bool MayWait(const ShardState& s, const Command& c, const command_state::Moving& m) {
  const NexusView& nexus = s.nexuses[s.channels[c.channel].nexus.slot()];
  return m.cut > 0 || nexus.buffer_waits[QueueOf(s, c, m)] < s.params.buffer_waits_max;
}
// The command waits for its turn. (Counted as a wait if it could not take one now.)
void Wait(ShardState& s, std::uint32_t command);
// It does not any more.
void Forget(ShardState& s, std::uint32_t command);
// The waiting command whose turn it is and that may take a buffer; kNone if there is none. What it
// takes counts as its unit's turn.
std::uint32_t NextInTurn(ShardState& s);

}  // namespace srpt::data_buffers

#endif  // CORE_SRP_DATA_BUFFERS_H_
