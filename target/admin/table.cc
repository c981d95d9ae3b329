#include "target/admin/table.h"

#include <algorithm>
#include <vector>

namespace srpt::target {
namespace {

using Json = nlohmann::ordered_json;
using Row = std::vector<std::string>;

std::string Cell(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::vector<std::string> Columns(const std::string& key, const Json& rows) {
  if (key == "sessions") {
    return {"name",     "target", "channels", "ch_state", "req_lim",  "active_commands",
            "commands", "reads",  "writes",   "read_kib", "write_kib"};
  }
  if (key == "targets") {
    return {"name", "enabled", "rel_tgt_id", "device", "port_id", "luns", "groups", "sessions"};
  }
  std::vector<std::string> names;
  for (const auto& [name, value] : rows[0].items()) names.push_back(name);
  return names;
}

std::string UpperCase(std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

// Numbers to the right.
std::string Aligned(const std::vector<Row>& rows, const std::vector<bool>& right) {
  std::vector<std::size_t> widths(right.size(), 0);
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string out;
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string pad(widths[i] - row[i].size(), ' ');
      line += (i == 0 ? "" : "  ") + (right[i] ? pad + row[i] : row[i] + pad);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

}  // namespace

std::string TableOf(const std::string& key, const Json& value) {
  if (value.is_object()) {
    std::vector<Row> rows;
    for (const auto& [name, member] : value.items()) rows.push_back({name, Cell(member)});
    return Aligned(rows, {false, true});
  }
  if (!value.is_array()) return Cell(value) + "\n";
  if (value.empty()) return key == "names" ? "" : "no " + key + "\n";
  if (!value[0].is_object()) {
    std::string out;
    for (const Json& entry : value) out += Cell(entry) + "\n";
    return out;
  }
  const auto columns = Columns(key, value);
  std::vector<Row> rows(1);
  std::vector<bool> right;
  for (const std::string& column : columns) {
    rows[0].push_back(UpperCase(column));
    const auto first = value[0].find(column);
    right.push_back(first != value[0].end() && first->is_number());
  }
  for (const Json& entry : value) {
    Row row;
    for (const std::string& column : columns) {
      const auto at = entry.is_object() ? entry.find(column) : entry.end();
      const std::string cell = at != entry.end() ? Cell(*at) : "";
      row.push_back(cell.empty() ? "-" : cell);
    }
    rows.push_back(std::move(row));
  }
  return Aligned(rows, right);
}

}  // namespace srpt::target
