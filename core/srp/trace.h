// Trace lines: what an administrator who looks for something asks for by category (trace_flag, with
// SCST's bits). A line that nobody asked for costs a test of one bit. Lines are dropped when a step
// is nearly full: they never displace an action.
#ifndef CORE_SRP_TRACE_H_
#define CORE_SRP_TRACE_H_

#include "core/srp/shard_state.h"

namespace srpt::trace {

inline bool On(const ShardState& s, Category category) {
  return __builtin_expect((s.params.trace_flag & static_cast<std::uint32_t>(category)) != 0, 0);
}

// "shard 0 channel 1 (nexus 0): [scsi] ...", at level info.
void Say(ShardState& s, const Channel& channel, Category category, const char* format, ...)
    __attribute__((format(printf, 4, 5), cold));

// An IU that came, or goes.
void SayIu(ShardState& s, const Channel& channel, bool came, Bytes iu) __attribute__((cold));

}  // namespace srpt::trace

#endif  // CORE_SRP_TRACE_H_
