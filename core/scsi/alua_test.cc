#include "core/scsi/alua.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/scsi/testing.h"

namespace srpt::scsi {
namespace {

// One letter a command: y taken, n refused.
std::string Taken(AluaState state, const Sense& refusal) {
  std::string row;
  for (const char* cdb : {"12", "a0", "03", "a3 0a",  // INQUIRY, REPORT LUNS, REQUEST SENSE, RTPG
                          "1a", "5a", "25", "9e 10",  // MODE SENSE, READ CAPACITY
                          "00", "08", "28", "88",     // TEST UNIT READY, READ
                          "0a", "2a", "8a", "35"}) {  // WRITE, SYNCHRONIZE CACHE
    const auto sense = AluaCheck(state, Cdb(cdb));
    row += sense ? 'n' : 'y';
    if (sense) {
      EXPECT_EQ(*sense, refusal) << cdb;
    }
  }
  return row;
}

TEST(AluaTest, WhatEachStateTakes) {
  EXPECT_EQ(Taken(AluaState::kActive, kNoSense), "yyyyyyyyyyyyyyyy");
  EXPECT_EQ(Taken(AluaState::kNonoptimized, kNoSense), "yyyyyyyyyyyyyyyy");
  EXPECT_EQ(Taken(AluaState::kStandby, kStandby), "yyyyyyyynnnnnnnn");
  EXPECT_EQ(Taken(AluaState::kUnavailable, kUnavailable), "yyyynnnnnnnnnnnn");
  EXPECT_EQ(Taken(AluaState::kOffline, kOffline), "yyyynnnnnnnnnnnn");
  EXPECT_EQ(Taken(AluaState::kTransitioning, kTransitioning), "yyyynnnnnnnnnnnn");
}

TEST(AluaTest, UnknownCommandsAreLeftToDecode) {
  EXPECT_EQ(AluaCheck(AluaState::kStandby, Cdb("ff")), std::nullopt);
  EXPECT_EQ(AluaCheck(AluaState::kOffline, Cdb("a3 0c")), std::nullopt);
  EXPECT_EQ(AluaCheck(AluaState::kOffline, {}), std::nullopt);
}

class ReportTargetPortGroupsTest : public ::testing::Test {
 protected:
  ReportTargetPortGroupsTest() {
    lu_.rel_tgt_id = 2;
    lu_.alua.present = true;
    lu_.alua.group_id = 0x101;
    lu_.alua.state = AluaState::kNonoptimized;
    lu_.alua.groups = groups_;
  }
  const std::vector<std::uint16_t> local_ = {1, 2};
  const std::vector<std::uint16_t> remote_ = {0x1003};
  const std::vector<TargetPortGroup> groups_ = {{0x101, AluaState::kNonoptimized, true, local_},
                                                {0x102, AluaState::kStandby, false, remote_}};
  LuView lu_ = Disk();
};

TEST_F(ReportTargetPortGroupsTest, LengthOnlyHeader) {
  EXPECT_EQ(Ask("a3 0a 00 00 00 00 00 00 01 00 00 00", &lu_).data,
            "00 00 00 1c 81 cf 01 01 00 00 00 02 00 00 00 01\n"
            "00 00 00 02 02 cf 01 02 00 00 00 01 00 00 10 03\n");
}

TEST_F(ReportTargetPortGroupsTest, ExtendedHeader) {
  EXPECT_EQ(Ask("a3 2a 00 00 00 00 00 00 01 00 00 00", &lu_).data,
            "00 00 00 20 10 00 00 00 81 cf 01 01 00 00 00 02\n"
            "00 00 00 01 00 00 00 02 02 cf 01 02 00 00 00 01\n"
            "00 00 10 03\n");
}

TEST_F(ReportTargetPortGroupsTest, WithoutAListTheOwnGroup) {
  lu_.alua.groups = {};
  EXPECT_EQ(Ask("a3 0a 00 00 00 00 00 00 01 00 00 00", &lu_).data,
            "00 00 00 0c 01 cf 01 01 00 00 00 01 00 00 00 02\n");
}

TEST_F(ReportTargetPortGroupsTest, CutWithTheWholeLength) {
  EXPECT_EQ(Ask("a3 0a 00 00 00 00 00 00 00 06 00 00", &lu_).data, "00 00 00 1c 81 cf\n");
}

TEST_F(ReportTargetPortGroupsTest, BadFormat) {
  EXPECT_EQ(Ask("a3 4a 00 00 00 00 00 00 01 00 00 00", &lu_), Refused(InvalidField(1, 7)));
}

TEST_F(ReportTargetPortGroupsTest, MorePortsThanItsCountHolds) {
  const std::vector<std::uint16_t> many(300, 5);
  const std::vector<TargetPortGroup> groups = {{1, AluaState::kActive, false, many}};
  lu_.alua.groups = groups;
  EXPECT_EQ(Ask("a3 0a 00 00 00 00 00 00 00 0c 00 00", &lu_).data,
            "00 00 04 04 00 cf 00 01 00 00 00 ff\n");
}

}  // namespace
}  // namespace srpt::scsi
