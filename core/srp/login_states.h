// The state machine of a login, as the director sees it: from the judgement until its channel is
// closed (director_login.cc does what the table says).
//
// The director and the shard talk by messages that cross: a channel may be closed before its shard
// has opened it, and become live after it was told to close. An accept that fails is told after
// ChannelOpened, but never after ChannelLive.
#ifndef CORE_SRP_LOGIN_STATES_H_
#define CORE_SRP_LOGIN_STATES_H_

#include <array>
#include <cstdint>
#include <iterator>
#include <string_view>

#include "core/base/check.h"
#include "core/srp/transitions.h"

namespace srpt {

enum class LoginPhase : std::uint8_t {
  kFree,         // There is no such login: refused, or over.
  kHeld,         // Receives that it is to have are on their way back (director_held.cc).
  kOpening,      // A shard was asked.
  kDoomed,       // The same, and what it opens is to be closed at once.
  kOpened,       // The shard has its channel; nothing was heard of the initiator yet.
  kLive,         //
  kClosedEarly,  // CloseChannel was sent before the channel was live.
  kClosing,      // CloseChannel was sent.
  kCount,
};

constexpr const char* ToString(LoginPhase phase) {
  constexpr const char* kNames[] = {"free",   "held", "opening",      "doomed",
                                    "opened", "live", "closed early", "closing"};
  static_assert(std::size(kNames) == static_cast<std::size_t>(LoginPhase::kCount));
  return kNames[static_cast<std::size_t>(phase)];
}

enum class LoginCause : std::uint8_t {
  kGranted,   // LoginRequested, and the policy has nothing against it.
  kPutOff,    // The same, but other channels of its nexus that end have its receives still.
  kSupplied,  // The receives are back, or as many as can be waited for.
  kTooFew,    // The same, but there are too few.
  kGone,      // The initiator gave up.
  kEnded,     // Taken over, or by the administrator: a session closed, a target disabled, shutdown.
  kOpened,    // The shard's messages.
  kRefused,
  kLive,
  kClosed,
  kCount,
};

inline constexpr std::array<std::string_view, static_cast<std::size_t>(LoginCause::kCount)>
    kLoginCauseNames = {
        "granted",           "granted, its receives are not back yet",
        "receives are back", "too few receives came back",
        "ConnectionGone",    "taken over or ended by the administrator",
        "ChannelOpened",     "ChannelRefused",
        "ChannelLive",       "ChannelClosed",
};

inline constexpr auto kLoginTable = [] {
  using S = LoginPhase;
  using C = LoginCause;
  using T = Transition<S, C>;
  return std::array{
      T{S::kFree, C::kGranted, S::kOpening, "OpenChannel"},
      T{S::kFree, C::kPutOff, S::kHeld, ""},
      T{S::kHeld, C::kSupplied, S::kOpening, "OpenChannel"},
      T{S::kHeld, C::kTooFew, S::kFree, "Reject: no room"},
      T{S::kHeld, C::kGone, S::kFree, ""},
      T{S::kHeld, C::kEnded, S::kFree, "Reject: ended"},
      T{S::kOpening, C::kEnded, S::kDoomed, ""},
      T{S::kOpening, C::kOpened, S::kOpened, ""},
      T{S::kOpening, C::kRefused, S::kFree, "Reject: no room"},
      T{S::kDoomed, C::kOpened, S::kClosedEarly, "CloseChannel"},
      T{S::kDoomed, C::kRefused, S::kFree, "Reject: no room"},
      T{S::kOpened, C::kEnded, S::kClosedEarly, "CloseChannel"},
      T{S::kOpened, C::kRefused, S::kFree, "Reject: no queue pair"},
      T{S::kOpened, C::kLive, S::kLive, "the log says: accepted"},
      T{S::kOpened, C::kClosed, S::kFree, "a warning: never established"},
      T{S::kLive, C::kEnded, S::kClosing, "CloseChannel"},
      T{S::kLive, C::kClosed, S::kFree, ""},
      T{S::kClosedEarly, C::kRefused, S::kFree, "Reject: no queue pair"},
      T{S::kClosedEarly, C::kLive, S::kClosing, "the log says: accepted"},
      T{S::kClosedEarly, C::kClosed, S::kFree, "a warning: never established"},
      T{S::kClosing, C::kClosed, S::kFree, ""},
  };
}();
inline constexpr Moves<LoginPhase, LoginCause> kLoginMoves(kLoginTable);

// A login's phase, which only the table moves.
class LoginState {
 public:
  LoginPhase phase() const { return phase_; }
  // That is not in the table: our own bug.
  void Become(LoginCause cause, LoginPhase next) {
    SRPT_CHECK(kLoginMoves.Allows(phase_, cause, next));
    phase_ = next;
  }
  // The initiator was heard of.
  bool live() const { return phase_ == LoginPhase::kLive || phase_ == LoginPhase::kClosing; }
  // Neither told to close nor going to be.
  bool stays() const {
    return phase_ == LoginPhase::kHeld || phase_ == LoginPhase::kOpening ||
           phase_ == LoginPhase::kOpened || phase_ == LoginPhase::kLive;
  }
  friend bool operator==(const LoginState&, const LoginState&) = default;

 private:
  LoginPhase phase_ = LoginPhase::kFree;
};

}  // namespace srpt

#endif  // CORE_SRP_LOGIN_STATES_H_
