#include "sim/faults.h"

namespace srpt::sim {

bool Faults::Strikes(FaultKind kind, Lineage entity, std::uint64_t ordinal) {
  if (healed_) return false;
  const std::size_t i = Index(kind);
  if (injected_[i] > 0) {
    --injected_[i];
    ++struck_[i];
    return true;
  }
  if (rates_[i] == 0) return false;
  const std::uint32_t site =
      static_cast<std::uint32_t>(Site::kFault) + static_cast<std::uint32_t>(kind);
  if (decisions_->Draw(site, entity, ordinal) % 1000000 >= rates_[i]) return false;
  ++struck_[i];
  return true;
}

Duration Faults::Length(FaultKind kind, Lineage entity, std::uint64_t ordinal, Duration low,
                        Duration high) const {
  const std::uint32_t site =
      static_cast<std::uint32_t>(Site::kFaultSize) + static_cast<std::uint32_t>(kind);
  return {low.ns + decisions_->Draw(site, entity, ordinal) % (high.ns - low.ns + 1)};
}

}  // namespace srpt::sim
