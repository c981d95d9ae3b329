#include "target/config/scst_conf.h"

#include <algorithm>
#include <iterator>

#include "target/config/conf_context.h"
#include "target/config/values.h"

namespace srpt::config {
namespace {

// SCST's own attributes, outside every section.
constexpr Inert kInert[] = {
    {"threads", "I/O is asynchronous, there are no threads to count"},
    {"max_tasklet_cmd", "there are no tasklets"},
    {"poll_us", "the poll budget is the daemon's own"},
    {"suspend", "nothing is ever suspended"},
    {"trace_level", "use --log-level"},
    {"force_global_sgv_pool", "memory is taken at the start"},
    {"cluster_name", "reservations are not shared between hosts"},
};

bool CheckLuns(ConfContext& context, const std::vector<Lun>& luns) {
  const auto& devices = context.configuration.devices;
  for (const Lun& lun : luns) {
    if (std::none_of(devices.begin(), devices.end(),
                     [&](const Device& device) { return device.name == lun.device; })) {
      return context.Fail(lun.line, "device '" + lun.device + "' is not defined",
                          "a DEVICE of a HANDLER section");
    }
  }
  return true;
}

// Sections may refer to what comes later in the file, so devices are read first, then targets.
bool ReadAll(ConfContext& context, const std::vector<Statement>& statements) {
  bool handlers = false, drivers = false;
  for (const Statement& statement : statements) {
    const std::string& name = statement.name();
    if (name == "HANDLER") {
      handlers = true;
      if (!ReadHandler(context, statement)) return false;
    } else if (name == "TARGET_DRIVER") {
      drivers = true;
    } else if (name == "setup_id") {
      if (!ReadNumber(context, statement, 0, ~std::uint64_t{0}, context.configuration.setup_id)) {
        return false;
      }
    } else if (name != "DEVICE_GROUP" && !IsInert(context, statement, kInert, std::size(kInert))) {
      return context.Fail(statement.line, "'" + name + "'",
                          "HANDLER, TARGET_DRIVER, DEVICE_GROUP or an attribute of SCST");
    }
  }
  if (!handlers && !drivers) {
    return context.Fail(0, "neither TARGET_DRIVER nor HANDLER",
                        "HANDLER vdisk_fileio { ... } and TARGET_DRIVER ib_srpt { ... }");
  }
  for (const Statement& statement : statements) {
    if (statement.name() == "TARGET_DRIVER" && !ReadTargetDriver(context, statement)) return false;
  }
  for (const Target& target : context.configuration.targets) {
    if (!CheckLuns(context, target.luns)) return false;
    for (const Group& group : target.groups) {
      if (!CheckLuns(context, group.luns)) return false;
    }
  }
  for (const Statement& statement : statements) {
    if (statement.name() == "DEVICE_GROUP" && !ReadDeviceGroup(context, statement)) return false;
  }
  return true;
}

}  // namespace

Result<Configuration, ConfigError> ParseScstConf(std::string_view text,
                                                 const std::string& filename) {
  const auto tree = ParseConfTree(text, filename);
  if (!tree.ok()) return Err{tree.error()};
  ConfContext context;
  context.file = filename;
  if (!ReadAll(context, *tree)) return Err{context.error};
  auto& warnings = context.configuration.warnings;
  std::stable_sort(warnings.begin(), warnings.end(),
                   [](const Warning& a, const Warning& b) { return a.line < b.line; });
  return std::move(context.configuration);
}

Result<Device, ConfigError> ParseDevice(
    const std::string& name, const std::string& handler,
    const std::vector<std::pair<std::string, std::string>>& attributes,
    std::vector<Warning>* warnings) {
  ConfContext context;
  context.file = "device " + name;
  Statement section;
  section.words = {"HANDLER", handler};
  section.has_section = true;
  Statement device;
  device.words = {"DEVICE", name};
  device.has_section = true;
  for (const auto& [attribute, value] : attributes) {
    Statement statement;
    statement.words = {attribute, value};
    device.section.push_back(std::move(statement));
  }
  section.section.push_back(std::move(device));
  if (!ReadHandler(context, section)) return Err{context.error};
  *warnings = std::move(context.configuration.warnings);
  return std::move(context.configuration.devices.front());
}

}  // namespace srpt::config
