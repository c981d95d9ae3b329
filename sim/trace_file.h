// A run as a text that people can read and cut: what the seed was like, and everything that
// happened and need not have (script.h). A run is played again by meaning, not by position: the
// file is good for later versions of the code, too, and what finds no opportunity there is told.
//
//   srpt-trace 1
//   option seed 753                 every option of a Swarm, with its value (traces of earlier
//                                   versions lack the later ones)
//   disk disk0 fileio 512 2048 back        name, handler, bytes a block, blocks, cache policy
//   rate kill 1200                  faults that this seed had, in a million opportunities
//   breaks 31:peer #: RDMA ...      the signature of what broke (sim/invariants.h); absent: nothing
//   happens command 1f2e3d4c5b6a7988 0     kind, entity, ordinal; behind #, who and when
//   end 17                          how many of these
//
// Lines that begin with # and what follows two spaces and a # are for people.
#ifndef SIM_TRACE_FILE_H_
#define SIM_TRACE_FILE_H_

#include <string>
#include <string_view>
#include <vector>

#include "core/base/planted.h"
#include "core/base/result.h"
#include "sim/script.h"
#include "sim/swarm.h"

namespace srpt::sim {

struct TraceFile {
  Swarm swarm;
  PlantedBug plant = PlantedBug::kNone;
  std::string signature;  // Empty: all held.
  std::vector<Script::Record> happened;

  // The swarm that plays it.
  Swarm Playing() const;
};

std::string WriteTrace(const TraceFile& trace);
// An error is one line: which line of the text, what is wrong, what would be right.
Result<TraceFile, std::string> ReadTrace(std::string_view text);

// One occurrence for people: "12.345 ms: kill", "0.317 ms: initiator 0 channel 1 command 17:
// abort".
std::string OccurrenceText(const Script::Record& record);

// Sets one option by the name that traces have for it. Empty, or one line: what is wrong.
std::string SetOption(std::string_view name, std::string_view value, Swarm& swarm);

// The options of a swarm as "name value", one a line: what WriteTrace writes of them.
std::vector<std::string> OptionLines(const Swarm& swarm);

}  // namespace srpt::sim

#endif  // SIM_TRACE_FILE_H_
