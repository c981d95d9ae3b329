// srptest.wire: what an initiator sends.
#include <algorithm>

#include "core/wire/aer.h"
#include "core/wire/cmd.h"
#include "core/wire/cred.h"
#include "core/wire/login_req.h"
#include "core/wire/logout.h"
#include "core/wire/to_string.h"
#include "core/wire/tsk_mgmt.h"
#include "pytests/bind.h"

namespace srpt::py {
namespace {

using namespace pybind11::literals;  // NOLINT: "x"_a.

// wire::Cmd with bytes of its own.
struct OwnedCmd {
  wire::Cmd cmd;
  std::vector<std::uint8_t> cdb;
  std::vector<std::uint8_t> descriptors;

  wire::Cmd view() const {
    wire::Cmd out = cmd;
    out.cdb = cdb;
    out.descriptors = descriptors;
    return out;
  }
};

OwnedCmd Own(const wire::Cmd& cmd) { return {cmd, Copy(cmd.cdb), Copy(cmd.descriptors)}; }

void BindLoginReq(pyb::module_& m) {
  using wire::LoginReq;
  pyb::class_<LoginReq>(
      m, "LoginReq",
      "LOGIN_REQ. tag: 8 bytes; req_it_iu_len: bytes; req_buf_fmt: BUF_FMT_ bits;\n"
      "flags: LOGIN_REQ_ bits; imm_data_offset: bytes from the IU's start;\n"
      "initiator_port, target_port: 16 bytes (extension, GUID).")
      .def(
          pyb::init([](const pyb::bytes& tag, std::uint32_t req_it_iu_len,
                       std::uint16_t req_buf_fmt, std::uint8_t flags, std::uint16_t imm_data_offset,
                       const pyb::bytes& initiator_port, const pyb::bytes& target_port) {
            LoginReq req;
            req.tag = ToTag(tag);
            req.req_it_iu_len = req_it_iu_len;
            req.req_buf_fmt = req_buf_fmt;
            req.flags = flags;
            req.imm_data_offset = imm_data_offset;
            req.initiator_port.bytes = Fixed<16>(initiator_port, "a port id");
            req.target_port.bytes = Fixed<16>(target_port, "a port id");
            return req;
          }),
          pyb::kw_only(), "tag"_a = pyb::bytes(std::string(8, '\0')), "req_it_iu_len"_a = 8260,
          "req_buf_fmt"_a = wire::kBufFmtDirect | wire::kBufFmtIndirect, "flags"_a = 0,
          "imm_data_offset"_a = 0, "initiator_port"_a = pyb::bytes(std::string(16, '\0')),
          "target_port"_a = pyb::bytes(std::string(16, '\0')))
      .def_property_readonly("tag", [](const LoginReq& r) { return ToPython(r.tag.bytes); })
      .def_readwrite("req_it_iu_len", &LoginReq::req_it_iu_len)
      .def_readwrite("req_buf_fmt", &LoginReq::req_buf_fmt)
      .def_readwrite("flags", &LoginReq::flags)
      .def_readwrite("imm_data_offset", &LoginReq::imm_data_offset)
      .def_property_readonly("initiator_port",
                             [](const LoginReq& r) { return ToPython(r.initiator_port.bytes); })
      .def_property_readonly("target_port",
                             [](const LoginReq& r) { return ToPython(r.target_port.bytes); })
      .def_static(
          "parse",
          [](const pyb::bytes& b) { return Value<WireError>(wire::ParseLoginReq64(View(b))); },
          "private_data"_a, "The native form, 64 bytes and padding. Raises ParseError.")
      .def_static(
          "parse_cm",
          [](const pyb::bytes& b) { return Value<WireError>(wire::ParseLoginReqCm(View(b))); },
          "private_data"_a, "The RDMA/CM form, 56 bytes and padding. Raises ParseError.")
      .def(
          "to_bytes",
          [](const LoginReq& req) {
            std::array<std::uint8_t, wire::kLoginReq64Bytes> out{};
            wire::SerializeLoginReq64(req, out);
            return ToPython(out);
          },
          "The native form, 64 bytes.")
      .def(
          "to_bytes_cm",
          [](const LoginReq& req) {
            std::array<std::uint8_t, wire::kLoginReqCmBytes> out{};
            wire::SerializeLoginReqCm(req, out);
            return ToPython(out);
          },
          "The RDMA/CM form, 56 bytes.")
      .def("__eq__", [](const LoginReq& a, const LoginReq& b) { return a == b; })
      .def("__repr__", [](const LoginReq& req) { return wire::ToString(req); });
}

void BindCmd(pyb::module_& m) {
  pyb::class_<OwnedCmd>(
      m, "Cmd",
      "CMD. tag, lun: 8 bytes; cdb: 0..268 bytes, padded to 16 and then to words of 4;\n"
      "out_fmt, in_fmt: 0..15 (FMT_); out_count, in_count: inline descriptors of an indirect\n"
      "buffer; task_attr: 0..7; sol_not: SCSOLNT and UCSOLNT; descriptors: all bytes behind the "
      "CDB.")
      .def(pyb::init([](const pyb::bytes& tag, const pyb::bytes& lun, const pyb::bytes& cdb,
                        unsigned out_fmt, unsigned in_fmt, std::uint8_t out_count,
                        std::uint8_t in_count, const pyb::bytes& descriptors, unsigned task_attr,
                        std::uint8_t sol_not) {
             Require(out_fmt < 16 && in_fmt < 16, "a buffer format is 0..15");
             Require(task_attr < 8, "a task attribute is 0..7");
             Require(View(cdb).size() <= wire::kCdbBytes + wire::kAdditionalCdbBytesMax,
                     "a CDB is at most 268 bytes");
             OwnedCmd out;
             out.cmd.tag = ToTag(tag);
             out.cmd.lun = ToLun(lun);
             out.cmd.out_fmt = static_cast<wire::BufferFormat>(out_fmt);
             out.cmd.in_fmt = static_cast<wire::BufferFormat>(in_fmt);
             out.cmd.out_count = out_count;
             out.cmd.in_count = in_count;
             out.cmd.task_attr = static_cast<std::uint8_t>(task_attr);
             out.cmd.sol_not = sol_not;
             out.cdb = Copy(View(cdb));
             out.descriptors = Copy(View(descriptors));
             return out;
           }),
           pyb::kw_only(), "tag"_a, "lun"_a = pyb::bytes(std::string(8, '\0')), "cdb"_a,
           "out_fmt"_a = 0, "in_fmt"_a = 0, "out_count"_a = 0, "in_count"_a = 0,
           "descriptors"_a = pyb::bytes(), "task_attr"_a = 0, "sol_not"_a = 0)
      .def_property_readonly("tag", [](const OwnedCmd& c) { return ToPython(c.cmd.tag.bytes); })
      .def_property_readonly("lun", [](const OwnedCmd& c) { return ToPython(c.cmd.lun.bytes); })
      .def_property_readonly("cdb", [](const OwnedCmd& c) { return ToPython(c.cdb); })
      .def_property_readonly("out_fmt", [](const OwnedCmd& c) { return int(c.cmd.out_fmt); })
      .def_property_readonly("in_fmt", [](const OwnedCmd& c) { return int(c.cmd.in_fmt); })
      .def_property_readonly("out_count", [](const OwnedCmd& c) { return c.cmd.out_count; })
      .def_property_readonly("in_count", [](const OwnedCmd& c) { return c.cmd.in_count; })
      .def_property_readonly("descriptors",
                             [](const OwnedCmd& c) { return ToPython(c.descriptors); })
      .def_property_readonly("task_attr", [](const OwnedCmd& c) { return c.cmd.task_attr; })
      .def_property_readonly("sol_not", [](const OwnedCmd& c) { return c.cmd.sol_not; })
      .def_static(
          "parse",
          [](const pyb::bytes& iu) { return Own(Value<WireError>(wire::ParseCmd(View(iu)))); },
          "iu"_a,
          "At least 48 bytes and the additional CDB. Raises ParseError. Descriptors are not looked "
          "at: see parse_buffers.")
      .def(
          "to_bytes",
          [](const OwnedCmd& c) {
            const wire::Cmd cmd = c.view();
            std::vector<std::uint8_t> out(wire::SerializedBytes(cmd));
            wire::SerializeCmd(cmd, out);
            return ToPython(out);
          },
          "48 bytes, the additional CDB bytes, the descriptors.")
      .def("__eq__", [](const OwnedCmd& a, const OwnedCmd& b) { return a.view() == b.view(); })
      .def("__repr__", [](const OwnedCmd& c) { return wire::ToString(c.view()); });
}

void BindTskMgmt(pyb::module_& m) {
  using wire::TskMgmt;
  pyb::class_<TskMgmt>(m, "TskMgmt",
                       "TSK_MGMT. tag, lun, task_tag: 8 bytes; function: TM_ (0..255).")
      .def(pyb::init([](const pyb::bytes& tag, const pyb::bytes& lun, std::uint8_t function,
                        const pyb::bytes& task_tag, std::uint8_t sol_not) {
             return TskMgmt{sol_not, ToTag(tag), ToLun(lun),
                            static_cast<wire::TskMgmtFunction>(function), ToTag(task_tag)};
           }),
           pyb::kw_only(), "tag"_a, "lun"_a = pyb::bytes(std::string(8, '\0')), "function"_a,
           "task_tag"_a = pyb::bytes(std::string(8, '\0')), "sol_not"_a = 0)
      .def_property_readonly("tag", [](const TskMgmt& r) { return ToPython(r.tag.bytes); })
      .def_property_readonly("lun", [](const TskMgmt& r) { return ToPython(r.lun.bytes); })
      .def_property_readonly("function", [](const TskMgmt& r) { return int(r.function); })
      .def_property_readonly("task_tag",
                             [](const TskMgmt& r) { return ToPython(r.task_tag.bytes); })
      .def_property_readonly("sol_not", [](const TskMgmt& r) { return r.sol_not; })
      .def_static(
          "parse",
          [](const pyb::bytes& iu) { return Value<WireError>(wire::ParseTskMgmt(View(iu))); },
          "iu"_a, "At least 48 bytes. Raises ParseError.")
      .def(
          "to_bytes",
          [](const TskMgmt& r) {
            std::array<std::uint8_t, wire::kTskMgmtBytes> out{};
            wire::SerializeTskMgmt(r, out);
            return ToPython(out);
          },
          "48 bytes.")
      .def("__eq__", [](const TskMgmt& a, const TskMgmt& b) { return a == b; })
      .def("__repr__", [](const TskMgmt& r) { return wire::ToString(r); });
}

// I_LOGOUT, CRED_RSP and AER_RSP: 16 bytes, nothing but a tag.
template <class T, class Parse, class Serialize>
void BindTagOnly(pyb::module_& m, const char* name, const char* doc, Parse parse,
                 Serialize serialize) {
  pyb::class_<T>(m, name, doc)
      .def(pyb::init([](const pyb::bytes& tag) { return T{ToTag(tag)}; }), pyb::kw_only(), "tag"_a)
      .def_property_readonly("tag", [](const T& x) { return ToPython(x.tag.bytes); })
      .def_static(
          "parse", [parse](const pyb::bytes& iu) { return Value<WireError>(parse(View(iu))); },
          "iu"_a, "At least 16 bytes. Raises ParseError.")
      .def(
          "to_bytes",
          [serialize](const T& x) {
            std::array<std::uint8_t, 16> out{};
            serialize(x, out);
            return ToPython(out);
          },
          "16 bytes.")
      .def("__eq__", [](const T& a, const T& b) { return a == b; })
      .def("__repr__", [](const T& x) { return wire::ToString(x); });
}

}  // namespace

void BindWireRequests(pyb::module_& m) {
  BindLoginReq(m);
  BindCmd(m);
  BindTskMgmt(m);
  BindTagOnly<wire::ILogout>(m, "ILogout", "I_LOGOUT. tag: 8 bytes.", wire::ParseILogout,
                             wire::SerializeILogout);
  BindTagOnly<wire::CredRsp>(m, "CredRsp", "CRED_RSP. tag: 8 bytes, that of the CRED_REQ.",
                             wire::ParseCredRsp, wire::SerializeCredRsp);
  BindTagOnly<wire::AerRsp>(m, "AerRsp", "AER_RSP. tag: 8 bytes, that of the AER_REQ.",
                            wire::ParseAerRsp, wire::SerializeAerRsp);
}

}  // namespace srpt::py
