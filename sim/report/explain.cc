#include "sim/report/explain.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace srpt::sim {
namespace {

TraceFile FirstOf(const TraceFile& trace, std::size_t count) {
  TraceFile first = trace;
  first.happened.resize(count);
  return first;
}

bool Breaks(const Outcome& outcome, const TraceFile& trace) {
  return !outcome.breach.empty() && outcome.breach.Signature() == trace.signature;
}

// Two neighbours among the beginnings of the run: one that holds, and the one with an occurrence
// more, that breaks. (More could change sides than once; then it is one place of several.)
void FindDecisive(Explanation& e) {
  std::stable_sort(
      e.minimal.happened.begin(), e.minimal.happened.end(),
      [](const Script::Record& a, const Script::Record& b) { return a.at.ns < b.at.ns; });
  Outcome holds = Play(FirstOf(e.minimal, 0), 0);
  if (Breaks(holds, e.minimal)) return;
  std::size_t low = 0;
  std::size_t high = e.minimal.happened.size();
  while (high - low > 1) {
    const std::size_t middle = low + (high - low) / 2;
    Outcome outcome = Play(FirstOf(e.minimal, middle), 0);
    if (Breaks(outcome, e.minimal)) {
      high = middle;
    } else {
      low = middle;
      holds = std::move(outcome);
    }
  }
  if (high == 0) return;
  e.decisive = e.minimal.happened[high - 1];
  e.neighbour = std::move(holds);
}

}  // namespace

Explanation Explain(const TraceFile& trace, std::uint64_t runs_most,
                    const std::function<bool(const MinimiseProgress&)>& tell) {
  Explanation e;
  e.recorded = trace;
  Minimised minimised = Minimise(trace, runs_most, tell);
  e.repeats = minimised.repeats;
  e.complete = minimised.complete;
  e.runs = minimised.runs;
  e.minimal = e.repeats ? std::move(minimised.trace) : trace;
  if (e.repeats) FindDecisive(e);
  const std::uint64_t first = Play(e.minimal, 0).fingerprint;
  TraceFile told = e.minimal;
  told.swarm.world.story = true;
  e.outcome = Play(told);
  e.same_fingerprint = e.outcome.fingerprint == first;
  return e;
}

}  // namespace srpt::sim
