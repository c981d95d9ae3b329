#include "target/verbs/memory.h"

#include <sys/mman.h>
#include <sys/resource.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "target/verbs/seam.h"

namespace srpt::target {
namespace {

// ibv_reg_mr is a macro that compares its flags with another enumeration's.
constexpr unsigned kLocalWrite = IBV_ACCESS_LOCAL_WRITE;

constexpr std::size_t kHugePageBytes = 2u << 20;

std::size_t Up(std::size_t n, std::size_t to) { return (n + to - 1) / to * to; }

void Deregister(ibv_mr*& registration) {
  if (registration != nullptr) verbs::DeregMr(registration);
  registration = nullptr;
}

}  // namespace

PinnedMemory::~PinnedMemory() { Release(); }

PinnedMemory::PinnedMemory(PinnedMemory&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      mapped_(std::exchange(other.mapped_, 0)) {}

PinnedMemory& PinnedMemory::operator=(PinnedMemory&& other) noexcept {
  if (this != &other) {
    Release();
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
    mapped_ = std::exchange(other.mapped_, 0);
  }
  return *this;
}

bool PinnedMemory::Allocate(std::size_t bytes) {
  SRPT_CHECK(data_ == nullptr && bytes > 0);
  void* at = MAP_FAILED;
  // Reserved huge pages only where they are filled: a channel's memory is smaller than one.
  if (bytes >= kHugePageBytes) {
    mapped_ = Up(bytes, kHugePageBytes);
    at = mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB,
              -1, 0);
  }
  if (at == MAP_FAILED) {
    mapped_ = Up(bytes, kPageBytes);
    at = mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) return false;
    if (bytes >= kHugePageBytes) madvise(at, mapped_, MADV_HUGEPAGE);
  }
  // A child (a shell for a hook, say) must not make the pages copy-on-write under the device.
  madvise(at, mapped_, MADV_DONTFORK);
  data_ = static_cast<std::uint8_t*>(at);
  size_ = bytes;
  return true;
}

void PinnedMemory::Release() {
  if (data_ != nullptr) munmap(data_, mapped_);
  data_ = nullptr;
  size_ = mapped_ = 0;
}

ShardMemory::ShardMemory(std::uint32_t data_buffers, std::uint32_t channels)
    : data_buffers_(data_buffers), channels_(channels) {}

ShardMemory::~ShardMemory() { DeregisterAll(); }

bool ShardMemory::AllocatePool() {
  return pool_.Allocate(std::size_t{data_buffers_} * limits::kDataBufferBytes);
}

Result<DeviceIndex, std::string> ShardMemory::RegisterPool(ibv_pd* pd, bool iwarp) {
  ibv_mr* key = verbs::RegMr(pd, pool_.data(), pool_.size(), kLocalWrite);
  ibv_mr* sink = key;
  if (key != nullptr && iwarp) {
    sink = verbs::RegMr(pd, pool_.data(), pool_.size(),
                        // [R-INV-20]
                        IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE);
    if (sink == nullptr) Deregister(key);
  }
  if (sink == nullptr) {
    const int error = errno;
    std::string text = "cannot register " + std::to_string(pool_.size() >> 20) +
                       " MiB of memory with " + verbs::NameOf(pd->context) + ": " +
                       std::strerror(error);
    if (error == ENOMEM) {
      text +=
          "; raise the limit of locked memory (`ulimit -l unlimited`, or LimitMEMLOCK=infinity "
          "in a systemd unit)";
    }
    return Err{text};
  }
  pool_keys_.push_back(key);
  sink_keys_.push_back(sink);
  return static_cast<DeviceIndex>(pool_keys_.size() - 1);
}

const char* ShardMemory::AddShared(std::uint32_t count, std::uint32_t recv_bytes, ibv_pd* pd) {
  SRPT_CHECK(shared_.empty() || shared_[0].received.size() == count);
  shared_bytes_ = recv_bytes;
  SharedReceives& shared = shared_.emplace_back();
  shared.received.assign(count, 0);
  const std::size_t stride = Up(recv_bytes, kCacheLineBytes);
  if (!shared.memory.Allocate(count * stride)) return "no memory for its buffers";
  shared.registration = verbs::RegMr(pd, shared.memory.data(), shared.memory.size(), kLocalWrite);
  return shared.registration == nullptr ? "cannot register its buffers (see `ulimit -l`)" : nullptr;
}

void ShardMemory::DropShared() {
  for (SharedReceives& shared : shared_) Deregister(shared.registration);
  shared_.clear();
}

const char* ShardMemory::OpenChannel(ChannelId channel, const ChannelGeometry& geometry,
                                     ibv_pd* pd) {
  SRPT_CHECK(channel.slot() < channels_.size());
  ChannelMemory& memory = channels_[channel.slot()];
  SRPT_CHECK(memory.memory.data() == nullptr);
  const ChannelLayout layout = LayOut(geometry);
  if (!memory.memory.Allocate(layout.total)) return "no memory for the channel's buffers";
  memory.registration = verbs::RegMr(pd, memory.memory.data(), memory.memory.size(), kLocalWrite);
  if (memory.registration == nullptr) {
    memory.memory.Release();
    return "cannot register the channel's buffers (see `ulimit -l`)";
  }
  memory.channel = channel;
  memory.geometry = geometry;
  memory.layout = layout;
  memory.received.assign(geometry.recv_count, 0);
  return nullptr;
}

void ShardMemory::DeregisterChannel(ChannelId channel) { Deregister(Of(channel).registration); }

void ShardMemory::ForgetChannel(ChannelId channel) {
  SRPT_CHECK(channel.slot() < channels_.size());
  ChannelMemory& memory = channels_[channel.slot()];
  if (memory.memory.data() == nullptr || memory.channel != channel) return;
  Deregister(memory.registration);
  memory.memory.Release();
  memory.channel = ChannelId();
}

void ShardMemory::DeregisterAll() {
  for (ChannelMemory& memory : channels_) Deregister(memory.registration);
  for (SharedReceives& shared : shared_) Deregister(shared.registration);
  for (std::size_t i = 0; i < pool_keys_.size(); ++i) {
    if (sink_keys_[i] != pool_keys_[i]) Deregister(sink_keys_[i]);
    sink_keys_[i] = nullptr;
    Deregister(pool_keys_[i]);
  }
}

ShardMemory::ChannelMemory& ShardMemory::Of(ChannelId channel) {
  SRPT_CHECK(channel.slot() < channels_.size());
  ChannelMemory& memory = channels_[channel.slot()];
  SRPT_CHECK(memory.channel == channel);
  return memory;
}

MutableBytes ShardMemory::SendBuffer(ChannelId channel, SendId send) {
  const ChannelMemory& m = Of(channel);
  SRPT_CHECK(send.v < m.geometry.send_count);
  return {m.memory.data() + m.layout.send_first + send.v * m.layout.send_stride,
          m.geometry.send_bytes};
}

ShardMemory::Recv ShardMemory::RecvOf(ChannelId channel, RecvId recv) {
  if (!channel.valid()) {
    SRPT_CHECK(!shared_.empty());
    const std::size_t count = shared_[0].received.size();
    SRPT_CHECK(recv.v / count < shared_.size());
    SharedReceives& shared = shared_[recv.v / count];
    const std::size_t i = recv.v % count;
    return {shared.memory.data() + i * Up(shared_bytes_, kCacheLineBytes), shared_bytes_,
            &shared.received[i]};
  }
  ChannelMemory& m = Of(channel);
  SRPT_CHECK(recv.v < m.geometry.recv_count);
  return {m.memory.data() + m.layout.recv_first + recv.v * m.layout.recv_stride,
          m.geometry.recv_bytes, &m.received[recv.v]};
}

std::uint8_t* ShardMemory::RecvAddress(ChannelId channel, RecvId recv) {
  return RecvOf(channel, recv).at;
}

Bytes ShardMemory::RecvBuffer(ChannelId channel, RecvId recv) {
  const Recv r = RecvOf(channel, recv);
  return {r.at, *r.received};
}

void ShardMemory::SetReceived(ChannelId channel, RecvId recv, std::uint32_t bytes) {
  const Recv r = RecvOf(channel, recv);
  SRPT_CHECK(bytes <= r.bytes);
  *r.received = bytes;
}

MutableBytes ShardMemory::DataBuffer(BufferId buffer) {
  SRPT_CHECK(buffer.v < data_buffers_);
  if (observer_ != nullptr) observer_(observer_context_, DataAddress(buffer));
  return {DataAddress(buffer), limits::kDataBufferBytes};
}

MutableBytes ShardMemory::At(const MemRef& memory) {
  if (memory.kind == MemRef::Kind::kData) {
    SRPT_CHECK(memory.offset <= limits::kDataBufferBytes &&
               memory.length <= limits::kDataBufferBytes - memory.offset);
    SRPT_CHECK(memory.buffer.v < data_buffers_);
    return {DataAddress(memory.buffer) + memory.offset, memory.length};
  }
  const Recv r = RecvOf(memory.channel, memory.recv);
  SRPT_CHECK(memory.offset <= *r.received && memory.length <= *r.received - memory.offset);
  return {r.at + memory.offset, memory.length};
}

std::uint64_t RaiseMemoryLock() {
  rlimit limit{RLIM_INFINITY, RLIM_INFINITY};
  if (setrlimit(RLIMIT_MEMLOCK, &limit) == 0) return RLIM_INFINITY;
  if (getrlimit(RLIMIT_MEMLOCK, &limit) != 0) return 0;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_MEMLOCK, &limit);
  return limit.rlim_cur;
}

}  // namespace srpt::target
