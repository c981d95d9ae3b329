// A failure is explained, told on one screen, and its files are what they say.
#include "sim/report/report.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "sim/report/draft.h"

namespace srpt::sim {
namespace {

// An initiator without patience: it breaks in every build, whatever core does.
const TraceFile& Impatient() {
  static const TraceFile trace = [] {
    for (std::uint64_t seed = 1;; ++seed) {
      TraceFile t;
      t.swarm = DrawSwarm(seed);
      if (t.swarm.Disturbed() || t.swarm.hostile) continue;
      t.swarm.command_timeout = Duration{1000};
      Swarm recording = t.swarm;
      recording.world.script = Script::Mode::kRecord;
      Outcome outcome = RunSwarm(recording, 0);
      if (outcome.breach.empty()) continue;
      t.signature = outcome.breach.Signature();
      t.happened = std::move(outcome.happened);
      return t;
    }
  }();
  return trace;
}

const Explanation& Explained() {
  static const Explanation e =
      Explain(Impatient(), 3000, [](const MinimiseProgress&) { return true; });
  return e;
}

std::string FileText(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

bool Has(const std::vector<std::string>& lines, const std::string& what) {
  return std::any_of(lines.begin(), lines.end(),
                     [&](const std::string& line) { return line.find(what) != std::string::npos; });
}

TEST(Explain, FindsTheMomentFromWhichItBreaks) {
  const Explanation& e = Explained();
  ASSERT_TRUE(e.repeats);
  EXPECT_TRUE(e.complete);
  EXPECT_TRUE(e.same_fingerprint);
  EXPECT_LT(e.minimal.happened.size(), e.recorded.happened.size());
  EXPECT_EQ(e.outcome.breach.Signature(), Impatient().signature);
  ASSERT_TRUE(e.decisive);
  ASSERT_TRUE(e.neighbour);
  EXPECT_NE(e.neighbour->breach.Signature(), Impatient().signature);
  // Nothing can be spared: the decisive one is the last.
  EXPECT_EQ(e.decisive->what, e.minimal.happened.back().what);
  ASSERT_NE(e.outcome.story, nullptr);
  EXPECT_FALSE(e.outcome.story->events().empty());
}

TEST(Explain, SaysWhenItDoesNotRepeat) {
  TraceFile patient = Impatient();
  patient.swarm.command_timeout = Seconds(30);
  const Explanation e = Explain(patient, 3000, [](const MinimiseProgress&) { return true; });
  EXPECT_FALSE(e.repeats);
  const std::vector<std::string> text = ReportText(e, {"", "there"});
  EXPECT_TRUE(Has(text, "nothing: when it was recorded"));
}

TEST(Explain, KeepsToItsBudget) {
  const Explanation e = Explain(Impatient(), 5, [](const MinimiseProgress&) { return true; });
  EXPECT_LE(e.runs, 5u);
  EXPECT_FALSE(e.complete);
  EXPECT_TRUE(Has(ReportText(e, {"", "there"}), "budget is used up"));
}

TEST(Report, IsOneScreenThatSaysAll) {
  const std::vector<std::string> text = ReportText(Explained(), {"abc1234", "out/report"});
  EXPECT_LE(text.size(), 60u);
  for (const std::string& line : text) EXPECT_LE(line.size(), 100u) << line;
  EXPECT_TRUE(Has(text, "what broke   invariant "));
  EXPECT_TRUE(Has(text, RequirementOf(Explained().outcome.breach.invariant)));
  EXPECT_TRUE(Has(text, "at commit abc1234"));
  EXPECT_TRUE(Has(text, ", seen twice"));
  EXPECT_TRUE(Has(text, "inevitable   from "));
  EXPECT_TRUE(Has(text, "neighbour    without that"));
  EXPECT_TRUE(Has(text, "replay       ./dev sim --replay out/report/minimal.trace"));
  EXPECT_TRUE(Has(text, "initiator"));  // The chart.
}

TEST(Report, WritesItsFiles) {
  const std::filesystem::path at = std::filesystem::path(testing::TempDir()) / "a" / "report";
  ASSERT_EQ(WriteReport(Explained(), {"", at.string()}), "");
  for (const char* file : {"run.trace", "minimal.trace"}) {
    const auto trace = ReadTrace(FileText(at / file));
    ASSERT_TRUE(trace.ok()) << file << ": " << trace.error();
    EXPECT_EQ(trace->signature, Impatient().signature);
  }
  EXPECT_NE(FileText(at / "report.txt").find("what broke"), std::string::npos);
  EXPECT_NE(FileText(at / "report.html").find("<html"), std::string::npos);
  EXPECT_EQ(FileText(at / "capture.pcapng").substr(0, 4), "\x0a\x0d\x0d\x0a");
  EXPECT_NE(FileText(at / "draft_test.cc").find("TEST(Regression"), std::string::npos);
}

TEST(Report, SaysWhatItCannotWrite) {
  const std::filesystem::path file = std::filesystem::path(testing::TempDir()) / "no_directory";
  std::ofstream(file) << "x";
  const std::string wrong = WriteReport(Explained(), {"", (file / "below").string()});
  EXPECT_NE(wrong.find("no_directory"), std::string::npos) << wrong;
}

TEST(Draft, HoldsWhateverTheTraceSays) {
  TraceFile trace = Impatient();
  trace.happened.front().note = ")trace\" and )trace_\"";
  const std::string draft = DraftTest(trace, "a \\\nb");
  EXPECT_NE(draft.find("R\"trace__("), std::string::npos);
  EXPECT_NE(draft.find("// a   b\n"), std::string::npos);
}

// (The draft of a planted bug's failure is compiled and run: draft_example_test.)
TEST(Draft, LeavesThePlantedBugOut) {
  TraceFile trace = Impatient();
  trace.plant = PlantedBug::kKeyOfFirst;
  EXPECT_EQ(DraftTest(trace, "x").find("plant"), std::string::npos);
}

}  // namespace
}  // namespace srpt::sim
