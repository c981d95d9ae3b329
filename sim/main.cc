// srpt_sim: runs seeds and says how fast, what struck, and what broke.
#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/base/fingerprint.h"
#include "sim/options.h"
#include "sim/runner.h"
#include "sim/traces_main.h"

namespace srpt::sim {
namespace {

struct Totals {
  Stats stats;
  std::array<std::uint64_t, kFaultKinds> faults{};
  std::uint64_t events = 0;
  std::uint64_t blocks = 0;
  std::uint64_t virtual_ns = 0;

  void Add(const Outcome& o) {
    stats.commands += o.stats.commands;
    stats.reads += o.stats.reads;
    stats.writes += o.stats.writes;
    stats.bidirectional += o.stats.bidirectional;
    stats.bytes += o.stats.bytes;
    stats.good += o.stats.good;
    stats.lost += o.stats.lost;
    stats.aborted += o.stats.aborted;
    stats.timeouts += o.stats.timeouts;
    stats.resets += o.stats.resets;
    stats.task_sets += o.stats.task_sets;
    stats.clear_acas += o.stats.clear_acas;
    stats.logins += o.stats.logins;
    stats.rejects += o.stats.rejects;
    stats.attentions += o.stats.attentions;
    stats.checks += o.stats.checks;
    stats.busy += o.stats.busy;
    for (std::size_t i = 0; i < kFaultKinds; ++i) faults[i] += o.faults[i];
    events += o.events;
    blocks += o.checked_blocks;
    virtual_ns += o.virtual_time.ns;
  }
};

void PrintTotals(const Totals& t, std::uint64_t seeds, double seconds, double cpu_seconds) {
  std::printf("%" PRIu64
              " seeds in %.1f s: %.1f seeds/s, %.0f simulated commands/s, %.0f events/s, "
              "%.0f times real time\n",
              seeds, seconds, static_cast<double>(seeds) / seconds,
              static_cast<double>(t.stats.commands) / seconds,
              static_cast<double>(t.events) / seconds,
              static_cast<double>(t.virtual_ns) / 1e9 / seconds);
  std::printf(
      "processor time %.2f s: %.0f simulated commands and %.0f events a second of one core\n",
      cpu_seconds, static_cast<double>(t.stats.commands) / cpu_seconds,
      static_cast<double>(t.events) / cpu_seconds);
  const Stats& s = t.stats;
  std::printf("answered %" PRIu64 " (%" PRIu64 " good, %" PRIu64 " unit attentions, %" PRIu64
              " other CHECK CONDITIONs, %" PRIu64 " busy), %" PRIu64 " reads, %" PRIu64
              " writes and %" PRIu64 " both, %.1f GB, %" PRIu64 " blocks verified\n",
              s.commands, s.good, s.attentions, s.checks, s.busy, s.reads, s.writes,
              s.bidirectional, static_cast<double>(s.bytes) / 1e9, t.blocks);
  std::printf("%" PRIu64 " logins, %" PRIu64 " refused; %" PRIu64
              " commands ended with their "
              "channel, %" PRIu64 " aborted, %" PRIu64 " timed out; %" PRIu64
              " LUN RESETs, %" PRIu64 " ABORT and CLEAR TASK SETs, %" PRIu64 " CLEAR ACAs\n",
              s.logins, s.rejects, s.lost, s.aborted, s.timeouts, s.resets, s.task_sets,
              s.clear_acas);
  std::printf("faults:");
  const char* separator = " ";
  for (std::size_t i = 0; i < kFaultKinds; ++i) {
    const std::string_view name = ToString(static_cast<FaultKind>(i));
    std::printf("%s%.*s %" PRIu64, separator, static_cast<int>(name.size()), name.data(),
                t.faults[i]);
    separator = ", ";
  }
  std::printf("\n");
}

std::string JsonText(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) >= 0x20) out += c;
  }
  return out + "\"";
}

// Closes the file.
bool WriteJson(std::FILE* file, const std::vector<Outcome>& outcomes, std::uint64_t fingerprint,
               double seconds, double cpu_seconds, const Totals& totals) {
  std::fprintf(file, "{\"seeds\": [\n");
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const Outcome& o = outcomes[i];
    std::fprintf(file,
                 "  {\"seed\": %" PRIu64 ", \"fingerprint\": \"%016" PRIx64
                 "\", \"commands\": %" PRIu64 ", \"ok\": %s%s%s}%s\n",
                 o.seed, o.fingerprint, o.stats.commands, o.broken.empty() ? "true" : "false",
                 o.broken.empty() ? "" : ", \"broken\": ",
                 o.broken.empty() ? "" : JsonText(o.broken).c_str(),
                 i + 1 == outcomes.size() ? "" : ",");
  }
  std::fprintf(file,
               "], \"fingerprint\": \"%016" PRIx64 "\", \"seconds\": %.3f, \"commands\": %" PRIu64
               ", \"commands_per_second\": %.0f, \"commands_per_cpu_second\": %.0f}\n",
               fingerprint, seconds, totals.stats.commands,
               static_cast<double>(totals.stats.commands) / seconds,
               static_cast<double>(totals.stats.commands) / cpu_seconds);
  const bool written = std::ferror(file) == 0;
  return std::fclose(file) == 0 && written;
}

int CannotWrite(const Options& options) {
  std::fprintf(stderr, "srpt_sim: --json: cannot write %s: %s\n", options.json.c_str(),
               std::strerror(errno));
  return 2;
}

int Run(const Options& options) {
  // Before the first seed: a run may take hours.
  std::FILE* json = nullptr;
  if (!options.json.empty()) {
    json = std::fopen(options.json.c_str(), "w");
    if (json == nullptr) return CannotWrite(options);
  }
  std::vector<Outcome> outcomes(options.seeds);
  std::atomic<std::uint64_t> next{0};
  std::mutex mutex;
  Totals totals;
  std::uint64_t done = 0;
  std::uint64_t failed = 0;
  const std::clock_t cpu_began = std::clock();
  const auto began = std::chrono::steady_clock::now();
  const auto elapsed = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  };
  double said = 0;
  const auto work = [&] {
    Plant(options.plant);
    for (;;) {
      const std::uint64_t i = next++;
      if (i >= options.seeds) return;
      Outcome outcome = RunCompared(options.first + i, options.trace_lines);
      const std::lock_guard lock(mutex);
      totals.Add(outcome);
      ++done;
      if (!outcome.broken.empty()) {
        ++failed;
        std::fflush(stdout);
        for (const std::string& line : outcome.report) std::fprintf(stderr, "%s\n", line.c_str());
      }
      const double now = elapsed();
      if (now - said >= 2) {
        said = now;
        std::printf("%" PRIu64 " of %" PRIu64 " seeds, %.1f seeds/s, %.0f commands/s, %" PRIu64
                    " failed\n",
                    done, options.seeds, static_cast<double>(done) / now,
                    static_cast<double>(totals.stats.commands) / now, failed);
        std::fflush(stdout);
      }
      outcomes[i] = std::move(outcome);
    }
  };
  std::vector<std::thread> threads;
  for (unsigned j = 1; j < options.jobs; ++j) threads.emplace_back(work);
  work();
  for (std::thread& thread : threads) thread.join();

  const double seconds = elapsed();
  Fingerprint whole;
  for (const Outcome& outcome : outcomes) whole.Add(outcome.fingerprint);
  const double cpu_seconds =
      std::max(1e-6, static_cast<double>(std::clock() - cpu_began) / CLOCKS_PER_SEC);
  PrintTotals(totals, options.seeds, seconds, cpu_seconds);
  std::printf("fingerprint %016" PRIx64 "\n", whole.value());
  if (json != nullptr && !WriteJson(json, outcomes, whole.value(), seconds, cpu_seconds, totals)) {
    return CannotWrite(options);
  }
  if (failed == 0) {
    std::printf("all %" PRIu64 " seeds held\n", options.seeds);
    return 0;
  }
  std::printf("%" PRIu64 " of %" PRIu64 " seeds FAILED:\n", failed, options.seeds);
  for (const Outcome& outcome : outcomes) {
    if (outcome.broken.empty()) continue;
    std::printf("  ./dev sim --seeds 1 --seed %-6" PRIu64 "  %s\n", outcome.seed,
                outcome.broken.c_str());
  }
  return 1;
}

int Main(int argc, char** argv) {
  Options options;
  const std::string wrong = ParseOptions(argc, argv, &options);
  if (!wrong.empty()) {
    std::fprintf(stderr, "srpt_sim: %s\n%s", wrong.c_str(), kUsage);
    return 2;
  }
  if (options.help) {
    std::fputs(kUsage, stdout);
    return 0;
  }
  return WantsTraces(options) ? RunTraces(options) : Run(options);
}

}  // namespace
}  // namespace srpt::sim

int main(int argc, char** argv) { return srpt::sim::Main(argc, argv); }
