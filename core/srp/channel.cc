// Theory of operation: the table of channel_states.h.
#include "core/srp/channel.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>

#include "core/base/planted.h"
#include "core/srp/abort.h"
#include "core/srp/command.h"
#include "core/srp/keepalive.h"
#include "core/srp/receives.h"
#include "core/srp/requests.h"
#include "core/srp/trace.h"
#include "core/srp/transfer.h"
#include "core/srp/wire_queue.h"
#include "core/wire/login_rsp.h"

namespace srpt::channel {
namespace {

using namespace channel_state;  // NOLINT: the states are this file's vocabulary.

constexpr Duration kLogoutTimeout = Seconds(2);

void SayMove(ShardState& s, const Channel& channel, ChannelCause cause, ChannelState to) {
  if (!trace::On(s, trace::Category::kMgmtDebug)) return;
  const std::string_view why = kChannelCauseNames[static_cast<std::size_t>(cause)];
  trace::Say(s, channel, trace::Category::kMgmtDebug, "%s -> %s (%.*s)", ToString(StateOf(channel)),
             ToString(to), static_cast<int>(why.size()), why.data());
}

// The one place that moves a channel, but for its return to Free.
template <class S>
void SetState(ShardState& s, Channel& channel, ChannelCause cause, S state) {
  const ChannelStateData next(state);
  SRPT_CHECK(kChannelMoves.Allows(StateOf(channel), cause, StateOf(next)));
  SayMove(s, channel, cause, StateOf(next));
  if constexpr (requires { state.until; }) s.WakeAt(state.until);
  channel.state = state;
}

// [R-INV-36]
void SetFree(ShardState& s, Channel& channel, ChannelCause cause) {
  SRPT_CHECK(kChannelMoves.Allows(StateOf(channel), cause, ChannelState::kFree));
  SRPT_CHECK(channel.active == 0 && channel.wire.empty());
  NexusView& nexus = s.nexuses[channel.nexus.slot()];
  SRPT_CHECK(nexus.id == channel.nexus);
  receives::Settle(s, channel);
  SayMove(s, channel, cause, ChannelState::kFree);
  channel.state = Free{};
  channel.id = ChannelId::Make(channel.id.slot(), (channel.id.generation() + 1) & 0xfff);
  channel.queue_pair = false;
}

// Every posted work request ended (invariant 36: drain by counting).
// [R-FAULT-10, R-CM-07]
bool Drained(const Channel& channel) {
  return receives::Drained(channel) && channel.sends_posted == 0 && channel.rdma_posted == 0 &&
         !channel.probing;
}

void Disconnect(ShardState& s, Channel& channel, ChannelCause cause) {
  const bool gone = cause == ChannelCause::kPeerGone;
  SetState(s, channel, cause, Disconnecting{s.now + limits::kDrainTimeout, gone});
  // [R-INV-37]
  if (!channel.disconnect_asked) {
    channel.disconnect_asked = true;
    s.Do(action::Disconnect{channel.id});
  }
  if (Planted(PlantedBug::kPostsAfterDisconnect) && !channel.probing && channel.sq_free > 0) {
    --channel.sq_free;
    channel.probing = true;
    s.Do(action::Probe{channel.id});
  }
  abort::AbortChannel(s, channel);
  Progress(s, channel);
}

// The peer is told why before it is disconnected.
// [R-LOGOUT-02]
void LogOut(ShardState& s, Channel& channel, ChannelCause cause, wire::TLogoutReason reason) {
  SetState(s, channel, cause, LoggingOut{s.now + kLogoutTimeout});
  abort::AbortChannel(s, channel);
  channel.wire.Push({WireItem::Kind::kTLogout, static_cast<std::uint32_t>(reason)});
  s.MarkDirty(s.IndexOf(channel));
}

void Destroy(ShardState& s, Channel& channel, ChannelCause cause) {
  SetState(s, channel, cause, Destroying{});
  s.Do(action::DestroyQp{channel.id});
}

// [R-PARAM-04] Nothing of the first try is left, and no work was posted: all but the send queue is
// as it was. False: it is at its shortest already, or nobody wants the channel any more.
bool AcceptShorter(ShardState& s, Channel& channel) {
  if (!channel.Is<Connecting>() || channel.sq_size <= limits::kSqSizeMin) return false;
  channel.sq_size = std::max(static_cast<std::uint16_t>(limits::kSqSizeMin),
                             static_cast<std::uint16_t>(channel.sq_size / 2));
  channel.sq_free = channel.sq_size;
  channel.accept.sq_size = channel.sq_size;
  s.Log(LogLevel::kWarning, channel, "trying again with a send queue of %u", channel.sq_size);
  s.Do(channel.accept);
  return true;
}

}  // namespace

void Open(ShardState& s, const message::OpenChannel& open) {
  Channel* channel = nullptr;
  for (Channel& c : s.channels) {
    if (c.Is<Free>()) {
      channel = &c;
      break;
    }
  }
  if (channel == nullptr) {
    if (trace::On(s, trace::Category::kOutOfMem)) {
      s.actions->AddLog(LogLevel::kInfo, "[out_of_mem] a login: all channels are taken");
    }
    s.Do(action::ToDirector{message::ChannelRefused{open.conn, open.nexus, false}});
    return;
  }
  SRPT_CHECK(s.nexuses[open.nexus.slot()].id == open.nexus);
  channel->srq = open.srq;
  std::uint16_t credits = open.credits;
  if (!receives::Open(s, *channel, credits)) {
    s.Do(action::ToDirector{message::ChannelRefused{
        open.conn, open.nexus, false, receives::SizeNeeded(s, *channel, open.credits)}});
    return;
  }

  channel->conn = open.conn;
  channel->nexus = open.nexus;
  channel->port = open.port;
  channel->session = s.nexuses[open.nexus.slot()].session;
  channel->max_it_iu_len = open.max_it_iu_len;
  channel->max_ti_iu_len = open.max_ti_iu_len;
  channel->credits_granted = credits;
  channel->imm_data_offset = open.imm_data_offset;
  channel->sq_size = open.sq_size;
  channel->queue_pair = true;
  channel->disconnect_asked = false;
  channel->timewait_over = false;
  channel->solicited = open.solicited;
  channel->request = TargetRequest{};
  channel->starved_until = kNever;
  channel->event_count = 0;
  channel->remaining = credits;
  channel->owed = 0;
  channel->free_send_count = 0;
  for (std::uint32_t i = limits::kSendPerChannelMax; i-- > 0;) {
    channel->sends[i] = SendSlot{};
    channel->free_sends[channel->free_send_count++] = static_cast<std::uint16_t>(i);
  }
  channel->sends_posted = 0;
  channel->rdma_posted = 0;
  channel->probing = false;
  channel->last_unit = {};
  channel->sq_free = open.sq_size;
  channel->tags.fill(kNone);
  channel->first_command = channel->last_command = kNone;
  channel->active = 0;
  channel->counters = {};

  action::Accept& accept = channel->accept;
  accept = action::Accept{};
  accept.conn = open.conn;
  accept.channel = channel->id;
  accept.recv_count = channel->recv_count;
  accept.send_count = static_cast<std::uint16_t>(limits::kSendPerChannelMax);
  accept.recv_bytes = open.max_it_iu_len;
  accept.send_bytes = open.max_ti_iu_len;
  accept.sq_size = open.sq_size;
  accept.imm_data_offset = open.imm_data_offset;
  accept.rdma_read_depth = open.rdma_read_depth;
  accept.srq = open.srq;
  wire::LoginRsp rsp;
  rsp.req_lim_delta = credits;
  rsp.tag = open.login_tag;
  rsp.max_it_iu_len = open.max_it_iu_len;
  rsp.max_ti_iu_len = open.max_ti_iu_len;
  rsp.buf_fmt = 0x0006;  // Direct and indirect.
  rsp.flags = open.login_rsp_flags;
  wire::SerializeLoginRsp(rsp, accept.login_rsp);

  SetState(s, *channel, ChannelCause::kOpened, Connecting{s.now + limits::kEstablishTimeout});
  s.Do(action::ToDirector{message::ChannelOpened{open.conn, open.nexus, accept.channel}});
  s.Do(accept);
  if (credits < open.credits) {
    s.Log(LogLevel::kWarning, *channel,
          "only %u credits instead of %u: the shared receive queue is nearly promised away "
          "(a larger srpt_srq_size would do)",
          credits, open.credits);
  }
}

void OnAcceptFailed(ShardState& s, const event::AcceptFailed& e) {
  Channel* channel = s.Find(e.channel);
  if (channel == nullptr || !channel->queue_pair) return;
  s.Log(LogLevel::kWarning, *channel, "accept failed: %s", e.reason);
  if (e.sq_refused && AcceptShorter(s, *channel)) return;
  s.Do(action::ToDirector{message::ChannelRefused{channel->conn, channel->nexus, false}});
  receives::Forget(s, *channel);
  SetFree(s, *channel, ChannelCause::kAcceptFailed);
}

void OnEstablished(ShardState& s, Channel& channel) {
  // A late RTU: the first IU made it live already.
  if (!channel.Is<Connecting>() && !Planted(PlantedBug::kLateRtuMoves)) return;
  SetState(s, channel, ChannelCause::kEstablished, Live{});
  keepalive::Start(s, channel);
  s.Do(action::ToDirector{message::ChannelLive{channel.nexus, channel.id}});
}

void Close(ShardState& s, const message::CloseChannel& close) {
  Channel* channel = s.Find(close.channel);
  if (channel == nullptr || !(channel->Is<Live>() || channel->Is<Connecting>())) return;
  const char* why = "";
  switch (close.reason) {
    case CloseReason::kReplaced:
      why = "replaced by a new single-channel login";
      break;
    case CloseReason::kAdministrator:
      why = "closed by the administrator";
      break;
    case CloseReason::kTargetDisabled:
      why = "the target was disabled";
      break;
    case CloseReason::kShutdown:
      why = "shutdown";
      break;
  }
  if (channel->Is<Connecting>()) {
    s.Log(LogLevel::kInfo, *channel, "disconnecting: %s", why);
    return Disconnect(s, *channel, ChannelCause::kClosed);
  }
  s.Log(LogLevel::kInfo, *channel, "logging out: %s", why);
  LogOut(s, *channel, ChannelCause::kClosed,
         close.reason == CloseReason::kReplaced ? wire::TLogoutReason::kMultichannelAction
                                                : wire::TLogoutReason::kNone);
}

void OnDisconnected(ShardState& s, Channel& channel) {
  if (Disconnecting* d = std::get_if<Disconnecting>(&channel.state)) {
    d->gone = true;
    Progress(s, channel);
    return;
  }
  if (channel.Is<Connecting>() || channel.Is<Live>() || channel.Is<LoggingOut>()) {
    s.Log(LogLevel::kInfo, channel, "disconnected by the peer or the CM, %u commands active",
          channel.active);
    Disconnect(s, channel, ChannelCause::kPeerGone);
  }
}

void OnTimewaitOver(ShardState& s, Channel& channel) {
  channel.timewait_over = true;
  Progress(s, channel);
}

void OnQpDestroyed(ShardState& s, Channel& channel) {
  Destroying* d = std::get_if<Destroying>(&channel.state);
  SRPT_CHECK(d != nullptr && !d->destroyed);
  d->destroyed = true;
  // Whatever did not come back never will: nothing names the memory any more.
  receives::Forget(s, channel);
  wire_queue::Forget(s, channel);
  channel.probing = false;
  Progress(s, channel);
}

void OnReceivesOver(ShardState& s, Channel& channel) {
  SRPT_CHECK(receives::Shared(s) && channel.disconnect_asked && !channel.receives_over);
  channel.receives_over = true;
  receives::Settle(s, channel);
  Progress(s, channel);
}

void OnRecvFailed(ShardState& s, Channel& channel, const event::RecvFailed& e) {
  receives::Release(s, receives::Take(s, channel, e.recv));
  if (e.status == WorkStatus::kLocalLength) {
    Lose(s, channel, ChannelCause::kLost, "an IU longer than the negotiated maximum");
  } else {
    Lose(s, channel, ChannelCause::kLost, "the queue pair failed while receiving");
  }
  Progress(s, channel);
}

void Violate(ShardState& s, Channel& channel, wire::TLogoutReason reason, const char* what) {
  if (!channel.Is<Live>()) return;
  s.Log(LogLevel::kWarning, channel, "logging out: %s", what);
  LogOut(s, channel, ChannelCause::kViolated, reason);
}

void Lose(ShardState& s, Channel& channel, ChannelCause cause, const char* what) {
  if (!channel.Is<Live>() && !channel.Is<Connecting>() && !channel.Is<LoggingOut>()) return;
  s.Log(LogLevel::kInfo, channel, "disconnecting: %s, %u commands active", what, channel.active);
  Disconnect(s, channel, cause);
}

void Progress(ShardState& s, Channel& channel) {
  if (Disconnecting* d = std::get_if<Disconnecting>(&channel.state)) {
    if (!d->gone || !Drained(channel)) return;
    // [R-CM-04]
    SetState(s, channel, ChannelCause::kDrained, Timewait{s.now + limits::kTimewaitMax});
  }
  if (channel.Is<Timewait>() && channel.timewait_over) {
    Destroy(s, channel, ChannelCause::kTimewaitOver);
  }
  if (Destroying* d = std::get_if<Destroying>(&channel.state)) {
    if (!d->destroyed || channel.active != 0) return;
    const ChannelId id = channel.id;
    const NexusId nexus = channel.nexus;
    s.Log(LogLevel::kDebug, channel, "gone");
    SetFree(s, channel, ChannelCause::kForgotten);
    s.Do(action::ToDirector{message::ChannelClosed{nexus, id}});
  }
}

void OnTime(ShardState& s, Channel& channel) {
  if (Connecting* c = std::get_if<Connecting>(&channel.state)) {
    // [R-FAULT-31]
    if (c->until <= s.now)
      Lose(s, channel, ChannelCause::kTimeout, "the connection was not established in time");
    else
      s.WakeAt(c->until);
  } else if (LoggingOut* l = std::get_if<LoggingOut>(&channel.state)) {
    // [R-LOGOUT-03]
    if (l->until <= s.now)
      Lose(s, channel, ChannelCause::kTimeout, "the T_LOGOUT was not taken in time");
    else
      s.WakeAt(l->until);
  } else if (channel.Is<Live>()) {
    requests::OnTime(s, channel);
    if (channel.Is<Live>()) keepalive::OnTime(s, channel);
  }
  if (Disconnecting* d = std::get_if<Disconnecting>(&channel.state)) {
    if (d->until <= s.now) {
      s.Log(LogLevel::kWarning, channel,
            "drain given up: %u receives, %u sends, %u RDMA operations did not come back",
            channel.recv_posted, channel.sends_posted, channel.rdma_posted);
      SetState(s, channel, ChannelCause::kTimeout, Timewait{s.now + limits::kTimewaitMax});
      Progress(s, channel);
    } else {
      s.WakeAt(d->until);
    }
  } else if (Timewait* t = std::get_if<Timewait>(&channel.state)) {
    if (t->until <= s.now)
      Destroy(s, channel, ChannelCause::kTimeout);
    else
      s.WakeAt(t->until);
  }
}

// [R-FAULT-01, R-PARAM-12]
void Watch(ShardState& s, Channel& channel) {
  if (!channel.Is<Live>() || Planted(PlantedBug::kWatchdogAsleep)) return;
  const auto late = [&](Time posted) { return posted + limits::kCompletionWatchdog <= s.now; };
  // The wording is the one that the README's FAQ quotes.
  for (std::uint32_t i = 0; i < limits::kSendPerChannelMax; ++i) {
    if (channel.sends[i].busy && late(channel.sends[i].posted_at)) {
      s.Log(LogLevel::kError, channel,
            "Command: IB completion for idx %u has not been received in time "
            "(SRPT command state CMD_RSP_SENT)",
            i);
      Lose(s, channel, ChannelCause::kLost, "a completion is missing");
      return;
    }
  }
  if (channel.probing && late(channel.probed_at)) {
    Lose(s, channel, ChannelCause::kLost, "the peer does not answer a keepalive");
    return;
  }
  const std::uint32_t index = s.IndexOf(channel);
  for (std::uint32_t i = 0; i < s.pieces.size(); ++i) {
    const Piece& piece = s.pieces[i];
    if (piece.stage == PieceStage::kOnWire && piece.channel == index && late(piece.posted_at)) {
      s.Log(LogLevel::kError, channel,
            "Command %u: IB completion for idx %u has not been received in time "
            "(SRPT command state %s)",
            piece.command, i,
            piece.leg != Leg::kSend && transfer::IsWrite(s.commands[piece.command]) ? "NEED_DATA"
                                                                                    : "DATA_IN");
      Lose(s, channel, ChannelCause::kLost, "a completion is missing");
      return;
    }
  }
}

}  // namespace srpt::channel
