// Task management requests that wait for their fence: every shard aborts what it has of the unit,
// of one nexus or of all, then the request is answered. Requests of one nexus at one unit go one
// after the other, all others in parallel, so that nobody waits for what another nexus has at a
// backend that hangs. A fence that is not done in time is cancelled and its request fails: the
// initiator waits for 5 s.
//
// At most kParallelMax fences are open at once, which is what a shard has room for; the rest waits.
//
// Keeps the books only: the caller carries out the effects, in order.
#ifndef CORE_SRP_LU_FENCES_H_
#define CORE_SRP_LU_FENCES_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <utility>
#include <vector>

#include "core/base/types.h"
#include "core/message.h"

namespace srpt {

class LuFences {
 public:
  // The request that a fence is for, and what it answers.
  struct Asker {
    ShardId shard;
    CommandId command;
    NexusId nexus;
    FenceFunction function{};
  };
  struct Effect {
    enum class Kind : std::uint8_t {
      kStart,     // AbortFence to every shard.
      kCancel,    // CancelFence to `shard`.
      kComplete,  // All was aborted: unit attentions, then code 0 to the asker.
      kFail,      // Code 5 to the asker.
    };
    Kind kind = Kind::kStart;
    FenceId fence;
    LuId lu;
    ShardId shard;
    Asker asker;
  };
  using Effects = std::vector<Effect>;
  static constexpr std::size_t kParallelMax = 64;

  explicit LuFences(std::uint32_t shards) : shards_(shards) {}

  void Ask(Time now, LuId lu, const Asker& asker, Effects& effects);
  // A fence that is not waited for (cancelled in the meantime) is ignored.
  void Done(FenceId fence, ShardId shard, Effects& effects);
  // Ends what is due.
  void Expire(Time now, Effects& effects);
  Time NextDeadline() const;

  struct Request {
    FenceId fence;
    Asker asker;
    Time deadline;
    std::vector<ShardId> waiting;  // Shards that have not answered; only of a started one.
  };
  // Of each unit and nexus, in order: at most the first is started. Never an empty queue.
  using Queues = std::map<std::pair<LuId, NexusId>, std::deque<Request>>;
  const Queues& queues() const { return queues_; }

 private:
  // Starts what may start, the oldest first.
  void Start(Effects& effects);

  std::uint32_t shards_;
  std::size_t started_ = 0;
  std::uint64_t next_fence_ = 1;
  Queues queues_;
};

}  // namespace srpt

#endif  // CORE_SRP_LU_FENCES_H_
