#include "target/storage/fair_queue.h"

#include <gtest/gtest.h>

#include <string>

namespace srpt::target {
namespace {

constexpr std::uint32_t kRoom = 2 * limits::kLusMax;
constexpr std::uint32_t kOperations = 3 * kRoom;

// Device i's operations are the numbers from i * 10.
std::string Turns(FairQueue& queue) {
  std::string turns;
  for (std::uint32_t op = queue.Next(); op != FairQueue::kNone; op = queue.Next()) {
    turns += (turns.empty() ? "" : " ") + std::to_string(op);
  }
  return turns;
}

TEST(FairQueue, DevicesTakeTurnsAndEachKeepsItsOrder) {
  FairQueue queue(kOperations, kRoom);
  for (std::uint32_t device : {1u, 2u, 3u}) queue.AddDevice(device);
  for (std::uint32_t op : {10u, 11u, 12u, 13u}) queue.Wait(1, op);
  for (std::uint32_t op : {30u, 31u}) queue.Wait(3, op);
  queue.Wait(2, 20);
  EXPECT_EQ(Turns(queue), "10 30 20 11 31 12 13");
  EXPECT_EQ(Turns(queue), "");
}

TEST(FairQueue, ADeviceThatHangsLeavesHalfOfThePlacesToTheOthers) {
  FairQueue queue(kOperations, kRoom);
  queue.AddDevice(0);
  queue.AddDevice(1);
  for (std::uint32_t op = 0; op < kRoom; ++op) queue.Wait(0, op);
  std::uint32_t hung = 0;
  while (queue.Next() != FairQueue::kNone) ++hung;
  EXPECT_EQ(hung, 1 + kRoom / 4);
  for (std::uint32_t op = kRoom; op < 2 * kRoom; ++op) queue.Wait(1, op);
  std::uint32_t others = 0;
  while (queue.Next() != FairQueue::kNone) ++others;
  EXPECT_EQ(others, 1 + kRoom / 4);
}

// Past: all devices but the last hang with as much as they may. In order: the last one's
// operations. Expect: one at a time, for ever.
TEST(FairQueue, HoweverManyHangEachOtherDeviceHasAPlace) {
  FairQueue queue(kOperations, kRoom);
  const std::uint32_t last = limits::kLusMax - 1;
  std::uint32_t op = 0;
  for (std::uint32_t device = 0; device < last; ++device) {
    queue.AddDevice(device);
    for (int i = 0; i < 5; ++i) queue.Wait(device, op++);
  }
  while (queue.Next() != FairQueue::kNone) {
  }
  queue.AddDevice(last);
  queue.Wait(last, op);
  queue.Wait(last, op + 1);
  EXPECT_EQ(Turns(queue), std::to_string(op));
  queue.Leave(last);
  EXPECT_EQ(Turns(queue), std::to_string(op + 1));
}

TEST(FairQueue, APlaceThatIsFreeAgainGoesToWhoeverIsNext) {
  FairQueue queue(kOperations, 2);
  queue.AddDevice(0);
  queue.AddDevice(1);
  for (std::uint32_t op : {0u, 1u, 2u}) queue.Wait(0, op);
  EXPECT_EQ(Turns(queue), "0 1");  // A small room is no more than it is.
  queue.Wait(1, 10);
  EXPECT_EQ(Turns(queue), "");
  queue.Leave(0);
  EXPECT_EQ(Turns(queue), "2");  // It came first.
  queue.Wait(0, 3);
  queue.Leave(0);
  EXPECT_EQ(Turns(queue), "10");
}

TEST(FairQueueDeathTest, LeavingWithoutHavingGoneIsOurBug) {
  FairQueue queue(1, 1);
  queue.AddDevice(0);
  EXPECT_DEATH(queue.Leave(0), "");
}

}  // namespace
}  // namespace srpt::target
