// 2,000 seeds: everything holds. The first 200 are run twice, and the same happens both times; of
// the others those are compared that a campaign compares. A case a seed. And among the first 100
// every kind of fault strikes.
#include <gtest/gtest.h>

#include <array>

#include "sim/runner.h"

namespace srpt::sim {
namespace {

class SimSeedsTest : public testing::TestWithParam<std::uint64_t> {};

std::string Text(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

// [R-INV-45, R-INV-46, R-INV-48]
TEST_P(SimSeedsTest, HoldsAndRepeats) {
  const Outcome once = RunSeed(GetParam());
  EXPECT_EQ(once.broken, "") << Text(once.report);
  const Outcome again = RunSeed(GetParam());
  EXPECT_EQ(once.fingerprint, again.fingerprint);
  EXPECT_EQ(once.events, again.events);
  EXPECT_GT(once.stats.good, 0u);
}

class MoreSeedsTest : public SimSeedsTest {};

// [R-INV-18, R-INV-43, R-INV-45, R-INV-46, R-INV-48]
TEST_P(MoreSeedsTest, Holds) {
  const Outcome outcome = RunCompared(GetParam());
  EXPECT_EQ(outcome.broken, "") << Text(outcome.report);
  EXPECT_GT(outcome.stats.good, 0u);
}

// Half of the seeds' faults are enough to see every kind strike.
TEST(SimSeeds, EveryKindOfFaultStrikes) {
  std::array<std::uint64_t, kFaultKinds> struck{};
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    const Outcome outcome = RunSeed(seed);
    for (std::size_t i = 0; i < kFaultKinds; ++i) struck[i] += outcome.faults[i];
  }
  for (std::size_t i = 0; i < kFaultKinds; ++i) {
    EXPECT_GT(struck[i], 0u) << ToString(static_cast<FaultKind>(i));
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, SimSeedsTest, testing::Range<std::uint64_t>(1, 201));
INSTANTIATE_TEST_SUITE_P(Seeds, MoreSeedsTest, testing::Range<std::uint64_t>(201, 2001));

}  // namespace
}  // namespace srpt::sim
