// What core asks of its driver. Actions are carried out in order; a driver may chain the work
// requests of one queue pair into one post. What a device refuses for the moment (it is out of
// memory), the driver keeps and posts in the same order as soon as it can; if that takes too long,
// the queue pair fails. Memory is named by id, never by pointer: the driver owns it (ports.h). Each
// action says which event ends it.
#ifndef CORE_ACTION_H_
#define CORE_ACTION_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <new>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include "core/admin.h"
#include "core/base/check.h"
#include "core/base/limits.h"
#include "core/base/types.h"
#include "core/message.h"

namespace srpt {

// Where bytes lie: in a data buffer of the shard's pool, or in a receive buffer (immediate data).
struct MemRef {
  enum class Kind : std::uint8_t { kData, kRecv };
  Kind kind = Kind::kData;
  BufferId buffer;    // kData
  ChannelId channel;  // kRecv; none: of a shared receive queue.
  RecvId recv;        // kRecv
  std::uint32_t offset = 0;
  std::uint32_t length = 0;
};

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarning, kError };

namespace action {

// --- Connections ------------------------------------------------------------------------------

// (Shard.) Make the queue pair, post receives 0 .. recv_count-1, then accept with the LOGIN_RSP.
// The driver allots recv_count receive buffers of recv_bytes and send_count send buffers of
// send_bytes; with imm_data_offset != 0 it places the receive buffers so that address +
// imm_data_offset is 4096-aligned. recv_count == 0: the channel receives from the shared receive
// queue `srq`. Ends with Established, the first IuReceived, AcceptFailed or Disconnected.
struct Accept {
  ConnId conn;
  ChannelId channel;
  std::uint16_t recv_count = 0;
  std::uint16_t send_count = 0;
  std::uint32_t recv_bytes = 0;
  std::uint32_t send_bytes = 0;
  std::uint16_t sq_size = 0;  // Work requests that may be on the send queue at once.
  std::uint16_t imm_data_offset = 0;
  std::uint8_t rdma_read_depth = 0;
  std::uint32_t srq = 0;
  std::array<std::uint8_t, 52> login_rsp{};
};
// (Director, shard.) Refuse a connection request, with `length` bytes of private data (0: none).
struct Reject {
  ConnId conn;
  std::uint8_t length = 0;
  std::array<std::uint8_t, 32> private_data{};
};
// Tell the CM that the connection is up: an IU came before RTU.
struct NotifyEstablished {
  ChannelId channel;
};
// Send DREQ (or answer one) and put the queue pair into error state: all posted work comes back.
// May be asked in any state after Accept, once. Ends with Disconnected; nothing is to be done if
// the accept failed and AcceptFailed is on its way. With a shared receive queue, ReceivesOver comes
// too.
struct Disconnect {
  ChannelId channel;
};
// Destroy the queue pair and its connection, forget the channel's completions that were not
// delivered, and free its receive and send buffers' registration. Ends with QpDestroyed. Receive
// buffers that a BlockWrite still names stay intact until that ends.
struct DestroyQp {
  ChannelId channel;
};

// --- Work requests ----------------------------------------------------------------------------

// No channel: on the shared receive queue that the receive belongs to.
struct PostRecv {
  ChannelId channel;
  RecvId recv;
};
// Send the first `length` bytes of a send buffer. Always signaled: ends with SendDone.
struct SendIu {
  ChannelId channel;
  SendId send;
  std::uint32_t length = 0;
  bool solicited = false;
};
// Move bytes of one data buffer to or from the peer's memory: one work request each. A signaled one
// ends with RdmaDone; an unsignaled one ends with the next signaled one of the channel.
struct RdmaWrite {
  ChannelId channel;
  BufferId buffer;
  std::uint32_t offset = 0;
  std::uint32_t length = 0;
  RemoteAddr remote;
  RKey rkey;
  bool signaled = false;
};
struct RdmaRead {
  ChannelId channel;
  BufferId buffer;
  std::uint32_t offset = 0;
  std::uint32_t length = 0;
  RemoteAddr remote;
  RKey rkey;
  bool signaled = false;
};

// Ask the peer for a sign of life, without its memory and without a credit: a zero-length RDMA
// WRITE, or, on iWARP, where a WRITE ends when TCP took it, a zero-length RDMA READ. One work
// request; at most one a channel is in flight. Ends with ProbeDone.
struct Probe {
  ChannelId channel;
};

// --- Backends ---------------------------------------------------------------------------------
// All end with BlockDone, in any order. Offsets are bytes from the start of the unit.

struct BlockRead {
  OpId op;
  LuId lu;
  std::uint64_t offset = 0;
  MemRef memory;
};
// `fua`: on stable storage before it ends.
struct BlockWrite {
  OpId op;
  LuId lu;
  std::uint64_t offset = 0;
  MemRef memory;
  bool fua = false;
};
// Everything that ended before is on stable storage when this ends.
struct BlockFlush {
  OpId op;
  LuId lu;
};

// --- Others -----------------------------------------------------------------------------------

struct ToDirector {  // (Shard.)
  message::ToDirector message;
};
struct ToShard {  // (Director.)
  ShardId shard;
  message::ToShard message;
};
// (Director.) Ends an event::AdminRequested.
struct AdminDone {
  AdminId id;
  admin::Status status = admin::Status::kOk;
  std::string_view text;  // What went wrong and what would be right. Lives as Log::text does.
};
// (Director.) The driver may let go of this unit's backing store: no shard uses it any more.
struct ReleaseLu {
  LuId lu;
};
// One line for the log. The text lives until the Actions are cleared.
struct Log {
  LogLevel level = LogLevel::kInfo;
  std::string_view text;
};

}  // namespace action

using Action = std::variant<action::Accept, action::Reject, action::NotifyEstablished,
                            action::Disconnect, action::DestroyQp, action::PostRecv, action::SendIu,
                            action::RdmaWrite, action::RdmaRead, action::Probe, action::BlockRead,
                            action::BlockWrite, action::BlockFlush, action::ToDirector,
                            action::ToShard, action::AdminDone, action::ReleaseLu, action::Log>;

// The actions of one step: at most limits::kActionsPerStepMax, and their texts. The driver clears
// it before each Step and allocates it once.
class Actions {
 public:
  Actions() = default;
  Actions(const Actions&) = delete;
  Actions& operator=(const Actions&) = delete;
  ~Actions() { Clear(); }

  void Clear() {
    if (owning_) {
      for (std::size_t i = 0; i < count_; ++i) At(i)->~Action();
      owning_ = false;
    }
    count_ = 0;
    text_used_ = 0;
  }
  std::size_t size() const { return count_; }
  bool empty() const { return count_ == 0; }
  std::size_t room() const { return limits::kActionsPerStepMax - count_; }
  const Action& operator[](std::size_t i) const {
    SRPT_CHECK(i < count_);
    return *At(i);
  }
  const Action* begin() const { return At(0); }
  const Action* end() const { return At(0) + count_; }

  template <class A>
  void Add(const A& a) {
    SRPT_CHECK(count_ < limits::kActionsPerStepMax);
    void* slot = storage_ + count_ * sizeof(Action);
    if constexpr (std::is_same_v<A, Action>) {
      ::new (slot) Action(a);
    } else {
      ::new (slot) Action(std::in_place_type<A>, a);
    }
    if constexpr (!std::is_trivially_destructible_v<A>) owning_ = true;
    ++count_;
  }
  // Keeps a copy of `text`, cut where the room ends.
  std::string_view Keep(std::string_view text);
  void AddLog(LogLevel level, std::string_view text) { Add(action::Log{level, Keep(text)}); }

 private:
  const Action* At(std::size_t i) const {
    return std::launder(reinterpret_cast<const Action*>(storage_)) + i;
  }

  std::size_t count_ = 0;
  std::size_t text_used_ = 0;
  // Of those in [0, count_), one has a destructor that does something (it holds a snapshot). All
  // others are written over as they are: most steps make actions of plain values only, and a
  // std::variant would look up the destructor of the one before each time.
  bool owning_ = false;
  alignas(Action) std::byte storage_[limits::kActionsPerStepMax * sizeof(Action)];
  std::array<char, limits::kLogTextPerStep> text_{};
};

}  // namespace srpt

#endif  // CORE_ACTION_H_
