#include "sim/runner.h"

#include <cstdio>
#include <cstdlib>
#include <memory>

#include "core/base/check.h"
#include "sim/trace.h"
#include "sim/workload/administrator.h"
#include "sim/workload/hostile.h"
#include "sim/workload/initiator.h"

namespace srpt::sim {
namespace {

// How long each phase may take in virtual time. After the faults stopped a channel may still have
// to wait for the watchdog (80 s), for its drain and timewait, and for commands to time out.
constexpr Duration kWorkMax = Seconds(900);
constexpr Duration kConvergeMax = Seconds(400);
constexpr Duration kVerifyMax = Seconds(300);
constexpr Duration kQuietMax = Seconds(200);
// Happenings of one seed, against a world that turns on the spot.
constexpr std::uint64_t kEventsMax = 20000000;

struct Running {
  std::uint64_t seed = 0;
  Scene* scene = nullptr;
  std::size_t trace_lines = 30;
};
thread_local Running running;

std::vector<std::string> ReportOf(Scene& scene, const std::string& what) {
  std::vector<std::string> lines;
  const std::string seed = std::to_string(scene.swarm.world.seed);
  lines.push_back("seed " + seed + " FAILED at " + std::to_string(scene.world.now().ns / 1000000) +
                  " ms of virtual time");
  lines.push_back("  what broke: " + what);
  lines.push_back("  replay:     ./dev sim --seeds 1 --seed " + seed);
  lines.push_back("  this seed:");
  for (const std::string& line : Describe(scene.swarm)) lines.push_back("    " + line);
  lines.push_back(scene.concerned == Trace::kNobody
                      ? "  the last events of all:"
                      : "  the last events of peer " + std::to_string(scene.concerned) + ":");
  for (const std::string& line : scene.world.trace().Last(running.trace_lines, scene.concerned)) {
    lines.push_back("    " + line);
  }
  return lines;
}

void OnCheckFailed(const char* file, int line, const char* what) {
  std::string text =
      std::string("CHECK failed: ") + what + " (" + file + ":" + std::to_string(line) + ")";
  if (running.scene != nullptr) {
    Scene* scene = running.scene;
    running.scene = nullptr;  // Should the report itself fail.
    for (const std::string& l : ReportOf(*scene, text)) std::fprintf(stderr, "%s\n", l.c_str());
  } else {
    std::fprintf(stderr, "%s\n", text.c_str());
  }
  std::fflush(nullptr);
  std::_Exit(1);
}

// Runs until `done`, at most until `limit`. False: it is over, something broke or did not end.
template <class Done>
bool RunPhase(Scene& scene, Time limit, Done done) {
  World& world = scene.world;
  while (!done()) {
    if (!world.Broken().empty()) return false;
    if (world.events() > kEventsMax) {
      world.Broke("more than " + std::to_string(kEventsMax) + " happenings");
      return false;
    }
    if (world.now() >= limit || !world.RunOne()) return false;
  }
  return world.Broken().empty();
}

void Stuck(Scene& scene, const std::string& phase,
           const std::vector<std::unique_ptr<Initiator>>& initiators,
           std::vector<std::string>* extra) {
  if (!scene.world.Broken().empty()) return;
  scene.world.Broke(phase);
  for (const auto& initiator : initiators) {
    for (const std::string& line : initiator->Pending()) extra->push_back("    " + line);
  }
  for (const std::string& line : scene.world.Pending()) extra->push_back("    " + line);
}

}  // namespace

void ReportFailedChecks() { SetCheckHandler(&OnCheckFailed); }

Outcome RunSeed(std::uint64_t seed, std::size_t trace_lines) {
  return RunSwarm(DrawSwarm(seed), trace_lines);
}

Outcome RunSwarm(const Swarm& swarm, std::size_t trace_lines) {
  auto scene_owner = std::make_unique<Scene>(swarm);
  Scene& scene = *scene_owner;
  World& world = scene.world;
  running = Running{swarm.world.seed, &scene, trace_lines};
  std::vector<std::unique_ptr<Initiator>> initiators;
  for (std::uint32_t i = 0; i < swarm.initiators; ++i) {
    initiators.push_back(std::make_unique<Initiator>(&scene, i));
  }
  const auto all = [&](bool (Initiator::*is)() const) {
    for (const auto& initiator : initiators) {
      if (!(*initiator.*is)()) return false;
    }
    return true;
  };

  std::vector<std::string> extra;
  bool going = true;
  for (const auto& initiator : initiators) initiator->Start();
  Administrator administrator(&scene);
  administrator.Start();
  Hostile hostile(&scene);
  hostile.Start();
  // Safety: faults strike until all commands were sent, or for long enough.
  RunPhase(scene, world.now() + kWorkMax, [&] { return all(&Initiator::IsIssued); });
  world.Heal();
  if (!RunPhase(scene, world.now() + kConvergeMax,
                [&] { return all(&Initiator::IsIssued) && all(&Initiator::IsIdle); })) {
    Stuck(scene, "the faults are over, but not everything was answered", initiators, &extra);
    going = false;
  }
  if (going) {
    // Connections whose end the target never heard of go with the next login of their nexus.
    for (const auto& initiator : initiators) initiator->LogInAnew();
    if (!RunPhase(scene, world.now() + kConvergeMax, [&] { return all(&Initiator::IsIdle); })) {
      Stuck(scene, "the faults are over, but not all logged in anew", initiators, &extra);
      going = false;
    }
  }
  if (going) {
    scene.oracle.SettleAll();
    for (const auto& initiator : initiators) world.Broke(initiator->CompareCredits());
    initiators[0]->StartVerify();
    if (!RunPhase(scene, world.now() + kVerifyMax, [&] { return initiators[0]->IsVerified(); })) {
      Stuck(scene, "the disks cannot be read back", initiators, &extra);
      going = false;
    }
  }
  if (going) {
    for (const auto& initiator : initiators) initiator->StartLogOut();
    if (!RunPhase(scene, world.now() + kQuietMax, [&] { return world.IsQuiet(); })) {
      Stuck(scene, "all initiators are gone, but something is left", initiators, &extra);
      going = false;
    }
  }
  world.Sweep();
  if (going && world.Broken().empty()) {
    if (!world.director().Sessions().empty()) world.Broke("a session is left");
    for (std::uint32_t i = 0; i < world.shard_count(); ++i) {
      if (world.shard(i).free_data_buffers() != world.parameters().data_buffers_per_shard) {
        world.Broke("data buffers of shard " + std::to_string(i) + " are not free");
      }
    }
    if (world.rnr_at_target() != 0) world.Broke("an IU found no receive posted at the target");
  }

  Outcome outcome;
  outcome.seed = swarm.world.seed;
  outcome.broken = world.Broken();
  if (!outcome.broken.empty()) {
    outcome.report = ReportOf(scene, outcome.broken);
    if (!extra.empty()) outcome.report.push_back("  not finished:");
    outcome.report.insert(outcome.report.end(), extra.begin(), extra.end());
  }
  Fingerprint f;
  f.Add(world.fingerprint());
  f.Add(scene.saw.value());
  outcome.fingerprint = f.value();
  outcome.stats = scene.stats;
  outcome.faults = world.faults().struck();
  outcome.events = world.events();
  outcome.checked_blocks = scene.oracle.checked_blocks();
  outcome.virtual_time = Duration{world.now().ns};
  running = Running{};
  return outcome;
}

}  // namespace srpt::sim
