#include "sim/swarm.h"

#include <cstdio>

namespace srpt::sim {
namespace {

// One draw after another, each under its own ordinal: a new one goes to the end of the enum.
enum Choice : std::uint64_t {
  kInitiators,
  kChannels,
  kDepth,
  kCommands,
  kBytesMax,
  kWritePercent,
  kFuaPercent,
  kOtherPercent,
  kThinkPercent,
  kAborts,
  kResets,
  kStalls,
  kImmediate,
  kPartial,
  kManualReceives,
  kTimeoutLength,
  kDisks,
  kBuffers,
  kSqSize,
  kRdmaSize,
  kCredits,
  kForm,
  kRnr,
  kFaultsAtAll,
  kShards,
  kSharedReceives,
  kBufferWaits,
  kHostile,
  kShutdown,
  kPerDisk = 0x100,
  kPerFault = 0x200,
};

constexpr Lineage kWholeRun{0x7377};

}  // namespace

bool Swarm::Disturbed() const {
  for (std::size_t i = 0; i < kFaultKinds; ++i) {
    if (world.faults[i] != 0 && !IsHostile(static_cast<FaultKind>(i))) return true;
  }
  return stall_per_million != 0;
}

bool Swarm::OnlyDisksDisturb() const {
  for (std::size_t i = 0; i < kFaultKinds; ++i) {
    const auto kind = static_cast<FaultKind>(i);
    if (world.faults[i] != 0 && !IsHostile(kind) && !IsOfDisks(kind)) return false;
  }
  return stall_per_million == 0;
}

void MapDisks(Swarm& s) {
  s.world.ports.clear();
  s.world.luns.clear();
  if (!s.hostile) return;  // One port, every disk.
  for (std::uint32_t i = 0; i < 2; ++i) {
    TargetPort port;
    port.id = TargetPortId(i);
    port.name = "fe80:0000:0000:0000:0000:0000:0000:000" + std::to_string(i + 1);
    port.rel_tgt_id = static_cast<std::uint16_t>(i + 1);
    port.enabled = true;
    s.world.ports.push_back(port);
  }
  for (std::size_t i = 0; i < s.units(); ++i) {
    s.world.luns.push_back(
        {0, LunNumber(static_cast<std::uint16_t>(i)), s.world.disks[i].name, false});
  }
  s.world.luns.push_back({1, LunNumber(0), s.world.disks.back().name, false});
}

Swarm DrawSwarm(std::uint64_t seed) {
  const Decisions decisions(seed);
  const auto between = [&](std::uint64_t low, std::uint64_t high, std::uint64_t choice) {
    return static_cast<std::uint32_t>(
        decisions.Between(low, high, Site::kSwarm, kWholeRun, choice));
  };
  const auto one_in = [&](std::uint64_t n, std::uint64_t choice) {
    return decisions.Below(n, Site::kSwarm, kWholeRun, choice) == 0;
  };

  Swarm s;
  s.world.seed = seed;
  s.initiators = between(1, 4, kInitiators);
  s.channels = between(1, 4, kChannels);
  s.depth = between(1, 32, kDepth);
  s.commands = between(1000, 2000, kCommands) / (s.initiators * s.channels);
  s.bytes_max = 4096u << (2 * between(0, 4, kBytesMax));  // 4 KiB .. 1 MiB
  s.write_percent = between(20, 80, kWritePercent);
  s.fua_percent = between(0, 30, kFuaPercent);
  s.other_percent = between(1, 15, kOtherPercent);
  s.think_percent = between(0, 20, kThinkPercent);
  if (one_in(2, kAborts)) s.abort_per_million = between(1000, 30000, kAborts + 0x1000);
  if (one_in(3, kResets)) s.reset_per_million = between(500, 4000, kResets + 0x1000);
  if (one_in(4, kStalls)) s.stall_per_million = between(500, 5000, kStalls + 0x1000);
  s.immediate = !one_in(4, kImmediate);
  s.partial_tables = !one_in(4, kPartial);
  s.manual_receives = s.stall_per_million != 0 || one_in(4, kManualReceives);
  s.shutdown = one_in(2, kShutdown);
  s.command_timeout = Seconds(between(8, 30, kTimeoutLength));

  Parameters& p = s.world.parameters;
  p.service_guid = 0x0002c90300bb0001;
  p.shards = one_in(2, kShards) ? between(2, 8, kShards + 0x1000) : 1;
  p.channels_per_shard = 64;
  p.data_buffers_per_shard = one_in(3, kBuffers) ? between(16, 64, kBuffers + 0x1000) : 256;
  // Hardly any: whoever holds one and waits for another is found out.
  if (one_in(10, kBuffers + 0x2000)) p.data_buffers_per_shard = between(1, 15, kBuffers + 0x3000);
  // A table and a piece of its data need two: of one buffer none is given to a table, ever.
  if (p.data_buffers_per_shard < 2) s.partial_tables = false;
  // Few may wait, so that commands are refused and sent again.
  if (one_in(3, kBufferWaits)) p.buffer_waits_max = between(1, 8, kBufferWaits + 0x1000);
  p.srpt_sq_size = static_cast<std::uint16_t>(
      one_in(3, kSqSize) ? between(limits::kSqSizeMin, 128, kSqSize + 0x1000) : 256);
  p.srp_max_rdma_size = one_in(3, kRdmaSize) ? 512u << between(0, 7, kRdmaSize + 0x1000) : 65536;
  p.credits =
      static_cast<std::uint16_t>(one_in(3, kCredits) ? between(2, 40, kCredits + 0x1000) : 128);

  if (one_in(3, kSharedReceives)) {
    p.use_srq = true;
    // Sometimes hardly enough, so that logins get fewer credits or none while others leave.
    const std::uint32_t all =
        s.initiators * s.channels * (p.credits + limits::kReceivesBeyondCredits);
    p.srpt_srq_size =
        all +
        (one_in(2, kSharedReceives + 0x1000) ? between(0, 100, kSharedReceives + 0x2000) : 2048);
  }

  const std::uint32_t disks = between(1, 3, kDisks);
  for (std::uint32_t i = 0; i < disks; ++i) {
    const std::uint64_t at = kPerDisk + std::uint64_t{16} * i;
    DiskOptions disk;
    disk.name = "disk" + std::to_string(i);
    if (i == 2 && one_in(2, at)) disk.handler = scsi::HandlerKind::kNullio;
    disk.block_bytes = one_in(4, at + 1) ? 4096 : 512;
    // Small, so that commands meet each other.
    const std::uint64_t bytes = std::uint64_t{between(256, 4096, at + 2)} * 1024;
    disk.blocks = bytes / disk.block_bytes;
    disk.write_through = one_in(6, at + 3);
    s.world.disks.push_back(disk);
  }
  s.hostile = one_in(3, kHostile);
  if (s.hostile) {
    DiskOptions prey;  // Nobody else uses it.
    prey.name = "prey";
    prey.handler = scsi::HandlerKind::kNullio;
    prey.blocks = 256;
    s.world.disks.push_back(prey);
    MapDisks(s);
    // Few enough for one peer to take them all.
    if (one_in(2, kHostile + 0x1000)) {
      p.data_buffers_per_shard = between(4, 64, kHostile + 0x2000);
    }
  }
  s.world.form = one_in(16, kForm) ? Content::Form::kBytes : Content::Form::kLabels;
  s.world.rnr_retries = one_in(2, kRnr) ? 7 : ~0u;

  // Half of the hostile peers have the stage for themselves: nothing excuses what others feel.
  const bool calm = one_in(8, kFaultsAtAll) || (s.hostile && one_in(2, kFaultsAtAll + 0x1000));
  const bool only_disks = one_in(8, kFaultsAtAll + 0x2000);
  if (only_disks) s.stall_per_million = 0;
  for (std::size_t i = 0; i < kFaultKinds; ++i) {
    if (only_disks && !IsOfDisks(static_cast<FaultKind>(i))) continue;
    const std::uint64_t at = kPerFault + 4 * std::uint64_t{i};
    const bool hostile = IsHostile(static_cast<FaultKind>(i));
    if (hostile ? !s.hostile || one_in(3, at) : calm || !one_in(3, at)) continue;
    const std::uint32_t most = RuleOf(static_cast<FaultKind>(i)).per_million_max;
    s.world.faults[i] = between(most / 20, most, at + 1);
  }
  return s;
}

std::vector<std::string> Describe(const Swarm& s) {
  std::vector<std::string> lines;
  char text[512];
  std::snprintf(
      text, sizeof text,
      "%u initiators x %u channels, depth %u, %u commands a channel, up to %u bytes, %u%% "
      "writes (%u%% FUA), %s",
      s.initiators, s.channels, s.depth, s.commands, s.bytes_max, s.write_percent, s.fua_percent,
      s.world.form == Content::Form::kBytes ? "real bytes" : "labels");
  lines.push_back(text);
  const Parameters& p = s.world.parameters;
  std::snprintf(
      text, sizeof text,
      "%u shards, %u data buffers (%u may wait), send queue %u, shared receive queue %u, "
      "RDMA size %u, %u "
      "credits, immediate data %s, partial tables %s, command timeout %llu ms, ends by %s",
      p.shards, p.data_buffers_per_shard, p.buffer_waits_max, p.srpt_sq_size,
      p.use_srq ? p.srpt_srq_size : 0, p.srp_max_rdma_size, p.credits, s.immediate ? "yes" : "no",
      s.partial_tables ? "yes" : "no",
      static_cast<unsigned long long>(s.command_timeout.ns / 1000000),
      s.shutdown ? "shutdown" : "logout");
  lines.push_back(text);
  std::snprintf(text, sizeof text,
                "%u%% other commands, XDWRITEREAD %s, %u%% pauses of up to %.3f ms, %s receives, "
                "work for at most %.0f s",
                s.other_percent, s.bidirectional ? "yes" : "no", s.think_percent,
                static_cast<double>(s.think_max.ns) / 1e6, s.manual_receives ? "manual" : "endless",
                static_cast<double>(s.work_max.ns) / 1e9);
  lines.push_back(text);
  for (const DiskOptions& disk : s.world.disks) {
    std::snprintf(text, sizeof text, "%s: %s, %llu blocks of %u%s", disk.name.c_str(),
                  disk.handler == scsi::HandlerKind::kNullio ? "nullio" : "fileio",
                  static_cast<unsigned long long>(disk.blocks), disk.block_bytes,
                  disk.write_through ? ", write through" : "");
    lines.push_back(text);
  }
  std::snprintf(
      text, sizeof text,
      "in a million commands: %u aborts, %u resets (LUN RESET, ABORT or CLEAR TASK SET), %u stalls",
      s.abort_per_million, s.reset_per_million, s.stall_per_million);
  lines.push_back(text);
  std::string faults;
  for (std::size_t i = 0; i < kFaultKinds; ++i) {
    if (s.world.faults[i] == 0) continue;
    if (!faults.empty()) faults += ", ";
    faults +=
        std::string(ToString(static_cast<FaultKind>(i))) + " " + std::to_string(s.world.faults[i]);
  }
  lines.push_back("faults in a million: " + (faults.empty() ? "none" : faults));
  return lines;
}

}  // namespace srpt::sim
