// Relogins with shared receive queues: the channels that they replace give their receives back a
// moment later, and the login waits for them.
#include <gtest/gtest.h>

#include <string>

#include "core/base/limits.h"
#include "core/srp/director_scenario.h"

namespace srpt {
namespace {

Parameters Shared(std::uint16_t srq_size) {
  Parameters parameters;
  parameters.use_srq = true;
  parameters.srpt_srq_size = srq_size;
  return parameters;
}

std::size_t Opens(const Scenario& s) { return s.All<message::OpenChannel>().size(); }

void GivesBack(Scenario& s, ConnId conn, std::uint32_t receives) {
  s.FromShard(s.ShardOf(conn).v,
              message::ReceivesBack{s.NexusOf(conn), s.ChannelOf(conn), receives});
}

// [R-NEXUS-11]
TEST(DirectorHeld, ARelogInHasTheCreditsOfTheOneBefore) {
  Scenario s(1, Shared(150));
  const ConnId first = s.Login(LoginOf(1));
  EXPECT_EQ(s.OpenOf(first).credits, 128);
  s.said.clear();
  const ConnId second = s.Login(LoginOf(1));
  EXPECT_EQ(s.director().PhaseOf(second), LoginPhase::kHeld);
  EXPECT_EQ(s.All<message::CloseChannel>().size(), 1u);
  EXPECT_EQ(Opens(s), 0u);
  GivesBack(s, first, 100);
  EXPECT_EQ(Opens(s), 0u);
  GivesBack(s, first, 10);
  EXPECT_EQ(s.OpenOf(second).credits, 128);
  EXPECT_EQ(s.LastLog().find("credits"), std::string::npos);
}

// As a message that says which srpt_srq_size would do has it: nothing is left over.
TEST(DirectorHeld, AQueueThatIsExactlyLongEnoughDoes) {
  Scenario s(1, Shared(130));
  const ConnId first = s.Login(LoginOf(1));
  const ConnId second = s.Login(LoginOf(1));
  EXPECT_FALSE(s.RejectOf(second));
  EXPECT_EQ(s.director().PhaseOf(second), LoginPhase::kHeld);
  s.Closed(first);
  EXPECT_EQ(s.OpenOf(second).credits, 128);
}

TEST(DirectorHeld, WhereNothingMoreComesItTakesWhatThereIs) {
  Scenario s(1, Shared(150));
  const ConnId first = s.Login(LoginOf(1));
  s.Login(LoginOf(2));
  const ConnId second = s.Login(LoginOf(1));
  EXPECT_EQ(s.director().PhaseOf(second), LoginPhase::kHeld);
  s.Closed(first);
  EXPECT_EQ(s.OpenOf(second).credits, 128);
}

// What comes back goes to the first; the second waits for what is left of it, and for no more.
TEST(DirectorHeld, OneAfterTheOther) {
  Scenario s(1, Shared(300));
  const ConnId old = s.Login(LoginOf(1));
  const ConnId older = s.Login(Multi(LoginOf(1)));  // 40 are left.
  const ConnId a = s.Login(LoginOf(1));
  const ConnId b = s.Login(Multi(LoginOf(1)));
  EXPECT_EQ(s.director().PhaseOf(a), LoginPhase::kHeld);
  EXPECT_EQ(s.director().PhaseOf(b), LoginPhase::kHeld);
  s.Closed(old);
  EXPECT_EQ(s.OpenOf(a).credits, 128);
  EXPECT_EQ(s.director().PhaseOf(b), LoginPhase::kHeld);
  GivesBack(s, older, 100);  // The rest, a disk that hangs has.
  EXPECT_EQ(s.OpenOf(b).credits, 128);
}

TEST(DirectorHeld, WhatGoesToAnotherIsNotWaitedFor) {
  Scenario s(2, Shared(130));
  const ConnId old = s.Login(LoginOf(1));
  const ConnId elsewhere = s.Login(LoginOf(2));
  GivesBack(s, elsewhere, 64);
  const ConnId a = s.Login(LoginOf(1));
  EXPECT_EQ(s.director().PhaseOf(a), LoginPhase::kHeld);
  const ConnId b = s.Login(Multi(LoginOf(1)));
  EXPECT_EQ(s.OpenOf(b).credits, 62);  // On the other shard, at once.
  s.Closed(old);
  EXPECT_EQ(s.OpenOf(a).credits, 128);
}

// Nor what commands hold, once the rest is back: their disk may hang.
TEST(DirectorHeld, WhatHangsIsNotWaitedForAnew) {
  Scenario s(1, Shared(150));
  const ConnId first = s.Login(LoginOf(1));
  const ConnId second = s.Login(LoginOf(1));
  GivesBack(s, first, 60);
  EXPECT_EQ(s.director().PhaseOf(second), LoginPhase::kHeld);
  s.Advance(limits::kReceivesWait);
  EXPECT_EQ(s.OpenOf(second).credits, 78);
  const ConnId third = s.Login(LoginOf(1));
  EXPECT_EQ(s.director().PhaseOf(third), LoginPhase::kHeld);
  GivesBack(s, second, 80);
  EXPECT_EQ(s.director().PhaseOf(third), LoginPhase::kHeld);  // It was there when they were asked.
  s.Advance(limits::kReceivesWait);
  EXPECT_EQ(s.OpenOf(third).credits, 78);
  const ConnId fourth = s.Login(Multi(LoginOf(1)));
  EXPECT_TRUE(s.RejectOf(fourth));
}

TEST(DirectorHeld, NobodyElseGetsWhatComesBack) {
  Scenario s(1, Shared(150));
  const ConnId first = s.Login(LoginOf(1));
  const ConnId second = s.Login(LoginOf(1));
  GivesBack(s, first, 100);
  const ConnId other = s.Login(LoginOf(2));
  ASSERT_TRUE(s.RejectOf(other)) << s.OpenOf(other).credits;
  GivesBack(s, first, 30);
  EXPECT_EQ(s.OpenOf(second).credits, 128);
}

TEST(DirectorHeld, AfterAWhileItDoesWithWhatThereIs) {
  Scenario s(1, Shared(150));
  s.Login(LoginOf(1));
  const ConnId second = s.Login(LoginOf(1));
  s.Advance(Duration{limits::kReceivesWait.ns - 1});
  EXPECT_EQ(s.director().PhaseOf(second), LoginPhase::kHeld);
  s.Advance(Duration{1});
  EXPECT_EQ(s.OpenOf(second).credits, 18);
  EXPECT_NE(s.LastLog().find("only 18 credits instead of 128"), std::string::npos);
}

TEST(DirectorHeld, AfterAWhileItIsRefusedIfThatIsTooLittle) {
  Scenario s(1, Shared(130));
  const ConnId first = s.Login(LoginOf(1));
  const ConnId second = s.Login(LoginOf(1));
  GivesBack(s, first, 3);
  s.Advance(limits::kReceivesWait);
  ASSERT_TRUE(s.RejectOf(second));
  EXPECT_EQ(s.RejectOf(second)->reason, wire::LoginRejReason::kInsufficientResources);
  EXPECT_EQ(s.RejectOf(second)->tag, LoginOf(1).req.tag);
  EXPECT_NE(s.LastLog().find("too few receives of the shared queue back (a backend hangs?)"),
            std::string::npos)
      << s.LastLog();
  s.Closed(first);
  EXPECT_TRUE(s.director().Sessions().empty());
  EXPECT_EQ(s.OpenOf(s.Login(LoginOf(1))).credits, 128);
}

TEST(DirectorHeld, WhoGivesUpOrIsEndedLeavesNothingBehind) {
  for (const bool gives_up : {true, false}) {
    Scenario s(1, Shared(150));
    const ConnId first = s.Login(LoginOf(1));
    const ConnId second = s.Login(LoginOf(1));
    if (gives_up) {
      s.Give(event::ConnectionGone{second});
      EXPECT_FALSE(s.RejectOf(second));
    } else {
      s.AdminLater(admin::CloseSession{kTargetName, "10.0.0.1"});
      ASSERT_TRUE(s.RejectOf(second));
    }
    EXPECT_EQ(s.director().PhaseOf(second), LoginPhase::kFree);
    s.Closed(first);
    EXPECT_TRUE(s.director().Sessions().empty());
    EXPECT_EQ(s.OpenOf(s.Login(LoginOf(1))).credits, 128);
  }
}

// It is served where there will be most.
TEST(DirectorHeld, TheShardWhoseReceivesComeBackIsTaken) {
  Scenario s(2, Shared(150));
  const ConnId first = s.Login(LoginOf(1));
  const ConnId second = s.Login(LoginOf(2));
  EXPECT_NE(s.ShardOf(first), s.ShardOf(second));
  const ConnId again = s.Login(LoginOf(2));
  s.Closed(second);
  EXPECT_EQ(s.ShardOf(again), s.ShardOf(second));
  EXPECT_EQ(s.OpenOf(again).credits, 128);
}

TEST(DirectorHeld, WhereAnotherShardHasRoomNobodyWaits) {
  Scenario s(2, Shared(150));
  const ConnId first = s.Login(LoginOf(1));
  const ConnId again = s.Login(LoginOf(1));
  EXPECT_EQ(s.OpenOf(again).credits, 128);
  EXPECT_NE(s.ShardOf(again), s.ShardOf(first));
}

}  // namespace
}  // namespace srpt
