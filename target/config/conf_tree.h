// The lexical grammar of scst.conf: a text becomes a tree of statements.
//
//   # comment to the end of the line
//   NAME word "quoted word with \" and \\ in it"
//   NAME word {          a section: statements up to the matching }
//     NAME word
//   }
//
// One statement a line; a section may also open and close on one line. Outside quotes '#', '{' and
// '}' always have their meaning. A backslash inside quotes takes the next character as it is.
#ifndef TARGET_CONFIG_CONF_TREE_H_
#define TARGET_CONFIG_CONF_TREE_H_

#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "target/config/configuration.h"

namespace srpt::config {

inline constexpr int kConfDepthMax = 8;

struct Statement {
  int line = 0;
  std::vector<std::string> words;  // At least one.
  bool has_section = false;
  std::vector<Statement> section;

  const std::string& name() const { return words[0]; }
};

Result<std::vector<Statement>, ConfigError> ParseConfTree(std::string_view text,
                                                          const std::string& filename);

}  // namespace srpt::config

#endif  // TARGET_CONFIG_CONF_TREE_H_
