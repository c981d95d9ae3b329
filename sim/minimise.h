// Cuts a run that breaks something down to what it takes: faults first, then what initiators do for
// no reason, then commands, then the options; each cut is kept if the same thing still breaks (the
// same signature). What is left breaks nothing if any one occurrence of it is taken away, unless
// the budget was used up before.
#ifndef SIM_MINIMISE_H_
#define SIM_MINIMISE_H_

#include <cstdint>
#include <functional>
#include <string>

#include "sim/runner.h"
#include "sim/trace_file.h"

namespace srpt::sim {

// The run of this seed, written down: with what broke, or without.
TraceFile RecordSeed(std::uint64_t seed, PlantedBug plant = PlantedBug::kNone);
TraceFile RecordSwarm(const Swarm& swarm, PlantedBug plant);
// Plays it, with its planted bug.
Outcome Play(const TraceFile& trace, std::size_t trace_lines = 30);

struct MinimiseProgress {
  std::uint64_t runs = 0;
  std::uint64_t runs_most = 0;
  std::size_t occurrences = 0;  // That are left.
  std::string_view cutting;     // What is tried: "faults", ...
};

struct Minimised {
  TraceFile trace;
  std::uint64_t runs = 0;
  bool repeats = false;   // False: the trace as it was given did not break that; it is unchanged.
  bool complete = false;  // Nothing more can be taken away.
  Outcome outcome;        // Of the last run of `trace`.
};

// At most `runs_most` runs, each by `play`. `tell` is called after each; false stops it.
Minimised Minimise(
    const TraceFile& trace, std::uint64_t runs_most,
    const std::function<bool(const MinimiseProgress&)>& tell,
    const std::function<Outcome(const TraceFile&)>& play = [](const TraceFile& t) {
      return Play(t);
    });

}  // namespace srpt::sim

#endif  // SIM_MINIMISE_H_
