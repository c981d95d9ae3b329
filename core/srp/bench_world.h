// The smallest driver there is: a director, a shard and one initiator's channel in memory, every
// work request and block operation done as soon as it is asked for, no data moved. What is left is
// core itself.
#ifndef CORE_SRP_BENCH_WORLD_H_
#define CORE_SRP_BENCH_WORLD_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/limits.h"
#include "core/base/types.h"
#include "core/config.h"
#include "core/ports.h"
#include "core/srp/director.h"
#include "core/srp/shard.h"

namespace srpt {

// A first-in first-out queue that allocates once.
template <class T, std::size_t kSize>
class FixedQueue {
 public:
  bool empty() const { return head_ == tail_; }
  void Push(T value) {
    SRPT_CHECK(tail_ - head_ < kSize);
    items_[tail_++ % kSize] = std::move(value);
  }
  T Pop() {
    SRPT_CHECK(!empty());
    return std::move(items_[head_++ % kSize]);
  }

 private:
  std::vector<T> items_ = std::vector<T>(kSize);
  std::size_t head_ = 0;
  std::size_t tail_ = 0;
};

enum class BenchCommand : std::uint8_t { kRead4k, kWrite4k, kImmediate4k, kRead64k };

class BenchWorld : public MemoryPort {
 public:
  static constexpr std::uint32_t kImmDataOffset = 68;

  // Logged in, every unit attention taken.
  BenchWorld();

  // Sends `depth` commands at once and completes whatever the shard asks for until all are
  // answered, with GOOD.
  void Run(BenchCommand command, std::uint32_t depth);

  MutableBytes SendBuffer(ChannelId channel, SendId send) override;
  Bytes RecvBuffer(ChannelId channel, RecvId recv) override;
  MutableBytes DataBuffer(BufferId buffer) override;

 private:
  struct Recv {
    std::vector<std::uint8_t> bytes;
    std::uint32_t length = 0;
  };
  void LogIn();
  void ToDirector(const DirectorEvent& event);
  void ToShard(const ShardEvent& event);
  void CarryOut(const Action& action);
  void Pump();
  void SendTestUnitReady();
  // Writes the next command's IU into the next posted receive buffer and gives it to the shard.
  void SendIu(Bytes iu, Bytes data);

  Parameters parameters_;
  Director director_;
  Shard shard_;
  Time now_{1};
  std::unique_ptr<Actions> director_actions_ = std::make_unique<Actions>();
  std::unique_ptr<Actions> actions_ = std::make_unique<Actions>();
  FixedQueue<ShardEvent, 1024> events_;
  FixedQueue<DirectorEvent, 64> director_events_;
  FixedQueue<RecvId, 256> posted_;
  std::vector<Recv> recvs_;
  std::vector<std::vector<std::uint8_t>> sends_;
  std::vector<std::uint8_t> data_;
  ChannelId channel_;
  std::uint64_t next_tag_ = 1;
  std::uint32_t answered_ = 0;
  std::uint32_t good_ = 0;
};

}  // namespace srpt

#endif  // CORE_SRP_BENCH_WORLD_H_
