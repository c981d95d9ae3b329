#include "target/admin/lists.h"

#include <map>
#include <string>

namespace srpt::target {
namespace {

using Json = nlohmann::ordered_json;

Json LunEntry(const std::string& target, const std::string& group, const LunInfo& lun) {
  return {{"target", target},
          {"group", group},
          {"lun", lun.lun.v},
          {"device", lun.device},
          {"read_only", lun.read_only}};
}

}  // namespace

Json TargetList(const Facts& facts) {
  std::map<TargetPortId, std::uint64_t> sessions;
  for (const SessionInfo& session : facts.host().director().Sessions()) ++sessions[session.port];
  Json list = Json::array();
  for (const TargetInfo& target : facts.Targets()) {
    Json entry = {{"name", target.name},
                  {"enabled", target.enabled},
                  {"rel_tgt_id", target.rel_tgt_id},
                  {"luns", target.luns.size()},
                  {"groups", target.groups.size()},
                  {"sessions", sessions[target.id]}};
    if (const auto port = facts.Port(target.id)) {
      entry["device"] = port->device;
      entry["port_id"] = port->port;
      entry["link_layer"] = port->link_layer;
      entry["login_info"] = facts.LoginInfo(*port);
    }
    list.push_back(std::move(entry));
  }
  return list;
}

Json SessionList(const Facts& facts) {
  Json list = Json::array();
  for (const SessionFacts& session : facts.Sessions()) {
    const ChannelCounters& c = session.counters;
    list.push_back({{"name", session.info.name},
                    {"target", session.info.target},
                    {"initiator_port_id", PortIdText(session.info.initiator_port)},
                    {"group", session.info.group},
                    {"channels", session.info.channels.size()},
                    {"ch_state", session.ch_state},
                    {"req_lim", session.req_lim},
                    {"req_lim_delta", session.req_lim_delta},
                    {"active_commands", session.active_commands},
                    {"commands", c.commands},
                    {"reads", c.reads},
                    {"writes", c.writes},
                    {"bidirectional", c.bidirectional},
                    {"others", c.others},
                    {"read_kib", c.read_bytes / 1024},
                    {"write_kib", c.write_bytes / 1024},
                    {"immediate_kib", c.immediate_bytes / 1024},
                    {"check_conditions", c.check_conditions},
                    {"aborted", c.aborted},
                    {"task_management", c.task_management},
                    {"buffer_waits", c.buffer_waits},
                    {"send_waits", c.send_waits}});
  }
  return list;
}

Json DeviceList(const Facts& facts) {
  Json list = Json::array();
  for (const DeviceInfo& device : facts.Devices()) {
    const scsi::LuView& lu = device.lu;
    const auto known = facts.Device(lu.id);
    std::string exported;
    for (const std::string& place : device.exported) {
      exported += (exported.empty() ? "" : " ") + place;
    }
    list.push_back({{"name", std::string(lu.name.view())},
                    {"handler", config::HandlerName(lu.handler)},
                    {"size", lu.block_count * lu.block_bytes},
                    {"blocksize", lu.block_bytes},
                    {"read_only", lu.read_only},
                    {"write_cache", lu.write_cache},
                    {"failed", lu.failed},
                    {"filename", known ? known->device.filename : ""},
                    {"exported", exported}});
  }
  return list;
}

Json LunList(const Facts& facts) {
  Json list = Json::array();
  for (const TargetInfo& target : facts.Targets()) {
    for (const LunInfo& lun : target.luns) list.push_back(LunEntry(target.name, "", lun));
    for (const GroupInfo& group : target.groups) {
      for (const LunInfo& lun : group.luns) {
        list.push_back(LunEntry(target.name, group.name, lun));
      }
    }
  }
  return list;
}

Json CounterList(const Facts& facts) {
  ChannelCounters sum;
  std::uint64_t sessions = 0, channels = 0;
  for (const SessionFacts& session : facts.Sessions()) {
    ++sessions;
    channels += session.channels.size();
    sum.commands += session.counters.commands;
    sum.read_bytes += session.counters.read_bytes;
    sum.write_bytes += session.counters.write_bytes;
    sum.immediate_bytes += session.counters.immediate_bytes;
    sum.aborted += session.counters.aborted;
    sum.check_conditions += session.counters.check_conditions;
  }
  Json list = {{"sessions", sessions},
               {"channels", channels},
               {"live_commands", sum.commands},
               {"live_read_bytes", sum.read_bytes},
               {"live_write_bytes", sum.write_bytes},
               {"live_immediate_bytes", sum.immediate_bytes},
               {"live_aborted", sum.aborted},
               {"live_check_conditions", sum.check_conditions}};
  for (const auto& [name, value] : facts.host().Counters()) list[name] = value;
  return list;
}

}  // namespace srpt::target
