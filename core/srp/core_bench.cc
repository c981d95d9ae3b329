// Core alone: what a command costs in shard and director, with a driver that does nothing
// (bench_world.h).
//
//   core_bench                              time per command; allocs_per_cmd must be 0
//   core_bench --callgrind-loop N [MODE]    exactly N commands, for callgrind: the difference
//                                           between two Ns, divided, is one command's instructions.
//                                           With --toggle-collect='srpt::Shard::Step*' the driver's
//                                           own are left out.
// MODE: read4k (default), write4k, imm4k, read64k.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <string_view>

#include "core/srp/bench_world.h"

namespace {
std::uint64_t g_allocations = 0;  // One thread.
}  // namespace

// The compiler cannot know that all of these go to malloc and free together.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpragmas"
#pragma GCC diagnostic ignored "-Wunknown-warning-option"
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
void* operator new(std::size_t size) {
  ++g_allocations;
  void* p = std::malloc(size == 0 ? 1 : size);
  if (p == nullptr) std::abort();
  return p;
}
void* operator new(std::size_t size, std::align_val_t align) {
  ++g_allocations;
  const auto a = static_cast<std::size_t>(align);
  void* p = std::aligned_alloc(a, (size + a - 1) / a * a);
  if (p == nullptr) std::abort();
  return p;
}
void operator delete(void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }
void operator delete(void* p, std::align_val_t) noexcept { std::free(p); }
void operator delete(void* p, std::size_t, std::align_val_t) noexcept { std::free(p); }
#pragma GCC diagnostic pop

namespace srpt {
namespace {

constexpr std::uint32_t kWarmUp = 1000;  // Every queue has been around once.

void Core(benchmark::State& state, BenchCommand command) {
  const auto depth = static_cast<std::uint32_t>(state.range(0));
  BenchWorld world;
  for (std::uint32_t i = 0; i < kWarmUp; ++i) world.Run(command, depth);
  const std::uint64_t before = g_allocations;
  std::uint64_t commands = 0;
  for (auto _ : state) {
    world.Run(command, depth);
    commands += depth;
  }
  const double allocations = static_cast<double>(g_allocations - before);
  state.SetItemsProcessed(static_cast<std::int64_t>(commands));
  state.counters["allocs_per_cmd"] = allocations / static_cast<double>(commands);
  if (allocations != 0) state.SkipWithError("core allocates in steady state");
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
  return 0;
}
