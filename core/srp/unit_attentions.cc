#include "core/srp/unit_attentions.h"

#include <algorithm>

#include "core/base/planted.h"

namespace srpt {
namespace {

bool Holds(const std::vector<UnitAttention>& queue, UnitAttention attention) {
  return std::find(queue.begin(), queue.end(), attention) != queue.end();
}

}  // namespace

bool UnitAttentions::Push(LuId lu, UnitAttention attention) {
  std::vector<UnitAttention>& queue = queues_[lu];
  const bool first = queue.empty();
  if (Holds(queue, attention)) return false;
  if (attention == kUaNexusLoss && Holds(queue, kUaReset)) return false;
  queue.push_back(attention);
  return first;
}

void UnitAttentions::PutBack(LuId lu, UnitAttention attention) {
  std::vector<UnitAttention>& queue = queues_[lu];
  if (!Holds(queue, attention)) queue.insert(queue.begin(), attention);
}

UnitAttentions::Answer UnitAttentions::Take(LuId lu) {
  const auto at = queues_.find(lu);
  if (at == queues_.end()) return {};
  if (Planted(PlantedBug::kAttentionTwice)) return {true, at->second.front(), true};
  Answer answer{true, at->second.front(), at->second.size() > 1};
  at->second.erase(at->second.begin());
  if (at->second.empty()) queues_.erase(at);
  if (answer.attention == kUaLuns) {
    for (auto it = queues_.begin(); it != queues_.end();) {
      it->second.erase(std::remove(it->second.begin(), it->second.end(), kUaLuns),
                       it->second.end());
      it = it->second.empty() ? queues_.erase(it) : std::next(it);
    }
  }
  return answer;
}

}  // namespace srpt
