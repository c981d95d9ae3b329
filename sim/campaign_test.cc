// A campaign counts, tells failures apart, keeps the order of seeds and ends in time.
#include "sim/campaign.h"

#include <gtest/gtest.h>
#include <stdio.h>

#include <atomic>
#include <string>
#include <vector>

#include "core/base/fingerprint.h"
#include "sim/progress.h"

namespace srpt::sim {
namespace {

Outcome Held(std::uint64_t seed) {
  Outcome outcome;
  outcome.seed = seed;
  outcome.fingerprint = seed * 7;
  outcome.stats.commands = 10;
  outcome.ius = 20;
  outcome.faults[static_cast<std::size_t>(FaultKind::kKill)] = 2;
  outcome.virtual_time = Seconds(3);
  return outcome;
}

Outcome Broke(std::uint64_t seed, Invariant invariant, const std::string& what) {
  Outcome outcome = Held(seed);
  outcome.breach = {invariant, what};
  outcome.broken = outcome.breach.Text();
  outcome.report = {"seed " + std::to_string(seed) + " FAILED"};
  return outcome;
}

TEST(Campaign, RunsEachSeedOnceAndAddsUp) {
  for (const unsigned jobs : {1u, 4u}) {
    CampaignOptions options;
    options.first = 5;
    options.seeds = 300;
    options.jobs = jobs;
    options.run = &Held;
    std::vector<std::uint64_t> seen;
    options.on_outcome = [&](const Outcome& outcome) { seen.push_back(outcome.seed); };
    const CampaignResult result = RunCampaign(options);
    Fingerprint expected;
    for (std::uint64_t i = 0; i < 300; ++i) expected.Add((5 + i) * 7);
    ASSERT_EQ(seen.size(), 300u);
    for (std::uint64_t i = 0; i < 300; ++i) EXPECT_EQ(seen[i], 5 + i);
    EXPECT_EQ(result.fingerprint, expected.value());
    EXPECT_EQ(result.totals.seeds, 300u);
    EXPECT_EQ(result.totals.failed, 0u);
    EXPECT_EQ(result.totals.stats.commands, 3000u);
    EXPECT_EQ(result.totals.ius, 6000u);
    EXPECT_EQ(result.totals.faults[static_cast<std::size_t>(FaultKind::kKill)], 600u);
    EXPECT_EQ(result.totals.virtual_ns, Seconds(900).ns);
    EXPECT_TRUE(result.failures.empty());
    EXPECT_GT(result.spent.memory, 0u);
  }
}

TEST(Campaign, TellsFailuresApartByTheirSignatures) {
  CampaignOptions options;
  options.seeds = 100;
  options.jobs = 3;
  options.run = [](std::uint64_t seed) {
    if (seed % 10 == 4)
      return Broke(seed, Invariant::kCreditsCounted, "channel " + std::to_string(seed));
    if (seed == 77) return Broke(seed, Invariant::kNoQuietWork, "channel 77");
    return Held(seed);
  };
  std::vector<std::uint64_t> told;
  options.on_failure = [&](const Failure& failure) {
    told.push_back(failure.first_seed);
    EXPECT_EQ(failure.report.size(), 1u);
  };
  const CampaignResult result = RunCampaign(options);
  EXPECT_EQ(result.totals.failed, 11u);
  ASSERT_EQ(result.failures.size(), 2u);
  EXPECT_EQ(result.failures[0].signature, "9:channel #");
  EXPECT_EQ(result.failures[0].first_seed, 4u);
  EXPECT_EQ(result.failures[0].seeds, 10u);
  EXPECT_EQ(result.failures[1].signature, "46:channel #");
  EXPECT_EQ(result.failures[1].first_seed, 77u);
  EXPECT_EQ(result.failures[1].seeds, 1u);
  EXPECT_EQ(told, (std::vector<std::uint64_t>{4, 77}));
}

TEST(Campaign, KeepsABoundedNumberOfFailures) {
  CampaignOptions options;
  options.seeds = kFailuresMax + 5;
  options.run = [](std::uint64_t seed) {
    // A signature has no numbers in it.
    std::string word;
    for (; seed != 0; seed /= 10) word += static_cast<char>('g' + seed % 10);
    return Broke(seed, Invariant::kNoIllegalMove, word);
  };
  const CampaignResult result = RunCampaign(options);
  EXPECT_EQ(result.failures.size(), kFailuresMax);
  EXPECT_EQ(result.other_failures, 5u);
  EXPECT_EQ(result.totals.failed, kFailuresMax + 5);
}

TEST(Campaign, BeginsNoSeedWhenTheTimeIsOver) {
  CampaignOptions options;
  options.seeds = ~std::uint64_t{0} - 1;
  options.seconds = 0.05;
  options.jobs = 2;
  options.run = &Held;
  std::uint64_t last = 0;
  options.on_outcome = [&](const Outcome& outcome) {
    EXPECT_EQ(outcome.seed, last + 1);
    last = outcome.seed;
  };
  const CampaignResult result = RunCampaign(options);
  EXPECT_GT(result.totals.seeds, 0u);
  EXPECT_EQ(last, result.totals.seeds);
  EXPECT_GE(result.spent.seconds, 0.05);
}

TEST(Campaign, SaysHowFarItIsWhileASeedTakesLong) {
  CampaignOptions options;
  options.seeds = 1;
  options.progress_every = 0.001;
  std::atomic<int> said{0};
  options.on_progress = [&](const Totals& totals, double) {
    EXPECT_EQ(totals.seeds, 0u);
    ++said;
  };
  options.run = [&](std::uint64_t seed) {
    while (said < 3) {
    }
    return Held(seed);
  };
  EXPECT_EQ(RunCampaign(options).totals.seeds, 1u);
  EXPECT_GE(said, 3);
}

TEST(Totals, TheProgressLineNamesTheMostFrequentFaults) {
  Totals totals;
  Outcome outcome = Held(1);
  outcome.faults[static_cast<std::size_t>(FaultKind::kTorn)] = 9;
  outcome.faults[static_cast<std::size_t>(FaultKind::kReqLost)] = 1;
  totals.Add(outcome);
  totals.Add(Broke(2, Invariant::kNoQuietWork, "x"));
  EXPECT_EQ(
      ProgressLine(totals, 2, 2),
      "2 seeds, 1 failed, 20 commands, 6.0 s simulated (3 x real time), 14 faults (torn write "
      "9, kill 4, ...)");
  EXPECT_EQ(ProgressLine(Totals{}, 2),
            "0 seeds, 0 failed, 0 commands, 0.0 s simulated (0 x real time), 0 faults");
}

std::string Said(bool terminal) {
  std::FILE* const file = std::tmpfile();
  Progress progress(file, terminal);
  for (const double seconds : {2.0, 10.0, 12.0, 20.5}) {
    progress.Say("at " + std::to_string(static_cast<int>(seconds)), seconds);
  }
  progress.Clear();
  progress.Clear();
  std::string text(static_cast<std::size_t>(std::ftell(file)), ' ');
  std::rewind(file);
  EXPECT_EQ(std::fread(text.data(), 1, text.size(), file), text.size());
  std::fclose(file);
  return text;
}

TEST(Progress, ALineIsRewrittenOnATerminalOnly) {
  EXPECT_EQ(Said(false), "at 10\nat 20\n");
  EXPECT_EQ(Said(true), "\r\033[Kat 2\r\033[Kat 10\r\033[Kat 12\r\033[Kat 20\r\033[K");
}

}  // namespace
}  // namespace srpt::sim
