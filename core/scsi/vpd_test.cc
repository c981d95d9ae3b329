#include <gtest/gtest.h>

#include "core/scsi/testing.h"

namespace srpt::scsi {
namespace {

constexpr char kZeroLine[] = "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00\n";

TEST(VpdTest, SupportedPages) {
  LuView lu = Disk();
  EXPECT_EQ(Ask("12 01 00 00 ff 00", &lu).data, "00 00 00 06 00 80 83 86 b0 b1\n");
  lu.thin = true;
  EXPECT_EQ(Ask("12 01 00 00 ff 00", &lu).data, "00 00 00 07 00 80 83 86 b0 b1 b2\n");
}

TEST(VpdTest, SerialNumber) {
  const LuView lu = Disk();
  EXPECT_EQ(Ask("12 01 80 00 ff 00", &lu).data,
            "00 80 00 10 34 32 32 63 35 64 39 39 63 38 65 38\n"  // 422c5d99c8e8b18f
            "62 31 38 66\n");
}

TEST(VpdTest, DeviceIdentification) {
  const LuView lu = Disk();
  EXPECT_EQ(Ask("12 01 83 00 ff 00", &lu).data,
            "00 83 00 36 02 01 00 1e 53 43 53 54 5f 46 49 4f\n"  // SCST_FIO
            "34 32 32 63 35 64 39 39 63 38 65 38 62 31 38 66\n"  // 422c5d99c8e8b18f
            "2d 64 69 73 6b 31 01 03 00 08 32 2c 5d 99 c8 e8\n"  // -disk1; NAA
            "b1 8f 41 94 00 04 00 00 00 01\n");                  // relative target port 1
}

TEST(VpdTest, DeviceIdentificationWithAluaAddsTheGroup) {
  LuView lu = Disk();
  lu.rel_tgt_id = 0x1234;
  lu.alua.present = true;
  lu.alua.group_id = 0x101;
  lu.identity.t10_dev_id = "x";
  EXPECT_EQ(Ask("12 01 83 00 ff 00", &lu).data,
            "00 83 00 29 02 01 00 09 53 43 53 54 5f 46 49 4f\n"
            "78 01 03 00 08 32 2c 5d 99 c8 e8 b1 8f 41 94 00\n"
            "04 00 00 12 34 41 95 00 04 00 00 01 01\n");
}

TEST(VpdTest, ExtendedInquiryTellsTheCaches) {
  LuView lu = Disk();
  EXPECT_EQ(Ask("12 01 86 00 ff 00", &lu).data,
            std::string("00 86 00 3c 00 07 01 00 00 00 00 00 00 00 00 00\n") + kZeroLine +
                kZeroLine + kZeroLine);
  SetCachePolicy(lu, {.nv_cache = true});
  EXPECT_EQ(Ask("12 01 86 00 08 00", &lu).data, "00 86 00 3c 00 07 02 00\n");
  SetCachePolicy(lu, {.write_through = true});
  EXPECT_EQ(Ask("12 01 86 00 08 00", &lu).data, "00 86 00 3c 00 07 00 00\n");
}

// 16 MiB at most, 1 MiB at best, in physical blocks of 4 KiB.
TEST(VpdTest, BlockLimitsAreInBlocks) {
  LuView lu = Disk();
  EXPECT_EQ(Ask("12 01 b0 00 ff 00", &lu).data,
            std::string("00 b0 00 3c 00 00 00 08 00 00 80 00 00 00 08 00\n") + kZeroLine +
                kZeroLine + kZeroLine);
  SetCapacity(lu, 4096, 1u << 30);
  EXPECT_EQ(Ask("12 01 b0 00 10 00", &lu).data,
            "00 b0 00 3c 00 00 00 01 00 00 10 00 00 00 01 00\n");
}

TEST(VpdTest, RotationRate) {
  LuView lu = Disk();
  EXPECT_EQ(Ask("12 01 b1 00 ff 00", &lu).data,
            std::string("00 b1 00 3c 00 00 00 00 00 00 00 00 00 00 00 00\n") + kZeroLine +
                kZeroLine + kZeroLine);
  lu.rotational = false;
  EXPECT_EQ(Ask("12 01 b1 00 08 00", &lu).data, "00 b1 00 3c 00 01 00 00\n");
}

TEST(VpdTest, ProvisioningOfThinUnitsOnly) {
  LuView lu = Disk();
  EXPECT_EQ(Ask("12 01 b2 00 ff 00", &lu), Refused(InvalidField(2)));
  lu.thin = true;
  EXPECT_EQ(Ask("12 01 b2 00 ff 00", &lu).data, "00 b2 00 04 00 00 02 00\n");
}

TEST(VpdTest, UnknownPage) {
  const LuView lu = Disk();
  EXPECT_EQ(Ask("12 01 c0 00 ff 00", &lu), Refused(InvalidField(2)));
  EXPECT_EQ(Ask("12 01 c0 00 00 00", &lu), Refused(InvalidField(2)));
}

// The page length is that of the whole page.
TEST(VpdTest, CutAtTheAllocationLength) {
  const LuView lu = Disk();
  EXPECT_EQ(Ask("12 01 83 00 07 00", &lu).data, "00 83 00 36 02 01 00\n");
  EXPECT_EQ(Ask("12 01 83 00 03 00", &lu).data, "00 83 00\n");
}

TEST(VpdTest, UnmappedLunHasTheListAlone) {
  EXPECT_EQ(Ask("12 01 00 00 ff 00", nullptr).data, "7f 00 00 01 00\n");
  EXPECT_EQ(Ask("12 01 83 00 ff 00", nullptr), Refused(InvalidField(2)));
}

}  // namespace
}  // namespace srpt::scsi
