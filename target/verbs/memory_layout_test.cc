#include "target/verbs/memory_layout.h"

#include <gtest/gtest.h>

namespace srpt::target {
namespace {

ChannelGeometry Usual() { return {130, 8276, 133, 256, 68}; }

void ExpectNoOverlap(const ChannelGeometry& g, const ChannelLayout& l) {
  EXPECT_GE(l.recv_stride, g.recv_bytes);
  EXPECT_GE(l.send_stride, g.send_bytes);
  EXPECT_GE(l.send_first, l.recv_first + l.recv_stride * g.recv_count);
  EXPECT_GE(l.total, l.send_first + l.send_stride * g.send_count);
}

TEST(MemoryLayout, ImmediateDataOfEveryReceiveBufferIsPageAligned) {
  for (const std::uint32_t offset : {68u, 80u, 4u, 4095u, 4096u, 4100u, 65535u}) {
    ChannelGeometry g = Usual();
    g.imm_data_offset = offset;
    const ChannelLayout l = LayOut(g);
    for (std::uint32_t i = 0; i < g.recv_count; ++i) {
      EXPECT_EQ((l.recv_first + i * l.recv_stride + offset) % kPageBytes, 0u)
          << "offset " << offset << " buffer " << i;
    }
    ExpectNoOverlap(g, l);
  }
}

TEST(MemoryLayout, WithoutImmediateDataBuffersArePackedByCacheLine) {
  ChannelGeometry g = Usual();
  g.imm_data_offset = 0;
  g.recv_bytes = 996;
  const ChannelLayout l = LayOut(g);
  EXPECT_EQ(l.recv_stride, 1024u);
  EXPECT_EQ(l.recv_first, 0u);
  ExpectNoOverlap(g, l);
}

TEST(MemoryLayout, AChannelOfTheDefaultsTakesLessThanTwoMebibytes) {
  EXPECT_LT(LayOut(Usual()).total, 2u << 20);
  EXPECT_EQ(LayOut(Usual()).total % kPageBytes, 0u);
}

TEST(MemoryLayout, TheLargestRequestFits) {
  ChannelGeometry g = Usual();
  g.recv_bytes = limits::kMaxReqSizeMax;
  g.send_bytes = limits::kMaxRspSizeMax;
  ExpectNoOverlap(g, LayOut(g));
}

}  // namespace
}  // namespace srpt::target
