#include "core/wire/lun.h"

#include <gtest/gtest.h>

#include "core/base/limits.h"
#include "core/wire/refusal.h"

namespace srpt::wire {
namespace {

RawLun Raw(std::uint8_t b0, std::uint8_t b1, std::uint8_t b2 = 0, std::uint8_t b7 = 0) {
  return RawLun{{b0, b1, b2, 0, 0, 0, 0, b7}};
}

TEST(Lun, ThreeMethodsNameOneUnit) {
  EXPECT_EQ(*DecodeLun(Raw(0x00, 5)), LunNumber(5));
  EXPECT_EQ(*DecodeLun(Raw(0x40, 5)), LunNumber(5));
  EXPECT_EQ(*DecodeLun(Raw(0x80, 5)), LunNumber(5));
  EXPECT_EQ(*DecodeLun(Raw(0x00, 0xff)), LunNumber(255));
  EXPECT_EQ(*DecodeLun(Raw(0x7f, 0xff)), LunNumber(16383));
  EXPECT_EQ(*DecodeLun(Raw(0x80, 31)), LunNumber(31));
}

TEST(Lun, RefusesOtherBusesAndTargets) {
  EXPECT_EQ(Refusal(DecodeLun(Raw(0x01, 5))), LunError::kOtherBus);
  EXPECT_EQ(Refusal(DecodeLun(Raw(0x81, 5))), LunError::kOtherBus);
  EXPECT_EQ(Refusal(DecodeLun(Raw(0x80, 32))), LunError::kOtherBus);
}

TEST(Lun, RefusesExtendedAddressingAndDeeperLevels) {
  EXPECT_EQ(Refusal(DecodeLun(Raw(0xc1, 0))), LunError::kUnknownMethod);
  EXPECT_EQ(Refusal(DecodeLun(Raw(0xd2, 0, 9))), LunError::kUnknownMethod);
  for (std::uint8_t method : {0x00, 0x40, 0x80}) {
    EXPECT_EQ(Refusal(DecodeLun(Raw(method, 5, 1))), LunError::kDeeperLevels);
    EXPECT_EQ(Refusal(DecodeLun(Raw(method, 5, 0, 1))), LunError::kDeeperLevels);
  }
}

TEST(Lun, EncodesByTheWantedMethod) {
  EXPECT_EQ(EncodeLun(LunNumber(5), LunAddressing::kPeripheral), Raw(0x00, 5));
  EXPECT_EQ(EncodeLun(LunNumber(5), LunAddressing::kFlat), Raw(0x40, 5));
  EXPECT_EQ(EncodeLun(LunNumber(5), LunAddressing::kLogicalUnit), Raw(0x80, 5));
}

TEST(Lun, EncodesLargeNumbersFlatAndZeroAsZeroes) {
  EXPECT_EQ(EncodeLun(LunNumber(256), LunAddressing::kPeripheral), Raw(0x41, 0));
  EXPECT_EQ(EncodeLun(LunNumber(32), LunAddressing::kLogicalUnit), Raw(0x40, 32));
  EXPECT_EQ(EncodeLun(LunNumber(16383), LunAddressing::kFlat), Raw(0x7f, 0xff));
  for (const auto addressing :
       {LunAddressing::kPeripheral, LunAddressing::kFlat, LunAddressing::kLogicalUnit}) {
    EXPECT_EQ(EncodeLun(LunNumber(0), addressing), Raw(0, 0));
  }
}

TEST(Lun, EveryNumberComesBackByEveryMethod) {
  for (std::uint32_t n = 0; n <= limits::kLunNumberMax; ++n) {
    for (const auto addressing :
         {LunAddressing::kPeripheral, LunAddressing::kFlat, LunAddressing::kLogicalUnit}) {
      const LunNumber lun(static_cast<std::uint16_t>(n));
      const auto back = DecodeLun(EncodeLun(lun, addressing));
      ASSERT_TRUE(back.ok()) << n;
      ASSERT_EQ(*back, lun) << n;
    }
  }
}

}  // namespace
}  // namespace srpt::wire
