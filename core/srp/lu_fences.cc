#include "core/srp/lu_fences.h"

#include <algorithm>
#include <iterator>

#include "core/base/limits.h"
#include "core/base/planted.h"

namespace srpt {

void LuFences::Ask(Time now, LuId lu, const Asker& asker, Effects& effects) {
  // [R-INV-34]
  queues_[{lu, asker.nexus}].push_back(
      {FenceId(next_fence_++),
       asker,
       now + (Planted(PlantedBug::kFenceNeverExpires) ? Seconds(400)
                                                      : limits::kTaskManagementTimeout),
       {}});
  Start(effects);
}

void LuFences::Start(Effects& effects) {
  while (started_ < kParallelMax) {
    LuId lu;
    Request* oldest = nullptr;
    for (auto& [of, queue] : queues_) {
      Request& first = queue.front();
      if (!first.waiting.empty() || (oldest != nullptr && oldest->fence < first.fence)) continue;
      lu = of.first;
      oldest = &first;
    }
    if (oldest == nullptr) return;
    const std::uint32_t asked = Planted(PlantedBug::kFenceAsksOneShard) ? 1 : shards_;
    for (std::uint32_t i = 0; i < asked; ++i) oldest->waiting.push_back(ShardId(i));
    ++started_;
    effects.push_back({Effect::Kind::kStart, oldest->fence, lu, ShardId(), oldest->asker});
  }
}

void LuFences::Done(FenceId fence, ShardId shard, Effects& effects) {
  const auto at = std::find_if(queues_.begin(), queues_.end(), [fence](const auto& queue) {
    return queue.second.front().fence == fence;
  });
  if (at == queues_.end() || at->second.front().waiting.empty()) return;
  Request& request = at->second.front();
  std::erase(request.waiting, shard);
  if (!request.waiting.empty()) return;
  effects.push_back({Effect::Kind::kComplete, fence, at->first.first, ShardId(), request.asker});
  at->second.pop_front();
  if (at->second.empty()) queues_.erase(at);
  --started_;
  Start(effects);
}

void LuFences::Expire(Time now, Effects& effects) {
  for (auto at = queues_.begin(); at != queues_.end();) {
    const LuId lu = at->first.first;
    std::deque<Request>& queue = at->second;
    // Deadlines of a queue only grow: each request got the same time when it came.
    while (!queue.empty() && queue.front().deadline <= now) {
      const Request& request = queue.front();
      if (!request.waiting.empty()) --started_;
      for (const ShardId shard : request.waiting) {
        effects.push_back({Effect::Kind::kCancel, request.fence, lu, shard, request.asker});
      }
      effects.push_back({Effect::Kind::kFail, request.fence, lu, ShardId(), request.asker});
      queue.pop_front();
    }
    at = queue.empty() ? queues_.erase(at) : std::next(at);
  }
  Start(effects);
}

Time LuFences::NextDeadline() const {
  Time next = kNever;
  for (const auto& [of, queue] : queues_) next = std::min(next, queue.front().deadline);
  return next;
}

}  // namespace srpt
