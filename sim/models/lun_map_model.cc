#include "sim/models/lun_map_model.h"

#include <algorithm>

#include "core/initiator/initiator.h"

namespace srpt::sim::models {
namespace {

using admin::Status;
using Map = LunMapModel::Map;

// A disk may be at several LUNs; the lowest says whether it is read-only.
std::map<std::uint32_t, bool> DisksOf(const Map& map) {
  std::map<std::uint32_t, bool> disks;
  for (const auto& [lun, what] : map) disks.emplace(what.disk, what.read_only);
  return disks;
}

}  // namespace

LunMapModel::LunMapModel() {
  present.fill(true);
  luns[0] = {0, false};
  for (auto& told : attentions) told[0] = {scsi::kUaPowerOn};  // A new nexus.
}

bool LunMapModel::Matches(std::size_t pattern, std::size_t host) {
  switch (pattern) {
    case 0:
      return host == 0;
    case 1:
      return host == 1;
    case 4:
      return host != 2;
    default:
      return true;
  }
}

const Map& LunMapModel::MapOf(std::size_t host) const {
  for (const Group& group : groups) {
    for (const std::size_t pattern : group.patterns) {
      if (Matches(pattern, host)) return group.luns;
    }
  }
  return luns;
}

LunMapModel::Group* LunMapModel::Find(const std::string& name) {
  for (Group& group : groups) {
    if (group.name == name) return &group;
  }
  return nullptr;
}

Map* LunMapModel::LunsOf(const std::string& group) {
  if (group.empty()) return &luns;
  Group* found = Find(group);
  return found == nullptr ? nullptr : &found->luns;
}

Status LunMapModel::AddLun(const std::string& group, std::uint16_t lun, const Export& what,
                           std::vector<Event>& events) {
  Map* map = LunsOf(group);
  if (map == nullptr || !present[what.disk]) return Status::kNotFound;
  if (map->count(lun) != 0) return Status::kExists;
  Change(events, [&] { map->emplace(lun, what); });
  return Status::kOk;
}

Status LunMapModel::RemoveLun(const std::string& group, std::uint16_t lun,
                              std::vector<Event>& events) {
  Map* map = LunsOf(group);
  if (map == nullptr || map->count(lun) == 0) return Status::kNotFound;
  Change(events, [&] { map->erase(lun); });
  return Status::kOk;
}

Status LunMapModel::AddGroup(const std::string& name) {
  if (Find(name) != nullptr) return Status::kExists;
  groups.push_back({name, {}, {}});
  return Status::kOk;
}

Status LunMapModel::AddInitiator(const std::string& group, std::size_t pattern,
                                 std::vector<Event>& events) {
  Group* found = Find(group);
  if (found == nullptr) return Status::kNotFound;
  for (const Group& g : groups) {
    if (std::count(g.patterns.begin(), g.patterns.end(), pattern) != 0) return Status::kExists;
  }
  Change(events, [&] { found->patterns.push_back(pattern); });
  return Status::kOk;
}

Status LunMapModel::AddDisk(std::uint32_t disk) {
  if (present[disk]) return Status::kExists;
  present[disk] = true;
  return Status::kOk;
}

Status LunMapModel::RemoveDisk(std::uint32_t disk) {
  if (!present[disk]) return Status::kNotFound;
  const auto names = [disk](const Map& map) { return DisksOf(map).count(disk) != 0; };
  if (names(luns) || std::any_of(groups.begin(), groups.end(),
                                 [&](const Group& group) { return names(group.luns); })) {
    return Status::kBusy;
  }
  present[disk] = false;
  return Status::kOk;
}

void LunMapModel::Change(std::vector<Event>& events, const std::function<void()>& change) {
  std::array<Map, kHosts> before;
  for (std::size_t host = 0; host < kHosts; ++host) before[host] = MapOf(host);
  change();
  for (std::size_t host = 0; host < kHosts; ++host) Tell(host, before[host], events);
}

void LunMapModel::Tell(std::size_t host, const Map& before, std::vector<Event>& events) {
  const Map& after = MapOf(host);
  const auto old_disks = DisksOf(before);
  const auto new_disks = DisksOf(after);
  for (const auto& [disk, read_only] : old_disks) {
    if (new_disks.count(disk) == 0) attentions[host].erase(disk);
  }
  for (const auto& [disk, read_only] : new_disks) {
    const auto old = old_disks.find(disk);
    if (old == old_disks.end()) {
      Establish(host, disk, scsi::kUaPowerOn);
    } else if (old->second != read_only) {
      Establish(host, disk, scsi::kUaModeParametersChanged);
    }
  }
  // The lowest LUN at which another disk is, or none any more.
  const auto disk_at = [](const Map& map, std::uint16_t lun) {
    const auto at = map.find(lun);
    return at == map.end() ? kDisks : at->second.disk;
  };
  Map both = before;
  both.insert(after.begin(), after.end());
  for (const auto& [lun, what] : both) {
    if (disk_at(before, lun) == disk_at(after, lun)) continue;
    if (wrong && &after != &luns) return;
    for (const auto& [disk, read_only] : new_disks) {
      Establish(host, disk, scsi::kUaReportedLunsChanged);
    }
    events.push_back({host, initiator::MakeLun(LunNumber(lun)), scsi::kUaReportedLunsChanged.asc,
                      scsi::kUaReportedLunsChanged.ascq});
    return;
  }
}

void LunMapModel::Establish(std::size_t host, std::uint32_t disk, const scsi::Sense& sense) {
  std::vector<scsi::Sense>& told = attentions[host][disk];
  if (std::find(told.begin(), told.end(), sense) == told.end()) told.push_back(sense);
}

Answers LunMapModel::Send(std::uint64_t tag, std::size_t host, std::uint16_t lun, Ask ask) {
  next_tag = tag + 1;
  const Map& map = MapOf(host);
  const auto at = map.find(lun);
  if (ask == Ask::kInquiry || ask == Ask::kReportLuns) return {Answer::Good(host, tag)};
  if (at == map.end()) return {Answer::Check(host, tag, scsi::kLunNotSupported)};
  std::vector<scsi::Sense>& told = attentions[host][at->second.disk];
  if (!told.empty()) {
    const scsi::Sense sense = told.front();
    told.erase(told.begin());
    if (sense == scsi::kUaReportedLunsChanged) {  // It is about all of them: once is enough.
      for (auto& [disk, others] : attentions[host]) std::erase(others, sense);
    }
    return {Answer::Check(host, tag, sense)};
  }
  if (Writes(ask) && at->second.read_only) {
    return {Answer::Check(host, tag, scsi::kWriteProtected)};
  }
  return {Answer::Good(host, tag)};
}

}  // namespace srpt::sim::models
