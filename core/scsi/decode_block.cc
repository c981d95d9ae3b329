#include "core/scsi/decode_block.h"

#include <optional>
#include <utility>
#include <variant>

#include "core/base/limits.h"
#include "core/base/planted.h"

namespace srpt::scsi::decode {
namespace {

//   (6)   op | lba:21 | blocks:8 | control                       0 blocks means 256
//   (10)  op | flags | lba:32 | group | blocks:16 | control
//   (12)  op | flags | lba:32 | blocks:32 | group | control
//   (16)  op | flags | lba:64 | blocks:32 | group | control
//   (32)  7f | control | - - - - | group | 18 | action:16 | flags | - | lba:64 | initial LBRT:32 |
//         LBAT:16 | LBAT mask:16 | blocks:32
// flags: protect:3 DPO FUA RARC FUA_NV obsolete. RARC, FUA_NV and the group number are hints that
// change nothing here, so they are taken and ignored; so are the tags of protection information,
// of which there is none.
struct Fields {
  Lba lba;
  std::uint32_t blocks = 0;
  std::uint8_t flags = 0;
};
constexpr std::uint16_t kFlagsAt = 1;  // But for (32), which has them
constexpr std::uint16_t kFlagsAt32 = 10;
constexpr std::uint16_t kLengthAt32 = 7;
constexpr std::uint8_t kAdditional32 = 0x18;  // Bytes behind kLengthAt32.
constexpr std::uint8_t kProtect = 0xe0;
constexpr std::uint8_t kDpo = 0x10;
constexpr std::uint8_t kFua = 0x08;

Fields Fields6(const std::uint8_t* cdb) {
  return {Lba(LoadBe24(cdb + 1) & 0x1fffff), cdb[4] == 0 ? 256u : cdb[4], 0};
}
Fields Fields10(const std::uint8_t* cdb) {
  return {Lba(LoadBe32(cdb + 2)), LoadBe16(cdb + 7), cdb[1]};
}
Fields Fields12(const std::uint8_t* cdb) {
  return {Lba(LoadBe32(cdb + 2)), LoadBe32(cdb + 6), cdb[1]};
}
Fields Fields16(const std::uint8_t* cdb) {
  return {Lba(LoadBe64(cdb + 2)), LoadBe32(cdb + 10), cdb[1]};
}
Fields Fields32(const std::uint8_t* cdb) {
  return {Lba(LoadBe64(cdb + 12)), LoadBe32(cdb + 28), cdb[kFlagsAt32]};
}

// No sum, so nothing wraps. Zero blocks right behind the last one are legal, further out they are
// not (as LIO, and what libiscsi's suite expects).
bool InRange(const LuView& lu, Lba lba, std::uint64_t blocks) {
  if (Planted(PlantedBug::kLbaWraps)) return lba.v + blocks <= lu.block_count;
  const std::uint64_t end = lu.block_count + (Planted(PlantedBug::kRangeOffByOne) ? 1 : 0);
  return lba.v <= end && blocks <= end - lba.v;
}

// What refuses a READ or WRITE, if anything does.
inline std::optional<Sense> RefusalOf(const Fields& f, bool write, const LuView& lu,
                                      std::uint16_t flags_at) {
  if ((f.flags & kProtect) != 0) return InvalidField(flags_at, 7);  // No protection information.
  if ((f.flags & (kDpo | kFua)) != 0 && !lu.dpofua) {
    return InvalidField(flags_at, (f.flags & kDpo) != 0 ? 4 : 3);
  }
  if (write && lu.read_only) return kWriteProtected;
  // [R-INV-29]
  if (!InRange(lu, f.lba, f.blocks)) return AtLba(kLbaOutOfRange, f.lba);
  if (std::uint64_t{f.blocks} * lu.block_bytes > limits::kTransferBytesMax) {
    return kInvalidFieldInCdb;
  }
  return std::nullopt;
}

[[gnu::always_inline]] inline Result<Request, Sense> Checked(const Fields& f, bool write,
                                                             const LuView& lu,
                                                             std::uint16_t flags_at = kFlagsAt) {
  Result<Request, Sense> result(std::in_place);
  if (const auto refusal = RefusalOf(f, write, lu, flags_at)) {
    result = Err{*refusal};
    return result;
  }
  Request& request = result.value();
  Transfer& t = std::get<Transfer>(request.op);
  t.write = write;
  t.lba = f.lba;
  t.blocks = f.blocks;
  t.fua = (f.flags & kFua) != 0;
  t.dpo = (f.flags & kDpo) != 0;
  t.bytes = std::uint64_t{f.blocks} * lu.block_bytes;
  if (t.bytes > 0) request.expect = {write ? Direction::kOut : Direction::kIn, t.bytes};
  return result;
}

// XDWRITEREAD has these two where READ has RARC and nothing.
constexpr std::uint8_t kDisableWrite = 0x04;
constexpr std::uint8_t kXorPInfo = 0x01;

Result<Request, Sense> CheckedXor(const Fields& f, const LuView& lu,
                                  std::uint16_t flags_at = kFlagsAt) {
  // Old and new data share a buffer, whole blocks each: not a command of a unit with larger ones.
  if (lu.block_bytes > limits::kBidirectionalPieceBytes) return Err{kInvalidOpcode};
  if ((f.flags & kXorPInfo) != 0) return Err{InvalidField(flags_at, 0)};
  XdWriteRead x;
  x.disable_write = (f.flags & kDisableWrite) != 0;
  const auto checked = Checked(f, !x.disable_write, lu, flags_at);
  if (!checked.ok()) return Err{checked.error()};
  x.transfer = std::get<Transfer>(checked->op);
  const Direction dir = x.transfer.bytes > 0 ? Direction::kBoth : Direction::kNone;
  return Request{x, {dir, x.transfer.bytes}};
}

// A variable-length CDB says its length itself; what arrived is as long (the table's row).
// [R-CMD-11]
bool IsWhole32(const std::uint8_t* cdb) { return cdb[kLengthAt32] == kAdditional32; }

Result<Request, Sense> Checked32(const std::uint8_t* cdb, bool write, const LuView& lu) {
  if (!IsWhole32(cdb)) return Err{InvalidField(kLengthAt32)};
  return Checked(Fields32(cdb), write, lu, kFlagsAt32);
}

constexpr std::uint8_t kImmed = 0x02;  // Of SYNCHRONIZE CACHE's flags.

Result<Request, Sense> CheckedSync(const Fields& f, const LuView& lu) {
  if (!InRange(lu, f.lba, f.blocks)) return Err{AtLba(kLbaOutOfRange, f.lba)};
  return Request{SyncCache{f.lba, f.blocks, (f.flags & kImmed) != 0}, {}};
}

}  // namespace

Result<Request, Sense> Read6(const std::uint8_t* cdb, const LuView* lu) {
  return Checked(Fields6(cdb), false, *lu);
}
Result<Request, Sense> Read10(const std::uint8_t* cdb, const LuView* lu) {
  return Checked(Fields10(cdb), false, *lu);
}
Result<Request, Sense> Read12(const std::uint8_t* cdb, const LuView* lu) {
  return Checked(Fields12(cdb), false, *lu);
}
Result<Request, Sense> Read16(const std::uint8_t* cdb, const LuView* lu) {
  return Checked(Fields16(cdb), false, *lu);
}
Result<Request, Sense> Read32(const std::uint8_t* cdb, const LuView* lu) {
  return Checked32(cdb, false, *lu);
}
Result<Request, Sense> Write6(const std::uint8_t* cdb, const LuView* lu) {
  return Checked(Fields6(cdb), true, *lu);
}
Result<Request, Sense> Write10(const std::uint8_t* cdb, const LuView* lu) {
  return Checked(Fields10(cdb), true, *lu);
}
Result<Request, Sense> Write12(const std::uint8_t* cdb, const LuView* lu) {
  return Checked(Fields12(cdb), true, *lu);
}
Result<Request, Sense> Write16(const std::uint8_t* cdb, const LuView* lu) {
  return Checked(Fields16(cdb), true, *lu);
}
Result<Request, Sense> Write32(const std::uint8_t* cdb, const LuView* lu) {
  return Checked32(cdb, true, *lu);
}
Result<Request, Sense> XdWriteRead10(const std::uint8_t* cdb, const LuView* lu) {
  return CheckedXor(Fields10(cdb), *lu);
}
Result<Request, Sense> XdWriteRead32(const std::uint8_t* cdb, const LuView* lu) {
  if (!IsWhole32(cdb)) return Err{InvalidField(kLengthAt32)};
  return CheckedXor(Fields32(cdb), *lu, kFlagsAt32);
}
Result<Request, Sense> SyncCache10(const std::uint8_t* cdb, const LuView* lu) {
  return CheckedSync(Fields10(cdb), *lu);
}
Result<Request, Sense> SyncCache16(const std::uint8_t* cdb, const LuView* lu) {
  return CheckedSync(Fields16(cdb), *lu);
}

}  // namespace srpt::scsi::decode
