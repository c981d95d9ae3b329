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

  // The second of its nexus waits for what the first has taken; then there is nothing to wait for.
  Scenario two(1, Shared(200));
  const ConnId old = two.Login(LoginOf(1));
  const ConnId a = two.Login(LoginOf(1));
  const ConnId b = two.Login(Multi(LoginOf(1)));
  EXPECT_EQ(two.director().PhaseOf(a), LoginPhase::kHeld);
  two.Closed(old);
  EXPECT_EQ(two.OpenOf(a).credits, 128);
  EXPECT_EQ(two.OpenOf(b).credits, 68);
  EXPECT_NE(two.LastLog().find("only 68 credits instead of 128"), std::string::npos)
      << two.LastLog();
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
  EXPECT_NE(s.LastLog().find("shared receive queue is promised away; srpt_srq_size=257 would"),
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
