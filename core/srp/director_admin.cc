// The director's administration of targets, LUNs, initiator groups and sessions.
#include <algorithm>
#include <utility>

#include "core/srp/director_state.h"

namespace srpt {
namespace {

using admin::Status;

std::string Quoted(std::string_view name) {
  std::string text = "\"";
  text += name;
  return text + "\"";
}

// "no target "x"; there are a, b" (or "there is none").
AdminResult NotFound(std::string_view kind, std::string_view name,
                     const std::vector<std::string>& known) {
  std::string text = "no ";
  text += kind;
  text += " " + Quoted(name) + "; there ";
  if (known.empty()) return {Status::kNotFound, text + "is none"};
  text += known.size() == 1 ? "is " : "are ";
  for (std::size_t i = 0; i < known.size(); ++i) text += (i == 0 ? "" : ", ") + known[i];
  return {Status::kNotFound, std::move(text)};
}

AdminResult Exists(std::string_view kind, std::string_view name) {
  std::string text(kind);
  return {Status::kExists, text + " " + Quoted(name) + " exists already"};
}

}  // namespace

SnapshotTarget* Director::State::FindTarget(TargetPortId id) {
  const auto at = targets.find(id);
  return at == targets.end() ? nullptr : &at->second;
}

SnapshotTarget* Director::State::FindTarget(std::string_view name) {
  for (auto& [id, target] : targets) {
    if (target.port.name == name) return &target;
  }
  return nullptr;
}

SnapshotDevice* Director::State::FindDevice(std::string_view name) {
  for (auto& [id, device] : devices) {
    if (device.lu.name.view() == name) return &device;
  }
  return nullptr;
}

AdminResult Director::State::NoTarget(std::string_view name) const {
  std::vector<std::string> known;
  for (const auto& [id, target] : targets) known.push_back(target.port.name);
  return NotFound("target", name, known);
}

AdminResult Director::State::NoDevice(std::string_view name) const {
  std::vector<std::string> known;
  for (const auto& [id, device] : devices) known.emplace_back(device.lu.name.view());
  return NotFound("device", name, known);
}

AdminResult Director::State::NoGroup(const SnapshotTarget& target, std::string_view name) const {
  std::vector<std::string> known;
  for (const InitiatorGroup& group : target.luns.groups()) known.push_back(group.name);
  return NotFound("initiator group", name, known);
}

AdminResult Director::State::NoDeviceGroup(std::string_view name) const {
  std::vector<std::string> known;
  for (const AluaDeviceGroup& group : alua.groups()) known.push_back(group.name);
  return NotFound("device group", name, known);
}

AdminResult Director::State::NoTargetGroup(const AluaDeviceGroup& group,
                                           std::string_view name) const {
  std::vector<std::string> known;
  for (const AluaTargetGroup& g : group.target_groups) known.push_back(g.name);
  return NotFound("target group", name, known);
}

Director::State::Outcome Director::State::Do(AdminId, const admin::EnableTarget& ask) {
  SnapshotTarget* target = FindTarget(ask.target);
  if (target == nullptr) return NoTarget(ask.target);
  target->port.enabled = ask.enabled;
  if (!ask.enabled) {
    for (auto& [slot, nexus] : nexuses.all()) {
      if (nexus.key.port == target->port.id) CloseAll(nexus, CloseReason::kTargetDisabled);
    }
  }
  return AdminResult{};
}

Director::State::Outcome Director::State::Do(AdminId, const admin::AddLun& ask) {
  SnapshotTarget* target = FindTarget(ask.target);
  if (target == nullptr) return NoTarget(ask.target);
  LunList* luns = target->luns.LunsOf(ask.group);
  if (luns == nullptr) return NoGroup(*target, ask.group);
  const SnapshotDevice* device = FindDevice(ask.device);
  if (device == nullptr) return NoDevice(ask.device);
  if (ask.lun.v > limits::kLunNumberMax) {
    return AdminResult{Status::kInvalid, "LUN " + std::to_string(ask.lun.v) + "; LUNs are 0.." +
                                             std::to_string(limits::kLunNumberMax)};
  }
  if (luns->count(ask.lun) != 0) {
    return AdminResult{Status::kExists,
                       "LUN " + std::to_string(ask.lun.v) + " is device " +
                           std::string(devices.at(luns->at(ask.lun).lu).lu.name.view()) +
                           " already; remove it first"};
  }
  luns->emplace(ask.lun, ExportedLun{device->lu.id, ask.read_only});
  Refresh();
  return AdminResult{};
}

Director::State::Outcome Director::State::Do(AdminId, const admin::RemoveLun& ask) {
  SnapshotTarget* target = FindTarget(ask.target);
  if (target == nullptr) return NoTarget(ask.target);
  LunList* luns = target->luns.LunsOf(ask.group);
  if (luns == nullptr) return NoGroup(*target, ask.group);
  if (luns->erase(ask.lun) == 0) {
    std::vector<std::string> known;
    for (const auto& [lun, exported] : *luns) known.push_back(std::to_string(lun.v));
    return NotFound("LUN", std::to_string(ask.lun.v), known);
  }
  Refresh();
  return AdminResult{};
}

Director::State::Outcome Director::State::Do(AdminId, const admin::AddGroup& ask) {
  SnapshotTarget* target = FindTarget(ask.target);
  if (target == nullptr) return NoTarget(ask.target);
  if (ask.group.empty()) return AdminResult{Status::kInvalid, "a group has a name"};
  if (target->luns.FindGroup(ask.group) != nullptr) return Exists("initiator group", ask.group);
  target->luns.AddGroup(ask.group);
  Refresh();
  return AdminResult{};
}

Director::State::Outcome Director::State::Do(AdminId, const admin::AddInitiator& ask) {
  SnapshotTarget* target = FindTarget(ask.target);
  if (target == nullptr) return NoTarget(ask.target);
  InitiatorGroup* group = target->luns.FindGroup(ask.group);
  if (group == nullptr) return NoGroup(*target, ask.group);
  if (ask.pattern.empty()) {
    return AdminResult{Status::kInvalid, "an initiator is an address or a pattern, such as 10.1.*"};
  }
  if (const InitiatorGroup* owner = target->luns.OwnerOf(ask.pattern)) {
    return AdminResult{Status::kExists, "initiator " + Quoted(ask.pattern) + " is in group " +
                                            Quoted(owner->name) + " already"};
  }
  group->patterns.push_back(ask.pattern);
  Refresh();
  return AdminResult{};
}

Director::State::Outcome Director::State::Do(AdminId, const admin::CloseSession& ask) {
  const SnapshotTarget* target = FindTarget(ask.target);
  if (target == nullptr) return NoTarget(ask.target);
  std::vector<std::string> known;
  for (auto& [slot, nexus] : nexuses.all()) {
    if (nexus.key.port != target->port.id) continue;
    if (nexus.name != ask.session) {
      known.push_back(nexus.name);
      continue;
    }
    CloseAll(nexus, CloseReason::kAdministrator);
    return AdminResult{};
  }
  return NotFound("session", ask.session, known);
}

Director::State::Outcome Director::State::Do(AdminId id, const admin::Shutdown&) {
  shutting_down = true;
  shutdowns.push_back(id);
  for (auto& [slot, nexus] : nexuses.all()) CloseAll(nexus, CloseReason::kShutdown);
  TellIfDown();
  return std::nullopt;
}

}  // namespace srpt
