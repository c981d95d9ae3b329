// What the target sent: read, matched with what is outstanding, and judged.
#include "core/base/check.h"
#include "core/initiator/initiator.h"
#include "core/wire/aer.h"
#include "core/wire/cred.h"
#include "core/wire/opcode.h"

namespace srpt::initiator {
namespace {

constexpr std::uint8_t kSolntBit = 0x01;

// What a well-formed IU of the target has zero: byte 1 but for SOLNT, and bytes 2 and 3; of a RSP
// also 16 and 17 and the top two flag bits.
bool ReservedIsZero(Bytes iu) {
  if ((iu[1] & ~kSolntBit) != 0 || iu[2] != 0 || iu[3] != 0) return false;
  if (iu[0] != static_cast<std::uint8_t>(wire::Opcode::kRsp)) return true;
  return iu[16] == 0 && iu[17] == 0 && (iu[18] & 0xc0) == 0;
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
      // A task management request is no task: one of this tag is answered all the same.
      const auto aborted = Find(task.task_tag);
      const bool is_task = aborted != slots_.end() && !aborted->task_management;
      done.aborted_outstanding = is_task && Forget(task.task_tag);
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

}  // namespace srpt::initiator
