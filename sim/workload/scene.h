// What all initiators of one run share: the world, the oracle, the units, and what was seen.
#ifndef SIM_WORKLOAD_SCENE_H_
#define SIM_WORKLOAD_SCENE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/fingerprint.h"
#include "sim/oracle.h"
#include "sim/swarm.h"
#include "sim/world.h"

namespace srpt::sim {

struct Unit {
  Disk* disk = nullptr;
  std::uint32_t block_bytes = 512;
  std::uint64_t blocks = 0;
  bool checked = true;  // A null disk keeps nothing.
  bool write_through = false;
  bool clearing = false;  // The administrator was asked to clear its failure.
  // A nexus ended other nexuses' commands here, which are not answered then: so many ask for that
  // now, and what was sent up to then may have been ended by one that was answered.
  std::uint32_t silencing = 0;
  Time silenced;
  bool MaySilence(Time sent) const { return silencing > 0 || sent <= silenced; }
};

struct Stats {
  std::uint64_t commands = 0;  // Answered, task management included.
  std::uint64_t reads = 0;
  std::uint64_t writes = 0;
  std::uint64_t bidirectional = 0;  // XDWRITEREADs, sent.
  std::uint64_t bytes = 0;
  std::uint64_t good = 0;
  std::uint64_t lost = 0;  // Ended with their channel.
  std::uint64_t aborted = 0;
  std::uint64_t timeouts = 0;
  std::uint64_t resets = 0;      // LUN RESETs,
  std::uint64_t task_sets = 0;   // ABORT and CLEAR TASK SETs,
  std::uint64_t clear_acas = 0;  // and CLEAR ACAs.
  std::uint64_t logins = 0;
  std::uint64_t rejects = 0;
  std::uint64_t attentions = 0;
  std::uint64_t checks = 0;  // CHECK CONDITION for other reasons.
  std::uint64_t busy = 0;
};

struct Scene {
  Scene(const Scene&) = delete;
  Scene& operator=(const Scene&) = delete;
  explicit Scene(const Swarm& drawn) : swarm(drawn), world(drawn.world) {
    for (std::size_t i = 0; i < drawn.units(); ++i) {
      const DiskOptions& options = drawn.world.disks[i];
      Unit unit;
      unit.disk = world.disk(options.name);
      unit.block_bytes = options.block_bytes;
      unit.blocks = options.blocks;
      unit.checked = options.handler != scsi::HandlerKind::kNullio;
      unit.write_through = options.write_through;
      units.push_back(unit);
      resets.emplace_back();
      oracle.AddUnit(options.blocks, options.block_bytes);
    }
    world.SetOnUnsynced([this](LuId lu, std::uint64_t block) {
      if (lu.v < units.size()) oracle.Revert(lu.v, block);
    });
    attentions.assign(drawn.initiators, std::vector<std::uint32_t>(units.size()));
  }

  void Fail(PeerId peer, Invariant invariant, const std::string& what) {
    if (world.breach().empty()) concerned = peer.v;
    world.Broke(invariant, "peer " + std::to_string(peer.v) + ": " + what);
  }
  // What the oracle says of `what`.
  void Fail(PeerId peer, const std::string& what, const Breach& why) {
    Fail(peer, why.invariant, what + why.what);
  }
  // Every nexus may be told once of what happened to a unit, but for `except`.
  void ExpectAttention(std::uint32_t unit, std::uint32_t except = 0xffffffffu) {
    for (std::uint32_t i = 0; i < attentions.size(); ++i) {
      if (i != except) ++attentions[i][unit];
    }
  }

  Swarm swarm;
  World world;
  Oracle oracle;
  std::vector<Unit> units;                             // By LUN.
  std::vector<std::vector<std::uint32_t>> attentions;  // That may still come: [initiator][unit].
  // The last reset of each unit that was answered with success, and who need not be told of it.
  struct Reset {
    Time sent;
    Time answered = kNever;
    std::uint32_t except = 0xffffffffu;
  };
  std::vector<Reset> resets;
  Stats stats;
  Fingerprint saw;          // What the initiators were told, and when.
  std::uint64_t heard = 0;  // What each command that ended GOOD was told; a sum, without order.
  std::uint32_t concerned = 0xffffffffu;
};

}  // namespace srpt::sim

#endif  // SIM_WORKLOAD_SCENE_H_
