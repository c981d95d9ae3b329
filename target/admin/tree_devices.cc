// /handlers and /devices.
#include <cstdio>

#include "target/admin/tree.h"
#include "target/config/scst_conf.h"
#include "target/config/values.h"

namespace srpt::target {
namespace {

const char* Flag(bool flag) { return flag ? "1" : "0"; }
Node::Child Value(std::string value, Node::Set set = nullptr) {
  return [value = std::move(value), set = std::move(set)] { return Node::Leaf(value, set); };
}

Node::Set Resizes(const std::string& device, std::uint64_t unit) {
  return [device, unit](const std::string& value) -> Result<Change, std::string> {
    const auto number = config::ParseNumber(value, 1, (std::uint64_t{1} << 62) / unit);
    if (!number) return Err{"size '" + value + "'; expected a number greater than 0"};
    return Change(ResizeChange{device, *number * unit});
  };
}

Node DeviceNode(const Facts& facts, const DeviceInfo& info) {
  const scsi::LuView& lu = info.lu;
  const std::string name(lu.name.view());
  const std::uint64_t bytes = lu.block_count * lu.block_bytes;
  char naa[19];
  std::snprintf(naa, sizeof(naa), "0x%016llx",
                static_cast<unsigned long long>(LoadBe64(lu.identity.naa.data())));
  std::vector<std::pair<std::string, Node::Child>> exported;
  for (std::size_t i = 0; i < info.exported.size(); ++i) {
    exported.emplace_back("export" + std::to_string(i), Value(info.exported[i]));
  }
  std::vector<std::pair<std::string, Node::Child>> children = {
      {"handler", Value(config::HandlerName(lu.handler))},
      {"type", Value("0 - Direct-access device (e.g., magnetic disk)")},
      {"size", Value(std::to_string(bytes), Resizes(name, 1))},
      {"size_mb", Value(std::to_string(bytes >> 20), Resizes(name, 1 << 20))},
      {"blocksize", Value(std::to_string(lu.block_bytes))},
      {"read_only", Value(Flag(lu.read_only))},
      {"nv_cache", Value(Flag(lu.nv_cache))},
      {"write_through", Value(Flag(!lu.write_cache && !lu.nv_cache))},
      {"rotational", Value(Flag(lu.rotational))},
      {"removable", Value(Flag(lu.removable))},
      {"thin_provisioned", Value(Flag(lu.thin))},
      {"t10_vend_id", Value(std::string(lu.identity.t10_vend_id.view()))},
      {"prod_id", Value(std::string(lu.identity.prod_id.view()))},
      {"prod_rev_lvl", Value(std::string(lu.identity.prod_rev_lvl.view()))},
      {"t10_dev_id", Value(std::string(lu.identity.t10_dev_id.view()))},
      {"usn", Value(std::string(lu.identity.usn.view()))},
      {"naa_id", Value(naa)},
      {"failed", Value(Flag(lu.failed),
                       [name](const std::string& value) -> Result<Change, std::string> {
                         if (value != "0") return Err{"failed '" + value + "'; expected 0"};
                         return Change(admin::Request(admin::ClearFailedLu{name}));
                       })},
      {"resync_size", Value("write anything: the unit takes the size of its backing store",
                            [name](const std::string&) -> Result<Change, std::string> {
                              return Change(ResizeChange{name, 0});
                            })},
      {"exported", [exported] { return Node::Directory(exported); }},
  };
  if (const auto device = facts.Device(lu.id)) {
    if (!device->device.filename.empty()) {
      children.emplace_back("filename", Value(device->device.filename));
      children.emplace_back("o_direct", Value(Flag(device->device.o_direct)));
    }
  }
  return Node::Directory(std::move(children));
}

// `add_device NAME a=b; c=d` or `del_device NAME`.
Result<Change, std::string> HandlerCommand(const std::string& handler, const std::string& text) {
  constexpr const char* kExpected =
      "; expected 'add_device NAME attribute=value; ...' or 'del_device NAME'";
  const auto trim = [](std::string word) {
    while (!word.empty() && (word.back() == ' ' || word.back() == '\n')) word.pop_back();
    return word.substr(std::min(word.find_first_not_of(' '), word.size()));
  };
  const std::size_t verb_end = text.find(' ');
  const std::string verb = trim(text.substr(0, verb_end));
  if (verb_end == std::string::npos || (verb != "add_device" && verb != "del_device")) {
    return Err{"'" + text + "'" + kExpected};
  }
  std::string rest = trim(text.substr(verb_end));
  if (verb == "del_device") return Change(admin::Request(admin::RemoveLu{rest}));
  const std::size_t name_end = std::min(rest.find(' '), rest.size());
  const std::string name = rest.substr(0, name_end);
  rest = trim(rest.substr(name_end));
  std::vector<std::pair<std::string, std::string>> attributes;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(';'), rest.size());
    const std::string pair = trim(rest.substr(0, end));
    rest = trim(rest.substr(std::min(end + 1, rest.size())));
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    if (equals == std::string::npos) return Err{"'" + pair + "'" + kExpected};
    attributes.emplace_back(pair.substr(0, equals), pair.substr(equals + 1));
  }
  std::vector<config::Warning> warnings;
  auto device = config::ParseDevice(name, handler, attributes, &warnings);
  if (!device.ok()) return Err{device.error().ToString()};
  return Change(AddDeviceChange{std::move(device.value())});
}

}  // namespace

Node DevicesNode(const Facts& facts) {
  std::vector<std::pair<std::string, Node::Child>> children;
  for (const DeviceInfo& info : facts.Devices()) {
    children.emplace_back(std::string(info.lu.name.view()),
                          [&facts, info] { return DeviceNode(facts, info); });
  }
  return Node::Directory(std::move(children));
}

Node HandlersNode(const Facts& facts) {
  std::vector<std::pair<std::string, Node::Child>> handlers;
  for (const auto kind : {scsi::HandlerKind::kFileio, scsi::HandlerKind::kNullio}) {
    const std::string handler = config::HandlerName(kind);
    handlers.emplace_back(handler, [&facts, kind, handler] {
      std::vector<std::pair<std::string, Node::Child>> children = {
          {"type", Value("0 - Direct-access device (e.g., magnetic disk)")},
          {"mgmt",
           Value("add_device NAME attribute=value; ... | del_device NAME",
                 [handler](const std::string& value) { return HandlerCommand(handler, value); })},
      };
      for (const DeviceInfo& info : facts.Devices()) {
        if (info.lu.handler != kind) continue;
        children.emplace_back(std::string(info.lu.name.view()),
                              Value("/devices/" + std::string(info.lu.name.view())));
      }
      return Node::Directory(std::move(children));
    });
  }
  return Node::Directory(std::move(handlers));
}

Node DeviceGroupsNode(const Facts& facts) {
  std::vector<std::pair<std::string, Node::Child>> groups;
  const auto target_groups = facts.TargetGroups();
  const auto group_node = [&facts](const std::string& name) {
    std::vector<std::pair<std::string, Node::Child>> children;
    for (const TargetGroupInfo& info : facts.TargetGroups()) {
      if (info.device_group != name) continue;
      const auto set_state = [info](const std::string& value) -> Result<Change, std::string> {
        const auto state = config::ParseAluaState(value);
        if (!state) {
          return Err{"state '" + value +
                     "'; expected active, nonoptimized, standby, unavailable, offline or "
                     "transitioning"};
        }
        return Change(admin::Request(admin::SetAluaState{info.device_group, info.name, *state}));
      };
      const auto set_preferred = [info](const std::string& value) -> Result<Change, std::string> {
        const auto flag = config::ParseFlag(value);
        if (!flag) return Err{"preferred '" + value + "'; expected 0 or 1"};
        return Change(admin::Request(admin::SetAluaPreferred{info.device_group, info.name, *flag}));
      };
      std::vector<std::pair<std::string, Node::Child>> attributes = {
          {"group_id", Value(std::to_string(info.group_id))},
          {"state", Value(config::AluaStateName(info.state), set_state)},
          {"preferred", Value(Flag(info.preferred), set_preferred)},
      };
      for (const std::string& target : info.targets) attributes.emplace_back(target, Value(target));
      children.emplace_back(info.name, [attributes] { return Node::Directory(attributes); });
    }
    return Node::Directory({{"target_groups", [children] { return Node::Directory(children); }}});
  };
  for (const TargetGroupInfo& info : target_groups) {
    if (!groups.empty() && groups.back().first == info.device_group) continue;
    groups.emplace_back(info.device_group,
                        [group_node, name = info.device_group] { return group_node(name); });
  }
  return Node::Directory(std::move(groups));
}

}  // namespace srpt::target
