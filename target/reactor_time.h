// The daemon's clock: monotonic, in nanoseconds.
#ifndef TARGET_REACTOR_TIME_H_
#define TARGET_REACTOR_TIME_H_

#include <ctime>

#include "core/base/types.h"

namespace srpt::target {

inline Time Now() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return {static_cast<std::uint64_t>(t.tv_sec) * 1000000000u +
          static_cast<std::uint64_t>(t.tv_nsec)};
}

}  // namespace srpt::target

#endif  // TARGET_REACTOR_TIME_H_
