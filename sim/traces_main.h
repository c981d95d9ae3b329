// What srpt_sim does with traces: write one, play one, cut one down.
#ifndef SIM_TRACES_MAIN_H_
#define SIM_TRACES_MAIN_H_

#include <optional>
#include <string>

#include "sim/options.h"
#include "sim/trace_file.h"

namespace srpt::sim {

// What is in the file; nothing, after a line on stderr that says what is wrong with it. `option`:
// the one that named it.
std::optional<TraceFile> LoadTrace(const char* option, const std::string& name);

// Whether the options ask for that.
bool WantsTraces(const Options& options);
// Exit status: 0 all held, 1 something broke, 2 a file that cannot be read or written.
int RunTraces(const Options& options);

}  // namespace srpt::sim

#endif  // SIM_TRACES_MAIN_H_
