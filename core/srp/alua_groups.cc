#include "core/srp/alua_groups.h"

#include <algorithm>

namespace srpt {

bool AluaTargetGroup::Has(std::string_view target) const {
  return std::any_of(members.begin(), members.end(),
                     [target](const AluaMember& m) { return m.target == target; });
}

AluaTargetGroup* AluaDeviceGroup::Find(std::string_view target_group) {
  for (AluaTargetGroup& g : target_groups) {
    if (g.name == target_group) return &g;
  }
  return nullptr;
}

const AluaTargetGroup* AluaDeviceGroup::GroupOf(std::string_view target) const {
  for (const AluaTargetGroup& g : target_groups) {
    if (g.Has(target)) return &g;
  }
  return nullptr;
}

AluaDeviceGroup* AluaGroups::Find(std::string_view group) {
  for (AluaDeviceGroup& g : groups_) {
    if (g.name == group) return &g;
  }
  return nullptr;
}

const AluaDeviceGroup* AluaGroups::GroupOf(LuId lu) const {
  for (const AluaDeviceGroup& g : groups_) {
    if (std::find(g.devices.begin(), g.devices.end(), lu) != g.devices.end()) return &g;
  }
  return nullptr;
}

void AluaGroups::Forget(LuId lu) {
  for (AluaDeviceGroup& g : groups_) {
    g.devices.erase(std::remove(g.devices.begin(), g.devices.end(), lu), g.devices.end());
  }
}

}  // namespace srpt
