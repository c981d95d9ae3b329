// The life of one channel: from the director's OpenChannel to ChannelClosed.
#ifndef CORE_SRP_CHANNEL_H_
#define CORE_SRP_CHANNEL_H_

#include "core/srp/channel_states.h"
#include "core/srp/shard_state.h"
#include "core/wire/logout.h"

namespace srpt::channel {

// --- Events ---
void Open(ShardState& s, const message::OpenChannel& open);
void Close(ShardState& s, const message::CloseChannel& close);
void OnAcceptFailed(ShardState& s, const event::AcceptFailed& e);
void OnEstablished(ShardState& s, Channel& channel);
void OnDisconnected(ShardState& s, Channel& channel);
void OnTimewaitOver(ShardState& s, Channel& channel);
void OnQpDestroyed(ShardState& s, Channel& channel);
// Nothing more will be received (shared receive queues).
void OnReceivesOver(ShardState& s, Channel& channel);
void OnRecvFailed(ShardState& s, Channel& channel, const event::RecvFailed& e);

// --- For the other rules ---

// The peer broke the protocol: abort its commands, say why with a T_LOGOUT, disconnect.
void Violate(ShardState& s, Channel& channel, wire::TLogoutReason reason, const char* what);
// The queue pair is or must be dead: abort the commands, disconnect. `what` goes to the log.
void Lose(ShardState& s, Channel& channel, ChannelCause cause, const char* what);
// Something of the channel came back: perhaps that was the last of it.
void Progress(ShardState& s, Channel& channel);
// Deadlines of the channel's state, and of what was posted too long ago.
void OnTime(ShardState& s, Channel& channel);
void Watch(ShardState& s, Channel& channel);

// The variant's alternatives stand in the order of ChannelState.
constexpr ChannelState StateOf(const ChannelStateData& state) {
  return static_cast<ChannelState>(state.index());
}
constexpr ChannelState StateOf(const Channel& channel) { return StateOf(channel.state); }
static_assert(std::variant_size_v<ChannelStateData> ==
              static_cast<std::size_t>(ChannelState::kCount));
static_assert(StateOf(ChannelStateData(channel_state::Live{})) == ChannelState::kLive);
static_assert(StateOf(ChannelStateData(channel_state::Destroying{})) == ChannelState::kDestroying);

}  // namespace srpt::channel

#endif  // CORE_SRP_CHANNEL_H_
