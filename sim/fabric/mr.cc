#include "sim/fabric/mr.h"

#include "core/base/check.h"

namespace srpt::sim {

Region MemoryRegions::Register(HostId host, std::uint32_t bytes, std::uint32_t rights,
                               Content::Form form, std::uint64_t fill, Lineage lineage) {
  std::uint32_t slot;
  if (free_.empty()) {
    slot = static_cast<std::uint32_t>(entries_.size());
    SRPT_CHECK(slot <= kSlotMask);
    entries_.push_back(std::make_unique<Entry>());
  } else {
    slot = free_.back();
    free_.pop_back();
  }
  Entry& entry = *entries_[slot];
  ++entry.generation;
  entry.host = host;
  entry.bytes = bytes;
  entry.rights = rights;
  entry.registered = true;
  entry.accesses = 0;
  entry.lineage = lineage;
  // An address tells which region it belongs to, so that one that strays is seen.
  entry.va = RemoteAddr(0x7f0000000000u + (std::uint64_t{slot} << 26));
  entry.content.Reset(form, bytes, fill);
  ++registered_;
  return Region{entry.va, RKey((slot << kSlotBits) | entry.generation), bytes};
}

const MemoryRegions::Entry* MemoryRegions::Find(RKey rkey) const {
  const std::uint32_t slot = rkey.v >> kSlotBits;
  if (slot >= entries_.size()) return nullptr;
  const Entry* entry = entries_[slot].get();
  const bool ours = entry->registered && entry->generation == (rkey.v & 0xffff);
  return ours ? entry : nullptr;
}

MemoryRegions::Entry* MemoryRegions::Find(RKey rkey) {
  return const_cast<Entry*>(static_cast<const MemoryRegions*>(this)->Find(rkey));
}

void MemoryRegions::Deregister(RKey rkey) {
  Entry* entry = Find(rkey);
  if (entry == nullptr) return;
  entry->registered = false;
  --registered_;
  // A slot whose keys are used up rests for good.
  if (entry->generation != 0xffff) free_.push_back(rkey.v >> kSlotBits);
}

const char* MemoryRegions::Check(HostId host, RKey rkey, RemoteAddr va, std::uint32_t length,
                                 std::uint32_t rights, Entry** entry, std::uint64_t* offset) {
  Entry* found = Find(rkey);
  if (found == nullptr) return "no such key (any more)";
  if (found->host != host) return "the key belongs to another host";
  if ((found->rights & rights) != rights) return "the key does not allow this direction";
  if (va < found->va) return "below the region";
  const std::uint64_t at = va.v - found->va.v;
  if (at > found->bytes || length > found->bytes - at) return "beyond the region";
  *entry = found;
  *offset = at;
  return nullptr;
}

}  // namespace srpt::sim
