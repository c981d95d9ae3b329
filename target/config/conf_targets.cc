// TARGET_DRIVER ib_srpt { rdma_cm_port 5555 ; TARGET fe80:... { LUN 0 disk01 ; enabled 1 } }
#include <algorithm>
#include <iterator>

#include "core/base/limits.h"
#include "target/config/conf_context.h"
#include "target/config/parameters.h"
#include "target/config/values.h"

namespace srpt::config {
namespace {

constexpr std::size_t kNameBytesMax = 256;  // Of groups and patterns.

constexpr Inert kInert[] = {
    {"HW_TARGET", "every target of ib_srpt is one"},
    {"addr_method", "LUNs are reported by peripheral addressing below 256, flat above"},
    {"cpu_mask", "shards are not bound to processors yet"},
    {"io_grouping_type", "there are no I/O contexts to group"},
    {"black_hole", "commands are always answered"},
};
// What says nothing when it is there.
bool IsSilent(const Statement& statement) {
  return (statement.name() == "HW_TARGET" && statement.words.size() == 1) ||
         (statement.name() == "addr_method" && statement.words.size() == 2 &&
          statement.words[1] == "PERIPHERAL");
}

bool ReadLun(ConfContext& context, const Statement& statement, std::vector<Lun>& luns) {
  if (!CheckShape(context, statement, 2, "LUN number device [{ read_only 1 }]", true)) return false;
  const auto number = ParseNumber(statement.words[1], 0, limits::kLunNumberMax);
  if (!number) {
    return context.Fail(statement.line, "LUN '" + statement.words[1] + "'",
                        "a number, 0 to " + std::to_string(limits::kLunNumberMax));
  }
  Lun lun;
  lun.lun = LunNumber(static_cast<std::uint16_t>(*number));
  lun.device = statement.words[2];
  lun.line = statement.line;
  for (const Lun& other : luns) {
    if (other.lun == lun.lun) {
      return context.Fail(
          statement.line, "a second LUN " + std::to_string(*number),
          "a number of its own; the first is on line " + std::to_string(other.line));
    }
  }
  for (const Statement& attribute : statement.section) {
    if (attribute.name() != "read_only") {
      return context.Fail(attribute.line, "'" + attribute.name() + "' in a LUN's section",
                          "read_only 0|1");
    }
    if (!ReadFlag(context, attribute, lun.read_only)) return false;
  }
  luns.push_back(std::move(lun));
  return true;
}

void WarnWithoutLunZero(ConfContext& context, const std::vector<Lun>& luns, int line,
                        const std::string& where) {
  const bool has = std::any_of(luns.begin(), luns.end(), [](const Lun& l) { return l.lun.v == 0; });
  if (!luns.empty() && !has)
    context.Warn(line, where + " has no LUN 0: initiators may see nothing");
}

bool ReadInitiator(ConfContext& context, const Statement& statement, Target& target, Group& group) {
  if (!CheckShape(context, statement, 1, "INITIATOR pattern")) return false;
  const std::string& pattern = statement.words[1];
  if (pattern.empty() || pattern.size() > kNameBytesMax || !IsPrintableAscii(pattern)) {
    return context.Fail(statement.line, "INITIATOR '" + pattern + "'",
                        "a session name, or a pattern with * and ?, ! before it inverts");
  }
  const auto listed_by = [&](const Group& other) {
    return std::any_of(other.initiators.begin(), other.initiators.end(),
                       [&](const std::string& p) { return LowerCase(p) == LowerCase(pattern); });
  };
  for (const Group& other : target.groups) {
    if (listed_by(other)) {
      return context.Fail(statement.line,
                          "INITIATOR " + pattern + " is in GROUP " + other.name + " already",
                          "each initiator in one group");
    }
  }
  if (listed_by(group)) {
    return context.Fail(statement.line, "INITIATOR " + pattern + " twice", "each initiator once");
  }
  group.initiators.push_back(pattern);
  return true;
}

bool ReadGroup(ConfContext& context, const Statement& section, Target& target) {
  if (!CheckShape(context, section, 1, "GROUP name { ... }", true)) return false;
  Group group;
  group.name = section.words[1];
  group.line = section.line;
  if (!CheckName(context, section.line, "group", group.name, kNameBytesMax)) return false;
  for (const Group& other : target.groups) {
    if (other.name == group.name) {
      return context.Fail(section.line, "a second GROUP " + group.name,
                          "a name of its own; the first is on line " + std::to_string(other.line));
    }
  }
  for (const Statement& statement : section.section) {
    bool good = true;
    if (statement.name() == "LUN") {
      good = ReadLun(context, statement, group.luns);
    } else if (statement.name() == "INITIATOR") {
      good = ReadInitiator(context, statement, target, group);
    } else if (!IsSilent(statement) &&
               !IsInert(context, statement, kInert + 1, std::size(kInert) - 1)) {
      good = context.Fail(statement.line, "'" + statement.name() + "' in GROUP " + group.name,
                          "LUN, INITIATOR, addr_method, cpu_mask, io_grouping_type or black_hole");
    }
    if (!good) return false;
  }
  WarnWithoutLunZero(context, group.luns, group.line, "GROUP " + group.name);
  if (group.initiators.empty()) {
    context.Warn(group.line, "GROUP " + group.name + " lists no INITIATOR: nobody gets its LUNs");
  }
  target.groups.push_back(std::move(group));
  return true;
}

bool ReadTarget(ConfContext& context, const Statement& section) {
  if (!CheckShape(context, section, 1, "TARGET name { ... }", true)) return false;
  const auto name = ParseTargetName(section.words[1]);
  if (!name) {
    return context.Fail(section.line, "TARGET '" + section.words[1] + "'",
                        "GID 0 of a port: eight groups of four hex digits with colons between");
  }
  auto& targets = context.configuration.targets;
  for (const Target& other : targets) {
    if (other.name == *name) {
      return context.Fail(section.line, "a second TARGET " + *name,
                          "each once; the first is on line " + std::to_string(other.line));
    }
  }
  if (targets.size() == limits::kTargetPortsMax) {
    return context.Fail(section.line, "too many targets",
                        "at most " + std::to_string(limits::kTargetPortsMax));
  }
  Target target;
  target.name = *name;
  target.line = section.line;
  for (const Statement& statement : section.section) {
    bool good = true;
    if (statement.name() == "enabled") {
      good = ReadFlag(context, statement, target.enabled);
    } else if (statement.name() == "rel_tgt_id") {
      std::uint64_t id = 0;
      good = ReadNumber(context, statement, 1, 65535, id);
      target.rel_tgt_id = static_cast<std::uint16_t>(id);
      for (const Target& other : targets) {
        if (good && other.rel_tgt_id == target.rel_tgt_id) {
          good = context.Fail(statement.line,
                              "rel_tgt_id " + std::to_string(id) + " is that of " + other.name,
                              "a number of its own");
        }
      }
    } else if (statement.name() == "comp_v_mask") {
      // [R-PARAM-11]
      good = ReadNumber(context, statement, 1, ~std::uint64_t{0}, target.comp_v_mask);
      target.comp_v_mask_line = statement.line;
    } else if (statement.name() == "LUN") {
      good = ReadLun(context, statement, target.luns);
    } else if (statement.name() == "GROUP") {
      good = ReadGroup(context, statement, target);
    } else if (!IsSilent(statement) && !IsInert(context, statement, kInert, std::size(kInert))) {
      good = context.Fail(statement.line, "'" + statement.name() + "' in TARGET",
                          "enabled, rel_tgt_id, comp_v_mask, LUN, GROUP, HW_TARGET, addr_method, "
                          "cpu_mask or io_grouping_type");
    }
    if (!good) return false;
  }
  WarnWithoutLunZero(context, target.luns, target.line, "TARGET " + target.name);
  if (!target.enabled) {
    context.Warn(target.line,
                 "TARGET " + target.name + " is not enabled ('enabled 1'): it refuses every login");
  }
  targets.push_back(std::move(target));
  return true;
}

}  // namespace

bool ReadTargetDriver(ConfContext& context, const Statement& driver) {
  if (!CheckShape(context, driver, 1, "TARGET_DRIVER ib_srpt { ... }", true)) return false;
  const std::string& name = driver.words[1];
  if (name == "copy_manager") {  // SCST writes one into every file that it saves.
    context.Warn(driver.line, "TARGET_DRIVER copy_manager is skipped: EXTENDED COPY is not served");
    return true;
  }
  if (name != "ib_srpt") {
    return context.Fail(driver.line, "TARGET_DRIVER '" + name + "'", "ib_srpt");
  }
  IbSrptParameters scratch;
  bool enabled = true;
  for (const Statement& statement : driver.section) {
    if (statement.name() == "TARGET") {
      if (!ReadTarget(context, statement)) return false;
    } else if (statement.name() == "enabled") {
      if (!ReadFlag(context, statement, enabled)) return false;
    } else if (IsParameter(statement.name())) {
      if (!CheckShape(context, statement, 1, "one value")) return false;
      if (const auto error = SetParameter(scratch, statement.name(), statement.words[1])) {
        return context.Fail(statement.line, error->what, error->expected);
      }
      context.configuration.parameters.push_back(
          {statement.name(), statement.words[1], context.file, statement.line});
    } else {
      std::string expected = "TARGET, enabled";
      for (const ParameterInfo& info : ParameterTable()) expected += std::string(", ") + info.name;
      return context.Fail(statement.line, "'" + statement.name() + "' in TARGET_DRIVER ib_srpt",
                          "one of " + expected);
    }
  }
  if (!enabled) {
    context.Warn(driver.line, "TARGET_DRIVER ib_srpt is not enabled: every login is refused");
    for (Target& target : context.configuration.targets) target.enabled = false;
  }
  return true;
}

}  // namespace srpt::config
