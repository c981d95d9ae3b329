// CDB decoding and the control commands: any bytes on any unit.
//
// The input is a 12-byte unit (flags, block size and ALUA state, block count:8, answer span, number
// of LUNs), then the CDB.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>
#include <variant>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/check.h"
#include "core/base/limits.h"
#include "core/scsi/alua.h"
#include "core/scsi/cdb.h"
#include "core/scsi/control.h"

namespace srpt::scsi {
namespace {

constexpr std::size_t kUnitBytes = 12;
constexpr AluaState kStates[] = {AluaState::kActive,        AluaState::kNonoptimized,
                                 AluaState::kStandby,       AluaState::kUnavailable,
                                 AluaState::kTransitioning, AluaState::kOffline};

LuView UnitFrom(const std::uint8_t* in) {
  static const Identity identity = DeriveIdentity(HandlerKind::kFileio, "fuzz");
  LuView lu;
  lu.identity = identity;
  lu.read_only = (in[0] & 0x02) != 0;
  lu.dpofua = (in[0] & 0x04) == 0;
  lu.thin = (in[0] & 0x08) != 0;
  lu.failed = (in[0] & 0x10) != 0;
  lu.alua.present = (in[0] & 0x20) != 0;
  lu.write_cache = (in[0] & 0x40) == 0;
  lu.rotational = (in[0] & 0x80) == 0;
  lu.block_bytes = limits::kBlockBytesMin << (in[1] & 7);
  lu.alua.state = kStates[(in[1] >> 3) % std::size(kStates)];
  lu.block_count = LoadBe64(in + 2);
  return lu;
}

void CheckTransfer(const Transfer& t, const Expect& expect, const LuView& lu) {
  SRPT_CHECK(t.lba.v <= lu.block_count && t.blocks <= lu.block_count - t.lba.v);
  SRPT_CHECK(t.bytes == std::uint64_t{t.blocks} * lu.block_bytes);
  SRPT_CHECK(t.bytes <= limits::kTransferBytesMax && t.bytes == expect.bytes);
  SRPT_CHECK(!lu.failed && !(t.write && lu.read_only));
}

// Executed on two differently filled spans: the answer is the same, and nothing beyond it changes.
void CheckControl(const Control& control, const LuView* lu, std::size_t span, std::size_t luns) {
  static std::array<std::array<std::uint8_t, 510 + 16>, 2> out;
  static const std::vector<LunNumber> numbers = [] {
    std::vector<LunNumber> all;
    for (std::uint16_t i = 0; i < 256; ++i) {
      all.push_back(LunNumber(static_cast<std::uint16_t>(i * 60)));
    }
    return all;
  }();
  const LunInventory inventory{std::span<const LunNumber>(numbers).first(luns)};
  std::array<ControlAnswer, 2> answer;
  for (std::size_t i = 0; i < 2; ++i) {
    const std::uint8_t fill = i == 0 ? 0x55 : 0xaa;
    out[i].fill(fill);
    answer[i] = Execute(control, lu, inventory, MutableBytes(out[i]).first(span));
    const std::size_t allowed = std::min<std::size_t>(span, control.alloc_len);
    SRPT_CHECK(answer[i].bytes <= allowed);
    SRPT_CHECK(answer[i].status == Status::kGood || answer[i].bytes == 0);
    SRPT_CHECK(std::all_of(out[i].begin() + static_cast<std::ptrdiff_t>(allowed), out[i].end(),
                           [fill](std::uint8_t b) { return b == fill; }));
  }
  SRPT_CHECK(answer[0].status == answer[1].status && answer[0].bytes == answer[1].bytes);
  SRPT_CHECK(std::equal(out[0].begin(),
                        out[0].begin() + static_cast<std::ptrdiff_t>(answer[0].bytes),
                        out[1].begin()));
}

void Run(Bytes input) {
  if (input.size() < kUnitBytes) return;
  const LuView unit = UnitFrom(input.data());
  const LuView* lu = (input[0] & 0x01) != 0 ? nullptr : &unit;
  const Bytes cdb = input.subspan(kUnitBytes);

  SRPT_CHECK(!CommandName(cdb).empty());
  const auto passive = AluaCheck(unit.alua.state, cdb);
  const auto request = Decode(cdb, lu);
  if (!request.ok()) {
    std::array<std::uint8_t, kFixedSenseBytes> sense;
    SRPT_CHECK(request.error().key != kKeyNoSense);
    SRPT_CHECK(WriteFixedSense(request.error(), sense) == sense.size());
    return;
  }
  if (const auto* control = std::get_if<Control>(&request->op)) {
    CheckControl(*control, lu, std::size_t{input[10]} * 2, input[11]);
    return;
  }
  SRPT_CHECK(lu != nullptr);
  const bool active =
      unit.alua.state == AluaState::kActive || unit.alua.state == AluaState::kNonoptimized;
  SRPT_CHECK(passive.has_value() != active);
  if (const auto* t = std::get_if<Transfer>(&request->op)) CheckTransfer(*t, request->expect, *lu);
  if (const auto* x = std::get_if<XdWriteRead>(&request->op)) {
    CheckTransfer(x->transfer, request->expect, *lu);
    SRPT_CHECK(lu->block_bytes <= limits::kBidirectionalPieceBytes);
  }
}

}  // namespace
}  // namespace srpt::scsi

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  srpt::scsi::Run(srpt::Bytes(data, size));
  return 0;
}
