// Core allocates nothing for a command, once every queue has been around.
#include <cstdint>

#include "core/srp/bench_world.h"
#include "core/srp/count_allocations.h"
#include "gtest/gtest.h"

namespace srpt {
namespace {

class Allocations : public ::testing::TestWithParam<BenchCommand> {};

// [R-INV-47]
TEST_P(Allocations, NoneInSteadyState) {
  BenchWorld world;
  for (int i = 0; i < 300; ++i) world.Run(GetParam(), 32);
  const std::uint64_t before = AllocationsSoFar();
  for (int i = 0; i < 300; ++i) world.Run(GetParam(), 32);
  EXPECT_EQ(AllocationsSoFar() - before, 0u) << "in 9600 commands";
}

TEST_P(Allocations, AreCounted) {
  const std::uint64_t before = AllocationsSoFar();
  const BenchWorld world;
  EXPECT_GT(AllocationsSoFar(), before);
}

INSTANTIATE_TEST_SUITE_P(Commands, Allocations,
                         ::testing::Values(BenchCommand::kRead4k, BenchCommand::kWrite4k,
                                           BenchCommand::kImmediate4k, BenchCommand::kRead64k));

}  // namespace
}  // namespace srpt
