// What the director's thread and a shard's say to each other, in order, through a MessagePipe:
// core's messages, and what goes with them outside of core.
#ifndef TARGET_MAIL_H_
#define TARGET_MAIL_H_

#include <functional>
#include <variant>

#include "core/action.h"
#include "core/message.h"
#include "target/verbs/fabric.h"

namespace srpt::target {

namespace mail {

struct SharedLow {  // ListenerSink::OnSharedLow: the shard that has the queue knows it.
  const void* queue = nullptr;
};
struct QueueFailed {  // ListenerSink::OnQueueFailed: the same.
  const void* queue = nullptr;
};
struct DeviceFailed {  // ListenerSink::OnDeviceFailed.
  DeviceIndex device = 0;
};
struct DeviceGone {
  DeviceIndex device = 0;
};
struct ConnectionGone {
  ConnId conn;
};
// Work that only the shard's thread may do: with its stores, or to tell of its state.
using Task = std::function<void()>;

}  // namespace mail

using ShardMail = std::variant<std::monostate, message::ToShard, ConnectionRequest, action::Reject,
                               mail::SharedLow, mail::QueueFailed, mail::DeviceFailed, mail::Task>;
using DirectorMail =
    std::variant<std::monostate, message::ToDirector, mail::ConnectionGone, mail::DeviceGone>;

}  // namespace srpt::target

#endif  // TARGET_MAIL_H_
