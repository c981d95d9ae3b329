#include <gtest/gtest.h>

#include "core/scsi/testing.h"

namespace srpt::scsi {
namespace {

TEST(RequestSenseTest, NothingToReport) {
  const LuView lu = Disk();
  EXPECT_EQ(Ask("03 00 00 00 fc 00", &lu).data,
            "70 00 00 00 00 00 00 0a 00 00 00 00 00 00 00 00\n00 00\n");
  EXPECT_EQ(Ask("03 01 00 00 fc 00", &lu).data, "72 00 00 00 00 00 00 00\n");
}

// Answered with GOOD; the data say that there is no unit.
TEST(RequestSenseTest, UnmappedLun) {
  const Reply reply = Ask("03 00 00 00 fc 00", nullptr);
  EXPECT_EQ(reply.status, Status::kGood);
  EXPECT_EQ(reply.data, "70 00 05 00 00 00 00 0a 00 00 00 00 25 00 00 00\n00 00\n");
  EXPECT_EQ(Ask("03 01 00 00 fc 00", nullptr).data, "72 05 25 00 00 00 00 00\n");
}

TEST(RequestSenseTest, CutAtTheAllocationLength) {
  EXPECT_EQ(Ask("03 00 00 00 08 00", nullptr).data, "70 00 05 00 00 00 00 0a\n");
  EXPECT_EQ(Ask("03 00 00 00 00 00", nullptr).data, "");
}

TEST(TestUnitReadyTest, Ready) {
  const LuView lu = Disk();
  EXPECT_EQ(Ask("00", &lu), Reply{});
}

}  // namespace
}  // namespace srpt::scsi
