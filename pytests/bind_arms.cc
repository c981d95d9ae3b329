// srptest.arms: the interface of an arm, and the verbs arm.
#include "conformance/arms/arm.h"
#include "conformance/arms/verbs_arm.h"
#include "pytests/bind.h"

namespace srpt::py {
namespace {

using namespace pybind11::literals;  // NOLINT: "x"_a.
using arms::Arm;
using arms::ConnectionId;

template <class T>
T OrRaise(Result<T, std::string> result) {
  if (!result.ok()) throw std::runtime_error(result.error());
  return result.value();
}

void BindEvent(pyb::module_& m) {
  using arms::Event;
  pyb::class_<Event>(m, "Event",
                     "kind: connected (bytes: LOGIN_RSP), rejected (reason of the CM; bytes:\n"
                     "LOGIN_REJ), unreachable, iu (bytes), send_failed, qp_error, disconnected.")
      .def_property_readonly("kind", [](const Event& e) { return std::string(ToString(e.kind)); })
      .def_property_readonly("bytes", [](const Event& e) { return ToPython(e.bytes); })
      .def_readonly("reason", &Event::reason)
      .def_readonly("solicited", &Event::solicited)
      .def_readonly("detail", &Event::detail)
      .def("__repr__", [](const Event& e) {
        return "Event(" + std::string(ToString(e.kind)) + ", " + std::to_string(e.bytes.size()) +
               " bytes, reason " + std::to_string(e.reason) + (e.detail.empty() ? "" : ", ") +
               e.detail + ")";
      });
  pyb::class_<arms::Region>(m, "Region", "Memory that a target may reach: va, rkey, bytes.")
      .def_property_readonly("va", [](const arms::Region& r) { return r.va.v; })
      .def_property_readonly("rkey", [](const arms::Region& r) { return r.rkey.v; })
      .def_readonly("bytes", &arms::Region::bytes);
}

}  // namespace

void BindArms(pyb::module_& m) {
  BindEvent(m);
  pyb::class_<Arm>(m, "Arm", "One way to reach a target. Times are in nanoseconds.")
      .def(
          "connect",
          [](Arm& arm, const pyb::bytes& private_data, const std::string& source,
             std::uint8_t responder_resources, std::uint32_t receives, std::uint32_t receive_bytes,
             bool native_cm) {
            arms::ConnectOptions options;
            options.private_data = Copy(View(private_data));
            options.source = source;
            options.responder_resources = responder_resources;
            options.receives = receives;
            options.receive_bytes = receive_bytes;
            options.native_cm = native_cm;
            return OrRaise(arm.Connect(options)).v;
          },
          "private_data"_a, "source"_a = "", "responder_resources"_a = 4, "receives"_a = 144,
          "receive_bytes"_a = 4096, "native_cm"_a = false,
          "Sends a CM REQ; returns the connection's number, whose first event is the outcome.\n"
          "RuntimeError if it could not be sent.")
      .def(
          "next_event",
          [](Arm& arm, std::uint32_t connection, std::uint64_t within) {
            return arm.NextEvent(ConnectionId(connection), Duration{within});
          },
          "connection"_a, "within"_a, "The next Event, or None if none came within that time.")
      .def(
          "send",
          [](Arm& arm, std::uint32_t connection, const pyb::bytes& iu, bool solicited) {
            return arm.Send(ConnectionId(connection), View(iu), solicited);
          },
          "connection"_a, "iu"_a, "solicited"_a = false, "False: not connected any more.")
      .def(
          "disconnect",
          [](Arm& arm, std::uint32_t connection) { arm.Disconnect(ConnectionId(connection)); },
          "connection"_a, "DREQ; the event disconnected follows.")
      .def(
          "close", [](Arm& arm, std::uint32_t connection) { arm.Close(ConnectionId(connection)); },
          "connection"_a, "Lets go of the connection; no more events.")
      .def(
          "register",
          [](Arm& arm, std::uint32_t connection, std::uint32_t bytes, bool remote_read,
             bool remote_write) {
            const std::uint32_t rights = (remote_read ? arms::access::kRemoteRead : 0) |
                                         (remote_write ? arms::access::kRemoteWrite : 0);
            return OrRaise(arm.Register(ConnectionId(connection), bytes, rights));
          },
          "connection"_a, "bytes"_a, "remote_read"_a = true, "remote_write"_a = true,
          "A Region of zeroes, good on every connection of the arm.")
      .def("deregister", &Arm::Deregister, "region"_a)
      .def(
          "write",
          [](Arm& arm, const arms::Region& region, const pyb::bytes& data, std::uint64_t offset) {
            Require(arm.WriteMemory(region, offset, View(data)), "not inside the region");
          },
          "region"_a, "data"_a, "offset"_a = 0)
      .def(
          "read",
          [](const Arm& arm, const arms::Region& region, std::uint64_t size, std::uint64_t offset) {
            Require(size <= region.bytes, "not inside the region");
            std::vector<std::uint8_t> out(size);
            Require(arm.ReadMemory(region, offset, out), "not inside the region");
            return ToPython(out);
          },
          "region"_a, "size"_a, "offset"_a = 0)
      .def("now", [](const Arm& arm) { return arm.Now().ns; })
      .def(
          "sleep", [](Arm& arm, std::uint64_t ns) { arm.Sleep(Duration{ns}); }, "ns"_a);

  pyb::class_<arms::VerbsArm, Arm>(
      m, "VerbsArm",
      "Over librdmacm to 'A.B.C.D:PORT' or '[IPV6%IF]:PORT'. No device\n"
      "is looked for until the first connect. Time is the wall clock's.")
      .def(pyb::init([](const std::string& target) {
             const auto address = arms::ParseSocketAddress(target);
             if (!address.ok()) throw pyb::value_error(address.error());
             return std::make_unique<arms::VerbsArm>(*address);
           }),
           "target"_a)
      .def(
          "drop",
          [](arms::VerbsArm& arm, std::uint32_t connection) { arm.Drop(ConnectionId(connection)); },
          "connection"_a, "As close, but the queue pair is gone before the target hears of it.");
}

}  // namespace srpt::py
