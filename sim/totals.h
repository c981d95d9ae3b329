// Sums over many runs, and how they are said.
#ifndef SIM_TOTALS_H_
#define SIM_TOTALS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "sim/runner.h"

namespace srpt::sim {

struct Totals {
  std::uint64_t seeds = 0;
  std::uint64_t failed = 0;
  Stats stats;
  std::array<std::uint64_t, kFaultKinds> faults{};
  std::uint64_t events = 0;
  std::uint64_t ius = 0;
  std::uint64_t blocks = 0;
  std::uint64_t virtual_ns = 0;

  void Add(const Outcome& outcome);
  double virtual_seconds() const { return static_cast<double>(virtual_ns) / 1e9; }
};

// What all that took. Neither time is zero.
struct Spent {
  double seconds = 1e-6;
  double cpu_seconds = 1e-6;  // Of all threads.
  std::uint64_t memory = 0;   // The most bytes of it that were resident.
  unsigned jobs = 1;          // Runs at a time.
};

// The most memory of this process that was resident so far.
std::uint64_t PeakMemoryBytes();

// All of it for people, one line a string.
std::vector<std::string> TotalsLines(const Totals& totals, const Spent& spent);
// One line for somebody who waits, after so many seconds: with the `kinds` kinds of faults that
// struck most often.
std::string ProgressLine(const Totals& totals, double seconds, std::size_t kinds = 3);

}  // namespace srpt::sim

#endif  // SIM_TOTALS_H_
