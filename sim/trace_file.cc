#include "sim/trace_file.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <map>
#include <optional>
#include <system_error>
#include <type_traits>

#include "core/base/limits.h"
#include "sim/planted_bugs.h"

namespace srpt::sim {
namespace {

constexpr std::string_view kMagic = "srpt-trace";
constexpr int kVersion = 1;
constexpr std::uint64_t kAny = std::numeric_limits<std::uint64_t>::max();
constexpr std::size_t kDisksMax = 16;

// Every option of a swarm with its name and its limits: one list for writing and for reading.
template <class S, class Visit>
void VisitOptions(S& s, Visit&& visit) {
  auto& w = s.world;
  auto& p = w.parameters;
  visit("seed", w.seed, 0, kAny);
  visit("initiators", s.initiators, 1, 64);
  visit("channels", s.channels, 1, limits::kChannelsPerNexusMax);
  visit("depth", s.depth, 1, 126);
  visit("commands", s.commands, 0, 1000000);
  visit("bytes-max", s.bytes_max, 512, 16u << 20);
  visit("write-percent", s.write_percent, 0, 100);
  visit("fua-percent", s.fua_percent, 0, 100);
  visit("other-percent", s.other_percent, 0, 100);
  visit("think-percent", s.think_percent, 0, 100);
  visit("abort-per-million", s.abort_per_million, 0, 1000000);
  visit("reset-per-million", s.reset_per_million, 0, 1000000);
  visit("stall-per-million", s.stall_per_million, 0, 1000000);
  visit("immediate", s.immediate, 0, 1);
  visit("partial-tables", s.partial_tables, 0, 1);
  visit("manual-receives", s.manual_receives, 0, 1);
  visit("hostile", s.hostile, 0, 1);
  visit("hostile-silent", s.hostile_silent, 0, 1);
  visit("shutdown", s.shutdown, 0, 1);
  visit("command-timeout-ns", s.command_timeout.ns, 1000, 1000000000000);
  visit("bidirectional", s.bidirectional, 0, 1);
  visit("think-max-ns", s.think_max.ns, 1, 1000000000000000);
  visit("work-max-ns", s.work_max.ns, 1000000000, 10000000000000000);
  visit("labels", w.form, 0, 1);  // 0: of real bytes.
  visit("rnr-retries", w.rnr_retries, 0, ~std::uint32_t{0});
  visit("stale", w.stale, 0, kAny);
  visit("service-guid", p.service_guid, 0, kAny);
  visit("shards", p.shards, 1, 64);
  visit("channels-per-shard", p.channels_per_shard, 1, 1024);
  visit("data-buffers", p.data_buffers_per_shard, 1, 65536);
  visit("buffer-waits", p.buffer_waits_max, 1, 65535);
  visit("send-queue", p.srpt_sq_size, limits::kSqSizeMin, limits::kSqSizeMax);
  visit("rdma-size", p.srp_max_rdma_size, 512, 16u << 20);
  visit("credits", p.credits, limits::kCreditsMin, limits::kCreditsMax);
  visit("use-srq", p.use_srq, 0, 1);
  visit("srq-size", p.srpt_srq_size, 4, 65535);
}

// What traces did not have from the beginning: where it is missing, it is as a Swarm has it.
bool IsLater(std::string_view option) {
  return option == "bidirectional" || option == "think-max-ns" || option == "work-max-ns";
}

template <class T>
std::uint64_t AsNumber(T value) {
  return static_cast<std::uint64_t>(value);
}

// The name without blanks and signs: "hostile-bad-login".
std::string Slug(std::string_view name) {
  std::string slug;
  for (const char c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (plain) slug += c;
    if (!plain && !slug.empty() && slug.back() != '-') slug += '-';
  }
  return slug;
}

std::optional<OccurrenceKind> KindOf(std::string_view slug) {
  static const std::map<std::string, std::size_t> kinds = [] {
    std::map<std::string, std::size_t> all;
    for (std::size_t i = 0; i < OccurrenceKind::kCount; ++i) {
      all.emplace(Slug(ToString(OccurrenceKind::Of(i))), i);
    }
    return all;
  }();
  const auto at = kinds.find(std::string(slug));
  if (at == kinds.end()) return std::nullopt;
  return OccurrenceKind::Of(at->second);
}

std::string Hex(std::uint64_t x) {
  std::array<char, 17> text{};
  const auto [end, error] = std::to_chars(text.data(), text.data() + 16, x, 16);
  return error == std::errc() ? std::string(text.data(), end) : std::string();
}

std::optional<std::uint64_t> NumberIn(std::string_view text, int base) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number, base);
  if (error != std::errc() || stopped != end) return std::nullopt;
  return number;
}

std::string Expected(std::string_view what, std::string_view found) {
  return std::string(what) + " was expected, not \"" + std::string(found) + "\"";
}

// A number from `low` to `high`, or why not.
std::string Bounded(std::string_view name, std::string_view text, std::uint64_t low,
                    std::uint64_t high, std::uint64_t* out) {
  const auto number = NumberIn(text, 10);
  if (number && *number >= low && *number <= high) {
    *out = *number;
    return "";
  }
  return std::string(name) + ": " +
         Expected("a number from " + std::to_string(low) + " to " + std::to_string(high), text);
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}
  Result<TraceFile, std::string> Read();

 private:
  using Words = std::vector<std::string_view>;
  // The next line that says something. False: the text is over.
  bool Next(std::string_view* line);
  // Empty, or what is wrong with the line.
  std::string Take(std::string_view line, const Words& words);
  std::string TakeOption(const Words& words);
  std::string TakeDisk(const Words& words);
  std::string TakeRate(const Words& words);
  std::string TakeHappening(const Words& words);
  std::string Finish();
  std::string_view text_;
  int line_ = 0;
  TraceFile trace_;
  std::map<std::string, bool> seen_;
  bool ended_ = false;
};

bool Parser::Next(std::string_view* line) {
  while (!text_.empty()) {
    const std::size_t end = text_.find('\n');
    *line = text_.substr(0, end);
    text_.remove_prefix(end == std::string_view::npos ? text_.size() : end + 1);
    ++line_;
    if (line->starts_with("#")) continue;
    if (const std::size_t comment = line->find("  #"); comment != std::string_view::npos) {
      *line = line->substr(0, comment);
    }
    while (line->ends_with(' ') || line->ends_with('\r')) line->remove_suffix(1);
    if (!line->empty()) return true;
  }
  return false;
}

std::string Parser::TakeOption(const Words& words) {
  if (words.size() != 3) return Expected("option NAME VALUE", words.back());
  std::string wrong = SetOption(words[1], words[2], trace_.swarm);
  if (wrong.empty() && !seen_.emplace(words[1], true).second) {
    wrong = "option " + std::string(words[1]) + " comes twice";
  }
  return wrong;
}

std::string Parser::TakeDisk(const Words& words) {
  if (words.size() != 6) return "disk NAME HANDLER BLOCK-BYTES BLOCKS back|through was expected";
  if (trace_.swarm.world.disks.size() == kDisksMax) {
    return "more than " + std::to_string(kDisksMax) + " disks";
  }
  DiskOptions disk;
  disk.name = words[1];
  if (disk.name.size() > 32) return "a disk's name has at most 32 characters";
  if (words[2] != "fileio" && words[2] != "nullio") return Expected("fileio or nullio", words[2]);
  disk.handler = words[2] == "nullio" ? scsi::HandlerKind::kNullio : scsi::HandlerKind::kFileio;
  if (words[3] != "512" && words[3] != "4096") return Expected("512 or 4096", words[3]);
  disk.block_bytes = words[3] == "512" ? 512 : 4096;
  const std::string wrong = Bounded("blocks", words[4], 1, 1u << 20, &disk.blocks);
  if (!wrong.empty()) return wrong;
  if (words[5] != "back" && words[5] != "through") return Expected("back or through", words[5]);
  disk.write_through = words[5] == "through";
  trace_.swarm.world.disks.push_back(disk);
  return "";
}

std::string Parser::TakeRate(const Words& words) {
  if (words.size() != 3) return "rate FAULT NUMBER was expected";
  const auto kind = KindOf(words[1]);
  if (!kind || !kind->is_fault()) return Expected("a kind of fault", words[1]);
  std::uint64_t number = 0;
  std::string wrong = Bounded("rate", words[2], 0, 1000000, &number);
  trace_.swarm.world.faults[kind->index()] = static_cast<std::uint32_t>(number);
  return wrong;
}

std::string Parser::TakeHappening(const Words& words) {
  if (words.size() != 4) return "happens KIND ENTITY ORDINAL was expected";
  const auto kind = KindOf(words[1]);
  if (!kind) return Expected("a kind of fault, or what an initiator does", words[1]);
  const auto entity = NumberIn(words[2], 16);
  const auto ordinal = NumberIn(words[3], 10);
  if (!entity) return Expected("an entity, in hexadecimal digits,", words[2]);
  if (!ordinal) return Expected("an ordinal, in decimal digits,", words[3]);
  trace_.happened.push_back({Occurrence{*kind, *entity, *ordinal}, Time{}, ""});
  return "";
}

std::string Parser::Take(std::string_view line, const Words& words) {
  if (words[0] == "option") return TakeOption(words);
  if (words[0] == "disk") return TakeDisk(words);
  if (words[0] == "rate") return TakeRate(words);
  if (words[0] == "happens") return TakeHappening(words);
  if (words[0] == "plant" && words.size() == 2) {
    trace_.plant = PlantedBugOf(words[1]);
    if (trace_.plant != PlantedBug::kCount) return "";
    return "\"" + std::string(words[1]) + "\" is no planted bug";
  }
  if (words[0] == "breaks" && words.size() > 1) {
    trace_.signature = line.substr(words[1].data() - line.data());
    return "";
  }
  if (words[0] == "end" && words.size() == 2) {
    ended_ = true;
    if (NumberIn(words[1], 10) == trace_.happened.size()) return "";
    return "it ends after " + std::string(words[1]) + " occurrences, but there are " +
           std::to_string(trace_.happened.size()) + ": some were lost";
  }
  return Expected("option, disk, rate, plant, breaks, happens or end", words[0]);
}

std::string Parser::Finish() {
  if (!ended_) return "the trace is cut off: its last line, end, is missing";
  std::string missing;
  VisitOptions(trace_.swarm, [&](std::string_view name, const auto&, std::uint64_t, std::uint64_t) {
    if (missing.empty() && seen_.count(std::string(name)) == 0 && !IsLater(name)) missing = name;
  });
  if (!missing.empty()) return "option " + missing + " is missing";
  const Swarm& s = trace_.swarm;
  if (s.world.disks.empty() || s.units() == 0) return "it has no disk for the initiators";
  for (std::size_t i = 0; i < s.world.disks.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (s.world.disks[i].name == s.world.disks[j].name) {
        return "two disks have the name " + s.world.disks[i].name;
      }
    }
  }
  const Parameters& p = s.world.parameters;
  if (p.use_srq && p.srpt_srq_size < limits::kCreditsMin + limits::kReceivesBeyondCredits) {
    return "srq-size: too small for one channel";
  }
  return "";
}

Result<TraceFile, std::string> Parser::Read() {
  const auto failed = [this](const std::string& wrong) {
    return Err{"line " + std::to_string(line_) + ": " + wrong};
  };
  std::string_view line;
  bool first = true;
  while (!ended_ && Next(&line)) {
    Words words;
    for (std::size_t at = 0; at < line.size();) {
      const std::size_t end = std::min(line.find(' ', at), line.size());
      if (end > at) words.push_back(line.substr(at, end - at));
      at = end + 1;
    }
    if (words.empty()) continue;
    if (first) {
      if (words.size() != 2 || words[0] != kMagic) {
        return failed(Expected("a trace, which begins with \"srpt-trace 1\",", line));
      }
      if (words[1] != std::to_string(kVersion)) {
        return failed("this is version " + std::string(words[1]) + " of the format; version " +
                      std::to_string(kVersion) + " is what can be read");
      }
      first = false;
      continue;
    }
    const std::string wrong = Take(line, words);
    if (!wrong.empty()) return failed(wrong);
  }
  if (first) return failed("the trace is empty");
  const std::string wrong = Finish();
  if (!wrong.empty()) return failed(wrong);
  MapDisks(trace_.swarm);
  return std::move(trace_);
}

}  // namespace

Swarm TraceFile::Playing() const {
  Swarm playing = swarm;
  playing.world.script = Script::Mode::kPlay;
  playing.world.occurrences.clear();
  for (const Script::Record& record : happened) playing.world.occurrences.push_back(record.what);
  return playing;
}

std::string OccurrenceText(const Script::Record& record) {
  std::array<char, 48> at{};
  std::snprintf(at.data(), at.size(), "%.6f ms: ", static_cast<double>(record.at.ns) / 1e6);
  return at.data() + (record.note.empty() ? "" : record.note + ": ") +
         std::string(ToString(record.what.kind));
}

std::string SetOption(std::string_view name, std::string_view value, Swarm& swarm) {
  std::string wrong = "there is no option \"" + std::string(name) + "\"";
  VisitOptions(swarm,
               [&](std::string_view known, auto& field, std::uint64_t low, std::uint64_t high) {
                 if (known != name) return;
                 std::uint64_t number = 0;
                 wrong = Bounded(name, value, low, high, &number);
                 if (wrong.empty())
                   field = static_cast<std::remove_reference_t<decltype(field)>>(number);
               });
  return wrong;
}

std::vector<std::string> OptionLines(const Swarm& swarm) {
  std::vector<std::string> lines;
  VisitOptions(swarm, [&](std::string_view name, const auto& field, std::uint64_t, std::uint64_t) {
    lines.push_back("option " + std::string(name) + " " + std::to_string(AsNumber(field)));
  });
  for (const DiskOptions& disk : swarm.world.disks) {
    lines.push_back("disk " + disk.name +
                    (disk.handler == scsi::HandlerKind::kNullio ? " nullio " : " fileio ") +
                    std::to_string(disk.block_bytes) + " " + std::to_string(disk.blocks) +
                    (disk.write_through ? " through" : " back"));
  }
  for (std::size_t i = 0; i < kFaultKinds; ++i) {
    if (swarm.world.faults[i] == 0) continue;
    lines.push_back("rate " + Slug(ToString(OccurrenceKind::Of(i))) + " " +
                    std::to_string(swarm.world.faults[i]));
  }
  return lines;
}

std::string WriteTrace(const TraceFile& trace) {
  std::string text = std::string(kMagic) + " " + std::to_string(kVersion) + "\n";
  for (const std::string& line : OptionLines(trace.swarm)) text += line + "\n";
  if (trace.plant != PlantedBug::kNone) {
    text += "plant " + std::string(RuleOf(trace.plant).name) + "\n";
  }
  if (!trace.signature.empty()) text += "breaks " + trace.signature + "\n";
  for (const Script::Record& record : trace.happened) {
    text += "happens " + Slug(ToString(record.what.kind)) + " " + Hex(record.what.entity) + " " +
            std::to_string(record.what.ordinal) + "  # " + std::to_string(record.at.ns / 1000) +
            " us" + (record.note.empty() ? "" : ", " + record.note) + "\n";
  }
  text += "end " + std::to_string(trace.happened.size()) + "\n";
  return text;
}

Result<TraceFile, std::string> ReadTrace(std::string_view text) { return Parser(text).Read(); }

}  // namespace srpt::sim
