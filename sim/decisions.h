// Every choice that a run makes, keyed: (site, entity, ordinal) -> value.
//
// A value depends on the seed and its own key alone, never on how many others were drawn before it,
// so that leaving out one command, fault or log line shifts no other choice.
//   site     the place in the code that asks: a kind of question
//   entity   who it is about, by lineage (initiator 2 / login 3 / command 17), kept when its
//            siblings go
//   ordinal  counts the question within the entity
#ifndef SIM_DECISIONS_H_
#define SIM_DECISIONS_H_

#include <cstdint>

#include "core/base/check.h"

namespace srpt::sim {

// One round of mixing; the same on every compiler. (The finalizer of splitmix64.)
constexpr std::uint64_t Mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

// A name that says who descended from whom.
struct Lineage {
  std::uint64_t v = 0;
  constexpr Lineage Child(std::uint64_t which) const { return {Mix(v ^ Mix(which + 1))}; }
  friend constexpr bool operator==(const Lineage&, const Lineage&) = default;
};

enum class Site : std::uint32_t {
  kFault = 0x0000,      // + FaultKind: does it strike?
  kFaultSize = 0x0100,  // + FaultKind: for how long, how much?
  kSwarm = 0x0200,      // What this seed is like.
  kWireLatency,
  kCmLatency,
  kCompletionLatency,
  kDiskLatency,
  kDiskCapture,
  kDiskCrash,
  kMessageLatency,
  kCommandKind,
  kCommandLun,
  kCommandLba,
  kCommandBlocks,
  kCommandFlags,
  kDescriptorForm,
  kDescriptorSplit,
  kBufferSize,
  kThink,
  kAbort,
  kRelogin,
  kStall,
  kTimeout,
  kConfigChange,
  kHostile,
};

class Decisions {
 public:
  explicit Decisions(std::uint64_t seed) : seed_(Mix(seed)) {}

  std::uint64_t Draw(Site site, Lineage entity, std::uint64_t ordinal) const {
    return Draw(static_cast<std::uint32_t>(site), entity, ordinal);
  }
  std::uint64_t Draw(std::uint32_t site, Lineage entity, std::uint64_t ordinal) const {
    return Mix(Mix(seed_ ^ site) ^ entity.v ^ Mix(ordinal));
  }
  // Below `n`, n > 0.
  std::uint64_t Below(std::uint64_t n, Site site, Lineage entity, std::uint64_t ordinal) const {
    SRPT_CHECK(n > 0);
    return Draw(site, entity, ordinal) % n;
  }
  // From `low` to `high`, both included.
  std::uint64_t Between(std::uint64_t low, std::uint64_t high, Site site, Lineage entity,
                        std::uint64_t ordinal) const {
    return low + Below(high - low + 1, site, entity, ordinal);
  }
  bool Chance(std::uint32_t per_million, Site site, Lineage entity, std::uint64_t ordinal) const {
    return Draw(site, entity, ordinal) % 1000000 < per_million;
  }

 private:
  std::uint64_t seed_;
};

}  // namespace srpt::sim

#endif  // SIM_DECISIONS_H_
