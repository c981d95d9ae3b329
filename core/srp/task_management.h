// TSK_MGMT: ABORT TASK within the channel, LUN RESET through the director's fence.
#ifndef CORE_SRP_TASK_MANAGEMENT_H_
#define CORE_SRP_TASK_MANAGEMENT_H_

#include "core/srp/shard_state.h"

namespace srpt::task_management {

void OnTskMgmt(ShardState& s, Channel& channel, std::uint32_t index, Bytes iu);
void OnLunResetAnswer(ShardState& s, const message::LunResetAnswer& answer);
// The command that this request waits for has no effect any more.
void OnAborted(ShardState& s, std::uint32_t request);

void OpenFence(ShardState& s, const message::AbortFence& fence);
void CancelFence(ShardState& s, const message::CancelFence& fence);
// Goes on looking for commands to abort. False: the step is full.
bool ScanFences(ShardState& s);
void FenceProgress(ShardState& s, std::uint32_t fence);

}  // namespace srpt::task_management

#endif  // CORE_SRP_TASK_MANAGEMENT_H_
