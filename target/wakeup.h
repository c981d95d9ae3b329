// How one thread of the daemon is woken by the others: an eventfd, written only when the thread
// sleeps or is about to. Nobody who is awake costs anybody a system call.
//
// The sleeper:  Prepare(); look once more for work; sleep on fd(); Awake().
// The others:   make the work visible; Notify().
// Both sides' accesses are sequentially consistent, so either the sleeper's last look sees the work
// or the other side sees that it is about to sleep.
#ifndef TARGET_WAKEUP_H_
#define TARGET_WAKEUP_H_

#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>

#include "core/base/check.h"

namespace srpt::target {

class Wakeup {
 public:
  Wakeup() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
  ~Wakeup() {
    if (fd_ >= 0) close(fd_);
  }
  Wakeup(const Wakeup&) = delete;
  Wakeup& operator=(const Wakeup&) = delete;

  // Readable after a Notify that found the thread asleep; -1: the system had no descriptor left.
  int fd() const { return fd_; }

  // The thread itself.
  void Prepare() { asleep_.store(true); }
  // `readable`: fd() was seen to be. (Where it was not, and nobody said anything meanwhile, there
  // is nothing to read, and no system call.)
  void Awake(bool readable = true) {
    if (asleep_.exchange(false) && !readable) return;
    std::uint64_t count = 0;
    (void)!read(fd_, &count, sizeof count);
  }

  // Any thread.
  void Notify() {
    if (!asleep_.load() || !asleep_.exchange(false)) return;
    const std::uint64_t one = 1;
    SRPT_CHECK(write(fd_, &one, sizeof one) == sizeof one);
  }

 private:
  const int fd_;
  alignas(64) std::atomic<bool> asleep_{false};
};

}  // namespace srpt::target

#endif  // TARGET_WAKEUP_H_
