#include "sim/report/draft.h"

namespace srpt::sim {
namespace {

// Any text as the rest of a comment's line.
std::string OneLine(std::string_view text) {
  std::string line;
  for (const char c : text) line += c == '\n' || c == '\r' || c == '\\' ? ' ' : c;
  return line;
}

}  // namespace

std::string DraftTest(const TraceFile& trace, std::string_view what_broke) {
  TraceFile sound = trace;
  sound.plant = PlantedBug::kNone;
  const std::string run = WriteTrace(sound);
  // What closes the literal must not be in it.
  std::string close = "trace";
  while (run.find(")" + close + "\"") != std::string::npos) close += "_";
  const std::string seed = std::to_string(trace.swarm.world.seed);
  return "// Seed " + seed +
         " broke:\n"
         "// " +
         OneLine(what_broke) +
         "\n"
         "#include <gtest/gtest.h>\n"
         "\n"
         "#include \"sim/minimise.h\"\n"
         "#include \"sim/trace_file.h\"\n"
         "\n"
         "namespace srpt::sim {\n"
         "namespace {\n"
         "\n"
         "// TODO: a name that says what must hold.\n"
         "TEST(Regression, Seed" +
         seed +
         ") {\n"
         "  const auto trace = ReadTrace(R\"" +
         close + "(" + run + ")" + close +
         "\");\n"
         "  ASSERT_TRUE(trace.ok()) << trace.error();\n"
         "  const Outcome outcome = Play(trace.value());\n"
         "  EXPECT_EQ(outcome.broken, \"\");\n"
         "  // The run has to be about what it was about: all of it happened.\n"
         "  EXPECT_TRUE(outcome.unused.empty());\n"
         "}\n"
         "\n"
         "}  // namespace\n"
         "}  // namespace srpt::sim\n";
}

}  // namespace srpt::sim
