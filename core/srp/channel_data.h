// What a channel is, from OpenChannel until its queue pair is gone: its states, send buffers, wire
// queue and request of ours. A part of the shard's state (shard_state.h).
#ifndef CORE_SRP_CHANNEL_DATA_H_
#define CORE_SRP_CHANNEL_DATA_H_

#include <array>
#include <cstdint>
#include <variant>

#include "core/action.h"
#include "core/base/check.h"
#include "core/base/limits.h"
#include "core/base/ring.h"
#include "core/base/types.h"
#include "core/snapshot.h"
#include "core/srp/command_data.h"
#include "core/srp/request_states.h"
#include "core/srp/shard.h"

namespace srpt {

namespace channel_state {

struct Free {};
struct Connecting {
  Time until;
};
struct Live {};
struct LoggingOut {
  Time until;
};
struct Disconnecting {
  Time until;         // Then the drain is given up.
  bool gone = false;  // The CM said Disconnected.
};
struct Timewait {
  Time until;
};
struct Destroying {
  bool destroyed = false;  // Backends may hold buffers a while longer.
};

}  // namespace channel_state

using ChannelStateData =
    std::variant<channel_state::Free, channel_state::Connecting, channel_state::Live,
                 channel_state::LoggingOut, channel_state::Disconnecting, channel_state::Timewait,
                 channel_state::Destroying>;

enum class RecvStage : std::uint8_t { kUnposted, kPosted, kHeld };

// A shared receive queue (receives.h).
struct SharedQueue {
  std::uint32_t posted = 0;
  std::uint32_t promised = 0;  // Receives that channels may take, or whose commands hold them.
};

struct SendSlot {
  bool busy = false;
  std::uint16_t slots = 0;            // Send queue slots, its own and its WRITEs'.
  std::uint32_t first_piece = kNone;  // Buffers that its completion frees.
  Time posted_at;
  LuId lu{kNone};            // Of the response's command.
  std::uint64_t fences = 0;  // Those that wait for it, a bit each (Shard::State::fences).
};

// An entry of a channel's wire queue: what waits for the send queue, in order.
struct WireItem {
  enum class Kind : std::uint8_t { kPiece, kResponse, kTLogout, kRequest };
  Kind kind = Kind::kPiece;
  std::uint32_t index = 0;  // Piece, command, or reason.
};

// The one request of ours that waits to be posted or for its answer (requests.h).
enum class RequestKind : std::uint8_t { kCredReq, kAerReq };

namespace request_state {

struct Idle {};
struct Queued {  // In the wire queue.
  RequestKind kind = RequestKind::kCredReq;
};
struct Sent {
  RequestKind kind = RequestKind::kCredReq;
  std::uint32_t send = kNone;  // Its SEND is in flight.
};
struct Awaiting {
  RequestKind kind = RequestKind::kCredReq;
  Time until;
};

}  // namespace request_state

using RequestState = std::variant<request_state::Idle, request_state::Queued, request_state::Sent,
                                  request_state::Awaiting>;
static_assert(std::variant_size_v<RequestState> == static_cast<std::size_t>(RequestPhase::kCount));

struct TargetRequest {
  RequestState state;        // Moved by Become only.
  std::uint64_t number = 0;  // Its tag. Those that were answered are behind it.

  RequestPhase phase() const { return static_cast<RequestPhase>(state.index()); }
  // Along the table of request_states.h, or the program stops.
  template <class S>
  void Become(RequestCause cause, const S& next) {
    constexpr auto kTo = static_cast<RequestPhase>(RequestState(S{}).index());
    // [R-INV-49]
    SRPT_CHECK(kRequestMoves.Allows(phase(), cause, kTo));
    state.template emplace<S>(next);
  }
};

struct AsyncEvent {
  LunNumber lun;
  UnitAttention attention;
  friend bool operator==(const AsyncEvent&, const AsyncEvent&) = default;
};

inline constexpr std::uint32_t kTagBucketBits = 7;
inline constexpr std::uint32_t kTagBuckets = 1u << kTagBucketBits;

// What a channel's LUN field named last, in the snapshot of this publication.
struct UnitFound {
  std::uint64_t raw = 0;
  std::uint64_t publication = 0;
  const scsi::LuView* lu = nullptr;
};

struct Channel {
  ChannelStateData state;
  ChannelId id;  // Its place in Shard::State::channels; each use of the place has a generation.
  ConnId conn;
  NexusId nexus;
  TargetPortId port;
  std::uint32_t session = 0;  // Its nexus's, when it was opened (takeover.h).
  std::uint32_t max_it_iu_len = 0;
  std::uint32_t max_ti_iu_len = 0;
  std::uint16_t credits_granted = 0;
  std::uint16_t imm_data_offset = 0;
  std::uint16_t sq_size = 0;
  std::uint16_t recv_count = 0;  // 0: it receives from a shared queue.
  std::uint32_t srq = 0;         // Which one, and
  std::uint32_t promised = 0;    // how many of its receives are this channel's.
  std::uint32_t back = 0;        // No more so, and the director is to be told.
  bool receives_over = false;
  bool queue_pair = false;  // There is one: Accept was asked and did not fail.
  bool disconnect_asked = false;
  bool timewait_over = false;
  std::uint8_t solicited = 0;  // wire::kLoginReq...solnt bits of its login.
  TargetRequest request;
  Time starved_until = kNever;                               // Then a CRED_REQ brings what is owed.
  std::array<AsyncEvent, limits::kAsyncEventsMax> events{};  // To be told by AER_REQ.
  std::uint32_t event_count = 0;

  // Credits (credits.h).
  std::uint32_t remaining = 0;  // What the peer may still send.
  std::uint32_t owed = 0;       // Consumed, ended, not given back yet.

  std::uint32_t recv_posted = 0;  // Of its own.
  std::array<SendSlot, limits::kSendPerChannelMax> sends{};
  std::array<std::uint16_t, limits::kSendPerChannelMax> free_sends{};
  std::uint32_t free_send_count = 0;
  std::uint32_t sends_posted = 0;
  std::uint32_t rdma_posted = 0;  // Signaled RDMA operations in flight.
  std::uint32_t sq_free = 0;
  Time heard_at;         // The last IU, or answered probe (keepalive.h).
  bool probing = false;  // A probe is in flight.
  Time probed_at;
  Ring<WireItem> wire;
  bool dirty = false;  // In the shard's queue of channels to pump.
  UnitFound last_unit;

  std::array<std::uint32_t, kTagBuckets> tags{};
  std::uint32_t first_command = kNone;  // Active ones, in order of arrival.
  std::uint32_t last_command = kNone;
  std::uint32_t active = 0;
  ChannelCounters counters;
  action::Accept accept;  // As asked last, to be asked again with a shorter send queue.

  template <class S>
  bool Is() const {
    return std::holds_alternative<S>(state);
  }
  template <class S>
  S& As() {
    S* s = std::get_if<S>(&state);
    SRPT_CHECK(s != nullptr);
    return *s;
  }
};

}  // namespace srpt

#endif  // CORE_SRP_CHANNEL_DATA_H_
