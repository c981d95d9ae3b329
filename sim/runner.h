// One seed from beginning to end: set up, work while faults strike, heal, converge, read everything
// back, log out, and see that nothing is left.
#ifndef SIM_RUNNER_H_
#define SIM_RUNNER_H_

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sim/faults.h"
#include "sim/invariants.h"
#include "sim/story.h"
#include "sim/swarm.h"
#include "sim/workload/scene.h"

namespace srpt::sim {

struct Outcome {
  std::uint64_t seed = 0;
  std::uint64_t fingerprint = 0;
  Breach breach;                    // What broke first, if anything.
  std::string broken;               // The same as text; empty: all held.
  std::vector<std::string> report;  // One screen, if broken.
  Stats stats;
  std::uint64_t heard = 0;  // What each command that ended GOOD was told, in whatever order.
  std::array<std::uint64_t, kFaultKinds> faults{};
  std::uint64_t events = 0;
  std::uint64_t ius = 0;  // Delivered, to either end.
  std::uint64_t checked_blocks = 0;
  Duration virtual_time;
  std::vector<Script::Record> happened;  // If the swarm's script writes them down.
  std::vector<Occurrence> unused;        // What it listed and found no opportunity.
  std::shared_ptr<const Story> story;    // If WorldOptions::story.
};

// `trace_lines`: of the last events, in the report. A failed check of core's (SRPT_CHECK) is a
// breach like any other.
Outcome RunSeed(std::uint64_t seed, std::size_t trace_lines = 30);
Outcome RunSwarm(const Swarm& swarm, std::size_t trace_lines = 30);

// Runs the seed, and for some seeds runs it again to compare: the same once more (invariant 48),
// with other bytes behind what was received (18), without its hostile peer (43).
Outcome RunCompared(std::uint64_t seed, std::size_t trace_lines = 30);
// The same for a swarm, as its seed says,
Outcome RunSometimesCompared(const Swarm& swarm, std::size_t trace_lines = 30);
// and always.
Outcome RunComparedSwarm(const Swarm& swarm, std::size_t trace_lines = 30);
// Whether only a comparison finds it.
bool NeedsComparison(Invariant invariant);

}  // namespace srpt::sim

#endif  // SIM_RUNNER_H_
