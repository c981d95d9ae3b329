// Director and shards together, from several starting states, by sequences of events.
#include <array>
#include <cstdlib>
#include <memory>
#include <vector>

#include "fuzz/step_start.h"
#include "fuzz/step_world.h"

namespace {

using namespace srpt::fuzz;  // NOLINT

// A turn takes one byte at least. Many short executions from states that are deep already find more
// than few long ones; -max_len=200 fuzzes longer sequences.
constexpr int kTurnsMax = 64;
constexpr std::size_t kInputBytesMax = 24;

// As an ordinary test: what must hold is looked at after every turn, and a world that went back to
// a starting state is compared with one that was made anew.
bool Thorough() {
  static const bool thorough = std::getenv("SRPT_STEP_FUZZ_THOROUGH") != nullptr;
  return thorough;
}

struct Worlds {
  std::unique_ptr<StepWorld> work;
  std::array<std::unique_ptr<StepWorld>, kStartKinds> starts;
};

std::unique_ptr<StepWorld> NewStart(std::uint32_t set, std::uint32_t kind) {
  auto world = std::make_unique<StepWorld>(StartParameters(set, Thorough()));
  MakeStart(*world, kind);
  return world;
}

// The end and the sweep are as expensive as some ten steps each: not in every execution.
void Run(StepWorld& world, Input input, bool finishes) {
  for (int i = 0; i < kTurnsMax && !input.empty(); ++i) {
    world.Turn(input);
    if (i % 16 == 15 || Thorough()) world.Sweep();
  }
  if (finishes || Thorough()) world.Finish();
}

}  // namespace

// What this fuzzer is fastest with, unless somebody asks for something else. (Entropic scheduling
// counts every feature of every execution, and the search for shorter inputs looks each of them up,
// which takes longer than most executions; no input is long here.)
extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  static std::vector<char*> args(*argv, *argv + *argc);
  static char length[32];
  static char schedule[] = "-entropic=0";
  static char reduce[] = "-reduce_inputs=0";
  // (Leaks: the test that replays the saved inputs looks for them.)
  static char leaks[] = "-detect_leaks=0";
  std::snprintf(length, sizeof length, "-max_len=%zu", kInputBytesMax);
  args.insert(args.begin() + 1, {length, schedule, reduce, leaks});
  args.push_back(nullptr);
  *argc += 4;
  *argv = args.data();
  return 0;
}

// Half of the time went to the address sanitizer's allocator: short stacks, a small quarantine. (A
// failing input that is replayed with ASAN_OPTIONS=malloc_context_size=30 tells the whole stack.)
extern "C" const char* __asan_default_options() {  // NOLINT(bugprone-reserved-identifier)
  return "malloc_context_size=2:max_malloc_fill_size=0:quarantine_size_mb=4:"
         "thread_local_quarantine_size_kb=64";
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static std::array<Worlds, kStartSets> worlds;
  Input input({data, size});
  const std::uint8_t start = input.U8();
  const std::uint32_t set = start % kStartSets;
  const std::uint32_t kind = start / kStartSets % kStartKinds;
  const bool finishes = start / kStartSets / kStartKinds == 0;
  Worlds& of_set = worlds[set];
  if (of_set.work == nullptr) of_set.work = NewStart(set, 0);
  if (of_set.starts[kind] == nullptr) of_set.starts[kind] = NewStart(set, kind);
  of_set.work->Become(*of_set.starts[kind]);
  Run(*of_set.work, input, finishes);
  if (!Thorough()) return 0;
  const std::unique_ptr<StepWorld> fresh = NewStart(set, kind);
  Run(*fresh, input, finishes);
  Must(fresh->fingerprint() == of_set.work->fingerprint(),
       "48: the same start and input give the same steps");
  return 0;
}
