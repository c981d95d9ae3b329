#include "sim/totals.h"

#include <sys/resource.h>

#include <algorithm>
#include <cinttypes>
#include <cstdarg>
#include <cstdio>
#include <numeric>

namespace srpt::sim {
namespace {

[[gnu::format(printf, 1, 2)]] std::string Text(const char* format, ...) {
  std::array<char, 512> text{};
  va_list args;
  va_start(args, format);
  std::vsnprintf(text.data(), text.size(), format, args);
  va_end(args);
  return text.data();
}

double Of(std::uint64_t n) { return static_cast<double>(n); }

// Three figures and a unit: "3.21 M".
std::string Short(std::uint64_t n) {
  if (n < 10000) return std::to_string(n);
  if (n < 1000000) return Text("%.0f k", Of(n) / 1e3);
  return n < 1000000000 ? Text("%.2f M", Of(n) / 1e6) : Text("%.2f G", Of(n) / 1e9);
}

std::string LongTime(double seconds) {
  if (seconds < 120) return Text("%.1f s", seconds);
  if (seconds < 7200) return Text("%.1f min", seconds / 60);
  return seconds < 172800 ? Text("%.1f h", seconds / 3600) : Text("%.1f days", seconds / 86400);
}

std::string FaultText(const Totals& t, std::size_t kind) {
  return std::string(ToString(static_cast<FaultKind>(kind))) + " " + std::to_string(t.faults[kind]);
}

}  // namespace

void Totals::Add(const Outcome& o) {
  ++seeds;
  if (!o.broken.empty()) ++failed;
  stats.commands += o.stats.commands;
  stats.reads += o.stats.reads;
  stats.writes += o.stats.writes;
  stats.bidirectional += o.stats.bidirectional;
  stats.bytes += o.stats.bytes;
  stats.good += o.stats.good;
  stats.lost += o.stats.lost;
  stats.aborted += o.stats.aborted;
  stats.timeouts += o.stats.timeouts;
  stats.resets += o.stats.resets;
  stats.task_sets += o.stats.task_sets;
  stats.clear_acas += o.stats.clear_acas;
  stats.logins += o.stats.logins;
  stats.rejects += o.stats.rejects;
  stats.attentions += o.stats.attentions;
  stats.checks += o.stats.checks;
  stats.busy += o.stats.busy;
  for (std::size_t i = 0; i < kFaultKinds; ++i) faults[i] += o.faults[i];
  events += o.events;
  ius += o.ius;
  blocks += o.checked_blocks;
  virtual_ns += o.virtual_time.ns;
}

std::uint64_t PeakMemoryBytes() {
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) != 0) return 0;
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;  // It counts in KiB.
}

std::vector<std::string> TotalsLines(const Totals& t, const Spent& spent) {
  const Stats& s = t.stats;
  const double wall = spent.seconds;
  const double cpu = spent.cpu_seconds;
  std::vector<std::string> lines;
  lines.push_back(Text("%" PRIu64 " seeds in %.1f s: %.1f seeds/s, %.0f simulated commands/s, "
                       "%.0f events/s; %s simulated, %.0f times real time",
                       t.seeds, wall, Of(t.seeds) / wall, Of(s.commands) / wall,
                       Of(t.events) / wall, LongTime(t.virtual_seconds()).c_str(),
                       t.virtual_seconds() / wall));
  lines.push_back(Text("processor time %.2f s: %.0f simulated commands, %.0f IUs (of %" PRIu64
                       "), %.0f events and %.0f simulated seconds a second of one core",
                       cpu, Of(s.commands) / cpu, Of(t.ius) / cpu, t.ius, Of(t.events) / cpu,
                       t.virtual_seconds() / cpu));
  lines.push_back(Text("memory: %.1f MB at most, of %u run%s at a time", Of(spent.memory) / 1e6,
                       spent.jobs, spent.jobs == 1 ? "" : "s"));
  lines.push_back(Text("answered %" PRIu64 " (%" PRIu64 " good, %" PRIu64
                       " unit attentions, %" PRIu64 " other CHECK CONDITIONs, %" PRIu64
                       " busy), %" PRIu64 " reads, %" PRIu64 " writes and %" PRIu64
                       " both, %.1f GB, %" PRIu64 " blocks verified",
                       s.commands, s.good, s.attentions, s.checks, s.busy, s.reads, s.writes,
                       s.bidirectional, Of(s.bytes) / 1e9, t.blocks));
  lines.push_back(Text(
      "%" PRIu64 " logins, %" PRIu64 " refused; %" PRIu64
      " commands ended with their channel, %" PRIu64 " aborted, %" PRIu64 " timed out; %" PRIu64
      " LUN RESETs, %" PRIu64 " ABORT and CLEAR TASK SETs, %" PRIu64 " CLEAR ACAs",
      s.logins, s.rejects, s.lost, s.aborted, s.timeouts, s.resets, s.task_sets, s.clear_acas));
  std::string faults = "faults: ";
  for (std::size_t i = 0; i < kFaultKinds; ++i) faults += (i == 0 ? "" : ", ") + FaultText(t, i);
  lines.push_back(faults);
  return lines;
}

std::string ProgressLine(const Totals& t, double seconds, std::size_t kinds) {
  // What matters most comes first: a terminal may be narrow.
  std::string line =
      Text("%" PRIu64 " seeds, %" PRIu64 " failed, %s commands, %s simulated (%.0f x real time)",
           t.seeds, t.failed, Short(t.stats.commands).c_str(),
           LongTime(t.virtual_seconds()).c_str(), t.virtual_seconds() / seconds);
  std::array<std::size_t, kFaultKinds> order{};
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return t.faults[a] > t.faults[b]; });
  const std::uint64_t all = std::accumulate(t.faults.begin(), t.faults.end(), std::uint64_t{0});
  line += ", " + Short(all) + " faults";
  for (std::size_t i = 0; i < std::min(kinds, kFaultKinds) && t.faults[order[i]] != 0; ++i) {
    line += (i == 0 ? " (" : ", ") + FaultText(t, order[i]);
  }
  if (kinds > 0 && all != 0) line += ", ...)";
  return line;
}

}  // namespace srpt::sim
