#include "sim/runner.h"

#include <cstdio>
#include <memory>
#include <mutex>
#include <utility>

#include "core/base/check.h"
#include "sim/trace.h"
#include "sim/workload/administrator.h"
#include "sim/workload/hostile.h"
#include "sim/workload/initiator.h"

namespace srpt::sim {
namespace {

// How long each phase may take in virtual time (the first one: Swarm::work_max). After the faults
// stopped a channel may still have to wait for the watchdog (80 s), for its drain and timewait, and
// for commands to time out.
constexpr Duration kConvergeMax = Seconds(400);
constexpr Duration kVerifyMax = Seconds(300);
constexpr Duration kQuietMax = Seconds(200);
// Happenings of one seed, against a world that turns on the spot.
constexpr std::uint64_t kEventsMax = 20000000;

// Thrown out of core: nothing of that world is stepped any more.
struct CheckFailure {
  std::string what;
};

thread_local bool running = false;
CheckHandler outer_handler = nullptr;

void OnCheckFailed(const char* file, int line, const char* what) {
  if (running) {
    throw CheckFailure{"CHECK failed: " + std::string(what) + " (" + file + ":" +
                       std::to_string(line) + ")"};
  }
  if (outer_handler != nullptr) return outer_handler(file, line, what);
  std::fprintf(stderr, "CHECK failed: %s (%s:%d)\n", what, file, line);
}

void CatchChecks() {
  static std::once_flag once;
  std::call_once(once, [] { outer_handler = SetCheckHandler(&OnCheckFailed); });
}

class Run {
 public:
  explicit Run(const Swarm& swarm) : scene_(swarm), administrator_(&scene_), hostile_(&scene_) {
    for (std::uint32_t i = 0; i < swarm.initiators; ++i) {
      initiators_.push_back(std::make_unique<Initiator>(&scene_, i));
    }
  }

  void Go() {
    if (Phases() && world().breach().empty()) CheckNothingLeft();
    world().Sweep();
  }
  World& world() { return scene_.world; }
  Outcome Ended(std::size_t trace_lines);

 private:
  bool Phases();
  bool ShutDown();
  // Runs until `done`, at most for that long. False: it is over, something broke or did not end.
  template <class Done>
  bool Until(Duration most, Done done);
  bool All(bool (Initiator::*is)() const) const;
  // False, and why.
  bool Stuck(Invariant invariant, const char* phase);
  void CheckNothingLeft();
  std::vector<std::string> Report(std::size_t trace_lines);

  Scene scene_;
  std::vector<std::unique_ptr<Initiator>> initiators_;
  Administrator administrator_;
  Hostile hostile_;
  std::vector<std::string> pending_;
};

template <class Done>
bool Run::Until(Duration most, Done done) {
  const Time limit = world().now() + most;
  while (!done()) {
    if (!world().breach().empty()) return false;
    if (world().events() > kEventsMax) {
      world().Broke(Invariant::kNoQuietWork,
                    "more than " + std::to_string(kEventsMax) + " happenings");
      return false;
    }
    if (world().now() >= limit || !world().RunOne()) return false;
  }
  return world().breach().empty();
}

bool Run::All(bool (Initiator::*is)() const) const {
  for (const auto& initiator : initiators_) {
    if (!(*initiator.*is)()) return false;
  }
  return true;
}

bool Run::Stuck(Invariant invariant, const char* phase) {
  if (!world().breach().empty()) return false;
  world().Broke(invariant, phase);
  for (const auto& initiator : initiators_) {
    for (const std::string& line : initiator->Pending()) pending_.push_back("    " + line);
  }
  for (const std::string& line : world().Pending()) pending_.push_back("    " + line);
  return false;
}

bool Run::Phases() {
  for (const auto& initiator : initiators_) initiator->Start();
  administrator_.Start();
  hostile_.Start();
  // Safety: faults strike until all commands were sent, or for long enough.
  world().Say("initiators work, faults strike");
  Until(scene_.swarm.work_max, [&] { return All(&Initiator::IsIssued); });
  world().Heal();
  world().Say("the faults are over; all commands have to end");
  if (!Until(kConvergeMax, [&] { return All(&Initiator::IsIssued) && All(&Initiator::IsIdle); })) {
    return Stuck(Invariant::kHonestCompletes,
                 "the faults are over, but not everything was answered");
  }
  // Connections whose end the target never heard of go with the next login of their nexus.
  world().Say("all initiators log in anew");
  for (const auto& initiator : initiators_) initiator->LogInAnew();
  if (!Until(kConvergeMax, [&] { return All(&Initiator::IsIdle); })) {
    return Stuck(Invariant::kHonestCompletes, "the faults are over, but not all logged in anew");
  }
  scene_.oracle.SettleAll();
  for (const auto& initiator : initiators_) {
    const Breach breach = initiator->CompareCredits();
    if (!breach.empty()) world().Broke(breach.invariant, breach.what);
  }
  world().Say("the disks are read back");
  initiators_[0]->StartVerify();
  if (!Until(kVerifyMax, [&] { return initiators_[0]->IsVerified(); })) {
    return Stuck(Invariant::kHonestCompletes, "the disks cannot be read back");
  }
  if (scene_.swarm.shutdown) return ShutDown();
  world().Say("all initiators log out");
  for (const auto& initiator : initiators_) initiator->StartLogOut();
  if (!Until(kQuietMax, [&] { return world().IsQuiet(); })) {
    return Stuck(Invariant::kNothingRemains, "all initiators are gone, but something is left");
  }
  return true;
}

bool Run::ShutDown() {
  for (const auto& initiator : initiators_) initiator->ExpectShutdown();
  world().Say("the target is shut down");
  const AdminId id = world().Submit(admin::Shutdown{});
  if (!Until(kQuietMax, [&] { return world().IsQuiet() && world().AnswerOf(id).has_value(); })) {
    return Stuck(Invariant::kShutdownDrains, "the target was shut down, but something is left");
  }
  return true;
}

void Run::CheckNothingLeft() {
  using enum Invariant;
  World& w = world();
  if (!w.director().Sessions().empty()) w.Broke(kNothingRemains, "a session is left");
  for (std::uint32_t i = 0; i < w.shard_count(); ++i) {
    if (w.shard(i).free_data_buffers() != w.parameters().data_buffers_per_shard) {
      w.Broke(kNothingRemains, "data buffers of shard " + std::to_string(i) + " are not free");
    }
  }
  if (w.rnr_at_target() != 0)
    w.Broke(kReceivesPosted, "an IU found no receive posted at the target");
}

std::vector<std::string> Run::Report(std::size_t trace_lines) {
  std::vector<std::string> lines;
  const std::string seed = std::to_string(scene_.swarm.world.seed);
  lines.push_back("seed " + seed + " FAILED at " + std::to_string(world().now().ns / 1000000) +
                  " ms of virtual time");
  lines.push_back("  what broke: " + world().Broken());
  lines.push_back("  replay:     ./dev sim --seeds 1 --seed " + seed);
  lines.push_back("  this seed:");
  for (const std::string& line : Describe(scene_.swarm)) lines.push_back("    " + line);
  lines.push_back(scene_.concerned == Trace::kNobody
                      ? "  the last events of all:"
                      : "  the last events of peer " + std::to_string(scene_.concerned) + ":");
  for (const std::string& line : world().trace().Last(trace_lines, scene_.concerned)) {
    lines.push_back("    " + line);
  }
  if (!pending_.empty()) lines.push_back("  not finished:");
  lines.insert(lines.end(), pending_.begin(), pending_.end());
  return lines;
}

Outcome Run::Ended(std::size_t trace_lines) {
  Outcome outcome;
  outcome.seed = scene_.swarm.world.seed;
  outcome.breach = world().breach();
  outcome.broken = outcome.breach.Text();
  if (!outcome.breach.empty()) outcome.report = Report(trace_lines);
  Fingerprint f;
  f.Add(world().fingerprint());
  f.Add(scene_.saw.value());
  outcome.fingerprint = f.value();
  outcome.stats = scene_.stats;
  outcome.heard = scene_.heard;
  outcome.faults = world().faults().struck();
  outcome.events = world().events();
  outcome.ius = world().ius();
  outcome.checked_blocks = scene_.oracle.checked_blocks();
  outcome.virtual_time = Duration{world().now().ns};
  outcome.happened = world().script().records();
  outcome.unused = world().script().Unused();
  outcome.story = world().story();
  return outcome;
}

// A second run told another story.
void Differs(Outcome& first, Invariant invariant, const char* what) {
  first.breach = {invariant, what};
  first.broken = first.breach.Text();
  first.report = {"seed " + std::to_string(first.seed) + " FAILED", "  what broke: " + first.broken,
                  "  replay:     ./dev sim --seeds 1 --seed " + std::to_string(first.seed)};
}

// Without it, everything else as it was: its port and its disk stay, and nobody uses them.
Swarm WithoutHostile(Swarm swarm) {
  swarm.hostile_silent = true;
  return swarm;
}

}  // namespace

Outcome RunSeed(std::uint64_t seed, std::size_t trace_lines) {
  return RunSwarm(DrawSwarm(seed), trace_lines);
}

Outcome RunSwarm(const Swarm& swarm, std::size_t trace_lines) {
  CatchChecks();
  const auto run = std::make_unique<Run>(swarm);
  running = true;
  try {
    run->Go();
  } catch (const CheckFailure& failure) {
    run->world().Broke(Invariant::kNoIllegalMove, failure.what);
  }
  running = false;
  return run->Ended(trace_lines);
}

Outcome RunCompared(std::uint64_t seed, std::size_t trace_lines) {
  return RunSometimesCompared(DrawSwarm(seed), trace_lines);
}

Outcome RunSometimesCompared(const Swarm& swarm, std::size_t trace_lines) {
  constexpr std::uint64_t kEvery = 8;
  if (swarm.world.seed % kEvery != 0) return RunSwarm(swarm, trace_lines);
  return RunComparedSwarm(swarm, trace_lines);
}

bool NeedsComparison(Invariant invariant) {
  return invariant == Invariant::kNoStaleInput || invariant == Invariant::kSameFingerprint ||
         invariant == Invariant::kOthersUntouched;
}

Outcome RunComparedSwarm(const Swarm& swarm, std::size_t trace_lines) {
  Outcome first = RunSwarm(swarm, trace_lines);
  if (!first.breach.empty()) return first;
  Swarm other = swarm;
  other.world.stale = ~swarm.world.stale;
  if (RunSwarm(other, 0).fingerprint != first.fingerprint) {
    const bool same = RunSwarm(swarm, 0).fingerprint == first.fingerprint;
    Differs(first, same ? Invariant::kNoStaleInput : Invariant::kSameFingerprint,
            same ? "other bytes behind what was received: another fingerprint"
                 : "run again: another fingerprint");
  } else if (swarm.hostile && !swarm.Disturbed() && swarm.abort_per_million == 0 &&
             swarm.reset_per_million == 0) {
    if (RunSwarm(WithoutHostile(swarm), 0).heard != first.heard) {
      Differs(first, Invariant::kOthersUntouched,
              "without the hostile peer the others are told something else");
    }
  }
  return first;
}

}  // namespace srpt::sim
