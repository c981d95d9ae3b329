#include "core/scsi/lun.h"

#include <algorithm>

#include "core/base/check.h"
#include "core/base/limits.h"

namespace srpt::scsi {
namespace {

constexpr std::uint8_t kExtendedMethod = 3;
constexpr std::uint16_t kPeripheralLunMax = 255;

}  // namespace

std::optional<LunNumber> DecodeLun(const RawLun& raw) {
  const auto& b = raw.bytes;
  if (b[0] >> 6 == kExtendedMethod) return std::nullopt;
  if (std::any_of(b.begin() + 2, b.end(), [](std::uint8_t x) { return x != 0; })) {
    return std::nullopt;
  }
  return LunNumber(static_cast<std::uint16_t>((b[0] & 0x3f) << 8 | b[1]));
}

RawLun EncodeLun(LunNumber lun, LunAddressing addressing) {
  SRPT_CHECK(lun.v <= limits::kLunNumberMax);
  if (addressing == LunAddressing::kPeripheral && lun.v > kPeripheralLunMax) {
    addressing = LunAddressing::kFlat;
  }
  RawLun raw;
  raw.bytes[0] = static_cast<std::uint8_t>(static_cast<unsigned>(addressing) << 6 | lun.v >> 8);
  raw.bytes[1] = static_cast<std::uint8_t>(lun.v);
  return raw;
}

}  // namespace srpt::scsi
