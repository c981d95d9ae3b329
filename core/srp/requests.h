// Requests of ours, which the initiator answers: CRED_REQ and AER_REQ (SRP r16a 6.10 to 6.13).
//
// At most one of them is unanswered on a channel (invariant 13). Each carries all credits that are
// owed; its answer consumes none. A CRED_REQ goes only if no response is due that could carry them.
// An AER_REQ says what a unit attention says as well: Linux ignores its content.
//
// An answer that does not come in time ends the channel; the credits that the request brought stay
// the peer's until then, and no second request is sent (fault 25).
#ifndef CORE_SRP_REQUESTS_H_
#define CORE_SRP_REQUESTS_H_

#include "core/srp/shard_state.h"

namespace srpt::requests {

// --- Events ---

void OnReportEvent(ShardState& s, const message::ReportEvent& report);
// An IU of this type and tag came. False: nothing asked for it.
bool OnAnswer(Channel& channel, RequestKind kind, const Tag& tag);
// The request's SEND completed. The peer has it: the time of the answer runs.
void OnDelivered(ShardState& s, Channel& channel);
// A SEND completed, perhaps the request's.
inline void OnSendDone(ShardState& s, Channel& channel, std::uint32_t send) {
  const auto* sent = std::get_if<request_state::Sent>(&channel.request.state);
  if (sent != nullptr && sent->send == send) OnDelivered(s, channel);
}
// Ends a channel whose peer owes an answer for too long.
void OnTime(ShardState& s, Channel& channel);

// --- For the other rules ---

// Queues what is to be asked for, if nothing is under way.
void Look(ShardState& s, Channel& channel);
// The wire queue has room for it.
void Post(ShardState& s, Channel& channel);

}  // namespace srpt::requests

#endif  // CORE_SRP_REQUESTS_H_
