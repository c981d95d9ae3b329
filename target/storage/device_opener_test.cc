#include "target/storage/device_opener.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <future>
#include <memory>
#include <optional>
#include <string>

namespace srpt::target {
namespace {

config::Device Named(const std::string& name) {
  config::Device device;
  device.name = name;
  return device;
}

std::optional<DeviceOpener::Opened> Wait(DeviceOpener& opener) {
  pollfd wait{opener.event_fd(), POLLIN, 0};
  EXPECT_EQ(poll(&wait, 1, 10000), 1) << "nothing was opened";
  return opener.Take();
}

TEST(DeviceOpener, AnOpenThatHangsHoldsUpNobody) {
  std::promise<void> answer;
  const std::shared_future<void> answered = answer.get_future().share();
  DeviceOpener opener([answered](const config::Device& device, std::size_t n) -> OpenedStores {
    if (device.name == "hung") answered.wait();
    if (device.name == "bad") return Err{std::string("no such file")};
    return std::vector<BackingFile>(n);
  });
  opener.Open(AdminId(1), Named("hung"), 2);
  opener.Open(AdminId(2), Named("bad"), 2);
  auto opened = Wait(opener);
  ASSERT_TRUE(opened.has_value());
  EXPECT_EQ(opened->id, AdminId(2));
  ASSERT_FALSE(opened->stores.ok());
  EXPECT_EQ(opened->stores.error(), "no such file");
  EXPECT_FALSE(opener.Take().has_value());
  pollfd quiet{opener.event_fd(), POLLIN, 0};
  EXPECT_EQ(poll(&quiet, 1, 0), 0) << "it is told once";
  answer.set_value();
  opened = Wait(opener);
  ASSERT_TRUE(opened.has_value());
  EXPECT_EQ(opened->id, AdminId(1));
  EXPECT_EQ(opened->device.name, "hung");
  ASSERT_TRUE(opened->stores.ok());
  EXPECT_EQ(opened->stores->size(), 2u);
}

// The daemon ends while a file system keeps an open: expect nobody to wait for it.
TEST(DeviceOpener, GoesWithoutWaitingForAnOpenThatHangs) {
  std::promise<void> answer;
  const auto over = std::make_shared<std::promise<void>>();
  const std::shared_future<void> answered = answer.get_future().share();
  {
    DeviceOpener opener([answered, over](const config::Device&, std::size_t n) -> OpenedStores {
      answered.wait();
      over->set_value();
      return std::vector<BackingFile>(n);
    });
    opener.Open(AdminId(1), Named("hung"), 1);
  }
  answer.set_value();
  over->get_future().wait();  // And it ends as if nothing had happened.
}

}  // namespace
}  // namespace srpt::target
