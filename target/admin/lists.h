// {"op": "list", "what": ...}: one array of objects each, the columns in the order of the tables.
#ifndef TARGET_ADMIN_LISTS_H_
#define TARGET_ADMIN_LISTS_H_

#include <nlohmann/json.hpp>

#include "target/admin/facts.h"

namespace srpt::target {

nlohmann::ordered_json TargetList(const Facts& facts);
nlohmann::ordered_json SessionList(const Facts& facts);
nlohmann::ordered_json DeviceList(const Facts& facts);
nlohmann::ordered_json LunList(const Facts& facts);
nlohmann::ordered_json CounterList(const Facts& facts);

}  // namespace srpt::target

#endif  // TARGET_ADMIN_LISTS_H_
