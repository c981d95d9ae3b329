#include "target/config/load.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>

#include "target/config/scst_conf.h"
#include "target/config/values.h"

namespace srpt::config {
namespace {

// A configuration is text of some kilobytes; a larger file is some other file.
constexpr std::size_t kFileBytesMax = 16u << 20;
constexpr const char* kByteOrderMark = "\xef\xbb\xbf";

const char* KindOf(const struct stat& st) {
  if (S_ISDIR(st.st_mode)) return "a directory";
  if (S_ISFIFO(st.st_mode)) return "a FIFO";
  if (S_ISSOCK(st.st_mode)) return "a socket";
  return "a device";
}

// Looked at before it is opened, because opening a device may do something; and again then, because
// it may be another by then. Without O_NONBLOCK a FIFO would wait for somebody to write to it.
Result<int, ConfigError> OpenRegular(const std::string& path) {
  struct stat st {};
  if (stat(path.c_str(), &st) == 0 && !S_ISREG(st.st_mode)) {
    return Err{ConfigError{path, 0, std::string("it is ") + KindOf(st), "a regular file"}};
  }
  const int fd = open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) {
    return Err{ConfigError{path, 0, std::string("cannot read: ") + std::strerror(errno),
                           "a readable file"}};
  }
  if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
    close(fd);
    return Err{ConfigError{path, 0, "it has been replaced", "a regular file"}};
  }
  return fd;
}

Result<std::string, ConfigError> ReadFile(const std::string& path) {
  const auto fd = OpenRegular(path);
  if (!fd.ok()) return Err{fd.error()};
  std::string text;
  std::vector<char> buffer(65536);
  ssize_t n = 1;
  while (n > 0 && text.size() <= kFileBytesMax) {
    n = read(*fd, buffer.data(), buffer.size());
    if (n > 0) text.append(buffer.data(), static_cast<std::size_t>(n));
  }
  const int error = errno;
  close(*fd);
  if (n < 0) {
    return Err{ConfigError{path, 0, std::string("cannot read: ") + std::strerror(error),
                           "a readable file"}};
  }
  if (n > 0) return Err{ConfigError{path, 0, "the file is too large", "at most 16 MiB of text"}};
  // Some editors begin UTF-8 with a byte order mark.
  if (text.compare(0, std::strlen(kByteOrderMark), kByteOrderMark) == 0) {
    text.erase(0, std::strlen(kByteOrderMark));
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
  if (!sources.scst_conf.empty()) {
    const auto text = ReadFile(sources.scst_conf);
    if (!text.ok()) return Err{text.error()};
    auto configuration = ParseScstConf(*text, sources.scst_conf);
    if (!configuration.ok()) return Err{configuration.error()};
    loaded.configuration = std::move(configuration.value());
  }
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
