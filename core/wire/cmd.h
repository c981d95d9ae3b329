// CMD: one SCSI command. What it says about its data buffers is taken apart in data_descriptor.h.
#ifndef CORE_WIRE_CMD_H_
#define CORE_WIRE_CMD_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/base/types.h"
#include "core/wire/opcode.h"

namespace srpt::wire {

inline constexpr std::size_t kCmdBytes = 48;  // The fixed part, with a CDB of 16 bytes.
inline constexpr std::size_t kCdbBytes = 16;
inline constexpr std::size_t kAdditionalCdbBytesMax = 0xfc;
inline constexpr std::size_t kCmdHeaderBytesMax = kCmdBytes + kAdditionalCdbBytesMax;

// sol_not of CMD and TSK_MGMT: send the response as a solicited event, with SOLNT set, if the
// command succeeded / did not succeed.
inline constexpr std::uint8_t kScsolnt = 0x02;
inline constexpr std::uint8_t kUcsolnt = 0x04;

// A nibble of byte 5. Values above kImmediate are unknown and kept as they come.
enum class BufferFormat : std::uint8_t { kNone = 0, kDirect = 1, kIndirect = 2, kImmediate = 3 };
std::string_view to_string(BufferFormat format);

enum class TaskAttr : std::uint8_t { kSimple = 0, kHeadOfQueue = 1, kOrdered = 2, kAca = 4 };
std::string_view to_string(TaskAttr attr);

struct Cmd {
  std::uint8_t sol_not = 0;  // kScsolnt, kUcsolnt.
  Tag tag;
  RawLun lun;
  std::uint8_t task_attr = 0;  // Bits 2:0 as they came; attr() gives them their meaning.
  BufferFormat out_fmt = BufferFormat::kNone;  // DATA-OUT: initiator to target.
  BufferFormat in_fmt = BufferFormat::kNone;   // DATA-IN: target to initiator.
  std::uint8_t out_count = 0;                  // Inline descriptors of an indirect buffer.
  std::uint8_t in_count = 0;
  Bytes cdb;          // Parsed: 16 bytes and the additional ones. A view of the IU.
  Bytes descriptors;  // Everything after the CDB to the IU's end, immediate data too. A view.

  // Reserved values are treated as ORDERED, the strictest.
  TaskAttr attr() const {
    return task_attr == 0 || task_attr == 1 || task_attr == 4 ? static_cast<TaskAttr>(task_attr)
                                                              : TaskAttr::kOrdered;
  }
  // Compares the viewed bytes, not where they are.
  friend bool operator==(const Cmd& a, const Cmd& b);
};

// Checks the fixed part and that the additional CDB bytes are there; not the descriptors. Errors:
// kTooShort, kWrongOpcode, kAdditionalCdbTruncated (answered CHECK CONDITION; see PeekTag).
// [R-CMD-03]
Result<Cmd, ParseError> ParseCmd(Bytes iu);

// The length that SerializeCmd() will return.
std::size_t SerializedBytes(const Cmd& cmd);
// A CDB below 16 bytes, or beyond it not a multiple of 4, is padded with zeroes; above 268 bytes is
// our own bug, as is an `out` without room.
std::size_t SerializeCmd(const Cmd& cmd, MutableBytes out);

}  // namespace srpt::wire

#endif  // CORE_WIRE_CMD_H_
