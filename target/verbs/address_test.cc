#include "target/verbs/address.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

namespace srpt::target {
namespace {

PeerAddress FromV4(const char* text) {
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_port = htons(1234);
  EXPECT_EQ(inet_pton(AF_INET, text, &in.sin_addr), 1);
  return ToPeerAddress(reinterpret_cast<const sockaddr*>(&in));
}

PeerAddress FromV6(const char* text) {
  sockaddr_in6 in{};
  in.sin6_family = AF_INET6;
  in.sin6_port = htons(1234);
  in.sin6_scope_id = 7;
  EXPECT_EQ(inet_pton(AF_INET6, text, &in.sin6_addr), 1);
  return ToPeerAddress(reinterpret_cast<const sockaddr*>(&in));
}

TEST(Address, Ipv4IsMappedIntoIpv6) {
  EXPECT_EQ(FromV4("10.0.1.2").bytes,
            (std::array<std::uint8_t, 16>{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 1, 2}));
  EXPECT_EQ(FromV4("10.0.1.2"), FromV6("::ffff:10.0.1.2"));
}

TEST(Address, TextIsTheUsualOne) {
  EXPECT_EQ(AddressText(FromV4("10.0.1.2")), "10.0.1.2");
  EXPECT_EQ(AddressText(FromV6("fe80::ff:fe00:101")), "fe80::ff:fe00:101");
}

TEST(Address, PortAndScopeAreNoPartOfIt) {
  sockaddr_in6 in{};
  in.sin6_family = AF_INET6;
  inet_pton(AF_INET6, "fe80::1", &in.sin6_addr);
  EXPECT_EQ(ToPeerAddress(reinterpret_cast<const sockaddr*>(&in)), FromV6("fe80::1"));
}

TEST(Address, AnUnknownFamilyIsNobody) {
  sockaddr unknown{};
  unknown.sa_family = AF_UNIX;
  EXPECT_EQ(ToPeerAddress(&unknown), PeerAddress{});
}

// [R-PARAM-09]
TEST(Address, AGidIsATargetName) {
  const std::array<std::uint8_t, 16> gid = {0xfe, 0x80, 0, 0,    0,    0, 0, 0,
                                            0,    0,    0, 0xff, 0xfe, 0, 1, 1};
  EXPECT_EQ(GidText(gid), "fe80:0000:0000:0000:0000:00ff:fe00:0101");
}

}  // namespace
}  // namespace srpt::target
