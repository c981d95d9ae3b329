// TSK_MGMT: ABORT TASK within the channel; ABORT TASK SET, CLEAR TASK SET and LUN RESET through the
// director's fence.
#ifndef CORE_SRP_TASK_MANAGEMENT_H_
#define CORE_SRP_TASK_MANAGEMENT_H_

#include "core/srp/shard_state.h"

namespace srpt::task_management {

void OnTskMgmt(ShardState& s, Channel& channel, std::uint32_t index, Bytes iu);
void OnFenceAnswer(ShardState& s, const message::TaskFenceAnswer& answer);
// A CMD has this request's tag (fault 11): both end with one response, 0B/4E/00, when the request
// is done.
void Overlap(ShardState& s, std::uint32_t request);
// A response that fences waited for has arrived, or never will.
void TellFencesOfSend(ShardState& s, const SendSlot& send);
// The command that this request waits for has no effect any more.
void OnAborted(ShardState& s, std::uint32_t request);

void OpenFence(ShardState& s, const message::AbortFence& fence);
void CancelFence(ShardState& s, const message::CancelFence& fence);
// Goes on looking for commands to abort, and tells of fences that are done. False: the step is
// full.
bool PumpFences(ShardState& s);
// The effects of a command ended: whichever fence waits for it has one less to wait for.
void TellFences(ShardState& s, std::uint32_t command);

}  // namespace srpt::task_management

#endif  // CORE_SRP_TASK_MANAGEMENT_H_
