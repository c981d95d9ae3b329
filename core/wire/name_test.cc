#include "core/wire/name.h"

#include <gtest/gtest.h>

#include <string>

namespace srpt::wire {
namespace {

constexpr std::array<std::uint8_t, 16> kGid = {0xfe, 0x80, 0,    0, 0, 0,    0,    0,
                                               0,    2,    0xc9, 3, 0, 0xaa, 0x10, 1};

TEST(Name, GidIsEightGroupsOfFour) {
  EXPECT_EQ(FormatGid(kGid).view(), "fe80:0000:0000:0000:0002:c903:00aa:1001");
}

TEST(Name, GidIsReadBackInEitherCase) {
  EXPECT_EQ(ParseGid("fe80:0000:0000:0000:0002:c903:00aa:1001"), kGid);
  EXPECT_EQ(ParseGid("FE80:0000:0000:0000:0002:C903:00AA:1001"), kGid);
}

TEST(Name, GidRefusesEverythingElse) {
  for (const std::string text :
       {"", "fe80::2:c903:aa:1001", "fe80:0000:0000:0000:0002:c903:00aa:100",
        "fe80:0000:0000:0000:0002:c903:00aa:10011", "fe80:0000:0000:0000:0002:c903:00aa.1001",
        "fe80:0000:0000:0000:0002:c903:00ag:1001", "fe8:00000:0000:0000:0002:c903:00aa:1001"}) {
    EXPECT_FALSE(ParseGid(text).has_value()) << text;
  }
}

TEST(Name, Ipv4AddressIsDottedDecimal) {
  EXPECT_EQ(FormatPeerAddress(MapIpv4({10, 0, 200, 255})).view(), "10.0.200.255");
  EXPECT_EQ(FormatPeerAddress(MapIpv4({192, 168, 0, 1})).view(), "192.168.0.1");
}

TEST(Name, OtherAddressesAreWrittenLikeAGid) {
  EXPECT_EQ(FormatPeerAddress(PeerAddress{kGid}).view(), "fe80:0000:0000:0000:0002:c903:00aa:1001");
  PeerAddress nearly = MapIpv4({1, 2, 3, 4});
  nearly.bytes[0] = 1;
  EXPECT_EQ(FormatPeerAddress(nearly).view(), "0100:0000:0000:0000:0000:ffff:0102:0304");
}

TEST(Name, GuidAndPortIdAreHex) {
  EXPECT_EQ(FormatGuid(0x0002c90300aa0001).view(), "0x0002c90300aa0001");
  EXPECT_EQ(FormatPortId(PortId{kGid}).view(), "0xfe800000000000000002c90300aa1001");
}

}  // namespace
}  // namespace srpt::wire
