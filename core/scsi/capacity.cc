#include "core/scsi/capacity.h"

#include <cstdint>

#include "core/base/check.h"
#include "core/scsi/answer.h"

namespace srpt::scsi {

ControlAnswer ReadCapacity10(const Control& control, const LuView& lu, MutableBytes out) {
  constexpr std::uint64_t kTooLarge = 0xffffffff;  // "Use READ CAPACITY (16)".
  SRPT_CHECK(lu.block_count > 0);
  const std::uint64_t last = lu.block_count - 1;
  Writer w(Allowed(control, out), Writer::Mode::kTruncate);
  w.Be32(0, static_cast<std::uint32_t>(last < kTooLarge ? last : kTooLarge));
  w.Be32(4, lu.block_bytes);
  return Good(w);
}

ControlAnswer ReadCapacity16(const Control& control, const LuView& lu, MutableBytes out) {
  constexpr std::uint8_t kLbpme = 0x80;
  SRPT_CHECK(lu.block_count > 0);
  Writer w(Allowed(control, out), Writer::Mode::kTruncate);
  w.Be64(0, lu.block_count - 1);
  w.Be32(8, lu.block_bytes);
  w.U8(13, lu.physical_block_exp);
  w.U8(14, lu.thin ? kLbpme : 0);
  w.Extend(32);
  return Good(w);
}

}  // namespace srpt::scsi
