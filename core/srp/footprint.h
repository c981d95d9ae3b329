// What a shard allocates when it is made, in bytes. It never allocates more, but for what it keeps
// of a nexus: lists of unit attentions and old writes, and from login on the counts of commands
// that wait for buffers, 2 bytes a unit.
#ifndef CORE_SRP_FOOTPRINT_H_
#define CORE_SRP_FOOTPRINT_H_

#include <cstddef>

#include "core/config.h"

namespace srpt {

struct ShardFootprint {
  std::size_t channel = 0;  // Of one channel: its state, wire queue, and commands of its own.
  std::size_t channels = 0;
  std::size_t data_buffers = 0;     // What is noted of all of them.
  std::size_t shared_receives = 0;  // Commands of the shared receive queues, if there are any.
  std::size_t nexuses_and_units = 0;
  std::size_t total() const {
    return channels + data_buffers + shared_receives + nexuses_and_units;
  }
};

ShardFootprint FootprintOf(const Parameters& parameters);

}  // namespace srpt

#endif  // CORE_SRP_FOOTPRINT_H_
