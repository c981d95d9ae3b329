// What the parts of the scst.conf parser share. Internal to scst_conf.h's implementation.
#ifndef TARGET_CONFIG_CONF_CONTEXT_H_
#define TARGET_CONFIG_CONF_CONTEXT_H_

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "target/config/conf_tree.h"
#include "target/config/configuration.h"

namespace srpt::config {

// All functions that take one answer false after Fail.
struct ConfContext {
  std::string file;
  Configuration configuration;
  ConfigError error;

  bool Fail(int line, std::string what, std::string expected) {
    error = {file, line, std::move(what), std::move(expected)};
    return false;
  }
  void Warn(int line, std::string what) {
    configuration.warnings.push_back({file, line, std::move(what)});
  }
};

// Something that SCST takes and that does nothing here, and why.
struct Inert {
  std::string_view name;
  const char* why;
};
// If `statement` is one of `inert` with at most one value: warns, unless the value is `harmless` by
// being 0.
bool IsInert(ConfContext& context, const Statement& statement, const Inert* first,
             std::size_t count);

// Exactly `count` words after the name, and a section only if `section`.
bool CheckShape(ConfContext& context, const Statement& statement, std::size_t count,
                const char* expected, bool section = false);
bool CheckName(ConfContext& context, int line, const char* kind, const std::string& name,
               std::size_t bytes_max);
// `name value`, value 0 or 1.
bool ReadFlag(ConfContext& context, const Statement& statement, bool& into);
bool ReadNumber(ConfContext& context, const Statement& statement, std::uint64_t min,
                std::uint64_t max, std::uint64_t& into);

bool ReadHandler(ConfContext& context, const Statement& handler);
// One attribute of a device; also for devices that are added at run time.
bool ReadDeviceAttribute(ConfContext& context, const Statement& statement, Device& device);
// What can only be said once all attributes were read.
bool FinishDevice(ConfContext& context, const Device& device);
bool ReadTargetDriver(ConfContext& context, const Statement& driver);
bool ReadDeviceGroup(ConfContext& context, const Statement& group);

}  // namespace srpt::config

#endif  // TARGET_CONFIG_CONF_CONTEXT_H_
