// What the target sends: responses with their residuals and sense, T_LOGOUT.
#ifndef CORE_SRP_RESPONSE_H_
#define CORE_SRP_RESPONSE_H_

#include "core/event.h"
#include "core/srp/shard_state.h"
#include "core/wire/logout.h"

namespace srpt {

// One send queue slot and one send buffer are free.
inline bool CanSend(const Channel& channel) {
  return channel.sq_free > 0 && channel.free_send_count > 0;
}

// Posts the receive again, then the response, and frees the command. `piece` (or kNone) holds the
// data of the unsignaled WRITEs posted just before, which took `slots` slots of the send queue.
void PostResponse(ShardState& s, Channel& channel, std::uint32_t command, std::uint32_t piece,
                  std::uint16_t slots);
void PostTLogout(ShardState& s, Channel& channel, wire::TLogoutReason reason);
// A send buffer, with its own slot of the send queue and `slots` more. CanSend() was asked.
std::uint32_t TakeSend(ShardState& s, Channel& channel, std::uint32_t piece, std::uint16_t slots);

// Something was posted: look in a while whether it came back.
void ArmWatch(ShardState& s);

// A response that was posted and, as far as we know, did not arrive: if it reported a unit
// attention, the nexus's other channels are to tell instead, unless its session is over.
void ReturnAttention(ShardState& s, const Channel& channel, const SendSlot& slot);

// The sense of a backend's failure (fault 30).
scsi::Sense FailureOf(bool write, IoStatus status);

}  // namespace srpt

#endif  // CORE_SRP_RESPONSE_H_
