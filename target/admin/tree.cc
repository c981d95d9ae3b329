#include "target/admin/tree.h"

#include <algorithm>

namespace srpt::target {
namespace {

Result<Node, std::string> Walk(const Facts& facts, std::string_view path) {
  Node node = TreeRoot(facts);
  std::string so_far;
  while (!path.empty()) {
    if (path.front() == '/') {
      path.remove_prefix(1);
      continue;
    }
    const std::string name(path.substr(0, path.find('/')));
    path.remove_prefix(name.size());
    if (!node.is_directory()) {
      return Err{so_far + " is an attribute; expected the path to end there"};
    }
    const auto& children = node.children();
    const auto child = std::find_if(children.begin(), children.end(),
                                    [&](const auto& entry) { return entry.first == name; });
    if (child == children.end()) {
      std::string text = "no '" + name + "' in " + (so_far.empty() ? "/" : so_far) + "; expected ";
      if (children.empty()) return Err{text + "nothing: it is empty"};
      text += "one of ";
      // A directory may have thousands of entries.
      constexpr std::size_t kShown = 32;
      for (std::size_t i = 0; i < children.size() && i < kShown; ++i) {
        text += (i == 0 ? "" : ", ") + children[i].first;
      }
      return Err{text + (children.size() > kShown ? ", ..." : "")};
    }
    so_far += "/" + name;
    node = Node(child->second());
  }
  return node;
}

}  // namespace

Node Node::Directory(std::vector<std::pair<std::string, Child>> children) {
  Node node;
  node.children_ = std::move(children);
  return node;
}

Node Node::Leaf(std::string value, Set set) {
  Node node;
  node.value_ = std::move(value);
  node.set_ = std::move(set);
  return node;
}

Node TreeRoot(const Facts& facts) {
  return Node::Directory({
      {"handlers", [&facts] { return HandlersNode(facts); }},
      {"devices", [&facts] { return DevicesNode(facts); }},
      {"targets",
       [&facts] {
         return Node::Directory({{"ib_srpt", [&facts] { return TargetsNode(facts); }}});
       }},
      {"device_groups", [&facts] { return DeviceGroupsNode(facts); }},
  });
}

Result<std::vector<std::string>, std::string> ListPath(const Facts& facts, std::string_view path) {
  const auto node = Walk(facts, path);
  if (!node.ok()) return Err{node.error()};
  if (!node->is_directory()) {
    return Err{std::string(path) + " is an attribute; expected a directory ('get' reads it)"};
  }
  std::vector<std::string> names;
  for (const auto& [name, child] : node->children()) {
    names.push_back(name + (child().is_directory() ? "/" : ""));
  }
  return names;
}

Result<std::string, std::string> GetPath(const Facts& facts, std::string_view path) {
  const auto node = Walk(facts, path);
  if (!node.ok()) return Err{node.error()};
  if (node->is_directory()) {
    return Err{std::string(path) + " is a directory; expected an attribute ('list' shows them)"};
  }
  return node->value();
}

Result<Change, std::string> SetPath(const Facts& facts, std::string_view path,
                                    const std::string& value) {
  const auto node = Walk(facts, path);
  if (!node.ok()) return Err{node.error()};
  if (node->is_directory() || node->set() == nullptr) {
    return Err{std::string(path) + " cannot be written" +
               (node->is_directory() ? "; expected an attribute" : " at run time")};
  }
  return node->set()(value);
}

}  // namespace srpt::target
