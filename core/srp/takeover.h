// Takeover (fault 20): a login ends the nexus's earlier channels without waiting for a backend that
// hangs, and commands of the new session wait at each unit until the old writes there have ended,
// whichever shard they are on, so that no stale write lands after one of theirs.
//
// An old write is one whose channel ended while the backend had it. Each shard knows its own, and
// tells the director at which units a nexus has some; the director has all shards hold the nexus's
// commands there until the last has ended. A login that takes a nexus over draws a line: every
// shard ends what came before it, tells of the old writes that this left, and holds all of the
// nexus's commands until the director has heard that from all shards. Commands that wait are
// answered BUSY after limits::kTakeoverWait (command.cc), whoever does not answer.
//
// A nexus whose commands need not wait costs them the test of NexusView::waits.
#ifndef CORE_SRP_TAKEOVER_H_
#define CORE_SRP_TAKEOVER_H_

#include "core/srp/shard_state.h"

namespace srpt::takeover {

// --- Events ---
void OnTakeOver(ShardState& s, NexusView& nexus, const message::TakeOver& m);
void OnTakeoverOver(ShardState& s, NexusView& nexus, const message::TakeoverOver& m);
void OnHoldUnit(ShardState& s, NexusView& nexus, const message::HoldUnit& m);

// --- For the other rules ---

// Whether the nexus's commands at this unit wait for old writes; never if it does not `waits`.
bool Waits(const NexusView& nexus, LuId lu);
// The channel of this command ended; its write is still with the backend.
void Note(ShardState& s, std::uint32_t command);
// That write has ended.
void Ended(ShardState& s, std::uint32_t command);
// Ends what a takeover is to end, tells the director of old writes, and admits what need not wait
// any more. False: the step is full.
bool Pump(ShardState& s);
// Nothing of the nexus is left.
void Forget(NexusView& nexus);

}  // namespace srpt::takeover

#endif  // CORE_SRP_TAKEOVER_H_
