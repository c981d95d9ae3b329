// The command line of srpt_sim.
#ifndef SIM_OPTIONS_H_
#define SIM_OPTIONS_H_

#include <cstdint>
#include <string>

namespace srpt::sim {

struct Options {
  // Outcomes are kept in memory: more seeds than this are several runs.
  static constexpr std::uint64_t kSeedsMax = 1000000;

  std::uint64_t seeds = 100;
  std::uint64_t first = 1;
  unsigned jobs = 1;
  std::string json;
  std::uint64_t trace_lines = 30;
  bool help = false;
};

extern const char kUsage[];

// Empty, or what is wrong with the command line: one line, without the program's name.
std::string ParseOptions(int argc, const char* const* argv, Options* options);

}  // namespace srpt::sim

#endif  // SIM_OPTIONS_H_
