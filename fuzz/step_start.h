// The states that executions start from: a few sets of small parameters, and for each a target
//   0  before its first login
//   1  with one channel
//   2  with two channels of one nexus
//   3  with two nexuses that still have unit attentions to be told
//   4  with two nexuses, commands on the wire, at the disks and waiting for buffers
//   5  with writes at the disks, and a LUN RESET that waits for them
//   6  with a channel that ends while its commands are at the disks, and another that works
//   7  with a taken-over session, whose old writes are at the disks, and commands that wait for
//   them
#ifndef FUZZ_STEP_START_H_
#define FUZZ_STEP_START_H_

#include <cstdint>

#include "fuzz/step_world.h"

namespace srpt::fuzz {

inline constexpr std::uint32_t kStartSets = 8;
inline constexpr std::uint32_t kStartKinds = 8;

Parameters StartParameters(std::uint32_t set, bool fingerprint);
// Steps a new world to its starting state. Every input sees the same.
void MakeStart(StepWorld& world, std::uint32_t kind);

}  // namespace srpt::fuzz

#endif  // FUZZ_STEP_START_H_
