// srptest.wire: what a target sends.
#include <algorithm>

#include "core/wire/aer.h"
#include "core/wire/cred.h"
#include "core/wire/login_rej.h"
#include "core/wire/login_rsp.h"
#include "core/wire/logout.h"
#include "core/wire/rsp.h"
#include "core/wire/to_string.h"
#include "pytests/bind.h"

namespace srpt::py {
namespace {

using namespace pybind11::literals;  // NOLINT: "x"_a.

template <std::size_t N, class T, class Serialize>
pyb::bytes Bytes_(const T& value, Serialize serialize) {
  std::array<std::uint8_t, N> out{};
  serialize(value, out);
  return ToPython(out);
}

void BindLoginRsp(pyb::module_& m) {
  using wire::LoginRsp;
  pyb::class_<LoginRsp>(m, "LoginRsp",
                        "LOGIN_RSP. req_lim_delta: the initial request limit; tag: 8 bytes;\n"
                        "max_it_iu_len, max_ti_iu_len: bytes; buf_fmt: BUF_FMT_ bits; flags:\n"
                        "LOGIN_RSP_ bits.")
      .def(pyb::init([](std::int32_t delta, const pyb::bytes& tag, std::uint32_t max_it_iu_len,
                        std::uint32_t max_ti_iu_len, std::uint16_t buf_fmt, std::uint8_t flags) {
             return LoginRsp{delta, ToTag(tag), max_it_iu_len, max_ti_iu_len, buf_fmt, flags};
           }),
           pyb::kw_only(), "req_lim_delta"_a, "tag"_a, "max_it_iu_len"_a, "max_ti_iu_len"_a,
           "buf_fmt"_a = wire::kBufFmtDirect | wire::kBufFmtIndirect, "flags"_a = 0)
      .def_readonly("req_lim_delta", &LoginRsp::req_lim_delta)
      .def_property_readonly("tag", [](const LoginRsp& r) { return ToPython(r.tag.bytes); })
      .def_readonly("max_it_iu_len", &LoginRsp::max_it_iu_len)
      .def_readonly("max_ti_iu_len", &LoginRsp::max_ti_iu_len)
      .def_readonly("buf_fmt", &LoginRsp::buf_fmt)
      .def_readonly("flags", &LoginRsp::flags)
      .def_property_readonly(
          "multichannel", [](const LoginRsp& r) { return int(r.multichannel()); },
          "LOGIN_RSP_NONE_EXISTED, _TERMINATED or _MAINTAINED.")
      .def_static(
          "parse",
          [](const pyb::bytes& b) { return Value<WireError>(wire::ParseLoginRsp(View(b))); },
          "private_data"_a, "52 bytes and padding. Raises ParseError.")
      .def(
          "to_bytes",
          [](const LoginRsp& r) {
            return Bytes_<wire::kLoginRspBytes>(r, wire::SerializeLoginRsp);
          },
          "52 bytes.")
      .def("__eq__", [](const LoginRsp& a, const LoginRsp& b) { return a == b; })
      .def("__repr__", [](const LoginRsp& r) { return wire::ToString(r); });
}

void BindLoginRej(pyb::module_& m) {
  using wire::LoginRej;
  pyb::class_<LoginRej>(m, "LoginRej",
                        "LOGIN_REJ. reason: REJ_; tag: 8 bytes; buf_fmt: BUF_FMT_ bits.")
      .def(pyb::init([](std::uint32_t reason, const pyb::bytes& tag, std::uint16_t buf_fmt) {
             return LoginRej{static_cast<wire::LoginRejReason>(reason), ToTag(tag), buf_fmt};
           }),
           pyb::kw_only(), "reason"_a, "tag"_a, "buf_fmt"_a = 0)
      .def_property_readonly("reason",
                             [](const LoginRej& r) { return static_cast<unsigned>(r.reason); })
      .def_property_readonly("tag", [](const LoginRej& r) { return ToPython(r.tag.bytes); })
      .def_readonly("buf_fmt", &LoginRej::buf_fmt)
      .def_static(
          "parse",
          [](const pyb::bytes& b) { return Value<WireError>(wire::ParseLoginRej(View(b))); },
          "private_data"_a, "32 bytes and padding. Raises ParseError.")
      .def(
          "to_bytes",
          [](const LoginRej& r) {
            return Bytes_<wire::kLoginRejBytes>(r, wire::SerializeLoginRej);
          },
          "32 bytes.")
      .def("__eq__", [](const LoginRej& a, const LoginRej& b) { return a == b; })
      .def("__repr__", [](const LoginRej& r) { return wire::ToString(r); });
}

// wire::Rsp with bytes of its own.
struct OwnedRsp {
  wire::Rsp rsp;
  std::vector<std::uint8_t> response_data;
  std::vector<std::uint8_t> sense;

  wire::Rsp view() const {
    wire::Rsp out = rsp;
    out.response_data = response_data;
    out.sense = sense;
    return out;
  }
};

void BindRsp(pyb::module_& m) {
  pyb::class_<OwnedRsp>(m, "Rsp",
                        "RSP. tag: 8 bytes; req_lim_delta: signed; flags: RSPVALID.. DIUNDER;\n"
                        "status: SCSI status; residuals: bytes; response_data: 4 bytes with\n"
                        "RSPVALID; sense: bytes with SNSVALID.")
      .def(pyb::init([](const pyb::bytes& tag, std::int32_t delta, std::uint8_t flags,
                        std::uint8_t status, std::uint32_t out_residual, std::uint32_t in_residual,
                        const pyb::bytes& response_data, const pyb::bytes& sense, bool solnt) {
             OwnedRsp out;
             out.rsp = {solnt, delta, ToTag(tag), flags, status, out_residual, in_residual, {}, {}};
             out.response_data = Copy(View(response_data));
             out.sense = Copy(View(sense));
             return out;
           }),
           pyb::kw_only(), "tag"_a, "req_lim_delta"_a = 1, "flags"_a = 0, "status"_a = 0,
           "out_residual"_a = 0, "in_residual"_a = 0, "response_data"_a = pyb::bytes(),
           "sense"_a = pyb::bytes(), "solnt"_a = false)
      .def_property_readonly("tag", [](const OwnedRsp& r) { return ToPython(r.rsp.tag.bytes); })
      .def_property_readonly("req_lim_delta", [](const OwnedRsp& r) { return r.rsp.req_lim_delta; })
      .def_property_readonly("flags", [](const OwnedRsp& r) { return r.rsp.flags; })
      .def_property_readonly("status", [](const OwnedRsp& r) { return r.rsp.status; })
      .def_property_readonly("out_residual", [](const OwnedRsp& r) { return r.rsp.out_residual; })
      .def_property_readonly("in_residual", [](const OwnedRsp& r) { return r.rsp.in_residual; })
      .def_property_readonly("response_data",
                             [](const OwnedRsp& r) { return ToPython(r.response_data); })
      .def_property_readonly("sense", [](const OwnedRsp& r) { return ToPython(r.sense); })
      .def_property_readonly("solnt", [](const OwnedRsp& r) { return r.rsp.solnt; })
      .def_property_readonly(
          "rsp_code",
          [](const OwnedRsp& r) -> pyb::object {
            const auto code = wire::ResponseCode(r.view());
            if (!code) return pyb::none();
            return pyb::int_(static_cast<int>(*code));
          },
          "TM_ code, or None without response data.")
      .def_property_readonly(
          "consistent", [](const OwnedRsp& r) { return wire::IsConsistent(r.view()); },
          "Whether flags, lengths and residuals agree (invariant 3).")
      .def_static(
          "parse",
          [](const pyb::bytes& iu) {
            const auto rsp = Value<WireError>(wire::ParseRsp(View(iu)));
            return OwnedRsp{rsp, Copy(rsp.response_data), Copy(rsp.sense)};
          },
          "iu"_a, "At least 36 bytes, and the two lengths inside. Raises ParseError.")
      .def(
          "to_bytes",
          [](const OwnedRsp& r) {
            const wire::Rsp rsp = r.view();
            std::vector<std::uint8_t> out(wire::SerializedBytes(rsp));
            wire::SerializeRsp(rsp, out);
            return ToPython(out);
          },
          "36 bytes, response data, sense data.")
      .def("__eq__", [](const OwnedRsp& a, const OwnedRsp& b) { return a.view() == b.view(); })
      .def("__repr__", [](const OwnedRsp& r) { return wire::ToString(r.view()); });
}

void BindTLogout(pyb::module_& m) {
  using wire::TLogout;
  pyb::class_<TLogout>(m, "TLogout", "T_LOGOUT. reason: LOGOUT_; tag: 8 bytes.")
      .def(pyb::init([](std::uint32_t reason, const pyb::bytes& tag, bool solnt) {
             return TLogout{solnt, static_cast<wire::TLogoutReason>(reason), ToTag(tag)};
           }),
           pyb::kw_only(), "reason"_a, "tag"_a = pyb::bytes(std::string(8, '\0')),
           "solnt"_a = false)
      .def_property_readonly("reason",
                             [](const TLogout& r) { return static_cast<unsigned>(r.reason); })
      .def_property_readonly("tag", [](const TLogout& r) { return ToPython(r.tag.bytes); })
      .def_readonly("solnt", &TLogout::solnt)
      .def_static(
          "parse",
          [](const pyb::bytes& b) { return Value<WireError>(wire::ParseTLogout(View(b))); }, "iu"_a,
          "At least 16 bytes. Raises ParseError.")
      .def(
          "to_bytes",
          [](const TLogout& r) { return Bytes_<wire::kTLogoutBytes>(r, wire::SerializeTLogout); },
          "16 bytes.")
      .def("__eq__", [](const TLogout& a, const TLogout& b) { return a == b; })
      .def("__repr__", [](const TLogout& r) { return wire::ToString(r); });
}

void BindCredReq(pyb::module_& m) {
  using wire::CredReq;
  pyb::class_<CredReq>(m, "CredReq", "CRED_REQ. req_lim_delta: signed; tag: 8 bytes.")
      .def(pyb::init([](std::int32_t delta, const pyb::bytes& tag, bool solnt) {
             return CredReq{solnt, delta, ToTag(tag)};
           }),
           pyb::kw_only(), "req_lim_delta"_a, "tag"_a, "solnt"_a = false)
      .def_readonly("req_lim_delta", &CredReq::req_lim_delta)
      .def_property_readonly("tag", [](const CredReq& r) { return ToPython(r.tag.bytes); })
      .def_readonly("solnt", &CredReq::solnt)
      .def_static(
          "parse",
          [](const pyb::bytes& b) { return Value<WireError>(wire::ParseCredReq(View(b))); }, "iu"_a,
          "At least 16 bytes. Raises ParseError.")
      .def(
          "to_bytes",
          [](const CredReq& r) { return Bytes_<wire::kCredReqBytes>(r, wire::SerializeCredReq); },
          "16 bytes.")
      .def("__eq__", [](const CredReq& a, const CredReq& b) { return a == b; })
      .def("__repr__", [](const CredReq& r) { return wire::ToString(r); });
}

// wire::AerReq with bytes of its own.
struct OwnedAerReq {
  wire::AerReq req;
  std::vector<std::uint8_t> sense;

  wire::AerReq view() const {
    wire::AerReq out = req;
    out.sense = sense;
    return out;
  }
};

void BindAerReq(pyb::module_& m) {
  pyb::class_<OwnedAerReq>(m, "AerReq",
                           "AER_REQ. req_lim_delta: signed; tag, lun: 8 bytes; sense: bytes.")
      .def(pyb::init([](std::int32_t delta, const pyb::bytes& tag, const pyb::bytes& lun,
                        const pyb::bytes& sense, bool solnt) {
             return OwnedAerReq{{solnt, delta, ToTag(tag), ToLun(lun), {}}, Copy(View(sense))};
           }),
           pyb::kw_only(), "req_lim_delta"_a = 0, "tag"_a,
           "lun"_a = pyb::bytes(std::string(8, '\0')), "sense"_a = pyb::bytes(), "solnt"_a = false)
      .def_property_readonly("req_lim_delta",
                             [](const OwnedAerReq& r) { return r.req.req_lim_delta; })
      .def_property_readonly("tag", [](const OwnedAerReq& r) { return ToPython(r.req.tag.bytes); })
      .def_property_readonly("lun", [](const OwnedAerReq& r) { return ToPython(r.req.lun.bytes); })
      .def_property_readonly("sense", [](const OwnedAerReq& r) { return ToPython(r.sense); })
      .def_property_readonly("solnt", [](const OwnedAerReq& r) { return r.req.solnt; })
      .def_static(
          "parse",
          [](const pyb::bytes& iu) {
            const auto req = Value<WireError>(wire::ParseAerReq(View(iu)));
            return OwnedAerReq{req, Copy(req.sense)};
          },
          "iu"_a, "At least 36 bytes and the sense data. Raises ParseError.")
      .def(
          "to_bytes",
          [](const OwnedAerReq& r) {
            const wire::AerReq req = r.view();
            std::vector<std::uint8_t> out(wire::SerializedBytes(req));
            wire::SerializeAerReq(req, out);
            return ToPython(out);
          },
          "36 bytes and the sense data.")
      .def("__eq__",
           [](const OwnedAerReq& a, const OwnedAerReq& b) { return a.view() == b.view(); })
      .def("__repr__", [](const OwnedAerReq& r) { return wire::ToString(r.view()); });
}

}  // namespace

void BindWireResponses(pyb::module_& m) {
  BindLoginRsp(m);
  BindLoginRej(m);
  BindRsp(m);
  BindTLogout(m);
  BindCredReq(m);
  BindAerReq(m);
}

}  // namespace srpt::py
