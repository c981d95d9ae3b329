// The backing stores of one shard: files through io_uring, and a null device.
//
// One engine a shard, used by that shard's thread only. Nothing blocks but Create, Open by name,
// and Close and Resize where the file system does; nothing is allocated per operation. An operation
// names its memory by span: it must stay in place and untouched until Reap has reported the
// operation. Every Read, Write and Flush is reported exactly once, in any order, by a later Reap,
// never from within the call.
//
// Where the kernel or a seccomp filter refuses io_uring (ENOSYS, EPERM, ENOMEM), four worker
// threads with preadv2 / pwritev2 take its place; `description()` says which it is, for the log.
//
// A unit whose store hangs does not hold up the others: fair_queue.h says who gets to the kernel.
// (But it can keep all of the four threads where there is no io_uring.)
//
// Durability:
//   Write(fua)   RWF_DSYNC: the data, and the metadata to find it again, are stable when it ends.
//   Flush        fdatasync: so is everything whose Reap came before the Flush was asked.
// A failed fdatasync is kIoError on the Flush (core then fails the unit: the kernel may have
// dropped the dirty pages, a later success would prove nothing).
#ifndef TARGET_STORAGE_STORAGE_H_
#define TARGET_STORAGE_STORAGE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/base/types.h"
#include "core/config.h"
#include "core/event.h"
#include "target/storage/backing_file.h"
#include "target/storage/device_spec.h"

namespace srpt::target {

class IoBackend;

struct OpenedDevice {
  std::uint64_t bytes = 0;
  bool rotational = false;  // Of a block device; false where nobody knows.
};

struct StorageOptions {
  // Operations in flight at once; one more is our own bug (SRPT_CHECK).
  std::uint32_t operations_max = 16384;
  bool force_threads = false;  // For tests: as if there were no io_uring.
};

// Enough for all that core may ask of a shard's engine: an operation for each command of each
// channel and one for each data buffer.
StorageOptions StorageOptionsFor(const Parameters& parameters);

class StorageEngine {
 public:
  // The error names what the kernel refused and what to do about it.
  static Result<std::unique_ptr<StorageEngine>, std::string> Create(const StorageOptions& options);
  // On a way to the kernel of the caller's choice (io_backend.h): for tests that inject faults.
  static std::unique_ptr<StorageEngine> CreateOn(std::unique_ptr<IoBackend> backend,
                                                 const StorageOptions& options);
  ~StorageEngine();  // Waits for what is in flight; closes everything.
  StorageEngine(const StorageEngine&) = delete;
  StorageEngine& operator=(const StorageEngine&) = delete;

  // `lu` is not open, `file` is that of `spec`.
  OpenedDevice Open(LuId lu, const DeviceSpec& spec, BackingFile file);
  // The same, and opens the file itself. The error names the file and the reason.
  Result<OpenedDevice, std::string> Open(LuId lu, const DeviceSpec& spec);
  // Nothing of `lu` is in flight (action::ReleaseLu says so).
  void Close(LuId lu);
  // The store holds at least `bytes` from now on: a shorter file grows, a longer one is left alone
  // (no data is ever cut off). 0: take the size that the file or block device has by now. Answers
  // the size to present.
  Result<std::uint64_t, std::string> Resize(LuId lu, std::uint64_t bytes);

  // An operation on a unit that is not open ends with kDeviceGone. Beyond the end of the store: a
  // Read ends with kShort, a Write with kIoError; neither touches anything.
  void Read(OpId op, LuId lu, std::uint64_t offset, MutableBytes into);
  void Write(OpId op, LuId lu, std::uint64_t offset, Bytes from, bool fua);
  void Flush(OpId op, LuId lu);

  // Hands everything asked since the last time to the kernel: one system call, none if there is
  // nothing to hand over. Call it once a loop round, after the actions.
  void Submit();

  struct Completion {
    OpId op;
    IoStatus status = IoStatus::kOk;
  };
  // Calls fn(OpId, IoStatus) for what had ended when it was called; answers how many. `fn` may ask
  // for further operations. No system call on the ring.
  template <class Fn>
  std::size_t Reap(Fn&& fn) {
    std::size_t total = 0;
    std::size_t left = ready();
    if (left == 0) return 0;
    std::array<Completion, 16> batch;
    while (left > 0) {
      const std::size_t n = Take({batch.data(), left < batch.size() ? left : batch.size()});
      if (n == 0) break;
      for (std::size_t i = 0; i < n; ++i) fn(batch[i].op, batch[i].status);
      total += n;
      left -= n;
    }
    return total;
  }
  // What Reap would report now, at least; collects what the kernel has finished. While it is not 0
  // a loop must not sleep: operations of the null device never make event_fd() readable.
  std::size_t ready();
  // Readable (level-triggered; nothing to drain) while the kernel has finished operations.
  int event_fd() const;
  // Asked and not yet reported.
  std::size_t in_flight() const;

  // Optional: memory that most operations use, `buffer_bytes` a piece (the shard's data buffers).
  // It is registered as fixed buffers where the kernel takes it, and the engine remembers how many
  // bytes at the start of each buffer it has zeroed itself, so that the null device need not zero
  // them again. Once it was called, Touched() is a duty. False: the kernel did not take it
  // (RLIMIT_MEMLOCK); everything works all the same.
  bool RegisterMemory(MutableBytes memory, std::size_t buffer_bytes);
  // Anyone but this engine is about to write to the buffer at `address` (the sink of an RDMA READ,
  // MemoryPort::DataBuffer). Cheap; addresses outside the registered memory are ignored. Builds
  // with assertions verify each zeroing that was left out.
  void Touched(const void* address);

  // Transfers of devices with o_direct that went through the page cache, because memory or offset
  // were not aligned (immediate data in a shared receive queue, partial blocks) or the device
  // asked.
  std::uint64_t copied() const;

  // "io_uring" or "4 worker threads (io_uring: Operation not permitted)".
  const std::string& description() const;

 private:
  class Impl;
  explicit StorageEngine(std::unique_ptr<Impl> impl);
  // Takes at most batch.size() completions that ready() has collected.
  std::size_t Take(std::span<Completion> batch);
  std::unique_ptr<Impl> impl_;
};

}  // namespace srpt::target

#endif  // TARGET_STORAGE_STORAGE_H_
