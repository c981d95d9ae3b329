#include "sim/memory.h"

#include <algorithm>
#include <cstring>

#include "core/base/check.h"
#include "core/base/limits.h"
#include "sim/decisions.h"

namespace srpt::sim {

void ZeroedBytes::Reserve(std::size_t n) {
  if (n <= size_) return;
  bytes_.reset(static_cast<std::uint8_t*>(std::calloc(n, 1)));
  SRPT_CHECK(bytes_ != nullptr);
  size_ = n;
}

ShardMemory::ShardMemory(std::uint32_t data_buffers, Content::Form form, std::uint64_t stale)
    : form_(form), data_(data_buffers) {
  for (std::size_t i = 0; i < stale_.size(); ++i) {
    stale_[i] = static_cast<std::uint8_t>(Mix(stale ^ i));
  }
}

void ShardMemory::AddShared(std::uint32_t recv_count, std::uint32_t recv_bytes) {
  SRPT_CHECK(shared_ == nullptr);
  shared_ = std::make_shared<Arena>();
  shared_->recv_bytes = recv_bytes;
  shared_->recv_count = recv_count;
  shared_->recv.Reserve(std::size_t{recv_count} * recv_bytes);
  shared_->received.assign(recv_count, 0);
}

ShardMemory::Arena& ShardMemory::Of(ChannelId channel) const {
  if (!channel.valid()) {
    SRPT_CHECK(shared_ != nullptr);
    return *shared_;
  }
  SRPT_CHECK(channel.slot() < arenas_.size());
  Arena* arena = arenas_[channel.slot()].get();
  SRPT_CHECK(arena != nullptr && arena->channel == channel);
  return *arena;
}

std::shared_ptr<ShardMemory::Arena> ShardMemory::ArenaOf(ChannelId channel) const {
  Of(channel);
  return channel.valid() ? arenas_[channel.slot()] : shared_;
}

MutableBytes ShardMemory::SendBuffer(ChannelId channel, SendId send) {
  Arena& arena = Of(channel);
  SRPT_CHECK(send.v < arena.send_count);
  return {arena.send.data() + std::size_t{send.v} * arena.send_bytes, arena.send_bytes};
}

Bytes ShardMemory::RecvBuffer(ChannelId channel, RecvId recv) {
  const Arena& arena = Of(channel);
  SRPT_CHECK(recv.v < arena.recv_count);
  return {arena.recv.data() + std::size_t{recv.v} * arena.recv_bytes, arena.received[recv.v]};
}

MutableBytes ShardMemory::DataBuffer(BufferId buffer) {
  return DataFor(buffer, Content::Form::kBytes).bytes();
}

MutableBytes ShardMemory::MovedData(BufferId buffer) { return Data(buffer).bytes(); }

void ShardMemory::AddChannel(const action::Accept& accept) {
  const std::uint32_t slot = accept.channel.slot();
  if (arenas_.size() <= slot) arenas_.resize(slot + 1);
  SRPT_CHECK(arenas_[slot] == nullptr);
  if (spare_.empty()) spare_.push_back(std::make_shared<Arena>());
  std::shared_ptr<Arena> arena = std::move(spare_.back());
  spare_.pop_back();
  arena->channel = accept.channel;
  arena->recv_bytes = accept.recv_bytes;
  arena->send_bytes = accept.send_bytes;
  arena->recv_count = accept.recv_count;
  arena->send_count = accept.send_count;
  arena->recv.Reserve(std::size_t{accept.recv_count} * accept.recv_bytes);
  arena->send.Reserve(std::size_t{accept.send_count} * accept.send_bytes);
  arena->received.assign(accept.recv_count, 0);
  arenas_[slot] = std::move(arena);
}

void ShardMemory::RemoveChannel(ChannelId channel) {
  Of(channel);
  std::shared_ptr<Arena> arena = std::move(arenas_[channel.slot()]);
  // Pinned ones go with their last operation.
  if (arena.use_count() == 1) spare_.push_back(std::move(arena));
}

void ShardMemory::Receive(ChannelId channel, RecvId recv, Bytes iu) {
  Arena& arena = Of(channel);
  SRPT_CHECK(recv.v < arena.recv_count && iu.size() <= arena.recv_bytes);
  arena.received[recv.v] = static_cast<std::uint32_t>(iu.size());
  if (!iu.empty()) {
    std::memcpy(arena.recv.data() + std::size_t{recv.v} * arena.recv_bytes, iu.data(), iu.size());
  }
  const std::size_t behind = std::min<std::size_t>(stale_.size(), arena.recv_bytes - iu.size());
  std::memcpy(arena.recv.data() + std::size_t{recv.v} * arena.recv_bytes + iu.size(), stale_.data(),
              behind);
}

Content& ShardMemory::Data(BufferId buffer) {
  SRPT_CHECK(buffer.v < data_.size());
  Content& content = data_[buffer.v];
  if (content.empty()) content.Reset(form_, limits::kDataBufferBytes, kPoisonLabel);
  return content;
}

Content& ShardMemory::DataFor(BufferId buffer, Content::Form form) {
  Content& content = Data(buffer);
  if (content.form() != form) content.ForgetInto(form, limits::kDataBufferBytes);
  return content;
}

}  // namespace srpt::sim
