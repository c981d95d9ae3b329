// Finds out what a failure takes: the smallest run that breaks in the same way, the moment from
// which it could not be avoided any more, and the nearest run that holds.
#ifndef SIM_REPORT_EXPLAIN_H_
#define SIM_REPORT_EXPLAIN_H_

#include <cstdint>
#include <functional>
#include <optional>

#include "sim/minimise.h"
#include "sim/runner.h"
#include "sim/trace_file.h"

namespace srpt::sim {

struct Explanation {
  TraceFile recorded;     // As it was given.
  TraceFile minimal;      // What it takes; `recorded` if that does not repeat.
  bool repeats = false;   // It broke what it had broken.
  bool complete = false;  // Nothing more can be taken away from `minimal`.
  std::uint64_t runs = 0;
  // Of `minimal`, with its story.
  Outcome outcome;
  // Its fingerprint was the same in a second run.
  bool same_fingerprint = false;
  // The occurrence after which it broke whatever else happened or did not: of those in `minimal`,
  // in the order of time, the last that it needs. None: it breaks with none of them.
  std::optional<Script::Record> decisive;
  // `minimal` without what came from `decisive` on. It held; none if it has none.
  std::optional<Outcome> neighbour;
};

// Plays `trace`, which broke something, again and again: `runs_most` times at most to cut it down,
// and a few times more. `tell` is called after each of the former; false ends them.
Explanation Explain(const TraceFile& trace, std::uint64_t runs_most,
                    const std::function<bool(const MinimiseProgress&)>& tell);

}  // namespace srpt::sim

#endif  // SIM_REPORT_EXPLAIN_H_
