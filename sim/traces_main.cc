#include "sim/traces_main.h"

#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <utility>

#include "sim/minimise.h"
#include "sim/trace_file.h"

namespace srpt::sim {

std::optional<TraceFile> LoadTrace(const char* option, const std::string& name) {
  std::ifstream file(name, std::ios::binary);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf())) {
    std::fprintf(stderr, "srpt_sim: %s: cannot read %s: %s\n", option, name.c_str(),
                 std::strerror(errno));
    return std::nullopt;
  }
  auto trace = ReadTrace(text.str());
  if (!trace.ok()) {
    std::fprintf(stderr, "srpt_sim: %s: %s: %s\n", option, name.c_str(), trace.error().c_str());
    return std::nullopt;
  }
  if (trace->plant != PlantedBug::kNone && !kPlantable) {
    std::fprintf(stderr,
                 "srpt_sim: %s: %s is of a planted bug; this build has none "
                 "(bazel --config=planted)\n",
                 option, name.c_str());
    return std::nullopt;
  }
  return std::move(trace.value());
}

namespace {

constexpr int kBadFile = 2;

bool Save(const char* option, const std::string& name, const TraceFile& trace) {
  std::ofstream file(name, std::ios::binary);
  file << WriteTrace(trace);
  file.close();
  if (file) return true;
  std::fprintf(stderr, "srpt_sim: %s: cannot write %s: %s\n", option, name.c_str(),
               std::strerror(errno));
  return false;
}

void PrintReport(const Outcome& outcome) {
  for (const std::string& line : outcome.report) std::printf("%s\n", line.c_str());
}

int Record(const Options& options) {
  const TraceFile trace = RecordSwarm(SwarmOf(options, options.first), options.plant);
  if (!Save("--record", options.record, trace)) return kBadFile;
  std::printf("seed %" PRIu64 ": %zu occurrences are in %s; %s%s\n", options.first,
              trace.happened.size(), options.record.c_str(),
              trace.signature.empty() ? "all held" : "it broke ", trace.signature.c_str());
  return trace.signature.empty() ? 0 : 1;
}

int Replay(const Options& options) {
  const auto trace = LoadTrace("--replay", options.replay);
  if (!trace) return kBadFile;
  const Outcome outcome = Play(*trace, options.trace_lines);
  PrintReport(outcome);
  for (const Occurrence& unused : outcome.unused) {
    for (const Script::Record& listed : trace->happened) {
      if (listed.what != unused) continue;
      std::printf("found no opportunity: %s\n", OccurrenceText(listed).c_str());
    }
  }
  std::printf("%zu of %zu occurrences happened; fingerprint %016" PRIx64 "\n",
              trace->happened.size() - outcome.unused.size(), trace->happened.size(),
              outcome.fingerprint);
  const std::string signature = outcome.breach.empty() ? "" : outcome.breach.Signature();
  if (signature == trace->signature) {
    std::printf(signature.empty() ? "all held, as it did when it was recorded\n"
                                  : "it broke what it broke when it was recorded\n");
  } else if (signature.empty()) {
    std::printf("all held; when it was recorded it broke %s\n", trace->signature.c_str());
  } else {
    std::printf("it broke something else than when it was recorded, which was %s\n",
                trace->signature.empty() ? "nothing" : trace->signature.c_str());
  }
  return signature.empty() ? 0 : 1;
}

int MinimiseFile(const Options& options) {
  const auto trace = LoadTrace("--minimise", options.minimise);
  if (!trace) return kBadFile;
  if (trace->signature.empty()) {
    std::fprintf(stderr, "srpt_sim: --minimise: %s broke nothing\n", options.minimise.c_str());
    return kBadFile;
  }
  const Minimised minimised = Minimise(*trace, options.runs, [](const MinimiseProgress& progress) {
    if (progress.runs % 50 == 0) {
      std::printf("%" PRIu64 " of at most %" PRIu64 " runs, %zu occurrences left, trying %.*s\n",
                  progress.runs, progress.runs_most, progress.occurrences,
                  static_cast<int>(progress.cutting.size()), progress.cutting.data());
      std::fflush(stdout);
    }
    return true;
  });
  if (!minimised.repeats) {
    std::printf("it does not break %s any more: nothing to cut down\n", trace->signature.c_str());
    return 0;
  }
  const std::string out = options.out.empty() ? options.minimise + ".min" : options.out;
  if (!Save("--out", out, minimised.trace)) return kBadFile;
  std::printf("%zu of %zu occurrences are left, after %" PRIu64 " runs%s; they are in %s:\n",
              minimised.trace.happened.size(), trace->happened.size(), minimised.runs,
              minimised.complete ? "" : " (there were no more: --runs)", out.c_str());
  for (const Script::Record& record : minimised.trace.happened) {
    std::printf("  %s\n", OccurrenceText(record).c_str());
  }
  PrintReport(minimised.outcome);
  return 1;
}

}  // namespace

bool WantsTraces(const Options& options) {
  return !options.record.empty() || !options.replay.empty() || !options.minimise.empty();
}

int RunTraces(const Options& options) {
  if (!options.record.empty()) return Record(options);
  return options.replay.empty() ? MinimiseFile(options) : Replay(options);
}

}  // namespace srpt::sim
