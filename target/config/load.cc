#include "target/config/load.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>

#include "target/config/scst_conf.h"
#include "target/config/values.h"

namespace srpt::config {
namespace {

// A configuration is text of some kilobytes; a larger file is some other file.
constexpr std::size_t kFileBytesMax = 16u << 20;

Result<std::string, ConfigError> ReadFile(const std::string& path) {
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  std::string text;
  if (in) {
    std::vector<char> buffer(65536);
    while (text.size() <= kFileBytesMax && in.read(buffer.data(), 65536).gcount() > 0) {
      text.append(buffer.data(), static_cast<std::size_t>(in.gcount()));
    }
    if (text.size() > kFileBytesMax) {
      return Err{ConfigError{path, 0, "the file is too large", "at most 16 MiB of text"}};
    }
  }
  // At the end a read sets eof and fail; bad is an error underneath (a directory, say).
  if (in.bad() || !in.eof()) {
    const std::string why = errno != 0 ? std::strerror(errno) : "read error";
    return Err{ConfigError{path, 0, "cannot read: " + why, "a readable file"}};
  }
  return text;
}

std::optional<ConfigError> Apply(Loaded& loaded, const std::vector<ParameterSetting>& settings) {
  for (const ParameterSetting& setting : settings) {
    if (const auto error = SetParameter(loaded.parameters, setting.name, setting.value)) {
      return ConfigError{setting.file, setting.line, error->what, error->expected};
    }
    if (setting.name == "srp_max_rdma_size" &&
        ParseNumber(setting.value) != loaded.parameters.srp_max_rdma_size) {
      loaded.warnings.push_back({setting.file, setting.line,
                                 "srp_max_rdma_size " + setting.value + " is clamped to " +
                                     std::to_string(loaded.parameters.srp_max_rdma_size)});
    }
    if (setting.name == "use_srq" && loaded.parameters.use_srq) {
      loaded.warnings.push_back({setting.file, setting.line,
                                 "use_srq has no effect: shared receive queues are not served "
                                 "yet, every channel has a receive queue of its own"});
    }
  }
  return std::nullopt;
}

}  // namespace

Result<Loaded, ConfigError> Load(const Sources& sources) {
  Loaded loaded;
  if (!sources.modprobe_conf.empty()) {
    const auto text = ReadFile(sources.modprobe_conf);
    if (!text.ok()) return Err{text.error()};
    const auto settings = ParseModprobeConf(*text, sources.modprobe_conf);
    if (!settings.ok()) return Err{settings.error()};
    if (const auto error = Apply(loaded, *settings)) return Err{*error};
  }
  const auto text = ReadFile(sources.scst_conf);
  if (!text.ok()) return Err{text.error()};
  auto configuration = ParseScstConf(*text, sources.scst_conf);
  if (!configuration.ok()) return Err{configuration.error()};
  loaded.configuration = std::move(configuration.value());
  if (const auto error = Apply(loaded, loaded.configuration.parameters)) return Err{*error};
  std::vector<ParameterSetting> overrides;
  for (const auto& [name, value] : sources.overrides) {
    overrides.push_back({name, value, "command line: --" + name, 0});
  }
  if (const auto error = Apply(loaded, overrides)) return Err{*error};
  loaded.warnings.insert(loaded.warnings.begin(), loaded.configuration.warnings.begin(),
                         loaded.configuration.warnings.end());
  return loaded;
}

}  // namespace srpt::config
