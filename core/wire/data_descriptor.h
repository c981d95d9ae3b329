// The data buffer descriptors of a CMD: where in the initiator's memory its data lies.
//
// ParseBuffers() makes every check that the target owns before a byte moves; whatever it refuses is
// answered CHECK CONDITION 05/24/00, nothing moved. What it returns only points into the IU: no
// copies, no allocation, valid as long as the IU's bytes are.
#ifndef CORE_WIRE_DATA_DESCRIPTOR_H_
#define CORE_WIRE_DATA_DESCRIPTOR_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/base/types.h"
#include "core/wire/cmd.h"

namespace srpt::wire {

inline constexpr std::size_t kDirectBytes = 16;
inline constexpr std::size_t kIndirectHeaderBytes = 20;  // Table descriptor and total length.
inline constexpr std::size_t kImmediateBytes = 4;

// One piece of the initiator's memory.
struct Direct {
  RemoteAddr va;
  RKey rkey;
  std::uint32_t len = 0;
  friend bool operator==(const Direct&, const Direct&) = default;
};

enum class DescriptorError : std::uint8_t {
  kUnknownFormat,           // A format nibble above 3.
  kTruncated,               // The descriptor runs past the bytes that arrived.
  kTableNotMultiple,        // Indirect: the table's length is not a multiple of 16.
  kTableEmpty,              // Indirect: no descriptors, but a total length above 0.
  kTableTooLong,            // Indirect: longer than we fetch (limits::kControlBytesMax).
  kSumTooLarge,             // The descriptors' lengths add up to 2^32 or more.
  kTransferTooLarge,        // Above limits::kTransferBytesMax.
  kAddressWraps,            // A descriptor runs past the end of the 64-bit address space.
  kImmediateIn,             // Immediate data can only be DATA-OUT.
  kImmediateNotNegotiated,  // Immediate data without an offset agreed at login.
  kImmediateOverlaps,       // The descriptors reach into the immediate data.
  kImmediateTruncated,      // The immediate data runs past the bytes that arrived.
};
std::string_view to_string(DescriptorError error);

// The parsed view of one direction. If `partial`, the descriptors are not all in the IU: the table
// must be read from the initiator (RDMA READ of `table`) and given to CompleteLayout() first; until
// then `length` is the stated total and descriptor() has only the inline ones.
struct BufferLayout {
  BufferFormat format = BufferFormat::kNone;
  bool partial = false;
  std::uint32_t descriptor_count = 0;  // Direct: 1. Indirect: those at hand, all unless partial.
  // Bytes of this buffer: min(stated total, sum of the descriptors); data in or out may use so
  // many.
  std::uint32_t length = 0;
  std::uint32_t total_length = 0;      // As stated by the initiator.
  std::uint32_t immediate_offset = 0;  // Immediate: `length` bytes from there on in the IU.
  Direct table;                        // Indirect: where the whole list lies.
  Direct first;                        // Not partial: descriptor(0), if there is one.
  Bytes descriptors;                   // descriptor_count * 16 bytes, as on the wire.

  bool present() const { return format != BufferFormat::kNone; }
  std::uint32_t table_count() const { return table.len / 16; }  // Descriptors of the whole list.
  // Immediate: its data, in the IU that the layout was parsed from. Else empty.
  Bytes ImmediateIn(Bytes iu) const {
    return format == BufferFormat::kImmediate ? iu.subspan(immediate_offset, length) : Bytes();
  }
  // i < descriptor_count (else our own bug). Zero-length descriptors are legal: skip them. The
  // lengths may add up to more than `length`: stop there.
  Direct descriptor(std::uint32_t i) const;
};

struct Buffers {
  BufferLayout out;  // DATA-OUT: initiator to target.
  BufferLayout in;   // DATA-IN: target to initiator.
};

// `iu` is the whole IU as received, the one that `cmd` was parsed from. `imm_data_offset` is the
// offset agreed at login, 0 if immediate data was not.
Result<Buffers, DescriptorError> ParseBuffers(const Cmd& cmd, Bytes iu,
                                              std::uint16_t imm_data_offset);

// The layout of a partial list with the `table` that was read from the initiator (table_count * 16
// bytes; another length is our own bug). The result points into `table`, not into the IU.
Result<BufferLayout, DescriptorError> CompleteLayout(const BufferLayout& partial, Bytes table);

// For the initiator's side: each writes one descriptor at the start of `out`, which must have room,
// and returns its length.
std::size_t SerializeDirect(const Direct& direct, MutableBytes out);
std::size_t SerializeIndirect(const Direct& table, std::uint32_t total_length,
                              std::span<const Direct> inline_list, MutableBytes out);
std::size_t SerializeImmediate(std::uint32_t length, MutableBytes out);

}  // namespace srpt::wire

#endif  // CORE_WIRE_DATA_DESCRIPTOR_H_
