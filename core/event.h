// What can happen to core. A driver (the simulator, or verbs in production) turns everything that
// the world does into one of these values and hands it to `Shard::Step` or `Director::Step`.
//
// Every event is defined in every state. Spans are borrowed for the call only. A driver reports
// each completion exactly once, for each action that promises one (see action.h), in the order in
// which the queue pair or the backend completed it.
#ifndef CORE_EVENT_H_
#define CORE_EVENT_H_

#include <cstdint>
#include <variant>

#include "core/admin.h"
#include "core/base/bytes.h"
#include "core/base/types.h"
#include "core/message.h"

namespace srpt {

// How a work request ended. Everything but kOk means that the queue pair is in error state and that
// whatever else was posted to it comes back as kFlushed.
enum class WorkStatus : std::uint8_t {
  kOk,
  kFlushed,        // The queue pair was in error before the work request ran.
  kLocalLength,    // A receive that was too small for the IU.
  kRemoteAccess,   // The peer's rkey did not allow it.
  kRetryExceeded,  // The peer did not acknowledge.
  kRnrExceeded,    // The peer had no receive posted for too long.
  kOther,
};

// How a block operation ended.
enum class IoStatus : std::uint8_t {
  kOk,
  kIoError,     // EIO and its like.
  kNoSpace,     // ENOSPC.
  kShort,       // Fewer bytes than asked for; the rest of the buffer is not data.
  kDeviceGone,  // The backing file or device went away.
};

// How the initiator reached us; decides the form of its login and what its identity is.
enum class LoginForm : std::uint8_t { kIbCm, kRdmaCm };  // 64-byte or 56-byte LOGIN_REQ.

namespace event {

// --- To the director --------------------------------------------------------------------------

// A CM REQ. `private_data` as it came, padding included. Answered, now or after messages to a
// shard, by exactly one of action::Accept (by the shard) or action::Reject, unless ConnectionGone
// comes.
struct LoginRequested {
  ConnId conn;
  TargetPortId port;
  LoginForm form = LoginForm::kRdmaCm;
  bool iwarp = false;
  PeerAddress source;
  std::uint8_t rdma_read_depth = 0;  // initiator_depth of the CM event: the most we may have open.
  Bytes private_data;
};
// The connection request went away before it was answered (peer gave up, device removed).
struct ConnectionGone {
  ConnId conn;
};
struct AdminRequested {
  AdminId id;
  admin::Request request;
};
struct FromShard {
  ShardId shard;
  message::ToDirector message;
};

// --- To a shard -------------------------------------------------------------------------------

struct FromDirector {
  message::ToShard message;
};
// The answer to action::Accept when the queue pair or the accept failed; nothing was posted or all
// of it is gone. `reason` is a static string for the log.
struct AcceptFailed {
  ChannelId channel;
  const char* reason = "";
  bool sq_refused = false;  // The device may take a queue pair with a shorter send queue.
};
// RTU arrived (or was implied). May come after the first IuReceived, or never.
struct Established {
  ChannelId channel;
};
struct IuReceived {
  ChannelId channel;
  RecvId recv;  // Of the channel's own, or of the shard's shared receive queues.
  Bytes bytes;  // Exactly the bytes that arrived. The same memory as MemoryPort::RecvBuffer.
};
// A posted receive ended without an IU.
struct RecvFailed {
  ChannelId channel;
  RecvId recv;
  WorkStatus status = WorkStatus::kFlushed;
};
// Shared receive queue only, once after action::Disconnect: the queue pair takes no receive any
// more, and all that it took were reported. (The queue keeps what is posted: nothing is flushed.)
struct ReceivesOver {
  ChannelId channel;
};
// Ends an action::SendIu.
struct SendDone {
  ChannelId channel;
  SendId send;
  WorkStatus status = WorkStatus::kOk;
};
// Ends the signaled action::RdmaRead or action::RdmaWrite that named this buffer, and with it all
// earlier unsignaled ones of the channel.
struct RdmaDone {
  ChannelId channel;
  BufferId buffer;
  WorkStatus status = WorkStatus::kOk;
};
// Ends an action::Probe. kOk: the peer is there.
struct ProbeDone {
  ChannelId channel;
  WorkStatus status = WorkStatus::kOk;
};
// An unsignaled work request failed: the queue pair is in error. Later completions follow, flushed.
struct QpFailed {
  ChannelId channel;
  WorkStatus status = WorkStatus::kOther;
};
// Ends an action::BlockRead, BlockWrite or BlockFlush.
struct BlockDone {
  OpId op;
  IoStatus status = IoStatus::kOk;
};
// The CM says that the connection ended (DREQ, timeout, device removal), or answers our Disconnect.
struct Disconnected {
  ChannelId channel;
};
// The CM says that the queue pair number may be used again.
struct TimewaitOver {
  ChannelId channel;
};
// Ends an action::DestroyQp: no work request names this channel's memory any more, and no further
// event names the channel.
struct QpDestroyed {
  ChannelId channel;
};

// --- To either --------------------------------------------------------------------------------

// NextDeadline() was reached.
struct DeadlineReached {};

}  // namespace event

using DirectorEvent = std::variant<event::DeadlineReached, event::LoginRequested,
                                   event::ConnectionGone, event::AdminRequested, event::FromShard>;

using ShardEvent =
    std::variant<event::DeadlineReached, event::FromDirector, event::AcceptFailed,
                 event::Established, event::IuReceived, event::RecvFailed, event::ReceivesOver,
                 event::SendDone, event::RdmaDone, event::ProbeDone, event::QpFailed,
                 event::BlockDone, event::Disconnected, event::TimewaitOver, event::QpDestroyed>;

}  // namespace srpt

#endif  // CORE_EVENT_H_
