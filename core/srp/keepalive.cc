#include "core/srp/keepalive.h"

#include "core/srp/channel.h"
#include "core/srp/response.h"

namespace srpt::keepalive {

void Start(ShardState& s, Channel& channel) {
  channel.heard_at = s.now;
  s.WakeAt(s.now + limits::kKeepaliveInterval);
}

void OnTime(ShardState& s, Channel& channel) {
  if (channel.probing) return;
  const Time due = channel.heard_at + limits::kKeepaliveInterval;
  if (s.now < due) return s.WakeAt(due);
  if (channel.sends_posted > 0 || channel.rdma_posted > 0) {  // Their completions tell.
    return s.WakeAt(s.now + limits::kKeepaliveInterval);
  }
  SRPT_CHECK(channel.sq_free > 0);  // Nothing is in flight.
  --channel.sq_free;
  channel.probing = true;
  channel.probed_at = s.now;
  ArmWatch(s);
  // [R-FAULT-24, R-CM-10]
  s.Do(action::Probe{channel.id});
}

void OnDone(ShardState& s, Channel& channel, const event::ProbeDone& e) {
  SRPT_CHECK(channel.probing);
  channel.probing = false;
  ++channel.sq_free;
  s.MarkDirty(s.IndexOf(channel));
  if (e.status == WorkStatus::kOk) {
    channel.heard_at = s.now;
    if (channel.Is<channel_state::Live>()) s.WakeAt(s.now + limits::kKeepaliveInterval);
  } else {
    channel::Lose(s, channel, ChannelCause::kLost, "the peer does not answer a keepalive");
  }
  if (!channel.Is<channel_state::Live>()) channel::Progress(s, channel);
}

}  // namespace srpt::keepalive
