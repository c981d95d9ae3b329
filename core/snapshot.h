// What the director publishes to every shard: who sees which unit how. Immutable once published; a
// shard reads it without a lock.
#ifndef CORE_SNAPSHOT_H_
#define CORE_SNAPSHOT_H_

#include <cstdint>
#include <vector>

#include "core/base/types.h"
#include "core/scsi/lu.h"

namespace srpt {

// The units that one nexus sees, ordered by LUN (SCST: the LUNs of its group, or of its target).
class LunMap {
 public:
  struct Entry {
    LunNumber lun;
    scsi::LuView lu;  // As seen through this map: read_only and ALUA state included.
  };
  // `entries` ordered by LUN, each LUN once.
  explicit LunMap(std::vector<Entry> entries);
  LunMap() = default;

  // Null: no such LUN. Valid as long as the snapshot.
  const scsi::LuView* Find(LunNumber lun) const {
    if (lun.v >= index_.size() || index_[lun.v] == kAbsent) return nullptr;
    return &entries_[index_[lun.v]].lu;
  }
  const std::vector<Entry>& entries() const { return entries_; }

 private:
  static constexpr std::uint16_t kAbsent = 0xffff;
  std::vector<Entry> entries_;
  std::vector<std::uint16_t> index_;  // By LUN.
};

struct Snapshot {
  std::uint64_t version = 0;
  std::vector<LunMap> maps;
  std::vector<std::uint32_t> map_of_nexus;  // By the slot of the NexusId.

  // The map of a nexus that the director announced; an empty one for any other.
  const LunMap& MapOf(NexusId nexus) const {
    if (nexus.slot() >= map_of_nexus.size()) return EmptyMap();
    const std::uint32_t map = map_of_nexus[nexus.slot()];
    return map < maps.size() ? maps[map] : EmptyMap();
  }

 private:
  static const LunMap& EmptyMap();
};

}  // namespace srpt

#endif  // CORE_SNAPSHOT_H_
