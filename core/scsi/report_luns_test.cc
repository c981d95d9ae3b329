#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "core/scsi/testing.h"

namespace srpt::scsi {
namespace {

const std::vector<LunNumber> kLuns = {LunNumber(0), LunNumber(7), LunNumber(300)};

TEST(ReportLunsTest, Peripheral) {
  EXPECT_EQ(Ask("a0 00 00 00 00 00 00 00 01 00 00 00", nullptr, LunInventory(kLuns)).data,
            "00 00 00 18 00 00 00 00 00 00 00 00 00 00 00 00\n"
            "00 07 00 00 00 00 00 00 41 2c 00 00 00 00 00 00\n");
}

TEST(ReportLunsTest, Flat) {
  const LunInventory inventory(kLuns, LunAddressing::kFlat);
  EXPECT_EQ(Ask("a0 00 02 00 00 00 00 00 01 00 00 00", nullptr, inventory).data,
            "00 00 00 18 00 00 00 00 00 00 00 00 00 00 00 00\n"
            "40 07 00 00 00 00 00 00 41 2c 00 00 00 00 00 00\n");
}

// The shape of a snapshot's entries.
TEST(ReportLunsTest, ReadsTheNumbersOutOfEntries) {
  struct Entry {
    LuView lu;
    LunNumber lun;
  };
  std::array<Entry, 2> entries;
  entries[0].lun = LunNumber(3);
  entries[1].lun = LunNumber(4);
  EXPECT_EQ(Ask("a0 00 00 00 00 00 00 00 01 00 00 00", nullptr, LunInventory(entries)).data,
            "00 00 00 10 00 00 00 00 00 03 00 00 00 00 00 00\n"
            "00 04 00 00 00 00 00 00\n");
}

TEST(ReportLunsTest, WellKnownUnitsThereAreNone) {
  EXPECT_EQ(Ask("a0 00 01 00 00 00 00 00 01 00 00 00", nullptr, LunInventory(kLuns)).data,
            "00 00 00 00 00 00 00 00\n");
  EXPECT_EQ(Ask("a0 00 00 00 00 00 00 00 01 00 00 00", nullptr).data, "00 00 00 00 00 00 00 00\n");
}

TEST(ReportLunsTest, CutAtTheAllocationLengthWithTheWholeLength) {
  EXPECT_EQ(Ask("a0 00 00 00 00 00 00 00 00 14 00 00", nullptr, LunInventory(kLuns)).data,
            "00 00 00 18 00 00 00 00 00 00 00 00 00 00 00 00\n"
            "00 07 00 00\n");
}

TEST(ReportLunsTest, BadFields) {
  EXPECT_EQ(Ask("a0 00 00 00 00 00 00 00 00 0f 00 00", nullptr), Refused(InvalidField(6)));
  EXPECT_EQ(Ask("a0 00 03 00 00 00 00 00 01 00 00 00", nullptr), Refused(InvalidField(2)));
}

}  // namespace
}  // namespace srpt::scsi
