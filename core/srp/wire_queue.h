// The wire queue of a channel: the one place where anything is posted to its send queue, strictly
// in order. Whatever does not fit now makes everything behind it wait.
#ifndef CORE_SRP_WIRE_QUEUE_H_
#define CORE_SRP_WIRE_QUEUE_H_

#include "core/event.h"
#include "core/srp/shard_state.h"

namespace srpt::wire_queue {

// --- Waiting to be posted ---
void QueuePiece(ShardState& s, std::uint32_t piece);
// A piece of a READ is here from the backend; `c`: its command, which is Moving `m`. Posts it and
// the command's response at once if it is the last, and one work request, and nothing waits before
// it; else queues it.
void PostRead(ShardState& s, std::uint32_t piece, Command& c, const command_state::Moving& m);
void QueueResponse(ShardState& s, std::uint32_t command);

// Posts what it can (called at the end of every step, as far as its actions reach). False: the step
// is full.
bool Pump(ShardState& s, Channel& channel);

// --- Events ---
void OnRdmaDone(ShardState& s, Channel& channel, const event::RdmaDone& e);
void OnSendDone(ShardState& s, Channel& channel, const event::SendDone& e);

// --- For the other rules ---

// Which of a command's descriptors: DATA-IN's of a bidirectional one, or those of the direction in
// use, which is DATA-OUT there.
enum class List : std::uint8_t { kInUse, kIn };
// Moves a position in the command's descriptors on by `bytes`.
void Advance(const ShardState& s, std::uint32_t command, std::uint32_t& descriptor,
             std::uint32_t& at, std::uint32_t bytes, List list = List::kInUse);
// Drops everything that waits to be posted; pieces come free.
void Clear(ShardState& s, Channel& channel);
// Drops what waits to be posted of one command, and its wait for a data buffer.
void Drop(ShardState& s, std::uint32_t command);
// The queue pair is destroyed: nothing posted is in flight any more.
void Forget(ShardState& s, Channel& channel);

}  // namespace srpt::wire_queue

#endif  // CORE_SRP_WIRE_QUEUE_H_
