#include <sys/eventfd.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "core/base/check.h"
#include "target/storage/io_backend.h"

namespace srpt::target {
namespace {

constexpr int kThreads = 4;

// First in, first out, of fixed capacity.
template <class T>
class FixedQueue {
 public:
  explicit FixedQueue(std::size_t capacity) : items_(capacity) {}
  bool empty() const { return count_ == 0; }
  void Push(const T& item) {
    SRPT_CHECK(count_ < items_.size());
    items_[(head_ + count_++) % items_.size()] = item;
  }
  T Pop() {
    SRPT_CHECK(count_ > 0);
    const T item = items_[head_];
    head_ = (head_ + 1) % items_.size();
    --count_;
    return item;
  }

 private:
  std::vector<T> items_;
  std::size_t head_ = 0;
  std::size_t count_ = 0;
};

std::int32_t Perform(const IoRequest& request) {
  if (request.kind == IoRequest::Kind::kFlush) return fdatasync(request.fd) == 0 ? 0 : -errno;
  const iovec part{request.memory, request.length};
  const auto offset = static_cast<off_t>(request.offset);
  const ssize_t n = request.kind == IoRequest::Kind::kRead
                        ? preadv2(request.fd, &part, 1, offset, 0)
                        : pwritev2(request.fd, &part, 1, offset, request.dsync ? RWF_DSYNC : 0);
  return n < 0 ? -errno : static_cast<std::int32_t>(n);
}

class ThreadBackend final : public IoBackend {
 public:
  ThreadBackend(int event_fd, std::uint32_t operations_max, const std::string& why)
      : event_fd_(event_fd),
        requests_(operations_max),
        results_(operations_max),
        room_(operations_max),
        description_(std::to_string(kThreads) + " worker threads (" + why + ")") {
    for (int i = 0; i < kThreads; ++i) threads_.emplace_back([this] { Run(); });
  }
  ThreadBackend(const ThreadBackend&) = delete;
  ThreadBackend& operator=(const ThreadBackend&) = delete;
  ~ThreadBackend() override {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      stop_ = true;
    }
    work_.notify_all();
    for (std::thread& thread : threads_) thread.join();
    close(event_fd_);
  }

  std::uint32_t room() const override { return room_; }

  void Add(const IoRequest& request) override {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      requests_.Push(request);
    }
    work_.notify_one();
  }

  void Submit() override {}

  std::size_t Collect(std::span<IoResult> results) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::size_t n = 0;
    while (n < results.size() && !results_.empty()) results[n++] = results_.Pop();
    if (n > 0 && results_.empty()) {
      std::uint64_t count = 0;
      SRPT_CHECK(read(event_fd_, &count, sizeof(count)) == sizeof(count));
    }
    return n;
  }

  int event_fd() const override { return event_fd_; }
  bool RegisterMemory(MutableBytes) override { return false; }
  const std::string& description() const override { return description_; }

 private:
  void Run() {
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
      work_.wait(lock, [this] { return stop_ || !requests_.empty(); });
      if (stop_) return;
      const IoRequest request = requests_.Pop();
      lock.unlock();
      const IoResult result{request.slot, Perform(request)};
      lock.lock();
      if (results_.empty()) {
        const std::uint64_t one = 1;
        SRPT_CHECK(write(event_fd_, &one, sizeof(one)) == sizeof(one));
      }
      results_.Push(result);
    }
  }

  const int event_fd_;
  std::mutex mutex_;  // Guards all below.
  std::condition_variable work_;
  bool stop_ = false;
  FixedQueue<IoRequest> requests_;
  FixedQueue<IoResult> results_;
  const std::uint32_t room_;
  const std::string description_;
  std::vector<std::thread> threads_;
};

}  // namespace

Result<std::unique_ptr<IoBackend>, int> MakeThreadBackend(std::uint32_t operations_max,
                                                          const std::string& why) {
  const int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd < 0) return Err{errno};
  return std::unique_ptr<IoBackend>(std::make_unique<ThreadBackend>(fd, operations_max, why));
}

}  // namespace srpt::target
