// Follows Shard::State's constructor; footprint_test.cc compares it with what malloc gave.
#include "core/srp/footprint.h"

#include "core/srp/shard_state.h"

namespace srpt {

ShardFootprint FootprintOf(const Parameters& p) {
  ShardFootprint footprint;
  // By receive buffer: the command, the receive's stage, and a place in resume_queue.
  const std::size_t command = sizeof(Command) + sizeof(RecvStage) + sizeof(std::uint32_t);
  const std::size_t wire = std::size_t{p.data_buffers_per_shard} + p.commands_per_channel() + 4;
  footprint.channel = sizeof(Channel) + sizeof(std::uint32_t) + wire * sizeof(WireItem);
  if (p.use_srq) {
    // And a place in to_post.
    footprint.shared_receives =
        p.srq_count *
        (sizeof(SharedQueue) + std::size_t{p.srpt_srq_size} * (command + sizeof(std::uint32_t)));
  } else {
    footprint.channel += p.commands_per_channel() * command;
  }
  footprint.channels = p.channels_per_shard * footprint.channel;
  footprint.data_buffers = p.data_buffers_per_shard * (sizeof(Piece) + sizeof(std::uint32_t));
  footprint.nexuses_and_units =
      sizeof(ShardState) + p.sessions_max * (sizeof(NexusView) + sizeof(std::uint32_t)) +
      (std::size_t{p.devices_max} + 1) * (sizeof(UnitBuffers) + sizeof(std::uint32_t));
  return footprint;
}

}  // namespace srpt
