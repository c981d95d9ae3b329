// The states that executions start from: a few sets of small parameters, and for each a target
// before its first login, with one channel, with two channels of one nexus, and with two nexuses
// that still have unit attentions to be told.
#ifndef FUZZ_STEP_START_H_
#define FUZZ_STEP_START_H_

#include <cstdint>

#include "fuzz/step_world.h"

namespace srpt::fuzz {

inline constexpr std::uint32_t kStartSets = 8;
inline constexpr std::uint32_t kStartKinds = 4;

Parameters StartParameters(std::uint32_t set, bool fingerprint);
// Steps a new world to its starting state. Every input sees the same.
void MakeStart(StepWorld& world, std::uint32_t kind);

}  // namespace srpt::fuzz

#endif  // FUZZ_STEP_START_H_
