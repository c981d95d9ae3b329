// How file operations reach the kernel: io_uring, or worker threads where there is none.
#ifndef TARGET_STORAGE_IO_BACKEND_H_
#define TARGET_STORAGE_IO_BACKEND_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "core/base/bytes.h"
#include "core/base/result.h"

namespace srpt::target {

struct IoRequest {
  enum class Kind : std::uint8_t { kRead, kWrite, kFlush };
  Kind kind = Kind::kRead;
  bool dsync = false;  // kWrite: RWF_DSYNC.
  bool fixed = false;  // The memory lies in what RegisterMemory took.
  int fd = -1;
  std::uint32_t slot = 0;  // The caller's; comes back in the result.
  std::uint32_t length = 0;
  std::uint64_t offset = 0;
  std::uint8_t* memory = nullptr;
};

struct IoResult {
  std::uint32_t slot = 0;
  std::int32_t result = 0;  // Bytes, or -errno.
};

// Used by one thread. Requests and results are not ordered.
class IoBackend {
 public:
  virtual ~IoBackend() = default;  // Nothing is in flight.
  // How many requests may be with it at once, from Add until Collect.
  virtual std::uint32_t room() const = 0;
  // There is room.
  virtual void Add(const IoRequest& request) = 0;
  // Hands over what was added.
  virtual void Submit() = 0;
  // Takes what has ended, never waits.
  virtual std::size_t Collect(std::span<IoResult> results) = 0;
  // Readable while Collect has something to take.
  virtual int event_fd() const = 0;
  virtual bool RegisterMemory(MutableBytes memory) = 0;
  virtual const std::string& description() const = 0;
};

// The error is the errno: ENOSYS, EPERM, ENOMEM, ...
Result<std::unique_ptr<IoBackend>, int> MakeUringBackend();
Result<std::unique_ptr<IoBackend>, int> MakeThreadBackend(std::uint32_t operations_max,
                                                          const std::string& why);

}  // namespace srpt::target

#endif  // TARGET_STORAGE_IO_BACKEND_H_
