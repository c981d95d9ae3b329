// Receive buffers: who owns them, and when they are posted (invariant 10).
//
// By default every channel has its own, as many as its credits and two more. With use_srq they
// belong to shared receive queues instead, and a channel has a share of one promised: as many as
// its credits and two more, until its queue pair takes none any more; from then on only those that
// its commands still hold. A queue never promises more than it has, so a receive is posted for
// every credit of every channel there too.
//
// A receive buffer and the command that it brings share an index: of channel c's own receive r,
// c * Parameters::commands_per_channel() + r; of a shared queue, the RecvId itself, which counts
// through all queues of the shard: queue q has those from q * srpt_srq_size on.
#ifndef CORE_SRP_RECEIVES_H_
#define CORE_SRP_RECEIVES_H_

#include "core/srp/shard_state.h"

namespace srpt::receives {

inline bool Shared(const ShardState& s) { return !s.shared.empty(); }
inline RecvId IdOf(const ShardState& s, std::uint32_t index) {
  return RecvId(Shared(s) ? index : index % s.params.commands_per_channel());
}
// Whose buffer it is; none: a shared queue's.
inline ChannelId OwnerOf(const ShardState& s, std::uint32_t index) {
  return Shared(s) ? ChannelId() : s.channels[index / s.params.commands_per_channel()].id;
}
inline std::uint32_t QueueOf(const ShardState& s, std::uint32_t index) {
  return index / s.params.srpt_srq_size;
}
// The IU that lies in it.
inline Bytes IuIn(const ShardState& s, std::uint32_t index) {
  return s.memory->RecvBuffer(OwnerOf(s, index), IdOf(s, index));
}

// --- Of a channel -------------------------------------------------------------------------------

// A new channel's receives are posted, or promised. False: the shared queue has not even
// limits::kCreditsMin credits left; else `credits` is what the channel can have.
bool Open(ShardState& s, Channel& channel, std::uint16_t& credits);
// What srpt_srq_size would have to be for a channel that Open refused.
std::uint32_t SizeNeeded(const ShardState& s, const Channel& channel, std::uint16_t credits);
// Nothing of the channel will be received any more.
bool Drained(const Channel& channel);
// It is drained: what it was promised goes back, but for what its commands still hold.
void Settle(ShardState& s, Channel& channel);
// The queue pair is gone, and with it what its own receives were.
void Forget(ShardState& s, Channel& channel);

// --- Of one receive -----------------------------------------------------------------------------

// To its shared queue.
inline void PostShared(ShardState& s, std::uint32_t index) {
  s.receives[index] = RecvStage::kPosted;
  ++s.shared[QueueOf(s, index)].posted;
  s.Do(action::PostRecv{ChannelId(), RecvId(index)});
}

// What was posted came back: it is ours. Returns its index.
inline std::uint32_t Take(ShardState& s, Channel& channel, RecvId recv) {
  std::uint32_t index = recv.v;
  if (Shared(s)) {
    SRPT_CHECK(index < s.receives.size() && QueueOf(s, index) == channel.srq);
    --s.shared[channel.srq].posted;
  } else {
    SRPT_CHECK(recv.v < channel.recv_count);
    index += s.IndexOf(channel) * s.params.commands_per_channel();
    --channel.recv_posted;
  }
  SRPT_CHECK(s.receives[index] == RecvStage::kPosted);
  s.receives[index] = RecvStage::kHeld;
  return index;
}
// The channel lives: posted again, now.
inline void Post(ShardState& s, Channel& channel, std::uint32_t index) {
  SRPT_CHECK(s.receives[index] == RecvStage::kHeld);
  if (Shared(s)) return PostShared(s, index);
  s.receives[index] = RecvStage::kPosted;
  ++channel.recv_posted;
  // (No division: this is every command's.)
  const std::uint32_t first = s.IndexOf(channel) * s.params.commands_per_channel();
  s.Do(action::PostRecv{channel.id, RecvId(index - first)});
}
// The channel does not: a shared queue gets it back, its own goes with it.
void Release(ShardState& s, std::uint32_t index);
// Posts what Release gave back, and tells the director of promises that came back. False: the step
// is full.
bool PumpReleased(ShardState& s);

}  // namespace srpt::receives

#endif  // CORE_SRP_RECEIVES_H_
