// srptest.wire: data buffer descriptors.
#include "core/wire/data_descriptor.h"
#include "core/wire/to_string.h"
#include "pytests/bind.h"

namespace srpt::py {
namespace {

using namespace pybind11::literals;  // NOLINT: "x"_a.
using wire::BufferLayout;
using wire::Direct;

// A layout with the descriptors and the immediate data copied out of the IU.
struct OwnedLayout {
  BufferLayout layout;
  std::vector<Direct> list;
  std::vector<std::uint8_t> immediate;
};

OwnedLayout Own(const BufferLayout& layout, Bytes iu) {
  OwnedLayout out{layout, {}, Copy(layout.ImmediateIn(iu))};
  for (std::uint32_t i = 0; i < layout.descriptor_count; ++i) {
    out.list.push_back(layout.descriptor(i));
  }
  return out;
}

}  // namespace

void BindDescriptors(pyb::module_& m) {
  pyb::class_<Direct>(m, "Direct", "One piece of the initiator's memory: va, rkey, len in bytes.")
      .def(pyb::init([](std::uint64_t va, std::uint32_t rkey, std::uint32_t len) {
             return Direct{RemoteAddr(va), RKey(rkey), len};
           }),
           "va"_a, "rkey"_a, "len"_a)
      .def_property_readonly("va", [](const Direct& d) { return d.va.v; })
      .def_property_readonly("rkey", [](const Direct& d) { return d.rkey.v; })
      .def_readonly("len", &Direct::len)
      .def(
          "to_bytes",
          [](const Direct& d) {
            std::array<std::uint8_t, wire::kDirectBytes> out{};
            wire::SerializeDirect(d, out);
            return ToPython(out);
          },
          "16 bytes, as in an IU or in a table.")
      .def("__eq__", [](const Direct& a, const Direct& b) { return a == b; })
      .def("__repr__", [](const Direct& d) { return wire::ToString(d); });

  pyb::class_<OwnedLayout>(m, "BufferLayout", "The parsed view of one direction of a CMD's data.")
      .def_property_readonly("format", [](const OwnedLayout& l) { return int(l.layout.format); })
      .def_property_readonly("length", [](const OwnedLayout& l) { return l.layout.length; })
      .def_property_readonly("list",
                             [](const OwnedLayout& l) {
                               pyb::list out;
                               for (const Direct& direct : l.list) out.append(direct);
                               return out;
                             })
      .def_property_readonly("table", [](const OwnedLayout& l) { return l.layout.table; })
      .def_property_readonly("total_length",
                             [](const OwnedLayout& l) { return l.layout.total_length; })
      .def_property_readonly("partial", [](const OwnedLayout& l) { return l.layout.partial; })
      .def_property_readonly("immediate",
                             [](const OwnedLayout& l) { return ToPython(l.immediate); });

  m.def(
      "indirect",
      [](const Direct& table, std::uint32_t total_length, const pyb::list& list) {
        std::vector<Direct> descriptors;
        for (const auto& item : list) descriptors.push_back(item.cast<Direct>());
        std::vector<std::uint8_t> out(wire::kIndirectHeaderBytes +
                                      wire::kDirectBytes * descriptors.size());
        wire::SerializeIndirect(table, total_length, descriptors, out);
        return ToPython(out);
      },
      "table"_a, "total_length"_a, "list"_a,
      "An indirect descriptor: 20 bytes and 16 for each inline descriptor. Nothing is checked.");
  m.def(
      "immediate",
      [](std::uint32_t length) {
        std::array<std::uint8_t, wire::kImmediateBytes> out{};
        wire::SerializeImmediate(length, out);
        return ToPython(out);
      },
      "length"_a, "An immediate descriptor, 4 bytes.");
  m.def(
      "parse_buffers",
      [](const pyb::bytes& iu, std::uint16_t imm_data_offset) {
        const Bytes view = View(iu);
        const auto cmd = Value<WireError>(wire::ParseCmd(view));
        const auto buffers =
            Value<RefusedDescriptor>(wire::ParseBuffers(cmd, view, imm_data_offset));
        return pyb::make_tuple(Own(buffers.out, view), Own(buffers.in, view));
      },
      "iu"_a, "imm_data_offset"_a = 0,
      "(out, in) of a whole CMD IU, as the target takes them. imm_data_offset: agreed at login, "
      "0:\n"
      "none. Raises ParseError, or DescriptorError with what the target would refuse.");
}

}  // namespace srpt::py
