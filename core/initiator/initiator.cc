#include "core/initiator/initiator.h"

#include <algorithm>

#include "core/base/check.h"
#include "core/wire/aer.h"
#include "core/wire/cred.h"
#include "core/wire/lun.h"
#include "core/wire/opcode.h"

namespace srpt::initiator {
namespace {

using wire::BufferFormat;

constexpr std::uint8_t kSolntBit = 0x01;

// What a well-formed IU of the target has zero: byte 1 but for SOLNT, and bytes 2 and 3; of a RSP
// also 16 and 17 and the top two flag bits.
bool ReservedIsZero(Bytes iu) {
  if ((iu[1] & ~kSolntBit) != 0 || iu[2] != 0 || iu[3] != 0) return false;
  if (iu[0] != static_cast<std::uint8_t>(wire::Opcode::kRsp)) return true;
  return iu[16] == 0 && iu[17] == 0 && (iu[18] & 0xc0) == 0;
}

std::size_t DescriptorBytes(const Buffer& buffer) {
  switch (buffer.format) {
    case BufferFormat::kNone:
      return 0;
    case BufferFormat::kDirect:
      return wire::kDirectBytes;
    case BufferFormat::kIndirect:
      return wire::kIndirectHeaderBytes + wire::kDirectBytes * buffer.list.size();
    case BufferFormat::kImmediate:
      return wire::kImmediateBytes;
  }
  SRPT_UNREACHABLE("a buffer format that no initiator writes");
}

std::size_t WriteDescriptors(const Buffer& buffer, MutableBytes out) {
  switch (buffer.format) {
    case BufferFormat::kNone:
      return 0;
    case BufferFormat::kDirect:
      SRPT_CHECK(buffer.list.size() == 1);
      return wire::SerializeDirect(buffer.list[0], out);
    case BufferFormat::kIndirect:
      return wire::SerializeIndirect(buffer.table, buffer.total_length, buffer.list, out);
    case BufferFormat::kImmediate:
      return wire::SerializeImmediate(static_cast<std::uint32_t>(buffer.immediate.size()), out);
  }
  SRPT_UNREACHABLE("a buffer format that no initiator writes");
}

// Linux sends 0 for direct descriptors; only an indirect list has a count.
std::uint8_t Count(const Buffer& buffer) {
  if (buffer.format != BufferFormat::kIndirect) return 0;
  SRPT_CHECK(buffer.list.size() <= 255);
  return static_cast<std::uint8_t>(buffer.list.size());
}

// The CMD without its descriptors, which are written behind it.
wire::Cmd Header(const Command& command) {
  wire::Cmd cmd;
  cmd.sol_not = command.sol_not;
  cmd.tag = command.tag;
  cmd.lun = command.lun;
  cmd.task_attr = command.task_attr;
  cmd.out_fmt = command.out.format;
  cmd.in_fmt = command.in.format;
  cmd.out_count = Count(command.out);
  cmd.in_count = Count(command.in);
  cmd.cdb = command.cdb;
  return cmd;
}

std::uint64_t Moved(std::uint64_t bytes, bool under, std::uint32_t residual) {
  if (!under) return bytes;
  return residual > bytes ? 0 : bytes - residual;
}

// The first of two violations stands.
void Note(Received& received, Violation violation) {
  if (received.violation == Violation::kNone) received.violation = violation;
}

}  // namespace

std::string_view to_string(Violation violation) {
  switch (violation) {
    case Violation::kNone:
      return "none";
    case Violation::kUnreadable:
      return "unreadable IU";
    case Violation::kReservedNotZero:
      return "reserved bytes are not zero";
    case Violation::kInconsistent:
      return "flags, lengths and residuals do not agree";
    case Violation::kSolicited:
      return "SOLNT is not as asked for";
    case Violation::kUnknownTag:
      return "answer to a tag that is not outstanding";
    case Violation::kAnsweredAfterAbort:
      return "answer to a command after that of its abort";
    case Violation::kCreditsAboveGrant:
      return "more credits than were granted";
    case Violation::kCreditsNegative:
      return "credits below zero";
    case Violation::kSecondTargetRequest:
      return "a second unanswered request of the target";
    case Violation::kTooLong:
      return "longer than max_ti_iu_len";
    case Violation::kResidualTooLarge:
      return "a residual larger than the buffer";
    case Violation::kResponseCode:
      return "a response code where none belongs, or none where one does";
    case Violation::kAfterLogout:
      return "an IU after T_LOGOUT";
  }
  return "unknown violation";
}

int InvariantNumber(Violation violation) {
  switch (violation) {
    case Violation::kNone:
      return 0;
    case Violation::kUnreadable:
    case Violation::kReservedNotZero:
    case Violation::kInconsistent:
    case Violation::kSolicited:
      return 3;
    case Violation::kUnknownTag:
      return 2;
    case Violation::kAnsweredAfterAbort:
      return 31;
    case Violation::kCreditsAboveGrant:
    case Violation::kCreditsNegative:
      return 8;
    case Violation::kSecondTargetRequest:
      return 13;
    case Violation::kTooLong:
      return 15;
    case Violation::kResidualTooLarge:
      return 28;
    case Violation::kResponseCode:
      return 1;
    case Violation::kAfterLogout:
      return 37;
  }
  return 0;
}

Buffer Buffer::Indirect(std::span<const wire::Direct> list, RemoteAddr table_va, RKey table_rkey) {
  Buffer buffer;
  buffer.format = BufferFormat::kIndirect;
  buffer.list = list;
  buffer.table = {table_va, table_rkey,
                  static_cast<std::uint32_t>(list.size() * wire::kDirectBytes)};
  std::uint64_t sum = 0;
  for (const wire::Direct& direct : list) sum += direct.len;
  SRPT_CHECK(sum <= 0xffffffffu);
  buffer.total_length = static_cast<std::uint32_t>(sum);
  return buffer;
}

std::uint64_t Buffer::bytes() const {
  switch (format) {
    case BufferFormat::kDirect:
      return list.empty() ? 0 : list[0].len;
    case BufferFormat::kIndirect: {
      if (table.len > list.size() * wire::kDirectBytes) return total_length;
      std::uint64_t sum = 0;
      for (const wire::Direct& direct : list) sum += direct.len;
      return std::min<std::uint64_t>(sum, total_length);
    }
    case BufferFormat::kImmediate:
      return immediate.size();
    case BufferFormat::kNone:
      break;
  }
  return 0;
}

PortId MakePortId(std::uint64_t high, std::uint64_t low) {
  PortId id;
  Writer w(id.bytes);
  w.Be64(0, high);
  w.Be64(8, low);
  return id;
}

Tag MakeTag(std::uint64_t n) {
  Tag tag;
  Writer(tag.bytes).Be64(0, n);
  return tag;
}

RawLun MakeLun(LunNumber lun) { return wire::EncodeLun(lun, wire::LunAddressing::kPeripheral); }

Channel::Channel(std::uint32_t outstanding_max) : outstanding_max_(outstanding_max) {
  slots_.reserve(outstanding_max);
}

std::size_t Channel::BuildLoginCm(const wire::LoginReq& req, MutableBytes out) {
  Begin(req);
  return wire::SerializeLoginReqCm(req, out);
}

std::size_t Channel::BuildLogin64(const wire::LoginReq& req, MutableBytes out) {
  Begin(req);
  return wire::SerializeLoginReq64(req, out);
}

void Channel::Begin(const wire::LoginReq& req) {
  slots_.clear();
  forgotten_count_ = 0;
  login_req_ = req;
  login_rsp_ = {};
  credits_ = 0;
  granted_ = 0;
  imm_data_offset_ = 0;
  live_ = false;
  logged_out_ = false;
  target_request_open_ = false;
}

Result<LoginAccepted, wire::ParseError> Channel::OnLoginRsp(Bytes private_data) {
  const auto rsp = wire::ParseLoginRsp(private_data);
  if (!rsp.ok()) return Err{rsp.error()};
  LoginAccepted accepted{*rsp, Violation::kNone};
  const bool immediate = (rsp->flags & wire::kLoginRspImmediate) != 0;
  if (rsp->tag != login_req_.tag) {
    accepted.violation = Violation::kUnknownTag;
  } else if (immediate && !login_req_.wants_immediate()) {
    accepted.violation = Violation::kInconsistent;
  } else if (rsp->req_lim_delta < 2) {
    accepted.violation = Violation::kCreditsNegative;
  }
  login_rsp_ = *rsp;
  credits_ = std::max<std::int32_t>(rsp->req_lim_delta, 0);
  granted_ = static_cast<std::uint32_t>(credits_);
  imm_data_offset_ = immediate ? login_req_.imm_data_offset : std::uint16_t{0};
  live_ = true;
  return accepted;
}

bool Channel::CanSendCmd() const {
  return live_ && credits_ > 1 && slots_.size() < outstanding_max_;
}

bool Channel::CanSendTskMgmt() const {
  return live_ && credits_ > 0 && slots_.size() < outstanding_max_;
}

bool Channel::IsOutstanding(const Tag& tag) const {
  return std::any_of(slots_.begin(), slots_.end(), [&](const Slot& s) { return s.tag == tag; });
}

std::vector<Channel::Slot>::iterator Channel::Find(const Tag& tag) {
  return std::find_if(slots_.begin(), slots_.end(), [&](const Slot& s) { return s.tag == tag; });
}

Channel::Slot& Channel::Start(const Tag& tag) {
  SRPT_CHECK(live_ && credits_ > 0);
  SRPT_CHECK(slots_.size() < outstanding_max_);
  SRPT_CHECK(!IsOutstanding(tag));
  credits_ -= 1;
  slots_.emplace_back();
  slots_.back().tag = tag;
  return slots_.back();
}

std::size_t Channel::CmdHeaderBytes(const Command& command) const {
  return wire::SerializedBytes(Header(command)) + DescriptorBytes(command.out) +
         DescriptorBytes(command.in);
}

std::size_t Channel::CmdBytes(const Command& command) const {
  const std::size_t end = CmdHeaderBytes(command);
  if (command.out.format != BufferFormat::kImmediate) return end;
  SRPT_CHECK(imm_data_offset_ >= end);
  return imm_data_offset_ + command.out.immediate.size();
}

std::size_t Channel::BuildCmd(const Command& command, MutableBytes out) {
  const std::size_t length = CmdBytes(command);
  SRPT_CHECK(length <= out.size());
  Slot& slot = Start(command.tag);
  slot.cookie = command.cookie;
  slot.lun = command.lun;
  slot.out_bytes = command.out.bytes();
  slot.in_bytes = command.in.bytes();
  slot.sol_not = command.sol_not;

  std::size_t at = wire::SerializeCmd(Header(command), out);
  at += WriteDescriptors(command.out, out.subspan(at));
  at += WriteDescriptors(command.in, out.subspan(at));
  if (command.out.format == BufferFormat::kImmediate) {
    std::fill(out.begin() + static_cast<std::ptrdiff_t>(at), out.begin() + imm_data_offset_,
              std::uint8_t{0});
    std::copy(command.out.immediate.begin(), command.out.immediate.end(),
              out.begin() + imm_data_offset_);
  }
  return length;
}

std::size_t Channel::BuildTskMgmt(const TaskManagement& request, MutableBytes out) {
  Slot& slot = Start(request.tag);
  slot.cookie = request.cookie;
  slot.lun = request.lun;
  slot.task_tag = request.task_tag;
  slot.sol_not = request.sol_not;
  slot.task_management = true;
  slot.function = request.function;
  return wire::SerializeTskMgmt(
      {request.sol_not, request.tag, request.lun, request.function, request.task_tag}, out);
}

std::size_t Channel::BuildILogout(const Tag& tag, MutableBytes out) {
  SRPT_CHECK(live_);
  if (credits_ > 0) credits_ -= 1;
  live_ = false;
  return wire::SerializeILogout({tag}, out);
}

std::size_t Channel::BuildCredRsp(const Tag& tag, MutableBytes out) {
  target_request_open_ = false;
  return wire::SerializeCredRsp({tag}, out);
}

std::size_t Channel::BuildAerRsp(const Tag& tag, MutableBytes out) {
  target_request_open_ = false;
  return wire::SerializeAerRsp({tag}, out);
}

// The IU's own rules first, then those of the channel.
Received Channel::OnIu(Bytes iu) {
  Received received;
  const auto opcode = wire::PeekOpcode(iu);
  if (opcode.ok()) {
    switch (*opcode) {
      case wire::Opcode::kRsp:
        received = OnRsp(iu);
        break;
      case wire::Opcode::kCredReq:
        received = OnCredReq(iu);
        break;
      case wire::Opcode::kAerReq:
        received = OnAerReq(iu);
        break;
      case wire::Opcode::kTLogout:
        received = OnTLogout(iu);
        break;
      default:
        received.violation = Violation::kUnreadable;
    }
  } else {
    received.violation = Violation::kUnreadable;
  }
  if (received.violation == Violation::kUnreadable) return received;
  if (iu.size() > login_rsp_.max_ti_iu_len) received.violation = Violation::kTooLong;
  if (!ReservedIsZero(iu)) received.violation = Violation::kReservedNotZero;
  if (logged_out_) received.violation = Violation::kAfterLogout;
  if (std::holds_alternative<received::Logout>(received.what)) {
    logged_out_ = true;
    live_ = false;
  }
  return received;
}

Violation Channel::AddDelta(std::int32_t delta) {
  credits_ += delta;
  if (credits_ < 0) {
    credits_ = 0;
    return Violation::kCreditsNegative;
  }
  // Not credits_missing() < 0: another nexus's LUN RESET or CLEAR TASK SET ends commands of ours in
  // silence, and their credits may be back before we know.
  return credits_ > std::int64_t{granted_} ? Violation::kCreditsAboveGrant : Violation::kNone;
}

Received Channel::OnRsp(Bytes iu) {
  Received received;
  const auto parsed = wire::ParseRsp(iu);
  if (!parsed.ok()) {
    received.violation = Violation::kUnreadable;
    return received;
  }
  const wire::Rsp& rsp = *parsed;
  const auto slot = Find(rsp.tag);
  if (slot == slots_.end()) {
    received.violation =
        WasForgotten(rsp.tag) ? Violation::kAnsweredAfterAbort : Violation::kUnknownTag;
    static_cast<void>(AddDelta(rsp.req_lim_delta));
    return received;
  }
  const Slot task = *slot;
  const auto sent_before = static_cast<std::size_t>(slot - slots_.begin());
  slots_.erase(slot);

  received::Completion done;
  done.tag = rsp.tag;
  done.cookie = task.cookie;
  done.task_management = task.task_management;
  done.status = rsp.status;
  done.flags = rsp.flags;
  done.out_residual = rsp.out_residual;
  done.in_residual = rsp.in_residual;
  const bool out_under = (rsp.flags & wire::kDounder) != 0;
  const bool in_under = (rsp.flags & wire::kDiunder) != 0;
  done.out_moved = Moved(task.out_bytes, out_under, rsp.out_residual);
  done.in_moved = Moved(task.in_bytes, in_under, rsp.in_residual);
  done.req_lim_delta = rsp.req_lim_delta;
  done.rsp_code = wire::ResponseCode(rsp);
  done.sense = rsp.sense;
  if (!wire::IsConsistent(rsp)) Note(received, Violation::kInconsistent);
  if (done.rsp_code.has_value() != task.task_management) {
    Note(received, Violation::kResponseCode);
  }
  if ((out_under && rsp.out_residual > task.out_bytes) ||
      (in_under && rsp.in_residual > task.in_bytes)) {
    Note(received, Violation::kResidualTooLarge);
  }
  const bool succeeded =
      task.task_management ? done.rsp_code == wire::RspCode::kComplete : rsp.status == 0;
  const std::uint8_t asked = succeeded ? wire::kScsolnt : wire::kUcsolnt;
  if (rsp.solnt != ((task.sol_not & asked) != 0)) Note(received, Violation::kSolicited);

  // RSPs of the aborted commands cannot come any more: they would have come before this one.
  if (task.task_management && done.rsp_code == wire::RspCode::kComplete) {
    if (task.function == wire::TskMgmtFunction::kAbortTask) {
      done.aborted_outstanding = Forget(task.task_tag);
    } else if (task.function == wire::TskMgmtFunction::kLunReset ||
               task.function == wire::TskMgmtFunction::kAbortTaskSet ||
               task.function == wire::TskMgmtFunction::kClearTaskSet) {
      done.aborted_outstanding = ForgetFirst(sent_before, task.lun) > 0;
    }
  }
  Note(received, AddDelta(rsp.req_lim_delta));
  received.what = done;
  return received;
}

Received Channel::OnCredReq(Bytes iu) {
  Received received;
  const auto req = wire::ParseCredReq(iu);
  if (!req.ok()) {
    received.violation = Violation::kUnreadable;
    return received;
  }
  received.what = received::CreditRequest{req->tag, req->req_lim_delta};
  if (target_request_open_) Note(received, Violation::kSecondTargetRequest);
  target_request_open_ = true;
  if (req->solnt != ((login_req_.flags & wire::kLoginReqCrsolnt) != 0)) {
    Note(received, Violation::kSolicited);
  }
  Note(received, AddDelta(req->req_lim_delta));
  return received;
}

Received Channel::OnAerReq(Bytes iu) {
  Received received;
  const auto req = wire::ParseAerReq(iu);
  if (!req.ok()) {
    received.violation = Violation::kUnreadable;
    return received;
  }
  received.what = received::AsyncEvent{req->tag, req->req_lim_delta, req->lun, req->sense};
  if (target_request_open_) Note(received, Violation::kSecondTargetRequest);
  target_request_open_ = true;
  if (req->solnt != ((login_req_.flags & wire::kLoginReqAesolnt) != 0)) {
    Note(received, Violation::kSolicited);
  }
  Note(received, AddDelta(req->req_lim_delta));
  return received;
}

Received Channel::OnTLogout(Bytes iu) {
  Received received;
  const auto logout = wire::ParseTLogout(iu);
  if (!logout.ok()) {
    received.violation = Violation::kUnreadable;
    return received;
  }
  received.what = received::Logout{logout->reason};
  if (logout->solnt != ((login_req_.flags & wire::kLoginReqLosolnt) != 0)) {
    Note(received, Violation::kSolicited);
  }
  return received;
}

void Channel::Remember(const Tag& tag) {
  forgotten_[forgotten_count_ % kForgottenMax] = tag;
  forgotten_count_ += 1;
}

bool Channel::WasForgotten(const Tag& tag) const {
  const std::size_t known = std::min(forgotten_count_, kForgottenMax);
  return std::find(forgotten_.begin(), forgotten_.begin() + static_cast<std::ptrdiff_t>(known),
                   tag) != forgotten_.begin() + static_cast<std::ptrdiff_t>(known);
}

bool Channel::Forget(const Tag& tag) {
  const auto slot = Find(tag);
  if (slot == slots_.end()) return false;
  Remember(tag);
  slots_.erase(slot);
  return true;
}

std::size_t Channel::ForgetLun(const RawLun& lun) { return ForgetFirst(slots_.size(), lun); }

std::size_t Channel::ForgetFirst(std::size_t count, const RawLun& lun) {
  const auto gone = [&](const Slot& s) { return !s.task_management && s.lun == lun; };
  const auto end = slots_.begin() + static_cast<std::ptrdiff_t>(count);
  const std::size_t before = slots_.size();
  for (auto slot = slots_.begin(); slot != end; ++slot) {
    if (gone(*slot)) Remember(slot->tag);
  }
  slots_.erase(std::remove_if(slots_.begin(), end, gone), end);
  return before - slots_.size();
}

}  // namespace srpt::initiator
