// The parser of scst.conf.
#ifndef TARGET_CONFIG_SCST_CONF_H_
#define TARGET_CONFIG_SCST_CONF_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/result.h"
#include "target/config/configuration.h"

namespace srpt::config {

// Parses and checks the whole text; never touches a file. The first mistake ends it. Attributes
// that SCST knows and that mean nothing here (threads_num, ...) become warnings; unknown ones are
// errors.
Result<Configuration, ConfigError> ParseScstConf(std::string_view text,
                                                 const std::string& filename);

// One device by its attributes, as `add_device` of the admin socket gives them.
Result<Device, ConfigError> ParseDevice(
    const std::string& name, const std::string& handler,
    const std::vector<std::pair<std::string, std::string>>& attributes,
    std::vector<Warning>* warnings);

}  // namespace srpt::config

#endif  // TARGET_CONFIG_SCST_CONF_H_
