#include "conformance/arms/verbs_arm.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

namespace srpt::arms {
namespace {

TEST(SocketAddressTest, Ipv4WithAndWithoutAPort) {
  auto address = ParseSocketAddress("10.0.1.1:5555");
  ASSERT_TRUE(address.ok());
  const auto* in = reinterpret_cast<const sockaddr_in*>(address.value().get());
  EXPECT_EQ(in->sin_family, AF_INET);
  EXPECT_EQ(ntohs(in->sin_port), 5555);
  EXPECT_EQ(ntohl(in->sin_addr.s_addr), 0x0a000101u);
  address = ParseSocketAddress("10.0.1.1");
  ASSERT_TRUE(address.ok());
  EXPECT_EQ(reinterpret_cast<const sockaddr_in*>(address.value().get())->sin_port, 0);
}

TEST(SocketAddressTest, Ipv6) {
  auto address = ParseSocketAddress("[::1]:80");
  ASSERT_TRUE(address.ok());
  const auto* in = reinterpret_cast<const sockaddr_in6*>(address.value().get());
  EXPECT_EQ(in->sin6_family, AF_INET6);
  EXPECT_EQ(ntohs(in->sin6_port), 80);
  EXPECT_EQ(in->sin6_addr.s6_addr[15], 1);
  EXPECT_TRUE(ParseSocketAddress("fe80::1").ok());
}

TEST(SocketAddressTest, AnErrorSaysWhatWasExpected) {
  for (const char* text : {"", "example.org:5555", "10.0.1.1:http", "10.0.1"}) {
    const auto address = ParseSocketAddress(text);
    if (address.ok()) continue;  // "10.0.1" is an old form of an address.
    EXPECT_NE(address.error().find("expected A.B.C.D:PORT"), std::string::npos) << text;
  }
  EXPECT_FALSE(ParseSocketAddress("example.org:5555").ok());
  EXPECT_FALSE(ParseSocketAddress("").ok());
}

// Nothing to connect to on this machine, or no device: an error in words, not a crash.
TEST(VerbsArmTest, WithoutADeviceConnectSaysWhy) {
  VerbsArm arm(*ParseSocketAddress("192.0.2.1:5555"));
  ConnectOptions options;
  options.private_data.assign(56, 0);
  const auto connection = arm.Connect(options);
  ASSERT_FALSE(connection.ok());
  EXPECT_NE(connection.error(), "");
}

TEST(VerbsArmTest, WhatIsNotThereIsHarmless) {
  VerbsArm arm(*ParseSocketAddress("192.0.2.1:5555"));
  const ConnectionId none(7);
  EXPECT_FALSE(arm.NextEvent(none, Milliseconds(1)).has_value());
  EXPECT_FALSE(arm.Send(none, {}, false));
  arm.Disconnect(none);
  arm.Close(none);
  arm.Drop(none);
  EXPECT_FALSE(arm.Register(none, 4096, access::kRemoteWrite).ok());
  const Region region{RemoteAddr(1), RKey(1), 16};
  std::uint8_t byte = 0;
  EXPECT_FALSE(arm.ReadMemory(region, 0, MutableBytes(&byte, 1)));
  EXPECT_FALSE(arm.WriteMemory(region, 0, Bytes(&byte, 1)));
  arm.Deregister(region);
}

TEST(VerbsArmTest, TimeGoesOn) {
  VerbsArm arm(*ParseSocketAddress("192.0.2.1:5555"));
  const Time before = arm.Now();
  arm.Sleep(Milliseconds(2));
  EXPECT_GE(arm.Now(), before + Milliseconds(2));
}

}  // namespace
}  // namespace srpt::arms
