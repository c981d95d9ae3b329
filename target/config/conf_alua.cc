// DEVICE_GROUP dg { DEVICE d ; TARGET_GROUP tg { group_id 1 ; state active ; TARGET t } }
#include <algorithm>

#include "target/config/conf_context.h"
#include "target/config/values.h"

namespace srpt::config {
namespace {

constexpr std::size_t kNameBytesMax = 256;

bool ReadMember(ConfContext& context, const Statement& statement, TargetGroup& group) {
  if (!CheckShape(context, statement, 1, "TARGET name [{ rel_tgt_id n }]", true)) return false;
  std::uint64_t rel_tgt_id = 0;
  for (const Statement& attribute : statement.section) {
    if (attribute.name() != "rel_tgt_id") {
      return context.Fail(attribute.line, "'" + attribute.name() + "' in a target group's TARGET",
                          "rel_tgt_id n");
    }
    if (!ReadNumber(context, attribute, 1, 65535, rel_tgt_id)) return false;
  }
  const auto& targets = context.configuration.targets;
  for (const Target& target : targets) {
    if (target.name != LowerCase(statement.words[1])) continue;
    group.targets.push_back({target.name, 0});
    return true;
  }
  if (rel_tgt_id == 0) {
    return context.Fail(statement.line, "TARGET '" + statement.words[1] + "' is not configured",
                        "a TARGET of ib_srpt, or { rel_tgt_id n } of a target of another host");
  }
  group.targets.push_back({statement.words[1], static_cast<std::uint16_t>(rel_tgt_id)});
  return true;
}

bool ReadTargetGroup(ConfContext& context, const Statement& section, DeviceGroup& in) {
  if (!CheckShape(context, section, 1, "TARGET_GROUP name { ... }", true)) return false;
  TargetGroup group;
  group.name = section.words[1];
  group.line = section.line;
  if (!CheckName(context, section.line, "target group", group.name, kNameBytesMax)) return false;
  for (const Statement& statement : section.section) {
    bool good = true;
    if (statement.name() == "group_id") {
      std::uint64_t id = 0;
      good = ReadNumber(context, statement, 0, 65535, id);
      group.group_id = static_cast<std::uint16_t>(id);
    } else if (statement.name() == "preferred") {
      good = ReadFlag(context, statement, group.preferred);
    } else if (statement.name() == "state") {
      constexpr const char* kExpected =
          "active, nonoptimized, standby, unavailable, offline or transitioning";
      good = CheckShape(context, statement, 1, kExpected);
      const auto state = good ? ParseAluaState(statement.words[1]) : std::nullopt;
      if (good && !state) {
        good = context.Fail(statement.line, "state '" + statement.words[1] + "'", kExpected);
      }
      if (state) group.state = *state;
    } else if (statement.name() == "TARGET") {
      good = ReadMember(context, statement, group);
    } else {
      good =
          context.Fail(statement.line, "'" + statement.name() + "' in TARGET_GROUP " + group.name,
                       "group_id, preferred, state or TARGET");
    }
    if (!good) return false;
  }
  for (const TargetGroup& other : in.target_groups) {
    if (other.name == group.name || other.group_id == group.group_id) {
      return context.Fail(section.line,
                          other.name == group.name ? "a second TARGET_GROUP " + group.name
                                                   : "group_id " + std::to_string(group.group_id) +
                                                         " is that of " + other.name,
                          "one of its own");
    }
    for (const AluaTarget& target : group.targets) {
      if (std::any_of(other.targets.begin(), other.targets.end(),
                      [&](const AluaTarget& t) { return t.name == target.name; })) {
        return context.Fail(
            section.line,
            "TARGET " + target.name + " is in TARGET_GROUP " + other.name + " already",
            "each target in one group");
      }
    }
  }
  in.target_groups.push_back(std::move(group));
  return true;
}

}  // namespace

bool ReadDeviceGroup(ConfContext& context, const Statement& section) {
  if (!CheckShape(context, section, 1, "DEVICE_GROUP name { ... }", true)) return false;
  DeviceGroup group;
  group.name = section.words[1];
  group.line = section.line;
  if (!CheckName(context, section.line, "device group", group.name, kNameBytesMax)) return false;
  auto& groups = context.configuration.device_groups;
  for (const DeviceGroup& other : groups) {
    if (other.name == group.name) {
      return context.Fail(section.line, "a second DEVICE_GROUP " + group.name, "one of its own");
    }
  }
  for (const Statement& statement : section.section) {
    if (statement.name() == "TARGET_GROUP") {
      if (!ReadTargetGroup(context, statement, group)) return false;
      continue;
    }
    if (statement.name() != "DEVICE") {
      return context.Fail(statement.line,
                          "'" + statement.name() + "' in DEVICE_GROUP " + group.name,
                          "DEVICE or TARGET_GROUP");
    }
    if (!CheckShape(context, statement, 1, "DEVICE name")) return false;
    const std::string& device = statement.words[1];
    const auto& devices = context.configuration.devices;
    if (std::none_of(devices.begin(), devices.end(),
                     [&](const Device& d) { return d.name == device; })) {
      return context.Fail(statement.line, "DEVICE '" + device + "' is not defined",
                          "a DEVICE of a HANDLER section");
    }
    const auto listed = [&](const DeviceGroup& g) {
      return std::find(g.devices.begin(), g.devices.end(), device) != g.devices.end();
    };
    if (listed(group) || std::any_of(groups.begin(), groups.end(), listed)) {
      return context.Fail(statement.line, "DEVICE " + device + " is in a device group already",
                          "each device in one group");
    }
    group.devices.push_back(device);
  }
  groups.push_back(std::move(group));
  return true;
}

}  // namespace srpt::config
