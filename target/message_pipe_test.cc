#include "target/message_pipe.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

namespace srpt::target {
namespace {

constexpr int kPatienceMs = 20000;

// Sleeps until there is something in `pipe`. False: nobody woke it.
template <class T>
bool SleepOn(Wakeup& wakeup, const MessagePipe<T>& pipe, int ms) {
  wakeup.Prepare();
  bool woken = true;
  if (pipe.empty()) {
    pollfd fd{wakeup.fd(), POLLIN, 0};
    woken = poll(&fd, 1, ms) == 1;
  }
  wakeup.Awake();
  return woken;
}

TEST(MessagePipe, InOrderAlsoWhenTheRingWasFull) {
  Wakeup wakeup;
  MessagePipe<int> pipe(4, wakeup);
  int in = 0;
  int out = 0;
  for (int round = 0; round < 100; ++round) {
    for (int i = 0; i < round % 11; ++i) pipe.Push(in++);
    for (int i = 0; i < round % 7; ++i) {
      const auto value = pipe.Pop();
      if (value) {
        EXPECT_EQ(*value, out++);
      }
    }
    pipe.Flush();
  }
  while (out < in) {
    const auto value = pipe.Pop();
    ASSERT_TRUE(value);
    EXPECT_EQ(*value, out++);
    pipe.Flush();
  }
  EXPECT_TRUE(pipe.empty());
  EXPECT_FALSE(pipe.Pop());
}

TEST(MessagePipe, AWriterKeepsWhatFindsNoRoom) {
  Wakeup wakeup;
  MessagePipe<int> pipe(2, wakeup);
  pipe.Push(1);
  pipe.Push(2);
  EXPECT_FALSE(pipe.backed_up());
  pipe.Push(3);
  EXPECT_TRUE(pipe.backed_up());
  pipe.Flush();
  EXPECT_TRUE(pipe.backed_up()) << "there is no room yet";
  EXPECT_EQ(pipe.Pop(), 1);
  pipe.Push(4);
  EXPECT_EQ(pipe.Pop(), 2);
  EXPECT_FALSE(pipe.Pop()) << "4 must not overtake 3";
  pipe.Flush();
  EXPECT_FALSE(pipe.backed_up());
  EXPECT_EQ(pipe.Pop(), 3);
  EXPECT_EQ(pipe.Pop(), 4);
}

TEST(MessagePipe, LetsGoOfWhatItGave) {
  // A message may hold the last reference to an old snapshot.
  Wakeup wakeup;
  MessagePipe<std::shared_ptr<int>> pipe(2, wakeup);
  const auto value = std::make_shared<int>(1);
  for (int i = 0; i < 3; ++i) pipe.Push(value);
  EXPECT_EQ(value.use_count(), 4);
  pipe.Pop();
  pipe.Flush();
  EXPECT_EQ(value.use_count(), 3);
  pipe.Pop();
  pipe.Pop();
  EXPECT_EQ(value.use_count(), 1);
}

TEST(MessagePipe, OnlyAReaderThatSleepsIsWoken) {
  Wakeup wakeup;
  MessagePipe<int> pipe(4, wakeup);
  pollfd fd{wakeup.fd(), POLLIN, 0};
  pipe.Push(1);
  EXPECT_EQ(poll(&fd, 1, 0), 0);
  wakeup.Prepare();
  pipe.Push(2);
  EXPECT_EQ(poll(&fd, 1, 0), 1);
  wakeup.Awake();
  EXPECT_EQ(poll(&fd, 1, 0), 0);
  pipe.Push(3);
  EXPECT_EQ(poll(&fd, 1, 0), 0);
}

// One message goes to and fro between two threads that sleep whenever they find nothing, so a
// single wake-up that is lost ends the game.
TEST(MessagePipe, NoWakeUpIsLost) {
  constexpr int kTurns = 50000;
  Wakeup wake_a;
  Wakeup wake_b;
  MessagePipe<int> to_a(2, wake_a);
  MessagePipe<int> to_b(2, wake_b);
  // Hands on each value with one added; a's is one turn behind b's.
  const auto play = [](MessagePipe<int>& in, MessagePipe<int>& out, Wakeup& mine, int first) {
    int next = first;
    while (next < 2 * kTurns) {
      if (const auto value = in.Pop()) {
        EXPECT_EQ(*value, next);
        next += 2;
        out.Push(*value + 1);
        // Sometimes the other one is asleep by the next look, sometimes only about to be.
        for (int i = 0; i < next % 200; ++i) (void)in.empty();
      } else if (!SleepOn(mine, in, kPatienceMs)) {
        break;
      }
    }
    EXPECT_GE(next, 2 * kTurns) << "nobody woke it";
  };
  to_b.Push(0);
  std::thread b([&] { play(to_b, to_a, wake_b, 0); });
  play(to_a, to_b, wake_a, 1);
  b.join();
}

// What comes between the reader's last look and its sleep wakes nobody, so it must be seen.
TEST(MessagePipe, AReaderAboutToSleepSeesWhatCameSinceItsLastLook) {
  Wakeup wakeup;
  MessagePipe<int> pipe(4, wakeup);
  EXPECT_FALSE(pipe.Pop());
  pipe.Push(1);
  wakeup.Prepare();
  EXPECT_FALSE(pipe.empty());
}

// Two threads whose every message is answered by several, over rings that hold two: both are backed
// up most of the time. Expect every message all the same.
TEST(MessagePipe, TwoThatAnswerEachOtherNeverWaitForEachOther) {
  // A message is worth `left` rounds; its answers are worth one less.
  struct Message {
    int left = 0;
  };
  constexpr int kRounds = 8;
  constexpr int kAnswers = 3;
  std::uint64_t expected = 0;
  std::uint64_t of_round = 1;
  for (int round = 0; round < kRounds; ++round, of_round *= kAnswers) expected += of_round;

  Wakeup wake_a;
  Wakeup wake_b;
  MessagePipe<Message> to_a(2, wake_a);
  MessagePipe<Message> to_b(2, wake_b);
  std::atomic<std::uint64_t> seen{0};
  const auto run = [&](MessagePipe<Message>& in, MessagePipe<Message>& out, Wakeup& mine) {
    int idle_ms = 0;
    while (seen < expected && idle_ms < kPatienceMs) {
      bool worked = false;
      while (const auto message = in.Pop()) {
        worked = true;
        ++seen;
        for (int i = 0; message->left > 1 && i < kAnswers; ++i) out.Push({message->left - 1});
      }
      out.Flush();
      if (worked) idle_ms = 0;
      if (!worked && !SleepOn(mine, in, 1)) ++idle_ms;
    }
  };
  to_a.Push({kRounds});
  std::thread b([&] { run(to_b, to_a, wake_b); });
  run(to_a, to_b, wake_a);
  b.join();
  EXPECT_EQ(seen, expected);
  EXPECT_FALSE(to_a.backed_up() || to_b.backed_up());
}

}  // namespace
}  // namespace srpt::target
