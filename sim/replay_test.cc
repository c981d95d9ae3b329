// A run can be written down, read, played again and cut down; what is no such text is refused.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "sim/minimise.h"
#include "sim/trace_file.h"

namespace srpt::sim {
namespace {

const TraceFile& Recorded() {
  static const TraceFile trace = RecordSeed(7);
  return trace;
}

std::vector<Occurrence> Whats(const TraceFile& trace) {
  std::vector<Occurrence> all;
  for (const Script::Record& record : trace.happened) all.push_back(record.what);
  return all;
}

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

std::string ErrorOf(const std::string& text) {
  const auto trace = ReadTrace(text);
  return trace.ok() ? "" : trace.error();
}

// --- Texts --------------------------------------------------------------------------------------

TEST(TraceFile, ComesBackAsItWas) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    TraceFile trace;
    trace.swarm = DrawSwarm(seed);
    trace.signature = "31:peer #: no";
    trace.happened.push_back({{FaultKind::kBadLogin, seed, 3}, Time{5}, ""});
    trace.happened.push_back({{Whim::kTwoRegions, ~seed, 0}, Time{7}, "initiator 1"});
    const std::string text = WriteTrace(trace);
    const auto back = ReadTrace(text);
    ASSERT_TRUE(back.ok()) << "seed " << seed << ": " << back.error();
    EXPECT_EQ(Whats(*back), Whats(trace));
    EXPECT_EQ(back->signature, trace.signature);
    EXPECT_EQ(OptionLines(back->swarm), OptionLines(trace.swarm)) << "seed " << seed;
    // What the text does not say follows from it.
    EXPECT_EQ(back->swarm.world.ports.size(), trace.swarm.world.ports.size());
    EXPECT_EQ(back->swarm.world.luns.size(), trace.swarm.world.luns.size());
  }
}

TEST(TraceFile, WhatIsWrongIsSaidWithItsLine) {
  const std::string text = WriteTrace(Recorded());
  ASSERT_EQ(ErrorOf(text), "");
  EXPECT_EQ(ErrorOf(""), "line 0: the trace is empty");
  EXPECT_EQ(ErrorOf("# nothing\n\n"), "line 2: the trace is empty");
  EXPECT_EQ(ErrorOf("ELF"),
            "line 1: a trace, which begins with \"srpt-trace 1\", was expected, not \"ELF\"");
  EXPECT_EQ(ErrorOf(Replaced(text, "srpt-trace 1", "srpt-trace 2")),
            "line 1: this is version 2 of the format; version 1 is what can be read");
  EXPECT_EQ(ErrorOf(Replaced(text, "option depth", "option deep")),
            "line 5: there is no option \"deep\"");
  EXPECT_EQ(ErrorOf("srpt-trace 1\noption depth 1000\n"),
            "line 2: depth: a number from 1 to 126 was expected, not \"1000\"");
  EXPECT_EQ(ErrorOf("srpt-trace 1\noption depth -1\n"),
            "line 2: depth: a number from 1 to 126 was expected, not \"-1\"");
  EXPECT_EQ(ErrorOf("srpt-trace 1\noption depth 3\noption depth 4\n"),
            "line 3: option depth comes twice");
  EXPECT_EQ(ErrorOf("srpt-trace 1\nhappens flood 1 1\n"),
            "line 2: a kind of fault, or what an initiator does was expected, not \"flood\"");
  EXPECT_EQ(ErrorOf("srpt-trace 1\nhappens kill xyz 1\n"),
            "line 2: an entity, in hexadecimal digits, was expected, not \"xyz\"");
  EXPECT_EQ(ErrorOf("srpt-trace 1\nend 0\n"), "line 2: option seed is missing");
  EXPECT_EQ(ErrorOf("srpt-trace 1\nrate command 3\n"),
            "line 2: a kind of fault was expected, not \"command\"");
  EXPECT_EQ(ErrorOf("srpt-trace 1\nplant Everything\n"),
            "line 2: \"Everything\" is no planted bug");
}

TEST(TraceFile, OneThatIsCutOffIsNotTakenForWhole) {
  const std::string text = WriteTrace(Recorded());
  for (std::size_t n = 0; n + 1 < text.size(); n += 1 + n / 37) {
    EXPECT_NE(ErrorOf(text.substr(0, n)), "") << n;
  }
  const std::size_t line = text.find("happens ");
  std::string shorter = text;
  shorter.erase(line, text.find('\n', line) + 1 - line);
  EXPECT_NE(ErrorOf(shorter).find("some were lost"), std::string::npos);
}

TEST(TraceFile, AnyBytesGetAnAnswer) {
  const std::string text = WriteTrace(Recorded());
  const Decisions decisions(1);
  for (std::uint64_t i = 0; i < 3000; ++i) {
    std::string bad = text.substr(0, 200 + decisions.Below(text.size(), Site::kThink, {i}, 0));
    for (std::uint64_t n = 0; n <= i % 4; ++n) {
      bad[decisions.Below(bad.size(), Site::kThink, {i}, 1 + 2 * n)] =
          static_cast<char>(decisions.Below(256, Site::kThink, {i}, 2 + 2 * n));
    }
    const auto trace = ReadTrace(bad);
    EXPECT_TRUE(trace.ok() || trace.error().starts_with("line ")) << trace.error();
  }
}

// --- Playing ------------------------------------------------------------------------------------

TEST(Replay, PlaysWhatWasRecorded) {
  for (const std::uint64_t seed : {3u, 7u, 11u, 12u}) {
    const TraceFile trace = RecordSeed(seed);
    ASSERT_EQ(trace.signature, "") << "seed " << seed;
    const Outcome played = Play(trace);
    EXPECT_EQ(played.fingerprint, RunSeed(seed).fingerprint) << "seed " << seed;
    EXPECT_TRUE(played.unused.empty()) << "seed " << seed;
    EXPECT_EQ(played.happened.size(), trace.happened.size());
  }
}

TEST(Replay, PlaysLess) {
  TraceFile trace = Recorded();
  std::size_t commands = 0;
  std::erase_if(trace.happened, [&](const Script::Record& record) {
    return record.what.kind.is_fault() || (record.what.kind.Is(Whim::kCommand) && ++commands > 20);
  });
  const Outcome played = Play(trace);
  EXPECT_EQ(played.broken, "");
  for (const std::uint64_t struck : played.faults) EXPECT_EQ(struck, 0u);
  const auto sent = std::count_if(played.happened.begin(), played.happened.end(),
                                  [](const auto& r) { return r.what.kind.Is(Whim::kCommand); });
  EXPECT_EQ(sent, 20);
}

TEST(Replay, SaysWhatFoundNoOpportunity) {
  TraceFile trace = Recorded();
  const Occurrence never{FaultKind::kKill, 0x1234, 9};
  trace.happened.push_back({never, Time{}, ""});
  const Outcome played = Play(trace);
  ASSERT_EQ(played.unused.size(), 1u);
  EXPECT_EQ(played.unused[0], never);
}

// --- Cutting ------------------------------------------------------------------------------------

// Breaks if two of its occurrences are there, a fault and a command.
struct Play2 {
  Occurrence a;
  Occurrence b;
  Outcome operator()(const TraceFile& trace) const {
    Outcome outcome;
    outcome.happened = trace.happened;
    const std::vector<Occurrence> all = Whats(trace);
    const std::set<Occurrence> there(all.begin(), all.end());
    if (there.count(a) != 0 && there.count(b) != 0) {
      outcome.breach = {Invariant::kKnownTag, "peer 1"};
    } else if (there.count(a) != 0) {
      outcome.breach = {Invariant::kOneResponse, "something else"};
    }
    return outcome;
  }
};

TraceFile Hundred(Play2* play) {
  TraceFile trace;
  trace.swarm = DrawSwarm(1);
  trace.signature = "2:peer #";
  for (std::uint64_t i = 0; i < 100; ++i) {
    const OccurrenceKind kind =
        i % 3 == 0 ? OccurrenceKind(FaultKind::kWireSlow) : OccurrenceKind(Whim::kCommand);
    trace.happened.push_back({Occurrence{kind, i, 0}, Time{i}, ""});
  }
  play->a = trace.happened[33].what;
  play->b = trace.happened[70].what;
  return trace;
}

TEST(Minimise, LeavesWhatItTakes) {
  Play2 play;
  const TraceFile trace = Hundred(&play);
  const Minimised m = Minimise(
      trace, 1000, [](const auto&) { return true; }, play);
  EXPECT_TRUE(m.repeats);
  EXPECT_TRUE(m.complete);
  EXPECT_EQ(Whats(m.trace), (std::vector<Occurrence>{play.a, play.b}));
  EXPECT_EQ(m.trace.swarm.initiators, 1u);
  EXPECT_LT(m.runs, 200u);
}

TEST(Minimise, KeepsToItsBudget) {
  Play2 play;
  const TraceFile trace = Hundred(&play);
  const Minimised m = Minimise(
      trace, 5, [](const auto&) { return true; }, play);
  EXPECT_TRUE(m.repeats);
  EXPECT_FALSE(m.complete);
  EXPECT_EQ(m.runs, 5u);
  const Minimised stopped = Minimise(
      trace, 1000, [](const MinimiseProgress& p) { return p.runs < 3; }, play);
  EXPECT_FALSE(stopped.complete);
  EXPECT_EQ(stopped.runs, 3u);
}

TEST(Minimise, SaysThatItDoesNotRepeat) {
  Play2 play;
  TraceFile trace = Hundred(&play);
  trace.signature = "3:x";
  const Minimised m = Minimise(
      trace, 1000, [](const auto&) { return true; }, play);
  EXPECT_FALSE(m.repeats);
  EXPECT_EQ(Whats(m.trace), Whats(trace));
  EXPECT_EQ(m.runs, 1u);
}

}  // namespace
}  // namespace srpt::sim
