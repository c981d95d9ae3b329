// What must hold for any CDB bytes and any unit.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "core/base/limits.h"
#include "core/scsi/alua.h"
#include "core/scsi/testing.h"

namespace srpt::scsi {
namespace {

constexpr char kOurOpcodes[] = "00 03 08 0a 12 1a 25 28 2a 35 53 5a 7f 88 8a 91 9e a0 a3 a8 aa";

// Mostly our opcodes and mostly zero flags and control bytes, so that the other bytes matter.
std::vector<std::uint8_t> AnyCdb() {
  const auto byte = rc::gen::weightedOneOf<std::uint8_t>({{5, rc::gen::just(std::uint8_t{0})},
                                                          {3, rc::gen::arbitrary<std::uint8_t>()},
                                                          {1, rc::gen::just(std::uint8_t{0xff})}});
  auto cdb = *rc::gen::container<std::vector<std::uint8_t>>(16, byte);
  cdb[0] = *rc::gen::weightedOneOf<std::uint8_t>(
      {{12, rc::gen::elementOf(FromHex(kOurOpcodes))}, {1, rc::gen::arbitrary<std::uint8_t>()}});
  if (*rc::gen::inRange(0, 4) > 0) {
    const bool has_page = cdb[0] == 0x12 && *rc::gen::arbitrary<bool>();
    cdb[1] = cdb[0] == 0x9e ? 0x10 : cdb[0] == 0xa3 ? 0x0a : has_page ? 0x01 : 0x00;
    if (has_page) cdb[2] = *rc::gen::elementOf(FromHex("00 80 83 86 b0 b1 b2 05"));
    if (cdb[0] == 0x1a || cdb[0] == 0x5a) {
      cdb[2] = *rc::gen::elementOf(FromHex("3f 08 0a 1c 48 05"));
      cdb[3] = 0;
    }
    for (const std::size_t control : {5u, 9u, 11u, 15u}) cdb[control] &= 0xfb;
    if (cdb[0] == 0x7f) {
      cdb.resize(32);
      cdb[7] = 0x18;
      cdb[8] = 0;
      cdb[9] = *rc::gen::elementOf(FromHex("07 09 0b"));
      cdb[31] = *rc::gen::arbitrary<std::uint8_t>();
    }
  }
  if (*rc::gen::inRange(0, 10) == 0) cdb.resize(*rc::gen::inRange<std::size_t>(0, 16));
  return cdb;
}

LuView AnyUnit() {
  LuView lu = Disk();
  lu.block_bytes = 1u << *rc::gen::inRange(9, 17);
  lu.block_count =
      *rc::gen::oneOf(rc::gen::inRange<std::uint64_t>(0, 1000), rc::gen::arbitrary<std::uint64_t>(),
                      rc::gen::just(~std::uint64_t{0}));
  lu.physical_block_exp = *rc::gen::inRange<std::uint8_t>(0, 4);
  lu.read_only = *rc::gen::arbitrary<bool>();
  lu.write_cache = *rc::gen::arbitrary<bool>();
  lu.dpofua = *rc::gen::weightedElement<bool>({{3, true}, {1, false}});
  lu.thin = *rc::gen::arbitrary<bool>();
  lu.failed = *rc::gen::weightedElement<bool>({{9, false}, {1, true}});
  lu.alua.present = *rc::gen::arbitrary<bool>();
  const auto name = *rc::gen::arbitrary<std::string>();
  lu.identity = DeriveIdentity(HandlerKind::kNullio, name);
  return lu;
}

// A transfer of a few blocks around the end of the medium, where the arithmetic is.
std::vector<std::uint8_t> CdbAroundTheEnd(const LuView& lu) {
  const std::uint8_t opcode = *rc::gen::elementOf(FromHex("88 8a 91 7f"));
  const bool variable = opcode == 0x7f;
  std::vector<std::uint8_t> cdb(variable ? 32 : 16);
  Writer w(cdb);
  w.U8(0, opcode);
  w.Be64(variable ? 12 : 2, lu.block_count - *rc::gen::inRange<std::uint64_t>(0, 8));
  w.Be32(variable ? 28 : 10, *rc::gen::inRange<std::uint32_t>(0, 16));
  if (variable) w.Be32(7, *rc::gen::element(0x18000700u, 0x18000900u, 0x18000b00u));
  return cdb;
}

RC_GTEST_PROP(ScsiProperty, TransfersLieInsideTheMedium, ()) {
  const LuView lu = AnyUnit();
  const std::vector<std::uint8_t> cdb =
      *rc::gen::arbitrary<bool>() ? CdbAroundTheEnd(lu) : AnyCdb();
  const auto request = Decode(cdb, &lu);
  RC_CLASSIFY(request.ok(), "taken");
  if (!request.ok()) {
    RC_ASSERT(request.error().key != kKeyNoSense);
    return;
  }
  const auto* x = std::get_if<XdWriteRead>(&request->op);
  if (x != nullptr) {
    RC_ASSERT(x->transfer.write != x->disable_write);
    RC_ASSERT(lu.block_bytes <= limits::kBidirectionalPieceBytes);
  }
  const auto* t = x != nullptr ? &x->transfer : std::get_if<Transfer>(&request->op);
  if (t != nullptr) {
    RC_CLASSIFY(t->blocks > 0, "moves");
    RC_ASSERT(t->lba.v <= lu.block_count);
    RC_ASSERT(t->blocks <= lu.block_count - t->lba.v);
    RC_ASSERT(t->bytes == std::uint64_t{t->blocks} * lu.block_bytes);
    RC_ASSERT(t->bytes <= limits::kTransferBytesMax);
    RC_ASSERT(request->expect.bytes == t->bytes);
    RC_ASSERT(!(t->write && lu.read_only));
    RC_ASSERT(!lu.failed);
  }
  if (const auto* s = std::get_if<SyncCache>(&request->op)) {
    RC_ASSERT(s->lba.v <= lu.block_count && s->blocks <= lu.block_count - s->lba.v);
  }
}

RC_GTEST_PROP(ScsiProperty, AnswersStayInTheirSpanAndAreWhollyWritten, ()) {
  const LuView unit = AnyUnit();
  const LuView* lu = *rc::gen::weightedElement<const LuView*>({{5, &unit}, {1, nullptr}});
  const auto request = Decode(AnyCdb(), lu);
  const auto* control = request.ok() ? std::get_if<Control>(&request->op) : nullptr;
  if (control == nullptr) RC_DISCARD();
  std::vector<LunNumber> luns;
  const auto lun_count = *rc::gen::inRange<std::uint16_t>(0, 40);
  for (std::uint16_t i = 0; i < lun_count; ++i) luns.push_back(LunNumber(i));
  const auto span = *rc::gen::inRange<std::size_t>(0, 600);

  std::array<std::vector<std::uint8_t>, 2> out;
  std::array<ControlAnswer, 2> answer;
  for (std::size_t i = 0; i < 2; ++i) {
    const auto pattern = static_cast<std::uint8_t>(i == 0 ? 0x55 : 0xaa);
    out[i].assign(span + 64, pattern);
    answer[i] = Execute(*control, lu, LunInventory(luns), MutableBytes(out[i]).first(span));
    const std::size_t allowed = std::min<std::size_t>(span, control->alloc_len);
    RC_ASSERT(answer[i].bytes <= allowed);
    RC_ASSERT(answer[i].status == Status::kGood || answer[i].bytes == 0u);
    for (std::size_t at = allowed; at < out[i].size(); ++at) RC_ASSERT(out[i][at] == pattern);
    out[i].resize(answer[i].bytes);
  }
  RC_ASSERT(out[0] == out[1]);
  RC_ASSERT(answer[0].status == answer[1].status);
  RC_ASSERT(answer[0].bytes == answer[1].bytes);
}

// A shorter allocation length gives the beginning of the same answer (SPC-4 4.2.5.6).
RC_GTEST_PROP(ScsiProperty, TruncationKeepsTheBeginning, ()) {
  const LuView lu = AnyUnit();
  const auto request = Decode(AnyCdb(), &lu);
  const auto* taken = request.ok() ? std::get_if<Control>(&request->op) : nullptr;
  if (taken == nullptr) RC_DISCARD();
  Control control = *taken;
  std::vector<std::uint8_t> whole(1024);
  std::vector<std::uint8_t> part(1024);
  control.alloc_len = 1024;
  const ControlAnswer all = Execute(control, &lu, {}, whole);
  control.alloc_len = *rc::gen::inRange<std::uint32_t>(0, 200);
  const ControlAnswer some = Execute(control, &lu, {}, part);
  RC_ASSERT(some.status == all.status);
  RC_ASSERT(some.bytes == std::min<std::size_t>(all.bytes, control.alloc_len));
  RC_ASSERT(std::equal(part.begin(), part.begin() + static_cast<std::ptrdiff_t>(some.bytes),
                       whole.begin()));
}

// What a standby path takes, an active one takes; and no state but those two lets a transfer pass.
RC_GTEST_PROP(ScsiProperty, NoTransferOnAPassivePath, ()) {
  const LuView lu = AnyUnit();
  const auto cdb = AnyCdb();
  const auto state = *rc::gen::element(AluaState::kStandby, AluaState::kUnavailable,
                                       AluaState::kOffline, AluaState::kTransitioning);
  if (AluaCheck(state, cdb)) return;
  const auto request = Decode(cdb, &lu);
  if (request.ok()) RC_ASSERT(std::holds_alternative<Control>(request->op));
}

}  // namespace
}  // namespace srpt::scsi
