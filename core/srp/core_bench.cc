// Core alone: what a command costs in shard and director, with a driver that does nothing
// (bench_world.h).
//
//   core_bench                              time per command; allocs_per_cmd must be 0, else
//                                           the exit status is 1
//   core_bench --callgrind-loop N [MODE]    exactly N commands, for callgrind: the difference
//                                           between two Ns, divided, is one command's instructions.
//                                           With --toggle-collect='srpt::Shard::Step*' the driver's
//                                           own are left out.
// MODE: read4k (default), write4k, imm4k, read64k.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "core/srp/bench_world.h"
#include "core/srp/count_allocations.h"

namespace srpt {
namespace {

bool g_clean = true;                     // No benchmark saw an allocation.
constexpr std::uint32_t kWarmUp = 1000;  // Every queue has been around once.

void Core(benchmark::State& state, BenchCommand command) {
  const auto depth = static_cast<std::uint32_t>(state.range(0));
  BenchWorld world;
  for (std::uint32_t i = 0; i < kWarmUp; ++i) world.Run(command, depth);
  const std::uint64_t before = AllocationsSoFar();
  std::uint64_t commands = 0;
  for (auto _ : state) {
    world.Run(command, depth);
    commands += depth;
  }
  const auto allocations = static_cast<double>(AllocationsSoFar() - before);
  state.SetItemsProcessed(static_cast<std::int64_t>(commands));
  state.counters["allocs_per_cmd"] = allocations / static_cast<double>(commands);
  if (allocations == 0) return;
  g_clean = false;
  state.SkipWithError("core allocates in steady state");
}
BENCHMARK_CAPTURE(Core, read4k, BenchCommand::kRead4k)->Arg(1)->Arg(32);
BENCHMARK_CAPTURE(Core, write4k, BenchCommand::kWrite4k)->Arg(1)->Arg(32);
BENCHMARK_CAPTURE(Core, imm4k, BenchCommand::kImmediate4k)->Arg(1)->Arg(32);
BENCHMARK_CAPTURE(Core, read64k, BenchCommand::kRead64k)->Arg(1)->Arg(32);

int CallgrindLoop(std::uint64_t n, std::string_view mode) {
  BenchCommand command = BenchCommand::kRead4k;
  if (mode == "write4k") {
    command = BenchCommand::kWrite4k;
  } else if (mode == "imm4k") {
    command = BenchCommand::kImmediate4k;
  } else if (mode == "read64k") {
    command = BenchCommand::kRead64k;
  } else if (mode != "read4k") {
    std::fprintf(stderr, "modes: read4k write4k imm4k read64k\n");
    return 2;
  }
  BenchWorld world;
  for (std::uint64_t i = 0; i < n; ++i) world.Run(command, 1);
  return 0;
}

}  // namespace
}  // namespace srpt

int main(int argc, char** argv) {
  if (argc >= 3 && std::string_view(argv[1]) == "--callgrind-loop") {
    return srpt::CallgrindLoop(std::strtoull(argv[2], nullptr, 10), argc > 3 ? argv[3] : "read4k");
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  return srpt::g_clean ? 0 : 1;
}
