// What the director and the shards say to each other. They share nothing else: a driver carries the
// messages, in order per pair, and may delay them (the simulator does).
#ifndef CORE_MESSAGE_H_
#define CORE_MESSAGE_H_

#include <cstdint>
#include <memory>
#include <variant>

#include "core/base/types.h"
#include "core/snapshot.h"

namespace srpt {

// A unit attention condition, by its additional sense code (the key is always 6).
struct UnitAttention {
  std::uint8_t asc = 0;
  std::uint8_t ascq = 0;
  friend constexpr auto operator<=>(const UnitAttention&, const UnitAttention&) = default;
};

// Why the director ends a channel.
enum class CloseReason : std::uint8_t {
  kReplaced,       // A new single-channel login of the same nexus.
  kAdministrator,  // force_close of its session.
  kTargetDisabled,
  kShutdown,
};

// The task management functions that abort commands on several channels.
enum class FenceFunction : std::uint8_t {
  kAbortTaskSet,  // The nexus's commands at the unit.
  kClearTaskSet,  // All nexuses' commands there.
  kLunReset,      // The same, and the unit's own state.
};

namespace message {

// --- Director to shard ------------------------------------------------------------------------

// Takes effect for every command that arrives later. Never null, versions only grow.
struct Publish {
  std::shared_ptr<const Snapshot> snapshot;
};
// Make a channel and accept the connection. Answered by ChannelOpened or ChannelRefused.
struct OpenChannel {
  ConnId conn;
  NexusId nexus;
  TargetPortId port;
  Tag login_tag;
  std::uint32_t max_it_iu_len = 0;  // What the peer may send; our receive size.
  std::uint32_t max_ti_iu_len = 0;  // What we may send.
  std::uint16_t credits = 0;
  std::uint16_t imm_data_offset = 0;  // 0: no immediate data on this channel.
  std::uint16_t sq_size = 0;
  std::uint8_t rdma_read_depth = 0;
  std::uint32_t srq = 0;             // Which shared receive queue, if there are any.
  std::uint8_t solicited = 0;        // wire::kLoginReq...solnt bits of the login.
  std::uint8_t login_rsp_flags = 0;  // wire::LoginRsp flags, multichannel result included.
};
// Tell the peer with an AER_REQ; the unit attention tells it as well.
struct ReportEvent {
  ChannelId channel;
  LunNumber lun;
  UnitAttention attention;
};
struct CloseChannel {
  ChannelId channel;
  CloseReason reason = CloseReason::kReplaced;
};
// A login has taken the nexus over, for the `session`-th time: end the channels that came before
// it, if that has not happened, and start no command of the nexus until TakeoverOver. Answered by
// TakenOver once those channels are ended and their old writes told of. A shard that is alone has
// nobody to wait for, and does not answer.
struct TakeOver {
  NexusId nexus;
  std::uint32_t session = 0;
};
// All shards have answered: only HoldUnit holds the nexus's commands now.
struct TakeoverOver {
  NexusId nexus;
  std::uint32_t session = 0;
};
// Commands of the nexus at this unit wait, or need not any more: a backend has, or had, writes of
// its ended channels.
struct HoldUnit {
  NexusId nexus;
  LuId lu;
  bool hold = false;
};
// The nexus has a unit attention for this unit: park its next command there and ask.
struct UnitAttentionPending {
  NexusId nexus;
  LuId lu;
};
// The answer to AskUnitAttention. `more`: another one is queued behind it. A shard whose command is
// gone meanwhile gives the attention back (ReturnUnitAttention), so that none is lost.
struct UnitAttentionAnswer {
  CommandId command;
  NexusId nexus;
  LuId lu;
  bool has = false;
  UnitAttention attention;
  bool more = false;
};
// Abort the commands of this unit that arrived before (those aborted get silence and their credit:
// TAS is 0). Answered by FenceDone once none of them has an effect any more, nor any response that
// was on its way to the asker.
struct AbortFence {
  FenceId fence;
  LuId lu;
  NexusId nexus;    // Only this one's commands, on all its channels; invalid: those of all nexuses.
  CommandId asker;  // The request, on the shard that has it: what came after it is left alone.
  NexusId asked_by{};
};
// The fence is past its deadline: forget it; no answer is expected.
struct CancelFence {
  FenceId fence;
};
// The answer to AskTaskFence: send the response with this SRP RSP_CODE (0 complete, 5 failed).
struct TaskFenceAnswer {
  CommandId command;
  std::uint8_t rsp_code = 0;
};
// The nexus is gone for good: no channel of it remains on any shard.
struct ForgetNexus {
  NexusId nexus;
};
// No command of this unit may start any more (it is in no snapshot); answered by LuIdle when none
// is left and no backend operation of it is in flight.
struct RetireLu {
  LuId lu;
};

using ToShard = std::variant<Publish, OpenChannel, ReportEvent, CloseChannel, UnitAttentionPending,
                             UnitAttentionAnswer, AbortFence, CancelFence, TaskFenceAnswer,
                             ForgetNexus, RetireLu, TakeOver, TakeoverOver, HoldUnit>;

// --- Shard to director ------------------------------------------------------------------------

struct ChannelOpened {
  ConnId conn;
  NexusId nexus;
  ChannelId channel;
};
// No room, or the driver could not accept. `rejected`: the connection request was already answered
// by the driver or is gone; otherwise the director rejects it. `srq_size`, if not 0: the shared
// receive queue is too short; one of this size would do.
struct ChannelRefused {
  ConnId conn;
  NexusId nexus;
  bool rejected = false;
  std::uint32_t srq_size = 0;
};
struct ChannelLive {
  NexusId nexus;
  ChannelId channel;
};
// So many receives of a shared queue that were promised to the channel are promised to nobody.
struct ReceivesBack {
  NexusId nexus;
  ChannelId channel;
  std::uint32_t receives = 0;
};
// The last message about a channel: nothing of it remains, no promise either.
struct ChannelClosed {
  NexusId nexus;
  ChannelId channel;
};
// The answer to TakeOver.
struct TakenOver {
  NexusId nexus;
  std::uint32_t session = 0;
};
// Writes of ended channels of the nexus are with this unit's backend, or none is any more.
struct OldWrites {
  NexusId nexus;
  LuId lu;
  bool there = false;
};
struct AskUnitAttention {
  CommandId command;
  NexusId nexus;
  LuId lu;
  std::uint32_t session = 0;  // The channel's: one that was taken over is told nothing any more.
};
// Nobody was told: the command that asked was aborted before its response went, or the response did
// not arrive.
struct ReturnUnitAttention {
  NexusId nexus;
  LuId lu;
  UnitAttention attention;
};
// A task management request that concerns more than its own channel.
struct AskTaskFence {
  CommandId command;
  NexusId nexus;
  LuId lu;
  FenceFunction function{};
};
struct FenceDone {
  FenceId fence;
};
struct LuIdle {
  LuId lu;
};
// A flush failed: what was acknowledged may be lost. The unit fails until an administrator acts.
struct LuFailed {
  LuId lu;
};

using ToDirector = std::variant<ChannelOpened, ChannelRefused, ChannelLive, ChannelClosed,
                                AskUnitAttention, ReturnUnitAttention, AskTaskFence, FenceDone,
                                LuIdle, LuFailed, TakenOver, OldWrites, ReceivesBack>;

}  // namespace message
}  // namespace srpt

#endif  // CORE_MESSAGE_H_
