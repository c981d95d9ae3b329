#include "core/srp/nexus_table.h"

#include <algorithm>
#include <utility>

#include "core/base/check.h"

namespace srpt {

// [R-NEXUS-01]
NexusKey KeyOf(const event::LoginRequested& login, const wire::LoginReq& req) {
  NexusKey key{login.port, req.initiator_port, req.target_port, {}};
  const auto& id = req.initiator_port.bytes;
  const bool has_guid =
      std::any_of(id.begin() + 8, id.end(), [](std::uint8_t b) { return b != 0; });
  if (login.iwarp && !has_guid) key.source = login.source;
  return key;
}

Nexus* NexusTable::Find(const NexusKey& key) {
  const auto at = slots_.find(key);
  return at == slots_.end() ? nullptr : &nexuses_.at(at->second);
}

Nexus* NexusTable::Find(NexusId id) {
  const auto at = nexuses_.find(id.slot());
  return at == nexuses_.end() || at->second.id != id ? nullptr : &at->second;
}

Nexus& NexusTable::Add(const NexusKey& key, std::string_view initiator_name) {
  SRPT_CHECK(!full());
  std::uint32_t slot = 0;
  for (const auto& entry : nexuses_) {  // Ordered by slot: the first gap.
    if (entry.first != slot) break;
    ++slot;
  }
  if (slot >= next_generation_.size()) next_generation_.resize(slot + 1, 0);
  const bool added = slots_.emplace(key, slot).second;
  SRPT_CHECK(added);
  Nexus nexus;
  nexus.id = NexusId::Make(slot, next_generation_[slot]++);
  nexus.key = key;
  Rename(nexus, initiator_name);
  return nexuses_.emplace(slot, std::move(nexus)).first->second;
}

void NexusTable::Remove(NexusId id) {
  const Nexus* nexus = Find(id);
  SRPT_CHECK(nexus != nullptr);
  slots_.erase(nexus->key);
  nexuses_.erase(id.slot());
}

bool NexusTable::NameTaken(TargetPortId port, std::string_view name) const {
  return std::any_of(nexuses_.begin(), nexuses_.end(), [&](const auto& entry) {
    return entry.second.key.port == port && entry.second.name == name;
  });
}

// [R-NEXUS-09]
void NexusTable::Rename(Nexus& nexus, std::string_view initiator_name) {
  nexus.initiator_name = initiator_name;
  nexus.name.clear();  // Its old name is free for itself.
  std::string name(initiator_name);
  for (std::uint32_t n = 1; NameTaken(nexus.key.port, name); ++n) {
    name = nexus.initiator_name + "_" + std::to_string(n);
  }
  nexus.name = std::move(name);
}

}  // namespace srpt
