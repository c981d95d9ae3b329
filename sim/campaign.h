// Many seeds on several threads: their sums, and what broke, told apart by signature. Memory does
// not grow with the number of seeds.
#ifndef SIM_CAMPAIGN_H_
#define SIM_CAMPAIGN_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/base/planted.h"
#include "sim/runner.h"
#include "sim/totals.h"

namespace srpt::sim {

// All seeds that broke in the same way.
struct Failure {
  std::string signature;            // Breach::Signature().
  std::string broken;               // What broke in the first of them.
  std::vector<std::string> report;  // Of the first: one screen.
  std::uint64_t first_seed = 0;
  std::uint64_t seeds = 0;
};

struct CampaignOptions {
  std::uint64_t first = 1;
  std::uint64_t seeds = 100;  // At most. The last one is a 64-bit number, too.
  double seconds = 0;         // No seed begins later than that; 0: as long as it takes.
  unsigned jobs = 1;
  PlantedBug plant = PlantedBug::kNone;
  // One seed; called by several threads at once, with the planted bug switched on.
  std::function<Outcome(std::uint64_t seed)> run;
  // The three may be empty. They are called one at a time, by any thread.
  // Each outcome, in the order of seeds.
  std::function<void(const Outcome&)> on_outcome = {};
  // The first of its kind, soon after it was seen. In the order of seeds, too.
  std::function<void(const Failure&)> on_failure = {};
  // Every `progress_every` seconds, whatever the runs do.
  std::function<void(const Totals&, double seconds)> on_progress = {};
  double progress_every = 2;
};

struct CampaignResult {
  Totals totals;
  Spent spent;
  std::uint64_t fingerprint = 0;     // Of all, in the order of seeds.
  std::vector<Failure> failures;     // In the order of their first seeds; at most kFailuresMax.
  std::uint64_t other_failures = 0;  // Seeds that broke in further ways.
};
inline constexpr std::size_t kFailuresMax = 1000;

// The seeds that were run are first, first + 1, ..., result.totals.seeds of them.
CampaignResult RunCampaign(const CampaignOptions& options);

}  // namespace srpt::sim

#endif  // SIM_CAMPAIGN_H_
