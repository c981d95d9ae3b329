// What an administrator reads of the director.
#include "core/srp/director_state.h"

namespace srpt {
namespace {

std::vector<LunInfo> ListLuns(const LunList& luns, const SnapshotDevices& devices) {
  std::vector<LunInfo> list;
  for (const auto& [lun, exported] : luns) {
    const scsi::LuView& lu = devices.at(exported.lu).lu;
    list.push_back({lun, std::string(lu.name.view()), exported.read_only || lu.read_only});
  }
  return list;
}

}  // namespace

std::vector<TargetInfo> Director::Targets() const {
  std::vector<TargetInfo> list;
  for (const auto& [id, target] : state_->targets) {
    TargetInfo info;
    info.id = id;
    info.name = target.port.name;
    info.enabled = target.port.enabled;
    info.rel_tgt_id = target.port.rel_tgt_id;
    info.luns = ListLuns(target.luns.default_luns(), state_->devices);
    for (const InitiatorGroup& group : target.luns.groups()) {
      info.groups.push_back({group.name, group.patterns, ListLuns(group.luns, state_->devices)});
    }
    list.push_back(std::move(info));
  }
  return list;
}

std::vector<SessionInfo> Director::Sessions() const {
  std::vector<SessionInfo> list;
  for (const auto& [slot, nexus] : state_->nexuses.all()) {
    const SnapshotTarget& target = state_->targets.at(nexus.key.port);
    const InitiatorGroup* group = target.luns.GroupOf(nexus.initiator_name);
    SessionInfo info;
    info.port = nexus.key.port;
    info.target = target.port.name;
    info.name = nexus.name;
    info.initiator_name = nexus.initiator_name;
    info.initiator_port = nexus.key.initiator;
    info.target_port = nexus.key.target;
    if (group != nullptr) info.group = group->name;
    info.luns =
        ListLuns(group == nullptr ? target.luns.default_luns() : group->luns, state_->devices);
    for (const NexusChannel& channel : nexus.channels) {
      info.channels.push_back({channel.shard, channel.channel, channel.state.live()});
    }
    list.push_back(std::move(info));
  }
  return list;
}

LoginPhase Director::PhaseOf(ConnId conn) const {
  const auto at = state_->openings.find(conn);
  if (at != state_->openings.end()) return at->second.state.phase();
  for (const auto& [slot, nexus] : state_->nexuses.all()) {
    for (const NexusChannel& channel : nexus.channels) {
      if (channel.conn == conn) return channel.state.phase();
    }
  }
  return LoginPhase::kFree;
}

std::vector<DeviceInfo> Director::Devices() const {
  std::vector<DeviceInfo> list;
  for (const auto& [id, device] : state_->devices) {
    list.push_back({device.lu, state_->ExportsOf(id)});
  }
  return list;
}

std::vector<TargetGroupInfo> Director::TargetGroups() const {
  std::vector<TargetGroupInfo> list;
  for (const AluaDeviceGroup& device_group : state_->alua.groups()) {
    for (const AluaTargetGroup& group : device_group.target_groups) {
      TargetGroupInfo info{device_group.name, group.name,      group.group_id,
                           group.state,       group.preferred, {}};
      for (const AluaMember& member : group.members) info.targets.push_back(member.target);
      list.push_back(std::move(info));
    }
  }
  return list;
}

}  // namespace srpt
