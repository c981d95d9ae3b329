// Data: pieces of a command's transfer between the backend, the pool's buffers (data_buffers.h) and
// the wire (wire_queue.h).
#ifndef CORE_SRP_TRANSFER_H_
#define CORE_SRP_TRANSFER_H_

#include "core/scsi/cdb.h"
#include "core/srp/receives.h"
#include "core/srp/shard_state.h"

namespace srpt::transfer {

// --- Starting (the command's descriptors, residual fields and unit are set) ---

// The command is Moving `m`, which says what is to be moved: as many pieces start as it may have
// now; for the rest it waits.
void MoveOn(ShardState& s, std::uint32_t command, command_state::Moving& m);
// An answer of core's own: executed when a buffer is there.
void StartControl(ShardState& s, std::uint32_t command);
// Fetches `bytes` of the table that the command's only descriptor names; then it is admitted anew.
// False, and nothing happens: half of the pool holds tables, so that transfers always move.
bool StartTable(ShardState& s, std::uint32_t command, std::uint32_t bytes);

// --- Events ---

// All of the piece's bytes are moved, or its command failed meanwhile.
void OnPieceMoved(ShardState& s, std::uint32_t piece);
void OnBlockDone(ShardState& s, const event::BlockDone& e);

// --- Moving on ---

// Gives buffers to those who wait for one. False: the step is full.
bool GiveBuffers(ShardState& s);
// At the end of every step, as far as its actions reach.
inline bool PumpBuffers(ShardState& s) { return s.pool.turns.empty() || GiveBuffers(s); }

// --- For the other rules ---

// The IU that brought the command.
inline Bytes IuOf(const ShardState& s, std::uint32_t command) { return receives::IuIn(s, command); }
// The descriptor table that the command fetched; empty if it did not (yet).
Bytes TableOf(const ShardState& s, const Command& command);
// The command ends: its table's buffer comes free.
void DropFetchedTable(ShardState& s, Command& command);
inline void DropTable(ShardState& s, Command& command) {
  if (command.fetches_table) DropFetchedTable(s, command);
}
OpId OpOfPiece(std::uint32_t piece);
OpId OpOfCommand(std::uint32_t command);
bool IsWrite(const Command& command);

}  // namespace srpt::transfer

#endif  // CORE_SRP_TRANSFER_H_
