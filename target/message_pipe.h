// Messages from one thread of the daemon to one other, in order, without a lock: a ring of values
// whose size is fixed at the start.
//
// The writer never waits. What finds the ring full stays with the writer, in a queue of its own,
// until Flush finds room. So no two threads can wait for each other, whatever they have to say:
// each goes on reading, which empties the rings towards it, which makes room for the other.
//
// What bounds the writer's queue is the writer. The director, while it is backed_up(), takes no new
// work from outside (connections, administrators); mail, and the ends of what it has begun, it
// takes always. A shard has a few messages for each command and channel that it has, and no more.
//
// A reader that sleeps is woken (wakeup.h). A writer that is backed up sleeps only for a moment: no
// reader wakes it.
#ifndef TARGET_MESSAGE_PIPE_H_
#define TARGET_MESSAGE_PIPE_H_

#include <atomic>
#include <bit>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "core/base/check.h"
#include "target/reactor_queue.h"
#include "target/wakeup.h"

namespace srpt::target {

template <class T>
class MessagePipe {
 public:
  // `room` is a power of two; `reader` is the reading thread's, and outlives the pipe.
  MessagePipe(std::size_t room, Wakeup& reader) : slots_(room), kept_(room), reader_(reader) {
    SRPT_CHECK(std::has_single_bit(room));
  }

  // --- The writing thread's ---
  void Push(T value) {
    if (!kept_.empty() || !Put(value)) Keep(value);
  }
  // Hands over as much as there is room for of what was kept.
  void Flush() {
    while (!kept_.empty() && Put(kept_.front())) kept_.Pop();
  }
  bool backed_up() const { return !kept_.empty(); }

  // --- The reading thread's ---
  // Nothing: the ring is empty. It holds nothing of what it gave.
  std::optional<T> Pop() {
    const std::size_t at = read_.load(std::memory_order_relaxed);
    if (at == written_seen_) {
      written_seen_ = written_.load();
      if (at == written_seen_) return std::nullopt;
    }
    std::optional<T> value(std::exchange(slots_[at & (slots_.size() - 1)], T()));
    read_.store(at + 1, std::memory_order_release);
    return value;
  }
  bool empty() const { return read_.load(std::memory_order_relaxed) == written_.load(); }

 private:
  // Rare, so not a part of every caller.
  [[gnu::noinline, gnu::cold]] void Keep(T& value) { kept_.Push(std::move(value)); }
  // False, and `value` is as it was: there is no room.
  bool Put(T& value) {
    const std::size_t at = written_.load(std::memory_order_relaxed);
    if (at - read_seen_ == slots_.size()) {
      read_seen_ = read_.load(std::memory_order_acquire);
      if (at - read_seen_ == slots_.size()) return false;
    }
    slots_[at & (slots_.size() - 1)] = std::move(value);
    written_.store(at + 1);  // Before the reader's sleep is looked at: see wakeup.h.
    reader_.Notify();
    return true;
  }

  std::vector<T> slots_;
  // The writer's line, the reader's line: each thread writes to its own only.
  alignas(64) std::atomic<std::size_t> written_{0};
  std::size_t read_seen_ = 0;
  ReactorQueue<T> kept_;
  Wakeup& reader_;
  alignas(64) std::atomic<std::size_t> read_{0};
  std::size_t written_seen_ = 0;
};

}  // namespace srpt::target

#endif  // TARGET_MESSAGE_PIPE_H_
