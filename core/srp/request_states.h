// The state machine of a request of ours, CRED_REQ or AER_REQ (requests.h): its causes, and the
// table of what may happen.
//
// One of them a channel. A timeout is no move: it ends the channel, and the request with it.
#ifndef CORE_SRP_REQUEST_STATES_H_
#define CORE_SRP_REQUEST_STATES_H_

#include <array>
#include <cstdint>
#include <string_view>

#include "core/srp/transitions.h"

namespace srpt {

// In the order of RequestState's alternatives (shard_state.h).
enum class RequestPhase : std::uint8_t {
  kIdle,
  kQueued,
  kSent,
  kAwaiting,
  kCount,
};

constexpr const char* ToString(RequestPhase phase) {
  constexpr const char* kNames[] = {"idle", "queued", "sent", "awaiting"};
  static_assert(std::size(kNames) == static_cast<std::size_t>(RequestPhase::kCount));
  return kNames[static_cast<std::size_t>(phase)];
}

enum class RequestCause : std::uint8_t {
  kNeeded,     // An event to report, or credits that no response will carry.
  kOvertaken,  // A response carried the credits first.
  kPosted,     // Its turn in the wire queue came.
  kDelivered,  // Its SEND completed: the peer has it.
  kAnswered,   // CRED_RSP or AER_RSP; it may come before our completion does.
  kCount,
};

inline constexpr std::array<std::string_view, static_cast<std::size_t>(RequestCause::kCount)>
    kRequestCauseNames = {
        "credits or an event to tell", "a response took the credits",
        "turn in the wire queue",      "SendDone",
        "CRED_RSP or AER_RSP",
};

inline constexpr auto kRequestTable = [] {
  using S = RequestPhase;
  using C = RequestCause;
  using T = Transition<S, C>;
  return std::array{
      T{S::kIdle, C::kNeeded, S::kQueued, ""},
      T{S::kQueued, C::kOvertaken, S::kIdle, "nothing is sent"},
      T{S::kQueued, C::kPosted, S::kSent, "SendIu, with all credits that are owed"},
      T{S::kSent, C::kDelivered, S::kAwaiting, "20 s to answer"},
      T{S::kSent, C::kAnswered, S::kIdle, "PostRecv"},
      T{S::kAwaiting, C::kAnswered, S::kIdle, "PostRecv"},
  };
}();
inline constexpr Moves<RequestPhase, RequestCause> kRequestMoves(kRequestTable);

}  // namespace srpt

#endif  // CORE_SRP_REQUEST_STATES_H_
