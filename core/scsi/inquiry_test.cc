#include <gtest/gtest.h>

#include "core/scsi/testing.h"

namespace srpt::scsi {
namespace {

TEST(InquiryTest, StandardDataOfADisk) {
  const LuView lu = Disk();
  const Reply reply = Ask("12 00 00 00 ff 00", &lu);
  EXPECT_EQ(reply.data,
            "00 00 06 12 5b 00 10 02 53 43 53 54 5f 46 49 4f\n"  // SCST_FIO
            "64 69 73 6b 31 20 20 20 20 20 20 20 20 20 20 20\n"  // disk1
            "30 31 30 30 00 00 00 00 00 00 00 00 00 00 00 00\n"
            "00 00 00 00 00 00 00 00 00 00 00 a0 09 40 04 60\n"  // SAM-5, SRP, SPC-4,
            "04 c0 00 00 00 00 00 00 00 00 00 00 00 00 00 00\n"  // SBC-3
            "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00\n");
}

TEST(InquiryTest, RemovableAndAluaBits) {
  LuView lu = Disk();
  lu.removable = true;
  lu.alua.present = true;
  EXPECT_EQ(Ask("12 00 00 00 08 00", &lu).data, "00 80 06 12 5b 10 10 02\n");
}

// Linux asks for 36 bytes first and reads from the additional length how much there is.
TEST(InquiryTest, CutAtTheAllocationLength) {
  const LuView lu = Disk();
  EXPECT_EQ(Ask("12 00 00 00 05 00", &lu).data, "00 00 06 12 5b\n");
  EXPECT_EQ(Ask("12 00 00 00 0a 00", &lu).data, "00 00 06 12 5b 00 10 02 53 43\n");
  EXPECT_EQ(Ask("12 00 00 00 00 00", &lu), Reply{});
}

TEST(InquiryTest, UnmappedLun) {
  EXPECT_EQ(Ask("12 00 00 00 24 00", nullptr).data,
            "7f 00 06 12 5b 00 00 02 20 20 20 20 20 20 20 20\n"
            "20 20 20 20 20 20 20 20 20 20 20 20 20 20 20 20\n"
            "20 20 20 20\n");
}

TEST(InquiryTest, BadFields) {
  const LuView lu = Disk();
  EXPECT_EQ(Ask("12 02 00 00 ff 00", &lu), Refused(InvalidField(1, 1)));  // CMDDT
  EXPECT_EQ(Ask("12 00 80 00 ff 00", &lu), Refused(InvalidField(2)));     // A page without EVPD.
}

}  // namespace
}  // namespace srpt::scsi
