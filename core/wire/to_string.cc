#include "core/wire/to_string.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "core/wire/lun.h"
#include "core/wire/name.h"

namespace srpt::wire {
namespace {

// "SRP_CMD tag=... lun=...": appended to piece by piece.
class Line {
 public:
  explicit Line(std::string_view head) {
    text_.reserve(256);
    text_ += head;
  }
  Line& Field(std::string_view name, std::string_view value) {
    text_ += ' ';
    text_ += name;
    text_ += '=';
    text_ += value;
    return *this;
  }
  Line& Field(std::string_view name, const Tag& tag) { return Field(name, Hex(tag.bytes)); }
  Line& Field(std::string_view name, const PortId& id) {
    return Field(name, FormatPortId(id).view());
  }
  Line& Field(std::string_view name, const RawLun& raw) {
    const auto lun = DecodeLun(raw);
    return lun.ok() ? Number(name, lun->v) : Field(name, "raw:" + Hex(raw.bytes));
  }
  template <class Integer>
  Line& Number(std::string_view name, Integer value) {
    return Field(name, std::to_string(value));
  }
  // Bytes of flags and codes.
  Line& Bits(std::string_view name, std::uint32_t value, int digits) {
    std::string hex = "0x";
    for (int i = digits - 1; i >= 0; --i) hex += "0123456789abcdef"[(value >> (4 * i)) & 0x0f];
    return Field(name, hex);
  }
  Line& Optional(std::string_view name, Bytes bytes) {
    return bytes.empty() ? *this : Field(name, Hex(bytes));
  }
  Line& Word(std::string_view word) {
    text_ += ' ';
    text_ += word;
    return *this;
  }
  std::string Done() { return std::move(text_); }

 private:
  std::string text_;
};

std::string Quoted(std::string_view text) { return '"' + std::string(text) + '"'; }

}  // namespace

std::string Hex(Bytes bytes) {
  std::string text(2 * bytes.size(), ' ');
  char* at = text.data();
  for (const std::uint8_t byte : bytes) {
    *at++ = "0123456789abcdef"[byte >> 4];
    *at++ = "0123456789abcdef"[byte & 0x0f];
  }
  return text;
}

std::string ToString(const Tag& tag) { return Hex(tag.bytes); }

std::string ToString(const LoginReq& req) {
  return Line(to_string(Opcode::kLoginReq))
      .Field("tag", req.tag)
      .Number("req_it_iu_len", req.req_it_iu_len)
      .Bits("req_buf_fmt", req.req_buf_fmt, 4)
      .Bits("flags", req.flags, 2)
      .Number("imm_data_offset", req.imm_data_offset)
      .Field("i_port_id", req.initiator_port)
      .Field("t_port_id", req.target_port)
      .Done();
}

std::string ToString(const LoginRsp& rsp) {
  return Line(to_string(Opcode::kLoginRsp))
      .Field("tag", rsp.tag)
      .Number("req_lim_delta", rsp.req_lim_delta)
      .Number("max_it_iu_len", rsp.max_it_iu_len)
      .Number("max_ti_iu_len", rsp.max_ti_iu_len)
      .Bits("buf_fmt", rsp.buf_fmt, 4)
      .Bits("flags", rsp.flags, 2)
      .Done();
}

std::string ToString(const LoginRej& rej) {
  return Line(to_string(Opcode::kLoginRej))
      .Field("tag", rej.tag)
      .Bits("reason", static_cast<std::uint32_t>(rej.reason), 8)
      .Field("text", Quoted(to_string(rej.reason)))
      .Bits("buf_fmt", rej.buf_fmt, 4)
      .Done();
}

std::string ToString(const Cmd& cmd) {
  return Line(to_string(Opcode::kCmd))
      .Field("tag", cmd.tag)
      .Field("lun", cmd.lun)
      .Bits("sol_not", cmd.sol_not, 2)
      .Field("attr", Quoted(to_string(cmd.attr())))
      .Field("out", Quoted(to_string(cmd.out_fmt)))
      .Number("out_count", cmd.out_count)
      .Field("in", Quoted(to_string(cmd.in_fmt)))
      .Number("in_count", cmd.in_count)
      .Field("cdb", Hex(cmd.cdb))
      .Number("descriptor_bytes", cmd.descriptors.size())
      .Done();
}

std::string ToString(const TskMgmt& request) {
  return Line(to_string(Opcode::kTskMgmt))
      .Field("tag", request.tag)
      .Field("lun", request.lun)
      .Bits("sol_not", request.sol_not, 2)
      .Bits("function", static_cast<std::uint8_t>(request.function), 2)
      .Field("name", Quoted(to_string(request.function)))
      .Field("task_tag", request.task_tag)
      .Done();
}

std::string ToString(const Rsp& rsp) {
  Line line(to_string(Opcode::kRsp));
  line.Field("tag", rsp.tag)
      .Number("req_lim_delta", rsp.req_lim_delta)
      .Bits("status", rsp.status, 2)
      .Bits("flags", rsp.flags, 2)
      .Number("out_residual", rsp.out_residual)
      .Number("in_residual", rsp.in_residual)
      .Optional("response_data", rsp.response_data)
      .Optional("sense", rsp.sense);
  if (const auto code = ResponseCode(rsp)) line.Field("code", Quoted(to_string(*code)));
  if (rsp.solnt) line.Word("solnt");
  return line.Done();
}

std::string ToString(const ILogout& logout) {
  return Line(to_string(Opcode::kILogout)).Field("tag", logout.tag).Done();
}

std::string ToString(const TLogout& logout) {
  Line line(to_string(Opcode::kTLogout));
  line.Field("tag", logout.tag)
      .Number("reason", static_cast<std::uint32_t>(logout.reason))
      .Field("text", Quoted(to_string(logout.reason)));
  if (logout.solnt) line.Word("solnt");
  return line.Done();
}

std::string ToString(const CredReq& req) {
  Line line(to_string(Opcode::kCredReq));
  line.Field("tag", req.tag).Number("req_lim_delta", req.req_lim_delta);
  if (req.solnt) line.Word("solnt");
  return line.Done();
}

std::string ToString(const CredRsp& rsp) {
  return Line(to_string(Opcode::kCredRsp)).Field("tag", rsp.tag).Done();
}

std::string ToString(const AerReq& req) {
  Line line(to_string(Opcode::kAerReq));
  line.Field("tag", req.tag)
      .Number("req_lim_delta", req.req_lim_delta)
      .Field("lun", req.lun)
      .Optional("sense", req.sense);
  if (req.solnt) line.Word("solnt");
  return line.Done();
}

std::string ToString(const AerRsp& rsp) {
  return Line(to_string(Opcode::kAerRsp)).Field("tag", rsp.tag).Done();
}

std::string ToString(const Direct& direct) {
  Line line("direct");
  line.Field("va", FormatGuid(direct.va.v).view())
      .Bits("rkey", direct.rkey.v, 8)
      .Number("len", direct.len);
  return line.Done();
}

std::string ToString(const BufferLayout& layout) {
  Line line(to_string(layout.format));
  if (!layout.present()) return line.Done();
  line.Number("length", layout.length).Number("total_length", layout.total_length);
  if (layout.format == BufferFormat::kIndirect) {
    line.Number("descriptors", layout.descriptor_count).Number("table", layout.table_count());
    if (layout.partial) line.Word("partial");
  }
  if (layout.format == BufferFormat::kImmediate) line.Number("offset", layout.immediate_offset);
  return line.Done();
}

namespace {

std::string Unreadable(ParseError error, Bytes iu) {
  constexpr std::size_t kShown = 48;
  Line line("unreadable IU");
  line.Field("why", Quoted(to_string(error))).Number("bytes", iu.size());
  line.Optional(iu.size() > kShown ? "first" : "all", iu.first(std::min(iu.size(), kShown)));
  return line.Done();
}

template <class T>
std::string Describe(const Result<T, ParseError>& parsed, Bytes iu) {
  return parsed.ok() ? ToString(*parsed) : Unreadable(parsed.error(), iu);
}

}  // namespace

std::string DescribeIu(Bytes iu) {
  const auto opcode = PeekOpcode(iu);
  if (!opcode.ok()) return Unreadable(opcode.error(), iu);
  switch (*opcode) {
    case Opcode::kLoginReq:
      return Describe(ParseLoginReq64(iu), iu);
    case Opcode::kTskMgmt:
      return Describe(ParseTskMgmt(iu), iu);
    case Opcode::kCmd:
      return Describe(ParseCmd(iu), iu);
    case Opcode::kILogout:
      return Describe(ParseILogout(iu), iu);
    case Opcode::kCredRsp:
      return Describe(ParseCredRsp(iu), iu);
    case Opcode::kAerRsp:
      return Describe(ParseAerRsp(iu), iu);
    case Opcode::kTLogout:
      return Describe(ParseTLogout(iu), iu);
    case Opcode::kCredReq:
      return Describe(ParseCredReq(iu), iu);
    case Opcode::kAerReq:
      return Describe(ParseAerReq(iu), iu);
    case Opcode::kLoginRsp:
      return Describe(ParseLoginRsp(iu), iu);
    case Opcode::kRsp:
      return Describe(ParseRsp(iu), iu);
    case Opcode::kLoginRej:
      return Describe(ParseLoginRej(iu), iu);
  }
  SRPT_UNREACHABLE("PeekOpcode() returned an opcode that is none");
}

}  // namespace srpt::wire
