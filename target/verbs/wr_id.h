// What a work request says about itself in its 64-bit wr_id.
//
//   63    60 59      48 47      36 35              16 15           0
//  +--------+----------+----------+------------------+--------------+
//  |  kind  | channel: | channel: |      index       |   sequence   |
//  |        |   slot   |  gener.  |                  |              |
//  +--------+----------+----------+------------------+--------------+
//
// After an error only wr_id and status of a completion are defined (ibv_poll_cq(3)), so everything
// that core wants to know comes from here. The generation tells a late completion of a destroyed
// queue pair from one of its successor. The sequence counts the send queue's work requests: a
// completion ends that one and every earlier one of its queue.
#ifndef TARGET_VERBS_WR_ID_H_
#define TARGET_VERBS_WR_ID_H_

#include <cstdint>

#include "core/base/check.h"
#include "core/base/limits.h"
#include "core/base/types.h"

namespace srpt::target {

enum class WrKind : std::uint8_t {
  kRecv = 1,   // index: RecvId.
  kSend,       // index: SendId. Always signaled.
  kRdma,       // index: BufferId. Signaled.
  kRdmaQuiet,  // index: BufferId. Core asked for no completion: only a failing one matters.
  kProbe,      // A sign of life was asked for. Signaled.
  // index: of the device's shared receive queue. No channel: qp_num says whose it became.
  kSharedRecv,
};

struct WrId {
  static constexpr std::uint32_t kChannelSlots = 1u << 12;
  static constexpr std::uint32_t kIndices = 1u << 20;

  WrKind kind = WrKind::kRecv;
  ChannelId channel;
  std::uint32_t index = 0;
  std::uint16_t sequence = 0;

  friend constexpr bool operator==(const WrId&, const WrId&) = default;
};
static_assert(ChannelId::kSlotBits + 12 == 32, "a channel id's generation has 12 bits");
static_assert(limits::kChannelsDefault <= WrId::kChannelSlots);
static_assert(limits::kRecvPerChannelMax <= WrId::kIndices);
static_assert(limits::kSendPerChannelMax <= WrId::kIndices);
static_assert(limits::kSrqSizeMax <= WrId::kIndices);
static_assert(limits::kSqSizeMax <= 1u << 15, "a sequence tells what is open from what is not");

inline std::uint64_t EncodeWrId(const WrId& id) {
  SRPT_CHECK(id.channel.slot() < WrId::kChannelSlots && id.index < WrId::kIndices);
  return (std::uint64_t{static_cast<std::uint8_t>(id.kind)} << 60) |
         (std::uint64_t{id.channel.slot()} << 48) | (std::uint64_t{id.channel.generation()} << 36) |
         (std::uint64_t{id.index} << 16) | id.sequence;
}

// Any 64 bits give some WrId; the caller checks kind, channel and index against what it posted.
inline WrId DecodeWrId(std::uint64_t raw) {
  WrId id;
  id.kind = static_cast<WrKind>(raw >> 60);
  id.channel = ChannelId::Make(static_cast<std::uint32_t>(raw >> 48) & (WrId::kChannelSlots - 1),
                               static_cast<std::uint32_t>(raw >> 36) & 0xfff);
  id.index = static_cast<std::uint32_t>(raw >> 16) & (WrId::kIndices - 1);
  id.sequence = static_cast<std::uint16_t>(raw);
  return id;
}

}  // namespace srpt::target

#endif  // TARGET_VERBS_WR_ID_H_
