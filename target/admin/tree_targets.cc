// /targets/ib_srpt.
#include <cstdio>
#include <sstream>

#include "target/admin/tree.h"
#include "target/config/parameters.h"
#include "target/config/values.h"

namespace srpt::target {
namespace {

using Children = std::vector<std::pair<std::string, Node::Child>>;

Node::Child Value(std::string value, Node::Set set = nullptr) {
  return [value = std::move(value), set = std::move(set)] { return Node::Leaf(value, set); };
}
Node::Child Dir(Children children) {
  return [children = std::move(children)] { return Node::Directory(children); };
}
std::string Number(std::uint64_t n) { return std::to_string(n); }

std::vector<std::string> Words(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

// `add DEV LUN [read_only=1]` or `del LUN`.
Result<Change, std::string> LunCommand(const std::string& target, const std::string& group,
                                       const std::string& text) {
  const auto words = Words(text);
  const bool add = words.size() >= 3 && words.size() <= 4 && words[0] == "add";
  const bool del = words.size() == 2 && words[0] == "del";
  const auto lun =
      add || del ? config::ParseNumber(words[add ? 2 : 1], 0, limits::kLunNumberMax) : std::nullopt;
  const bool known = words.size() < 4 || words[3] == "read_only=1" || words[3] == "read_only=0";
  if (!lun || !known) {
    return Err{"'" + text + "'; expected 'add DEVICE LUN [read_only=1]' or 'del LUN', LUN 0 to " +
               Number(limits::kLunNumberMax)};
  }
  const LunNumber number(static_cast<std::uint16_t>(*lun));
  if (del) return Change(admin::Request(admin::RemoveLun{target, group, number}));
  const bool read_only = words.size() == 4 && words[3] == "read_only=1";
  return Change(admin::Request(admin::AddLun{target, group, number, words[1], read_only}));
}

Node::Child LunsDir(const std::string& target, const std::string& group,
                    const std::vector<LunInfo>& luns) {
  Children children = {{"mgmt", Value("add DEVICE LUN [read_only=1] | del LUN",
                                      [target, group](const std::string& value) {
                                        return LunCommand(target, group, value);
                                      })}};
  for (const LunInfo& lun : luns) {
    children.emplace_back(
        Number(lun.lun.v),
        Dir({{"device", Value(lun.device)}, {"read_only", Value(lun.read_only ? "1" : "0")}}));
  }
  return Dir(std::move(children));
}

Node::Child GroupsDir(const TargetInfo& target) {
  Children groups = {
      {"mgmt", Value("create GROUP",
                     [name = target.name](const std::string& value) -> Result<Change, std::string> {
                       const auto words = Words(value);
                       if (words.size() != 2 || words[0] != "create") {
                         return Err{"'" + value + "'; expected 'create GROUP'"};
                       }
                       return Change(admin::Request(admin::AddGroup{name, words[1]}));
                     })}};
  for (const GroupInfo& group : target.groups) {
    Children initiators = {
        {"mgmt", Value("add PATTERN",
                       [name = target.name, group = group.name](
                           const std::string& value) -> Result<Change, std::string> {
                         const auto words = Words(value);
                         if (words.size() != 2 || words[0] != "add") {
                           return Err{"'" + value + "'; expected 'add PATTERN'"};
                         }
                         return Change(admin::Request(admin::AddInitiator{name, group, words[1]}));
                       })}};
    for (const std::string& pattern : group.initiators) {
      initiators.emplace_back(pattern, Value(pattern));
    }
    groups.emplace_back(group.name, Dir({{"luns", LunsDir(target.name, group.name, group.luns)},
                                         {"initiators", Dir(std::move(initiators))}}));
  }
  return Dir(std::move(groups));
}

Node TargetNode(const Facts& facts, const TargetInfo& target) {
  const auto set_enabled =
      [name = target.name](const std::string& value) -> Result<Change, std::string> {
    const auto flag = config::ParseFlag(value);
    if (!flag) return Err{"enabled '" + value + "'; expected 0 or 1"};
    return Change(admin::Request(admin::EnableTarget{name, *flag}));
  };
  Children children = {
      {"enabled", Value(target.enabled ? "1" : "0", set_enabled)},
      {"rel_tgt_id", Value(Number(target.rel_tgt_id))},
  };
  if (const auto port = facts.Port(target.id)) {
    children.emplace_back("device", Value(port->device));
    children.emplace_back("link_layer", Value(port->link_layer));
    children.emplace_back("port_id", Value(Number(port->port)));
    char mask[24];
    std::snprintf(mask, sizeof mask, "0x%llx", static_cast<unsigned long long>(port->comp_v_mask));
    children.emplace_back("comp_v_mask", Value(mask));
    children.emplace_back("login_info", Value(facts.LoginInfo(*port)));
  }
  children.emplace_back("luns", LunsDir(target.name, "", target.luns));
  children.emplace_back("ini_groups", GroupsDir(target));
  children.emplace_back("sessions", [&facts, id = target.id] {
    Children sessions;
    for (const SessionFacts& session : facts.Sessions()) {
      if (session.info.port != id) continue;
      sessions.emplace_back(session.info.name, [session] { return SessionNode(session); });
    }
    return Node::Directory(std::move(sessions));
  });
  return Node::Directory(std::move(children));
}

}  // namespace

Node SessionNode(const SessionFacts& session) {
  const ChannelCounters& counters = session.counters;
  Children luns;
  for (const LunInfo& lun : session.info.luns) {
    luns.emplace_back(
        "lun" + Number(lun.lun.v),
        Dir({{"device", Value(lun.device)}, {"read_only", Value(lun.read_only ? "1" : "0")}}));
  }
  const auto close = [target = session.info.target,
                      name = session.info.name](const std::string&) -> Result<Change, std::string> {
    return Change(admin::Request(admin::CloseSession{target, name}));
  };
  return Node::Directory({
      {"initiator_name", Value(session.info.initiator_name)},
      {"initiator_port_id", Value(PortIdText(session.info.initiator_port))},
      {"target_port_id", Value(PortIdText(session.info.target_port))},
      {"group", Value(session.info.group)},
      {"channels", Value(Number(session.info.channels.size()))},
      {"ch_state", Value(session.ch_state)},
      {"comp_vector", Value(session.comp_vector)},
      {"req_lim", Value(std::to_string(session.req_lim))},
      {"req_lim_delta", Value(Number(session.req_lim_delta))},
      {"commands", Value(Number(counters.commands))},
      {"active_commands", Value(Number(session.active_commands))},
      {"read_cmd_count", Value(Number(counters.reads))},
      {"write_cmd_count", Value(Number(counters.writes))},
      {"bidi_cmd_count", Value(Number(counters.bidirectional))},
      {"none_cmd_count", Value(Number(counters.others))},
      {"read_io_count_kb", Value(Number(counters.read_bytes / 1024))},
      {"write_io_count_kb", Value(Number(counters.write_bytes / 1024))},
      {"immediate_io_count_kb", Value(Number(counters.immediate_bytes / 1024))},
      {"check_conditions", Value(Number(counters.check_conditions))},
      {"aborted_cmd_count", Value(Number(counters.aborted))},
      {"task_management_count", Value(Number(counters.task_management))},
      {"buffer_waits", Value(Number(counters.buffer_waits))},
      {"send_waits", Value(Number(counters.send_waits))},
      {"force_close", Value("write anything: the session ends", close)},
      {"luns", Dir(std::move(luns))},
  });
}

Node TargetsNode(const Facts& facts) {
  Children children;
  for (const config::ParameterInfo& info : config::ParameterTable()) {
    children.emplace_back(info.name, Value(GetParameter(facts.host().parameters(), info.name)));
  }
  for (const TargetInfo& target : facts.Targets()) {
    children.emplace_back(target.name, [&facts, target] { return TargetNode(facts, target); });
  }
  return Node::Directory(std::move(children));
}

}  // namespace srpt::target
