#include "core/scsi/mode_sense.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "core/base/check.h"
#include "core/scsi/answer.h"

namespace srpt::scsi {
namespace {

constexpr std::uint8_t kAllPages = 0x3f;
constexpr std::uint8_t kAllSubpages = 0xff;
constexpr std::uint8_t kChangeable = 1;
constexpr std::uint8_t kSaved = 3;

// A page's body, from its byte 2 on, into zeroed space at `at`.
using BodyFn = void (*)(const LuView& lu, Writer& w, std::size_t at);

void NothingSet(const LuView&, Writer&, std::size_t) {}

void Caching(const LuView& lu, Writer& w, std::size_t at) {  // SBC-3 6.5.5
  constexpr std::uint8_t kWce = 0x04;
  w.U8(at, lu.write_cache ? kWce : 0);
}

void ControlPage(const LuView&, Writer& w, std::size_t at) {  // SPC-4 7.5.8
  constexpr std::uint8_t kTaskSetPerNexus = 1 << 5;
  constexpr std::uint8_t kUnrestrictedReordering = 1 << 4;
  w.U8(at, kTaskSetPerNexus);  // D_SENSE 0: fixed format sense.
  w.U8(at + 1, kUnrestrictedReordering);
}

void Exceptions(const LuView&, Writer& w, std::size_t at) {  // SPC-4 7.5.12
  constexpr std::uint8_t kDisabled = 0x08;                   // DEXCPT
  w.U8(at, kDisabled);
}

struct Page {
  std::uint8_t code;
  std::uint8_t body_bytes;
  BodyFn body;
};

constexpr Page kPages[] = {
    {0x01, 10, NothingSet},   // Read-write error recovery.
    {0x02, 14, NothingSet},   // Disconnect-reconnect: no limits.
    {0x08, 18, Caching},      //
    {0x0a, 10, ControlPage},  //
    {0x1c, 10, Exceptions},   // Informational exceptions.
};

void ShortBlockDescriptor(const LuView& lu, Writer& w, std::size_t at) {
  w.Be32(at, static_cast<std::uint32_t>(std::min<std::uint64_t>(lu.block_count, 0xffffffff)));
  w.Be24(at + 5, lu.block_bytes);
}

void LongBlockDescriptor(const LuView& lu, Writer& w, std::size_t at) {
  w.Be64(at, lu.block_count);
  w.Be32(at + 12, lu.block_bytes);
}

std::uint8_t DeviceSpecific(const LuView& lu) {
  constexpr std::uint8_t kWp = 0x80;
  constexpr std::uint8_t kDpoFua = 0x10;
  return static_cast<std::uint8_t>((lu.read_only ? kWp : 0) | (lu.dpofua ? kDpoFua : 0));
}

// Writes the asked-for pages from `at` on; returns their bytes, 0 if there are none.
std::size_t WritePages(const Control& control, const LuView& lu, Writer& w, std::size_t at) {
  const std::size_t begin = at;
  for (const Page& page : kPages) {
    if (control.page != kAllPages && control.page != page.code) continue;
    w.U8(at, page.code);
    w.U8(at + 1, page.body_bytes);
    if (control.page_control != kChangeable) page.body(lu, w, at + 2);
    at += 2u + page.body_bytes;
    w.Extend(at);
  }
  return at - begin;
}

}  // namespace

ControlAnswer ModeSense(const Control& control, const LuView& lu, MutableBytes out) {
  if (control.page_control == kSaved) return Refuse(kSavingNotSupported);
  if (control.subpage != 0 && control.subpage != kAllSubpages) return Refuse(InvalidField(3));

  const bool six = control.op == ControlOp::kModeSense6;
  const bool long_lba = !six && control.llbaa;
  const std::size_t header = six ? 4 : 8;
  const std::size_t descriptor = control.dbd ? 0 : long_lba ? 16 : 8;

  Writer w(Allowed(control, out), Writer::Mode::kTruncate);
  if (WritePages(control, lu, w, header + descriptor) == 0) return Refuse(InvalidField(2, 5));
  if (!control.dbd) {
    long_lba ? LongBlockDescriptor(lu, w, header) : ShortBlockDescriptor(lu, w, header);
  }
  const std::size_t total = w.wanted();
  if (six) {
    SRPT_CHECK(total - 1 <= 0xff);
    w.U8(0, static_cast<std::uint8_t>(total - 1));
    w.U8(2, DeviceSpecific(lu));
    w.U8(3, static_cast<std::uint8_t>(descriptor));
  } else {
    w.Be16(0, static_cast<std::uint16_t>(total - 2));
    w.U8(3, DeviceSpecific(lu));
    w.U8(4, long_lba && !control.dbd ? 0x01 : 0);
    w.Be16(6, static_cast<std::uint16_t>(descriptor));
  }
  return Good(w);
}

}  // namespace srpt::scsi
