// Strong types for everything that would otherwise be an integer.
//
// A value of one type never converts to another, so a channel cannot be passed where a command is
// meant, nor a count of blocks where bytes are meant. `.v` is the raw value, for serialization,
// array indexing and hashing only.
#ifndef CORE_BASE_TYPES_H_
#define CORE_BASE_TYPES_H_

#include <array>
#include <compare>
#include <cstdint>

namespace srpt {

template <class Tag, class Rep>
struct Strong {
  using rep = Rep;
  Rep v{};

  constexpr Strong() = default;
  constexpr explicit Strong(Rep value) : v(value) {}
  friend constexpr auto operator<=>(const Strong&, const Strong&) = default;
};

// Identifiers. An id names a slot of a fixed table together with the slot's generation, so that a
// late completion for an earlier user of the slot is recognised: low 20 bits slot, rest generation.
// Ids are never reused while anything can still name them. All ones means "none".
template <class Tag>
struct SlotId {
  static constexpr std::uint32_t kSlotBits = 20;
  static constexpr std::uint32_t kSlotMask = (1u << kSlotBits) - 1;
  std::uint32_t v = 0xffffffffu;

  constexpr SlotId() = default;
  constexpr explicit SlotId(std::uint32_t raw) : v(raw) {}
  static constexpr SlotId Make(std::uint32_t slot, std::uint32_t generation) {
    return SlotId((generation << kSlotBits) | (slot & kSlotMask));
  }
  constexpr std::uint32_t slot() const { return v & kSlotMask; }
  constexpr std::uint32_t generation() const { return v >> kSlotBits; }
  constexpr bool valid() const { return v != 0xffffffffu; }
  friend constexpr auto operator<=>(const SlotId&, const SlotId&) = default;
};

using ChannelId = SlotId<struct ChannelIdTag>;  // One RDMA channel of one shard.
using CommandId = SlotId<struct CommandIdTag>;  // One command context of one shard.
using NexusId = SlotId<struct NexusIdTag>;      // One I_T nexus, assigned by the director.

using ShardId = Strong<struct ShardIdTag, std::uint32_t>;
using TargetPortId = Strong<struct TargetPortIdTag, std::uint32_t>;  // Index of an SCST target.
using LuId = Strong<struct LuIdTag, std::uint32_t>;  // Index of a logical unit (SCST device).
using ConnId =
    Strong<struct ConnIdTag, std::uint64_t>;  // A connection request, named by the driver.
using BufferId = Strong<struct BufferIdTag, std::uint32_t>;  // A data buffer of the shard's pool.
using RecvId = Strong<struct RecvIdTag, std::uint32_t>;      // A receive buffer of one channel.
using SendId = Strong<struct SendIdTag, std::uint32_t>;      // A send (IU) buffer of one channel.
using OpId = Strong<struct OpIdTag, std::uint64_t>;        // One operation a driver was asked for.
using AdminId = Strong<struct AdminIdTag, std::uint64_t>;  // An administrator's request.
using FenceId = Strong<struct FenceIdTag, std::uint64_t>;

// The initiator's remote memory.
using RKey = Strong<struct RKeyTag, std::uint32_t>;
using RemoteAddr = Strong<struct RemoteAddrTag, std::uint64_t>;

// SCSI quantities.
using Lba = Strong<struct LbaTag, std::uint64_t>;
using LunNumber = Strong<struct LunNumberTag, std::uint16_t>;  // 0..16383, after decoding.

// SRP tags are opaque strings of 8 bytes: echoed and compared, never interpreted.
struct Tag {
  std::array<std::uint8_t, 8> bytes{};
  friend constexpr auto operator<=>(const Tag&, const Tag&) = default;
};

// The 8-byte LUN field as it was on the wire (SAM-5 4.7).
struct RawLun {
  std::array<std::uint8_t, 8> bytes{};
  friend constexpr auto operator<=>(const RawLun&, const RawLun&) = default;
};

// SRP port identifiers: 16 bytes (extension || GUID).
struct PortId {
  std::array<std::uint8_t, 16> bytes{};
  friend constexpr auto operator<=>(const PortId&, const PortId&) = default;
};

// A network address of a peer: an IPv6 address, or an IPv4 one mapped into it, or a GID.
struct PeerAddress {
  std::array<std::uint8_t, 16> bytes{};
  friend constexpr auto operator<=>(const PeerAddress&, const PeerAddress&) = default;
};

// Time as the driver counts it: nanoseconds since an origin of the driver's choice. Core never
// reads a clock.
struct Duration {
  std::uint64_t ns = 0;
  friend constexpr auto operator<=>(const Duration&, const Duration&) = default;
};
struct Time {
  std::uint64_t ns = 0;
  friend constexpr auto operator<=>(const Time&, const Time&) = default;
};
inline constexpr Time kNever{~std::uint64_t{0}};
constexpr Duration Milliseconds(std::uint64_t n) { return {n * 1000000}; }
constexpr Duration Seconds(std::uint64_t n) { return {n * 1000000000}; }
// Saturates at kNever.
constexpr Time operator+(Time t, Duration d) {
  return d.ns >= kNever.ns - t.ns ? kNever : Time{t.ns + d.ns};
}

}  // namespace srpt

#endif  // CORE_BASE_TYPES_H_
