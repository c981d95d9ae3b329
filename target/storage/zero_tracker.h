// Which bytes of the shard's data buffers are known to be zero.
//
// A null device reads zeroes. Clearing 64 KiB for each read would cost more than all the rest of
// the command, and most of its buffers only ever went back and forth between null reads. So the
// engine remembers, per buffer, how long a prefix it has cleared and nobody has written to since.
#ifndef TARGET_STORAGE_ZERO_TRACKER_H_
#define TARGET_STORAGE_ZERO_TRACKER_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/check.h"

namespace srpt::target {

class ZeroTracker {
 public:
  ZeroTracker() = default;
  ZeroTracker(MutableBytes memory, std::size_t buffer_bytes)
      : base_(memory.data()),
        size_(memory.size() / buffer_bytes * buffer_bytes),
        buffer_bytes_(buffer_bytes),
        prefix_(memory.size() / buffer_bytes, 0) {}

  // Makes `into` zero.
  void Zero(MutableBytes into) {
    std::uint8_t* p = into.data();
    std::size_t n = into.size();
    if (Contains(p)) {
      const std::size_t at = static_cast<std::size_t>(p - base_);
      std::size_t& prefix = prefix_[at / buffer_bytes_];
      const std::size_t begin = at % buffer_bytes_;
      const std::size_t end = begin + n;
      if (end <= buffer_bytes_ && begin <= prefix) {
        const std::size_t known = std::min(prefix, end) - begin;
#ifndef NDEBUG
        for (std::size_t i = 0; i < known; ++i) SRPT_CHECK(p[i] == 0);
#endif
        p += known;
        n -= known;
        prefix = std::max(prefix, end);
      }
    }
    if (n > 0) std::memset(p, 0, n);
  }

  // Somebody writes to `bytes` bytes at `address`.
  void Touched(const void* address, std::size_t bytes) {
    const auto* p = static_cast<const std::uint8_t*>(address);
    if (!Contains(p) || bytes == 0) return;
    const std::size_t at = static_cast<std::size_t>(p - base_);
    const std::size_t last = std::min(at + bytes, size_) - 1;
    std::size_t& first = prefix_[at / buffer_bytes_];
    first = std::min(first, at % buffer_bytes_);
    for (std::size_t i = at / buffer_bytes_ + 1; i <= last / buffer_bytes_; ++i) prefix_[i] = 0;
  }
  // Somebody may write anywhere in the buffer at `address`.
  void BufferTouched(const void* address) {
    const auto* p = static_cast<const std::uint8_t*>(address);
    if (Contains(p)) prefix_[static_cast<std::size_t>(p - base_) / buffer_bytes_] = 0;
  }

  bool Contains(const std::uint8_t* p) const {
    const auto at = reinterpret_cast<std::uintptr_t>(p);
    const auto base = reinterpret_cast<std::uintptr_t>(base_);
    return at >= base && at - base < size_;
  }

 private:
  std::uint8_t* base_ = nullptr;
  std::size_t size_ = 0;
  std::size_t buffer_bytes_ = 1;
  std::vector<std::size_t> prefix_;
};

}  // namespace srpt::target

#endif  // TARGET_STORAGE_ZERO_TRACKER_H_
