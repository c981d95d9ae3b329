#include "core/srp/response.h"

#include <algorithm>

#include "core/base/planted.h"
#include "core/srp/command_context.h"
#include "core/srp/credits.h"
#include "core/srp/trace.h"
#include "core/wire/cmd.h"
#include "core/wire/login_req.h"

namespace srpt {
namespace {

// Residuals (SRP r16a 6.9, invariant 28). GOOD: what the CDB asked for and what the initiator
// offered decide. Anything else: what was offered and did not move.
// [R-RSP-02, R-RSP-08, R-INV-28, R-FAULT-17]
void SetResiduals(const Command& c, bool good, wire::Rsp& rsp) {
  const auto residual = [&](std::uint32_t offered, std::uint32_t needed, std::uint32_t moved,
                            std::uint8_t over, std::uint8_t under) -> std::uint32_t {
    if (good && needed > offered) {
      rsp.flags |= over;
      return needed - moved;
    }
    if (offered > moved) {
      rsp.flags |= Planted(PlantedBug::kResidualFlagWrong) ? over : under;
      return offered - moved - (Planted(PlantedBug::kResidualTooSmall) ? 1 : 0);
    }
    return 0;
  };
  // [R-CMD-05]
  if (c.both) {
    rsp.out_residual = residual(c.out_length, c.needed, c.moved, wire::kDoover, wire::kDounder);
    rsp.in_residual = residual(c.in_length, c.needed, std::min(c.moved, c.in_length), wire::kDiover,
                               wire::kDiunder);
    return;
  }
  const bool out = c.needed_out;
  rsp.out_residual =
      residual(c.out_length, out ? c.needed : 0, out ? c.moved : 0, wire::kDoover, wire::kDounder);
  rsp.in_residual =
      residual(c.in_length, out ? 0 : c.needed, out ? 0 : c.moved, wire::kDiover, wire::kDiunder);
}

inline void Arm(ShardState& s) {
  if (s.watch != kNever) return;
  s.watch = s.now + limits::kWatchEvery;
  s.WakeAt(s.watch);
}

inline std::uint32_t Take(ShardState& s, Channel& channel, std::uint32_t piece, std::uint16_t slots,
                          LuId lu = LuId(kNone)) {
  SRPT_CHECK(CanSend(channel));
  const std::uint32_t send = channel.free_sends[--channel.free_send_count];
  --channel.sq_free;
  channel.sends[send] = SendSlot{true, static_cast<std::uint16_t>(slots + 1), piece, s.now, lu};
  ++channel.sends_posted;
  Arm(s);
  return send;
}

}  // namespace

std::uint32_t TakeSend(ShardState& s, Channel& channel, std::uint32_t piece, std::uint16_t slots) {
  return Take(s, channel, piece, slots);
}

void ArmWatch(ShardState& s) { Arm(s); }

void PostResponse(ShardState& s, Channel& channel, std::uint32_t command, std::uint32_t piece,
                  std::uint16_t slots) {
  const Command& c = s.commands[command];
  const auto* responding = std::get_if<command_state::Responding>(&c.state);
  SRPT_CHECK(responding != nullptr);
  wire::Rsp rsp;
  rsp.tag = c.tag;
  std::array<std::uint8_t, scsi::kFixedSenseBytes> sense;
  std::array<std::uint8_t, wire::kResponseDataBytes> data;
  bool good = responding->status == scsi::Status::kGood;
  if (responding->code) {
    good = *responding->code == wire::RspCode::kComplete;
    data = wire::ResponseData(*responding->code);
    rsp.flags = wire::kRspvalid;
    rsp.response_data = data;
  } else {
    // [R-RSP-04]
    rsp.status = static_cast<std::uint8_t>(responding->status);
    SetResiduals(c, good, rsp);
    if (responding->status == scsi::Status::kCheckCondition) {
      rsp.flags |= wire::kSnsvalid;
      rsp.sense = Bytes(sense).first(scsi::WriteFixedSense(responding->sense, sense));
      wire::TruncateSense(rsp, channel.max_ti_iu_len);
    }
  }
  // [R-RSP-05]
  rsp.solnt = (c.sol_not & (good ? wire::kScsolnt : wire::kUcsolnt)) != 0;
  if (Planted(PlantedBug::kResponseWrongTag) && !good) {
    rsp.tag = s.commands[channel.first_command].tag;
  }
  // The context is free, and its receive posted, before the response goes: the credit that it
  // carries is good at once.
  // [R-RSP-06, R-INV-01, R-INV-02]
  const LuId lu = c.lu;
  command::End(s, channel, command, CommandCause::kPosted);
  // [R-CRED-02]
  rsp.req_lim_delta = credits::TakeDelta(channel);
  const std::uint32_t send = Take(s, channel, piece, slots, lu);
  const ChannelId id = channel.id;
  const std::size_t length = wire::SerializeRsp(rsp, s.memory->SendBuffer(id, SendId(send)));
  SRPT_CHECK(length <= channel.max_ti_iu_len);
  if (trace::On(s, trace::Category::kDebug)) {
    trace::SayIu(s, channel, false, s.memory->SendBuffer(id, SendId(send)).first(length));
  }
  if (Planted(PlantedBug::kResponseReservedByte) && rsp.flags == wire::kRspvalid) {
    s.memory->SendBuffer(id, SendId(send))[16] = 1;
  }
  const auto sent = static_cast<std::uint32_t>(length) +
                    (Planted(PlantedBug::kResponseTooLong) && !good ? channel.max_ti_iu_len : 0u);
  s.Do(action::SendIu{id, SendId(send), sent, rsp.solnt});
  if (Planted(PlantedBug::kResponseTwice) && !good && CanSend(channel)) {
    const std::uint32_t again = Take(s, channel, kNone, 0, lu);
    const Bytes iu = s.memory->SendBuffer(id, SendId(send)).first(length);
    std::copy(iu.begin(), iu.end(), s.memory->SendBuffer(id, SendId(again)).begin());
    s.Do(action::SendIu{id, SendId(again), static_cast<std::uint32_t>(length), rsp.solnt});
  }
}

void PostTLogout(ShardState& s, Channel& channel, wire::TLogoutReason reason) {
  const std::uint32_t send = Take(s, channel, kNone, 0);
  wire::TLogout logout;
  logout.reason = reason;
  // [R-LOGOUT-04]
  logout.solnt = (channel.solicited & wire::kLoginReqLosolnt) != 0;
  const ChannelId id = channel.id;
  const std::size_t length = wire::SerializeTLogout(logout, s.memory->SendBuffer(id, SendId(send)));
  if (trace::On(s, trace::Category::kDebug)) {
    trace::SayIu(s, channel, false, s.memory->SendBuffer(id, SendId(send)).first(length));
  }
  s.Do(action::SendIu{id, SendId(send), static_cast<std::uint32_t>(length), logout.solnt});
}

// (The peer may have it all the same: better twice than never. Of more than a step has room for,
// the rest is lost.)
void ReturnAttention(ShardState& s, const Channel& channel, const SendSlot& slot) {
  constexpr std::size_t kAscAt = 12;
  constexpr std::size_t kAscqAt = 13;
  const NexusView& nexus = s.nexuses[channel.nexus.slot()];
  if (slot.lu == LuId(kNone) || channel.session != nexus.session || !s.Room(4)) return;
  const auto send = SendId(static_cast<std::uint32_t>(&slot - channel.sends.data()));
  const auto rsp = wire::ParseRsp(s.memory->SendBuffer(channel.id, send));
  if (!rsp.ok() || rsp->sense.size() <= kAscqAt) return;
  if ((rsp->sense[2] & 0xf) != scsi::kKeyUnitAttention) return;
  s.Do(action::ToDirector{message::ReturnUnitAttention{
      channel.nexus, slot.lu, {rsp->sense[kAscAt], rsp->sense[kAscqAt]}}});
}

// [R-FAULT-30]
scsi::Sense FailureOf(bool write, IoStatus status) {
  switch (status) {
    case IoStatus::kOk:
      break;
    case IoStatus::kIoError:
    case IoStatus::kShort:
      return write ? scsi::kWriteError : scsi::kReadError;
    case IoStatus::kNoSpace:
      return scsi::kSpaceAllocFailed;
    case IoStatus::kDeviceGone:
      return scsi::kInternalTargetFailure;
  }
  return scsi::kNoSense;
}

}  // namespace srpt
