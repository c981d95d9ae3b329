// Answers as aligned text.
#ifndef TARGET_ADMIN_TABLE_H_
#define TARGET_ADMIN_TABLE_H_

#include <nlohmann/json.hpp>
#include <string>

namespace srpt::target {

// `key`: of the answer, which chooses the columns ("sessions" has more than a line holds; --json
// has them all). An array of objects becomes a table with a header, an object a line per member, an
// array of texts and a single value themselves.
std::string TableOf(const std::string& key, const nlohmann::ordered_json& value);

}  // namespace srpt::target

#endif  // TARGET_ADMIN_TABLE_H_
