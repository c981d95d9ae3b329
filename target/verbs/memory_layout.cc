#include "target/verbs/memory_layout.h"

namespace srpt::target {
namespace {

constexpr std::size_t Up(std::size_t n, std::size_t to) { return (n + to - 1) / to * to; }

}  // namespace

ChannelLayout LayOut(const ChannelGeometry& geometry) {
  ChannelLayout layout;
  const bool immediate = geometry.imm_data_offset != 0;
  layout.recv_first =
      immediate ? (kPageBytes - geometry.imm_data_offset % kPageBytes) % kPageBytes : 0;
  layout.recv_stride = Up(geometry.recv_bytes, immediate ? kPageBytes : kCacheLineBytes);
  layout.send_first =
      Up(layout.recv_first + layout.recv_stride * geometry.recv_count, kCacheLineBytes);
  layout.send_stride = Up(geometry.send_bytes, kCacheLineBytes);
  layout.total = Up(layout.send_first + layout.send_stride * geometry.send_count, kPageBytes);
  return layout;
}

}  // namespace srpt::target
