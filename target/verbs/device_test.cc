#include "target/verbs/device.h"

#include <gtest/gtest.h>

namespace srpt::target {
namespace {

Device WithPorts(std::initializer_list<Transport> transports) {
  Device device;
  device.name = "dev0";
  for (const Transport transport : transports) {
    device.ports.emplace_back();
    device.ports.back().transport = transport;
  }
  return device;
}

TEST(Device, IwarpNeedsAWordOfCaution) {
  const std::string caution = Caution(WithPorts({Transport::kIwarp, Transport::kIwarp}));
  EXPECT_EQ(caution.substr(0, 14), "dev0 is iWARP:");
  EXPECT_NE(caution.find("open to remote writes"), std::string::npos);
  EXPECT_EQ(caution.find('\n'), std::string::npos) << "one line";
}

// [R-INV-20]
TEST(Device, NothingOfOursIsOpenToRemoteWritesElsewhere) {
  EXPECT_EQ(Caution(WithPorts({Transport::kInfiniBand, Transport::kRoce})), "");
}

}  // namespace
}  // namespace srpt::target
