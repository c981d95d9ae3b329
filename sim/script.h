// What may happen in a run and need not: every fault that strikes, every command that is sent, and
// every whim of an initiator (an abort, a pause, a second buffer). Each such occurrence has a name
// of its own, and the rest of a run does not depend on it: all other choices are keyed
// (decisions.h).
//
// So a run can be recorded, the record cut down, and what is left played again, also after the code
// has changed: an occurrence that finds its opportunity happens, one that does not is reported.
#ifndef SIM_SCRIPT_H_
#define SIM_SCRIPT_H_

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/clock.h"
#include "sim/decisions.h"
#include "sim/faults.h"

namespace srpt::sim {

// What an initiator does, beyond the faults.
enum class Whim : std::uint8_t {
  kCommand,     // Sends it at all.
  kOther,       // It is neither a READ nor a WRITE.
  kWide,        // Of more than one block.
  kFua,         // FUA.
  kOddBuffer,   // A buffer that does not fit the CDB.
  kBothWays,    // XDWRITEREAD for WRITE.
  kLongCdb,     // READ (16) for READ (10), and so on.
  kLongestCdb,  // READ (32), WRITE (32).
  kImmediate,   // Immediate data.
  kManySlices,  // Several descriptors.
  kTwoRegions,  // In two memory regions.
  kPartial,     // A table that the target has to fetch.
  kAbort,
  kAbortAnswered,
  kReset,  // LUN RESET, ABORT TASK SET or CLEAR TASK SET.
  kClearAca,
  kStall,
  kThink,
  kCount,
};
inline constexpr std::size_t kWhims = static_cast<std::size_t>(Whim::kCount);
std::string_view ToString(Whim whim);

// A kind of occurrence: a FaultKind, or a Whim.
class OccurrenceKind {
 public:
  static constexpr std::size_t kCount = kFaultKinds + kWhims;
  OccurrenceKind() = default;
  constexpr OccurrenceKind(FaultKind kind)  // NOLINT: an implicit name of it.
      : index_(static_cast<std::uint16_t>(kind)) {}
  constexpr OccurrenceKind(Whim whim)  // NOLINT: an implicit name of it.
      : index_(static_cast<std::uint16_t>(kFaultKinds + static_cast<std::size_t>(whim))) {}
  static constexpr OccurrenceKind Of(std::size_t index) {
    OccurrenceKind kind;
    kind.index_ = static_cast<std::uint16_t>(index);
    return kind;
  }
  constexpr std::size_t index() const { return index_; }
  constexpr bool is_fault() const { return index_ < kFaultKinds; }
  constexpr bool Is(Whim whim) const { return *this == OccurrenceKind(whim); }
  friend constexpr auto operator<=>(const OccurrenceKind&, const OccurrenceKind&) = default;

 private:
  std::uint16_t index_ = 0;
};
std::string_view ToString(OccurrenceKind kind);

struct Occurrence {
  OccurrenceKind kind;
  std::uint64_t entity = 0;  // A Lineage.
  std::uint64_t ordinal = 0;
  friend constexpr auto operator<=>(const Occurrence&, const Occurrence&) = default;
};

class Script {
 public:
  enum class Mode : std::uint8_t {
    kFree,    // What is drawn happens, and nobody writes it down.
    kRecord,  // The same, written down.
    kPlay,    // What is listed happens, and nothing else; written down, too.
  };
  struct Record {
    Occurrence what;
    Time at;
    std::string note;  // Who it was about.
  };

  Script(const Clock* clock, Mode mode, const std::vector<Occurrence>& list);

  bool writes() const { return mode_ != Mode::kFree; }
  // Whether it happens. `drawn`: what the seed says.
  bool Happens(OccurrenceKind kind, Lineage entity, std::uint64_t ordinal, bool drawn) {
    if (mode_ == Mode::kFree) return drawn;
    return Decide({kind, entity.v, ordinal}, drawn);
  }
  // Whether a fault of this kind may happen at all: else nobody need ask.
  bool MayHappen(OccurrenceKind kind, bool drawn_ever) const {
    return mode_ == Mode::kPlay ? listed_[kind.index()] > 0 : drawn_ever;
  }
  // Who the next records are about.
  void SetNote(std::string note) { note_ = std::move(note); }

  // What happened, in the order in which it did; each once.
  const std::vector<Record>& records() const { return records_; }
  // What was listed and found no opportunity.
  std::vector<Occurrence> Unused() const;

 private:
  bool Decide(const Occurrence& what, bool drawn);

  const Clock* clock_;
  Mode mode_;
  std::vector<Occurrence> list_;  // Sorted.
  std::vector<bool> used_;
  std::array<std::uint32_t, OccurrenceKind::kCount> listed_{};
  std::vector<Record> records_;
  std::set<Occurrence> recorded_;
  std::string note_;
};

}  // namespace srpt::sim

#endif  // SIM_SCRIPT_H_
