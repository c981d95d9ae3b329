#include "core/scsi/inquiry.h"

#include <cstddef>
#include <cstdint>

#include "core/scsi/answer.h"

namespace srpt::scsi {
namespace {

constexpr std::size_t kInquiryBytes = 96;
constexpr std::uint8_t kNoUnit = 0x7f;  // Qualifier 3, type 0x1f: no unit here, nor could be.
constexpr std::uint8_t kVersionSpc4 = 6;
constexpr std::uint8_t kHiSup = 0x10;
constexpr std::uint8_t kFormatSpc2 = 2;
constexpr std::uint8_t kTpgsImplicit = 0x10;
constexpr std::uint8_t kMultiPort = 0x10;
constexpr std::uint8_t kCmdQue = 0x02;

// SPC-4 table 144, "no version claimed" of each.
constexpr std::uint16_t kSam5 = 0x00a0;
constexpr std::uint16_t kSrp = 0x0940;
constexpr std::uint16_t kSpc4 = 0x0460;
constexpr std::uint16_t kSbc3 = 0x04c0;

}  // namespace

ControlAnswer StandardInquiry(const Control& control, const LuView* lu, MutableBytes out) {
  Writer w(Allowed(control, out), Writer::Mode::kTruncate);
  w.U8(0, lu == nullptr ? kNoUnit : 0);
  w.U8(2, kVersionSpc4);
  w.U8(3, kHiSup | kFormatSpc2);
  w.U8(4, kInquiryBytes - 5);
  w.U8(7, kCmdQue);
  w.Ascii(8, lu == nullptr ? "" : lu->identity.t10_vend_id.view(), 8);
  w.Ascii(16, lu == nullptr ? "" : lu->identity.prod_id.view(), 16);
  w.Ascii(32, lu == nullptr ? "" : lu->identity.prod_rev_lvl.view(), 4);
  if (lu != nullptr) {
    w.U8(1, lu->removable ? 0x80 : 0);
    w.U8(5, lu->alua.present ? kTpgsImplicit : 0);
    w.U8(6, kMultiPort);
    w.Be16(58, kSam5);
    w.Be16(60, kSrp);
    w.Be16(62, kSpc4);
    w.Be16(64, kSbc3);
  }
  w.Extend(kInquiryBytes);
  return Good(w);
}

}  // namespace srpt::scsi
