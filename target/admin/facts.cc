#include "target/admin/facts.h"

#include <algorithm>
#include <cstdio>
#include <map>

namespace srpt::target {
namespace {

std::string Hex(const std::uint8_t* bytes, std::size_t n) {
  std::string out;
  char digits[3];
  for (std::size_t i = 0; i < n; ++i) {
    std::snprintf(digits, sizeof(digits), "%02x", bytes[i]);
    out += digits;
  }
  return out;
}

void Add(ChannelCounters& to, const ChannelCounters& from) {
  to.commands += from.commands;
  to.reads += from.reads;
  to.writes += from.writes;
  to.bidirectional += from.bidirectional;
  to.others += from.others;
  to.read_bytes += from.read_bytes;
  to.write_bytes += from.write_bytes;
  to.immediate_bytes += from.immediate_bytes;
  to.check_conditions += from.check_conditions;
  to.aborted += from.aborted;
  to.task_management += from.task_management;
  to.buffer_waits += from.buffer_waits;
  to.send_waits += from.send_waits;
}

}  // namespace

std::vector<SessionFacts> Facts::Sessions() const {
  std::map<std::pair<ShardId, ChannelId>, ChannelInfo> channels;
  for (std::uint32_t i = 0; i < host_.shard_count(); ++i) {
    for (const ChannelInfo& channel : host_.Channels(ShardId(i))) {
      channels.emplace(std::pair(ShardId(i), channel.channel), channel);
    }
  }
  std::vector<SessionFacts> sessions;
  for (SessionInfo& info : host_.director().Sessions()) {
    SessionFacts session;
    const std::optional<PortFacts> port = Port(info.port);
    session.info = std::move(info);
    std::vector<std::string> states;
    for (const SessionChannel& named : session.info.channels) {
      const auto at = channels.find({named.shard, named.channel});
      if (at == channels.end()) continue;
      const ChannelInfo& channel = at->second;
      const int vector =
          port && named.shard.v < port->comp_vectors.size() ? port->comp_vectors[named.shard.v] : 0;
      session.comp_vector += (session.comp_vector.empty() ? "" : ",") + std::to_string(vector);
      session.req_lim += channel.req_lim;
      session.req_lim_delta += channel.req_lim_delta;
      session.active_commands += channel.active_commands;
      Add(session.counters, channel.counters);
      const std::string state = ToString(channel.state);
      if (std::find(states.begin(), states.end(), state) == states.end()) {
        states.push_back(state);
        session.ch_state += (session.ch_state.empty() ? "" : ",") + state;
      }
      session.channels.push_back(channel);
    }
    sessions.push_back(std::move(session));
  }
  return sessions;
}

std::optional<TargetInfo> Facts::Target(const std::string& name) const {
  for (TargetInfo& target : host_.director().Targets()) {
    if (target.name == name) return std::move(target);
  }
  return std::nullopt;
}

std::optional<PortFacts> Facts::Port(TargetPortId id) const {
  for (PortFacts& port : host_.Ports()) {
    if (port.id == id) return std::move(port);
  }
  return std::nullopt;
}

std::optional<DeviceFacts> Facts::Device(LuId id) const {
  for (DeviceFacts& device : host_.Devices()) {
    if (device.id == id) return std::move(device);
  }
  return std::nullopt;
}

// [R-PARAM-10]
std::string Facts::LoginInfo(const PortFacts& port) const {
  const auto guid = static_cast<unsigned long long>(host_.service_guid());
  char text[160];
  std::snprintf(text, sizeof(text),
                "tid_ext=%016llx,ioc_guid=%016llx,pkey=%04x,dgid=%s,service_id=%016llx", guid, guid,
                port.pkey, Hex(port.gid.data(), port.gid.size()).c_str(), guid);
  return text;
}

std::string PortIdText(const PortId& id) {
  return "0x" + Hex(id.bytes.data(), 8) + ":0x" + Hex(id.bytes.data() + 8, 8);
}

}  // namespace srpt::target
