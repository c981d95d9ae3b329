// What the parts of the Python module srptest share.
#ifndef PYTESTS_BIND_H_
#define PYTESTS_BIND_H_

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/types.h"

namespace srpt::py {

namespace pyb = pybind11;

// One function a file; each fills its part of the module.
void BindWire(pyb::module_& m);
void BindWireRequests(pyb::module_& m);
void BindWireResponses(pyb::module_& m);
void BindDescriptors(pyb::module_& m);
void BindCdb(pyb::module_& m);
void BindInitiator(pyb::module_& m);
void BindArms(pyb::module_& m);
void BindSim(pyb::module_& m);

// A view of a Python bytes object, as long as that lives.
inline Bytes View(const pyb::bytes& bytes) {
  const std::string_view text = bytes;
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline pyb::bytes ToPython(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline std::vector<std::uint8_t> Copy(Bytes bytes) { return {bytes.begin(), bytes.end()}; }

// Exactly N bytes, else ValueError that names `what`.
template <std::size_t N>
std::array<std::uint8_t, N> Fixed(const pyb::bytes& bytes, const char* what) {
  const Bytes view = View(bytes);
  if (view.size() != N) {
    throw pyb::value_error(std::string(what) + " takes " + std::to_string(N) + " bytes, got " +
                           std::to_string(view.size()));
  }
  std::array<std::uint8_t, N> out{};
  std::copy(view.begin(), view.end(), out.begin());
  return out;
}
inline Tag ToTag(const pyb::bytes& bytes) { return Tag{Fixed<8>(bytes, "a tag")}; }
inline RawLun ToLun(const pyb::bytes& bytes) { return RawLun{Fixed<8>(bytes, "a LUN")}; }

// Python's ValueError if `ok` is not so: what would be our own bug further down.
inline void Require(bool ok, const char* what) {
  if (!ok) throw pyb::value_error(what);
}

// wire.ParseError: the bytes are not the IU that was asked for.
struct WireError : std::runtime_error {
  using std::runtime_error::runtime_error;
};
// wire.DescriptorError: a descriptor is refused.
struct RefusedDescriptor : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// The value of a Result, or E thrown with its reason in words.
template <class E, class R>
auto Value(const R& result) {
  if (!result.ok()) throw E(std::string(to_string(result.error())));
  return result.value();
}

}  // namespace srpt::py

#endif  // PYTESTS_BIND_H_
