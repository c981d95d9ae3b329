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

std::uint16_t ShardRoom::CreditsOf(std::uint32_t receives) const {
  if (receives < limits::kCreditsMin + limits::kReceivesBeyondCredits) return 0;
  return static_cast<std::uint16_t>(
      std::min<std::uint32_t>(credits_, receives - limits::kReceivesBeyondCredits));
}

std::optional<ShardRoom::Place> ShardRoom::Find(std::uint32_t srq,
                                                const std::vector<std::uint32_t>& coming) const {
  const auto better = [&](const Place& a, const Place& b) {
    if (a.credits_later != b.credits_later) return a.credits_later > b.credits_later;
    if (a.credits != b.credits) return a.credits > b.credits;
    return load_[a.shard.v] < load_[b.shard.v];
  };
  std::optional<Place> best;
  for (std::uint32_t shard = 0; shard < load_.size(); ++shard) {
    if (Full(shard)) continue;
    Place place{ShardId(shard), credits_, 0, credits_};
    if (queues_ != 0) {
      const std::uint32_t room = queue_size_ - Promised(shard, srq);
      place.credits = CreditsOf(room);
      place.credits_later = CreditsOf(room + (coming.empty() ? 0 : coming[shard]));
      if (place.credits_later == 0) continue;
      if (place.credits > 0) place.receives = place.credits + limits::kReceivesBeyondCredits;
    }
    if (!best || better(place, *best)) best = place;
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

std::uint32_t ShardRoom::TakeMore(ShardId shard, std::uint32_t srq, std::uint32_t receives) {
  const std::uint32_t all = credits_ + limits::kReceivesBeyondCredits;
  SRPT_CHECK(receives <= all);
  const std::uint32_t more = std::min(all - receives, queue_size_ - Promised(shard.v, srq));
  promised_[std::size_t{shard.v} * queues_ + srq] += more;
  return more;
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
