// Prints the draft of a regression test for a recorded run: srpt_sim --report does so, too; this is
// for the build, which compiles one (draft_example_test).
#include <cstdio>
#include <fstream>
#include <sstream>

#include "sim/report/draft.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("draft FILE: the trace of a run\n", stderr);
    return 2;
  }
  std::ifstream file(argv[1], std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  const auto trace = srpt::sim::ReadTrace(text.str());
  if (!trace.ok()) {
    std::fprintf(stderr, "draft: %s: %s\n", argv[1], trace.error().c_str());
    return 2;
  }
  std::fputs(srpt::sim::DraftTest(trace.value(), trace->signature).c_str(), stdout);
  return 0;
}
