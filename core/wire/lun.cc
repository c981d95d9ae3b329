#include "core/wire/lun.h"

#include "core/base/bytes.h"
#include "core/base/check.h"
#include "core/base/limits.h"

namespace srpt::wire {
namespace {

// Byte 0: addressing method in bits 7:6, then by method
//   00b  bus (5:0);             byte 1: LUN (7:0)
//   01b  LUN, bits 13:8 (5:0);  byte 1: LUN, bits 7:0
//   10b  target (5:0);          byte 1: bus (7:5), LUN (4:0)
//   11b  extended
// Bytes 2..7: the further levels.
constexpr int kMethodShift = 6;
constexpr std::uint8_t kMethodPeripheral = 0;
constexpr std::uint8_t kMethodFlat = 1;
constexpr std::uint8_t kMethodLogicalUnit = 2;
constexpr std::uint8_t kLowSix = 0x3f;
constexpr std::uint16_t kPeripheralLunMax = 0xff;
constexpr std::uint8_t kLogicalUnitLunMax = 0x1f;
constexpr std::uint64_t kBelowFirstLevel = 0x0000ffffffffffff;  // Bytes 2..7.
static_assert(limits::kLunNumberMax == ((kLowSix << 8) | 0xff), "what flat addressing carries");

}  // namespace

std::string_view to_string(LunError error) {
  switch (error) {
    case LunError::kUnknownMethod:
      return "unknown addressing method";
    case LunError::kOtherBus:
      return "another bus or target";
    case LunError::kDeeperLevels:
      return "more than one level";
  }
  return "unknown error";
}

// [R-CMD-07, R-FAULT-19]
Result<LunNumber, LunError> DecodeLun(const RawLun& raw) {
  const std::uint8_t high = raw.bytes[0] & kLowSix;
  const std::uint8_t low = raw.bytes[1];
  const int method = raw.bytes[0] >> kMethodShift;
  if (method > kMethodLogicalUnit) return Err{LunError::kUnknownMethod};
  if ((LoadBe64(raw.bytes.data()) & kBelowFirstLevel) != 0) return Err{LunError::kDeeperLevels};
  if (method == kMethodFlat) return LunNumber(static_cast<std::uint16_t>((high << 8) | low));
  if (high != 0) return Err{LunError::kOtherBus};
  if (method == kMethodLogicalUnit && low > kLogicalUnitLunMax) return Err{LunError::kOtherBus};
  return LunNumber(low);
}

RawLun EncodeLun(LunNumber lun, LunAddressing addressing) {
  SRPT_CHECK(lun.v <= limits::kLunNumberMax);
  RawLun raw;
  if (lun.v == 0) return raw;
  std::uint8_t method = kMethodFlat;
  if (addressing == LunAddressing::kPeripheral && lun.v <= kPeripheralLunMax) {
    method = kMethodPeripheral;
  } else if (addressing == LunAddressing::kLogicalUnit && lun.v <= kLogicalUnitLunMax) {
    method = kMethodLogicalUnit;
  }
  raw.bytes[0] = static_cast<std::uint8_t>((method << kMethodShift) | (lun.v >> 8));
  raw.bytes[1] = static_cast<std::uint8_t>(lun.v);
  return raw;
}

}  // namespace srpt::wire
