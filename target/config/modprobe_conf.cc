#include <algorithm>

#include "target/config/parameters.h"
#include "target/config/values.h"

namespace srpt::config {
namespace {

std::vector<std::string> Words(std::string_view line) {
  std::vector<std::string> words;
  std::string word;
  for (const char c : line) {
    if (c == ' ' || c == '\t' || c == '\r') {
      if (!word.empty()) words.push_back(std::exchange(word, {}));
    } else {
      word += c;
    }
  }
  if (!word.empty()) words.push_back(word);
  return words;
}

// modprobe takes - and _ for the same in names.
std::string Underscores(std::string name) {
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

std::string Unquoted(const std::string& value) {
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
    return value.substr(1, value.size() - 2);
  }
  return value;
}

}  // namespace

Result<std::vector<ParameterSetting>, ConfigError> ParseModprobeConf(std::string_view text,
                                                                     const std::string& filename) {
  std::vector<ParameterSetting> settings;
  IbSrptParameters scratch;
  int line = 0;
  while (!text.empty()) {
    // One logical line: a backslash before the newline joins the next one to it.
    std::string logical;
    const int first = line + 1;
    for (bool more = true; more && !text.empty();) {
      ++line;
      const std::size_t end = std::min(text.find('\n'), text.size());
      std::string_view physical = text.substr(0, end);
      text.remove_prefix(std::min(end + 1, text.size()));
      if (std::any_of(physical.begin(), physical.end(), IsControl)) {
        return Err{ConfigError{filename, line, "a control character", "text"}};
      }
      more = !physical.empty() && physical.back() == '\\';
      if (more) physical.remove_suffix(1);
      logical += physical;
    }
    const auto words = Words(logical);
    if (words.size() < 2 || words[0] != "options" || Underscores(words[1]) != "ib_srpt") continue;
    for (std::size_t i = 2; i < words.size(); ++i) {
      const std::size_t equals = words[i].find('=');
      if (equals == std::string::npos) {
        return Err{
            ConfigError{filename, first, "option '" + words[i] + "' has no value", "name=value"}};
      }
      const std::string name = Underscores(words[i].substr(0, equals));
      const std::string value = Unquoted(words[i].substr(equals + 1));
      if (const auto error = SetParameter(scratch, name, value)) {
        return Err{ConfigError{filename, first, error->what, error->expected}};
      }
      settings.push_back({name, value, filename, first});
    }
  }
  return settings;
}

}  // namespace srpt::config
