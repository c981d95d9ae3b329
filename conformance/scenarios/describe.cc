#include "conformance/scenarios/describe.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>
#include <utility>

#include "core/initiator/cdb.h"
#include "core/scsi/sense.h"
#include "core/wire/aer.h"
#include "core/wire/cmd.h"
#include "core/wire/cred.h"
#include "core/wire/login_rej.h"
#include "core/wire/login_req.h"
#include "core/wire/login_rsp.h"
#include "core/wire/logout.h"
#include "core/wire/lun.h"
#include "core/wire/opcode.h"
#include "core/wire/rsp.h"
#include "core/wire/to_string.h"
#include "core/wire/tsk_mgmt.h"

namespace srpt::scenarios {
namespace {

std::string HexByte(std::uint32_t byte) {
  const std::uint8_t one = static_cast<std::uint8_t>(byte);
  return wire::Hex({&one, 1});
}
std::string Hex16(std::uint16_t value) { return HexByte(value >> 8) + HexByte(value & 0xff); }
std::string Number(std::uint64_t n) { return std::to_string(n); }

std::string LunText(const RawLun& raw) {
  const auto lun = wire::DecodeLun(raw);
  const bool plain = lun.ok() && wire::EncodeLun(*lun, wire::LunAddressing::kPeripheral) == raw;
  if (plain) return Number(lun->v);
  return "raw:" + wire::Hex(raw.bytes);
}

std::string SenseText(Bytes sense) {
  const auto parsed = initiator::ParseSense(sense);
  if (!parsed) return "sense " + wire::Hex(sense);
  return HexByte(parsed->key) + '/' + HexByte(parsed->asc) + '/' + HexByte(parsed->ascq);
}

std::string StatusText(std::uint8_t status) {
  switch (static_cast<scsi::Status>(status)) {
    case scsi::Status::kGood:
      return "GOOD";
    case scsi::Status::kCheckCondition:
      return "CHECK CONDITION";
    case scsi::Status::kBusy:
      return "BUSY";
    case scsi::Status::kReservationConflict:
      return "RESERVATION CONFLICT";
    case scsi::Status::kTaskSetFull:
      return "TASK SET FULL";
    case scsi::Status::kTaskAborted:
      return "TASK ABORTED";
  }
  return "status " + HexByte(status);
}

std::string ResidualText(const wire::Rsp& rsp) {
  std::string text;
  const auto add = [&](std::uint8_t flag, std::string_view what, std::uint32_t residual) {
    if ((rsp.flags & flag) != 0) text += ' ' + std::string(what) + ' ' + Number(residual);
  };
  add(wire::kDoover, "out over", rsp.out_residual);
  add(wire::kDounder, "out under", rsp.out_residual);
  add(wire::kDiover, "in over", rsp.in_residual);
  add(wire::kDiunder, "in under", rsp.in_residual);
  return text;
}

constexpr std::uint8_t kVariableLength = 0x7f;

struct CdbName {
  std::uint8_t opcode;
  std::uint16_t action;  // Of a CDB of variable length; else 0.
  std::string_view name;
};
constexpr CdbName kCdbNames[] = {
    {0x00, 0, "TEST UNIT READY"},   {0x03, 0, "REQUEST SENSE"},
    {0x08, 0, "READ(6)"},           {0x0a, 0, "WRITE(6)"},
    {0x12, 0, "INQUIRY"},           {0x1a, 0, "MODE SENSE(6)"},
    {0x25, 0, "READ CAPACITY(10)"}, {0x28, 0, "READ(10)"},
    {0x2a, 0, "WRITE(10)"},         {0x35, 0, "SYNCHRONIZE CACHE(10)"},
    {0x53, 0, "XDWRITEREAD(10)"},   {0x7f, 7, "XDWRITEREAD(32)"},
    {0x7f, 9, "READ(32)"},          {0x7f, 11, "WRITE(32)"},
    {0x88, 0, "READ(16)"},          {0x8a, 0, "WRITE(16)"},
    {0x9e, 0, "SERVICE ACTION IN"}, {0xa0, 0, "REPORT LUNS"},
    {0xa8, 0, "READ(12)"},          {0xaa, 0, "WRITE(12)"},
};

std::string CdbText(Bytes cdb) {
  const std::uint8_t op = cdb[0];
  const std::uint16_t action =
      op == kVariableLength && cdb.size() >= 32 ? LoadBe16(cdb.data() + 8) : std::uint16_t{0};
  const auto* named =
      std::find_if(std::begin(kCdbNames), std::end(kCdbNames),
                   [&](const CdbName& n) { return n.opcode == op && n.action == action; });
  if (named == std::end(kCdbNames)) {
    return "cdb " + wire::Hex(cdb.first(std::min<std::size_t>(16, cdb.size())));
  }
  std::string text(named->name);
  const std::uint8_t* p = cdb.data();
  const auto add = [&](std::uint64_t lba, std::uint64_t blocks, std::uint8_t flags) {
    text += " lba " + Number(lba) + " blocks " + Number(blocks);
    if ((flags & initiator::kFua) != 0) text += " fua";
  };
  if (op == 0x08 || op == 0x0a) add(LoadBe24(p + 1) & 0x1fffff, p[4] == 0 ? 256 : p[4], 0);
  if (op == 0x28 || op == 0x2a || op == 0x53) add(LoadBe32(p + 2), LoadBe16(p + 7), p[1]);
  if (op == 0xa8 || op == 0xaa) add(LoadBe32(p + 2), LoadBe32(p + 6), p[1]);
  if (op == 0x88 || op == 0x8a) add(LoadBe64(p + 2), LoadBe32(p + 10), p[1]);
  if (op == kVariableLength) add(LoadBe64(p + 12), LoadBe32(p + 28), p[10]);
  return text;
}

std::string LayoutText(const wire::BufferLayout& layout, const MemoryNames& names) {
  constexpr std::uint32_t kShown = 4;
  if (layout.format == wire::BufferFormat::kImmediate) {
    return "immediate " + Number(layout.length) + " bytes";
  }
  if (layout.format == wire::BufferFormat::kDirect) return names(layout.descriptor(0));
  std::string text = "[";
  for (std::uint32_t i = 0; i < std::min(kShown, layout.descriptor_count); ++i) {
    text += (i == 0 ? "" : ",") + names(layout.descriptor(i));
  }
  if (layout.descriptor_count > kShown)
    text += ",... " + Number(layout.descriptor_count) + " of them";
  text += "] total " + Number(layout.total_length);
  if (layout.partial)
    text += ", the table of " + Number(layout.table_count()) + " at " + names(layout.table);
  return text;
}

std::string CmdText(Bytes iu, std::uint16_t imm_data_offset, const MemoryNames& names) {
  const auto cmd = wire::ParseCmd(iu);
  if (!cmd.ok()) {
    const auto tag = wire::PeekTag(iu);
    return "CMD of " + Number(iu.size()) + " bytes" + (tag ? " tag " + TagText(*tag) : "") + ": " +
           std::string(to_string(cmd.error()));
  }
  std::string text =
      "CMD tag " + TagText(cmd->tag) + " lun " + LunText(cmd->lun) + ' ' + CdbText(cmd->cdb);
  if (cmd->attr() != wire::TaskAttr::kSimple) text += ' ' + std::string(to_string(cmd->attr()));
  if (cmd->sol_not != 0) text += " sol_not " + HexByte(cmd->sol_not);
  const auto buffers = wire::ParseBuffers(*cmd, iu, imm_data_offset);
  if (!buffers.ok()) return text + ", descriptors: " + std::string(to_string(buffers.error()));
  if (buffers->out.present()) text += " out " + LayoutText(buffers->out, names);
  if (buffers->in.present()) text += " in " + LayoutText(buffers->in, names);
  return text;
}

std::string RspText(const wire::Rsp& rsp) {
  std::string text = "RSP tag " + TagText(rsp.tag);
  if (const auto code = wire::ResponseCode(rsp)) {
    text += " code " + HexByte(static_cast<std::uint32_t>(*code)) + " (" +
            std::string(to_string(*code)) + ')';
  } else {
    text += ' ' + StatusText(rsp.status);
  }
  if (!rsp.sense.empty()) text += ' ' + SenseText(rsp.sense);
  text += ResidualText(rsp) + " delta " + std::to_string(rsp.req_lim_delta);
  if (rsp.solnt) text += " solicited";
  return text;
}

template <class T>
std::string Unreadable(const Result<T, wire::ParseError>& result, Bytes iu) {
  return "unreadable (" + std::string(to_string(result.error())) + "), " + Number(iu.size()) +
         " bytes: " + wire::Hex(iu.first(std::min<std::size_t>(16, iu.size())));
}

std::string OtherIu(Bytes iu) {
  const auto opcode = wire::PeekOpcode(iu);
  std::string text = opcode.ok() ? std::string(to_string(*opcode)) : "IU of no known opcode";
  return text + ", " + Number(iu.size()) +
         " bytes: " + wire::Hex(iu.first(std::min<std::size_t>(16, iu.size())));
}

}  // namespace

std::string TagText(const Tag& tag) {
  const std::uint64_t number = LoadBe64(tag.bytes.data());
  if (number <= 0xffffffffu) return Number(number);
  const bool printable = std::all_of(tag.bytes.begin(), tag.bytes.end(),
                                     [](std::uint8_t b) { return b > 0x20 && b < 0x7f; });
  if (printable) return '"' + std::string(tag.bytes.begin(), tag.bytes.end()) + '"';
  return "0x" + wire::Hex(tag.bytes);
}

std::string TimeText(Time at) {
  const std::uint64_t us = at.ns / 1000;
  std::string fraction = Number(us % 1000);
  fraction.insert(0, 3 - fraction.size(), '0');
  return Number(us / 1000) + '.' + fraction;
}

std::string SpanText(Duration span) {
  constexpr std::array<std::pair<std::uint64_t, std::string_view>, 4> kUnits = {
      {{1000000000, "s"}, {1000000, "ms"}, {1000, "us"}, {1, "ns"}}};
  for (const auto& [ns, unit] : kUnits) {
    if (span.ns != 0 && span.ns % ns == 0) return Number(span.ns / ns) + ' ' + std::string(unit);
  }
  return Number(span.ns) + " ns";
}

std::string DescribeLoginReq(Bytes private_data, LoginForm form) {
  const auto req = form == LoginForm::kRdmaCm ? wire::ParseLoginReqCm(private_data)
                                              : wire::ParseLoginReq64(private_data);
  if (!req.ok()) return Unreadable(req, private_data);
  static constexpr std::array<std::string_view, 4> kActions = {"SINGLE", "MULTI", "action 2",
                                                               "action 3"};
  std::string text =
      "LOGIN_REQ " + std::string(kActions[static_cast<std::size_t>(req->multichannel())]) +
      " it_iu_len " + Number(req->req_it_iu_len) + " formats " + Hex16(req->req_buf_fmt);
  if (req->wants_immediate()) text += " immediate at " + Number(req->imm_data_offset);
  const std::uint8_t other = req->flags & wire::kLoginReqSolicitedMask;
  if (other != 0) text += " flags " + HexByte(req->flags);
  return text;
}

std::string DescribeLoginAnswer(Bytes private_data) {
  if (const auto rsp = wire::ParseLoginRsp(private_data); rsp.ok()) {
    static constexpr std::array<std::string_view, 4> kResults = {"none existed", "terminated",
                                                                 "maintained", "result 3"};
    return "LOGIN_RSP delta " + std::to_string(rsp->req_lim_delta) + " max_it_iu_len " +
           Number(rsp->max_it_iu_len) + " max_ti_iu_len " + Number(rsp->max_ti_iu_len) +
           " formats " + Hex16(rsp->buf_fmt) + ", " +
           std::string(kResults[static_cast<std::size_t>(rsp->multichannel())]) +
           ((rsp->flags & wire::kLoginRspImmediate) != 0 ? ", immediate data"
                                                         : ", no immediate data");
  }
  const auto rej = wire::ParseLoginRej(private_data);
  if (!rej.ok()) return Unreadable(rej, private_data);
  const auto reason = static_cast<std::uint32_t>(rej->reason);
  return "LOGIN_REJ reason " + Number(reason & 0xffff) + " (" +
         std::string(to_string(rej->reason)) + ')';
}

std::string DescribeToTarget(Bytes iu, std::uint16_t imm_data_offset, const MemoryNames& names) {
  const auto opcode = wire::PeekOpcode(iu);
  if (!opcode.ok()) return OtherIu(iu);
  switch (*opcode) {
    case wire::Opcode::kCmd:
      return CmdText(iu, imm_data_offset, names);
    case wire::Opcode::kTskMgmt: {
      const auto tm = wire::ParseTskMgmt(iu);
      if (!tm.ok()) return "TSK_MGMT " + Unreadable(tm, iu);
      std::string text = "TSK_MGMT tag " + TagText(tm->tag) + " lun " + LunText(tm->lun) + ' ' +
                         std::string(to_string(tm->function)) + " (" +
                         HexByte(static_cast<std::uint32_t>(tm->function)) + ')';
      if (tm->function == wire::TskMgmtFunction::kAbortTask)
        text += " of tag " + TagText(tm->task_tag);
      return text;
    }
    case wire::Opcode::kILogout: {
      const auto out = wire::ParseILogout(iu);
      return out.ok() ? "I_LOGOUT tag " + TagText(out->tag) : "I_LOGOUT " + Unreadable(out, iu);
    }
    case wire::Opcode::kCredRsp:
      return "CRED_RSP";
    case wire::Opcode::kAerRsp:
      return "AER_RSP";
    default:
      return OtherIu(iu);
  }
}

std::string DescribeToInitiator(Bytes iu) {
  const auto opcode = wire::PeekOpcode(iu);
  if (!opcode.ok()) return OtherIu(iu);
  switch (*opcode) {
    case wire::Opcode::kRsp: {
      const auto rsp = wire::ParseRsp(iu);
      return rsp.ok() ? RspText(*rsp) : "RSP " + Unreadable(rsp, iu);
    }
    case wire::Opcode::kTLogout: {
      const auto out = wire::ParseTLogout(iu);
      if (!out.ok()) return "T_LOGOUT " + Unreadable(out, iu);
      return "T_LOGOUT reason " + Number(static_cast<std::uint32_t>(out->reason)) + " (" +
             std::string(to_string(out->reason)) + ')';
    }
    case wire::Opcode::kCredReq: {
      const auto req = wire::ParseCredReq(iu);
      return req.ok() ? "CRED_REQ delta " + std::to_string(req->req_lim_delta)
                      : "CRED_REQ " + Unreadable(req, iu);
    }
    case wire::Opcode::kAerReq: {
      const auto req = wire::ParseAerReq(iu);
      if (!req.ok()) return "AER_REQ " + Unreadable(req, iu);
      return "AER_REQ lun " + LunText(req->lun) + ' ' + SenseText(req->sense) + " delta " +
             std::to_string(req->req_lim_delta);
    }
    default:
      return OtherIu(iu);
  }
}

std::string DescribeBytes(Bytes bytes) {
  constexpr std::size_t kRunsMax = 8;
  std::string text;
  std::size_t runs = 0;
  for (std::size_t i = 0; i < bytes.size();) {
    std::size_t end = i;
    while (end < bytes.size() && bytes[end] == bytes[i]) ++end;
    if (++runs > kRunsMax) break;
    text += (runs == 1 ? "" : ", ") + HexByte(bytes[i]) + " x " + Number(end - i);
    i = end;
  }
  if (runs <= kRunsMax) return text.empty() ? "nothing" : text;
  return Number(bytes.size()) + " bytes of many kinds, beginning with " +
         wire::Hex(bytes.first(std::min<std::size_t>(16, bytes.size())));
}

}  // namespace srpt::scenarios
