// All sources of the configuration, in their order: the command line beats scst.conf beats
// modprobe.d beats the defaults.
#ifndef TARGET_CONFIG_LOAD_H_
#define TARGET_CONFIG_LOAD_H_

#include <string>
#include <utility>
#include <vector>

#include "core/base/result.h"
#include "target/config/configuration.h"
#include "target/config/parameters.h"

namespace srpt::config {

struct Sources {
  std::string scst_conf;                                       // Path.
  std::string modprobe_conf;                                   // Path; empty: none.
  std::vector<std::pair<std::string, std::string>> overrides;  // --name=value
};
struct Loaded {
  Configuration configuration;
  IbSrptParameters parameters;
  std::vector<Warning> warnings;  // Of all sources.
};
// Reads the files, which must be regular ones. Every error is worth exit status 2.
Result<Loaded, ConfigError> Load(const Sources& sources);

}  // namespace srpt::config

#endif  // TARGET_CONFIG_LOAD_H_
