// The state machine of a channel: its causes, and the table of what may happen (channel.cc does
// it).
//
// Only forward; an event that is not in the table of a state changes nothing there. From
// kLoggingOut on no IU is served and no response sent. Commands that a backend still works on keep
// the channel in kDestroying, so that no buffer is reused while anybody may write to it.
#ifndef CORE_SRP_CHANNEL_STATES_H_
#define CORE_SRP_CHANNEL_STATES_H_

#include <array>
#include <cstdint>
#include <string_view>

#include "core/srp/shard.h"
#include "core/srp/transitions.h"

namespace srpt {

enum class ChannelCause : std::uint8_t {
  kOpened,        // OpenChannel of the director.
  kAcceptFailed,  // The driver could not accept.
  kEstablished,   // RTU, or the first IU.
  kViolated,      // The peer broke the protocol.
  kToldSo,        // The T_LOGOUT was sent.
  kClosed,        // CloseChannel of the director.
  kPeerGone,      // DREQ, or the CM's word that the connection ended.
  kLost,          // The queue pair is dead or must die; or the initiator logged out.
  kTimeout,       // The state's deadline.
  kDrained,       // All posted work came back.
  kTimewaitOver,  // The CM says that the queue pair number may be used again.
  kForgotten,     // The queue pair is destroyed and no command is left.
  kCount,
};

inline constexpr std::array<std::string_view, static_cast<std::size_t>(ChannelCause::kCount)>
    kChannelCauseNames = {
        "OpenChannel",   "AcceptFailed",  "RTU or the first IU", "protocol violation",
        "T_LOGOUT sent", "CloseChannel",  "Disconnected",        "loss or I_LOGOUT",
        "deadline",      "all work back", "TimewaitOver",        "QpDestroyed, no command left",
};

inline constexpr auto kChannelTable = [] {
  using S = ChannelState;
  using C = ChannelCause;
  using T = Transition<S, C>;
  return std::array{
      T{S::kFree, C::kOpened, S::kConnecting, "Accept, ChannelOpened"},
      T{S::kConnecting, C::kAcceptFailed, S::kFree, "ChannelRefused"},
      T{S::kConnecting, C::kEstablished, S::kLive, "ChannelLive"},
      T{S::kConnecting, C::kClosed, S::kDisconnecting, "Disconnect"},
      T{S::kConnecting, C::kPeerGone, S::kDisconnecting, "Disconnect"},
      T{S::kConnecting, C::kLost, S::kDisconnecting, "Disconnect"},
      T{S::kConnecting, C::kTimeout, S::kDisconnecting, "Disconnect"},
      T{S::kLive, C::kViolated, S::kLoggingOut, "abort commands, T_LOGOUT"},
      T{S::kLive, C::kClosed, S::kLoggingOut, "abort commands, T_LOGOUT"},
      T{S::kLive, C::kPeerGone, S::kDisconnecting, "abort commands, Disconnect"},
      T{S::kLive, C::kLost, S::kDisconnecting, "abort commands, Disconnect"},
      T{S::kLoggingOut, C::kToldSo, S::kDisconnecting, "Disconnect"},
      T{S::kLoggingOut, C::kPeerGone, S::kDisconnecting, "Disconnect"},
      T{S::kLoggingOut, C::kLost, S::kDisconnecting, "Disconnect"},
      T{S::kLoggingOut, C::kTimeout, S::kDisconnecting, "Disconnect"},
      T{S::kDisconnecting, C::kDrained, S::kTimewait, ""},
      T{S::kDisconnecting, C::kTimeout, S::kTimewait, "a warning: what did not come back"},
      // The accept failed, which nobody knew yet when the channel was closed.
      T{S::kDisconnecting, C::kAcceptFailed, S::kFree, "ChannelRefused"},
      T{S::kTimewait, C::kAcceptFailed, S::kFree, "ChannelRefused"},
      T{S::kTimewait, C::kTimewaitOver, S::kDestroying, "DestroyQp"},
      T{S::kTimewait, C::kTimeout, S::kDestroying, "DestroyQp"},
      T{S::kDestroying, C::kForgotten, S::kFree, "ChannelClosed"},
  };
}();
inline constexpr Moves<ChannelState, ChannelCause> kChannelMoves(kChannelTable);

}  // namespace srpt

#endif  // CORE_SRP_CHANNEL_STATES_H_
