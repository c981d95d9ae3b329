// The descriptors that a thread of the daemon sleeps on, each with the number of what it is.
#ifndef TARGET_POLLER_H_
#define TARGET_POLLER_H_

#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>

namespace srpt::target {

class Poller {
 public:
  Poller() = default;
  ~Poller() {
    if (fd_ >= 0) close(fd_);
  }
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  // Empty, or what failed.
  std::string Open() {
    fd_ = epoll_create1(EPOLL_CLOEXEC);
    return fd_ >= 0 ? "" : std::string("epoll_create1: ") + std::strerror(errno);
  }
  // False: the system did not take it (errno).
  bool Watch(int fd, std::uint32_t source) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u32 = source;
    return epoll_ctl(fd_, EPOLL_CTL_ADD, fd, &event) == 0;
  }
  // Waits at most `timeout_ms` and calls readable(source) for each that is readable.
  template <class Fn>
  void Look(int timeout_ms, Fn&& readable) {
    std::array<epoll_event, 16> events;
    const int n = epoll_wait(fd_, events.data(), static_cast<int>(events.size()), timeout_ms);
    for (int i = 0; i < n; ++i) readable(events[static_cast<std::size_t>(i)].data.u32);
  }

 private:
  int fd_ = -1;
};

}  // namespace srpt::target

#endif  // TARGET_POLLER_H_
