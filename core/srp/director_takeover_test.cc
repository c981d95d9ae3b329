// What the director says when a login takes a nexus over, and who waits for which old writes.
#include <gtest/gtest.h>

#include <string>

#include "core/srp/director_scenario.h"

namespace srpt {
namespace {

// "0:close 0:take1 1:take1 1:open": what the shards were told of channels and takeovers, in order.
std::string Order(const Scenario& s) {
  std::string text;
  const auto add = [&](const Scenario::Said& said, const std::string& what) {
    text += (text.empty() ? "" : " ") + std::to_string(said.shard.v) + ":" + what;
  };
  for (const Scenario::Said& said : s.said) {
    if (std::holds_alternative<message::CloseChannel>(said.message)) add(said, "close");
    if (std::holds_alternative<message::OpenChannel>(said.message)) add(said, "open");
    if (const auto* m = std::get_if<message::TakeOver>(&said.message)) {
      add(said, "take" + std::to_string(m->session));
    }
    if (const auto* m = std::get_if<message::TakeoverOver>(&said.message)) {
      add(said, "over" + std::to_string(m->session));
    }
    if (const auto* m = std::get_if<message::HoldUnit>(&said.message)) {
      add(said, (m->hold ? "hold" : "free") + std::to_string(m->lu.v));
    }
  }
  return text;
}

// [R-FAULT-20]
TEST(DirectorTakeover, EveryShardIsToldBeforeTheNewChannelOpensAndAllAreWaitedFor) {
  Scenario s(2);
  const ConnId first = s.Login(LoginOf(1));
  const NexusId nexus = s.NexusOf(first);
  EXPECT_EQ(Order(s), "0:open");
  s.said.clear();
  s.Login(LoginOf(1));
  EXPECT_EQ(Order(s), "0:close 0:take1 1:take1 1:open");
  s.said.clear();
  s.FromShard(0, message::TakenOver{nexus, 1});
  s.FromShard(0, message::TakenOver{nexus, 1});
  EXPECT_EQ(Order(s), "");
  s.FromShard(1, message::TakenOver{nexus, 1});
  EXPECT_EQ(Order(s), "0:over1 1:over1");
}

TEST(DirectorTakeover, AnAnswerToAnEarlierOneDoesNotCount) {
  Scenario s(2);
  const NexusId nexus = s.NexusOf(s.Login(LoginOf(1)));
  s.Login(LoginOf(1));
  s.Login(LoginOf(1));
  s.said.clear();
  for (const std::uint32_t shard : {0u, 1u}) s.FromShard(shard, message::TakenOver{nexus, 1});
  EXPECT_EQ(Order(s), "");
  for (const std::uint32_t shard : {0u, 1u}) s.FromShard(shard, message::TakenOver{nexus, 2});
  EXPECT_EQ(Order(s), "0:over2 1:over2");
}

TEST(DirectorTakeover, AUnitIsHeldOnAllShardsWhileAnyHasOldWrites) {
  Scenario s(2);
  const NexusId nexus = s.NexusOf(s.Login(LoginOf(1)));
  s.said.clear();
  s.FromShard(0, message::OldWrites{nexus, LuId(1), true});
  EXPECT_EQ(Order(s), "0:hold1 1:hold1");
  s.said.clear();
  s.FromShard(1, message::OldWrites{nexus, LuId(1), true});
  s.FromShard(0, message::OldWrites{nexus, LuId(1), false});
  EXPECT_EQ(Order(s), "");
  s.FromShard(1, message::OldWrites{nexus, LuId(1), false});
  EXPECT_EQ(Order(s), "0:free1 1:free1");
}

TEST(DirectorTakeover, ANewNexusAndAChannelBesideOthersTakeNothingOver) {
  Scenario s(2);
  s.Login(LoginOf(1));
  s.Login(Multi(LoginOf(1)));
  s.Login(LoginOf(2));
  EXPECT_TRUE(s.All<message::TakeOver>().empty());
}

TEST(DirectorTakeover, OfANexusThatIsGoneNothingIsHeld) {
  Scenario s(2);
  const ConnId conn = s.Login(LoginOf(1));
  const NexusId nexus = s.NexusOf(conn);
  s.Closed(conn);
  s.said.clear();
  s.FromShard(0, message::OldWrites{nexus, LuId(1), true});
  s.FromShard(0, message::TakenOver{nexus, 1});
  EXPECT_EQ(Order(s), "");
}

// A shard that is alone ends the channels that the director has not heard of, and that is all.
TEST(DirectorTakeover, OneShardIsToldAndNotWaitedFor) {
  Scenario s;
  const NexusId nexus = s.NexusOf(s.Login(LoginOf(1)));
  s.said.clear();
  s.Login(LoginOf(1));
  EXPECT_EQ(Order(s), "0:close 0:take1 0:open");
  s.said.clear();
  s.FromShard(0, message::TakenOver{nexus, 1});
  EXPECT_EQ(Order(s), "");
}

}  // namespace
}  // namespace srpt
