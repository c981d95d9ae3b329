// What befalls the whole target: ports, devices, threads and processes come and go. Every few
// milliseconds each kind of it has an opportunity, until the faults are over.
#include <algorithm>

#include "core/base/check.h"
#include "sim/world_impl.h"

namespace srpt::sim {
namespace {

constexpr Duration kTick = Milliseconds(5);
constexpr Duration kAwake = Seconds(2);
constexpr Lineage kWeather{0x77656174};

struct Kind {
  FaultKind kind;
  Duration low;  // How long it lasts.
  Duration high;
};
// A pause of one thread is shorter than any patience of a peer's; the machine's sleep is not.
constexpr Kind kKinds[] = {
    {FaultKind::kPortDown, Milliseconds(1), Seconds(4)},
    {FaultKind::kGidChange, Milliseconds(1), Milliseconds(1)},
    {FaultKind::kDeviceGone, Milliseconds(10), Seconds(5)},
    {FaultKind::kCqOverrun, Milliseconds(1), Milliseconds(1)},
    {FaultKind::kThreadPause, Milliseconds(1), Milliseconds(700)},
    {FaultKind::kClockJump, Seconds(1), Seconds(100)},
    {FaultKind::kKill, Milliseconds(10), Seconds(3)},
    {FaultKind::kPowerLoss, Milliseconds(100), Seconds(10)},
};

}  // namespace

void World::Impl::StartWeather() {
  for (const Kind& k : kKinds) {
    const bool drawn_ever = options.faults[static_cast<std::size_t>(k.kind)] != 0;
    if (!script.MayHappen(k.kind, drawn_ever)) continue;
    return queue.Push(clock.now() + kTick, Happening::kWeather);
  }
}

void World::Impl::OnWeather() {
  if (faults.healed()) return;
  const std::uint64_t tick = weather_ticks++;
  for (const Kind& k : kKinds) {
    // It does not sleep for ever.
    const bool awake = disturbed_until + kAwake <= clock.now();
    if (k.kind == FaultKind::kClockJump && !awake) continue;
    if (!faults.Strikes(k.kind, kWeather, tick)) continue;
    const Duration length = faults.Length(k.kind, kWeather, tick, k.low, k.high);
    const std::uint64_t which = decisions.Below(shards.size() + 1, Site::kFaultSize, kWeather,
                                                (tick << 8) | static_cast<std::uint64_t>(k.kind));
    std::optional<std::uint32_t> shard;
    if (which < shards.size()) shard = static_cast<std::uint32_t>(which);
    Befall(k.kind, length, shard);
  }
  queue.Push(clock.now() + kTick, Happening::kWeather);
}

void World::Impl::Befall(FaultKind kind, Duration length, std::optional<std::uint32_t> shard) {
  SRPT_CHECK(!stepping);
  const Time until = clock.now() + length;
  const auto pause = [&](Time& of) { of = std::max(of, until); };
  switch (kind) {
    case FaultKind::kPortDown:
      disturbed_until = std::max(disturbed_until, until);
      return fabric.PortDown(until);
    case FaultKind::kGidChange:
      return fabric.MoveAddress();
    case FaultKind::kDeviceGone:
      return fabric.RemoveDevice(until);
    case FaultKind::kCqOverrun:
      return fabric.OverrunCq(shard.value_or(0));
    case FaultKind::kThreadPause:
      trace.Add(clock.now(), Trace::kNobody, "thread pauses: shard, until",
                shard.value_or(Trace::kNobody), until.ns);
      disturbed_until = std::max(disturbed_until, until);
      return pause(shard ? shards[*shard].paused_until : director_paused_until);
    case FaultKind::kClockJump:
      trace.Add(clock.now(), Trace::kNobody, "the machine sleeps, until", until.ns);
      disturbed_until = std::max(disturbed_until, until);
      pause(director_paused_until);
      for (ShardSide& side : shards) pause(side.paused_until);
      return;
    case FaultKind::kKill:
    case FaultKind::kPowerLoss:
      return Kill(kind == FaultKind::kPowerLoss, length);
    default:
      SRPT_UNREACHABLE("not of this kind");
  }
}

std::optional<Time> World::Impl::PausedUntil(const EventQueue::Item& item) const {
  Fabric::Thread thread;
  switch (item.what) {
    case Happening::kDirectorWake:
    case Happening::kToDirector:
      thread.director = true;
      break;
    case Happening::kShardWake:
    case Happening::kToShard:
      thread.shard = item.a;
      break;
    case Happening::kBlockDone:
      if (ops[item.a].busy) thread.shard = ops[item.a].shard;
      break;
    case Happening::kToTarget:
    case Happening::kCompletion:
    case Happening::kCm:
      thread = fabric.ThreadOf(item);
      break;
    default:
      return std::nullopt;
  }
  Time until;
  if (thread.director) until = director_paused_until;
  if (thread.shard) until = shards[*thread.shard].paused_until;
  return until > clock.now() ? std::optional(until) : std::nullopt;
}

void World::Impl::Kill(bool power_loss, Duration length) {
  ++incarnation;
  for (std::size_t slot = 0; slot < ops.size(); ++slot) {
    if (!ops[slot].busy) continue;
    Drop(ops[slot], incarnation);
    free_ops.push_back(static_cast<std::uint32_t>(slot));
  }
  if (power_loss) {
    for (DiskSlot& slot : disks) {
      if (on_unsynced) {
        for (const std::uint64_t block : slot.disk->Unsynced()) on_unsynced(slot.disk->id(), block);
      }
      slot.disk->Crash(decisions, incarnation);
    }
  }
  fabric.KillTarget(clock.now() + length, power_loss);
  Fingerprint f;
  f.Add(retired);
  f.Add(director->fingerprint());
  for (const ShardSide& side : shards) f.Add(side.shard->fingerprint());
  retired = f.value();
  messages_in_flight = 0;
  director_paused_until = Time{};
  Boot();
  Configure();
}

// As the configuration file says.
void World::Impl::Configure() {
  const auto done = [this](admin::Request request) {
    const AdminId id = Submit(std::move(request));
    const auto answer = answers.find(id.v);
    SRPT_CHECK(answer != answers.end() && answer->second.status == admin::Status::kOk);
  };
  for (std::size_t i = 0; i < options.disks.size(); ++i) {
    disks[i].released = false;
    done(AddLuRequest(LuId(static_cast<std::uint32_t>(i))));
  }
  for (const LunOptions& lun : options.luns) {
    SRPT_CHECK(lun.target < options.ports.size());
    done(admin::AddLun{options.ports[lun.target].name, "", lun.lun, lun.disk, lun.read_only});
  }
}

}  // namespace srpt::sim
