// A hostile peer has the stage for itself: nobody else loses a command, a channel or much time.
#include <gtest/gtest.h>

#include <cctype>
#include <string>

#include "sim/runner.h"

namespace srpt::sim {
namespace {

// Seeds that draw a hostile peer and no other fault, with each kind of its own at `per_million`.
Swarm OnlyHostile(std::uint64_t seed, FaultKind kind, std::uint32_t per_million) {
  Swarm swarm = DrawSwarm(seed);
  while (!swarm.hostile) swarm = DrawSwarm(seed += 1000000);
  swarm.stall_per_million = 0;
  for (std::size_t i = 0; i < kFaultKinds; ++i) swarm.world.faults[i] = 0;
  swarm.world.faults[static_cast<std::size_t>(kind)] = per_million;
  EXPECT_FALSE(swarm.Disturbed());
  return swarm;
}

class HostileTest : public testing::TestWithParam<FaultKind> {};

// [R-INV-14, R-INV-22, R-INV-43]
TEST_P(HostileTest, NobodyElseNotices) {
  std::uint64_t struck = 0;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    const Outcome outcome = RunSwarm(OnlyHostile(seed, GetParam(), 100000));
    EXPECT_EQ(outcome.broken, "") << "seed " << seed;
    EXPECT_EQ(outcome.stats.lost, 0u) << "seed " << seed;
    EXPECT_EQ(outcome.stats.timeouts, 0u) << "seed " << seed;
    struck += outcome.faults[static_cast<std::size_t>(GetParam())];
  }
  EXPECT_GE(struck, 6u);
}

INSTANTIATE_TEST_SUITE_P(Kinds, HostileTest,
                         testing::Values(FaultKind::kBadLogin, FaultKind::kBadIu,
                                         FaultKind::kBadDescriptors, FaultKind::kTagTwice,
                                         FaultKind::kCreditOverrun, FaultKind::kKeyGone,
                                         FaultKind::kLogoutBusy, FaultKind::kRivalLogin,
                                         FaultKind::kHostileSilent),
                         [](const testing::TestParamInfo<FaultKind>& info) {
                           std::string name;
                           for (const char c : ToString(info.param)) {
                             if (std::isalnum(static_cast<unsigned char>(c)) != 0) name += c;
                           }
                           return name;
                         });

// It takes nothing while it holds all the data buffers that it can get: its share.
TEST(Hostile, ASilentOneHoldsNoMoreThanItsShare) {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    Swarm swarm = OnlyHostile(seed, FaultKind::kHostileSilent, 300000);
    swarm.initiators = swarm.channels = 1;
    swarm.commands = 2000;  // Long enough to be hit.
    swarm.depth = 4;
    swarm.think_percent = 20;
    swarm.world.parameters.data_buffers_per_shard = 24;
    swarm.world.parameters.credits = 128;
    swarm.world.parameters.shards = 1;
    swarm.world.rnr_retries = ~0u;
    swarm.command_timeout = Seconds(8);
    const Outcome outcome = RunSwarm(swarm);
    EXPECT_EQ(outcome.broken, "") << "seed " << seed;
    EXPECT_EQ(outcome.stats.timeouts, 0u) << "seed " << seed;
  }
}

}  // namespace
}  // namespace srpt::sim
