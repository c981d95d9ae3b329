// Data: pieces of a command's transfer between the backend, the pool's buffers and the wire; and
// the wire queue, the one place where anything is posted to a send queue.
#ifndef CORE_SRP_TRANSFER_H_
#define CORE_SRP_TRANSFER_H_

#include "core/scsi/cdb.h"
#include "core/srp/shard_state.h"

namespace srpt::transfer {

// --- Starting (the command's descriptors, residual fields and unit are set) ---

// `bytes` of the wire and whole blocks of `backend_bytes` from byte `at` on.
struct Plan {
  bool write = false;
  bool fua = false;
  std::uint32_t block_bytes = 0;
  std::uint64_t at = 0;
  std::uint32_t bytes = 0;
  std::uint32_t backend_bytes = 0;
};
void Start(ShardState& s, std::uint32_t command, const Plan& plan);
// An answer of core's own: executed when a buffer is there.
void StartControl(ShardState& s, std::uint32_t command);
// Fetches `bytes` of the table that the command's only descriptor names; then it is admitted anew.
// False, and nothing happens: half of the pool holds tables, so that transfers always move.
bool StartTable(ShardState& s, std::uint32_t command, std::uint32_t bytes);

// --- Events ---
void OnRdmaDone(ShardState& s, Channel& channel, const event::RdmaDone& e);
void OnSendDone(ShardState& s, Channel& channel, const event::SendDone& e);
void OnBlockDone(ShardState& s, const event::BlockDone& e);

// --- Moving on (called at the end of every step, as far as its actions reach) ---

// Gives free buffers to the commands that wait for one. False: the step is full.
bool PumpBuffers(ShardState& s);
// Posts what waits in the channel's wire queue. False: the step is full.
bool PumpWire(ShardState& s, Channel& channel);

// --- For the other rules ---

// The descriptor table that the command fetched; empty if it did not (yet).
Bytes TableOf(const ShardState& s, const Command& command);
// The command ends: its table's buffer comes free.
void DropTable(ShardState& s, Command& command);
OpId OpOfPiece(std::uint32_t piece);
OpId OpOfCommand(std::uint32_t command);
void QueueResponse(ShardState& s, std::uint32_t command);
// Drops everything that waits to be posted; pieces come free.
void ClearWireQueue(ShardState& s, Channel& channel);
// Drops what waits to be posted of one command.
void DropQueued(ShardState& s, std::uint32_t command);
// The queue pair is destroyed: nothing posted is in flight any more.
void ForgetWire(ShardState& s, Channel& channel);
bool IsWrite(const Command& command);

}  // namespace srpt::transfer

#endif  // CORE_SRP_TRANSFER_H_
