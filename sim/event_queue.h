// What will happen, in order of time; at the same time, in the order in which it was said.
#ifndef SIM_EVENT_QUEUE_H_
#define SIM_EVENT_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "core/base/check.h"
#include "core/base/types.h"

namespace srpt::sim {

enum class Happening : std::uint8_t {
  kToTarget,    // a: connection. The head of its pipe towards the target arrives.
  kToPeer,      // a: connection. The head of its send queue reaches the peer.
  kCompletion,  // a: connection. The head of its completions is due.
  kCm,          // a: connection, b: CmStep.
  kBlockDone,   // a: slot of the operation.
  kDirectorWake,
  kShardWake,   // a: shard.
  kToDirector,  // a: shard, b: incarnation of the target's process.
  kToShard,     // a: shard, b: the same.
  kTimer,       // a: slot of the timer.
  kWeather,     // An opportunity for what befalls the whole target.
};

class EventQueue {
 public:
  struct Item {
    Time at;
    std::uint64_t order = 0;
    Happening what = Happening::kTimer;
    std::uint32_t a = 0;
    std::uint64_t b = 0;
  };

  void Push(Time at, Happening what, std::uint32_t a = 0, std::uint64_t b = 0) {
    const Item item{at, next_order_++, what, a, b};
    std::size_t i = heap_.size();
    heap_.push_back(item);
    Item* const heap = heap_.data();
    while (i > 0) {
      const std::size_t parent = (i - 1) / kArity;
      if (!Before(item, heap[parent])) break;
      heap[i] = heap[parent];
      i = parent;
    }
    heap[i] = item;
  }
  bool empty() const { return heap_.empty(); }
  std::size_t size() const { return heap_.size(); }
  Time next() const { return heap_.empty() ? kNever : heap_[0].at; }
  Item Pop() {
    SRPT_CHECK(!heap_.empty());
    const Item top = heap_[0];
    const Item last = heap_.back();
    heap_.pop_back();
    if (!heap_.empty()) SiftDown(last);
    return top;
  }

 private:
  static constexpr std::size_t kArity = 4;
  static bool Before(const Item& x, const Item& y) {
    return x.at != y.at ? x.at < y.at : x.order < y.order;
  }
  void SiftDown(const Item& item) {
    Item* const heap = heap_.data();
    const std::size_t size = heap_.size();
    std::size_t i = 0;
    for (;;) {
      const std::size_t first = i * kArity + 1;
      if (first >= size) break;
      const std::size_t end = first + kArity < size ? first + kArity : size;
      std::size_t least = first;
      for (std::size_t child = first + 1; child < end; ++child) {
        if (Before(heap[child], heap[least])) least = child;
      }
      if (!Before(heap[least], item)) break;
      heap[i] = heap[least];
      i = least;
    }
    heap[i] = item;
  }

  std::vector<Item> heap_;
  std::uint64_t next_order_ = 0;
};

}  // namespace srpt::sim

#endif  // SIM_EVENT_QUEUE_H_
