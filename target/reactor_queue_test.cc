#include "target/reactor_queue.h"

#include <gtest/gtest.h>

#include <memory>

namespace srpt::target {
namespace {

TEST(ReactorQueue, FirstInFirstOutAcrossTheEndOfItsMemoryAndGrowth) {
  ReactorQueue<int> queue(4);
  int in = 0;
  int out = 0;
  for (int round = 0; round < 100; ++round) {
    for (int i = 0; i < 1 + round % 7; ++i) queue.Push(in++);
    for (int i = 0; i < 1 + round % 5 && !queue.empty(); ++i) EXPECT_EQ(queue.Pop(), out++);
  }
  while (!queue.empty()) EXPECT_EQ(queue.Pop(), out++);
  EXPECT_EQ(in, out);
}

TEST(ReactorQueue, LetsGoOfWhatItGave) {
  // A message may hold the last reference to an old snapshot.
  ReactorQueue<std::shared_ptr<int>> queue(4);
  auto value = std::make_shared<int>(1);
  queue.Push(value);
  EXPECT_EQ(value.use_count(), 2);
  queue.Pop();
  EXPECT_EQ(value.use_count(), 1);
}

TEST(ReactorQueueDeathTest, PoppingNothingIsOurBug) {
  ReactorQueue<int> queue(1);
  EXPECT_DEATH(queue.Pop(), "");
}

}  // namespace
}  // namespace srpt::target
