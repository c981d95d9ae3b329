// One seed from beginning to end: set up, work while faults strike, heal, converge, read everything
// back, log out, and see that nothing is left.
#ifndef SIM_RUNNER_H_
#define SIM_RUNNER_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "sim/faults.h"
#include "sim/swarm.h"
#include "sim/workload/scene.h"

namespace srpt::sim {

struct Outcome {
  std::uint64_t seed = 0;
  std::uint64_t fingerprint = 0;
  std::string broken;               // Empty: all held.
  std::vector<std::string> report;  // One screen, if broken.
  Stats stats;
  std::array<std::uint64_t, kFaultKinds> faults{};
  std::uint64_t events = 0;
  std::uint64_t checked_blocks = 0;
  Duration virtual_time;
};

// `trace_lines`: of the last events, in the report.
Outcome RunSeed(std::uint64_t seed, std::size_t trace_lines = 30);
Outcome RunSwarm(const Swarm& swarm, std::size_t trace_lines = 30);

// Installs a handler for core's SRPT_CHECK that prints the failing seed's report first.
void ReportFailedChecks();

}  // namespace srpt::sim

#endif  // SIM_RUNNER_H_
