#include "core/srp/director_invariants.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "core/srp/director_state.h"

namespace srpt {

std::string DirectorInvariants::Broken(const Director& director) {
  const Director::State& s = *director.state_;

  std::vector<std::uint32_t> load(s.parameters.shards, 0);
  std::uint64_t promised = 0;
  std::set<std::pair<ShardId, ChannelId>> channels;
  std::set<std::pair<TargetPortId, std::string>> names;
  for (const auto& [slot, nexus] : s.nexuses.all()) {
    if (nexus.id.slot() != slot) return "38: a nexus is kept under the slot of its id.";
    if (nexus.IsEmpty()) return "36: a nexus has a channel or a login under way.";
    if (!names.emplace(nexus.key.port, nexus.name).second) {
      return "38: no two sessions of a target have the same name.";
    }
    for (const NexusChannel& channel : nexus.channels) {
      if (!channels.emplace(channel.shard, channel.channel).second) {
        return "38: a channel belongs to one nexus, once.";
      }
      ++load[channel.shard.v];
      promised += channel.receives;
    }
    std::size_t staying = 0;
    for (const NexusChannel& channel : nexus.channels) staying += channel.state.stays() ? 1 : 0;
    if (nexus.channels.size() + nexus.opening > limits::kChannelsPerNexusInAllMax ||
        staying > limits::kChannelsPerNexusMax) {
      return "47: a nexus has no more channels than its limit.";
    }
    for (const auto& [lu, shards] : nexus.old_writes) {
      if (shards.empty())
        return "46: a unit is held while a shard has old writes of the nexus there.";
    }
    if (s.snapshot == nullptr || slot >= s.snapshot->map_of_nexus.size()) {
      return "38: every nexus was published.";
    }
    const LunMap& map = s.snapshot->MapOf(nexus.id);
    for (const auto& [lu, queue] : nexus.attentions.queues()) {
      if (queue.empty()) return "7: a unit with an attention pending has one.";
      const std::set<UnitAttention> different(queue.begin(), queue.end());
      if (different.size() != queue.size()) return "7: a unit attention is queued once.";
      if (std::none_of(map.entries().begin(), map.entries().end(),
                       [id = lu](const LunMap::Entry& e) { return e.lu.id == id; })) {
        return "7: a unit attention is pending only where the nexus sees the unit.";
      }
    }
  }
  std::map<NexusId, std::uint32_t> opening;
  for (const auto& [conn, o] : s.openings) {
    ++opening[o.nexus];
    ++load[o.shard.v];
    promised += o.receives;
  }
  for (const auto& [slot, nexus] : s.nexuses.all()) {
    const auto at = opening.find(nexus.id);
    if (nexus.opening != (at == opening.end() ? 0 : at->second)) {
      return "38: a nexus counts its logins under way.";
    }
    if (at != opening.end()) opening.erase(at);
  }
  if (!opening.empty()) return "38: a login under way belongs to a nexus.";
  std::size_t held = 0;
  for (const auto& [conn, o] : s.openings) held += o.state.phase() == LoginPhase::kHeld ? 1 : 0;
  if (held != s.held.size()) return "38: a login that is held is known as such.";
  for (const HeldLogin& login : s.held) {
    const auto o = s.openings.find(login.open.conn);
    const auto nexus = s.nexuses.all().find(login.open.nexus.slot());
    if (o == s.openings.end() || o->second.state.phase() != LoginPhase::kHeld ||
        nexus == s.nexuses.all().end()) {
      return "38: what is held is a login under way.";
    }
    if (s.ComingBack(nexus->second, o->second.srq)[o->second.shard.v] == 0) {
      return "46: a login is held while receives are on their way back to it.";
    }
  }
  for (const std::uint32_t receives : s.room.promised()) promised -= receives;
  if (promised != 0) return "39: what is promised of shared queues is what logins were promised.";
  if (load != s.room.load()) return "39: a shard's load is its channels and logins under way.";

  for (const auto& [of, queue] : s.fences.queues()) {
    if (queue.empty()) return "46: a nexus that waits for a fence at a unit has one.";
    for (std::size_t i = 1; i < queue.size(); ++i) {
      if (!queue[i].waiting.empty())
        return "31: fences of one nexus at one unit go one after the other.";
    }
  }
  for (const auto& [lu, retiring] : s.retiring) {
    if (retiring.waiting.empty()) return "46: a removed unit that shards still use waits for one.";
    if (!s.ExportsOf(lu).empty()) return "41: a removed unit is at no LUN.";
  }
  return "";
}

}  // namespace srpt
