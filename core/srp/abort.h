// Aborting commands: for task management, for a fence, for a dead channel.
//
// An aborted command sends no response. Its effects end first: RDMA to or from the peer's memory,
// and writes that the backend already holds (they cannot be recalled: fault 29). A read at the
// backend has no effect that anybody sees: its data are dropped when they come. Whoever aborted is
// told when the effects ended; the context and its credit come free when nothing uses its memory
// any more.
#ifndef CORE_SRP_ABORT_H_
#define CORE_SRP_ABORT_H_

#include "core/srp/shard_state.h"

namespace srpt::abort {

// Aborts one command that is not Free. True: nothing of it has an effect any more (its context may
// linger). False: `aborter` (a command, or kNone) and the fences that cover it are told later.
bool Abort(ShardState& s, std::uint32_t index, std::uint32_t aborter);
// All commands of a channel that will send nothing any more.
void AbortChannel(ShardState& s, Channel& channel);
// Something of an Aborting command came back.
void Progress(ShardState& s, std::uint32_t index);

}  // namespace srpt::abort

#endif  // CORE_SRP_ABORT_H_
