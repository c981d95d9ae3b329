#include "core/initiator/cdb.h"

#include <gtest/gtest.h>

#include <vector>

namespace srpt::initiator {
namespace {

std::vector<std::uint8_t> Of(const Cdb& cdb) {
  return {cdb.bytes.begin(), cdb.bytes.begin() + static_cast<std::ptrdiff_t>(cdb.size)};
}
using V = std::vector<std::uint8_t>;

TEST(CdbTest, Transfers) {
  EXPECT_EQ(Of(Read6(Lba(0x1f2345), 7)), (V{0x08, 0x1f, 0x23, 0x45, 7, 0}));
  EXPECT_EQ(Of(Write6(Lba(1), 256)), (V{0x0a, 0, 0, 1, 0, 0}));
  EXPECT_EQ(Of(Read10(Lba(0x12345678), 0xabcd, kFua)),
            (V{0x28, 0x08, 0x12, 0x34, 0x56, 0x78, 0, 0xab, 0xcd, 0}));
  EXPECT_EQ(Of(Write12(Lba(2), 3)), (V{0xaa, 0, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0}));
  EXPECT_EQ(Of(Write16(Lba(0x0102030405060708), 9, kDpo)),
            (V{0x8a, 0x10, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 9, 0, 0}));
  EXPECT_EQ(Of(Read32(Lba(0x0102030405060708), 0x090a0b0c, kFua)),
            (V{0x7f, 0, 0, 0, 0, 0, 0, 0x18, 0, 0x09, 0x08, 0, 1, 2,  3,  4,
               5,    6, 7, 8, 0, 0, 0, 0,    0, 0,    0,    0, 9, 10, 11, 12}));
  EXPECT_EQ(Of(Write32(Lba(0), 0))[9], 0x0b);
  EXPECT_EQ(Of(XdWriteRead10(Lba(2), 3, kDisableWrite)), (V{0x53, 4, 0, 0, 0, 2, 0, 0, 3, 0}));
  EXPECT_EQ(Of(XdWriteRead32(Lba(0), 0))[9], 0x07);
  EXPECT_EQ(Of(SynchronizeCache10()).front(), 0x35);
  EXPECT_EQ(Of(SynchronizeCache16()).size(), 16u);
}

TEST(CdbTest, Queries) {
  EXPECT_EQ(Of(TestUnitReady()), V(6, 0));
  EXPECT_EQ(Of(Inquiry(0x1234)), (V{0x12, 0, 0, 0x12, 0x34, 0}));
  EXPECT_EQ(Of(Inquiry(255, std::uint8_t{0x83})), (V{0x12, 1, 0x83, 0, 255, 0}));
  EXPECT_EQ(Of(ReadCapacity16()), (V{0x9e, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32, 0, 0}));
  EXPECT_EQ(Of(ModeSense6(0x3f, 0, 192, 2, true)), (V{0x1a, 8, 0xbf, 0, 192, 0}));
  EXPECT_EQ(Of(ModeSense10(8, 0, 0x100)), (V{0x5a, 0, 8, 0, 0, 0, 0, 1, 0, 0}));
  EXPECT_EQ(Of(ReportLuns(16, 2)), (V{0xa0, 0, 2, 0, 0, 0, 0, 0, 0, 16, 0, 0}));
  EXPECT_EQ(Of(ReportTargetPortGroups(64, true)), (V{0xa3, 0x2a, 0, 0, 0, 0, 0, 0, 0, 64, 0, 0}));
  EXPECT_EQ(Of(RequestSense(18)), (V{0x03, 0, 0, 0, 18, 0}));
}

TEST(CdbTest, SenseOfBothFormats) {
  V fixed(18, 0);
  fixed[0] = 0xf0;
  fixed[2] = 0x03;
  fixed[6] = 0x2a;
  fixed[12] = 0x11;
  const auto medium = ParseSense(fixed);
  ASSERT_TRUE(medium.has_value());
  EXPECT_TRUE(medium->Is(scsi::kReadError));
  EXPECT_EQ(medium->information, 0x2au);
  V descriptor = {0x72, 0x05, 0x21, 0, 0, 0, 0, 12, 0, 10, 0x80, 0, 1, 0, 0, 0, 0, 0, 0, 2};
  const auto range = ParseSense(descriptor);
  ASSERT_TRUE(range.has_value());
  EXPECT_TRUE(range->Is(scsi::kLbaOutOfRange));
  EXPECT_EQ(range->information, 0x0100000000000002u);
  EXPECT_FALSE(ParseSense({}).has_value());
  EXPECT_FALSE(ParseSense(V{0x70, 0, 5, 0, 0, 0, 0, 0}).has_value());
  EXPECT_FALSE(ParseSense(V(18, 0x7f)).has_value());
}

TEST(CdbDeathTest, AFieldThatDoesNotFitIsOurOwnBug) {
  EXPECT_DEATH(Read6(Lba(1u << 21), 1), "");
  EXPECT_DEATH(Read10(Lba(std::uint64_t{1} << 32), 1), "");
}

}  // namespace
}  // namespace srpt::initiator
