#include "sim/minimise.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace srpt::sim {
namespace {

class Minimiser {
 public:
  Minimiser(const TraceFile& trace, std::uint64_t runs_most,
            const std::function<bool(const MinimiseProgress&)>& tell,
            const std::function<Outcome(const TraceFile&)>& play)
      : runs_most_(runs_most), tell_(tell), play_(play) {
    result_.trace = trace;
  }

  Minimised Go() {
    result_.repeats = Breaks(result_.trace);
    if (!result_.repeats) return std::move(result_);
    Keep(result_.trace);
    bool changed = true;
    while (changed && !over_) {
      changed = CutOptions();
      changed = Cut("faults", [](OccurrenceKind k) { return k.is_fault(); }) || changed;
      changed = Cut("what initiators do",
                    [](OccurrenceKind k) { return !k.is_fault() && !k.Is(Whim::kCommand); }) ||
                changed;
      changed = Cut("commands", [](OccurrenceKind k) { return k.Is(Whim::kCommand); }) || changed;
    }
    result_.complete = !over_;
    return std::move(result_);
  }

 private:
  // Whether `trace` breaks the same; `last_` is its run.
  bool Breaks(const TraceFile& trace) {
    if (over_ || result_.runs >= runs_most_) {
      over_ = true;
      return false;
    }
    ++result_.runs;
    last_ = play_(trace);
    over_ = !tell_({result_.runs, runs_most_, result_.trace.happened.size(), cutting_});
    return last_.breach.Signature() == trace.signature && !last_.breach.empty();
  }
  // It broke: it is the trace from now on, without what found no opportunity.
  void Keep(TraceFile trace) {
    trace.happened = last_.happened;
    result_.trace = std::move(trace);
    result_.outcome = std::move(last_);
  }

  // Zeller's ddmin over the occurrences that `is` selects: chunks are taken away, smaller and
  // smaller ones. True: something went.
  template <class Is>
  bool Cut(std::string_view what, Is is) {
    cutting_ = what;
    bool any = false;
    std::size_t chunk = Count(is);
    while (chunk > 0 && !over_) {
      bool went = false;
      for (std::size_t from = 0; from < Count(is) && !over_;) {
        TraceFile trace = result_.trace;
        std::size_t seen = 0;
        std::erase_if(trace.happened, [&](const Script::Record& record) {
          if (!is(record.what.kind)) return false;
          const std::size_t at = seen++;
          return at >= from && at < from + chunk;
        });
        if (Breaks(trace)) {
          Keep(std::move(trace));
          went = any = true;
        } else {
          from += chunk;
        }
      }
      if (chunk == 1 && !went) break;
      chunk = chunk == 1 ? 1 : chunk / 2;
    }
    return any;
  }
  template <class Is>
  std::size_t Count(Is is) const {
    return static_cast<std::size_t>(
        std::count_if(result_.trace.happened.begin(), result_.trace.happened.end(),
                      [&](const Script::Record& record) { return is(record.what.kind); }));
  }

  // Tries the trace with one option changed.
  template <class Change>
  bool Try(Change change) {
    TraceFile trace = result_.trace;
    if (!change(trace.swarm) || !Breaks(trace)) return false;
    Keep(std::move(trace));
    return true;
  }
  bool CutOptions() {
    cutting_ = "options";
    bool any = false;
    const auto unset = [&](bool Swarm::*option) {
      any = Try([option](Swarm& s) { return std::exchange(s.*option, false); }) || any;
    };
    any = Try([](Swarm& s) { return s.hostile && !std::exchange(s.hostile_silent, true); }) || any;
    unset(&Swarm::shutdown);
    unset(&Swarm::manual_receives);
    const auto fewer = [&](auto field, std::uint32_t least) {
      // The least at once, or one after the other.
      bool went = Try([&](Swarm& s) { return std::exchange(field(s), least) != least; });
      while (!went && Try([&](Swarm& s) { return field(s) > least && field(s)-- > 0; })) any = true;
      any = any || went;
    };
    fewer([](Swarm& s) -> std::uint32_t& { return s.initiators; }, 1);
    fewer([](Swarm& s) -> std::uint32_t& { return s.channels; }, 1);
    fewer([](Swarm& s) -> std::uint32_t& { return s.world.parameters.shards; }, 1);
    return any;
  }

  const std::uint64_t runs_most_;
  const std::function<bool(const MinimiseProgress&)>& tell_;
  const std::function<Outcome(const TraceFile&)>& play_;
  Minimised result_;
  Outcome last_;
  std::string_view cutting_ = "nothing yet";
  bool over_ = false;
};

}  // namespace

TraceFile RecordSeed(std::uint64_t seed, PlantedBug plant) {
  return RecordSwarm(DrawSwarm(seed), plant);
}

TraceFile RecordSwarm(const Swarm& swarm, PlantedBug plant) {
  TraceFile trace;
  trace.swarm = swarm;
  trace.plant = plant;
  Swarm recording = trace.swarm;
  recording.world.script = Script::Mode::kRecord;
  Plant(plant);
  Outcome outcome = RunSwarm(recording, 0);
  if (outcome.breach.empty()) outcome = RunComparedSwarm(recording, 0);
  Plant(PlantedBug::kNone);
  if (!outcome.breach.empty()) trace.signature = outcome.breach.Signature();
  trace.happened = std::move(outcome.happened);
  return trace;
}

Outcome Play(const TraceFile& trace, std::size_t trace_lines) {
  Plant(trace.plant);
  const bool plain =
      trace.signature.empty() ||
      !NeedsComparison(
          BreachOf(trace.signature.substr(0, trace.signature.find(':')) + ": x").invariant);
  Outcome outcome = plain ? RunSwarm(trace.Playing(), trace_lines)
                          : RunComparedSwarm(trace.Playing(), trace_lines);
  Plant(PlantedBug::kNone);
  return outcome;
}

Minimised Minimise(const TraceFile& trace, std::uint64_t runs_most,
                   const std::function<bool(const MinimiseProgress&)>& tell,
                   const std::function<Outcome(const TraceFile&)>& play) {
  return Minimiser(trace, runs_most, tell, play).Go();
}

}  // namespace srpt::sim
