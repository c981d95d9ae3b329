#include "core/srp/lun_mapping.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace srpt {
namespace {

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool Names(const LunList& luns, LuId lu) {
  return std::any_of(luns.begin(), luns.end(), [lu](const auto& x) { return x.second.lu == lu; });
}

}  // namespace

bool MatchesPattern(std::string_view pattern, std::string_view name) {
  if (!pattern.empty() && pattern.front() == '!') return !MatchesPattern(pattern.substr(1), name);
  // After a mismatch the last star takes one character more; earlier stars never need to.
  std::size_t p = 0;
  std::size_t n = 0;
  std::size_t star = std::string_view::npos;
  std::size_t star_end = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_end = n;
    } else if (p < pattern.size() && (pattern[p] == '?' || Lower(pattern[p]) == Lower(name[n]))) {
      ++p;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++star_end;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

// [R-LOGIN-17]
const InitiatorGroup* LunMapping::GroupOf(std::string_view initiator) const {
  for (const InitiatorGroup& group : groups_) {
    for (const std::string& pattern : group.patterns) {
      if (MatchesPattern(pattern, initiator)) return &group;
    }
  }
  return nullptr;
}

LunList* LunMapping::LunsOf(std::string_view group) {
  if (group.empty()) return &default_luns_;
  InitiatorGroup* found = FindGroup(group);
  return found == nullptr ? nullptr : &found->luns;
}

InitiatorGroup* LunMapping::FindGroup(std::string_view group) {
  for (InitiatorGroup& g : groups_) {
    if (g.name == group) return &g;
  }
  return nullptr;
}

const InitiatorGroup* LunMapping::OwnerOf(std::string_view pattern) const {
  for (const InitiatorGroup& g : groups_) {
    if (std::find(g.patterns.begin(), g.patterns.end(), pattern) != g.patterns.end()) return &g;
  }
  return nullptr;
}

bool LunMapping::Exports(LuId lu) const {
  return Names(default_luns_, lu) ||
         std::any_of(groups_.begin(), groups_.end(),
                     [lu](const InitiatorGroup& g) { return Names(g.luns, lu); });
}

}  // namespace srpt
