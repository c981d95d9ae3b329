// The words of one command of a transcript: taken from left to right, each as what it must be.
//
// The first thing that is wrong stays, and says what would be right; whatever is taken after that
// is a harmless default. So a command reads all of its words and asks ok() once, before it does
// anything.
#ifndef CONFORMANCE_SCENARIOS_WORDS_H_
#define CONFORMANCE_SCENARIOS_WORDS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/types.h"
#include "core/initiator/cdb.h"
#include "sim/clock.h"
#include "sim/faults.h"

namespace srpt::scenarios {

class Words {
 public:
  // Between blanks; a tab is one. `line` outlives the words.
  explicit Words(std::string_view line);

  bool ok() const { return wrong_.empty(); }
  const std::string& wrong() const { return wrong_; }
  // The first complaint stays.
  void Wrong(std::string complaint);

  bool empty() const { return next_ == words_.size(); }
  // The next word, which stays; empty if there is none.
  std::string_view Peek() const { return empty() ? std::string_view() : words_[next_]; }
  bool TakeIf(std::string_view word);
  // `what` names the word in complaints: "the name of a disk".
  std::string_view Take(std::string_view what);
  // Decimal, or hexadecimal with 0x.
  std::uint64_t Number(std::string_view what, std::uint64_t low, std::uint64_t high);
  // "90s", "1.5ms", "20us", "7ns".
  Duration Span(std::string_view what);
  // An even number of hexadecimal digits.
  std::vector<std::uint8_t> Hex(std::string_view what, std::size_t bytes_max);
  // One byte: two hexadecimal digits.
  std::uint8_t Byte(std::string_view what);
  // Complains about words that nobody took.
  void End();

 private:
  std::vector<std::string_view> words_;
  std::size_t next_ = 0;
  std::string wrong_;
};

// Nothing if it is not one.
std::optional<std::uint64_t> ParseNumber(std::string_view text);
std::optional<Duration> ParseDuration(std::string_view text);
std::optional<std::vector<std::uint8_t>> ParseHex(std::string_view text);

// "lost-completion", "read-EIO": a fault's name (sim/fault_rules.cc) with hyphens for its blanks.
std::optional<sim::FaultKind> ParseFault(std::string_view text);
std::string NameOf(sim::FaultKind kind);
// Those that strike at the next opportunity of a hand-driven world, and those of World::Befall.
bool CanBeInjected(sim::FaultKind kind);
bool CanBefall(sim::FaultKind kind);

// What a SCSI command moves, seen from its CDB.
enum class Direction : std::uint8_t { kNone, kIn, kOut, kBoth };

struct CdbWord {
  std::string_view name;
  Direction direction = Direction::kNone;
  bool blocks = false;  // It takes lba and blocks, and moves them.
};
// Null if there is none of that name.
const CdbWord* FindCdb(std::string_view name);
std::string CdbNames();

struct CdbFields {
  std::uint64_t lba = 0;
  std::uint32_t blocks = 1;
  std::uint8_t flags = 0;
  std::uint16_t allocation = 96;
  std::optional<std::uint8_t> page;
};
// Nothing if the fields do not fit this CDB.
std::optional<initiator::Cdb> MakeCdb(std::string_view name, const CdbFields& fields);

}  // namespace srpt::scenarios

#endif  // CONFORMANCE_SCENARIOS_WORDS_H_
