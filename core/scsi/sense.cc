#include "core/scsi/sense.h"

#include <algorithm>
#include <array>

namespace srpt::scsi {

std::size_t WriteFixedSense(const Sense& sense, MutableBytes out) {
  std::array<std::uint8_t, kFixedSenseBytes> bytes;
  Writer w(bytes);
  const bool has_information = sense.information && *sense.information <= 0xffffffffu;
  w.U8(0, has_information ? 0xf0 : 0x70);
  w.U8(2, sense.key);
  if (has_information) w.Be32(3, static_cast<std::uint32_t>(*sense.information));
  w.U8(7, kFixedSenseBytes - 8);
  w.U8(12, sense.asc);
  w.U8(13, sense.ascq);
  if (sense.field) {
    w.U8(15, static_cast<std::uint8_t>(0x80 | 0x40 | 0x08 | (sense.field->bit & 7)));
    w.Be16(16, sense.field->byte);
  }
  const std::size_t n = std::min(out.size(), bytes.size());
  std::copy_n(bytes.begin(), n, out.begin());
  return n;
}

}  // namespace srpt::scsi
