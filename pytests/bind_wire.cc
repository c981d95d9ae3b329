// srptest.wire: constants, errors, and what concerns every IU.
#include "core/wire/cmd.h"
#include "core/wire/login_rej.h"
#include "core/wire/login_req.h"
#include "core/wire/login_rsp.h"
#include "core/wire/logout.h"
#include "core/wire/lun.h"
#include "core/wire/opcode.h"
#include "core/wire/rsp.h"
#include "core/wire/to_string.h"
#include "core/wire/tsk_mgmt.h"
#include "pytests/bind.h"

namespace srpt::py {
namespace {

using namespace pybind11::literals;  // NOLINT: "x"_a.

template <class E>
unsigned Raw(E value) {
  return static_cast<unsigned>(value);
}

void BindConstants(pyb::module_& m) {
  m.attr("BUF_FMT_DIRECT") = wire::kBufFmtDirect;
  m.attr("BUF_FMT_INDIRECT") = wire::kBufFmtIndirect;
  m.attr("LOGIN_REQ_SINGLE") = Raw(wire::MultichannelAction::kSingle);
  m.attr("LOGIN_REQ_MULTI") = Raw(wire::MultichannelAction::kMulti);
  m.attr("LOGIN_REQ_LOSOLNT") = wire::kLoginReqLosolnt;
  m.attr("LOGIN_REQ_CRSOLNT") = wire::kLoginReqCrsolnt;
  m.attr("LOGIN_REQ_AESOLNT") = wire::kLoginReqAesolnt;
  m.attr("LOGIN_REQ_IMMEDIATE") = wire::kLoginReqImmediate;
  m.attr("LOGIN_RSP_NONE_EXISTED") = Raw(wire::MultichannelResult::kNoneExisted);
  m.attr("LOGIN_RSP_TERMINATED") = Raw(wire::MultichannelResult::kTerminated);
  m.attr("LOGIN_RSP_MAINTAINED") = Raw(wire::MultichannelResult::kMaintained);
  m.attr("LOGIN_RSP_SOLNTSUP") = wire::kLoginRspSolntsup;
  m.attr("LOGIN_RSP_IMMEDIATE") = wire::kLoginRspImmediate;
  m.attr("REJ_UNSPECIFIED") = Raw(wire::LoginRejReason::kUnspecified);
  m.attr("REJ_INSUFFICIENT_RESOURCES") = Raw(wire::LoginRejReason::kInsufficientResources);
  m.attr("REJ_IU_LENGTH") = Raw(wire::LoginRejReason::kReqItIuLengthTooLarge);
  m.attr("REJ_NO_NEXUS") = Raw(wire::LoginRejReason::kCannotAssociateChannel);
  m.attr("REJ_BUF_FMT") = Raw(wire::LoginRejReason::kUnsupportedBufFmt);
  m.attr("REJ_MULTICHANNEL") = Raw(wire::LoginRejReason::kMultichannelUnsupported);
  m.attr("REJ_CHANNEL_LIMIT") = Raw(wire::LoginRejReason::kChannelLimitReached);
  m.attr("FMT_NONE") = Raw(wire::BufferFormat::kNone);
  m.attr("FMT_DIRECT") = Raw(wire::BufferFormat::kDirect);
  m.attr("FMT_INDIRECT") = Raw(wire::BufferFormat::kIndirect);
  m.attr("FMT_IMMEDIATE") = Raw(wire::BufferFormat::kImmediate);
  m.attr("SCSOLNT") = wire::kScsolnt;
  m.attr("UCSOLNT") = wire::kUcsolnt;
  m.attr("RSPVALID") = wire::kRspvalid;
  m.attr("SNSVALID") = wire::kSnsvalid;
  m.attr("DOOVER") = wire::kDoover;
  m.attr("DOUNDER") = wire::kDounder;
  m.attr("DIOVER") = wire::kDiover;
  m.attr("DIUNDER") = wire::kDiunder;
  m.attr("TM_ABORT_TASK") = Raw(wire::TskMgmtFunction::kAbortTask);
  m.attr("TM_ABORT_TASK_SET") = Raw(wire::TskMgmtFunction::kAbortTaskSet);
  m.attr("TM_CLEAR_TASK_SET") = Raw(wire::TskMgmtFunction::kClearTaskSet);
  m.attr("TM_LUN_RESET") = Raw(wire::TskMgmtFunction::kLunReset);
  m.attr("TM_CLEAR_ACA") = Raw(wire::TskMgmtFunction::kClearAca);
  m.attr("TM_COMPLETE") = Raw(wire::RspCode::kComplete);
  m.attr("TM_FIELDS_INVALID") = Raw(wire::RspCode::kFieldsInvalid);
  m.attr("TM_NOT_SUPPORTED") = Raw(wire::RspCode::kFunctionNotSupported);
  m.attr("TM_FAILED") = Raw(wire::RspCode::kFunctionFailed);
  m.attr("LOGOUT_NONE") = Raw(wire::TLogoutReason::kNone);
  m.attr("LOGOUT_INACTIVE") = Raw(wire::TLogoutReason::kInactive);
  m.attr("LOGOUT_IU_TYPE") = Raw(wire::TLogoutReason::kInvalidIuType);
  m.attr("LOGOUT_SPURIOUS_RESPONSE") = Raw(wire::TLogoutReason::kSpuriousInitiatorResponse);
  m.attr("LOGOUT_MULTICHANNEL") = Raw(wire::TLogoutReason::kMultichannelAction);
  m.attr("LOGOUT_IU_LENGTH") = Raw(wire::TLogoutReason::kInvalidIuLength);
}

}  // namespace

void BindWire(pyb::module_& m) {
  pyb::register_exception<WireError>(m, "ParseError", PyExc_ValueError);
  pyb::register_exception<RefusedDescriptor>(m, "DescriptorError", PyExc_ValueError);
  BindConstants(m);
  m.def(
      "opcode",
      [](const pyb::bytes& iu) {
        return static_cast<int>(Value<WireError>(wire::PeekOpcode(View(iu))));
      },
      "iu"_a, "The opcode (byte 0) of an IU of any length >= 1. ParseError if no IU has it.");
  m.def(
      "describe", [](const pyb::bytes& iu) { return wire::DescribeIu(View(iu)); }, "iu"_a,
      "One line of text about any IU, readable or not. Never raises.");
  m.def(
      "encode_lun",
      [](int lun, const std::string& addressing) {
        Require(lun >= 0 && lun <= 16383, "a LUN is 0..16383");
        auto method = wire::LunAddressing::kPeripheral;
        if (addressing == "flat") {
          method = wire::LunAddressing::kFlat;
        } else if (addressing == "logical_unit") {
          method = wire::LunAddressing::kLogicalUnit;
        } else {
          Require(addressing == "peripheral", "addressing: peripheral, flat or logical_unit");
        }
        const auto raw = wire::EncodeLun(LunNumber(static_cast<std::uint16_t>(lun)), method);
        return ToPython(raw.bytes);
      },
      "lun"_a, "addressing"_a = "peripheral",
      "The 8-byte LUN field of LUN number 0..16383; flat where the method cannot carry it.");
  m.def(
      "decode_lun",
      [](const pyb::bytes& raw) -> pyb::object {
        const auto lun = wire::DecodeLun(ToLun(raw));
        if (!lun.ok()) return pyb::none();
        return pyb::int_(lun->v);
      },
      "raw"_a, "The number of an 8-byte LUN field, or None if it names no single-level LUN.");
}

}  // namespace srpt::py
