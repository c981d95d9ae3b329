// srpt_planted: switches each planted bug on and counts how many seeds it takes until an invariant
// says so. Prints a line a bug, then the invariants that no bug was seen to break.
#include <algorithm>
#include <array>
#include <charconv>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "sim/planted_bugs.h"
#include "sim/runner.h"

namespace srpt::sim {
namespace {

constexpr char kUsage[] =
    "srpt_planted [--samples N] [--most N] [--jobs J] [BUG...]\n"
    "  For each planted bug (default: all): runs seeds with it switched on until an invariant "
    "breaks,\n"
    "  from N places (default 5) of the seeds' space, at most --most seeds (default 4000) each.\n"
    "  Exit status: 0 all caught, by invariants that are listed for them; 1 not; 2 bad options.\n";

struct Options {
  std::uint64_t samples = 5;
  std::uint64_t most = 4000;
  std::uint64_t jobs = 1;
  std::vector<PlantedBug> bugs;
};

struct Sample {
  std::uint64_t seeds = 0;  // Until it was caught; 0: it was not.
  Breach breach;
};

struct Caught {
  std::vector<Sample> samples;
};

Sample Hunt(PlantedBug bug, std::uint64_t first, std::uint64_t most) {
  Plant(bug);
  Sample sample;
  for (std::uint64_t i = 0; i < most; ++i) {
    Outcome outcome = RunCompared(first + i, 0);
    if (outcome.breach.empty()) continue;
    sample.seeds = i + 1;
    sample.breach = std::move(outcome.breach);
    break;
  }
  Plant(PlantedBug::kNone);
  return sample;
}

// True: every sample was caught, by what may catch it.
bool Print(PlantedBug bug, const Caught& caught, std::set<Invariant>* seen) {
  std::vector<std::uint64_t> seeds;
  std::set<Invariant> by;
  bool good = true;
  for (const Sample& sample : caught.samples) {
    if (sample.seeds == 0) {
      good = false;
      continue;
    }
    seeds.push_back(sample.seeds);
    by.insert(sample.breach.invariant);
    seen->insert(sample.breach.invariant);
    if (!MayCatch(bug, sample.breach.invariant)) good = false;
  }
  std::sort(seeds.begin(), seeds.end());
  std::string numbers;
  for (const Invariant i : by) numbers += (numbers.empty() ? "" : ", ") + std::to_string(Number(i));
  std::printf("%-24.*s %3zu of %zu  ", static_cast<int>(RuleOf(bug).name.size()),
              RuleOf(bug).name.data(), seeds.size(), caught.samples.size());
  if (seeds.empty()) {
    std::printf("%28s", "NOT CAUGHT");
  } else {
    std::printf("%6" PRIu64 " %6" PRIu64 " %6" PRIu64 "  by %-14s", seeds.front(),
                seeds[seeds.size() / 2], seeds.back(), numbers.c_str());
  }
  std::printf("  %.*s%s\n", static_cast<int>(RuleOf(bug).what.size()), RuleOf(bug).what.data(),
              good ? "" : "  <-- FAILED");
  for (const Sample& sample : caught.samples) {
    if (sample.seeds == 0 || MayCatch(bug, sample.breach.invariant)) continue;
    std::printf("    unexpectedly by %s\n", sample.breach.Text().c_str());
  }
  std::fflush(stdout);
  return good;
}

int Run(const Options& options) {
  if (!kPlantable) {
    std::fputs("srpt_planted: this build has no planted bugs (bazel --config=planted)\n", stderr);
    return 2;
  }
  std::vector<Caught> all(options.bugs.size());
  for (Caught& caught : all) caught.samples.resize(options.samples);
  std::mutex mutex;
  std::uint64_t next = 0;
  std::vector<std::uint64_t> left(options.bugs.size(), options.samples);
  std::size_t printed = 0;
  std::set<Invariant> seen;
  std::vector<std::uint64_t> medians;
  std::size_t failed = 0;
  std::printf("%-24s %8s %7s %6s %6s\n", "bug", "caught", "fewest", "median", "most seeds");
  const auto work = [&] {
    for (;;) {
      std::uint64_t job = 0;
      {
        const std::lock_guard lock(mutex);
        job = next++;
      }
      const std::size_t bug = job / options.samples;
      const std::uint64_t sample = job % options.samples;
      if (bug >= options.bugs.size()) return;
      Sample found = Hunt(options.bugs[bug], 1 + sample * 1000003, options.most);
      const std::lock_guard lock(mutex);
      all[bug].samples[sample] = std::move(found);
      --left[bug];
      for (; printed < all.size() && left[printed] == 0; ++printed) {
        if (!Print(options.bugs[printed], all[printed], &seen)) ++failed;
        for (const Sample& s : all[printed].samples) {
          if (s.seeds != 0) medians.push_back(s.seeds);
        }
      }
    }
  };
  std::vector<std::thread> threads;
  for (std::uint64_t j = 1; j < options.jobs; ++j) threads.emplace_back(work);
  work();
  for (std::thread& thread : threads) thread.join();

  std::sort(medians.begin(), medians.end());
  std::printf("%zu bugs, %zu caught as expected; the median of all samples is %" PRIu64 " seeds\n",
              all.size(), all.size() - failed, medians.empty() ? 0 : medians[medians.size() / 2]);
  std::string unseen;
  for (int i = 1; i <= kInvariants; ++i) {
    if (seen.count(InvariantOf(i)) == 0) unseen += " " + std::to_string(i);
  }
  std::printf("invariants that none of these broke:%s\n",
              unseen.empty() ? " none" : unseen.c_str());
  return failed == 0 ? 0 : 1;
}

bool Number64(std::string_view text, std::uint64_t* out) {
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, *out);
  return error == std::errc() && stopped == end && *out > 0;
}

int Main(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view arg = argv[i];
    std::uint64_t* number = arg == "--samples" ? &options.samples
                            : arg == "--most"  ? &options.most
                            : arg == "--jobs"  ? &options.jobs
                                               : nullptr;
    if (arg == "--help") {
      std::fputs(kUsage, stdout);
      return 0;
    }
    if (number != nullptr) {
      if (i + 1 < argc && Number64(argv[++i], number)) continue;
      std::fprintf(stderr, "srpt_planted: %s: a number above 0 was expected\n%s", argv[i], kUsage);
      return 2;
    }
    const PlantedBug bug = PlantedBugOf(arg);
    if (bug == PlantedBug::kCount || bug == PlantedBug::kNone) {
      std::fprintf(stderr, "srpt_planted: %s is no planted bug (core/base/planted.h)\n%s", argv[i],
                   kUsage);
      return 2;
    }
    options.bugs.push_back(bug);
  }
  if (options.bugs.empty()) {
    for (int b = 1; b < static_cast<int>(PlantedBug::kCount); ++b) {
      options.bugs.push_back(static_cast<PlantedBug>(b));
    }
  }
  return Run(options);
}

}  // namespace
}  // namespace srpt::sim

int main(int argc, char** argv) { return srpt::sim::Main(argc, argv); }
