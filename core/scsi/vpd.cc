#include "core/scsi/vpd.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/base/limits.h"
#include "core/scsi/answer.h"

namespace srpt::scsi {
namespace {

constexpr std::uint8_t kNoUnit = 0x7f;
constexpr std::size_t kHeaderBytes = 4;
constexpr std::size_t kPageBytes = 64;  // 86, B0 and B1 with header.
// What an initiator should send at once. A multiple of every physical block size.
constexpr std::uint32_t kOptimalTransferBytes = 1u << 20;
static_assert(kOptimalTransferBytes <= limits::kTransferBytesMax);

Bytes AsBytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

void SupportedPages(const LuView* lu, Writer& w) {
  constexpr std::uint8_t kPages[] = {0x00, 0x80, 0x83, 0x86, 0xb0, 0xb1};
  if (lu == nullptr) {
    w.U8(kHeaderBytes, 0x00);
    return;
  }
  w.Copy(kHeaderBytes, kPages);
  if (lu->thin) w.U8(kHeaderBytes + sizeof kPages, 0xb2);
}

void SerialNumber(const LuView& lu, Writer& w) {
  w.Copy(kHeaderBytes, AsBytes(lu.identity.usn.view()));
}

// Designators one after the other (SPC-4 7.8.6), each
//   0: protocol:4 code set:4    1: PIV, association:2, type:4    3: length    4: designator
class Designators {
 public:
  explicit Designators(Writer& w) : w_(w) {}

  // Returns the offset of the designator's `bytes` bytes.
  std::size_t Add(std::uint8_t code_set, std::uint8_t association_and_type, std::size_t bytes) {
    w_.U8(at_, code_set);
    w_.U8(at_ + 1, association_and_type);
    w_.U8(at_ + 3, static_cast<std::uint8_t>(bytes));
    const std::size_t designator = at_ + 4;
    at_ = designator + bytes;
    w_.Extend(at_);
    return designator;
  }

 private:
  Writer& w_;
  std::size_t at_ = kHeaderBytes;
};

void DeviceIdentification(const LuView& lu, Writer& w) {
  constexpr std::uint8_t kBinary = 1;
  constexpr std::uint8_t kAscii = 2;
  constexpr std::uint8_t kSrpProtocol = 0x40;    // In the code set's byte, valid with kPiv.
  constexpr std::uint8_t kPivTargetPort = 0x90;  // PIV, association 1.
  constexpr std::uint8_t kTypeT10Vendor = 1;
  constexpr std::uint8_t kTypeNaa = 3;
  constexpr std::uint8_t kTypeRelativePort = 4;
  constexpr std::uint8_t kTypePortGroup = 5;

  Designators add(w);
  const Identity& id = lu.identity;
  const std::size_t t10 = add.Add(kAscii, kTypeT10Vendor, 8 + id.t10_dev_id.view().size());
  w.Ascii(t10, id.t10_vend_id.view(), 8);
  w.Copy(t10 + 8, AsBytes(id.t10_dev_id.view()));

  w.Copy(add.Add(kBinary, kTypeNaa, id.naa.size()), id.naa);

  const std::size_t port = add.Add(kSrpProtocol | kBinary, kPivTargetPort | kTypeRelativePort, 4);
  w.Be16(port + 2, lu.rel_tgt_id);

  if (lu.alua.present) {
    const std::size_t group = add.Add(kSrpProtocol | kBinary, kPivTargetPort | kTypePortGroup, 4);
    w.Be16(group + 2, lu.alua.group_id);
  }
}

// SPC-4 7.8.7.
void ExtendedInquiry(const LuView& lu, Writer& w) {
  constexpr std::uint8_t kHeadOrderedSimple = 0x07;
  constexpr std::uint8_t kVolatileCache = 0x01;
  constexpr std::uint8_t kNonvolatileCache = 0x02;
  w.U8(5, kHeadOrderedSimple);
  w.U8(6, static_cast<std::uint8_t>((lu.write_cache ? kVolatileCache : 0) |
                                    (lu.nv_cache ? kNonvolatileCache : 0)));
  w.Extend(kPageBytes);
}

// SBC-3 6.6.4. UNMAP, WRITE SAME and COMPARE AND WRITE limits are zero: no such commands.
void BlockLimits(const LuView& lu, Writer& w) {
  w.Be16(6, static_cast<std::uint16_t>(1u << lu.physical_block_exp));
  w.Be32(8, limits::kTransferBytesMax / lu.block_bytes);
  w.Be32(12, kOptimalTransferBytes / lu.block_bytes);
  w.Extend(kPageBytes);
}

// SBC-3 6.6.2. A rotating medium's rate is not known: 0, not reported.
void BlockCharacteristics(const LuView& lu, Writer& w) {
  constexpr std::uint16_t kNonRotating = 1;
  w.Be16(4, lu.rotational ? 0 : kNonRotating);
  w.Extend(kPageBytes);
}

// SBC-3 6.6.5. No bit for UNMAP or WRITE SAME: blocks are allocated when written, never given back.
void Provisioning(Writer& w) {
  constexpr std::uint8_t kThin = 2;
  w.U8(6, kThin);
  w.Extend(8);
}

// Writes the page behind the header; false if the unit has no such page.
bool WritePage(std::uint8_t page, const LuView* lu, Writer& w) {
  if (page == 0x00) {
    SupportedPages(lu, w);
    return true;
  }
  if (lu == nullptr) return false;
  switch (page) {
    case 0x80:
      SerialNumber(*lu, w);
      return true;
    case 0x83:
      DeviceIdentification(*lu, w);
      return true;
    case 0x86:
      ExtendedInquiry(*lu, w);
      return true;
    case 0xb0:
      BlockLimits(*lu, w);
      return true;
    case 0xb1:
      BlockCharacteristics(*lu, w);
      return true;
    case 0xb2:
      if (!lu->thin) return false;
      Provisioning(w);
      return true;
    default:
      return false;
  }
}

}  // namespace

ControlAnswer VitalProductData(const Control& control, const LuView* lu, MutableBytes out) {
  Writer w(Allowed(control, out), Writer::Mode::kTruncate);
  w.Extend(kHeaderBytes);
  if (!WritePage(control.page, lu, w)) return Refuse(InvalidField(2));
  w.U8(0, lu == nullptr ? kNoUnit : 0);
  w.U8(1, control.page);
  w.Be16(2, static_cast<std::uint16_t>(w.wanted() - kHeaderBytes));
  return Good(w);
}

}  // namespace srpt::scsi
