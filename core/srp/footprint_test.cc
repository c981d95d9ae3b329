#include "core/srp/footprint.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <memory>

#include "core/srp/shard.h"
#include "core/srp/shard_fixture.h"

namespace srpt {
namespace {

std::size_t Allocated() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

// Expect the figure to be what malloc gave, but for its rounding and small change.
void ExpectTrue(const Parameters& parameters) {
  FakeMemory memory;
  const std::size_t before = Allocated();
  const auto shard = std::make_unique<Shard>(parameters, ShardId(0), &memory);
  const std::size_t allocated = Allocated() - before;
  if (Allocated() == 0) GTEST_SKIP() << "this build's allocator does not tell";
  const double told = static_cast<double>(FootprintOf(parameters).total());
  EXPECT_NEAR(static_cast<double>(allocated) / told, 1.0, 0.02) << allocated << " of " << told;
}

TEST(Footprint, IsWhatAShardAllocates) { ExpectTrue({}); }

TEST(Footprint, IsWhatAShardWithOneChannelAllocates) {
  Parameters parameters;
  parameters.channels_per_shard = 1;
  parameters.data_buffers_per_shard = 16;
  ExpectTrue(parameters);
}

TEST(Footprint, IsWhatAShardWithSharedReceivesAllocates) {
  Parameters parameters;
  parameters.use_srq = true;
  parameters.srpt_srq_size = 2000;
  parameters.srq_count = 2;
  ExpectTrue(parameters);
}

}  // namespace
}  // namespace srpt
