#include "core/scsi/opcodes.h"

#include <array>
#include <cstddef>
#include <iterator>

#include "core/scsi/decode_block.h"
#include "core/scsi/decode_control.h"

namespace srpt::scsi {
namespace {

constexpr std::uint8_t kAny = OpcodeRow::kNoAction;

constexpr Scope kUnit = Scope::kUnit;
constexpr Scope kAnyLun = Scope::kAnyLun;
constexpr Access kAlways = Access::kEveryState;
constexpr Access kPassive = Access::kStandby;
constexpr Access kActive = Access::kActive;
constexpr Medium kSound = Medium::kSound;
constexpr Medium kPresent = Medium::kPresent;
constexpr Medium kNone = Medium::kNone;

// Ordered by opcode, then service action. A command is one of ours if it has a row here.
// clang-format off
constexpr OpcodeRow kRows[] = {
  // op action cdb scope    access    medium    decoder                    name
  {0x00, kAny,  6, kUnit,   kActive,  kSound,   decode::TestUnitReady,     "TEST UNIT READY"},
  {0x03, kAny,  6, kAnyLun, kAlways,  kNone,    decode::RequestSense,      "REQUEST SENSE"},
  {0x08, kAny,  6, kUnit,   kActive,  kSound,   decode::Read6,             "READ(6)"},
  {0x0a, kAny,  6, kUnit,   kActive,  kSound,   decode::Write6,            "WRITE(6)"},
  {0x12, kAny,  6, kAnyLun, kAlways,  kNone,    decode::Inquiry,           "INQUIRY"},
  {0x1a, kAny,  6, kUnit,   kPassive, kNone,    decode::ModeSense6,        "MODE SENSE(6)"},
  {0x25, kAny, 10, kUnit,   kPassive, kPresent, decode::ReadCapacity10,    "READ CAPACITY(10)"},
  {0x28, kAny, 10, kUnit,   kActive,  kSound,   decode::Read10,            "READ(10)"},
  {0x2a, kAny, 10, kUnit,   kActive,  kSound,   decode::Write10,           "WRITE(10)"},
  {0x35, kAny, 10, kUnit,   kActive,  kSound,   decode::SyncCache10,       "SYNCHRONIZE CACHE(10)"},
  {0x53, kAny, 10, kUnit,   kActive,  kSound,   decode::XdWriteRead10,     "XDWRITEREAD(10)"},
  {0x5a, kAny, 10, kUnit,   kPassive, kNone,    decode::ModeSense10,       "MODE SENSE(10)"},
  {0x7f, 0x07, 32, kUnit,   kActive,  kSound,   decode::XdWriteRead32,     "XDWRITEREAD(32)", 1},
  {0x7f, 0x09, 32, kUnit,   kActive,  kSound,   decode::Read32,            "READ(32)",        1},
  {0x7f, 0x0b, 32, kUnit,   kActive,  kSound,   decode::Write32,           "WRITE(32)",       1},
  {0x88, kAny, 16, kUnit,   kActive,  kSound,   decode::Read16,            "READ(16)"},
  {0x8a, kAny, 16, kUnit,   kActive,  kSound,   decode::Write16,           "WRITE(16)"},
  {0x91, kAny, 16, kUnit,   kActive,  kSound,   decode::SyncCache16,       "SYNCHRONIZE CACHE(16)"},
  {0x9e, 0x10, 16, kUnit,   kPassive, kPresent, decode::ReadCapacity16,    "READ CAPACITY(16)"},
  {0xa0, kAny, 12, kAnyLun, kAlways,  kNone,    decode::ReportLuns,        "REPORT LUNS"},
  {0xa3, 0x0a, 12, kUnit,   kAlways,  kNone,    decode::ReportTargetGroups, "REPORT TARGET PORT GROUPS"},
  {0xa8, kAny, 12, kUnit,   kActive,  kSound,   decode::Read12,            "READ(12)"},
  {0xaa, kAny, 12, kUnit,   kActive,  kSound,   decode::Write12,           "WRITE(12)"},
};
// clang-format on

constexpr bool Ordered() {
  for (std::size_t i = 1; i < std::size(kRows); ++i) {
    const OpcodeRow& a = kRows[i - 1];
    const OpcodeRow& b = kRows[i];
    if (a.opcode > b.opcode || (a.opcode == b.opcode && a.action >= b.action)) return false;
  }
  return true;
}
static_assert(Ordered());

// The service action of a CDB whose opcode has some; no row's if the CDB is too short to have one.
unsigned ActionOf(Bytes cdb) {
  if (cdb[0] == kVariableLength) {
    return cdb.size() < 10 ? unsigned{OpcodeRow::kNoAction} : LoadBe16(cdb.data() + 8);
  }
  return cdb.size() < 2 ? unsigned{OpcodeRow::kNoAction} : unsigned{cdb[1]} & 0x1f;
}

}  // namespace

constexpr std::array<const OpcodeRow*, 256> kFirstRow = [] {
  std::array<const OpcodeRow*, 256> first{};
  for (std::size_t i = std::size(kRows); i-- > 0;) first[kRows[i].opcode] = &kRows[i];
  return first;
}();

OpcodeMatch FindAction(Bytes cdb, const OpcodeRow* first) {
  const unsigned action = ActionOf(cdb);
  for (const OpcodeRow* row = first; row != std::end(kRows) && row->opcode == cdb[0]; ++row) {
    if (row->action == action) return {row, true};
  }
  return {nullptr, true};
}

}  // namespace srpt::scsi
