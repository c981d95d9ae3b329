#include "sim/profiles.h"

#include <string>

#include "core/base/check.h"

namespace srpt::sim {
namespace {

void AddDisks(Swarm& s, std::uint32_t count) {
  for (std::uint32_t i = 0; i < count; ++i) {
    DiskOptions disk;
    disk.name = "disk" + std::to_string(i);
    disk.blocks = 8192;
    s.world.disks.push_back(disk);
  }
}

// What the three have in common: one nexus a channel, small commands, labels for data, every check.
Swarm Common(std::uint64_t seed) {
  Swarm s;
  s.world.seed = seed;
  s.world.form = Content::Form::kLabels;
  s.world.parameters.service_guid = 0x0002c90300bb0001;
  s.world.parameters.channels_per_shard = 16;
  s.world.parameters.data_buffers_per_shard = 256;
  s.bytes_max = 4096;
  s.bidirectional = false;
  AddDisks(s, 2);
  return s;
}

void Rate(Swarm& s, FaultKind kind, std::uint32_t per_million) {
  s.world.faults[static_cast<std::size_t>(kind)] = per_million;
}

Swarm Busy(std::uint64_t seed) {
  Swarm s = Common(seed);
  s.initiators = 4;
  s.channels = 2;
  s.depth = 32;
  s.commands = 50000;
  s.think_percent = 0;
  return s;
}

Swarm Mixed(std::uint64_t seed) {
  Swarm s = Common(seed);
  s.initiators = 8;
  s.depth = 4;
  s.commands = 4100;  // A minute's.
  s.bytes_max = 65536;
  s.bidirectional = true;
  s.other_percent = 10;
  // 8 sessions x 2 IUs / 15 ms; a little more than 1,000 a second, for the quiet end.
  s.think_percent = 100;
  s.think_max = Microseconds(29500);
  s.abort_per_million = 500;
  Rate(s, FaultKind::kWireSlow, 1000);
  Rate(s, FaultKind::kLateCompletion, 200);
  Rate(s, FaultKind::kLateRead, 10000);
  Rate(s, FaultKind::kCoalesced, 1000);
  Rate(s, FaultKind::kDiskSlow, 1000);
  Rate(s, FaultKind::kMessageSlow, 1000);
  Rate(s, FaultKind::kReadError, 200);
  Rate(s, FaultKind::kWriteError, 200);
  Rate(s, FaultKind::kDisconnect, 50);
  Rate(s, FaultKind::kVanish, 20);
  return s;
}

Swarm Idle(std::uint64_t seed) {
  Swarm s = Common(seed);
  s.initiators = 8;
  s.commands = 1200;
  s.think_percent = 100;
  s.think_max = Seconds(600);
  s.work_max = Seconds(1000000);
  return s;
}

}  // namespace

Profile ProfileOf(std::string_view name) {
  for (const Profile profile : {Profile::kBusy, Profile::kMixed, Profile::kIdle}) {
    if (name == ToString(profile)) return profile;
  }
  return Profile::kNone;
}

std::string_view ToString(Profile profile) {
  switch (profile) {
    case Profile::kNone:
      break;
    case Profile::kBusy:
      return "busy";
    case Profile::kMixed:
      return "mixed";
    case Profile::kIdle:
      return "idle";
  }
  return "none";
}

Swarm ProfileSwarm(Profile profile, std::uint64_t seed) {
  SRPT_CHECK(profile != Profile::kNone);
  if (profile == Profile::kBusy) return Busy(seed);
  return profile == Profile::kMixed ? Mixed(seed) : Idle(seed);
}

}  // namespace srpt::sim
