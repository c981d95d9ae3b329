// The state machine of a command: its causes, and the table of what may happen.
//
// Admission reads the IU anew each time, so that what changed meanwhile (a LUN removed, a unit
// resized) is seen. A response that was posted has no command any more.
#ifndef CORE_SRP_COMMAND_STATES_H_
#define CORE_SRP_COMMAND_STATES_H_

#include <array>
#include <cstdint>
#include <string_view>

#include "core/srp/transitions.h"

namespace srpt {

// In the order of CommandState's alternatives (shard_state.h).
enum class CommandPhase : std::uint8_t {
  kFree,
  kParked,
  kMoving,
  kBackend,
  kResponding,
  kManaging,
  kAborting,
  kCount,
};

constexpr const char* ToString(CommandPhase phase) {
  constexpr const char* kNames[] = {"free",       "parked",   "moving",  "backend",
                                    "responding", "managing", "aborting"};
  static_assert(std::size(kNames) == static_cast<std::size_t>(CommandPhase::kCount));
  return kNames[static_cast<std::size_t>(phase)];
}

enum class CommandCause : std::uint8_t {
  kAdmitted,  // A CMD was judged: when it came, or again after it was parked or its table fetched.
  kRefused,   // Judged and not let in, or the judgement is an answer without data.
  kManagement,  // A task management request, or a CMD whose tag is in use (fault 11).
  kDone,        // Everything that was waited for ended, well or not.
  kPosted,      // The response is on the send queue.
  kAborted,     // By task management, a fence, an overlapping command, or the channel's end.
  kDrained,     // Nothing of an aborted command is in flight any more.
  kCount,
};

inline constexpr std::array<std::string_view, static_cast<std::size_t>(CommandCause::kCount)>
    kCommandCauseNames = {
        "admission",          "refusal",         "task management or a tag in use",
        "all done or failed", "response posted", "abort",
        "nothing in flight",
};

inline constexpr auto kCommandTable = [] {
  using S = CommandPhase;
  using C = CommandCause;
  using T = Transition<S, C>;
  return std::array{
      T{S::kFree, C::kAdmitted, S::kParked, "AskUnitAttention; or waits for old writes, then BUSY"},
      T{S::kFree, C::kAdmitted, S::kMoving, "READ, WRITE, answers with data, descriptor tables"},
      T{S::kFree, C::kAdmitted, S::kBackend, "BlockWrite of immediate data, BlockFlush"},
      T{S::kFree, C::kRefused, S::kResponding, "CHECK CONDITION, TASK SET FULL, BUSY, or no data"},
      T{S::kFree, C::kManagement, S::kManaging,
        "abort, AskTaskFence; or abort of the older command"},
      T{S::kParked, C::kAdmitted, S::kParked, "no attention was left, or not all old writes ended"},
      T{S::kParked, C::kAdmitted, S::kMoving, "as from free"},
      T{S::kParked, C::kAdmitted, S::kBackend, "as from free"},
      T{S::kParked, C::kRefused, S::kResponding, "UNIT ATTENTION, BUSY, or as from free"},
      T{S::kMoving, C::kAdmitted, S::kMoving, "the descriptor table is here: the data move"},
      T{S::kMoving, C::kAdmitted, S::kParked,
        "the same, and meanwhile something is to be waited for"},
      T{S::kMoving, C::kRefused, S::kResponding,
        "what the table says, or the unit, is refused; TASK SET FULL"},
      T{S::kMoving, C::kDone, S::kResponding, "GOOD, or the backend's failure"},
      T{S::kBackend, C::kDone, S::kResponding, "GOOD, or the backend's failure"},
      T{S::kManaging, C::kManagement, S::kManaging, "AskTaskFence"},
      T{S::kManaging, C::kDone, S::kResponding, "its code; overlapped commands: 0B/4E/00"},
      T{S::kResponding, C::kPosted, S::kFree, "PostRecv, then SendIu"},
      T{S::kParked, C::kAborted, S::kAborting, ""},
      T{S::kMoving, C::kAborted, S::kAborting, "nothing new starts"},
      T{S::kBackend, C::kAborted, S::kAborting, ""},
      T{S::kResponding, C::kAborted, S::kAborting, "the response is dropped"},
      T{S::kManaging, C::kAborted, S::kAborting,
        "with its channel; or a CMD with the tag of task management"},
      T{S::kAborting, C::kDrained, S::kFree, "no response; the credit is owed"},
  };
}();
inline constexpr Moves<CommandPhase, CommandCause> kCommandMoves(kCommandTable);

}  // namespace srpt

#endif  // CORE_SRP_COMMAND_STATES_H_
