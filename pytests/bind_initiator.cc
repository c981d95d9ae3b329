// srptest.initiator.
#include "core/initiator/initiator.h"
#include "core/wire/to_string.h"
#include "pytests/bind.h"

namespace srpt::py {
namespace {

using namespace pybind11::literals;  // NOLINT: "x"_a.
using initiator::Channel;
using initiator::Violation;

// initiator::Buffer with memory of its own.
struct OwnedBuffer {
  wire::BufferFormat format = wire::BufferFormat::kNone;
  std::vector<wire::Direct> list;
  wire::Direct table;
  std::uint32_t total_length = 0;
  std::vector<std::uint8_t> immediate;

  initiator::Buffer view() const {
    initiator::Buffer out;
    out.format = format;
    out.list = list;
    out.table = table;
    out.total_length = total_length;
    out.immediate = immediate;
    return out;
  }
};

// What Channel::OnIu said, copied out of the IU.
struct OwnedReceived {
  std::string kind = "nothing";
  Violation violation = Violation::kNone;
  initiator::received::Completion completion;
  pyb::bytes tag;
  pyb::bytes sense;
  pyb::bytes lun;
  std::int32_t delta = 0;
  unsigned reason = 0;
};

OwnedReceived Own(const initiator::Received& received) {
  OwnedReceived out;
  out.violation = received.violation;
  if (const auto* done = std::get_if<initiator::received::Completion>(&received.what)) {
    out.kind = "completion";
    out.completion = *done;
    out.tag = ToPython(done->tag.bytes);
    out.sense = ToPython(done->sense);
    out.delta = done->req_lim_delta;
  } else if (const auto* cred = std::get_if<initiator::received::CreditRequest>(&received.what)) {
    out.kind = "credit_request";
    out.tag = ToPython(cred->tag.bytes);
    out.delta = cred->req_lim_delta;
  } else if (const auto* aer = std::get_if<initiator::received::AsyncEvent>(&received.what)) {
    out.kind = "async_event";
    out.tag = ToPython(aer->tag.bytes);
    out.sense = ToPython(aer->sense);
    out.lun = ToPython(aer->lun.bytes);
    out.delta = aer->req_lim_delta;
  } else if (const auto* logout = std::get_if<initiator::received::Logout>(&received.what)) {
    out.kind = "logout";
    out.reason = static_cast<unsigned>(logout->reason);
  }
  return out;
}

pyb::bytes Exactly(const std::vector<std::uint8_t>& iu, std::size_t length) {
  return ToPython(Bytes(iu).first(length));
}

constexpr std::size_t kIuRoom = 1 << 20;

pyb::bytes BuildCmd(Channel& channel, const pyb::bytes& tag, const pyb::bytes& lun,
                    const pyb::bytes& cdb, const OwnedBuffer& out, const OwnedBuffer& in,
                    unsigned task_attr, std::uint8_t sol_not, std::uint64_t cookie) {
  initiator::Command command;
  command.tag = ToTag(tag);
  command.lun = ToLun(lun);
  command.cdb = View(cdb);
  command.out = out.view();
  command.in = in.view();
  command.task_attr = static_cast<std::uint8_t>(task_attr);
  command.sol_not = sol_not;
  command.cookie = cookie;
  Require(channel.CanSendTskMgmt(), "no credit, or the channel is not live");
  Require(!channel.IsOutstanding(command.tag), "the tag is outstanding");
  Require(command.cdb.size() <= wire::kCdbBytes + wire::kAdditionalCdbBytesMax, "CDB too long");
  Require(task_attr < 8, "a task attribute is 0..7");
  Require(out.list.size() <= 255 && in.list.size() <= 255, "more than 255 inline descriptors");
  Require(in.format != wire::BufferFormat::kImmediate, "immediate data is DATA-OUT only");
  if (out.format == wire::BufferFormat::kImmediate) {
    Require(channel.imm_data_offset() != 0, "immediate data was not agreed at login");
    Require(channel.imm_data_offset() >= channel.CmdHeaderBytes(command),
            "the CDB or the descriptors reach into the immediate data");
  }
  Require(channel.CmdBytes(command) <= kIuRoom, "the IU is larger than 1 MiB");
  std::vector<std::uint8_t> iu(channel.CmdBytes(command));
  return Exactly(iu, channel.BuildCmd(command, iu));
}

pyb::bytes BuildTskMgmt(Channel& channel, const pyb::bytes& tag, const pyb::bytes& lun,
                        std::uint8_t function, const pyb::bytes& task_tag, std::uint8_t sol_not,
                        std::uint64_t cookie) {
  initiator::TaskManagement request;
  request.tag = ToTag(tag);
  request.lun = ToLun(lun);
  request.function = static_cast<wire::TskMgmtFunction>(function);
  request.task_tag = ToTag(task_tag);
  request.sol_not = sol_not;
  request.cookie = cookie;
  Require(channel.CanSendTskMgmt(), "no credit, or the channel is not live");
  Require(!channel.IsOutstanding(request.tag), "the tag is outstanding");
  std::vector<std::uint8_t> iu(wire::kTskMgmtBytes);
  return Exactly(iu, channel.BuildTskMgmt(request, iu));
}

void BindBuffer(pyb::module_& m) {
  pyb::class_<OwnedBuffer>(m, "Buffer", "One direction of a command's data.")
      .def(pyb::init<>(), "No data.")
      .def_static(
          "direct",
          [](const wire::Direct& one) {
            OwnedBuffer out;
            out.format = wire::BufferFormat::kDirect;
            out.list = {one};
            return out;
          },
          "one"_a, "One direct descriptor.")
      .def_static(
          "indirect",
          [](const std::vector<wire::Direct>& list, std::uint64_t table_va,
             std::uint32_t table_rkey, std::optional<std::uint32_t> total_length,
             std::optional<std::size_t> inline_count) {
            Require(inline_count.value_or(0) <= list.size(), "more inline than there are");
            OwnedBuffer out;
            out.format = wire::BufferFormat::kIndirect;
            out.table = {RemoteAddr(table_va), RKey(table_rkey),
                         static_cast<std::uint32_t>(list.size() * wire::kDirectBytes)};
            std::uint64_t sum = 0;
            for (const wire::Direct& direct : list) sum += direct.len;
            out.total_length = total_length.value_or(static_cast<std::uint32_t>(sum));
            out.list.assign(list.begin(), list.begin() + static_cast<std::ptrdiff_t>(
                                                             inline_count.value_or(list.size())));
            return out;
          },
          "list"_a, "table_va"_a = 0, "table_rkey"_a = 0, "total_length"_a = pyb::none(),
          "inline_count"_a = pyb::none(),
          "Direct descriptors, of which the first `inline_count` (all) are in the IU; the whole\n"
          "list lies at table_va under table_rkey. total_length (bytes): the sum of them.")
      .def_static(
          "immediate",
          [](const pyb::bytes& data) {
            OwnedBuffer out;
            out.format = wire::BufferFormat::kImmediate;
            out.immediate = Copy(View(data));
            return out;
          },
          "data"_a, "DATA-OUT in the IU itself, at the offset agreed at login.")
      .def_property_readonly("bytes", [](const OwnedBuffer& b) { return b.view().bytes(); });
}

void BindReceived(pyb::module_& m) {
  using R = OwnedReceived;
  pyb::class_<R>(m, "Received",
                 "What an IU of the target said. kind: completion, credit_request, async_event,\n"
                 "logout or nothing; the other attributes as far as the kind has them.")
      .def_readonly("kind", &R::kind)
      .def_property_readonly(
          "violation",
          [](const R& r) -> pyb::object {
            if (r.violation == Violation::kNone) return pyb::none();
            return pyb::str(std::string(to_string(r.violation)));
          },
          "None, or the first rule that the IU broke, in words.")
      .def_property_readonly(
          "invariant", [](const R& r) { return initiator::InvariantNumber(r.violation); },
          "The number of the invariant broken, 0 if none.")
      .def_readonly("tag", &R::tag)
      .def_readonly("sense", &R::sense)
      .def_readonly("lun", &R::lun, "Of an async_event.")
      .def_readonly("req_lim_delta", &R::delta)
      .def_readonly("reason", &R::reason, "Of a logout: wire.LOGOUT_.")
      .def_property_readonly("status", [](const R& r) { return r.completion.status; })
      .def_property_readonly("flags", [](const R& r) { return r.completion.flags; })
      .def_property_readonly("out_residual", [](const R& r) { return r.completion.out_residual; })
      .def_property_readonly("in_residual", [](const R& r) { return r.completion.in_residual; })
      .def_property_readonly("out_moved", [](const R& r) { return r.completion.out_moved; })
      .def_property_readonly("in_moved", [](const R& r) { return r.completion.in_moved; })
      .def_property_readonly("cookie", [](const R& r) { return r.completion.cookie; })
      .def_property_readonly("task_management",
                             [](const R& r) { return r.completion.task_management; })
      .def_property_readonly("aborted_outstanding",
                             [](const R& r) { return r.completion.aborted_outstanding; })
      .def_property_readonly("rsp_code",
                             [](const R& r) -> pyb::object {
                               if (!r.completion.rsp_code) return pyb::none();
                               return pyb::int_(static_cast<int>(*r.completion.rsp_code));
                             })
      .def("__repr__", [](const R& r) {
        std::string text = "Received(" + r.kind;
        if (r.kind == "completion") {
          text += ", status " + std::to_string(r.completion.status) + ", flags " +
                  std::to_string(r.completion.flags) + ", sense " + wire::Hex(View(r.sense));
        }
        if (r.kind == "logout") text += ", reason " + std::to_string(r.reason);
        if (r.violation != Violation::kNone) {
          text += ", VIOLATION: " + std::string(to_string(r.violation));
        }
        return text + ", delta " + std::to_string(r.delta) + ")";
      });
}

}  // namespace

void BindInitiator(pyb::module_& m) {
  BindBuffer(m);
  BindReceived(m);
  m.def(
      "port_id",
      [](std::uint64_t high, std::uint64_t low) {
        return ToPython(initiator::MakePortId(high, low).bytes);
      },
      "high"_a, "low"_a, "A port identifier, 16 bytes: extension, GUID.");
  m.def(
      "tag", [](std::uint64_t n) { return ToPython(initiator::MakeTag(n).bytes); }, "n"_a,
      "A tag, 8 bytes, big-endian.");

  pyb::class_<Channel>(m, "Channel",
                       "One channel's credits and outstanding tags. build_ methods return an IU\n"
                       "and count it as sent; ValueError without a credit or with a tag in use.")
      .def(pyb::init<std::uint32_t>(), "outstanding_max"_a = 256)
      .def(
          "build_login_cm",
          [](Channel& c, const wire::LoginReq& req) {
            std::vector<std::uint8_t> out(wire::kLoginReqCmBytes);
            return Exactly(out, c.BuildLoginCm(req, out));
          },
          "req"_a, "The RDMA/CM form, 56 bytes. The channel begins anew.")
      .def(
          "build_login",
          [](Channel& c, const wire::LoginReq& req) {
            std::vector<std::uint8_t> out(wire::kLoginReq64Bytes);
            return Exactly(out, c.BuildLogin64(req, out));
          },
          "req"_a, "The native form, 64 bytes. The channel begins anew.")
      .def(
          "on_login_rsp",
          [](Channel& c, const pyb::bytes& private_data) {
            const auto accepted = Value<WireError>(c.OnLoginRsp(View(private_data)));
            pyb::object violation = pyb::none();
            if (accepted.violation != Violation::kNone) {
              violation = pyb::str(std::string(to_string(accepted.violation)));
            }
            return pyb::make_tuple(accepted.rsp, violation);
          },
          "private_data"_a, "(LoginRsp, violation or None). Raises ParseError.")
      .def_property_readonly("live", &Channel::live)
      .def_property_readonly("credits", &Channel::credits)
      .def_property_readonly("granted", &Channel::granted)
      .def_property_readonly("outstanding", &Channel::outstanding)
      .def_property_readonly("credits_missing", &Channel::credits_missing)
      .def_property_readonly("can_send_cmd", &Channel::CanSendCmd)
      .def_property_readonly("can_send_tsk_mgmt", &Channel::CanSendTskMgmt)
      .def_property_readonly("imm_data_offset", &Channel::imm_data_offset)
      .def("is_outstanding",
           [](const Channel& c, const pyb::bytes& tag) { return c.IsOutstanding(ToTag(tag)); })
      .def("build_cmd", BuildCmd, pyb::kw_only(), "tag"_a,
           "lun"_a = pyb::bytes(std::string(8, '\0')), "cdb"_a, "out"_a = OwnedBuffer{},
           "in_"_a = OwnedBuffer{}, "task_attr"_a = 0, "sol_not"_a = 0, "cookie"_a = 0)
      .def("build_tsk_mgmt", BuildTskMgmt, pyb::kw_only(), "tag"_a,
           "lun"_a = pyb::bytes(std::string(8, '\0')), "function"_a,
           "task_tag"_a = pyb::bytes(std::string(8, '\0')), "sol_not"_a = 0, "cookie"_a = 0)
      .def(
          "build_i_logout",
          [](Channel& c, const pyb::bytes& tag) {
            Require(c.live(), "the channel is not live");
            std::vector<std::uint8_t> out(wire::kILogoutBytes);
            return Exactly(out, c.BuildILogout(ToTag(tag), out));
          },
          "tag"_a)
      .def(
          "build_cred_rsp",
          [](Channel& c, const pyb::bytes& tag) {
            std::vector<std::uint8_t> out(16);
            return Exactly(out, c.BuildCredRsp(ToTag(tag), out));
          },
          "tag"_a)
      .def(
          "build_aer_rsp",
          [](Channel& c, const pyb::bytes& tag) {
            std::vector<std::uint8_t> out(16);
            return Exactly(out, c.BuildAerRsp(ToTag(tag), out));
          },
          "tag"_a)
      .def(
          "on_iu", [](Channel& c, const pyb::bytes& iu) { return Own(c.OnIu(View(iu))); }, "iu"_a,
          "Reads an IU of the target; a Received. Never raises.")
      .def(
          "forget", [](Channel& c, const pyb::bytes& tag) { return c.Forget(ToTag(tag)); }, "tag"_a,
          "The command will never be answered. False if it was not outstanding.")
      .def(
          "forget_lun", [](Channel& c, const pyb::bytes& lun) { return c.ForgetLun(ToLun(lun)); },
          "lun"_a, "All outstanding commands of one LUN, after its reset; how many.");
}

}  // namespace srpt::py
