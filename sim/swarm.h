// What one seed is like: how many initiators and channels, what they do, on which disks, and which
// faults strike how often. All drawn from the seed, all printed when it fails.
#ifndef SIM_SWARM_H_
#define SIM_SWARM_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "sim/world.h"

namespace srpt::sim {

struct Swarm {
  WorldOptions world;
  std::uint32_t initiators = 1;
  std::uint32_t channels = 1;  // Of each initiator.
  std::uint32_t depth = 1;     // Commands outstanding on a channel.
  std::uint32_t commands = 1;  // Of each channel.
  std::uint32_t bytes_max = 4096;
  std::uint32_t write_percent = 50;  // Of the reads and writes.
  std::uint32_t fua_percent = 10;
  std::uint32_t other_percent = 5;  // Commands that are neither.
  std::uint32_t think_percent = 5;  // A pause before the next command.
  std::uint32_t abort_per_million = 0;
  std::uint32_t reset_per_million = 0;
  std::uint32_t stall_per_million = 0;  // The initiator takes no answer for a while.
  bool immediate = true;
  bool partial_tables = true;
  bool manual_receives = false;
  bool hostile = false;         // There is a hostile peer: its port and its disk are the last ones.
  bool hostile_silent = false;  // It is there, and does nothing.
  bool shutdown = false;        // At the end the target is shut down; else the initiators leave.
  Duration command_timeout = Seconds(15);
  bool bidirectional = true;             // Some WRITEs are XDWRITEREADs instead.
  Duration think_max = Milliseconds(3);  // A pause lasts between 1 us and so much more.
  Duration work_max = Seconds(900);      // Then the faults are over, whatever was sent by then.
  // Anything but a hostile peer, which excuses nothing, may keep an initiator from being served.
  bool Disturbed() const;
  // Nothing but disks, and perhaps a hostile peer, misbehaves.
  bool OnlyDisksDisturb() const;
  // Disks that the initiators use.
  std::size_t units() const { return world.disks.size() - (hostile ? 1 : 0); }
};

Swarm DrawSwarm(std::uint64_t seed);
// The ports and LUNs that go with its disks: the last one, with a port of its own, is a hostile
// peer's if there is one.
void MapDisks(Swarm& swarm);
std::vector<std::string> Describe(const Swarm& swarm);

}  // namespace srpt::sim

#endif  // SIM_SWARM_H_
