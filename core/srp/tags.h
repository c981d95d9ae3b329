// The tag table of a channel: its active commands by tag. Those of both kinds of requests, for
// their tags are one space. [R-NEXUS-06]
#ifndef CORE_SRP_TAGS_H_
#define CORE_SRP_TAGS_H_

#include "core/base/bytes.h"
#include "core/srp/shard_state.h"

namespace srpt::tags {

inline std::uint32_t Bucket(const Tag& tag) {
  constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15;  // Spreads what differs in a few bits.
  return static_cast<std::uint32_t>((LoadBe64(tag.bytes.data()) * kOdd) >> (64 - kTagBucketBits));
}

// kNone if there is none.
inline std::uint32_t Find(const ShardState& s, const Channel& channel, const Tag& tag) {
  for (std::uint32_t i = channel.tags[Bucket(tag)]; i != kNone; i = s.commands[i].tag_next) {
    if (s.commands[i].tag == tag) return i;
  }
  return kNone;
}
// The same, if it is not a task management request.
inline std::uint32_t FindTask(const ShardState& s, const Channel& channel, const Tag& tag) {
  const std::uint32_t found = Find(s, channel, tag);
  return found == kNone || s.commands[found].task_management ? kNone : found;
}

inline void Link(ShardState& s, Channel& channel, std::uint32_t index) {
  Command& c = s.commands[index];
  std::uint32_t& head = channel.tags[Bucket(c.tag)];
  c.tag_next = head;
  head = index;
}

// Its tag may be used again. (It may have been taken out before.)
inline void Unlink(ShardState& s, Channel& channel, std::uint32_t index) {
  std::uint32_t* link = &channel.tags[Bucket(s.commands[index].tag)];
  while (*link != kNone) {
    if (*link == index) {
      *link = s.commands[index].tag_next;
      return;
    }
    link = &s.commands[*link].tag_next;
  }
}

}  // namespace srpt::tags

#endif  // CORE_SRP_TAGS_H_
