// What a state machine does for every state and event, as text beside the test. The test fails with
// the lines that differ; `bazel run` of the same test writes the file anew, to be read as a diff.
#ifndef CORE_SRP_GOLDEN_TABLE_H_
#define CORE_SRP_GOLDEN_TABLE_H_

#include <span>
#include <string>
#include <string_view>

#include "core/action.h"

namespace srpt {

// "Disconnect", "SendIu RSP CHECK CONDITION 05/24/00", "ToDirector ChannelClosed", ...: one action
// for the reader. `iu`: the bytes that a SendIu sends.
std::string Describe(const Action& action, Bytes iu);

// The check that `step` fails, or "" if it fails none. What it worked on is not to be used again
// after a failure.
template <class F>
std::string CheckThatFails(F&& step) {
  struct Failed {
    std::string what;
  };
  const CheckHandler before =
      SetCheckHandler([](const char*, int, const char* what) { throw Failed{what}; });
  std::string failed;
  try {
    step();
  } catch (const Failed& f) {
    failed = f.what;
  }
  SetCheckHandler(before);
  return failed;
}

// Compares `text` with the file of this name (from the project's root), line by line.
void ExpectGolden(const std::string& path, const std::string& text);

}  // namespace srpt

#endif  // CORE_SRP_GOLDEN_TABLE_H_
