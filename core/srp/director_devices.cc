// The director's administration of devices (logical units) and their ALUA groups.
#include <algorithm>
#include <utility>

#include "core/srp/director_state.h"

namespace srpt {
namespace {

using admin::Status;

bool IsPowerOfTwo(std::uint32_t x) { return x != 0 && (x & (x - 1)) == 0; }

}  // namespace

// --- Devices
// --------------------------------------------------------------------------------------

Director::State::Outcome Director::State::Do(AdminId, const admin::AddLu& ask) {
  const std::string name(ask.lu.name.view());
  if (name.empty() || name.find('/') != std::string::npos) {
    return AdminResult{Status::kInvalid,
                       "device name \"" + name + "\"; a name is not empty and " + "has no '/'"};
  }
  if (!IsPowerOfTwo(ask.lu.block_bytes) || ask.lu.block_bytes < limits::kBlockBytesMin ||
      ask.lu.block_bytes > limits::kBlockBytesMax) {
    return AdminResult{Status::kInvalid, "block size " + std::to_string(ask.lu.block_bytes) +
                                             "; it is a power of two, " +
                                             std::to_string(limits::kBlockBytesMin) + ".." +
                                             std::to_string(limits::kBlockBytesMax)};
  }
  if (FindDevice(name) != nullptr || devices.count(ask.lu.id) != 0 ||
      retiring.count(ask.lu.id) != 0) {
    return AdminResult{Status::kExists, "device \"" + name + "\" exists already"};
  }
  if (devices.size() == parameters.devices_max) {
    return AdminResult{Status::kBusy, "there are " + std::to_string(parameters.devices_max) +
                                          " devices already, which is the most"};
  }
  SRPT_CHECK(ask.lu.id.v < parameters.devices_max);  // Shards keep tables by it.
  SnapshotDevice device{ask.lu};
  device.lu.alua = {};
  devices.emplace(ask.lu.id, device);
  return AdminResult{};
}

Director::State::Outcome Director::State::Do(AdminId id, const admin::RemoveLu& ask) {
  const SnapshotDevice* device = FindDevice(ask.device);
  if (device == nullptr) return NoDevice(ask.device);
  const LuId lu = device->lu.id;
  const std::vector<std::string> exports = ExportsOf(lu);
  if (!exports.empty()) {
    return AdminResult{Status::kBusy, "device \"" + ask.device + "\" is exported as " +
                                          exports.front() + "; remove its LUNs first"};
  }
  alua.Forget(lu);
  devices.erase(lu);
  Retiring& waits = retiring[lu];
  waits.admin = id;
  for (std::uint32_t i = 0; i < parameters.shards; ++i) waits.waiting.push_back(ShardId(i));
  outbox.ToAllShards(message::RetireLu{lu});
  return std::nullopt;
}

void Director::State::OnMessage(ShardId shard, const message::LuIdle& idle) {
  const auto at = retiring.find(idle.lu);
  if (at == retiring.end()) return;
  std::vector<ShardId>& waiting = at->second.waiting;
  waiting.erase(std::remove(waiting.begin(), waiting.end(), shard), waiting.end());
  if (!waiting.empty()) return;
  outbox.Done(at->second.admin, Status::kOk, "");
  outbox.Add(action::ReleaseLu{idle.lu});
  retiring.erase(at);
}

Director::State::Outcome Director::State::Do(AdminId, const admin::ResizeLu& ask) {
  SnapshotDevice* device = FindDevice(ask.device);
  if (device == nullptr) return NoDevice(ask.device);
  if (ask.blocks == 0) return AdminResult{Status::kInvalid, "a device has at least one block"};
  if (device->lu.block_count == ask.blocks) return AdminResult{};
  device->lu.block_count = ask.blocks;
  Refresh();
  return AdminResult{};
}

void Director::State::OnMessage(ShardId, const message::LuFailed& failed) {
  const auto at = devices.find(failed.lu);
  if (at == devices.end() || at->second.lu.failed) return;
  at->second.lu.failed = true;
  const std::string name(at->second.lu.name.view());
  outbox.Log(LogLevel::kError,
             "device " + name + " failed: a flush did not succeed, so acknowledged writes may be " +
                 "lost; it is refused to all sessions until an administrator clears it " +
                 "(srpt ctl clear-failed " + name + ")");
  Refresh();
}

Director::State::Outcome Director::State::Do(AdminId, const admin::ClearFailedLu& ask) {
  SnapshotDevice* device = FindDevice(ask.device);
  if (device == nullptr) return NoDevice(ask.device);
  if (!device->lu.failed) return AdminResult{};
  device->lu.failed = false;
  outbox.Log(LogLevel::kInfo, "device " + ask.device + " is served again");
  Refresh();
  return AdminResult{};
}

std::vector<std::string> Director::State::ExportsOf(LuId lu) const {
  std::vector<std::string> exports;
  const auto add = [&](const std::string& where, const LunList& luns) {
    for (const auto& [lun, exported] : luns) {
      if (exported.lu == lu) exports.push_back(where + ":" + std::to_string(lun.v));
    }
  };
  for (const auto& [id, target] : targets) {
    add(target.port.name, target.luns.default_luns());
    for (const InitiatorGroup& group : target.luns.groups()) {
      add(target.port.name + "/" + group.name, group.luns);
    }
  }
  return exports;
}

// --- ALUA
// -----------------------------------------------------------------------------------------

Director::State::Outcome Director::State::Do(AdminId, const admin::AddDeviceGroup& ask) {
  if (ask.group.empty()) return AdminResult{Status::kInvalid, "a device group has a name"};
  if (alua.Find(ask.group) != nullptr) {
    return AdminResult{Status::kExists, "device group \"" + ask.group + "\" exists already"};
  }
  alua.Add(ask.group);
  return AdminResult{};
}

Director::State::Outcome Director::State::Do(AdminId, const admin::AddDeviceToGroup& ask) {
  AluaDeviceGroup* group = alua.Find(ask.group);
  if (group == nullptr) return NoDeviceGroup(ask.group);
  const SnapshotDevice* device = FindDevice(ask.device);
  if (device == nullptr) return NoDevice(ask.device);
  if (const AluaDeviceGroup* owner = alua.GroupOf(device->lu.id)) {
    return AdminResult{Status::kExists, "device \"" + ask.device + "\" is in device group \"" +
                                            owner->name + "\" already"};
  }
  group->devices.push_back(device->lu.id);
  Refresh();
  return AdminResult{};
}

Director::State::Outcome Director::State::Do(AdminId, const admin::AddTargetGroup& ask) {
  AluaDeviceGroup* group = alua.Find(ask.group);
  if (group == nullptr) return NoDeviceGroup(ask.group);
  if (ask.target_group.empty()) return AdminResult{Status::kInvalid, "a target group has a name"};
  for (const AluaTargetGroup& g : group->target_groups) {
    if (g.name == ask.target_group) {
      return AdminResult{Status::kExists,
                         "target group \"" + ask.target_group + "\" exists already"};
    }
    if (g.group_id == ask.group_id) {
      return AdminResult{Status::kExists, "group_id " + std::to_string(ask.group_id) +
                                              " is that of target group \"" + g.name + "\""};
    }
  }
  group->target_groups.push_back(
      {ask.target_group, ask.group_id, scsi::AluaState::kActive, false, {}});
  Refresh();
  return AdminResult{};
}

Director::State::Outcome Director::State::Do(AdminId, const admin::AddTargetToGroup& ask) {
  AluaDeviceGroup* group = alua.Find(ask.group);
  if (group == nullptr) return NoDeviceGroup(ask.group);
  AluaTargetGroup* target_group = group->Find(ask.target_group);
  if (target_group == nullptr) return NoTargetGroup(*group, ask.target_group);
  if (const AluaTargetGroup* owner = group->GroupOf(ask.target)) {
    return AdminResult{Status::kExists, "target \"" + ask.target + "\" is in target group \"" +
                                            owner->name + "\" already"};
  }
  std::uint16_t rel_tgt_id = ask.rel_tgt_id;
  if (const SnapshotTarget* target = FindTarget(ask.target)) {
    rel_tgt_id = target->port.rel_tgt_id;
  } else if (rel_tgt_id == 0) {
    AdminResult result = NoTarget(ask.target);
    result.text += " (a target of another host needs its rel_tgt_id)";
    return result;
  }
  target_group->members.push_back({ask.target, rel_tgt_id});
  Refresh();
  return AdminResult{};
}

Director::State::Outcome Director::State::Do(AdminId, const admin::SetAluaState& ask) {
  AluaDeviceGroup* group = alua.Find(ask.group);
  if (group == nullptr) return NoDeviceGroup(ask.group);
  AluaTargetGroup* target_group = group->Find(ask.target_group);
  if (target_group == nullptr) return NoTargetGroup(*group, ask.target_group);
  if (target_group->state == ask.state) return AdminResult{};
  target_group->state = ask.state;
  Refresh();
  return AdminResult{};
}

Director::State::Outcome Director::State::Do(AdminId, const admin::SetAluaPreferred& ask) {
  AluaDeviceGroup* group = alua.Find(ask.group);
  if (group == nullptr) return NoDeviceGroup(ask.group);
  AluaTargetGroup* target_group = group->Find(ask.target_group);
  if (target_group == nullptr) return NoTargetGroup(*group, ask.target_group);
  if (target_group->preferred == ask.preferred) return AdminResult{};
  target_group->preferred = ask.preferred;
  Refresh();
  return AdminResult{};
}

}  // namespace srpt
