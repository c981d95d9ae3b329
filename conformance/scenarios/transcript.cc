#include "conformance/scenarios/transcript.h"

#include <algorithm>
#include <utility>

namespace srpt::scenarios {
namespace {

std::vector<std::string_view> Lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

bool IsText(std::string_view line) {
  return std::all_of(line.begin(), line.end(), [](char c) {
    const auto u = static_cast<unsigned char>(c);
    return u == '\t' || (u >= 0x20 && u != 0x7f);
  });
}

bool IsBlank(std::string_view line) { return line.find_first_not_of(" \t") == line.npos; }

}  // namespace

Result<Transcript, Complaint> ParseTranscript(std::string_view text) {
  if (text.size() > kTranscriptBytesMax) {
    return Err{Complaint{1, "the file is longer than " + std::to_string(kTranscriptBytesMax) +
                                " bytes; a transcript is a text for people"}};
  }
  Transcript transcript;
  std::size_t number = 0;
  for (const std::string_view line : Lines(text)) {
    ++number;
    if (!IsText(line)) {
      return Err{Complaint{number,
                           "there is a byte that is no text (carriage returns are none); a line "
                           "is printable characters and ends with a line feed"}};
    }
    if (IsBlank(line) || line[0] == '#') {
      transcript.entries.push_back({number, std::string(line), false, {}});
    } else if (line[0] != ' ' && line[0] != '\t') {
      transcript.entries.push_back({number, std::string(line), true, {}});
    } else if (transcript.entries.empty() || !transcript.entries.back().command) {
      return Err{Complaint{number,
                           "a line of a log stands behind no command; commands begin at the left "
                           "margin, and their log follows at once"}};
    } else {
      transcript.entries.back().log.emplace_back(line);
    }
  }
  const bool empty = std::none_of(transcript.entries.begin(), transcript.entries.end(),
                                  [](const Transcript::Entry& entry) { return entry.command; });
  if (empty) return Err{Complaint{1, "there is no command; srpt_scenario --help lists them"}};
  return transcript;
}

std::string Render(const Transcript& transcript) {
  std::string text;
  for (const Transcript::Entry& entry : transcript.entries) {
    text += entry.text + '\n';
    for (const std::string& line : entry.log) text += line + '\n';
  }
  return text;
}

namespace {

struct Edit {
  char what = ' ';  // ' ', '-' or '+'.
  std::string_view line;
};

// By the longest common subsequence, after what is the same at both ends.
std::vector<Edit> Edits(const std::vector<std::string_view>& a,
                        const std::vector<std::string_view>& b) {
  std::size_t head = 0;
  while (head < a.size() && head < b.size() && a[head] == b[head]) ++head;
  std::size_t tail = 0;
  while (tail < a.size() - head && tail < b.size() - head &&
         a[a.size() - 1 - tail] == b[b.size() - 1 - tail]) {
    ++tail;
  }
  const std::size_t n = a.size() - head - tail;
  const std::size_t m = b.size() - head - tail;
  std::vector<Edit> edits;
  for (std::size_t i = 0; i < head; ++i) edits.push_back({' ', a[i]});
  // common[i][j]: of a's lines from i on and b's from j on. A table that is too large is not worth
  // it: then all of the middle is different.
  constexpr std::size_t kCellsMax = 16u << 20;
  const bool small = (n + 1) * (m + 1) <= kCellsMax;
  std::vector<std::size_t> common(small ? (n + 1) * (m + 1) : 0);
  const auto cell = [&](std::size_t i, std::size_t j) -> std::size_t& {
    return common[i * (m + 1) + j];
  };
  for (std::size_t i = n; small && i-- > 0;) {
    for (std::size_t j = m; j-- > 0;) {
      cell(i, j) = a[head + i] == b[head + j] ? cell(i + 1, j + 1) + 1
                                              : std::max(cell(i + 1, j), cell(i, j + 1));
    }
  }
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < n || j < m) {
    if (small && i < n && j < m && a[head + i] == b[head + j]) {
      edits.push_back({' ', a[head + i]});
      ++i, ++j;
    } else if (i < n && (!small || j == m || cell(i + 1, j) >= cell(i, j + 1))) {
      edits.push_back({'-', a[head + i++]});
    } else {
      edits.push_back({'+', b[head + j++]});
    }
  }
  for (std::size_t k = a.size() - tail; k < a.size(); ++k) edits.push_back({' ', a[k]});
  return edits;
}

}  // namespace

std::string Difference(std::string_view expected, std::string_view seen, std::size_t context) {
  if (expected == seen) return {};
  const std::vector<Edit> edits = Edits(Lines(expected), Lines(seen));
  std::vector<bool> shown(edits.size());
  for (std::size_t i = 0; i < edits.size(); ++i) {
    if (edits[i].what == ' ') continue;
    const std::size_t from = i > context ? i - context : 0;
    const std::size_t to = std::min(i + context + 1, edits.size());
    std::fill(shown.begin() + static_cast<std::ptrdiff_t>(from),
              shown.begin() + static_cast<std::ptrdiff_t>(to), true);
    // The command that a line belongs to is always there.
    std::size_t command = i;
    while (command > 0 && (edits[command].line.empty() || edits[command].line[0] == ' ')) --command;
    shown[command] = true;
  }
  std::string text;
  std::size_t expected_line = 0;
  bool gap = true;
  for (std::size_t i = 0; i < edits.size(); ++i) {
    if (edits[i].what != '+') ++expected_line;
    if (!shown[i]) {
      gap = true;
      continue;
    }
    if (gap) text += "@@ line " + std::to_string(std::max<std::size_t>(expected_line, 1)) + " @@\n";
    gap = false;
    text += edits[i].what;
    text += ' ';
    text += edits[i].line;
    text += '\n';
  }
  // Only the last line feed, or blanks that cannot be seen.
  if (text.empty()) text = "the last line does not end with a line feed\n";
  return text;
}

}  // namespace srpt::scenarios
