#include "sim/workload/administrator.h"

#include "sim/trace.h"

namespace srpt::sim {
namespace {

constexpr Lineage kAdministrator{0x61646d696e};
constexpr Duration kTick = Milliseconds(10);
constexpr std::uint64_t kTickCookie = 0;
constexpr std::uint64_t kEnableCookie = 1;
constexpr LunNumber kExtraLun{200};

}  // namespace

void Administrator::Start() {
  if (scene_.swarm.world.faults[static_cast<std::size_t>(FaultKind::kConfigChange)] == 0) return;
  DiskOptions extra;
  extra.name = "extra";
  extra.handler = scsi::HandlerKind::kNullio;
  extra.blocks = 64;
  extra_ = world_.AddDisk(extra);
  world_.SetTimer(world_.now() + kTick, this, kTickCookie);
}

void Administrator::OnTimer(std::uint64_t cookie) {
  if (cookie == kEnableCookie) {
    world_.Submit(admin::EnableTarget{TargetName(), true});
    return;
  }
  if (world_.faults().healed()) return;
  const std::uint64_t tick = ticks_++;
  if (world_.faults().Strikes(FaultKind::kConfigChange, kAdministrator, tick)) {
    Change(world_.decisions().Draw(Site::kConfigChange, kAdministrator, tick));
  }
  world_.SetTimer(world_.now() + kTick, this, kTickCookie);
}

void Administrator::Change(std::uint64_t which) {
  world_.trace().Add(world_.now(), Trace::kNobody, "administrator: change", which % 8);
  // Of the map, or of a nexus that was lost.
  for (std::uint32_t unit = 0; unit < scene_.units.size(); ++unit) scene_.ExpectAttention(unit);
  switch (which % 8) {
    case 0:
      world_.Submit(admin::EnableTarget{TargetName(), false});
      world_.SetTimer(world_.now() + Milliseconds(1 + which / 8 % 500), this, kEnableCookie);
      return;
    case 1:
    case 2:
      return CloseSession(which / 8);
    case 3:
    case 4:
    case 5:
      return MapExtra(true);
    default:
      return MapExtra(false);
  }
}

void Administrator::CloseSession(std::uint64_t which) {
  const auto sessions = world_.director().Sessions();
  if (sessions.empty()) return;
  const SessionInfo& session = sessions[which % sessions.size()];
  world_.Submit(admin::CloseSession{session.target, session.name});
}

// Of these requests some find that it is so already (or that a new process knows nothing of it):
// they are refused.
void Administrator::MapExtra(bool mapped) {
  if (!mapped) {
    world_.Submit(admin::RemoveLun{TargetName(), "", kExtraLun});
    return;
  }
  if (!has_extra_ || world_.director().Devices().size() == scene_.swarm.world.disks.size()) {
    has_extra_ = true;
    world_.Submit(world_.AddLuRequest(extra_));
  }
  world_.Submit(admin::AddLun{TargetName(), "", kExtraLun, "extra", false});
}

}  // namespace srpt::sim
