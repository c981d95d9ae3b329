// The memory of one shard: a pool of data buffers, per channel its send buffers, and its
// receive buffers unless those are shared by all channels of a device.
// All of it is zero at the start, registered for local access only: no peer can name it.
//
// The pool is registered once per protection domain (device). A channel's memory is registered with
// its own device when the connection is accepted; it outlives the queue pair until core says that
// nothing of the channel remains, because a backend may still write from a receive buffer.
//
// iWARP: the sink of an RDMA READ must be open to remote writes (RFC 5040 lets the responder write
// it), so the pool gets a second registration there, whose key goes into READs only. It is one for
// all sessions of the device: a peer that learns the key, as the responder of a READ does, can
// write to the buffers of another (device.h: Caution).
#ifndef TARGET_VERBS_MEMORY_H_
#define TARGET_VERBS_MEMORY_H_

#include <infiniband/verbs.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/action.h"
#include "core/base/result.h"
#include "core/config.h"
#include "core/ports.h"
#include "target/verbs/memory_layout.h"

namespace srpt::target {

// Anonymous zeroed memory, page-aligned; huge pages where the system has some.
class PinnedMemory {
 public:
  PinnedMemory() = default;
  ~PinnedMemory();
  PinnedMemory(PinnedMemory&& other) noexcept;
  PinnedMemory& operator=(PinnedMemory&& other) noexcept;
  PinnedMemory(const PinnedMemory&) = delete;
  PinnedMemory& operator=(const PinnedMemory&) = delete;

  // False: the system has no more memory.
  bool Allocate(std::size_t bytes);
  void Release();
  std::uint8_t* data() const { return data_; }
  std::size_t size() const { return size_; }

 private:
  std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t mapped_ = 0;
};

// Which device of the driver, in the order of RegisterPool.
using DeviceIndex = std::uint32_t;  // As in fabric.h.

class ShardMemory final : public MemoryPort {
 public:
  ShardMemory(std::uint32_t data_buffers, std::uint32_t channels);
  ~ShardMemory() override;
  ShardMemory(const ShardMemory&) = delete;
  ShardMemory& operator=(const ShardMemory&) = delete;

  // Allocates the pool, zeroed. Once, before everything else. False: no memory.
  bool AllocatePool();
  // Registers the pool with one more device. The error is a message for the user.
  Result<DeviceIndex, std::string> RegisterPool(ibv_pd* pd, bool iwarp);
  MutableBytes pool() const { return {pool_.data(), pool_.size()}; }

  // Told of every data buffer that core is about to write to through this port.
  using DataObserver = void (*)(void* context, const void* address);
  void SetDataObserver(DataObserver observer, void* context) {
    observer_ = observer;
    observer_context_ = context;
  }

  // Allocates and registers the `count` buffers of one more device's shared receive queue; devices
  // come in order, all with the same numbers. Null, or a static string: what failed.
  const char* AddShared(std::uint32_t count, std::uint32_t recv_bytes, ibv_pd* pd);
  // No shared receive queues after all.
  void DropShared();

  // Lays out, allocates and registers a channel's buffers. Null, or a static string: what failed.
  const char* OpenChannel(ChannelId channel, const ChannelGeometry& geometry, ibv_pd* pd);
  // The queue pair is gone: the memory stays, its registration goes.
  void DeregisterChannel(ChannelId channel);
  // Nothing of the channel remains.
  void ForgetChannel(ChannelId channel);
  // Every registration goes: before the protection domains do.
  void DeregisterAll();

  // MemoryPort.
  MutableBytes SendBuffer(ChannelId channel, SendId send) override;
  Bytes RecvBuffer(ChannelId channel, RecvId recv) override;
  MutableBytes DataBuffer(BufferId buffer) override;

  // The bytes that the next IuReceived brings.
  // [R-INV-18]
  void SetReceived(ChannelId channel, RecvId recv, std::uint32_t bytes);
  // Where a backend reads or writes.
  MutableBytes At(const MemRef& memory);

  // For work requests.
  std::uint32_t data_buffers() const { return data_buffers_; }
  std::uint8_t* DataAddress(BufferId buffer) const {
    return pool_.data() + std::size_t{buffer.v} * limits::kDataBufferBytes;
  }
  std::uint32_t PoolKey(DeviceIndex device) const { return pool_keys_[device]->lkey; }
  std::uint32_t ReadSinkKey(DeviceIndex device) const { return sink_keys_[device]->lkey; }
  std::uint32_t ChannelKey(ChannelId channel) { return Of(channel).registration->lkey; }
  // No channel: of the shared receive queues.
  std::uint8_t* RecvAddress(ChannelId channel, RecvId recv);
  std::uint32_t SharedKey(DeviceIndex device) const { return shared_[device].registration->lkey; }

 private:
  struct ChannelMemory {
    ChannelId channel;
    ChannelGeometry geometry;
    ChannelLayout layout;
    PinnedMemory memory;
    ibv_mr* registration = nullptr;
    std::vector<std::uint32_t> received;  // By RecvId: bytes of its last IU.
  };
  struct SharedReceives {
    PinnedMemory memory;
    ibv_mr* registration = nullptr;
    std::vector<std::uint32_t> received;
  };
  // A receive buffer, and how much of it the last IU filled.
  struct Recv {
    std::uint8_t* at = nullptr;
    std::uint32_t bytes = 0;
    std::uint32_t* received = nullptr;
  };
  ChannelMemory& Of(ChannelId channel);
  Recv RecvOf(ChannelId channel, RecvId recv);

  const std::uint32_t data_buffers_;
  PinnedMemory pool_;
  std::vector<ibv_mr*> pool_keys_;  // By DeviceIndex.
  std::vector<ibv_mr*> sink_keys_;  // The same, but on iWARP.
  DataObserver observer_ = nullptr;
  void* observer_context_ = nullptr;
  std::vector<ChannelMemory> channels_;  // By slot.
  std::vector<SharedReceives> shared_;   // By DeviceIndex.
  std::uint32_t shared_bytes_ = 0;       // Of one buffer.
};

// Raises RLIMIT_MEMLOCK to its hard limit, and the hard limit too where that is allowed. Returns
// the limit in bytes (RLIM_INFINITY: none).
std::uint64_t RaiseMemoryLock();

}  // namespace srpt::target

#endif  // TARGET_VERBS_MEMORY_H_
