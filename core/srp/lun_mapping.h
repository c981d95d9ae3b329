// Which units an initiator sees at which LUNs: a target's default LUNs and its initiator groups
// (SCST: LUN masking).
#ifndef CORE_SRP_LUN_MAPPING_H_
#define CORE_SRP_LUN_MAPPING_H_

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/types.h"

namespace srpt {

// `*` matches any run of characters, `?` one, letters of either case are equal (ASCII), and a
// leading `!` inverts the rest.
bool MatchesPattern(std::string_view pattern, std::string_view name);

struct ExportedLun {
  LuId lu;
  bool read_only = false;
};
using LunList = std::map<LunNumber, ExportedLun>;

struct InitiatorGroup {
  std::string name;
  std::vector<std::string> patterns;  // In the order in which they were added.
  LunList luns;
};

// One target's part. No pointer that it gives survives a change.
class LunMapping {
 public:
  // The first group, in order of creation, with a matching pattern; null: the default LUNs.
  const InitiatorGroup* GroupOf(std::string_view initiator) const;
  // `group` empty: the default LUNs. Null: no such group.
  LunList* LunsOf(std::string_view group);
  InitiatorGroup* FindGroup(std::string_view group);
  // Null: nobody has this very pattern.
  const InitiatorGroup* OwnerOf(std::string_view pattern) const;

  void AddGroup(std::string name) { groups_.push_back({std::move(name), {}, {}}); }

  bool Exports(LuId lu) const;
  const LunList& default_luns() const { return default_luns_; }
  const std::vector<InitiatorGroup>& groups() const { return groups_; }

 private:
  LunList default_luns_;
  std::vector<InitiatorGroup> groups_;  // In order of creation.
};

}  // namespace srpt

#endif  // CORE_SRP_LUN_MAPPING_H_
