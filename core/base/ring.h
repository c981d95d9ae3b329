// A first-in first-out queue of fixed capacity: allocated once, never grows.
#ifndef CORE_BASE_RING_H_
#define CORE_BASE_RING_H_

#include <cstddef>
#include <vector>

#include "core/base/check.h"

namespace srpt {

template <class T>
class Ring {
 public:
  explicit Ring(std::size_t capacity = 0) : slots_(capacity) {}

  bool empty() const { return count_ == 0; }
  std::size_t size() const { return count_; }
  std::size_t capacity() const { return slots_.size(); }

  // A full ring is our own bug: every ring is sized for all that can ever be in it.
  void Push(const T& x) {
    SRPT_CHECK(count_ < slots_.size());
    slots_[Wrap(head_ + count_)] = x;
    ++count_;
  }
  void PushFront(const T& x) {
    SRPT_CHECK(count_ < slots_.size());
    head_ = head_ == 0 ? slots_.size() - 1 : head_ - 1;
    slots_[head_] = x;
    ++count_;
  }
  const T& Front() const {
    SRPT_CHECK(count_ > 0);
    return slots_[head_];
  }
  T Pop() {
    const T x = Front();
    head_ = Wrap(head_ + 1);
    --count_;
    return x;
  }
  void DropFront() {
    SRPT_CHECK(count_ > 0);
    head_ = Wrap(head_ + 1);
    --count_;
  }
  void Clear() { head_ = count_ = 0; }
  const T& operator[](std::size_t i) const {
    SRPT_CHECK(i < count_);
    return slots_[Wrap(head_ + i)];
  }
  // Keeps the order of what stays. Linear: for cold paths.
  template <class Predicate>
  void RemoveIf(Predicate gone) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < count_; ++i) {
      const T x = slots_[Wrap(head_ + i)];
      if (gone(x)) continue;
      slots_[Wrap(head_ + kept)] = x;
      ++kept;
    }
    count_ = kept;
  }

 private:
  std::size_t Wrap(std::size_t i) const { return i >= slots_.size() ? i - slots_.size() : i; }
  std::vector<T> slots_;
  std::size_t head_ = 0;
  std::size_t count_ = 0;
};

}  // namespace srpt

#endif  // CORE_BASE_RING_H_
