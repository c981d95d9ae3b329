// Which code paths of core were reached, for the list at the end of a campaign (invariant 50).
//
// Builds with --config=paths only: there clang marks each basic block of core that was run. What is
// counted is of this process, by all its threads.
#ifndef SIM_PATHS_H_
#define SIM_PATHS_H_

#include <cstddef>
#include <string>

namespace srpt::sim {

struct PathCounts {
  std::size_t blocks = 0;
  std::size_t reached = 0;
};

// Whether this build counts them.
bool PathsAreCounted();
PathCounts CountPaths();
// Writes a line a block: "reached" or "missed", and its address in the executable file, in
// hexadecimal (tools/dev/paths.py makes lines of the source of it). The first line names that file.
// False: errno says why not.
bool WritePaths(const std::string& name);

}  // namespace srpt::sim

#endif  // SIM_PATHS_H_
