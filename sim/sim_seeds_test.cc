// 200 seeds, each run twice: everything holds, and the same happens both times. A case a seed.
#include <gtest/gtest.h>

#include "sim/runner.h"

namespace srpt::sim {
namespace {

class SimSeedsTest : public testing::TestWithParam<std::uint64_t> {
 protected:
  static void SetUpTestSuite() { ReportFailedChecks(); }
};

std::string Text(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

TEST_P(SimSeedsTest, HoldsAndRepeats) {
  const Outcome once = RunSeed(GetParam());
  EXPECT_EQ(once.broken, "") << Text(once.report);
  const Outcome again = RunSeed(GetParam());
  EXPECT_EQ(once.fingerprint, again.fingerprint);
  EXPECT_EQ(once.events, again.events);
  EXPECT_GT(once.stats.good, 0u);
}

INSTANTIATE_TEST_SUITE_P(Seeds, SimSeedsTest, testing::Range<std::uint64_t>(1, 201));

}  // namespace
}  // namespace srpt::sim
