// What must always hold inside a shard, one sentence each; and what is not finished, in words. For
// tests and the simulator, after every step or every so many; too slow for the command path.
#ifndef CORE_SRP_INVARIANTS_H_
#define CORE_SRP_INVARIANTS_H_

#include <string>
#include <vector>

#include "core/srp/shard_state.h"

namespace srpt {

// Empty, or the sentence that does not hold, with where. The numbers are those of the list of
// invariants in docs/architecture.md.
std::string BrokenInvariantOf(const ShardState& s);

// A line for each channel and command that is not at rest: what it is and what it waits for.
std::vector<std::string> PendingOf(const ShardState& s);

}  // namespace srpt

#endif  // CORE_SRP_INVARIANTS_H_
