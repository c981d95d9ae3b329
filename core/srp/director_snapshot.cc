#include "core/srp/director_snapshot.h"

#include <algorithm>
#include <deque>
#include <span>
#include <string_view>

#include "core/base/check.h"

namespace srpt {
namespace {

constexpr std::uint32_t kNoMap = 0xffffffffu;

// Deques: what a span points to never moves.
struct OwningSnapshot : Snapshot {
  std::deque<std::vector<std::uint16_t>> port_ids;
  std::deque<std::vector<scsi::TargetPortGroup>> port_groups;
};

using GroupViews = std::vector<std::span<const scsi::TargetPortGroup>>;  // By device group.

GroupViews StoreAluaGroups(const AluaGroups& alua, OwningSnapshot& to) {
  GroupViews views;
  for (const AluaDeviceGroup& device_group : alua.groups()) {
    std::vector<scsi::TargetPortGroup>& groups = to.port_groups.emplace_back();
    for (const AluaTargetGroup& g : device_group.target_groups) {
      std::vector<std::uint16_t>& ids = to.port_ids.emplace_back();
      for (const AluaMember& member : g.members) ids.push_back(member.rel_tgt_id);
      groups.push_back({g.group_id, g.state, g.preferred, ids});
    }
    views.emplace_back(groups);
  }
  return views;
}

// A port that the device's group does not mention has no ALUA for it.
scsi::Alua AluaOf(LuId lu, std::string_view target, const AluaGroups& alua,
                  const GroupViews& views) {
  const AluaDeviceGroup* device_group = alua.GroupOf(lu);
  if (device_group == nullptr) return {};
  const AluaTargetGroup* own = device_group->GroupOf(target);
  if (own == nullptr) return {};
  const std::size_t index = static_cast<std::size_t>(device_group - alua.groups().data());
  return {true, own->state, own->group_id, own->preferred, views[index]};
}

bool SameGroups(const scsi::Alua& a, const scsi::Alua& b) {
  const auto same = [](const scsi::TargetPortGroup& x, const scsi::TargetPortGroup& y) {
    return x.group_id == y.group_id && x.state == y.state && x.preferred == y.preferred &&
           std::equal(x.rel_tgt_ids.begin(), x.rel_tgt_ids.end(), y.rel_tgt_ids.begin(),
                      y.rel_tgt_ids.end());
  };
  return a.group_id == b.group_id &&
         std::equal(a.groups.begin(), a.groups.end(), b.groups.begin(), b.groups.end(), same);
}

std::map<LuId, const scsi::LuView*> UnitsOf(const LunMap& map) {
  std::map<LuId, const scsi::LuView*> units;
  for (const LunMap::Entry& entry : map.entries()) units.emplace(entry.lu.id, &entry.lu);
  return units;
}

}  // namespace

std::shared_ptr<const Snapshot> BuildSnapshot(std::uint64_t version, const SnapshotTargets& targets,
                                              const SnapshotDevices& devices,
                                              const AluaGroups& alua, const NexusTable& nexuses,
                                              const Nexus* fresh, const Snapshot* before) {
  auto snapshot = std::make_shared<OwningSnapshot>();
  snapshot->version = version;
  const GroupViews views = StoreAluaGroups(alua, *snapshot);

  std::map<TargetPortId, std::uint32_t> first_map;
  for (const auto& [id, target] : targets) {
    first_map[id] = static_cast<std::uint32_t>(snapshot->maps.size());
    const auto add = [&, name = std::string_view(target.port.name),
                      rel_tgt_id = target.port.rel_tgt_id](const LunList& luns) {
      std::vector<LunMap::Entry> entries;
      for (const auto& [lun, exported] : luns) {
        scsi::LuView lu = devices.at(exported.lu).lu;
        lu.read_only = lu.read_only || exported.read_only;
        lu.rel_tgt_id = rel_tgt_id;
        lu.alua = AluaOf(exported.lu, name, alua, views);
        entries.push_back({lun, lu});
      }
      snapshot->maps.emplace_back(std::move(entries));
    };
    add(target.luns.default_luns());
    for (const InitiatorGroup& group : target.luns.groups()) add(group.luns);
  }

  const auto place = [&](const Nexus& nexus) {
    const LunMapping& luns = targets.at(nexus.key.port).luns;
    std::uint32_t map = first_map.at(nexus.key.port);
    if (const InitiatorGroup* group = luns.GroupOf(nexus.initiator_name)) {
      map += 1 + static_cast<std::uint32_t>(group - luns.groups().data());
    }
    std::vector<std::uint32_t>& maps = snapshot->map_of_nexus;
    if (nexus.id.slot() >= maps.size()) maps.resize(nexus.id.slot() + 1, kNoMap);
    maps[nexus.id.slot()] = map;
  };
  if (fresh != nullptr && before != nullptr) {
    snapshot->map_of_nexus = before->map_of_nexus;
    place(*fresh);
  } else {
    for (const auto& [slot, nexus] : nexuses.all()) place(nexus);
  }
  return snapshot;
}

namespace {

// The lowest LUN that came, went or names another unit.
LunNumber FirstDifference(const LunMap& before, const LunMap& after) {
  const auto& a = before.entries();
  const auto& b = after.entries();
  std::size_t i = 0;
  while (i < a.size() && i < b.size() && a[i].lun == b[i].lun && a[i].lu.id == b[i].lu.id) ++i;
  if (i == a.size()) return b[i].lun;
  return i == b.size() ? a[i].lun : std::min(a[i].lun, b[i].lun);
}

}  // namespace

MapChange Compare(const LunMap& before, const LunMap& after) {
  MapChange change;
  const auto old_units = UnitsOf(before);
  const auto new_units = UnitsOf(after);
  for (const auto& [lu, view] : new_units) {
    const auto add = [&change, id = lu](UnitAttention attention) {
      change.establish.emplace_back(id, attention);
    };
    const auto old = old_units.find(lu);
    if (old == old_units.end()) {
      add(kUaReset);
      continue;
    }
    const scsi::LuView& was = *old->second;
    if (was.read_only != view->read_only) add(kUaMode);
    if (was.block_count != view->block_count) add(kUaCapacity);
    if (was.alua.present != view->alua.present) {
      add(kUaInquiry);
    } else if (!SameGroups(was.alua, view->alua)) {
      add(kUaAluaChanged);
    }
  }
  for (const auto& [lu, view] : old_units) {
    if (new_units.count(lu) == 0) change.gone.push_back(lu);
  }
  const bool same_luns =
      std::equal(before.entries().begin(), before.entries().end(), after.entries().begin(),
                 after.entries().end(), [](const LunMap::Entry& a, const LunMap::Entry& b) {
                   return a.lun == b.lun && a.lu.id == b.lu.id;
                 });
  for (const LunMap::Entry& entry : after.entries()) {
    const auto old = old_units.find(entry.lu.id);
    if (old == old_units.end() || old->second->block_count == entry.lu.block_count) continue;
    change.report.push_back({entry.lun, kUaCapacity});
  }
  if (!same_luns) {
    change.report.push_back({FirstDifference(before, after), kUaLuns});
    for (const auto& [lu, view] : new_units) change.establish.emplace_back(lu, kUaLuns);
  }
  return change;
}

}  // namespace srpt
