// Where the receive and send buffers of one channel lie inside its registered memory.
#ifndef TARGET_VERBS_MEMORY_LAYOUT_H_
#define TARGET_VERBS_MEMORY_LAYOUT_H_

#include <cstddef>
#include <cstdint>

#include "core/base/limits.h"

namespace srpt::target {

inline constexpr std::size_t kPageBytes = 4096;
inline constexpr std::size_t kCacheLineBytes = 64;

// Counts and sizes as action::Accept gives them.
struct ChannelGeometry {
  std::uint32_t recv_count = 0;
  std::uint32_t recv_bytes = 0;
  std::uint32_t send_count = 0;
  std::uint32_t send_bytes = 0;
  std::uint32_t imm_data_offset = 0;  // 0: no immediate data.
};

// Offsets from the memory's start, which is page-aligned. With immediate data every receive buffer
// has `offset + imm_data_offset` on a page boundary, so that the data can go to disk as they lie
// (O_DIRECT). Buffers never overlap.
struct ChannelLayout {
  std::size_t recv_first = 0;
  std::size_t recv_stride = 0;
  std::size_t send_first = 0;
  std::size_t send_stride = 0;
  std::size_t total = 0;  // Whole pages.
};

ChannelLayout LayOut(const ChannelGeometry& geometry);

}  // namespace srpt::target

#endif  // TARGET_VERBS_MEMORY_LAYOUT_H_
