// srpt_scenario: plays transcripts and says what is not as it stands in them.
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "conformance/scenarios/scenario.h"
#include "conformance/scenarios/transcript.h"
#include "core/base/check.h"

namespace srpt::scenarios {
namespace {

constexpr int kSame = 0;
constexpr int kDiffers = 1;
constexpr int kBad = 2;

std::string g_file;  // The one that is played: for a failed check of core's.

void OnCheckFailed(const char* file, int line, const char* what) {
  std::fprintf(stderr, "srpt_scenario: %s: core's own check failed: %s:%d: %s\n", g_file.c_str(),
               file, line, what);
}

void Help() {
  std::printf(
      "srpt_scenario [--rewrite] FILE...\n"
      "Plays each transcript in the simulator and compares its log, line by line.\n"
      "--rewrite: writes the log that was seen into the file. Read it before you keep it.\n"
      "Ends with 0 if all is as it stands there, 1 if not, 2 if a line makes no sense.\n\n"
      "A line at the left margin is a command, or a comment with #; what is indented is the log.\n"
      "Commands:\n%s",
      Usage().c_str());
}

int Bad(const std::string& file, const Complaint& complaint) {
  std::fprintf(stderr, "%s:%zu: %s\n", file.c_str(), complaint.line, complaint.text.c_str());
  return kBad;
}

int One(const std::string& file, bool rewrite) {
  g_file = file;
  std::ifstream in(file, std::ios::binary);
  std::stringstream content;
  content << in.rdbuf();
  if (!in || in.bad()) {
    std::fprintf(stderr, "srpt_scenario: %s: cannot be read\n", file.c_str());
    return kBad;
  }
  const std::string text = content.str();
  const auto transcript = ParseTranscript(text);
  if (!transcript.ok()) return Bad(file, transcript.error());
  const Outcome outcome = Play(*transcript);
  if (outcome.bad) return Bad(file, *outcome.bad);
  int status = kSame;
  if (outcome.failed) {
    std::printf("%s:%zu: %s\n", file.c_str(), outcome.failed->line, outcome.failed->text.c_str());
    status = kDiffers;
  }
  const std::string seen = Render(outcome.seen);
  if (seen == text) return status;
  if (!rewrite) {
    std::printf("%s: the log is not as expected (- expected, + seen)\n%s", file.c_str(),
                Difference(text, seen).c_str());
    return kDiffers;
  }
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out << seen;
  out.close();
  if (!out) {
    std::fprintf(stderr, "srpt_scenario: %s: cannot be written\n", file.c_str());
    return kBad;
  }
  std::printf("%s: rewritten\n", file.c_str());
  return status;
}

int Main(const std::vector<std::string_view>& arguments) {
  SetCheckHandler(&OnCheckFailed);
  bool rewrite = false;
  std::vector<std::string> files;
  for (const std::string_view argument : arguments) {
    if (argument == "--help") {
      Help();
      return kSame;
    }
    if (argument == "--rewrite") {
      rewrite = true;
    } else if (argument.starts_with("--")) {
      std::fprintf(stderr, "srpt_scenario: no such option: %s; --help lists them\n",
                   std::string(argument).c_str());
      return kBad;
    } else {
      files.emplace_back(argument);
    }
  }
  if (files.empty()) {
    std::fprintf(stderr, "srpt_scenario: which transcript? srpt_scenario [--rewrite] FILE...\n");
    return kBad;
  }
  int worst = kSame;
  for (const std::string& file : files) worst = std::max(worst, One(file, rewrite));
  if (worst == kSame) std::printf("%zu transcripts are as they stand\n", files.size());
  return worst;
}

}  // namespace
}  // namespace srpt::scenarios

int main(int argc, char** argv) {
  return srpt::scenarios::Main(std::vector<std::string_view>(argv + 1, argv + argc));
}
