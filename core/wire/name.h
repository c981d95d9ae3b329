// Names as SCST spells them: of ports, sessions and GUIDs. Written into fixed buffers.
#ifndef CORE_WIRE_NAME_H_
#define CORE_WIRE_NAME_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/base/check.h"
#include "core/base/types.h"

namespace srpt::wire {

// Text of at most N characters, by value.
template <std::size_t N>
struct FixedText {
  std::array<char, N> chars{};
  std::size_t size = 0;

  std::string_view view() const { return {chars.data(), size}; }
  void Append(char c) {
    SRPT_CHECK(size < N);
    chars[size++] = c;
  }
  void Append(std::string_view text) {
    for (const char c : text) Append(c);
  }
  friend bool operator==(const FixedText& a, const FixedText& b) { return a.view() == b.view(); }
};

using GidText = FixedText<39>;  // "fe80:0000:0000:0000:0002:c903:00aa:0001"
using AddressText = FixedText<39>;
using GuidText = FixedText<18>;    // "0x0002c90300aa0001"
using PortIdText = FixedText<34>;  // "0x" and 32 hex digits.

// A GID: eight groups of four lower-case hex digits, never shortened.
GidText FormatGid(const std::array<std::uint8_t, 16>& gid);
// The reverse: exactly eight groups of four hex digits (either case), else nothing.
std::optional<std::array<std::uint8_t, 16>> ParseGid(std::string_view text);

// A peer's address: dotted decimal if it is an IPv4 address mapped into IPv6 (::ffff:a.b.c.d), else
// eight groups of four, as a GID. So is a session named: over RDMA/CM by the initiator's address,
// over native InfiniBand by its GID.
AddressText FormatPeerAddress(const PeerAddress& address);

// An IPv4 address in network order, mapped into IPv6.
PeerAddress MapIpv4(const std::array<std::uint8_t, 4>& address);

// A GUID (the service GUID, I/O controller GUIDs): "0x" and 16 hex digits.
GuidText FormatGuid(std::uint64_t guid);

// A port identifier: "0x" and 32 hex digits.
PortIdText FormatPortId(const PortId& id);

}  // namespace srpt::wire

#endif  // CORE_WIRE_NAME_H_
