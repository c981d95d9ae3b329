// The command line of srpt_sim.
#ifndef SIM_OPTIONS_H_
#define SIM_OPTIONS_H_

#include <cstdint>
#include <string>

#include "core/base/planted.h"

namespace srpt::sim {

struct Options {
  static constexpr std::uint64_t kRunsMax = 1000000;
  // Outcomes are kept in memory: more seeds than this are several runs.
  static constexpr std::uint64_t kSeedsMax = 1000000;

  std::uint64_t seeds = 100;
  std::uint64_t first = 1;
  unsigned jobs = 1;
  std::string json;
  std::uint64_t trace_lines = 30;
  PlantedBug plant = PlantedBug::kNone;
  // A file each; at most one of the three is given. Then nothing else is run.
  std::string record;         // Where the run of the first seed goes.
  std::string replay;         // A trace to be played.
  std::string minimise;       // A trace to be cut down,
  std::string out;            // where to (default: beside it, with .min behind its name),
  std::uint64_t runs = 3000;  // and in how many runs at most.
  bool help = false;
};

extern const char kUsage[];

// Empty, or what is wrong with the command line: one line, without the program's name.
std::string ParseOptions(int argc, const char* const* argv, Options* options);

}  // namespace srpt::sim

#endif  // SIM_OPTIONS_H_
