#include "core/srp/requests.h"

#include <algorithm>

#include "core/base/planted.h"
#include "core/srp/channel.h"
#include "core/srp/credits.h"
#include "core/srp/response.h"
#include "core/srp/trace.h"
#include "core/wire/aer.h"
#include "core/wire/cred.h"
#include "core/wire/login_req.h"
#include "core/wire/lun.h"

namespace srpt::requests {
namespace {

using namespace request_state;  // NOLINT: the states are this file's vocabulary.
using Kind = RequestKind;

Tag TagOf(const Channel& channel) {
  Tag tag;
  Writer(tag.bytes).Be64(0, channel.request.number);
  return tag;
}

std::size_t WriteCredReq(const Channel& channel, std::int32_t delta, MutableBytes out) {
  wire::CredReq request;
  request.tag = TagOf(channel);
  request.solnt = (channel.solicited & wire::kLoginReqCrsolnt) != 0;
  request.req_lim_delta = delta;
  return wire::SerializeCredReq(request, out);
}

// [R-AER-01]
std::size_t WriteAerReq(const Channel& channel, const AsyncEvent& event, std::int32_t delta,
                        MutableBytes out) {
  std::array<std::uint8_t, scsi::kFixedSenseBytes> sense;
  const scsi::Sense said{scsi::kKeyUnitAttention, event.attention.asc, event.attention.ascq};
  wire::AerReq request;
  request.tag = TagOf(channel);
  request.solnt = (channel.solicited & wire::kLoginReqAesolnt) != 0;
  request.req_lim_delta = delta;
  request.lun = wire::EncodeLun(event.lun, wire::LunAddressing::kPeripheral);
  request.sense = Bytes(sense).first(std::min<std::size_t>(
      scsi::WriteFixedSense(said, sense), channel.max_ti_iu_len - wire::kAerReqBytes));
  return wire::SerializeAerReq(request, out);
}

}  // namespace

void OnReportEvent(ShardState& s, const message::ReportEvent& report) {
  Channel* channel = s.Find(report.channel);
  if (channel == nullptr || !channel->Is<channel_state::Live>()) return;
  const AsyncEvent event{report.lun, report.attention};
  const auto end = channel->events.begin() + channel->event_count;
  if (std::find(channel->events.begin(), end, event) != end) return;
  // What finds no room is not lost: the unit attention tells of it.
  if (channel->event_count == channel->events.size()) return;
  channel->events[channel->event_count++] = event;
  Look(s, *channel);
}

// [R-INV-12]
bool OnAnswer(Channel& channel, Kind kind, const Tag& tag) {
  const auto* sent = std::get_if<Sent>(&channel.request.state);
  const auto* awaiting = std::get_if<Awaiting>(&channel.request.state);
  const bool asked =
      (sent != nullptr && sent->kind == kind) || (awaiting != nullptr && awaiting->kind == kind);
  if (!asked || tag != TagOf(channel)) return false;
  channel.request.Become(RequestCause::kAnswered, Idle{});
  ++channel.request.number;
  return true;
}

void OnDelivered(ShardState& s, Channel& channel) {
  const auto* sent = std::get_if<Sent>(&channel.request.state);
  SRPT_CHECK(sent != nullptr);
  const Time until = s.now + limits::kTargetRequestTimeout;
  if (Planted(PlantedBug::kSecondRequest)) {
    return channel.request.Become(RequestCause::kAnswered, Idle{});
  }
  channel.request.Become(RequestCause::kDelivered, Awaiting{sent->kind, until});
  s.WakeAt(until);
}

void OnTime(ShardState& s, Channel& channel) {
  if (channel.request.phase() == RequestPhase::kIdle) return Look(s, channel);
  const auto* awaiting = std::get_if<Awaiting>(&channel.request.state);
  if (awaiting == nullptr) return;
  if (awaiting->until > s.now) return s.WakeAt(awaiting->until);
  channel::Violate(s, channel, wire::TLogoutReason::kInactive,
                   awaiting->kind == Kind::kAerReq ? "no AER_RSP in time" : "no CRED_RSP in time");
}

void Look(ShardState& s, Channel& channel) {
  // [R-INV-13, R-CRED-06]
  if (!channel.Is<channel_state::Live>() || channel.request.phase() != RequestPhase::kIdle) return;
  Kind kind = Kind::kCredReq;
  if (channel.event_count > 0) {
    kind = Kind::kAerReq;
    // [R-INV-11, R-CRED-04, R-CRED-05]
  } else if (!credits::Starves(channel) || Planted(PlantedBug::kCreditWithheld)) {
    channel.starved_until = kNever;
    return;
  } else if (channel.active > 0 && channel.starved_until > s.now) {
    // A response is likely; if all that is left hangs, none comes.
    if (channel.starved_until == kNever) channel.starved_until = s.now + limits::kOwedCreditsWait;
    s.WakeAt(channel.starved_until);
    return;
  }
  channel.starved_until = kNever;
  channel.request.Become(RequestCause::kNeeded, Queued{kind});
  channel.wire.Push({WireItem::Kind::kRequest, 0});
  s.MarkDirty(s.IndexOf(channel));
}

void Post(ShardState& s, Channel& channel) {
  const auto* queued = std::get_if<Queued>(&channel.request.state);
  SRPT_CHECK(queued != nullptr);
  const Kind kind = queued->kind;
  if (kind == Kind::kCredReq && channel.owed == 0) {  // A response was faster.
    channel.request.Become(RequestCause::kOvertaken, Idle{});
    return Look(s, channel);
  }
  const std::uint32_t send = TakeSend(s, channel, kNone, 0);
  channel.request.Become(RequestCause::kPosted, Sent{kind, send});
  const ChannelId id = channel.id;
  const std::int32_t delta = credits::TakeDelta(channel);
  const MutableBytes out = s.memory->SendBuffer(id, SendId(send));
  std::size_t length = 0;
  bool solicited = false;
  if (kind == Kind::kAerReq) {
    length = WriteAerReq(channel, channel.events[0], delta, out);
    solicited = (channel.solicited & wire::kLoginReqAesolnt) != 0;
    std::copy(channel.events.begin() + 1, channel.events.begin() + channel.event_count,
              channel.events.begin());
    --channel.event_count;
  } else {
    if (trace::On(s, trace::Category::kFlowControl)) {
      trace::Say(s, channel, trace::Category::kFlowControl, "CRED_REQ brings %d credits", delta);
    }
    length = WriteCredReq(channel, delta, out);
    solicited = (channel.solicited & wire::kLoginReqCrsolnt) != 0;
  }
  if (trace::On(s, trace::Category::kDebug)) {
    trace::SayIu(s, channel, false, s.memory->SendBuffer(id, SendId(send)).first(length));
  }
  s.Do(action::SendIu{id, SendId(send), static_cast<std::uint32_t>(length), solicited});
  if (Planted(PlantedBug::kRequestRepeated)) {
    s.Do(action::SendIu{id, SendId(send), static_cast<std::uint32_t>(length), solicited});
  }
}

}  // namespace srpt::requests
