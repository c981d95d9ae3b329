#include <liburing.h>
#include <unistd.h>

#include <cerrno>

#include "core/base/check.h"
#include "core/base/limits.h"
#include "target/storage/io_backend.h"

namespace srpt::target {
namespace {

constexpr unsigned kSubmissions = 512;
// What may be in the kernel at once. Never more than the completion queue holds, so it cannot
// overflow.
constexpr unsigned kCompletions = 2048;
static_assert(kCompletions >= 2 * limits::kLusMax, "a hung device leaves a place to every other");
// What the kernel cannot do without blocking (fdatasync, a write to a full queue) it gives to a
// pool of threads, by default a few for each processor: one hung disk would hold them all. It makes
// threads only while all that it has are blocked.
constexpr unsigned kBlockedThreadsMax = kCompletions / 2;

class UringBackend final : public IoBackend {
 public:
  explicit UringBackend(const io_uring& ring) : ring_(ring) {}
  UringBackend(const UringBackend&) = delete;
  UringBackend& operator=(const UringBackend&) = delete;
  ~UringBackend() override { io_uring_queue_exit(&ring_); }

  std::uint32_t room() const override { return kCompletions; }

  void Add(const IoRequest& request) override {
    SRPT_CHECK(in_kernel_ < kCompletions);
    io_uring_sqe* sqe = io_uring_get_sqe(&ring_);
    if (sqe == nullptr) {
      Submit();
      sqe = io_uring_get_sqe(&ring_);
      SRPT_CHECK(sqe != nullptr);
    }
    switch (request.kind) {
      case IoRequest::Kind::kRead:
        if (request.fixed) {
          io_uring_prep_read_fixed(sqe, request.fd, request.memory, request.length, request.offset,
                                   0);
        } else {
          io_uring_prep_read(sqe, request.fd, request.memory, request.length, request.offset);
        }
        break;
      case IoRequest::Kind::kWrite:
        if (request.fixed) {
          io_uring_prep_write_fixed(sqe, request.fd, request.memory, request.length, request.offset,
                                    0);
        } else {
          io_uring_prep_write(sqe, request.fd, request.memory, request.length, request.offset);
        }
        if (request.dsync) sqe->rw_flags = RWF_DSYNC;
        break;
      case IoRequest::Kind::kFlush:
        io_uring_prep_fsync(sqe, request.fd, IORING_FSYNC_DATASYNC);
        break;
    }
    sqe->user_data = request.slot;
    ++in_kernel_;
  }

  void Submit() override {
    while (io_uring_sq_ready(&ring_) != 0) {
      const int n = io_uring_submit(&ring_);
      if (n >= 0 || n == -EINTR) continue;
      // EAGAIN: the kernel is short of memory for requests. It is no better for anyone else, and
      // what was added cannot be taken back: wait until it is over.
      SRPT_CHECK(n == -EAGAIN || n == -EBUSY);
      usleep(100);
    }
  }

  std::size_t Collect(std::span<IoResult> results) override {
    std::size_t n = 0;
    unsigned head = 0;
    io_uring_cqe* cqe = nullptr;
    io_uring_for_each_cqe(&ring_, head, cqe) {
      if (n == results.size()) break;
      results[n++] = {static_cast<std::uint32_t>(cqe->user_data), cqe->res};
    }
    if (n == 0) return 0;
    io_uring_cq_advance(&ring_, static_cast<unsigned>(n));
    SRPT_CHECK(in_kernel_ >= n);
    in_kernel_ -= static_cast<unsigned>(n);
    return n;
  }

  // A ring's own descriptor is readable while its completion queue is not empty.
  int event_fd() const override { return ring_.ring_fd; }

  bool RegisterMemory(MutableBytes memory) override {
    // One fixed buffer is at most 1 GiB; a shard's pool is far below.
    if (memory.size() > (std::size_t{1} << 30)) return false;
    const iovec whole{memory.data(), memory.size()};
    return io_uring_register_buffers(&ring_, &whole, 1) == 0;
  }

  const std::string& description() const override { return description_; }

 private:
  io_uring ring_;
  unsigned in_kernel_ = 0;
  const std::string description_ = "io_uring";
};

}  // namespace

Result<std::unique_ptr<IoBackend>, int> MakeUringBackend() {
  io_uring ring;
  io_uring_params params{};
  params.flags = IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP;
  params.cq_entries = kCompletions;
  const int error = io_uring_queue_init_params(kSubmissions, &ring, &params);
  if (error != 0) return Err{-error};
  unsigned threads[2] = {kBlockedThreadsMax, 0};       // 0: sockets' and the like stay as they are.
  io_uring_register_iowq_max_workers(&ring, threads);  // Before Linux 5.15: without.
  return std::unique_ptr<IoBackend>(std::make_unique<UringBackend>(ring));
}

}  // namespace srpt::target
