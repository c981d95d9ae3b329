// Folds what goes into core and what comes out of it into a fingerprint: the kind, then every field
// in the order of its declaration; borrowed bytes and texts by content, snapshots too, never by
// address. Total: a variant that is added without its fields here does not compile.
#ifndef CORE_FOLD_H_
#define CORE_FOLD_H_

#include "core/action.h"
#include "core/base/fingerprint.h"
#include "core/base/planted.h"
#include "core/base/types.h"
#include "core/event.h"

namespace srpt {

void Fold(Fingerprint& to, const ShardEvent& event);
void Fold(Fingerprint& to, const DirectorEvent& event);
void Fold(Fingerprint& to, const Action& action);

// One whole step, as Shard and Director keep it: the time, the event and, when it is over, the
// actions it gave.
template <class Event>
void FoldStep(Fingerprint& to, Time now, const Event& event, const Actions& actions) {
  to.Add(now.ns);
  if (Planted(PlantedBug::kRemembersEarlierRuns)) {
    static thread_local std::uint64_t steps = 0;
    to.Add(++steps);
  }
  Fold(to, event);
  to.Add(actions.size());
  for (const Action& action : actions) Fold(to, action);
}

}  // namespace srpt

#endif  // CORE_FOLD_H_
