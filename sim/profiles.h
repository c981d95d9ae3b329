// Workloads that are written down instead of drawn, to measure how fast the simulator is. A
// profile is a Swarm like any other: only what its seed decides (places, lengths, times) differs
// from run to run.
#ifndef SIM_PROFILES_H_
#define SIM_PROFILES_H_

#include <cstdint>
#include <string_view>

#include "sim/swarm.h"

namespace srpt::sim {

enum class Profile : std::uint8_t {
  kNone,
  kBusy,   // Small reads and writes, as many as credits allow, no faults: IUs a second.
  kMixed,  // 8 sessions that exchange 1,000 IUs a simulated second between them, some faults.
  kIdle,   // 8 sessions with a command every few minutes: how fast nothing happens.
};

inline constexpr std::string_view kProfileNames = "busy, mixed or idle";
// kNone: it is none of these.
Profile ProfileOf(std::string_view name);
std::string_view ToString(Profile profile);

// Not for kNone.
Swarm ProfileSwarm(Profile profile, std::uint64_t seed);

}  // namespace srpt::sim

#endif  // SIM_PROFILES_H_
