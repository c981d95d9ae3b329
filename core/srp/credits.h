// The request limit of one channel (SRP r16a 5.1.4; invariants 8 to 12).
//
//   granted = remaining + held by commands + owed      at every event
//
// A CMD, TSK_MGMT or I_LOGOUT takes one of `remaining`; its end adds one to `owed`; the next
// response, or a CRED_REQ when no response is due, carries all of `owed` back to the peer. A credit
// is owed only after a receive was posted for it.
#ifndef CORE_SRP_CREDITS_H_
#define CORE_SRP_CREDITS_H_

#include "core/base/planted.h"
#include "core/srp/shard_state.h"

namespace srpt::credits {

// False: the peer sent more than it may (fault 12).
inline bool Consume(Channel& channel) {
  if (channel.remaining == 0) return Planted(PlantedBug::kOverrunServed);
  --channel.remaining;
  return true;
}

inline void Owe(Channel& channel) { ++channel.owed; }

// The delta of an IU that is being posted now.
// [R-INV-08, R-INV-09]
inline std::int32_t TakeDelta(Channel& channel) {
  const std::uint32_t delta = channel.owed;
  channel.owed = 0;
  channel.remaining += delta;
  SRPT_CHECK(channel.remaining <= channel.credits_granted);
  if (Planted(PlantedBug::kDeltaTooHigh) && delta > 1) return static_cast<std::int32_t>(delta) + 1;
  return static_cast<std::int32_t>(delta);
}

// ib_srp sends no command below two credits: what is owed then is what it waits for.
inline bool Starves(const Channel& channel) {
  return channel.owed > 0 && channel.remaining < limits::kCreditsMin;
}

}  // namespace srpt::credits

#endif  // CORE_SRP_CREDITS_H_
