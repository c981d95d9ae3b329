// Plays a transcript: a simulated target and initiators driven by hand, in virtual time.
//
// docs/simulator.md has the language; Usage() is the same in short. Two runs of one transcript give
// the same log, whatever the compiler.
#ifndef CONFORMANCE_SCENARIOS_SCENARIO_H_
#define CONFORMANCE_SCENARIOS_SCENARIO_H_

#include <optional>
#include <string>

#include "conformance/scenarios/transcript.h"

namespace srpt::scenarios {

struct Outcome {
  // The transcript with the log that was seen. Behind the command that could not be played it has
  // the log that was expected.
  Transcript seen;
  // A command that makes no sense, and what would make some.
  std::optional<Complaint> bad;
  // What was expected in so many words (expect, run until) and is not so; or an invariant that does
  // not hold, which is looked at after every step and at the end.
  std::optional<Complaint> failed;
};

// A failed check of core's (SRPT_CHECK) is our own bug and stops the program.
Outcome Play(const Transcript& transcript);

// Every command, a line each.
std::string Usage();

}  // namespace srpt::scenarios

#endif  // CONFORMANCE_SCENARIOS_SCENARIO_H_
