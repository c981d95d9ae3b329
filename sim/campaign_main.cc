#include "sim/campaign_main.h"

#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

#include "sim/campaign.h"
#include "sim/minimise.h"
#include "sim/paths.h"
#include "sim/planted_bugs.h"
#include "sim/profiles.h"
#include "sim/progress.h"
#include "sim/seeds_json.h"
#include "sim/trace_file.h"

namespace srpt::sim {
namespace {

constexpr int kBadFile = 2;
constexpr std::size_t kTracesMax = 100;

int CannotWrite(const char* option, const std::string& name, const char* why) {
  std::fprintf(stderr, "srpt_sim: %s: cannot write %s: %s\n", option, name.c_str(), why);
  return kBadFile;
}

class Seeds {
 public:
  explicit Seeds(const Options& options) : options_(options), progress_(stdout) {}
  int Run();

 private:
  // Before the first seed: a run may take hours. 0, or the exit status.
  int Prepare();
  CampaignResult RunAll();
  void OnFailure(const Failure& failure);
  std::string TraceName(std::uint64_t seed) const {
    return options_.failures + "/seed-" + std::to_string(seed) + ".trace";
  }
  void PrintFailures(const CampaignResult& result) const;
  int PrintPaths() const;

  const Options& options_;
  Progress progress_;
  SeedsJson json_;
  std::size_t traces_ = 0;
  int status_ = 0;  // What could not be written meanwhile.
};

int Seeds::Prepare() {
  if (!options_.json.empty() && !json_.Open(options_.json)) {
    return CannotWrite("--json", options_.json, std::strerror(errno));
  }
  if (!options_.failures.empty()) {
    std::error_code error;
    std::filesystem::create_directories(options_.failures, error);
    if (error) return CannotWrite("--failures", options_.failures, error.message().c_str());
    // To ask for the rights is not enough: root has them where nothing can be written.
    const std::string probe = options_.failures + "/.srpt_sim";
    std::FILE* const file = std::fopen(probe.c_str(), "w");
    if (file == nullptr) {
      return CannotWrite("--failures", options_.failures, std::strerror(errno));
    }
    std::fclose(file);
    std::remove(probe.c_str());
  }
  if (!options_.paths.empty() && !WritePaths(options_.paths)) {
    return CannotWrite("--paths", options_.paths, std::strerror(errno));
  }
  return 0;
}

void Seeds::OnFailure(const Failure& failure) {
  progress_.Clear();
  for (const std::string& line : failure.report) std::fprintf(stderr, "%s\n", line.c_str());
  if (options_.failures.empty() || traces_ == kTracesMax) return;
  ++traces_;
  const std::string name = TraceName(failure.first_seed);
  errno = 0;
  std::ofstream file(name, std::ios::binary);
  file << WriteTrace(RecordSwarm(SwarmOf(options_, failure.first_seed), options_.plant));
  file.close();
  if (!file) status_ = CannotWrite("--failures", name, std::strerror(errno));
}

CampaignResult Seeds::RunAll() {
  CampaignOptions campaign;
  campaign.first = options_.first;
  campaign.seeds = options_.seeds;
  campaign.seconds = options_.minutes * 60;
  campaign.jobs = options_.jobs;
  campaign.plant = options_.plant;
  campaign.run = [this](std::uint64_t seed) {
    const Swarm swarm = SwarmOf(options_, seed);
    // A profile is for its speed: a second run would be another one's.
    return options_.profile == Profile::kNone ? RunSometimesCompared(swarm, options_.trace_lines)
                                              : RunSwarm(swarm, options_.trace_lines);
  };
  if (!options_.json.empty()) {
    campaign.on_outcome = [this](const Outcome& outcome) { json_.Add(outcome); };
  }
  campaign.on_failure = [this](const Failure& failure) { OnFailure(failure); };
  campaign.on_progress = [this](const Totals& totals, double seconds) {
    progress_.Say(ProgressLine(totals, seconds), seconds);
  };
  CampaignResult result = RunCampaign(campaign);
  progress_.Clear();
  return result;
}

void Seeds::PrintFailures(const CampaignResult& result) const {
  std::printf("%" PRIu64 " of %" PRIu64 " seeds FAILED, in %zu ways:\n", result.totals.failed,
              result.totals.seeds, result.failures.size());
  std::string how;
  if (options_.plant != PlantedBug::kNone) {
    how += " --plant " + std::string(RuleOf(options_.plant).name);
  }
  if (options_.profile != Profile::kNone) {
    how += " --profile " + std::string(ToString(options_.profile));
  }
  for (const auto& [name, value] : options_.changes) {
    how.append(" --option ").append(name).append("=").append(value);
  }
  std::printf("  %8s %20s  %s\n", "seeds", "first", "signature");
  for (std::size_t i = 0; i < result.failures.size(); ++i) {
    const Failure& failure = result.failures[i];
    std::printf("  %8" PRIu64 " %20" PRIu64 "  %s\n", failure.seeds, failure.first_seed,
                failure.signature.c_str());
    std::printf("      ./dev sim --seeds 1 --seed %" PRIu64 "%s\n", failure.first_seed,
                how.c_str());
    if (!options_.failures.empty() && i < kTracesMax) {
      std::printf("      ./dev sim --replay %s\n", TraceName(failure.first_seed).c_str());
    }
  }
  if (result.other_failures != 0) {
    std::printf("  %8" PRIu64 " more, in further ways\n", result.other_failures);
  }
}

int Seeds::PrintPaths() const {
  if (options_.paths.empty()) return 0;
  if (!WritePaths(options_.paths)) {
    return CannotWrite("--paths", options_.paths, std::strerror(errno));
  }
  const PathCounts counts = CountPaths();
  std::printf(
      "%zu of %zu basic blocks of core were reached, those of its own checks included; %s has "
      "all\n",
      counts.reached, counts.blocks, options_.paths.c_str());
  return 0;
}

int Seeds::Run() {
  if (const int status = Prepare(); status != 0) return status;
  const CampaignResult result = RunAll();
  for (const std::string& line : TotalsLines(result.totals, result.spent)) {
    std::printf("%s\n", line.c_str());
  }
  std::printf("fingerprint %016" PRIx64 "\n", result.fingerprint);
  if (!options_.json.empty() && !json_.Finish(result)) {
    status_ = CannotWrite("--json", options_.json, std::strerror(errno));
  }
  if (const int status = PrintPaths(); status != 0) status_ = status;
  const std::uint64_t seeds = result.totals.seeds;
  if (options_.minutes > 0) {
    std::printf("seeds %" PRIu64 " to %" PRIu64 " were run; go on with --seed %" PRIu64 "\n",
                options_.first, options_.first + seeds - 1, options_.first + seeds);
  }
  if (result.totals.failed != 0) {
    PrintFailures(result);
  } else if (status_ == 0) {
    std::printf("all %" PRIu64 " seeds held\n", seeds);
  }
  if (status_ != 0) return status_;
  return result.totals.failed == 0 ? 0 : 1;
}

}  // namespace

int RunSeeds(const Options& options) { return Seeds(options).Run(); }

}  // namespace srpt::sim
