// LUN RESETs that wait for their fence: every shard aborts what it has of the unit, then the reset
// is answered. Resets of one unit go one after the other, those of different units in parallel. A
// fence that is not done in time is cancelled and its reset fails: the initiator waits for 5 s.
//
// At most kParallelMax fences are open at once, which is what a shard has room for; the rest waits.
//
// Keeps the books only: the caller carries out the effects, in order.
#ifndef CORE_SRP_LUN_RESETS_H_
#define CORE_SRP_LUN_RESETS_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <vector>

#include "core/base/types.h"

namespace srpt {

class LunResets {
 public:
  // The command that a reset answers.
  struct Asker {
    ShardId shard;
    CommandId command;
  };
  struct Effect {
    enum class Kind : std::uint8_t {
      kStart,     // AbortFence to every shard.
      kCancel,    // CancelFence to `shard`.
      kComplete,  // The unit was reset: unit attentions, then code 0 to the asker.
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

  explicit LunResets(std::uint32_t shards) : shards_(shards) {}

  void Ask(Time now, LuId lu, const Asker& asker, Effects& effects);
  // A fence that is not waited for (cancelled in the meantime) is ignored.
  void Done(FenceId fence, ShardId shard, Effects& effects);
  // Ends what is due.
  void Expire(Time now, Effects& effects);
  Time NextDeadline() const;

  struct Reset {
    FenceId fence;
    Asker asker;
    Time deadline;
    std::vector<ShardId> waiting;  // Shards that have not answered; only of a started one.
  };
  // Of each unit, in order: at most the first is started. Never an empty queue.
  const std::map<LuId, std::deque<Reset>>& queues() const { return queues_; }

 private:
  // Starts what may start, the oldest first.
  void Start(Effects& effects);

  const std::uint32_t shards_;
  std::size_t started_ = 0;
  std::uint64_t next_fence_ = 1;
  std::map<LuId, std::deque<Reset>> queues_;
};

}  // namespace srpt

#endif  // CORE_SRP_LUN_RESETS_H_
