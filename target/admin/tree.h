// The attribute tree that administrators read and write: SCST's names, one definition for listing,
// reading and writing (reference: scst-surface.md).
//
//   /handlers/H/{type, mgmt, <devices>}
//   /devices/D/{size, filename, blocksize, ..., exported/, handler, resync_size}
//   /targets/ib_srpt/{rdma_cm_port, ..., <targets>}
//   /targets/ib_srpt/T/{enabled, rel_tgt_id, device, link_layer, port_id, login_info, luns/,
//   ini_groups/,
//                       sessions/}
//   .../luns/{mgmt, N/{device, read_only}}     .../ini_groups/{mgmt, G/{luns/, initiators/}}
//   .../sessions/S/{initiator_name, req_lim, ..., force_close, luns/}
//   /device_groups/DG/target_groups/TG/{group_id, state, preferred, <targets>}
//
// Nodes are made when they are asked for, from copies: nothing here outlives a request.
#ifndef TARGET_ADMIN_TREE_H_
#define TARGET_ADMIN_TREE_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/admin.h"
#include "core/base/result.h"
#include "target/admin/facts.h"

namespace srpt::target {

// What writing a leaf asks for.
struct ResizeChange {
  std::string device;
  std::uint64_t bytes = 0;  // 0: the store's own size.
};
struct AddDeviceChange {
  config::Device device;
};
using Change = std::variant<admin::Request, ResizeChange, AddDeviceChange>;

class Node {
 public:
  using Child = std::function<Node()>;
  using Set = std::function<Result<Change, std::string>(const std::string& value)>;

  static Node Directory(std::vector<std::pair<std::string, Child>> children);
  static Node Leaf(std::string value, Set set = nullptr);

  bool is_directory() const { return !value_.has_value(); }
  const std::vector<std::pair<std::string, Child>>& children() const { return children_; }
  const std::string& value() const { return *value_; }
  const Set& set() const { return set_; }

 private:
  std::optional<std::string> value_;
  std::vector<std::pair<std::string, Child>> children_;
  Set set_;
};

// `facts` outlives the node.
Node TreeRoot(const Facts& facts);
// Parts of it, each in a file of its own.
Node DevicesNode(const Facts& facts);
Node HandlersNode(const Facts& facts);
Node TargetsNode(const Facts& facts);
Node DeviceGroupsNode(const Facts& facts);
Node SessionNode(const SessionFacts& session);

// The errors name the path, and what is there instead.
Result<std::vector<std::string>, std::string> ListPath(const Facts& facts, std::string_view path);
Result<std::string, std::string> GetPath(const Facts& facts, std::string_view path);
Result<Change, std::string> SetPath(const Facts& facts, std::string_view path,
                                    const std::string& value);

}  // namespace srpt::target

#endif  // TARGET_ADMIN_TREE_H_
