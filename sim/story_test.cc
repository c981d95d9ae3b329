#include "sim/story.h"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <vector>

#include "sim/runner.h"

namespace srpt::sim {
namespace {

using Kind = StoryEvent::Kind;

Outcome Told(std::uint64_t seed) {
  Swarm swarm = DrawSwarm(seed);
  swarm.world.story = true;
  return RunSwarm(swarm, 0);
}

TEST(Story, KeepingItChangesNothing) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    const Outcome told = Told(seed);
    const Outcome untold = RunSeed(seed, 0);
    EXPECT_EQ(told.fingerprint, untold.fingerprint) << "seed " << seed;
    EXPECT_EQ(untold.story, nullptr);
    ASSERT_NE(told.story, nullptr);
  }
}

TEST(Story, IsInTheOrderOfTime) {
  const Outcome told = Told(2);
  Time last;
  for (const StoryEvent& event : told.story->events()) {
    EXPECT_LE(last, event.at);
    EXPECT_LE(event.sent, event.at);
    last = event.at;
  }
}

// What each connection goes through is told in its order, with the bytes.
TEST(Story, TellsALogin) {
  const Outcome told = Told(2);
  std::map<std::uint32_t, std::vector<Kind>> by_peer;
  for (const StoryEvent& event : told.story->events()) {
    if (event.peer == StoryEvent::kNobody) continue;
    ASSERT_LT(event.peer, told.story->peers().size());
    by_peer[event.peer].push_back(event.kind);
    if (event.kind == Kind::kReq) {
      EXPECT_FALSE(event.bytes.empty());
    } else if (event.kind == Kind::kIu) {
      EXPECT_EQ(event.bytes.size(), event.length);
    }
  }
  ASSERT_FALSE(by_peer.empty());
  for (const auto& [peer, kinds] : by_peer) {
    // (A REQ may be lost: then its peer gives up.)
    if (kinds.size() == 1 && kinds[0] == Kind::kEnd) continue;
    EXPECT_EQ(kinds.front(), Kind::kReq) << peer;
  }
}

// Over a few seeds nothing that can be told is left out.
TEST(Story, TellsOfEverything) {
  std::array<std::uint64_t, static_cast<std::size_t>(Kind::kCount)> seen{};
  std::uint64_t strikes = 0;
  std::uint64_t struck = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const Outcome told = Told(seed);
    if (told.story->dropped() != 0) continue;
    for (const std::uint64_t n : told.faults) struck += n;
    for (const StoryEvent& event : told.story->events()) {
      ++seen[static_cast<std::size_t>(event.kind)];
      if (event.kind == Kind::kFault) ++strikes;
    }
  }
  for (std::size_t i = 0; i < seen.size(); ++i) {
    const Kind kind = static_cast<Kind>(i);
    if (kind == Kind::kBroke) {
      EXPECT_EQ(seen[i], 0u);
    } else if (kind != Kind::kProbe) {  // Of idle connections: sim/world_test.cc.
      EXPECT_GT(seen[i], 0u) << ToString(kind);
    }
  }
  EXPECT_EQ(strikes, struck);
}

TEST(Story, KeepsTheLastOnes) {
  Story story;
  StoryEvent event;
  for (std::uint64_t i = 0; i < Story::kEventsMax + 3; ++i) {
    event.id = i;
    story.Add(event);
  }
  EXPECT_EQ(story.events().size(), Story::kEventsMax);
  EXPECT_EQ(story.dropped(), 3u);
  EXPECT_EQ(story.events().front().id, 3u);
}

}  // namespace
}  // namespace srpt::sim
