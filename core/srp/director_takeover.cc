// What the director does for takeovers (takeover.h): the books of who has old writes where.
#include <algorithm>

#include "core/srp/director_state.h"

namespace srpt {

void Director::State::TakeOver(Nexus& nexus) {
  ++nexus.session;
  nexus.taking_over.clear();
  if (parameters.shards > 1) {
    for (std::uint32_t i = 0; i < parameters.shards; ++i) nexus.taking_over.push_back(ShardId(i));
  }
  outbox.ToAllShards(message::TakeOver{nexus.id, nexus.session});
}

// What the shard told of its old writes came before this, and went on to all shards.
void Director::State::OnMessage(ShardId shard, const message::TakenOver& taken) {
  Nexus* nexus = nexuses.Find(taken.nexus);
  if (nexus == nullptr || nexus->session != taken.session) return;
  if (std::erase(nexus->taking_over, shard) == 0 || !nexus->taking_over.empty()) return;
  outbox.ToAllShards(message::TakeoverOver{nexus->id, nexus->session});
}

void Director::State::OnMessage(ShardId shard, const message::OldWrites& old) {
  Nexus* nexus = nexuses.Find(old.nexus);
  if (nexus == nullptr) return;  // So nobody waits for them.
  std::vector<ShardId>& shards = nexus->old_writes[old.lu];
  const bool held = !shards.empty();
  std::erase(shards, shard);
  if (old.there) shards.push_back(shard);
  const bool hold = !shards.empty();
  if (!hold) nexus->old_writes.erase(old.lu);
  if (hold != held) outbox.ToAllShards(message::HoldUnit{nexus->id, old.lu, hold});
}

}  // namespace srpt
