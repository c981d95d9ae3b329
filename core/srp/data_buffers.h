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
// share already does not stop those of others; units take turns.
#ifndef CORE_SRP_DATA_BUFFERS_H_
#define CORE_SRP_DATA_BUFFERS_H_

#include "core/srp/shard_state.h"

namespace srpt::data_buffers {

// Whether the command, which is Moving, may take a buffer now. (That others wait is another
// matter: Direct().)
bool MayTake(const ShardState& s, std::uint32_t command);
// Nobody waits, and the command may take a buffer: it need not queue.
inline bool Direct(const ShardState& s, std::uint32_t command) {
  return s.pool.turns.empty() && MayTake(s, command);
}
// A free buffer becomes a piece of the command; its stage is one that is charged.
std::uint32_t Take(ShardState& s, std::uint32_t command, PieceStage stage);
// Whom a piece of this stage is charged to.
enum class Charge : std::uint8_t { kNobody, kUnit, kNexus, kTable };
inline Charge ChargeOf(PieceStage stage) {
  if (stage == PieceStage::kFree) return Charge::kNobody;
  if (stage == PieceStage::kBackend) return Charge::kUnit;
  return stage == PieceStage::kTable ? Charge::kTable : Charge::kNexus;
}
void MoveCharge(ShardState& s, const Piece& piece, Charge from, Charge to);
// Every change of a piece's stage goes through here, for the charge goes with it.
inline void SetStage(ShardState& s, std::uint32_t piece, PieceStage stage) {
  Piece& p = s.pieces[piece];
  const Charge from = ChargeOf(p.stage);
  const Charge to = ChargeOf(stage);
  p.stage = stage;
  if (from != to) MoveCharge(s, p, from, to);
}
void Free(ShardState& s, std::uint32_t piece);

// The command waits for its turn. (Counted as a wait if it could not take one now.)
void Wait(ShardState& s, std::uint32_t command);
// It does not any more.
void Forget(ShardState& s, std::uint32_t command);
// The waiting command whose turn it is and that may take a buffer; kNone if there is none. What it
// takes counts as its unit's turn.
std::uint32_t NextInTurn(ShardState& s);

}  // namespace srpt::data_buffers

#endif  // CORE_SRP_DATA_BUFFERS_H_
