// Commands: from the IU to the response, without the data (transfer.h) and the aborts (abort.h).
#ifndef CORE_SRP_COMMAND_H_
#define CORE_SRP_COMMAND_H_

#include "core/srp/shard_state.h"

namespace srpt::command {

// --- Events ---

// A CMD arrived in the receive buffer of this index and its credit was taken.
void OnCmd(ShardState& s, Channel& channel, std::uint32_t index, Bytes iu);
void OnAttentionAnswer(ShardState& s, const message::UnitAttentionAnswer& answer);
// Commands that wait for a replaced session's writes: BUSY past their bound.
void OnTime(ShardState& s, Channel& channel);

// --- For the other rules ---

// Queues the response. GOOD's residuals follow from what moved.
void Respond(ShardState& s, std::uint32_t index, CommandCause cause, scsi::Status status,
             const scsi::Sense& sense = scsi::kNoSense);
inline void Fail(ShardState& s, std::uint32_t index, CommandCause cause, const scsi::Sense& sense) {
  Respond(s, index, cause, scsi::Status::kCheckCondition, sense);
}
// There is no room for it: TASK SET FULL if its nexus has another command at the unit, else BUSY
// (SAM-5 5.3.1). Those on other shards are not looked at.
void RefuseFull(ShardState& s, std::uint32_t index);
// Whether this, which the command's LUN names now, is another unit than it named when the command
// came: it was not meant for that, which has had no chance to announce itself.
bool IsAnother(const Command& c, const scsi::LuView* lu);
// Looks at the command's IU again, from the start.
void Readmit(ShardState& s, std::uint32_t command);

}  // namespace srpt::command

#endif  // CORE_SRP_COMMAND_H_
