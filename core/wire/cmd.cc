#include "core/wire/cmd.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/wire/codec.h"

namespace srpt::wire {
namespace {

using namespace internal;  // NOLINT: the offsets that all IUs share.

//        0      1      2      3      4      5      6      7
//   00 | 02   | SOLNT| reserved             | FMT  | #OUT | #IN |
//   08 | TAG                                                    |
//   10 | reserved                    | LUN                      |
//   18 | LUN                         |resvd | ATTR | resvd| ADD |
//   20 | CDB, 16 bytes                                          |
//   30 | additional CDB bytes (ADD & FCh), data buffer descriptors, immediate data
// FMT: DATA-OUT format in the high nibble, DATA-IN in the low one. ADD: words of 4 in bits 7:2.
constexpr std::size_t kFormatAt = 5;
constexpr std::size_t kOutCountAt = 6;
constexpr std::size_t kInCountAt = 7;
constexpr std::size_t kLunAt = 20;
constexpr std::size_t kTaskAttrAt = 29;
constexpr std::size_t kAddCdbLenAt = 31;
constexpr std::size_t kCdbAt = 32;
constexpr std::uint8_t kTaskAttrMask = 0x07;
constexpr std::uint8_t kAddCdbMask = 0xfc;
static_assert(kInCountAt + 1 == kTagAt);
static_assert(kLunAt + kLunBytes <= kTaskAttrAt);
static_assert(kAddCdbLenAt + 1 == kCdbAt);
static_assert(kCdbAt + kCdbBytes == kCmdBytes);
static_assert(kAddCdbMask == kAdditionalCdbBytesMax);

std::size_t AdditionalCdbBytes(const Cmd& cmd) {
  if (cmd.cdb.size() <= kCdbBytes) return 0;
  const std::size_t additional = (cmd.cdb.size() - kCdbBytes + 3) / 4 * 4;
  SRPT_CHECK(additional <= kAdditionalCdbBytesMax);
  return additional;
}

// [R-CMD-01]
inline std::optional<ParseError> Parse(Bytes iu, Cmd& cmd) {
  if (const auto error = CheckFixedPart(iu, Opcode::kCmd, kCmdBytes)) return error;
  // One bound for the whole fixed part: the compiler then knows that each field lies inside.
  const auto fixed = iu.first<kCmdBytes>();
  // [R-CMD-02]
  const std::size_t cdb_bytes = kCdbBytes + (fixed[kAddCdbLenAt] & kAddCdbMask);
  const std::size_t header_bytes = kCdbAt + cdb_bytes;
  if (iu.size() < header_bytes) return ParseError::kAdditionalCdbTruncated;
  cmd.sol_not = fixed[kSolNotAt];
  cmd.out_fmt = static_cast<BufferFormat>(fixed[kFormatAt] >> 4);
  cmd.in_fmt = static_cast<BufferFormat>(fixed[kFormatAt] & 0x0f);
  cmd.out_count = fixed[kOutCountAt];
  cmd.in_count = fixed[kInCountAt];
  std::copy_n(fixed.subspan<kTagAt, kTagBytes>().begin(), kTagBytes, cmd.tag.bytes.begin());
  std::copy_n(fixed.subspan<kLunAt, kLunBytes>().begin(), kLunBytes, cmd.lun.bytes.begin());
  cmd.task_attr = fixed[kTaskAttrAt] & kTaskAttrMask;
  // [R-CMD-06]
  cmd.cdb = iu.subspan(kCdbAt, cdb_bytes);
  cmd.descriptors = iu.subspan(header_bytes);
  return std::nullopt;
}

}  // namespace

std::string_view to_string(BufferFormat format) {
  switch (format) {
    case BufferFormat::kNone:
      return "none";
    case BufferFormat::kDirect:
      return "direct";
    case BufferFormat::kIndirect:
      return "indirect";
    case BufferFormat::kImmediate:
      return "immediate";
  }
  return "unknown format";
}

std::string_view to_string(TaskAttr attr) {
  switch (attr) {
    case TaskAttr::kSimple:
      return "SIMPLE";
    case TaskAttr::kHeadOfQueue:
      return "HEAD OF QUEUE";
    case TaskAttr::kOrdered:
      return "ORDERED";
    case TaskAttr::kAca:
      return "ACA";
  }
  return "unknown attribute";
}

bool operator==(const Cmd& a, const Cmd& b) {
  return a.sol_not == b.sol_not && a.tag == b.tag && a.lun == b.lun && a.task_attr == b.task_attr &&
         a.out_fmt == b.out_fmt && a.in_fmt == b.in_fmt && a.out_count == b.out_count &&
         a.in_count == b.in_count && SameBytes(a.cdb, b.cdb) &&
         SameBytes(a.descriptors, b.descriptors);
}

Result<Cmd, ParseError> ParseCmd(Bytes iu) {
  Result<Cmd, ParseError> result(std::in_place);
  if (const auto error = Parse(iu, result.value())) result = Err{*error};
  return result;
}

std::size_t SerializedBytes(const Cmd& cmd) {
  return kCmdBytes + AdditionalCdbBytes(cmd) + cmd.descriptors.size();
}

std::size_t SerializeCmd(const Cmd& cmd, MutableBytes out) {
  const std::size_t additional = AdditionalCdbBytes(cmd);
  const std::size_t length = SerializedBytes(cmd);
  const auto out_fmt = static_cast<std::uint8_t>(cmd.out_fmt);
  const auto in_fmt = static_cast<std::uint8_t>(cmd.in_fmt);
  SRPT_CHECK(out_fmt <= 0x0f && in_fmt <= 0x0f && cmd.task_attr <= kTaskAttrMask);
  Writer w = Begin(out, length, Opcode::kCmd);
  w.U8(kSolNotAt, cmd.sol_not);
  w.U8(kFormatAt, static_cast<std::uint8_t>((out_fmt << 4) | in_fmt));
  w.U8(kOutCountAt, cmd.out_count);
  w.U8(kInCountAt, cmd.in_count);
  w.Copy(kTagAt, cmd.tag.bytes);
  w.Copy(kLunAt, cmd.lun.bytes);
  w.U8(kTaskAttrAt, cmd.task_attr);
  w.U8(kAddCdbLenAt, static_cast<std::uint8_t>(additional));
  w.Copy(kCdbAt, cmd.cdb);
  w.Copy(kCmdBytes + additional, cmd.descriptors);
  return length;
}

}  // namespace srpt::wire
