// Keepalive (fault 24): a peer that says nothing for limits::kKeepaliveInterval is asked for a sign
// of life by a work request that needs none of its memory and no credit (action::Probe). While
// anything else is in flight, that tells as well. A dead peer is noticed within
// limits::kDeadPeerNoticed: a peer that lost its power says nothing, and no login of its may
// follow.
#ifndef CORE_SRP_KEEPALIVE_H_
#define CORE_SRP_KEEPALIVE_H_

#include "core/srp/shard_state.h"

namespace srpt::keepalive {

// The channel is live.
void Start(ShardState& s, Channel& channel);
// Asks, if the time has come. (That no sign comes is found by channel::Watch.)
void OnTime(ShardState& s, Channel& channel);
void OnDone(ShardState& s, Channel& channel, const event::ProbeDone& e);

}  // namespace srpt::keepalive

#endif  // CORE_SRP_KEEPALIVE_H_
