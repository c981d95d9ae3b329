// Nexuses: several channels of one, who replaces whom, and who is who.
#include <string>
#include <vector>

#include "core/base/limits.h"
#include "core/srp/director_scenario.h"
#include "core/wire/login_rsp.h"
#include "core/wire/name.h"
#include "gtest/gtest.h"

namespace srpt {
namespace {

using wire::LoginRejReason;

// --- One nexus, several channels --------------------------------------------------------------

std::uint8_t ResultOf(const message::OpenChannel& open) {
  return open.login_rsp_flags & wire::kLoginRspMultichannelMask;
}

TEST(DirectorNexus, MultiJoinsTheNexus) {
  Scenario s;
  const ConnId first = s.Login(LoginOf(1));
  const ConnId second = s.Login(Multi(LoginOf(1)));
  EXPECT_EQ(s.NexusOf(first), s.NexusOf(second));
  EXPECT_EQ(ResultOf(s.OpenOf(first)), 0);
  EXPECT_EQ(ResultOf(s.OpenOf(second)), 2) << "maintained";
  EXPECT_TRUE(s.All<message::CloseChannel>().empty());
  EXPECT_EQ(s.director().Sessions().at(0).channels.size(), 2u);
}

TEST(DirectorNexus, MultiWithNoneExistingIsAccepted) {
  Scenario s;
  const ConnId conn = s.Login(Multi(LoginOf(1)));
  EXPECT_FALSE(s.RejectOf(conn));
  EXPECT_EQ(ResultOf(s.OpenOf(conn)), 0);
}

// [R-INV-38]
TEST(DirectorNexus, SingleEndsTheOldChannelsAndKeepsTheNexus) {
  Scenario s;
  s.AddDisk(1);
  s.AddLun(0, 1);
  const ConnId a = s.Login(LoginOf(1));
  const ConnId b = s.Login(Multi(LoginOf(1)));
  const ConnId bystander = s.Login(LoginOf(2));
  EXPECT_EQ(s.Attentions(s.NexusOf(a), LuId(1)), "29/00");
  s.said.clear();
  const ConnId c = s.Login(LoginOf(1));
  const auto closes = s.All<message::CloseChannel>();
  ASSERT_EQ(closes.size(), 2u);
  EXPECT_EQ(closes[0].channel, s.ChannelOf(a));
  EXPECT_EQ(closes[1].channel, s.ChannelOf(b));
  EXPECT_EQ(closes[0].reason, CloseReason::kReplaced);
  EXPECT_EQ(s.NexusOf(c), s.NexusOf(a));
  EXPECT_NE(s.NexusOf(c), s.NexusOf(bystander));
  EXPECT_EQ(ResultOf(s.OpenOf(c)), 1) << "terminated";
  EXPECT_EQ(s.Attentions(s.NexusOf(c), LuId(1)), "29/07");
  s.said.clear();
  s.Closed(a);
  s.Closed(b);
  EXPECT_TRUE(s.All<message::ForgetNexus>().empty());
  EXPECT_EQ(s.director().Sessions().size(), 2u);
}

TEST(DirectorNexus, ANexusLossIsNotReportedBehindAResetThatNobodySaw) {
  Scenario s;
  s.AddDisk(1);
  s.AddLun(0, 1);
  const ConnId a = s.Login(LoginOf(1));
  s.Login(LoginOf(1));
  EXPECT_EQ(s.Attentions(s.NexusOf(a), LuId(1)), "29/00");
}

// What the new session is to be told is not given to a command of the old one, which would hold it
// while the new one's commands pass. [R-INV-07]
TEST(DirectorNexus, ACommandOfTheOldSessionIsToldNothing) {
  Scenario s;
  s.AddDisk(1);
  s.AddLun(0, 1);
  const ConnId a = s.Login(LoginOf(1));
  const NexusId nexus = s.NexusOf(a);
  EXPECT_EQ(s.Attentions(nexus, LuId(1)), "29/00");
  const std::uint32_t old = s.SessionOf(nexus);
  s.Login(LoginOf(1));
  ASSERT_NE(s.SessionOf(nexus), old);
  const message::UnitAttentionAnswer late = s.AskAttention(0, nexus, LuId(1), old);
  EXPECT_FALSE(late.has);
  EXPECT_TRUE(late.more);
  EXPECT_EQ(s.Attentions(nexus, LuId(1)), "29/07");
}

// [R-NEXUS-05]
TEST(DirectorNexus, TwoSingleLoginsAtOnceTheLastWins) {
  Scenario s;
  s.shards_open = false;
  const ConnId a = s.Login(LoginOf(1));
  const ConnId b = s.Login(LoginOf(1));
  EXPECT_EQ(ResultOf(s.OpenOf(b)), 1);
  EXPECT_TRUE(s.All<message::CloseChannel>().empty()) << "nothing to close yet";
  const ChannelId first = s.Opened(a);
  auto closes = s.All<message::CloseChannel>();
  ASSERT_EQ(closes.size(), 1u) << "the loser ends as soon as it is there";
  EXPECT_EQ(closes[0].channel, first);
  EXPECT_EQ(closes[0].reason, CloseReason::kReplaced);
  s.Opened(b);
  EXPECT_EQ(s.All<message::CloseChannel>().size(), 1u);
}

TEST(DirectorNexus, TakingOverActsOnOneTargetPortOnly) {
  Scenario s;
  TestLogin other = LoginOf(1);
  other.port = TargetPortId(1);
  const ConnId a = s.Login(LoginOf(1));
  const ConnId b = s.Login(other);
  EXPECT_NE(s.NexusOf(a), s.NexusOf(b));
  EXPECT_TRUE(s.All<message::CloseChannel>().empty());
}

TEST(DirectorNexus, WhenTheLastChannelIsGoneTheShardsForgetTheNexus) {
  Scenario s(2);
  s.AddDisk(1);
  s.AddLun(0, 1);
  const ConnId a = s.Login(LoginOf(1));
  const ConnId b = s.Login(Multi(LoginOf(1)));
  const NexusId old = s.NexusOf(a);
  EXPECT_EQ(s.Attentions(old, LuId(1)), "29/00");
  s.Closed(a);
  EXPECT_TRUE(s.All<message::ForgetNexus>().empty());
  s.said.clear();
  s.Closed(b);
  EXPECT_EQ(s.All<message::ForgetNexus>().size(), 2u) << "each shard";
  EXPECT_TRUE(s.director().Sessions().empty());
  const ConnId c = s.Login(LoginOf(1));
  EXPECT_NE(s.NexusOf(c), old);
  EXPECT_EQ(s.NexusOf(c).slot(), old.slot());
  EXPECT_EQ(s.NexusOf(c).generation(), old.generation() + 1);
  EXPECT_EQ(s.Attentions(s.NexusOf(c), LuId(1)), "29/00") << "a new nexus";
  EXPECT_FALSE(s.AskAttention(0, old, LuId(1)).has) << "the old one is answered, with nothing";
}

TEST(DirectorNexus, ATableFullOfNexusesRefusesOneMore) {
  Parameters parameters;
  parameters.channels_per_shard = 8192;
  Scenario s(1, parameters);
  s.check_invariants = false;  // Each look costs as much as there are sessions.
  for (std::uint32_t i = 0; i < limits::kNexusesMax; ++i) {
    TestLogin login = LoginOf(1);
    login.req.initiator_port.bytes[0] = static_cast<std::uint8_t>(i >> 8);
    login.req.initiator_port.bytes[1] = static_cast<std::uint8_t>(i);
    login.source =
        wire::MapIpv4({10, 1, static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)});
    ASSERT_FALSE(s.RejectOf(s.Login(login)));
  }
  s.check_invariants = true;
  TestLogin over = LoginOf(1);
  over.req.initiator_port.bytes[2] = 1;
  const ConnId conn = s.Login(over);
  ASSERT_TRUE(s.RejectOf(conn));
  EXPECT_EQ(s.RejectOf(conn)->reason, LoginRejReason::kInsufficientResources);
  EXPECT_NE(s.LastLog().find("there are 4096 sessions already"), std::string::npos);
}

// --- Who is who -------------------------------------------------------------------------------

// [R-NEXUS-01]
TEST(DirectorNexus, OnIwarpTheAddressTellsHostsWithoutAGuidApart) {
  const auto nexuses = [](bool iwarp, bool guid) {
    Scenario s;
    TestLogin a = LoginOf(1);
    TestLogin b = LoginOf(2);
    a.iwarp = b.iwarp = iwarp;
    b.req.initiator_port = a.req.initiator_port = {};
    if (guid) a.req.initiator_port.bytes[15] = b.req.initiator_port.bytes[15] = 7;
    const ConnId x = s.Login(a);
    const ConnId y = s.Login(b);
    return s.NexusOf(x) == s.NexusOf(y) ? 1 : 2;
  };
  EXPECT_EQ(nexuses(true, false), 2);
  EXPECT_EQ(nexuses(true, true), 1);
  EXPECT_EQ(nexuses(false, false), 1);
}

TEST(DirectorNexus, AnAllZeroPortIdIsWarnedAbout) {
  Scenario s;
  TestLogin login = LoginOf(1);
  login.iwarp = true;
  login.req.initiator_port = {};
  s.Login(login);
  ASSERT_EQ(s.logs.size(), 1u);
  EXPECT_NE(s.logs[0].find("set initiator_ext on each"), std::string::npos) << s.logs[0];
}

// [R-NEXUS-09]
TEST(DirectorNexus, TheSameAddressTwiceGetsASuffix) {
  Scenario s;
  TestLogin same = LoginOf(2);
  same.source = LoginOf(1).source;
  TestLogin third = LoginOf(3);
  third.source = LoginOf(1).source;
  TestLogin elsewhere = same;
  elsewhere.port = TargetPortId(1);
  s.Login(LoginOf(1));
  const ConnId second = s.Login(same);
  s.Login(third);
  s.Login(elsewhere);
  const auto names = [&] {
    std::string text;
    for (const SessionInfo& info : s.director().Sessions()) {
      text += info.name + "=" + info.initiator_name + " ";
    }
    return text;
  };
  EXPECT_EQ(names(),
            "10.0.0.1=10.0.0.1 10.0.0.1_1=10.0.0.1 10.0.0.1_2=10.0.0.1 "
            "10.0.0.1=10.0.0.1 ");
  s.Closed(second);
  TestLogin fourth = LoginOf(4);
  fourth.source = LoginOf(1).source;
  s.Login(fourth);
  EXPECT_EQ(names(),
            "10.0.0.1=10.0.0.1 10.0.0.1_1=10.0.0.1 10.0.0.1_2=10.0.0.1 "
            "10.0.0.1=10.0.0.1 ")
      << "the free suffix and the free slot are used again";
}

}  // namespace
}  // namespace srpt
