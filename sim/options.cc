#include "sim/options.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <string_view>
#include <system_error>

#include "sim/paths.h"
#include "sim/planted_bugs.h"
#include "sim/trace_file.h"

namespace srpt::sim {

const char kUsage[] =
    "srpt_sim [--seeds N] [--seed S] [--minutes M] [--jobs J] [--failures DIR] [--json FILE]\n"
    "         [--paths FILE] [--profile NAME] [--option NAME=VALUE]... [--trace LINES] [--plant "
    "BUG]\n"
    "  Runs N seeds (default 100) from S (default 1): the target's core against a simulated "
    "fabric,\n"
    "  disks and clock, with workload initiators that verify every byte, while faults strike.\n"
    "  --minutes M   for so long, or until N seeds were run if N is given\n"
    "  --jobs J      seeds at a time (default 1)\n"
    "  --failures DIR a trace of the first seed that broke in each way (DIR/seed-N.trace), at most "
    "100\n"
    "  --json FILE   the fingerprint of each seed and of the whole run\n"
    "  --paths FILE  which basic blocks of core were reached (bazel --config=paths)\n"
    "  --profile NAME a fixed workload, for its speed: busy, mixed or idle; 5 seeds of it\n"
    "  --option NAME=VALUE  changes an option that a seed drew, by the name it has in traces\n"
    "  --trace LINES how many of the last events a failure shows (default 30)\n"
    "  --record FILE    writes down the run of seed S: its options, and all that happened and "
    "need\n"
    "                   not have\n"
    "  --replay FILE    plays such a file, and says which of it found no opportunity\n"
    "  --minimise FILE  cuts it down to what it takes to break the same thing\n"
    "    --out FILE     where that goes (default: FILE.min)\n"
    "    --runs N       in at most so many runs (default 3000)\n"
    "  --plant BUG   with a mistake in core (core/base/planted.h; bazel --config=planted)\n"
    "  Exit status: 0 all held, 1 something broke, 2 bad options.\n";

namespace {

constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();

struct NumberOption {
  std::string_view name;
  std::uint64_t low;
  std::uint64_t high;
};
constexpr NumberOption kNumbers[] = {
    {"--seeds", 1, Options::kSeedsMax},
    {"--seed", 0, kMost},
    {"--jobs", 1, 256},
    {"--trace", 0, 1000000},
    {"--runs", 1, Options::kRunsMax},
};

struct FileOption {
  std::string_view name;
  std::string Options::*field;
};
constexpr FileOption kFiles[] = {
    {"--json", &Options::json},     {"--record", &Options::record},
    {"--replay", &Options::replay}, {"--minimise", &Options::minimise},
    {"--out", &Options::out},       {"--failures", &Options::failures},
    {"--paths", &Options::paths},
};

// Decimal, or hexadecimal after 0x; nothing else around it.
bool ParseNumber(std::string_view text, std::uint64_t* out) {
  int base = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    base = 16;
    text.remove_prefix(2);
  }
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, *out, base);
  return error == std::errc() && stopped == end;
}

std::string SetMinutes(const std::string& value, Options* options) {
  const char* const end = value.data() + value.size();
  const auto [stopped, error] =
      std::from_chars(value.data(), end, options->minutes, std::chars_format::fixed);
  if (error == std::errc() && stopped == end && options->minutes >= Options::kMinutesMin &&
      options->minutes <= Options::kMinutesMax) {
    return "";
  }
  return "--minutes: a number from 0.001 to 100000 was expected, not \"" + value + "\"";
}

std::string SetChange(const std::string& value, Options* options) {
  const std::size_t equals = value.find('=');
  if (equals == std::string::npos) {
    return "--option: NAME=VALUE was expected, not \"" + value + "\"";
  }
  const std::string name = value.substr(0, equals);
  const std::string number = value.substr(equals + 1);
  // --seed sets the one; a hostile peer has a disk of its own, which was drawn or not.
  if (name == "seed" || name == "hostile") return "--option: " + name + " cannot be changed";
  Swarm any;
  const std::string wrong = SetOption(name, number, any);
  if (!wrong.empty()) return "--option: " + wrong;
  options->changes.emplace_back(name, number);
  return "";
}

std::string NotANumber(const NumberOption& option, const std::string& value) {
  return std::string(option.name) + ": a number from " + std::to_string(option.low) + " to " +
         std::to_string(option.high) + " was expected, not \"" + value + "\"";
}

std::string Set(const std::string& name, const std::string& value, Options* options) {
  for (const FileOption& file : kFiles) {
    if (name != file.name) continue;
    if (value.empty()) return name + ": a file's name was expected";
    options->*file.field = value;
    if (name == "--paths" && !PathsAreCounted()) {
      return "--paths: this build does not count them (bazel --config=paths; ./dev sim --paths)";
    }
    return "";
  }
  if (name == "--minutes") return SetMinutes(value, options);
  if (name == "--option") return SetChange(value, options);
  if (name == "--profile") {
    options->profile = ProfileOf(value);
    if (options->profile != Profile::kNone) return "";
    return "--profile: " + std::string(kProfileNames) + " was expected, not \"" + value + "\"";
  }
  if (name == "--plant") {
    options->plant = PlantedBugOf(value);
    if (options->plant == PlantedBug::kCount) {
      return "--plant: \"" + value + "\" is no planted bug; core/base/planted.h has their names";
    }
    if (!kPlantable) return "--plant: this build has no planted bugs (bazel --config=planted)";
    return "";
  }
  for (const NumberOption& option : kNumbers) {
    if (name != option.name) continue;
    std::uint64_t number = 0;
    if (!ParseNumber(value, &number) || number < option.low || number > option.high) {
      return NotANumber(option, value);
    }
    if (name == "--seeds") options->seeds = number;
    if (name == "--seed") options->first = number;
    if (name == "--jobs") options->jobs = static_cast<unsigned>(number);
    if (name == "--trace") options->trace_lines = number;
    if (name == "--runs") options->runs = number;
    return "";
  }
  return "no such option: " + name;
}

}  // namespace

namespace {

// Empty, or which options do not go together.
std::string Conflict(const Options& o) {
  const int traces = int{!o.record.empty()} + int{!o.replay.empty()} + int{!o.minimise.empty()};
  if (traces > 1) return "--record, --replay and --minimise: one at a time";
  if (!o.out.empty() && o.minimise.empty()) return "--out goes with --minimise";
  if (traces == 0) return "";
  const char* trace = !o.record.empty()   ? "--record"
                      : !o.replay.empty() ? "--replay"
                                          : "--minimise";
  const bool drawn = !o.record.empty();  // Of a seed.
  const char* campaign = o.minutes > 0                           ? "--minutes"
                         : !o.failures.empty()                   ? "--failures"
                         : !o.paths.empty()                      ? "--paths"
                         : !o.json.empty()                       ? "--json"
                         : !drawn && o.profile != Profile::kNone ? "--profile"
                         : !drawn && !o.changes.empty()          ? "--option"
                                                                 : nullptr;
  if (campaign == nullptr) return "";
  return std::string(campaign) + " is for runs of seeds; " + trace + " does not go with it";
}

}  // namespace

std::string ParseOptions(int argc, const char* const* argv, Options* options) {
  for (int i = 1; i < argc; ++i) {
    std::string name = argv[i];
    if (name == "--help" || name == "-h") {
      options->help = true;
      return "";
    }
    std::string value;
    if (const std::size_t equals = name.find('='); equals != std::string::npos) {
      value = name.substr(equals + 1);
      name.resize(equals);
    } else if (i + 1 < argc) {
      value = argv[++i];
    } else {
      return "no value for " + name + ", or no such option";
    }
    std::string wrong = Set(name, value, options);
    if (!wrong.empty()) return wrong;
  }
  std::string conflict = Conflict(*options);
  if (!conflict.empty()) return conflict;
  if (options->seeds == 0) {
    options->seeds = options->profile != Profile::kNone ? 5 : 100;
    // As many as there are.
    if (options->minutes > 0) {
      options->seeds = std::min(kMost - options->first, Options::kSeedsMax - 1) + 1;
    }
  }
  if (options->seeds - 1 > kMost - options->first) {
    return "--seed " + std::to_string(options->first) + " --seeds " +
           std::to_string(options->seeds) + ": the last seed is " + std::to_string(kMost);
  }
  return "";
}

Swarm SwarmOf(const Options& options, std::uint64_t seed) {
  Swarm swarm =
      options.profile == Profile::kNone ? DrawSwarm(seed) : ProfileSwarm(options.profile, seed);
  for (const auto& [name, value] : options.changes) SetOption(name, value, swarm);
  return swarm;
}

}  // namespace srpt::sim
