// The command line of srpt_sim.
#ifndef SIM_OPTIONS_H_
#define SIM_OPTIONS_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/base/planted.h"
#include "sim/profiles.h"

namespace srpt::sim {

struct Options {
  static constexpr std::uint64_t kRunsMax = 1000000;
  static constexpr std::uint64_t kSeedsMax = 1000000000000;  // More than anybody waits for.
  static constexpr double kMinutesMin = 0.001;
  static constexpr double kMinutesMax = 100000;

  std::uint64_t seeds = 0;  // At most. (Not given: 100; 5 of a profile; with minutes kSeedsMax.)
  std::uint64_t first = 1;
  unsigned jobs = 1;
  double minutes = 0;  // No seed begins later; 0: as long as it takes.
  std::string json;
  std::uint64_t trace_lines = 30;
  std::string failures;  // A directory for traces of what broke.
  std::string paths;     // Where core's code paths go that were reached.
  Profile profile = Profile::kNone;
  // What is changed in each seed's swarm: names and values as traces have them.
  std::vector<std::pair<std::string, std::string>> changes;
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

// What a run of this seed is like, by the profile and the changes that were asked for.
Swarm SwarmOf(const Options& options, std::uint64_t seed);

}  // namespace srpt::sim

#endif  // SIM_OPTIONS_H_
