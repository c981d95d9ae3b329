#include "sim/script.h"

#include <algorithm>

namespace srpt::sim {
namespace {

constexpr std::array<std::string_view, kWhims> kWhimNames = {
    "command",  "other command", "wide",      "FUA",         "odd buffer",  "both ways",
    "long CDB", "longest CDB",   "immediate", "many slices", "two regions", "partial table",
    "abort",    "late abort",    "reset",     "clear ACA",   "stall",       "think",
};

// Decided where a command is sent: the note says which.
bool IsOfInitiator(OccurrenceKind kind) {
  return !kind.is_fault() || kind == FaultKind::kDisconnect || kind == FaultKind::kVanish ||
         kind == FaultKind::kRkeyRevoked;
}

}  // namespace

std::string_view ToString(Whim whim) { return kWhimNames[static_cast<std::size_t>(whim)]; }

std::string_view ToString(OccurrenceKind kind) {
  return kind.is_fault() ? ToString(static_cast<FaultKind>(kind.index()))
                         : kWhimNames[kind.index() - kFaultKinds];
}

Script::Script(const Clock* clock, Mode mode, const std::vector<Occurrence>& list)
    : clock_(clock), mode_(mode), list_(list) {
  std::sort(list_.begin(), list_.end());
  list_.erase(std::unique(list_.begin(), list_.end()), list_.end());
  used_.resize(list_.size());
  for (const Occurrence& what : list_) ++listed_[what.kind.index()];
}

bool Script::Decide(const Occurrence& what, bool drawn) {
  bool happens = drawn;
  if (mode_ == Mode::kPlay) {
    const auto at = std::lower_bound(list_.begin(), list_.end(), what);
    happens = at != list_.end() && *at == what;
    if (happens) used_[static_cast<std::size_t>(at - list_.begin())] = true;
  }
  if (!happens) return false;
  // (The same command is drawn anew when it is sent again.)
  if (!recorded_.insert(what).second) return true;
  records_.push_back({what, clock_->now(), IsOfInitiator(what.kind) ? note_ : std::string()});
  return true;
}

std::vector<Occurrence> Script::Unused() const {
  std::vector<Occurrence> unused;
  for (std::size_t i = 0; i < list_.size(); ++i) {
    if (!used_[i]) unused.push_back(list_[i]);
  }
  return unused;
}

}  // namespace srpt::sim
