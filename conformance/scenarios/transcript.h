// A transcript as a text: comments, commands, and below each command the log that it is to give.
//
//   # Fault 1: A SEND's completion never arrives.         a comment, or an empty line: kept as it
//   is login A                                               a command: at the left margin
//         10.510  A -> REQ ...                            its log: indented
//
// Nothing here knows what a command means.
#ifndef CONFORMANCE_SCENARIOS_TRANSCRIPT_H_
#define CONFORMANCE_SCENARIOS_TRANSCRIPT_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace srpt::scenarios {

// What is wrong with a line, and what would be right.
struct Complaint {
  std::size_t line = 0;  // From 1.
  std::string text;
};

struct Transcript {
  struct Entry {
    std::size_t line = 0;          // Of the text, from 1.
    std::string text;              // A comment, an empty line, or a command; verbatim.
    bool command = false;          // Then:
    std::vector<std::string> log;  // Verbatim, with its margin.
  };
  std::vector<Entry> entries;
};

inline constexpr std::string_view kLogMargin = "    ";
inline constexpr std::size_t kTranscriptBytesMax = 4u << 20;

// Complains of a text without a command, a line of a log that stands behind none, a byte that is no
// text, and a text that is too long.
Result<Transcript, Complaint> ParseTranscript(std::string_view text);

// The text again; every line ends with a line feed.
std::string Render(const Transcript& transcript);

// A readable difference: nothing if they are equal, else lines with "- " (expected) and "+ "
// (seen), with `context` lines around them, and what was left out between.
std::string Difference(std::string_view expected, std::string_view seen, std::size_t context = 3);

}  // namespace srpt::scenarios

#endif  // CONFORMANCE_SCENARIOS_TRANSCRIPT_H_
