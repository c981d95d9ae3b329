#include <gtest/gtest.h>

#include "core/scsi/testing.h"

namespace srpt::scsi {
namespace {

constexpr char kRead16[] = "9e 10 00 00 00 00 00 00 00 00 00 00 00 20 00 00";

TEST(CapacityTest, TenIsTheLastLba) {
  LuView lu = Disk();
  EXPECT_EQ(Ask("25", &lu).data, "00 1f ff ff 00 00 02 00\n");
  SetCapacity(lu, 4096, 4096);
  EXPECT_EQ(Ask("25", &lu).data, "00 00 00 00 00 00 10 00\n");
}

// 2 TiB of 512-byte blocks: the last LBA that fits, ffffffff as an LBA, and one more.
TEST(CapacityTest, TenAtTheTwoTebibyteBoundary) {
  LuView lu = Disk();
  lu.block_count = 0xffffffff;
  EXPECT_EQ(Ask("25", &lu).data, "ff ff ff fe 00 00 02 00\n");
  lu.block_count = 0x100000000;
  EXPECT_EQ(Ask("25", &lu).data, "ff ff ff ff 00 00 02 00\n");
  lu.block_count = 0x100000001;
  EXPECT_EQ(Ask("25", &lu).data, "ff ff ff ff 00 00 02 00\n");
}

TEST(CapacityTest, Sixteen) {
  LuView lu = Disk();
  lu.block_count = 0x123456789abcdef0;
  EXPECT_EQ(Ask(kRead16, &lu).data,
            "12 34 56 78 9a bc de ef 00 00 02 00 00 03 00 00\n"
            "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00\n");
}

TEST(CapacityTest, ThinUnitsSayLbpme) {
  LuView lu = Disk();
  SetCapacity(lu, 4096, 1u << 30);
  lu.thin = true;
  EXPECT_EQ(Ask("9e 10 00 00 00 00 00 00 00 00 00 00 00 10 00 00", &lu).data,
            "00 00 00 00 00 03 ff ff 00 00 10 00 00 00 80 00\n");
}

TEST(CapacityTest, SixteenIsCutAtTheAllocationLength) {
  const LuView lu = Disk();
  EXPECT_EQ(Ask("9e 10 00 00 00 00 00 00 00 00 00 00 00 0c 00 00", &lu).data,
            "00 00 00 00 00 1f ff ff 00 00 02 00\n");
}

TEST(CapacityTest, AnLbaNeedsPmi) {
  const LuView lu = Disk();
  EXPECT_EQ(Ask("25 00 00 00 00 01", &lu), Refused(InvalidField(2)));
  EXPECT_EQ(Ask("25 00 00 00 00 01 00 00 01 00", &lu).data, "00 1f ff ff 00 00 02 00\n");
  EXPECT_EQ(Ask("9e 10 00 00 00 00 00 00 00 01 00 00 00 20 00 00", &lu), Refused(InvalidField(2)));
  EXPECT_EQ(Ask("9e 10 00 00 00 00 00 00 00 01 00 00 00 08 01 00", &lu).data,
            "00 00 00 00 00 1f ff ff\n");
}

}  // namespace
}  // namespace srpt::scsi
