#include "sim/report/report.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>

#include "sim/planted_bugs.h"
#include "sim/report/capture.h"
#include "sim/report/chart.h"
#include "sim/report/draft.h"
#include "sim/report/page.h"

namespace srpt::sim {
namespace {

constexpr std::size_t kColumns = 100;
constexpr std::size_t kIndent = 13;
constexpr std::size_t kOccurrencesShown = 8;
constexpr std::size_t kChartLines = 28;

// "name         text", the text broken into lines of at most kColumns.
void Say(std::vector<std::string>& lines, std::string_view name, std::string_view text) {
  std::string head(name);
  head.resize(kIndent, ' ');
  while (true) {
    std::size_t n = std::min(text.size(), kColumns - kIndent);
    if (n < text.size()) {
      const std::size_t space = text.rfind(' ', n);
      if (space != std::string_view::npos && space > 0) n = space;
    }
    lines.push_back(head + std::string(text.substr(0, n)));
    text.remove_prefix(n);
    while (text.starts_with(' ')) text.remove_prefix(1);
    if (text.empty()) return;
    head.assign(kIndent, ' ');
  }
}

std::string Hex(std::uint64_t value) {
  std::array<char, 20> text{};
  std::snprintf(text.data(), text.size(), "%016" PRIx64, value);
  return text.data();
}

void SayWhatItTakes(std::vector<std::string>& lines, const Explanation& e) {
  const std::size_t left = e.minimal.happened.size();
  const std::size_t had = e.recorded.happened.size();
  std::string what = std::to_string(left) + " of " + std::to_string(had) +
                     (had == 1 ? " occurrence" : " occurrences") + ", after " +
                     std::to_string(e.runs) + " runs";
  if (!e.repeats) {
    what = "the run does not break that when it is played again: nothing was cut down";
  } else if (!e.complete) {
    what += " (the budget is used up: perhaps fewer would do)";
  } else {
    what += "; without any one of these it holds";
  }
  Say(lines, "it takes", what);
  const std::size_t skipped = left > kOccurrencesShown ? left - kOccurrencesShown : 0;
  if (skipped > 0) Say(lines, "", "  (" + std::to_string(skipped) + " that came before)");
  for (std::size_t i = skipped; i < left; ++i) {
    Say(lines, "", "  " + OccurrenceText(e.minimal.happened[i]));
  }
}

void SayWhen(std::vector<std::string>& lines, const Explanation& e) {
  if (!e.repeats) return;
  if (!e.decisive) {
    Say(lines, "inevitable", "from the beginning: with these options it breaks whatever happens");
    Say(lines, "neighbour", "none by leaving something out");
    return;
  }
  Say(lines, "inevitable", "from " + OccurrenceText(*e.decisive));
  const Outcome& n = *e.neighbour;
  Say(lines, "neighbour",
      n.broken.empty()
          ? "without that, and what came after, all holds (fingerprint " + Hex(n.fingerprint) + ")"
          : "without that it breaks something else: " + n.broken);
}

std::string Seed(const Explanation& e, const ReportSource& source) {
  std::string text = std::to_string(e.minimal.swarm.world.seed) + ", at commit " +
                     (source.commit.empty() ? "(not known)" : source.commit);
  if (e.minimal.plant != PlantedBug::kNone) {
    text += ", with a planted bug: " + std::string(RuleOf(e.minimal.plant).name) + " (" +
            std::string(RuleOf(e.minimal.plant).what) + ")";
  }
  return text;
}

std::string ReplayCommand(const ReportSource& source) {
  return "./dev sim --replay " + source.directory + "/minimal.trace";
}

bool Write(const std::filesystem::path& file, std::string_view text, std::string* wrong) {
  errno = 0;
  std::ofstream out(file, std::ios::binary);
  out << text;
  out.close();
  if (out) return true;
  *wrong = "cannot write " + file.string() + ": " + std::strerror(errno);
  return false;
}

std::string Joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

}  // namespace

std::string RequirementOf(Invariant invariant) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "R-INV-%02d", Number(invariant));
  return text.data();
}

std::vector<std::string> ReportText(const Explanation& e, const ReportSource& source) {
  const Outcome& o = e.outcome;
  std::vector<std::string> lines;
  if (o.breach.empty()) {
    Say(lines, "what broke", "nothing: when it was recorded, " + e.recorded.signature);
  } else {
    Say(lines, "what broke", o.breach.Text());
    Say(lines, "requirement", RequirementOf(o.breach.invariant) + " (./dev conformance --report)");
  }
  Say(lines, "seed", Seed(e, source));
  Say(lines, "fingerprint",
      Hex(o.fingerprint) +
          (e.same_fingerprint ? ", seen twice" : ", and ANOTHER ONE the next time") + "; at " +
          std::to_string(o.virtual_time.ns / 1000) + " us of virtual time");
  SayWhatItTakes(lines, e);
  SayWhen(lines, e);
  Say(lines, "replay", ReplayCommand(source));
  Say(lines, "files",
      "in " + source.directory +
          ": report.html, capture.pcapng, minimal.trace, run.trace, draft_test.cc");
  if (o.story != nullptr) {
    lines.emplace_back();
    const std::vector<std::string> chart = ChartText(MakeChart(*o.story), kColumns, kChartLines);
    lines.insert(lines.end(), chart.begin(), chart.end());
  }
  return lines;
}

std::string WriteReport(const Explanation& e, const ReportSource& source) {
  const std::filesystem::path directory(source.directory);
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) return "cannot make " + directory.string() + ": " + error.message();
  const std::vector<std::string> text = ReportText(e, source);
  std::string wrong;
  if (!Write(directory / "report.txt", Joined(text), &wrong) ||
      !Write(directory / "run.trace", WriteTrace(e.recorded), &wrong) ||
      !Write(directory / "minimal.trace", WriteTrace(e.minimal), &wrong) ||
      !Write(directory / "draft_test.cc", DraftTest(e.minimal, e.outcome.broken), &wrong)) {
    return wrong;
  }
  if (e.outcome.story == nullptr) return wrong;
  PageInput page;
  page.title = "seed " + std::to_string(e.minimal.swarm.world.seed);
  page.report = text;
  page.story = e.outcome.story.get();
  page.breach = e.outcome.breach;
  page.replay = ReplayCommand(source);
  if (!e.outcome.breach.empty()) page.requirements = {RequirementOf(e.outcome.breach.invariant)};
  if (e.decisive) page.inevitable = e.decisive->at;
  if (!Write(directory / "report.html", MakePage(page), &wrong)) return wrong;
  Write(directory / "capture.pcapng", MakeCapture(*e.outcome.story), &wrong);
  return wrong;
}

}  // namespace srpt::sim
