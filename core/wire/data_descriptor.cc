#include "core/wire/data_descriptor.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/base/limits.h"
#include "core/wire/codec.h"

namespace srpt::wire {
namespace {

// Direct descriptor:                       Indirect descriptor:
//        0 .. 3        4 .. 7                     0 .. 3        4 .. 7
//   00 | VIRTUAL ADDRESS           |         00 | table: VIRTUAL ADDRESS    |
//   08 | MEMORY HANDLE| LENGTH     |         08 | MEMORY HANDLE| LENGTH     |
//                                            10 | TOTAL LENGTH | k direct descriptors
// Immediate descriptor: LENGTH, 4 bytes.
constexpr std::size_t kVaAt = 0;
constexpr std::size_t kRkeyAt = 8;
constexpr std::size_t kLenAt = 12;
constexpr std::size_t kTotalAt = 16;
static_assert(kLenAt + 4 == kDirectBytes);
static_assert(kTotalAt == kDirectBytes && kTotalAt + 4 == kIndirectHeaderBytes);
static_assert(limits::kControlBytesMax / kDirectBytes < (1u << 31), "a sum of 64 bits cannot wrap");

constexpr std::uint64_t kSumMax = 0xffffffff;

inline Direct LoadDirect(Bytes bytes, std::size_t at) {
  SRPT_CHECK(at <= bytes.size() && kDirectBytes <= bytes.size() - at);
  const std::uint8_t* p = bytes.data() + at;
  return {RemoteAddr(LoadBe64(p + kVaAt)), RKey(LoadBe32(p + kRkeyAt)), LoadBe32(p + kLenAt)};
}

// [R-DESC-11, R-INV-24]
inline bool Wraps(const Direct& direct) {
  return direct.len != 0 && direct.va.v > ~std::uint64_t{0} - (direct.len - 1);
}

// These fill in what the caller owns: a layout is too large to hand from one to the next.
using Failure = std::optional<DescriptorError>;

// [R-DESC-12]
inline Failure SetLength(BufferLayout& layout, std::uint64_t sum) {
  layout.length = static_cast<std::uint32_t>(std::min<std::uint64_t>(layout.total_length, sum));
  if (layout.length > limits::kTransferBytesMax) return DescriptorError::kTransferTooLarge;
  return std::nullopt;
}

// Takes `list` as the whole list of `layout`: checks it and sets the length.
Failure TakeList(BufferLayout& layout, Bytes list) {
  layout.partial = false;
  layout.descriptors = list;
  layout.descriptor_count = static_cast<std::uint32_t>(list.size() / kDirectBytes);
  // [R-DESC-08, R-FAULT-15]
  std::uint64_t sum = 0;
  for (std::uint32_t i = 0; i < layout.descriptor_count; ++i) {
    const Direct direct = LoadDirect(list, kDirectBytes * std::size_t{i});
    if (Wraps(direct)) return DescriptorError::kAddressWraps;
    if (i == 0) layout.first = direct;
    sum += direct.len;
  }
  if (sum > kSumMax) return DescriptorError::kSumTooLarge;
  return SetLength(layout, sum);
}

// Walks the descriptors of one IU from front to back.
class DescriptorParser {
 public:
  DescriptorParser(Bytes iu, std::size_t at) : iu_(iu), at_(at) {}

  // Where the next descriptor would start: the end of those parsed so far.
  std::size_t at() const { return at_; }

  // `own` is the direction's descriptor count; up to `inline_max` of an indirect list may be in the
  // IU (more than `own` if the count may stand in the other direction's field).
  [[gnu::always_inline]] Failure Parse(BufferFormat format, std::uint32_t own,
                                       std::uint32_t inline_max, BufferLayout& layout) {
    layout.format = format;
    if (format == BufferFormat::kDirect) return ParseDirect(layout);
    return ParseOther(format, own, inline_max, layout);
  }

 private:
  Failure ParseOther(BufferFormat format, std::uint32_t own, std::uint32_t inline_max,
                     BufferLayout& layout) {
    switch (format) {
      case BufferFormat::kNone:
      case BufferFormat::kDirect:
        return std::nullopt;
      case BufferFormat::kIndirect:
        return ParseIndirect(layout, own, inline_max);
      case BufferFormat::kImmediate:
        return ParseImmediate(layout);
    }
    // [R-DESC-10]
    return DescriptorError::kUnknownFormat;
  }

  // [R-DESC-06, R-FAULT-14]
  bool Has(std::size_t n) const { return n <= iu_.size() - at_; }

  // [R-DESC-01]
  Failure ParseDirect(BufferLayout& layout) {
    if (!Has(kDirectBytes)) return DescriptorError::kTruncated;
    layout.descriptors = iu_.subspan(at_, kDirectBytes);
    layout.descriptor_count = 1;
    const Direct direct = LoadDirect(layout.descriptors, 0);
    if (Wraps(direct)) return DescriptorError::kAddressWraps;
    at_ += kDirectBytes;
    layout.first = direct;
    layout.total_length = direct.len;
    return SetLength(layout, direct.len);
  }

  Failure ParseIndirect(BufferLayout& layout, std::uint32_t own, std::uint32_t inline_max) {
    if (!Has(kIndirectHeaderBytes)) return DescriptorError::kTruncated;
    layout.table = LoadDirect(iu_, at_);
    layout.total_length = Reader(iu_).Be32(at_ + kTotalAt);
    // [R-DESC-07]
    if (layout.table.len % kDirectBytes != 0) return DescriptorError::kTableNotMultiple;
    const std::uint32_t table_count = layout.table_count();
    if (table_count == 0 && layout.total_length != 0) {
      return DescriptorError::kTableEmpty;
    }
    layout.partial = table_count > inline_max;
    const std::uint32_t inline_count = layout.partial ? own : table_count;
    const std::size_t extent =
        kIndirectHeaderBytes + kDirectBytes * std::size_t{std::max(own, inline_count)};
    if (!Has(extent)) return DescriptorError::kTruncated;
    const Bytes list = iu_.subspan(at_ + kIndirectHeaderBytes, kDirectBytes * inline_count);
    at_ += extent;
    // [R-DESC-02]
    if (!layout.partial) return TakeList(layout, list);
    if (layout.table.len > limits::kControlBytesMax) return DescriptorError::kTableTooLong;
    if (Wraps(layout.table)) return DescriptorError::kAddressWraps;
    layout.descriptors = list;
    layout.descriptor_count = inline_count;
    layout.length = layout.total_length;
    return std::nullopt;
  }

  Failure ParseImmediate(BufferLayout& layout) {
    if (!Has(kImmediateBytes)) return DescriptorError::kTruncated;
    layout.total_length = Reader(iu_).Be32(at_);
    layout.length = layout.total_length;
    at_ += kImmediateBytes;
    return std::nullopt;
  }

  Bytes iu_;
  std::size_t at_;  // At most iu_.size().
};

inline Failure ParseBoth(const Cmd& cmd, Bytes iu, std::uint16_t imm_data_offset,
                         Buffers& buffers) {
  const std::size_t header = kCmdBytes - kCdbBytes + cmd.cdb.size();
  SRPT_CHECK(header + cmd.descriptors.size() == iu.size());
  // [R-DESC-05]
  if (cmd.in_fmt == BufferFormat::kImmediate) return DescriptorError::kImmediateIn;
  const bool immediate = cmd.out_fmt == BufferFormat::kImmediate;
  if (immediate && imm_data_offset == 0) return DescriptorError::kImmediateNotNegotiated;

  // With one direction only, the count may stand in the wrong field (seen in some initiators). With
  // both it must be where it belongs, for it says where the second descriptor starts.
  const bool both = cmd.out_fmt != BufferFormat::kNone && cmd.in_fmt != BufferFormat::kNone;
  // [R-DESC-04]
  const std::uint32_t sum = std::uint32_t{cmd.out_count} + cmd.in_count;
  DescriptorParser parser(iu, header);
  if (cmd.out_fmt != BufferFormat::kNone) {
    const std::uint32_t inline_max = both ? cmd.out_count : sum;
    const Failure failure = parser.Parse(cmd.out_fmt, cmd.out_count, inline_max, buffers.out);
    if (failure) return failure;
  }
  if (cmd.in_fmt != BufferFormat::kNone) {
    const std::uint32_t inline_max = both ? cmd.in_count : sum;
    const Failure failure = parser.Parse(cmd.in_fmt, cmd.in_count, inline_max, buffers.in);
    if (failure) return failure;
  }
  if (immediate) {
    // [R-DESC-09]
    if (parser.at() > imm_data_offset) return DescriptorError::kImmediateOverlaps;
    if (imm_data_offset > iu.size() || buffers.out.length > iu.size() - imm_data_offset) {
      return DescriptorError::kImmediateTruncated;
    }
    buffers.out.immediate_offset = imm_data_offset;
  }
  return std::nullopt;
}

}  // namespace

std::string_view to_string(DescriptorError error) {
  switch (error) {
    case DescriptorError::kUnknownFormat:
      return "unknown data buffer format";
    case DescriptorError::kTruncated:
      return "descriptor runs past the IU's end";
    case DescriptorError::kTableNotMultiple:
      return "descriptor table's length is not a multiple of 16";
    case DescriptorError::kTableEmpty:
      return "descriptor table is empty but the total length is not 0";
    case DescriptorError::kTableTooLong:
      return "descriptor table is too long";
    case DescriptorError::kSumTooLarge:
      return "descriptors add up to 4 GiB or more";
    case DescriptorError::kTransferTooLarge:
      return "transfer is larger than the limit";
    case DescriptorError::kAddressWraps:
      return "descriptor runs past the end of the address space";
    case DescriptorError::kImmediateIn:
      return "immediate data for DATA-IN";
    case DescriptorError::kImmediateNotNegotiated:
      return "immediate data was not negotiated";
    case DescriptorError::kImmediateOverlaps:
      return "descriptors reach into the immediate data";
    case DescriptorError::kImmediateTruncated:
      return "immediate data runs past the IU's end";
  }
  return "unknown error";
}

Direct BufferLayout::descriptor(std::uint32_t i) const {
  SRPT_CHECK(i < descriptor_count);
  return LoadDirect(descriptors, kDirectBytes * std::size_t{i});
}

Result<Buffers, DescriptorError> ParseBuffers(const Cmd& cmd, Bytes iu,
                                              std::uint16_t imm_data_offset) {
  Result<Buffers, DescriptorError> result(std::in_place);
  if (const Failure f = ParseBoth(cmd, iu, imm_data_offset, result.value())) result = Err{*f};
  return result;
}

Result<BufferLayout, DescriptorError> CompleteLayout(const BufferLayout& partial, Bytes table) {
  SRPT_CHECK(partial.partial && table.size() == partial.table.len);
  Result<BufferLayout, DescriptorError> result{partial};
  if (const Failure failure = TakeList(result.value(), table)) return Err{*failure};
  return result;
}

std::size_t SerializeDirect(const Direct& direct, MutableBytes out) {
  SRPT_CHECK(out.size() >= kDirectBytes);
  Writer w(out.first(kDirectBytes));
  w.Be64(kVaAt, direct.va.v);
  w.Be32(kRkeyAt, direct.rkey.v);
  w.Be32(kLenAt, direct.len);
  return kDirectBytes;
}

std::size_t SerializeIndirect(const Direct& table, std::uint32_t total_length,
                              std::span<const Direct> inline_list, MutableBytes out) {
  const std::size_t length = kIndirectHeaderBytes + kDirectBytes * inline_list.size();
  SRPT_CHECK(out.size() >= length);
  SerializeDirect(table, out);
  Writer(out.subspan(kTotalAt, 4)).Be32(0, total_length);
  std::size_t at = kIndirectHeaderBytes;
  for (const Direct& direct : inline_list) at += SerializeDirect(direct, out.subspan(at));
  return length;
}

std::size_t SerializeImmediate(std::uint32_t length, MutableBytes out) {
  SRPT_CHECK(out.size() >= kImmediateBytes);
  Writer(out.first(kImmediateBytes)).Be32(0, length);
  return kImmediateBytes;
}

}  // namespace srpt::wire
