// The parser of scst.conf.
#ifndef TARGET_CONFIG_SCST_CONF_H_
#define TARGET_CONFIG_SCST_CONF_H_

#include <string>
#include <string_view>

#include "core/base/result.h"
#include "target/config/configuration.h"

namespace srpt::config {

// Parses and checks the whole text; never touches a file. The first mistake ends it. Attributes that
// SCST knows and that mean nothing here (threads_num, ...) become warnings; unknown ones are errors.
Result<Configuration, ConfigError> ParseScstConf(std::string_view text, const std::string& filename);

}  // namespace srpt::config

#endif  // TARGET_CONFIG_SCST_CONF_H_
