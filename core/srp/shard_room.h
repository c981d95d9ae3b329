// What the director knows of the room that each shard has, so that a login that must be refused is
// refused before it touches anything (fault 21): free channels, and receives of shared queues that
// are promised to nobody.
//
// Counted from what is asked until the shard says that it came back. Messages of one pair stay in
// order, so a shard never has less room than is counted here, however late it is heard of.
#ifndef CORE_SRP_SHARD_ROOM_H_
#define CORE_SRP_SHARD_ROOM_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/types.h"
#include "core/config.h"

namespace srpt {

class ShardRoom {
 public:
  struct Place {
    ShardId shard;
    std::uint16_t credits = 0;
    std::uint32_t receives = 0;       // Of the shared queue; 0: the channel has its own.
    std::uint16_t credits_later = 0;  // With the receives that are on their way back; >= credits.
  };

  explicit ShardRoom(const Parameters& parameters);

  // Where a channel that receives from this queue is served best: as many credits as there will be,
  // and are, then the least load, then the first. `coming`: receives of the queue that are on their
  // way back and will be this channel's, by shard; empty: none. None: there is no room for it.
  std::optional<Place> Find(std::uint32_t srq, const std::vector<std::uint32_t>& coming) const;
  // If none: the length of the shared queues that would do; 0: it is channels that are wanting.
  std::uint32_t SizeNeeded(std::uint32_t srq) const;

  void Take(const Place& place, std::uint32_t srq);
  // Takes more for a channel that has `receives`, as many as there are; returns how many.
  std::uint32_t TakeMore(ShardId shard, std::uint32_t srq, std::uint32_t receives);
  void ChannelBack(ShardId shard);  // But for its receives.
  void ReceivesBack(ShardId shard, std::uint32_t srq, std::uint32_t receives);

  // Channels and logins under way, by shard.
  const std::vector<std::uint32_t>& load() const { return load_; }
  // Receives of all shared queues that are promised.
  const std::vector<std::uint32_t>& promised() const { return promised_; }

 private:
  // What a channel with so many receives of a shared queue may be granted; 0: they are too few.
  std::uint16_t CreditsOf(std::uint32_t receives) const;
  bool Full(std::uint32_t shard) const { return load_[shard] >= channels_; }
  const std::uint32_t& Promised(std::uint32_t shard, std::uint32_t srq) const;

  std::uint32_t channels_;  // Of each shard.
  std::uint16_t credits_;
  std::uint32_t queues_;  // Shared ones of each shard; 0: there are none.
  std::uint32_t queue_size_;
  std::vector<std::uint32_t> load_;
  std::vector<std::uint32_t> promised_;  // By shard, and there by queue.
};

}  // namespace srpt

#endif  // CORE_SRP_SHARD_ROOM_H_
