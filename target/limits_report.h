// What srpt can take at most, and what that costs in memory: computed from core/base/limits.h and
// the parameters, for `srpt --print-limits`.
#ifndef TARGET_LIMITS_REPORT_H_
#define TARGET_LIMITS_REPORT_H_

#include <cstddef>
#include <string>

#include "core/config.h"

namespace srpt::target {

// Bytes. The queues that a provider makes for itself are not in it, nor is the director.
struct MemoryNeed {
  std::size_t channel_buffers = 0;  // Registered: receives of its own, sends.
  std::size_t channel_state = 0;    // Core's and the datapath's.
  std::size_t channel() const { return channel_buffers + channel_state; }

  std::size_t data_buffers = 0;     // Registered: the pool of a shard.
  std::size_t shared_receives = 0;  // Registered, of one device; 0 without use_srq.
  std::size_t shard_state = 0;      // All the rest.
  std::size_t shard = 0;            // With as many channels as it takes.
  std::size_t total = 0;            // Of all shards.
};
MemoryNeed MemoryNeedOf(const Parameters& parameters);

// One line a limit.
std::string DescribeLimits(const Parameters& parameters);
// The same as one JSON object of numbers.
std::string DescribeLimitsAsJson(const Parameters& parameters);

}  // namespace srpt::target

#endif  // TARGET_LIMITS_REPORT_H_
