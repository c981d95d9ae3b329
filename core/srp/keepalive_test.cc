#include "core/srp/shard_fixture.h"

namespace srpt {
namespace {

constexpr Duration Before(Duration d, Duration margin) { return {d.ns - margin.ns}; }

class Keepalive : public ShardFixture {
 protected:
  // Time goes on as a driver lets it: from deadline to deadline.
  void Wait(Duration d) {
    const Time until = now_ + d;
    while (shard_->NextDeadline() < until) {
      now_ = shard_->NextDeadline();
      Step(event::DeadlineReached{});
      probes_ += Got<action::Probe>().size();
      disconnects_ += Got<action::Disconnect>().size();
    }
    now_ = until;
    Step(event::DeadlineReached{});
    probes_ += Got<action::Probe>().size();
    disconnects_ += Got<action::Disconnect>().size();
  }
  std::size_t probes_ = 0;
  std::size_t disconnects_ = 0;
};

// [R-FAULT-24]
// [R-CM-10]
TEST_F(Keepalive, AQuietPeerIsAskedForASignOfLifeAndAskedAgain) {
  const ChannelId c = Login();
  Wait(Before(limits::kKeepaliveInterval, Seconds(1)));
  EXPECT_EQ(probes_, 0u);
  Wait(Seconds(1));
  EXPECT_EQ(probes_, 1u);
  Then(event::ProbeDone{c, WorkStatus::kOk});
  Wait(Before(limits::kKeepaliveInterval, Seconds(1)));
  EXPECT_EQ(probes_, 1u);
  Wait(Seconds(1));
  EXPECT_EQ(probes_, 2u);
  EXPECT_EQ(disconnects_, 0u);
}

TEST_F(Keepalive, APeerThatSaysSomethingIsNotAsked) {
  const ChannelId c = Login();
  for (std::uint64_t i = 0; i < 10; ++i) {
    Wait(Before(limits::kKeepaliveInterval, Seconds(1)));
    Receive(c, Cmd(i, {0x00}, Data::kNone, {}));
    Deliver();
  }
  EXPECT_EQ(probes_, 0u);
}

TEST_F(Keepalive, APeerThatNeverAnswersIsNoticedInTime) {
  const ChannelId c = Login();
  const Time until = now_ + limits::kDeadPeerNoticed;
  while (disconnects_ == 0 && now_ < until) Wait(Seconds(1));
  EXPECT_EQ(probes_, 1u);
  EXPECT_EQ(disconnects_, 1u);
  EXPECT_NE(logs_.find("does not answer a keepalive"), std::string::npos);
  // And drained like every other work request: the probe comes back first.
  for (const RecvId r : posted_[c]) Then(event::RecvFailed{c, r, WorkStatus::kFlushed});
  Then(event::Disconnected{c});
  EXPECT_EQ(Info(c).state, ChannelState::kDisconnecting);
  Then(event::ProbeDone{c, WorkStatus::kFlushed});
  EXPECT_EQ(Info(c).state, ChannelState::kTimewait);
}

TEST_F(Keepalive, AProbeThatFailsEndsTheChannel) {
  const ChannelId c = Login();
  Wait(limits::kKeepaliveInterval);
  ASSERT_EQ(probes_, 1u);
  Then(event::ProbeDone{c, WorkStatus::kRetryExceeded});
  EXPECT_EQ(Got<action::Disconnect>().size(), 1u);
}

TEST_F(Keepalive, WhatIsInFlightTellsByItself) {
  const ChannelId c = Login();
  Wait(Before(limits::kKeepaliveInterval, Seconds(30)));
  Receive(c, Cmd(1, {0x00}, Data::kNone, {}));  // Its response is not delivered.
  Wait(Seconds(70));
  EXPECT_EQ(probes_, 0u);
  Wait(Seconds(30));  // The watchdog of the response.
  EXPECT_EQ(probes_, 0u);
  EXPECT_EQ(disconnects_, 1u);
}

// One slot of the send queue is the probe's while it is in flight.
TEST_F(Keepalive, AProbeHoldsItsPlaceOnTheSendQueue) {
  Build({.sq_size = 16});
  const ChannelId c = Login();
  Wait(limits::kKeepaliveInterval);
  ASSERT_EQ(probes_, 1u);
  std::size_t sent = 0;
  for (std::uint64_t i = 0; i < 8; ++i) {
    Receive(c, Cmd(i, {0x00}, Data::kNone, {}));
    sent += Responses().size();
  }
  EXPECT_EQ(sent, 8u);
  Then(event::ProbeDone{c, WorkStatus::kOk});
}

}  // namespace
}  // namespace srpt
