#include "core/scsi/lu.h"

#include <gtest/gtest.h>

#include "core/scsi/testing.h"

namespace srpt::scsi {
namespace {

TEST(FixedTextTest, CutsWhatDoesNotFit) {
  FixedText<4> text("abcdef");
  EXPECT_EQ(text.view(), "abcd");
  text.Append("g");
  EXPECT_EQ(text.view(), "abcd");
}

// The published vectors of FNV-1a. Should these ever change, every disk changes its identity.
TEST(StableHashTest, IsFnv1a) {
  EXPECT_EQ(StableHash(""), 0xcbf29ce484222325u);
  EXPECT_EQ(StableHash("a"), 0xaf63dc4c8601ec8cu);
  EXPECT_EQ(StableHash("foobar"), 0x85944171f73967e8u);
}

TEST(IdentityTest, FollowsTheNameAndNothingElse) {
  const Identity id = DeriveIdentity(HandlerKind::kFileio, "disk1");
  EXPECT_EQ(id.t10_vend_id.view(), "SCST_FIO");
  EXPECT_EQ(id.prod_id.view(), "disk1");
  EXPECT_EQ(id.usn.view(), "422c5d99c8e8b18f");
  EXPECT_EQ(id.t10_dev_id.view(), "422c5d99c8e8b18f-disk1");
  EXPECT_EQ(ToHex(id.naa), "32 2c 5d 99 c8 e8 b1 8f\n");
  EXPECT_EQ(id, DeriveIdentity(HandlerKind::kNullio, "disk1"));
  EXPECT_NE(id.naa, DeriveIdentity(HandlerKind::kFileio, "disk2").naa);
}

TEST(IdentityTest, BlockDevicesHaveTheirOwnVendor) {
  EXPECT_EQ(DeriveIdentity(HandlerKind::kBlockio, "b").t10_vend_id.view(), "SCST_BIO");
}

// Two targets that export different disks under one name.
TEST(IdentityTest, SetupIdTellsTargetsApart) {
  const Identity one = DeriveIdentity(HandlerKind::kFileio, "disk1", 1);
  const Identity two = DeriveIdentity(HandlerKind::kFileio, "disk1", 0x100);
  EXPECT_NE(one.naa, two.naa);
  EXPECT_NE(one.usn, two.usn);
  EXPECT_NE(one.naa, DeriveIdentity(HandlerKind::kFileio, "disk1").naa);
}

TEST(IdentityTest, LongAndStrangeNamesStayPrintable) {
  const Identity id =
      DeriveIdentity(HandlerKind::kFileio, "a\x01\xc3\xa4 name longer than product");
  EXPECT_EQ(id.prod_id.view(), "a___ name longer");
  EXPECT_EQ(id.t10_dev_id.view().substr(16), "-a___ name longer than product");
}

TEST(LuTest, CapacityIsWholeBlocks) {
  LuView lu;
  SetCapacity(lu, 512, 1023);
  EXPECT_EQ(lu.block_count, 1u);
  EXPECT_EQ(lu.physical_block_exp, 3);
  SetCapacity(lu, 4096, 1u << 20);
  EXPECT_EQ(lu.block_count, 256u);
  EXPECT_EQ(lu.physical_block_exp, 0);
  SetCapacity(lu, 65536, 1u << 20);
  EXPECT_EQ(lu.physical_block_exp, 0);
}

TEST(LuTest, WriteCacheIsOnUnlessWrittenThroughOrNonvolatile) {
  LuView lu;
  SetCachePolicy(lu, {});
  EXPECT_TRUE(lu.write_cache && !lu.nv_cache);
  SetCachePolicy(lu, {.write_through = true});
  EXPECT_TRUE(!lu.write_cache && !lu.nv_cache);
  SetCachePolicy(lu, {.nv_cache = true});
  EXPECT_TRUE(!lu.write_cache && lu.nv_cache);
}

TEST(LuDeathTest, BadBlockSizeIsOurBug) {
  LuView lu;
  EXPECT_DEATH(SetCapacity(lu, 520, 1u << 20), "");
  EXPECT_DEATH(SetCapacity(lu, 256, 1u << 20), "");
}

}  // namespace
}  // namespace srpt::scsi
