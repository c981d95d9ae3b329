#include "core/scsi/sense.h"

#include <gtest/gtest.h>

#include <array>

#include "core/scsi/testing.h"

namespace srpt::scsi {
namespace {

std::string Fixed(const Sense& sense) {
  std::array<std::uint8_t, kFixedSenseBytes> out;
  out.fill(0xee);
  EXPECT_EQ(WriteFixedSense(sense, out), out.size());
  return ToHex(out);
}

TEST(SenseTest, InvalidFieldInCdbIsTheWorkedExample) {
  EXPECT_EQ(Fixed(kInvalidFieldInCdb), "70 00 05 00 00 00 00 0a 00 00 00 00 24 00 00 00\n00 00\n");
}

TEST(SenseTest, InformationIsTheLba) {
  EXPECT_EQ(Fixed(AtLba(kLbaOutOfRange, Lba(0x12345678))),
            "f0 00 05 12 34 56 78 0a 00 00 00 00 21 00 00 00\n00 00\n");
}

// Fixed format has 32 bits: an LBA beyond them is left out, not cut.
TEST(SenseTest, LargeLbaIsNotReported) {
  EXPECT_EQ(Fixed(AtLba(kReadError, Lba(0xffffffff))),
            "f0 00 03 ff ff ff ff 0a 00 00 00 00 11 00 00 00\n00 00\n");
  EXPECT_EQ(Fixed(AtLba(kReadError, Lba(0x100000000))),
            "70 00 03 00 00 00 00 0a 00 00 00 00 11 00 00 00\n00 00\n");
}

TEST(SenseTest, FieldPointerNamesByteAndBit) {
  EXPECT_EQ(Fixed(InvalidField(0x102, 3)),
            "70 00 05 00 00 00 00 0a 00 00 00 00 24 00 00 cb\n01 02\n");
}

TEST(SenseTest, ShortSpanIsFilledAndNoMore) {
  std::array<std::uint8_t, 20> out;
  out.fill(0xee);
  EXPECT_EQ(WriteFixedSense(kWriteProtected, MutableBytes(out).first(13)), 13u);
  EXPECT_EQ(ToHex(Bytes(out)), "70 00 07 00 00 00 00 0a 00 00 00 00 27 ee ee ee\nee ee ee ee\n");
  EXPECT_EQ(WriteFixedSense(kWriteProtected, {}), 0u);
}

TEST(SenseTest, CodesAreThoseOfTheStandard) {
  const struct {
    Sense sense;
    int key, asc, ascq;
  } kTable[] = {{kInvalidOpcode, 0x5, 0x20, 0x00},
                {kLbaOutOfRange, 0x5, 0x21, 0x00},
                {kLunNotSupported, 0x5, 0x25, 0x00},
                {kSavingNotSupported, 0x5, 0x39, 0x00},
                {kSpaceAllocFailed, 0x7, 0x27, 0x07},
                {kWriteError, 0x3, 0x0c, 0x00},
                {kReadError, 0x3, 0x11, 0x00},
                {kInternalTargetFailure, 0x4, 0x44, 0x00},
                {kOverlappedCommands, 0xb, 0x4e, 0x00},
                {kTransitioning, 0x2, 0x04, 0x0a},
                {kStandby, 0x2, 0x04, 0x0b},
                {kUnavailable, 0x2, 0x04, 0x0c},
                {kOffline, 0x2, 0x04, 0x12},
                {kMediumNotPresent, 0x2, 0x3a, 0x00},
                {kUaPowerOn, 0x6, 0x29, 0x00},
                {kUaLunReset, 0x6, 0x29, 0x03},
                {kUaNexusLoss, 0x6, 0x29, 0x07},
                {kUaAluaStateChanged, 0x6, 0x2a, 0x06},
                {kUaCapacityChanged, 0x6, 0x2a, 0x09},
                {kUaReportedLunsChanged, 0x6, 0x3f, 0x0e},
                {kUaInquiryDataChanged, 0x6, 0x3f, 0x03}};
  for (const auto& row : kTable) {
    EXPECT_EQ(row.sense,
              (Sense{static_cast<std::uint8_t>(row.key), static_cast<std::uint8_t>(row.asc),
                     static_cast<std::uint8_t>(row.ascq)}));
  }
}

}  // namespace
}  // namespace srpt::scsi
