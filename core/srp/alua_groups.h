// ALUA as the administrator describes it (SCST): a device group holds devices and target groups; a
// target group holds targets, ours and those of other hosts, and a state that they share.
#ifndef CORE_SRP_ALUA_GROUPS_H_
#define CORE_SRP_ALUA_GROUPS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/types.h"
#include "core/scsi/lu.h"

namespace srpt {

struct AluaMember {
  std::string target;
  std::uint16_t rel_tgt_id = 0;
};
struct AluaTargetGroup {
  std::string name;
  std::uint16_t group_id = 0;
  scsi::AluaState state = scsi::AluaState::kActive;
  bool preferred = false;
  std::vector<AluaMember> members;

  bool Has(std::string_view target) const;
};
struct AluaDeviceGroup {
  std::string name;
  std::vector<LuId> devices;
  std::vector<AluaTargetGroup> target_groups;

  AluaTargetGroup* Find(std::string_view target_group);
  const AluaTargetGroup* GroupOf(std::string_view target) const;
};

class AluaGroups {
 public:
  AluaDeviceGroup* Find(std::string_view group);
  // A device is in one group at most. Null: in none.
  const AluaDeviceGroup* GroupOf(LuId lu) const;
  void Add(std::string name) { groups_.push_back({std::move(name), {}, {}}); }
  void Forget(LuId lu);
  const std::vector<AluaDeviceGroup>& groups() const { return groups_; }

 private:
  std::vector<AluaDeviceGroup> groups_;  // In order of creation.
};

}  // namespace srpt

#endif  // CORE_SRP_ALUA_GROUPS_H_
