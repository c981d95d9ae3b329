#include "sim/faults.h"

#include <utility>

#include "sim/script.h"
#include "sim/story.h"

namespace srpt::sim {

Faults::Faults(const Decisions* decisions, const FaultRates& rates, Script* script)
    : decisions_(decisions), script_(script), rates_(rates) {
  for (std::size_t i = 0; i < kFaultKinds; ++i) {
    const bool drawn_ever = rates[i] != 0;
    possible_[i] =
        script == nullptr ? drawn_ever : script->MayHappen(static_cast<FaultKind>(i), drawn_ever);
  }
}

bool Faults::StrikesNow(FaultKind kind, Lineage entity, std::uint64_t ordinal) {
  if (healed_) return false;
  const std::size_t i = Index(kind);
  if (injected_[i] > 0) {
    --injected_[i];
    Struck(kind);
    return true;
  }
  const std::uint32_t site =
      static_cast<std::uint32_t>(Site::kFault) + static_cast<std::uint32_t>(kind);
  const bool drawn = decisions_->Draw(site, entity, ordinal) % 1000000 < rates_[i];
  if (!(script_ == nullptr ? drawn : script_->Happens(kind, entity, ordinal, drawn))) return false;
  Struck(kind);
  return true;
}

void Faults::Struck(FaultKind kind) {
  ++struck_[Index(kind)];
  if (story_ == nullptr) return;
  StoryEvent event;
  event.kind = StoryEvent::Kind::kFault;
  event.sent = event.at = clock_->now();
  event.text = ToString(kind);
  story_->Add(std::move(event));
}

Duration Faults::Length(FaultKind kind, Lineage entity, std::uint64_t ordinal, Duration low,
                        Duration high) const {
  const std::uint32_t site =
      static_cast<std::uint32_t>(Site::kFaultSize) + static_cast<std::uint32_t>(kind);
  return {low.ns + decisions_->Draw(site, entity, ordinal) % (high.ns - low.ns + 1)};
}

}  // namespace srpt::sim
