#include "core/srp/shard_room.h"

#include <algorithm>

#include "core/base/check.h"
#include "core/base/limits.h"

namespace srpt {

ShardRoom::ShardRoom(const Parameters& parameters)
    : channels_(parameters.channels_per_shard),
      credits_(parameters.credits),
      queues_(parameters.use_srq ? parameters.srq_count : 0),
      queue_size_(parameters.srpt_srq_size),
      load_(parameters.shards, 0),
      promised_(std::size_t{parameters.shards} * queues_, 0) {}

const std::uint32_t& ShardRoom::Promised(std::uint32_t shard, std::uint32_t srq) const {
  SRPT_CHECK(srq < queues_);
  return promised_[std::size_t{shard} * queues_ + srq];
}

std::optional<ShardRoom::Place> ShardRoom::Find(std::uint32_t srq) const {
  std::optional<Place> best;
  for (std::uint32_t shard = 0; shard < load_.size(); ++shard) {
    if (Full(shard)) continue;
    Place place{ShardId(shard), credits_, 0};
    if (queues_ != 0) {
      const std::uint32_t room = queue_size_ - Promised(shard, srq);
      if (room < limits::kCreditsMin + limits::kReceivesBeyondCredits) continue;
      place.receives = std::min(credits_ + limits::kReceivesBeyondCredits, room);
      place.credits = static_cast<std::uint16_t>(place.receives - limits::kReceivesBeyondCredits);
    }
    if (!best || place.credits > best->credits ||
        (place.credits == best->credits && load_[shard] < load_[best->shard.v])) {
      best = place;
    }
  }
  return best;
}

std::uint32_t ShardRoom::SizeNeeded(std::uint32_t srq) const {
  std::uint32_t least = 0;
  for (std::uint32_t shard = 0; shard < load_.size() && queues_ != 0; ++shard) {
    if (Full(shard)) continue;
    const std::uint32_t size = Promised(shard, srq) + credits_ + limits::kReceivesBeyondCredits;
    if (least == 0 || size < least) least = size;
  }
  return least;
}

void ShardRoom::Take(const Place& place, std::uint32_t srq) {
  ++load_[place.shard.v];
  if (place.receives == 0) return;
  promised_[std::size_t{place.shard.v} * queues_ + srq] += place.receives;
  SRPT_CHECK(Promised(place.shard.v, srq) <= queue_size_);
}

void ShardRoom::ChannelBack(ShardId shard) {
  SRPT_CHECK(load_[shard.v] > 0);
  --load_[shard.v];
}

void ShardRoom::ReceivesBack(ShardId shard, std::uint32_t srq, std::uint32_t receives) {
  if (receives == 0) return;
  SRPT_CHECK(Promised(shard.v, srq) >= receives);
  promised_[std::size_t{shard.v} * queues_ + srq] -= receives;
}

}  // namespace srpt
