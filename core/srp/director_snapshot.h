// From the director's books to a snapshot, and from two maps of a nexus to the unit attentions that
// the change from one to the other establishes. Pure functions.
#ifndef CORE_SRP_DIRECTOR_SNAPSHOT_H_
#define CORE_SRP_DIRECTOR_SNAPSHOT_H_

#include <cstdint>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "core/config.h"
#include "core/snapshot.h"
#include "core/srp/alua_groups.h"
#include "core/srp/lun_mapping.h"
#include "core/srp/nexus_table.h"

namespace srpt {

struct SnapshotTarget {
  TargetPort port;
  LunMapping luns;
};
using SnapshotTargets = std::map<TargetPortId, SnapshotTarget>;

struct SnapshotDevice {
  scsi::LuView lu;  // As the administrator described it; what depends on the map is left out.
};
using SnapshotDevices = std::map<LuId, SnapshotDevice>;

// Every target has a map for its default LUNs and one for each group, whether used or not. The
// snapshot owns the storage that its views' ALUA groups point into: it must not be copied.
// `fresh` and `before`, if given: nothing has changed since `before` but that this nexus came, and
// the others keep the maps that they have.
std::shared_ptr<const Snapshot> BuildSnapshot(std::uint64_t version, const SnapshotTargets& targets,
                                              const SnapshotDevices& devices,
                                              const AluaGroups& alua, const NexusTable& nexuses,
                                              const Nexus* fresh, const Snapshot* before);

// What a nexus whose map changes is told.
struct MapChange {
  std::vector<std::pair<LuId, UnitAttention>> establish;  // In order.
  std::vector<LuId> gone;                                 // Units that it sees no more.
  struct Event {
    LunNumber lun;
    UnitAttention attention;
  };
  std::vector<Event> report;  // By AER_REQ: LUNs that came or went (once), new capacities.
  bool empty() const { return establish.empty() && gone.empty(); }
};
//   a unit that was not seen before                 29/00 there
//   write protection, ALUA state, capacity          2A/01, 2A/06, 2A/09 there
//   ALUA as such came or went                       3F/03 there
//   any LUN came, went or names another unit        3F/0E at every unit
MapChange Compare(const LunMap& before, const LunMap& after);

}  // namespace srpt

#endif  // CORE_SRP_DIRECTOR_SNAPSHOT_H_
