// The memory that the simulated driver lends to one shard: data buffers of its pool, and the send
// and receive buffers of each channel.
#ifndef SIM_MEMORY_H_
#define SIM_MEMORY_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <vector>

#include "core/action.h"
#include "core/ports.h"
#include "sim/content.h"

namespace srpt::sim {

// Zeroed bytes whose pages cost nothing until they are touched.
class ZeroedBytes {
 public:
  // Old bytes stay if they are enough.
  void Reserve(std::size_t n);
  std::uint8_t* data() { return bytes_.get(); }
  const std::uint8_t* data() const { return bytes_.get(); }
  std::size_t size() const { return size_; }

 private:
  struct Free {
    void operator()(std::uint8_t* p) const { std::free(p); }
  };
  std::unique_ptr<std::uint8_t, Free> bytes_;
  std::size_t size_ = 0;
};

class ShardMemory : public MemoryPort {
 public:
  // `stale`: what lies behind a received IU depends on it.
  ShardMemory(std::uint32_t data_buffers, Content::Form form, std::uint64_t stale = 0);
  // The buffers of the shard's shared receive queues, all of them.
  void AddShared(std::uint32_t recv_count, std::uint32_t recv_bytes);

  // --- MemoryPort
  MutableBytes SendBuffer(ChannelId channel, SendId send) override;
  Bytes RecvBuffer(ChannelId channel, RecvId recv) override;
  MutableBytes DataBuffer(BufferId buffer) override;
  MutableBytes MovedData(BufferId buffer) override;

  // --- The driver
  void AddChannel(const action::Accept& accept);
  // Its buffers go when no operation pins them any more.
  void RemoveChannel(ChannelId channel);
  // What arrived. Behind it lie bytes that mean nothing, and that nobody may look at.
  void Receive(ChannelId channel, RecvId recv, Bytes iu);

  // The buffer as it is; or of `form`, and what it held forgotten if its form has to change.
  Content& Data(BufferId buffer);
  Content& DataFor(BufferId buffer, Content::Form form);

  // The receive buffers of a channel (none: the shared ones), for as long as the pointer lives.
  struct Arena {
    ChannelId channel;
    std::uint32_t recv_bytes = 0;
    std::uint32_t send_bytes = 0;
    std::uint32_t recv_count = 0;
    std::uint32_t send_count = 0;
    ZeroedBytes recv;
    std::vector<std::uint32_t> received;  // Bytes of the last IU, by buffer.
    ZeroedBytes send;
  };
  std::shared_ptr<Arena> ArenaOf(ChannelId channel) const;

 private:
  Arena& Of(ChannelId channel) const;
  Content::Form form_;
  std::array<std::uint8_t, 128> stale_{};
  std::vector<Content> data_;
  std::vector<std::shared_ptr<Arena>> arenas_;  // By slot.
  std::vector<std::shared_ptr<Arena>> spare_;
  std::shared_ptr<Arena> shared_;
};

}  // namespace srpt::sim

#endif  // SIM_MEMORY_H_
