// What the director has decided and not yet said: a step says at most limits::kActionsPerStepMax
// things, whatever is left goes first in the next one.
#ifndef CORE_SRP_DIRECTOR_OUTBOX_H_
#define CORE_SRP_DIRECTOR_OUTBOX_H_

#include <cstdint>
#include <deque>
#include <string>
#include <utility>

#include "core/action.h"

namespace srpt {

class DirectorOutbox {
 public:
  explicit DirectorOutbox(std::uint32_t shards) : shards_(shards) {}

  void Add(Action action) { items_.push_back({std::move(action), {}}); }
  void Log(LogLevel level, std::string text) {
    items_.push_back({action::Log{level, {}}, std::move(text)});
  }
  void Done(AdminId id, admin::Status status, std::string text) {
    items_.push_back({action::AdminDone{id, status, {}}, std::move(text)});
  }
  void ToShard(ShardId shard, const message::ToShard& message) {
    Add(action::ToShard{shard, message});
  }
  void ToAllShards(const message::ToShard& message) {
    for (std::uint32_t i = 0; i < shards_; ++i) ToShard(ShardId(i), message);
  }

  bool empty() const { return items_.empty(); }
  // In the order in which they were added, as many as fit, each text whole unless it alone is
  // longer than a step's.
  void Drain(Actions& actions);

 private:
  struct Item {
    Action action;
    std::string text;  // Of a Log or AdminDone.
  };
  std::uint32_t shards_;
  std::deque<Item> items_;
};

}  // namespace srpt

#endif  // CORE_SRP_DIRECTOR_OUTBOX_H_
