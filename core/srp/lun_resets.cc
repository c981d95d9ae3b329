#include "core/srp/lun_resets.h"

#include <algorithm>
#include <iterator>

#include "core/base/limits.h"

namespace srpt {

void LunResets::Ask(Time now, LuId lu, const Asker& asker, Effects& effects) {
  queues_[lu].push_back({FenceId(next_fence_++), asker, now + limits::kTaskManagementTimeout, {}});
  Start(effects);
}

void LunResets::Start(Effects& effects) {
  while (started_ < kParallelMax) {
    LuId lu;
    Reset* oldest = nullptr;
    for (auto& [of, queue] : queues_) {
      Reset& first = queue.front();
      if (!first.waiting.empty() || (oldest != nullptr && oldest->fence < first.fence)) continue;
      lu = of;
      oldest = &first;
    }
    if (oldest == nullptr) return;
    for (std::uint32_t i = 0; i < shards_; ++i) oldest->waiting.push_back(ShardId(i));
    ++started_;
    effects.push_back({Effect::Kind::kStart, oldest->fence, lu, ShardId(), oldest->asker});
  }
}

void LunResets::Done(FenceId fence, ShardId shard, Effects& effects) {
  const auto at = std::find_if(queues_.begin(), queues_.end(), [fence](const auto& queue) {
    return queue.second.front().fence == fence;
  });
  if (at == queues_.end() || at->second.front().waiting.empty()) return;
  Reset& reset = at->second.front();
  reset.waiting.erase(std::remove(reset.waiting.begin(), reset.waiting.end(), shard),
                      reset.waiting.end());
  if (!reset.waiting.empty()) return;
  effects.push_back({Effect::Kind::kComplete, fence, at->first, ShardId(), reset.asker});
  at->second.pop_front();
  if (at->second.empty()) queues_.erase(at);
  --started_;
  Start(effects);
}

void LunResets::Expire(Time now, Effects& effects) {
  for (auto at = queues_.begin(); at != queues_.end();) {
    auto& [lu, queue] = *at;
    // Deadlines of a queue only grow: each reset got the same time when it was asked for.
    while (!queue.empty() && queue.front().deadline <= now) {
      const Reset& reset = queue.front();
      if (!reset.waiting.empty()) --started_;
      for (const ShardId shard : reset.waiting) {
        effects.push_back({Effect::Kind::kCancel, reset.fence, lu, shard, reset.asker});
      }
      effects.push_back({Effect::Kind::kFail, reset.fence, lu, ShardId(), reset.asker});
      queue.pop_front();
    }
    at = queue.empty() ? queues_.erase(at) : std::next(at);
  }
  Start(effects);
}

Time LunResets::NextDeadline() const {
  Time next = kNever;
  for (const auto& [lu, queue] : queues_) next = std::min(next, queue.front().deadline);
  return next;
}

}  // namespace srpt
