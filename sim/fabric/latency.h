// How long things take when nothing is wrong: between low and high, drawn for each.
#ifndef SIM_FABRIC_LATENCY_H_
#define SIM_FABRIC_LATENCY_H_

#include "core/base/types.h"
#include "sim/clock.h"
#include "sim/decisions.h"

namespace srpt::sim {

struct Range {
  Duration low;
  Duration high;
  Duration Draw(const Decisions& decisions, Site site, Lineage entity,
                std::uint64_t ordinal) const {
    return {decisions.Between(low.ns, high.ns, site, entity, ordinal)};
  }
};

struct Latencies {
  Range wire{Microseconds(2), Microseconds(8)};
  Range completion{Microseconds(1), Microseconds(4)};
  Range cm{Microseconds(100), Milliseconds(2)};
  Range disk{Microseconds(5), Microseconds(60)};
  Range message{Microseconds(1), Microseconds(20)};
  Duration timewait = Milliseconds(500);
  Duration rnr = Microseconds(640);  // Between tries of a SEND that found no receive.
  Duration retry = Seconds(2);       // Until a packet counts as never acknowledged.
  Duration cm_timeout = Seconds(4);  // Until the CM gives up on an answer.
};

}  // namespace srpt::sim

#endif  // SIM_FABRIC_LATENCY_H_
