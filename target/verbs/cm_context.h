// What a connection id of librdmacm is to us, kept in its `context`: one that listens (null), a
// connection request (odd), a channel (even), or nothing any more.
#ifndef TARGET_VERBS_CM_CONTEXT_H_
#define TARGET_VERBS_CM_CONTEXT_H_

#include <bit>
#include <cstdint>

#include "core/base/types.h"

namespace srpt::target::cm_context {

static_assert(sizeof(void*) == 8, "a channel id and a tag fit a pointer");

inline void* Of(ChannelId channel) {
  return std::bit_cast<void*>((std::uintptr_t{channel.v} << 1) + 2);
}
inline void* Of(ConnId conn) {
  return std::bit_cast<void*>((static_cast<std::uintptr_t>(conn.v) << 1) | 1);
}
// Its end is decided: what still comes of it means nothing.
inline void* Nobody() { return std::bit_cast<void*>(~std::uintptr_t{0}); }
inline bool IsRequest(const void* context) {
  return (reinterpret_cast<std::uintptr_t>(context) & 1) != 0;
}
inline ConnId RequestOf(const void* context) {
  return ConnId(reinterpret_cast<std::uintptr_t>(context) >> 1);
}
inline ChannelId ChannelOf(const void* context) {
  return ChannelId(
      static_cast<std::uint32_t>((reinterpret_cast<std::uintptr_t>(context) - 2) >> 1));
}

}  // namespace srpt::target::cm_context

#endif  // TARGET_VERBS_CM_CONTEXT_H_
