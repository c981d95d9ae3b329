#include "core/scsi/cdb.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <tuple>

#include "core/base/limits.h"
#include "core/scsi/testing.h"

namespace srpt::scsi {

// For readable failures.
bool operator==(const Transfer& a, const Transfer& b) {
  return std::tie(a.write, a.lba, a.blocks, a.fua, a.dpo, a.bytes) ==
         std::tie(b.write, b.lba, b.blocks, b.fua, b.dpo, b.bytes);
}
void PrintTo(const Transfer& t, std::ostream* os) {
  *os << (t.write ? "write" : "read") << " lba " << t.lba.v << " blocks " << t.blocks << " fua "
      << t.fua << " dpo " << t.dpo << " bytes " << t.bytes;
}

namespace {

// What a CDB decodes to on `lu`: the transfer, or the sense in `refused`.
struct Outcome {
  std::optional<Transfer> transfer;
  std::optional<Sense> refused;
  Direction dir = Direction::kNone;
  std::uint64_t bytes = 0;
};
Outcome Send(std::string_view hex, const LuView& lu) {
  const auto request = Decode(Cdb(hex), &lu);
  if (!request.ok()) return {std::nullopt, request.error(), {}, 0};
  const Transfer* transfer = std::get_if<Transfer>(&request->op);
  EXPECT_NE(transfer, nullptr);
  return {transfer != nullptr ? std::optional(*transfer) : std::nullopt, std::nullopt,
          request->expect.dir, request->expect.bytes};
}
std::optional<Sense> RefusalOf(std::string_view hex, const LuView& lu) {
  const auto request = Decode(Cdb(hex), &lu);
  return request.ok() ? std::nullopt : std::optional(request.error());
}

Transfer Read(std::uint64_t lba, std::uint32_t blocks) {
  return {false, Lba(lba), blocks, false, false, std::uint64_t{blocks} * 512};
}
Transfer Write(std::uint64_t lba, std::uint32_t blocks) {
  Transfer t = Read(lba, blocks);
  t.write = true;
  return t;
}

TEST(CdbTest, ReadsOfEveryLength) {
  EXPECT_EQ(Send("08 01 02 03 04 00", Disk()).transfer, Read(0x10203, 4));
  EXPECT_EQ(Send("28 00 00 01 02 03 00 01 05 00", Disk()).transfer, Read(0x10203, 0x105));
  EXPECT_EQ(Send("a8 00 00 01 02 03 00 00 01 05 00 00", Disk()).transfer, Read(0x10203, 0x105));
  EXPECT_EQ(Send("88 00 00 00 00 00 00 01 02 03 00 00 01 05 00 00", Disk()).transfer,
            Read(0x10203, 0x105));
  EXPECT_EQ(Send("7f 00 00 00 00 00 00 18 00 09 00 00 00 00 00 00"
                 "00 01 02 03 00 00 00 00 00 00 00 00 00 00 01 05",
                 Disk())
                .transfer,
            Read(0x10203, 0x105));
}

TEST(CdbTest, WritesOfEveryLength) {
  EXPECT_EQ(Send("0a 01 02 03 04 00", Disk()).transfer, Write(0x10203, 4));
  EXPECT_EQ(Send("2a 00 00 01 02 03 00 01 05 00", Disk()).transfer, Write(0x10203, 0x105));
  EXPECT_EQ(Send("aa 00 00 01 02 03 00 00 01 05 00 00", Disk()).transfer, Write(0x10203, 0x105));
  EXPECT_EQ(Send("8a 00 00 00 00 00 00 01 02 03 00 00 01 05 00 00", Disk()).transfer,
            Write(0x10203, 0x105));
  EXPECT_EQ(Send("7f 00 00 00 00 00 00 18 00 0b 00 00 00 00 00 00"
                 "00 01 02 03 00 00 00 00 00 00 00 00 00 00 01 05",
                 Disk())
                .transfer,
            Write(0x10203, 0x105));
}

// Byte 10 has the flags; the expected tags of protection information mean nothing here.
// [R-CMD-11]
TEST(CdbTest, FieldsOfThe32ByteForms) {
  const Outcome read = Send(
      "7f 00 00 00 00 00 1f 18 00 09 1e 00 00 00 00 00"
      "00 00 00 05 ff ff ff ff ff ff ff ff 00 00 00 01",
      Disk());
  ASSERT_TRUE(read.transfer);
  EXPECT_TRUE(read.transfer->fua && read.transfer->dpo && !read.transfer->write);
  EXPECT_EQ(read.transfer->lba, Lba(5));
  EXPECT_EQ(read.dir, Direction::kIn);
  EXPECT_EQ(RefusalOf("7f 00 00 00 00 00 00 18 00 09 20 00 00 00 00 00"
                      "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 01",
                      Disk()),
            InvalidField(10, 7));
  EXPECT_EQ(RefusalOf("7f 04 00 00 00 00 00 18 00 0b 00 00 00 00 00 00"
                      "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 01",
                      Disk()),
            InvalidField(1, 2));  // NACA.
  EXPECT_EQ(RefusalOf("7f 00 00 00 00 00 00 18 00 0b 00 00 00 00 00 01"
                      "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 01",
                      Disk()),
            AtLba(kLbaOutOfRange, Lba(std::uint64_t{1} << 32)));
  LuView lu = Disk();
  lu.dpofua = false;
  EXPECT_EQ(RefusalOf("7f 00 00 00 00 00 00 18 00 09 08 00 00 00 00 00"
                      "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 01",
                      lu),
            InvalidField(10, 3));
  lu.read_only = true;
  EXPECT_EQ(RefusalOf("7f 00 00 00 00 00 00 18 00 0b 00 00 00 00 00 00"
                      "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 01",
                      lu),
            kWriteProtected);
}

// What the CDB says about its length, what arrived, and the service action must agree.
// [R-CMD-11]
TEST(CdbTest, VariableLengthCdbsThatContradictThemselves) {
  const std::string_view rest =
      " 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 01";
  const auto with = [&](std::string_view begin) { return std::string(begin) + std::string(rest); };
  const LuView lu = Disk();
  for (const char* begin : {"7f 00 00 00 00 00 00 00 00 09", "7f 00 00 00 00 00 00 17 00 0b",
                            "7f 00 00 00 00 00 00 1c 00 09", "7f 00 00 00 00 00 00 ff 00 0b"}) {
    EXPECT_EQ(RefusalOf(with(begin), lu), InvalidField(7)) << begin;
  }
  for (const char* begin : {"7f 00 00 00 00 00 00 18 00 00", "7f 00 00 00 00 00 00 18 01 09",
                            "7f 00 00 00 00 00 00 18 00 0a", "7f 00 00 00 00 00 00 18 00 ff",
                            "7f 09 00 00 00 00 00 18 00 29"}) {
    EXPECT_EQ(RefusalOf(with(begin), lu), InvalidField(8)) << begin;
  }
  const auto whole = FromHex(with("7f 00 00 00 00 00 00 18 00 09"));
  EXPECT_TRUE(Decode(whole, &lu).ok());
  for (std::size_t n = 10; n < whole.size(); ++n) {
    EXPECT_EQ(Decode(Bytes(whole).first(n), &lu).error(), kInvalidFieldInCdb) << n;
  }
  for (std::size_t n = 1; n < 10; ++n) {
    EXPECT_EQ(Decode(Bytes(whole).first(n), &lu).error(), InvalidField(8)) << n;
  }
  EXPECT_EQ(Decode(whole, nullptr).error(), kLunNotSupported);
  EXPECT_EQ(CommandName(whole), "READ(32)");
}

TEST(CdbTest, TheWorkedReadExpectsItsBytesIn) {
  const Outcome read = Send("28 00 00 00 10 00 00 00 08 00", Disk());
  EXPECT_EQ(read.transfer, Read(0x1000, 8));
  EXPECT_EQ(read.dir, Direction::kIn);
  EXPECT_EQ(read.bytes, 4096u);
  const Outcome write = Send("2a 00 00 00 20 00 00 00 10 00", Disk());
  EXPECT_EQ(write.dir, Direction::kOut);
  EXPECT_EQ(write.bytes, 8192u);
}

TEST(CdbTest, BytesFollowTheBlockSize) {
  LuView lu = Disk();
  SetCapacity(lu, 4096, 1u << 30);
  EXPECT_EQ(Send("28 00 00 00 10 00 00 00 08 00", lu).bytes, 32768u);
}

TEST(CdbTest, ZeroBlocksMean256InSixByteForms) {
  EXPECT_EQ(Send("08 00 00 00 00 00", Disk()).transfer, Read(0, 256));
  EXPECT_EQ(Send("0a 00 00 00 00 00", Disk()).transfer, Write(0, 256));
}

TEST(CdbTest, ZeroBlocksMoveNothingInTheOthers) {
  for (const char* cdb : {"28", "a8", "88", "2a", "aa", "8a"}) {
    const Outcome outcome = Send(cdb, Disk());
    ASSERT_TRUE(outcome.transfer) << cdb;
    EXPECT_EQ(outcome.transfer->blocks, 0u) << cdb;
    EXPECT_EQ(outcome.dir, Direction::kNone) << cdb;
    EXPECT_EQ(outcome.bytes, 0u) << cdb;
  }
}

// The upper three bits of byte 1 were once a LUN.
TEST(CdbTest, SixByteLbaHas21Bits) {
  EXPECT_EQ(Send("08 e0 00 01 01 00", Disk()).transfer, Read(1, 1));
}

TEST(CdbTest, FuaAndDpoAreTaken) {
  const Outcome fua = Send("2a 08 00 00 00 00 00 00 01 00", Disk());
  EXPECT_TRUE(fua.transfer->fua && !fua.transfer->dpo);
  const Outcome both = Send("88 18 00 00 00 00 00 00 00 00 00 00 00 01 00 00", Disk());
  EXPECT_TRUE(both.transfer->fua && both.transfer->dpo);
}

TEST(CdbTest, FuaNvRarcAndGroupAreIgnored) {
  EXPECT_EQ(Send("28 07 00 00 00 00 1f 00 01 00", Disk()).transfer, Read(0, 1));
}

TEST(CdbTest, FuaOnAUnitWithoutItIsRefused) {
  LuView lu = Disk();
  lu.dpofua = false;
  EXPECT_EQ(RefusalOf("28 08 00 00 00 00 00 00 01 00", lu), InvalidField(1, 3));
  EXPECT_EQ(RefusalOf("28 10 00 00 00 00 00 00 01 00", lu), InvalidField(1, 4));
}

TEST(CdbTest, ProtectionIsRefused) {
  for (const char* cdb : {"28 20 00 00 00 00 00 00 01 00", "2a 80 00 00 00 00 00 00 01 00", "a8 40",
                          "aa 20", "88 e0", "8a 20"}) {
    EXPECT_EQ(RefusalOf(cdb, Disk()), InvalidField(1, 7)) << cdb;
  }
}

TEST(CdbTest, RangeEndsWithTheMedium) {
  LuView lu = Disk();
  SetCapacity(lu, 512, 51200);
  EXPECT_EQ(Send("28 00 00 00 00 63 00 00 01 00", lu).transfer, Read(99, 1));
  EXPECT_EQ(Send("28 00 00 00 00 64 00 00 00 00", lu).transfer, Read(100, 0));
  EXPECT_EQ(RefusalOf("28 00 00 00 00 64 00 00 01 00", lu), AtLba(kLbaOutOfRange, Lba(100)));
  EXPECT_EQ(RefusalOf("28 00 00 00 00 65 00 00 00 00", lu), AtLba(kLbaOutOfRange, Lba(101)));
  EXPECT_EQ(RefusalOf("28 00 00 00 00 00 00 00 65 00", lu), AtLba(kLbaOutOfRange, Lba(0)));
  EXPECT_EQ(RefusalOf("2a 00 00 00 00 62 00 00 03 00", lu), AtLba(kLbaOutOfRange, Lba(98)));
}

TEST(CdbTest, RangeDoesNotWrap) {
  EXPECT_EQ(RefusalOf("88 00 ff ff ff ff ff ff ff ff 00 00 00 02 00 00", Disk()),
            AtLba(kLbaOutOfRange, Lba(0xffffffffffffffff)));
  EXPECT_EQ(RefusalOf("88 00 ff ff ff ff 00 00 00 01 ff ff ff ff 00 00", Disk()),
            AtLba(kLbaOutOfRange, Lba(0xffffffff00000001)));
}

TEST(CdbTest, TransferLengthIsBounded) {
  static_assert(limits::kTransferBytesMax == 512 * 0x8000);
  EXPECT_EQ(Send("a8 00 00 00 00 00 00 00 80 00 00 00", Disk()).transfer, Read(0, 0x8000));
  EXPECT_EQ(RefusalOf("a8 00 00 00 00 00 00 00 80 01 00 00", Disk()), kInvalidFieldInCdb);
}

TEST(CdbTest, ReadOnlyUnitRefusesWrites) {
  LuView lu = Disk();
  lu.read_only = true;
  for (const char* cdb : {"0a 00 00 00 01 00", "2a 00 00 00 00 00 00 00 01 00", "aa", "8a"}) {
    EXPECT_EQ(RefusalOf(cdb, lu), kWriteProtected) << cdb;
  }
  EXPECT_EQ(RefusalOf("28 00 00 00 00 00 00 00 01 00", lu), std::nullopt);
}

// [R-CMD-05]
TEST(CdbTest, XdWriteReadMovesDataBothWays) {
  const LuView lu = Disk();
  const struct {
    const char* cdb;
    bool disable_write;
    bool fua;
  } kTable[] = {
      {"53 00 00 01 02 03 1f 01 05 00", false, false},
      {"53 1a 00 01 02 03 00 01 05 00", false, true},
      {"53 04 00 01 02 03 00 01 05 00", true, false},
      {"7f 00 00 00 00 00 00 18 00 07 08 00 00 00 00 00"
       "00 01 02 03 00 00 00 00 00 00 00 00 00 00 01 05",
       false, true},
  };
  for (const auto& row : kTable) {
    const auto request = Decode(Cdb(row.cdb), &lu);
    ASSERT_TRUE(request.ok()) << row.cdb;
    const auto* x = std::get_if<XdWriteRead>(&request->op);
    ASSERT_NE(x, nullptr) << row.cdb;
    EXPECT_EQ(x->disable_write, row.disable_write) << row.cdb;
    EXPECT_EQ(x->transfer.write, !row.disable_write) << row.cdb;
    EXPECT_EQ(x->transfer.fua, row.fua) << row.cdb;
    EXPECT_EQ(x->transfer.lba, Lba(0x10203)) << row.cdb;
    EXPECT_EQ(x->transfer.blocks, 0x105u) << row.cdb;
    EXPECT_EQ(request->expect.dir, Direction::kBoth) << row.cdb;
    EXPECT_EQ(request->expect.bytes, 0x105u * 512) << row.cdb;
  }
  EXPECT_EQ(Decode(Cdb("53"), &lu)->expect.dir, Direction::kNone);
}

TEST(CdbTest, XdWriteReadIsRefusedAsAWriteIs) {
  LuView lu = Disk();
  EXPECT_EQ(RefusalOf("53 01 00 00 00 00 00 00 01 00", lu), InvalidField(1, 0));  // XORPINFO.
  EXPECT_EQ(RefusalOf("53 20 00 00 00 00 00 00 01 00", lu), InvalidField(1, 7));
  EXPECT_EQ(RefusalOf("53 00 00 20 00 00 00 00 01 00", lu), AtLba(kLbaOutOfRange, Lba(0x200000)));
  EXPECT_EQ(RefusalOf("7f 00 00 00 00 00 00 18 00 07 01 00 00 00 00 00"
                      "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 01",
                      lu),
            InvalidField(10, 0));
  EXPECT_EQ(RefusalOf("7f 00 00 00 00 00 00 10 00 07 00 00 00 00 00 00"
                      "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 01",
                      lu),
            InvalidField(7));
  lu.read_only = true;
  EXPECT_EQ(RefusalOf("53 00 00 00 00 00 00 00 01 00", lu), kWriteProtected);
  EXPECT_EQ(RefusalOf("53 04 00 00 00 00 00 00 01 00", lu), std::nullopt);  // Nothing is written.
  lu = Disk();
  SetCapacity(lu, limits::kBidirectionalPieceBytes, 1u << 30);
  EXPECT_EQ(RefusalOf("53 00 00 00 00 00 00 00 01 00", lu), std::nullopt);
  SetCapacity(lu, 2 * limits::kBidirectionalPieceBytes, 1u << 30);
  EXPECT_EQ(RefusalOf("53 00 00 00 00 00 00 00 01 00", lu), kInvalidOpcode);
}

TEST(CdbTest, SynchronizeCache) {
  const auto ten = Decode(Cdb("35 02 00 00 00 05 00 00 03 00"), nullptr);
  EXPECT_EQ(ten.error(), kLunNotSupported);
  const LuView lu = Disk();
  const auto request = Decode(Cdb("35 02 00 00 00 05 00 00 03 00"), &lu);
  const auto* sync = std::get_if<SyncCache>(&request->op);
  ASSERT_NE(sync, nullptr);
  EXPECT_EQ(sync->lba, Lba(5));
  EXPECT_EQ(sync->blocks, 3u);
  EXPECT_TRUE(sync->immed);
  EXPECT_EQ(request->expect.dir, Direction::kNone);
  EXPECT_EQ(RefusalOf("91", lu), std::nullopt);
  EXPECT_EQ(RefusalOf("91 00 00 00 00 00 00 1f ff ff 00 00 00 02 00 00", lu),
            AtLba(kLbaOutOfRange, Lba(0x1fffff)));
}

TEST(CdbTest, FailedUnitTouchesItsMediumNoMore) {
  LuView lu = Disk();
  lu.failed = true;
  for (const char* cdb : {"00", "08", "0a", "28", "2a", "35", "53", "88", "8a", "91", "a8", "aa"}) {
    EXPECT_EQ(RefusalOf(cdb, lu), kInternalTargetFailure) << cdb;
  }
  for (const char* cdb : {"03", "12", "1a 00 3f", "25", "9e 10"}) {
    EXPECT_EQ(RefusalOf(cdb, lu), std::nullopt) << cdb;
  }
}

TEST(CdbTest, UnitWithoutMedium) {
  LuView lu = Disk();
  lu.block_count = 0;
  for (const char* cdb : {"00", "28", "2a", "35", "25", "9e 10"}) {
    EXPECT_EQ(RefusalOf(cdb, lu), kMediumNotPresent) << cdb;
  }
  EXPECT_EQ(RefusalOf("12", lu), std::nullopt);
}

TEST(CdbTest, UnknownOpcodesAndActions) {
  EXPECT_EQ(RefusalOf("ff", Disk()), kInvalidOpcode);
  EXPECT_EQ(RefusalOf("42", Disk()), kInvalidOpcode);
  EXPECT_EQ(RefusalOf("9e 12", Disk()), InvalidField(1, 4));
  EXPECT_EQ(RefusalOf("a3 0c", Disk()), InvalidField(1, 4));
  EXPECT_EQ(RefusalOf("a3 0a", Disk()), InvalidField(1, 4));  // No ALUA on this unit.
}

TEST(CdbTest, WithoutAUnitOnlyThreeCommandsPass) {
  for (int opcode = 0; opcode < 256; ++opcode) {
    std::vector<std::uint8_t> cdb(16);
    cdb[0] = static_cast<std::uint8_t>(opcode);
    cdb[8] = 16;  // An allocation length that REPORT LUNS takes.
    const auto request = Decode(cdb, nullptr);
    const bool passes = opcode == 0x03 || opcode == 0x12 || opcode == 0xa0;
    EXPECT_EQ(request.ok(), passes) << opcode;
    if (!passes) {
      EXPECT_EQ(request.error(), kLunNotSupported) << opcode;
    }
    EXPECT_EQ(BypassesUnitAttention(static_cast<std::uint8_t>(opcode)), passes) << opcode;
  }
}

TEST(CdbTest, NacaIsRefusedWhereverTheControlByteIs) {
  EXPECT_EQ(RefusalOf("00 00 00 00 00 04", Disk()), InvalidField(5, 2));
  EXPECT_EQ(RefusalOf("28 00 00 00 00 00 00 00 01 04", Disk()), InvalidField(9, 2));
  EXPECT_EQ(RefusalOf("a8 00 00 00 00 00 00 00 00 01 00 04", Disk()), InvalidField(11, 2));
  EXPECT_EQ(RefusalOf("88 00 00 00 00 00 00 00 00 00 00 00 00 01 00 04", Disk()),
            InvalidField(15, 2));
}

TEST(CdbTest, ShortCdbsAreRefused) {
  const LuView lu = Disk();
  EXPECT_EQ(Decode({}, &lu).error(), kInvalidFieldInCdb);
  EXPECT_EQ(Decode({}, nullptr).error(), kLunNotSupported);
  EXPECT_EQ(Decode(FromHex("00 00 00 00 00"), &lu).error(), kInvalidFieldInCdb);
  EXPECT_TRUE(Decode(FromHex("00 00 00 00 00 00"), &lu).ok());
  EXPECT_EQ(Decode(FromHex("28 00 00 00 00 00 00 00 01"), &lu).error(), kInvalidFieldInCdb);
  EXPECT_EQ(Decode(FromHex("9e"), &lu).error(), InvalidField(1, 4));
  EXPECT_EQ(Decode(FromHex("9e 10"), &lu).error(), kInvalidFieldInCdb);
}

TEST(CdbTest, AllocationLengthIsWhatTheCdbExpectsIn) {
  const LuView lu = Disk();
  const struct {
    const char* cdb;
    std::uint64_t bytes;
  } kTable[] = {
      {"12 00 00 01 02 00", 0x102},
      {"03 00 00 00 fc 00", 0xfc},
      {"1a 00 3f 00 fe 00", 0xfe},
      {"5a 00 3f 00 00 00 00 10 00 00", 0x1000},
      {"25", 8},
      {"9e 10 00 00 00 00 00 00 00 00 00 00 00 20 00 00", 32},
      {"a0 00 00 00 00 00 00 01 00 00 00 00", 0x10000},
  };
  for (const auto& row : kTable) {
    const auto request = Decode(Cdb(row.cdb), &lu);
    ASSERT_TRUE(request.ok()) << row.cdb;
    EXPECT_EQ(request->expect.dir, Direction::kIn) << row.cdb;
    EXPECT_EQ(request->expect.bytes, row.bytes) << row.cdb;
  }
  const auto ready = Decode(Cdb("00"), &lu);
  EXPECT_EQ(ready->expect.dir, Direction::kNone);
  EXPECT_EQ(ready->expect.bytes, 0u);
}

TEST(CdbTest, CommandNames) {
  EXPECT_EQ(CommandName(Cdb("28")), "READ(10)");
  EXPECT_EQ(CommandName(Cdb("9e 10")), "READ CAPACITY(16)");
  EXPECT_EQ(CommandName(Cdb("9e 12")), "unknown");
  EXPECT_EQ(CommandName({}), "unknown");
}

}  // namespace
}  // namespace srpt::scsi
