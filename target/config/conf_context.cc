#include "target/config/conf_context.h"

#include "target/config/values.h"

namespace srpt::config {

bool IsInert(ConfContext& context, const Statement& statement, const Inert* first,
             std::size_t count) {
  for (const Inert* inert = first; inert != first + count; ++inert) {
    if (statement.name() != inert->name) continue;
    if (statement.words.size() > 2 || statement.has_section) return false;
    const bool off = statement.words.size() == 2 && statement.words[1] == "0";
    if (!off) {
      context.Warn(statement.line,
                   "'" + statement.name() + "' has no effect: " + std::string(inert->why));
    }
    return true;
  }
  return false;
}

bool CheckShape(ConfContext& context, const Statement& statement, std::size_t count,
                const char* expected, bool section) {
  if (statement.words.size() != count + 1) {
    return context.Fail(
        statement.line,
        "'" + statement.name() + "' with " + std::to_string(statement.words.size() - 1) + " values",
        expected);
  }
  if (statement.has_section && !section) {
    return context.Fail(statement.line, "'" + statement.name() + "' with a section", expected);
  }
  return true;
}

bool CheckName(ConfContext& context, int line, const char* kind, const std::string& name,
               std::size_t bytes_max) {
  if (name.find('/') != std::string::npos) {
    return context.Fail(line, std::string("'/' in the ") + kind + " name '" + name + "'",
                        "a name without '/'");
  }
  if (name.empty() || name.size() > bytes_max || !IsPrintableAscii(name) || name == "." ||
      name == "..") {
    return context.Fail(line, std::string(kind) + " name '" + name + "'",
                        "1 to " + std::to_string(bytes_max) + " printable ASCII characters");
  }
  return true;
}

bool ReadFlag(ConfContext& context, const Statement& statement, bool& into) {
  if (!CheckShape(context, statement, 1, "0 or 1")) return false;
  const auto flag = ParseFlag(statement.words[1]);
  if (!flag) {
    return context.Fail(statement.line, statement.name() + " '" + statement.words[1] + "'",
                        "0 or 1");
  }
  into = *flag;
  return true;
}

bool ReadNumber(ConfContext& context, const Statement& statement, std::uint64_t min,
                std::uint64_t max, std::uint64_t& into) {
  const std::string expected = "a number, " + std::to_string(min) + " to " + std::to_string(max);
  if (!CheckShape(context, statement, 1, expected.c_str())) return false;
  const auto number = ParseNumber(statement.words[1], min, max);
  if (!number) {
    return context.Fail(statement.line, statement.name() + " '" + statement.words[1] + "'",
                        expected);
  }
  into = *number;
  return true;
}

}  // namespace srpt::config
