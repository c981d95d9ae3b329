#include "core/srp/receives.h"

#include <algorithm>

#include "core/base/planted.h"

namespace srpt::receives {
namespace {

// The director counts what it grants (shard_room.h).
void TellBack(ShardState& s, Channel& channel, std::uint32_t receives) {
  if (receives == 0) return;
  channel.back += receives;
  s.receives_back = true;
}

}  // namespace

bool Open(ShardState& s, Channel& channel, std::uint16_t& credits) {
  channel.recv_posted = 0;
  channel.promised = channel.back = 0;
  channel.receives_over = false;
  if (Shared(s)) {
    SRPT_CHECK(channel.srq < s.shared.size());
    SharedQueue& queue = s.shared[channel.srq];
    const std::uint32_t room = s.params.srpt_srq_size - queue.promised;
    if (room < limits::kCreditsMin + limits::kReceivesBeyondCredits) return false;
    channel.recv_count = 0;
    channel.promised = std::min<std::uint32_t>(credits + limits::kReceivesBeyondCredits, room);
    queue.promised += channel.promised;
    TellBack(s, channel, credits + limits::kReceivesBeyondCredits - channel.promised);
    credits = static_cast<std::uint16_t>(channel.promised - limits::kReceivesBeyondCredits);
    return true;
  }
  // [R-INV-10, R-CRED-03]
  channel.recv_count = static_cast<std::uint16_t>(credits + limits::kReceivesBeyondCredits);
  channel.recv_posted = channel.recv_count;
  const std::uint32_t count = s.params.commands_per_channel();
  SRPT_CHECK(channel.recv_count <= count);
  const auto first = s.receives.begin() + std::ptrdiff_t{s.IndexOf(channel)} * count;
  std::fill_n(first, count, RecvStage::kUnposted);
  std::fill_n(first, channel.recv_count, RecvStage::kPosted);
  return true;
}

std::uint32_t SizeNeeded(const ShardState& s, const Channel& channel, std::uint16_t credits) {
  return s.shared[channel.srq].promised + credits + limits::kReceivesBeyondCredits;
}

bool Drained(const Channel& channel) {
  return channel.recv_count == 0 ? channel.receives_over : channel.recv_posted == 0;
}

void Settle(ShardState& s, Channel& channel) {
  if (channel.promised <= channel.active || Planted(PlantedBug::kPromiseKept)) return;
  const std::uint32_t back = channel.promised - channel.active;
  s.shared[channel.srq].promised -= back;
  TellBack(s, channel, back);
  channel.promised = channel.active;
}

void Forget(ShardState& s, Channel& channel) {
  channel.receives_over = true;
  if (Shared(s)) return Settle(s, channel);
  channel.recv_posted = 0;
  const std::uint32_t first = s.IndexOf(channel) * s.params.commands_per_channel();
  for (std::uint32_t i = first; i < first + channel.recv_count; ++i) {
    if (s.receives[i] == RecvStage::kPosted) s.receives[i] = RecvStage::kUnposted;
  }
}

void Release(ShardState& s, std::uint32_t index) {
  SRPT_CHECK(s.receives[index] == RecvStage::kHeld);
  s.receives[index] = RecvStage::kUnposted;
  if (Shared(s)) s.to_post.Push(index);
}

bool PumpReleased(ShardState& s) {
  for (std::uint32_t i = 0; s.receives_back && i < s.channels.size(); ++i) {
    Channel& channel = s.channels[i];
    // (Of one that is gone the director knows.)
    if (channel.back == 0 || channel.Is<channel_state::Free>()) continue;
    if (!s.Room(1)) return false;
    s.Do(action::ToDirector{message::ReceivesBack{channel.nexus, channel.id, channel.back}});
    channel.back = 0;
  }
  s.receives_back = false;
  while (!s.to_post.empty()) {
    if (!s.Room(1)) return false;
    PostShared(s, s.to_post.Pop());
  }
  return true;
}

}  // namespace srpt::receives
