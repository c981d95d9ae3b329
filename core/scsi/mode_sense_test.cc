#include <gtest/gtest.h>

#include "core/scsi/testing.h"

namespace srpt::scsi {
namespace {

TEST(ModeSenseTest, AllPages) {
  const LuView lu = Disk();
  EXPECT_EQ(Ask("1a 00 3f 00 ff 00", &lu).data,
            "53 00 10 08 00 20 00 00 00 00 02 00 01 0a 00 00\n"
            "00 00 00 00 00 00 00 00 02 0e 00 00 00 00 00 00\n"
            "00 00 00 00 00 00 00 00 08 12 04 00 00 00 00 00\n"
            "00 00 00 00 00 00 00 00 00 00 00 00 0a 0a 20 10\n"
            "00 00 00 00 00 00 00 00 1c 0a 08 00 00 00 00 00\n"
            "00 00 00 00\n");
}

// What Linux's sd asks to learn whether writes are cached.
TEST(ModeSenseTest, CachingPageWithoutDescriptor) {
  LuView lu = Disk();
  EXPECT_EQ(Ask("1a 08 08 00 18 00", &lu).data,
            "17 00 10 00 08 12 04 00 00 00 00 00 00 00 00 00\n"
            "00 00 00 00 00 00 00 00\n");
  SetCachePolicy(lu, {.write_through = true});
  EXPECT_EQ(Ask("1a 08 08 00 07 00", &lu).data, "17 00 10 00 08 12 00\n");
  SetCachePolicy(lu, {.nv_cache = true});
  EXPECT_EQ(Ask("1a 08 08 00 07 00", &lu).data, "17 00 10 00 08 12 00\n");
}

TEST(ModeSenseTest, DefaultsAreTheCurrentValues) {
  const LuView lu = Disk();
  EXPECT_EQ(Ask("1a 00 bf 00 ff 00", &lu), Ask("1a 00 3f 00 ff 00", &lu));
}

TEST(ModeSenseTest, NothingIsChangeable) {
  const LuView lu = Disk();
  EXPECT_EQ(Ask("1a 08 48 00 ff 00", &lu).data,
            "17 00 10 00 08 12 00 00 00 00 00 00 00 00 00 00\n"
            "00 00 00 00 00 00 00 00\n");
  EXPECT_EQ(Ask("1a 08 4a 00 ff 00", &lu).data,
            "0f 00 10 00 0a 0a 00 00 00 00 00 00 00 00 00 00\n");
}

TEST(ModeSenseTest, NothingIsSaved) {
  const LuView lu = Disk();
  EXPECT_EQ(Ask("1a 00 ff 00 ff 00", &lu), Refused(kSavingNotSupported));
  EXPECT_EQ(Ask("5a 00 c8 00 00 00 00 00 ff 00", &lu), Refused(kSavingNotSupported));
}

TEST(ModeSenseTest, WriteProtectAndDpoFua) {
  LuView lu = Disk();
  lu.read_only = true;
  EXPECT_EQ(Ask("1a 00 3f 00 04 00", &lu).data, "53 00 90 08\n");
  EXPECT_EQ(Ask("5a 00 3f 00 00 00 00 00 08 00", &lu).data, "00 56 00 90 00 00 00 08\n");
  lu.dpofua = false;
  EXPECT_EQ(Ask("1a 00 3f 00 04 00", &lu).data, "53 00 80 08\n");
}

TEST(ModeSenseTest, TenWithShortAndLongDescriptors) {
  LuView lu = Disk();
  lu.block_count = 0x180000000;
  EXPECT_EQ(Ask("5a 00 0a 00 00 00 00 00 ff 00", &lu).data,
            "00 1a 00 10 00 00 00 08 ff ff ff ff 00 00 02 00\n"
            "0a 0a 20 10 00 00 00 00 00 00 00 00\n");
  EXPECT_EQ(Ask("5a 10 0a 00 00 00 00 00 ff 00", &lu).data,
            "00 22 00 10 01 00 00 10 00 00 00 01 80 00 00 00\n"
            "00 00 00 00 00 00 02 00 0a 0a 20 10 00 00 00 00\n"
            "00 00 00 00\n");
  EXPECT_EQ(Ask("5a 18 0a 00 00 00 00 00 ff 00", &lu).data,
            "00 12 00 10 00 00 00 00 0a 0a 20 10 00 00 00 00\n"
            "00 00 00 00\n");
}

TEST(ModeSenseTest, DescriptorOfLargeBlocks) {
  LuView lu = Disk();
  SetCapacity(lu, 65536, 1u << 30);
  EXPECT_EQ(Ask("1a 00 3f 00 0c 00", &lu).data, "53 00 10 08 00 00 40 00 00 01 00 00\n");
}

TEST(ModeSenseTest, UnknownPagesAndSubpages) {
  const LuView lu = Disk();
  EXPECT_EQ(Ask("1a 00 05 00 ff 00", &lu), Refused(InvalidField(2, 5)));
  EXPECT_EQ(Ask("1a 00 00 00 ff 00", &lu), Refused(InvalidField(2, 5)));
  EXPECT_EQ(Ask("1a 00 0a 01 ff 00", &lu), Refused(InvalidField(3)));
  EXPECT_EQ(Ask("1a 00 3f ff ff 00", &lu), Ask("1a 00 3f 00 ff 00", &lu));
}

}  // namespace
}  // namespace srpt::scsi
