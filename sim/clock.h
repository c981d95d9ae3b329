// Virtual time. Nothing in the simulator ever asks the machine what time it is: the clock moves
// when the next event is taken from the queue, and only forward.
#ifndef SIM_CLOCK_H_
#define SIM_CLOCK_H_

#include "core/base/check.h"
#include "core/base/types.h"

namespace srpt::sim {

constexpr Duration Microseconds(std::uint64_t n) { return {n * 1000}; }

class Clock {
 public:
  Time now() const { return now_; }
  void AdvanceTo(Time t) {
    SRPT_CHECK(t >= now_);
    now_ = t;
  }

 private:
  Time now_;
};

}  // namespace srpt::sim

#endif  // SIM_CLOCK_H_
