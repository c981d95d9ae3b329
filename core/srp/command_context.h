// The context of a command: taken when its IU comes, free again when its response goes. (Inline:
// every command comes by here.)
#ifndef CORE_SRP_COMMAND_CONTEXT_H_
#define CORE_SRP_COMMAND_CONTEXT_H_

#include "core/base/planted.h"
#include "core/srp/credits.h"
#include "core/srp/receives.h"
#include "core/srp/shard_state.h"
#include "core/srp/tags.h"
#include "core/srp/transfer.h"

namespace srpt::command {

// Takes the context of this receive buffer; the channel's IU is in it.
inline void Begin(ShardState& s, Channel& channel, std::uint32_t index, const Tag& tag) {
  Command& c = s.commands[index];
  SRPT_CHECK(c.Is<command_state::Free>());
  static constexpr CommandFacts kFresh{};  // Copied as a block, not built field by field.
  static_cast<CommandFacts&>(c) = kFresh;
  c.channel = s.IndexOf(channel);
  c.arrival = s.arrivals++;
  c.tag = tag;
  c.prev = channel.last_command;
  (c.prev == kNone ? channel.first_command : s.commands[c.prev].next) = index;
  channel.last_command = index;
  ++channel.active;
  ++s.active;
}

// The context is free; its receive is posted again and its credit owed while the channel lives.
[[gnu::always_inline]] inline void End(ShardState& s, Channel& channel, std::uint32_t index,
                                       CommandCause cause) {
  Command& c = s.commands[index];
  SRPT_CHECK(!c.Is<command_state::Free>());
  // [R-RSP-09]
  tags::Unlink(s, channel, index);
  transfer::DropTable(s, c);
  (c.prev == kNone ? channel.first_command : s.commands[c.prev].next) = c.next;
  (c.next == kNone ? channel.last_command : s.commands[c.next].prev) = c.prev;
  --channel.active;
  --s.active;
  c.Become<command_state::Free>(cause);
  c.generation = (c.generation + 1) & 0xfff;
  if (!s.retiring.empty()) s.look_at_retiring = true;
  if (channel.Is<channel_state::Live>()) {
    if (Planted(PlantedBug::kCreditWithoutReceive) && cause == CommandCause::kDrained) {
      receives::Release(s, index);
    } else {
      receives::Post(s, channel, index);
    }
    credits::Owe(channel);
  } else {
    receives::Release(s, index);
    if (receives::Drained(channel)) receives::Settle(s, channel);
  }
}

}  // namespace srpt::command

#endif  // CORE_SRP_COMMAND_CONTEXT_H_
