#include "sim/report_main.h"

#include <cinttypes>
#include <cstdio>
#include <optional>
#include <string>

#include "sim/minimise.h"
#include "sim/report/report.h"
#include "sim/traces_main.h"

namespace srpt::sim {

int RunReport(const Options& options) {
  std::optional<TraceFile> trace;
  if (options.replay.empty()) {
    trace = RecordSeed(options.first, options.plant);
  } else {
    trace = LoadTrace("--replay", options.replay);
    if (!trace) return 2;
    // What it breaks by now is what is told.
    const Outcome outcome = Play(*trace, 0);
    if (!outcome.breach.empty()) trace->signature = outcome.breach.Signature();
  }
  if (trace->signature.empty()) {
    std::printf("all held: there is nothing to report\n");
    return 0;
  }
  const Explanation explanation =
      Explain(*trace, options.runs, [](const MinimiseProgress& progress) {
        if (progress.runs % 50 == 0) {
          std::fprintf(stderr,
                       "cutting down: %" PRIu64 " of at most %" PRIu64
                       " runs, %zu occurrences left, trying %.*s\n",
                       progress.runs, progress.runs_most, progress.occurrences,
                       static_cast<int>(progress.cutting.size()), progress.cutting.data());
        }
        return true;
      });
  const ReportSource source{options.commit, options.report};
  for (const std::string& line : ReportText(explanation, source)) std::printf("%s\n", line.c_str());
  const std::string wrong = WriteReport(explanation, source);
  if (wrong.empty()) return 1;
  std::fprintf(stderr, "srpt_sim: --report: %s\n", wrong.c_str());
  return 2;
}

}  // namespace srpt::sim
