// A first-in first-out queue that keeps its memory: it allocates only when it has never been that
// long before.
#ifndef TARGET_REACTOR_QUEUE_H_
#define TARGET_REACTOR_QUEUE_H_

#include <cstddef>
#include <utility>
#include <vector>

#include "core/base/check.h"

namespace srpt::target {

template <class T>
class ReactorQueue {
 public:
  explicit ReactorQueue(std::size_t room) : slots_(room) { SRPT_CHECK(room > 0); }

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  T& front() {
    SRPT_CHECK(size_ > 0);
    return slots_[first_];
  }

  void Push(T value) {
    if (size_ == slots_.size()) Grow();
    slots_[(first_ + size_) % slots_.size()] = std::move(value);
    ++size_;
  }
  // The queue holds nothing of what it gave.
  T Pop() {
    SRPT_CHECK(size_ > 0);
    T value = std::exchange(slots_[first_], T());
    first_ = (first_ + 1) % slots_.size();
    --size_;
    return value;
  }

 private:
  void Grow() {
    std::vector<T> larger(slots_.size() * 2);
    for (std::size_t i = 0; i < size_; ++i) {
      larger[i] = std::move(slots_[(first_ + i) % slots_.size()]);
    }
    slots_ = std::move(larger);
    first_ = 0;
  }
  std::vector<T> slots_;
  std::size_t first_ = 0;
  std::size_t size_ = 0;
};

}  // namespace srpt::target

#endif  // TARGET_REACTOR_QUEUE_H_
