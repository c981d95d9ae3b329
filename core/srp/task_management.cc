#include "core/srp/task_management.h"

#include "core/base/planted.h"
#include "core/srp/abort.h"
#include "core/srp/command.h"
#include "core/srp/command_context.h"
#include "core/srp/receives.h"
#include "core/srp/tags.h"
#include "core/srp/trace.h"
#include "core/srp/wire_queue.h"
#include "core/wire/cmd.h"
#include "core/wire/lun.h"
#include "core/wire/tsk_mgmt.h"

namespace srpt::task_management {
namespace {

using namespace command_state;  // NOLINT: the states are this file's vocabulary.
using wire::RspCode;
using F = wire::TskMgmtFunction;

bool IsKnown(F function) {
  return function == F::kAbortTask || function == F::kAbortTaskSet ||
         function == F::kClearTaskSet || function == F::kLunReset || function == F::kClearAca;
}

void Answer(ShardState& s, std::uint32_t index, RspCode code) {
  s.commands[index].Become(CommandCause::kDone,
                           Responding{scsi::Status::kGood, scsi::kNoSense, code});
  if (trace::On(s, trace::Category::kMgmt)) {
    const std::string_view what = wire::to_string(code);
    trace::Say(s, s.channels[s.ChannelOf(index)], trace::Category::kMgmt, "task management: %.*s",
               static_cast<int>(what.size()), what.data());
  }
  wire_queue::QueueResponse(s, index);
}

// What contradicts itself (fault 34): a tag that an active request of this channel has, and ABORT
// TASK of the request itself, or of a command that its tag finds at another unit.
// [R-FAULT-34]
bool FieldsAreValid(const ShardState& s, const Channel& channel, std::uint32_t index,
                    const wire::TskMgmt& request) {
  for (std::uint32_t i = channel.first_command; i != kNone; i = s.commands[i].next) {
    if (i == index || s.commands[i].tag != request.tag) continue;
    const Aborting* aborting = std::get_if<Aborting>(&s.commands[i].state);
    if (aborting == nullptr || aborting->effects) return false;
  }
  if (request.function != wire::TskMgmtFunction::kAbortTask) return true;
  if (request.task_tag == request.tag) return false;
  const std::uint32_t task = tags::FindTask(s, channel, request.task_tag);
  if (task == kNone) return true;
  const auto cmd = wire::ParseCmd(receives::IuIn(s, task));
  // By what the LUNs mean, not by their bytes: one unit has several addresses.
  if (!cmd || cmd->lun == request.lun) return true;
  const auto lun = wire::DecodeLun(cmd->lun);
  const auto asked = wire::DecodeLun(request.lun);
  return lun && asked && *lun == *asked;
}

// [R-TSK-02, R-TSK-03] Fault 32: an unknown tag was answered already, or never came: complete.
void AbortTask(ShardState& s, Channel& channel, std::uint32_t index, const wire::TskMgmt& request,
               bool unit_exists) {
  std::uint32_t task = tags::FindTask(s, channel, request.task_tag);
  if (Planted(PlantedBug::kAbortSearchesNexus)) {
    for (const Channel& other : s.channels) {
      if (task != kNone || !other.Is<channel_state::Live>()) continue;
      if (other.nexus == channel.nexus) task = tags::FindTask(s, other, request.task_tag);
    }
  }
  // [R-INV-32, R-TSK-03]
  if (task == kNone) {
    const bool complete = unit_exists && !Planted(PlantedBug::kAbortOfAnsweredFails);
    Answer(s, index, complete ? RspCode::kComplete : RspCode::kFunctionFailed);
  } else if (s.commands[task].overlapped) {
    Answer(s, index, RspCode::kFunctionFailed);  // It ends by itself, with 0B/4E/00.
  } else if (abort::Abort(s, task, index)) {
    Answer(s, index, RspCode::kComplete);
  }
}

void AskFence(ShardState& s, const Channel& channel, std::uint32_t index, LuId lu,
              FenceFunction function) {
  s.commands[index].Become(CommandCause::kManagement, Managing{true});
  s.Do(
      action::ToDirector{message::AskTaskFence{s.IdOfCommand(index), channel.nexus, lu, function}});
}

// What was waited for is over.
void End(ShardState& s, std::uint32_t index, RspCode code) {
  if (s.commands[index].overlapped) {
    command::Fail(s, index, CommandCause::kDone, scsi::kOverlappedCommands);
  } else {
    Answer(s, index, code);
  }
}

std::uint64_t BitOf(const ShardState& s, const Fence& fence) {
  return std::uint64_t{1} << (&fence - s.fences.data());
}

// A response that was posted has no command any more, but it and its RDMA WRITEs may still reach
// the asker after the answer, if they are on another channel. [R-INV-31]
void MarkPosted(ShardState& s, Fence& fence) {
  static_assert(kFencesMax <= 64);
  fence.marked = true;
  if (!fence.asked_by.valid()) return;
  for (std::uint32_t i = 0; i < s.channels.size(); ++i) {
    Channel& channel = s.channels[i];
    if (channel.sends_posted == 0 || channel.nexus != fence.asked_by || i == fence.asker_channel) {
      continue;
    }
    for (SendSlot& send : channel.sends) {
      if (!send.busy || send.lu != fence.lu) continue;
      send.fences |= BitOf(s, fence);
      ++fence.posted;
    }
  }
}

void Close(ShardState& s, Fence& fence) {
  fence = Fence{};
  --s.fences_open;
}

bool Covers(const ShardState& s, const Fence& fence, const Command& c) {
  if (Planted(PlantedBug::kResetMissesChannels) && c.channel != fence.asker_channel) return false;
  if (Planted(PlantedBug::kFenceLeaks)) {
    const Moving* m = std::get_if<Moving>(&c.state);
    if (m != nullptr && m->queued) return false;
  }
  if (Planted(PlantedBug::kResetHitsOtherUnits) && c.lu.v < fence.lu.v) return true;
  return c.lu == fence.lu && c.arrival < fence.before &&
         (!fence.nexus.valid() || s.channels[c.channel].nexus == fence.nexus);
}

}  // namespace

void OnTskMgmt(ShardState& s, Channel& channel, std::uint32_t index, Bytes iu) {
  ++channel.counters.task_management;
  const auto request = wire::ParseTskMgmt(iu);
  SRPT_CHECK(request.ok());  // Its length and opcode were looked at.
  // [R-TSK-09]
  command::Begin(s, channel, index, request->tag);
  s.commands[index].task_management = true;
  s.commands[index].sol_not = request->sol_not;
  s.commands[index].Become(CommandCause::kManagement, Managing{});
  const auto lun = wire::DecodeLun(request->lun);
  const scsi::LuView* lu = lun ? s.LunMapOf(channel).Find(*lun) : nullptr;
  const std::string_view name = wire::to_string(request->function);
  s.Log(LogLevel::kInfo, channel, "%.*s", static_cast<int>(name.size()), name.data());
  const bool abort_task = request->function == F::kAbortTask;
  const bool valid = FieldsAreValid(s, channel, index, *request);
  if (valid) tags::Link(s, channel, index);
  if (!IsKnown(request->function)) {  // [R-TSK-08]
    Answer(s, index, RspCode::kFunctionNotSupported);
  } else if (!valid) {
    Answer(s, index, RspCode::kFieldsInvalid);
  } else if (abort_task) {
    AbortTask(s, channel, index, *request, lu != nullptr);
  } else if (lu == nullptr) {
    Answer(s, index, RspCode::kFunctionFailed);
  } else if (request->function == F::kAbortTaskSet) {
    AskFence(s, channel, index, lu->id, FenceFunction::kAbortTaskSet);
  } else if (request->function == F::kClearTaskSet) {
    AskFence(s, channel, index, lu->id, FenceFunction::kClearTaskSet);
  } else if (request->function == F::kLunReset) {
    AskFence(s, channel, index, lu->id, FenceFunction::kLunReset);
  } else {
    // [R-TSK-07] CLEAR ACA: nothing establishes an ACA condition here (NACA is refused), so none
    // remains.
    Answer(s, index, RspCode::kComplete);
  }
}

void OnFenceAnswer(ShardState& s, const message::TaskFenceAnswer& answer) {
  const std::uint32_t index = answer.command.slot();
  SRPT_CHECK(index < s.commands.size());
  Command& c = s.commands[index];
  const Managing* managing = std::get_if<Managing>(&c.state);
  if (c.generation != answer.command.generation() || managing == nullptr || !managing->fence) {
    return;  // Its channel is gone.
  }
  End(s, index, static_cast<RspCode>(answer.rsp_code));
}

void OnAborted(ShardState& s, std::uint32_t request) {
  Command& c = s.commands[request];
  SRPT_CHECK(c.Is<Managing>());
  End(s, request, RspCode::kComplete);
}

// [R-FAULT-11]
void Overlap(ShardState& s, std::uint32_t request) {
  Command& c = s.commands[request];
  c.overlapped = true;
  if (Responding* r = std::get_if<Responding>(&c.state)) {
    *r = {scsi::Status::kCheckCondition, scsi::kOverlappedCommands, std::nullopt};
  }
}

void OpenFence(ShardState& s, const message::AbortFence& fence) {
  std::uint64_t before = s.arrivals;
  std::uint32_t asker_channel = kNone;
  if (fence.asker.valid()) {
    const Command& asker = s.commands[fence.asker.slot()];
    const bool waits = asker.generation == fence.asker.generation() && asker.Is<Managing>();
    // [R-INV-35]
    if (waits) {
      before = asker.arrival;
      asker_channel = asker.channel;
    }
  }
  for (Fence& f : s.fences) {
    if (f.open) continue;
    f.open = true;
    f.id = fence.fence;
    f.lu = fence.lu;
    f.nexus = fence.nexus;
    f.before = before;
    f.asked_by = fence.asked_by;
    f.asker_channel = asker_channel;
    ++s.fences_open;
    return;
  }
  // All fences in use: this one is not opened, the director's deadline answers "failed".
  s.actions->AddLog(LogLevel::kError, "task management: too many fences at once");
}

void CancelFence(ShardState& s, const message::CancelFence& fence) {
  for (Fence& f : s.fences) {
    if (!f.open || f.id != fence.fence) continue;
    if (f.posted > 0) {
      for (Channel& channel : s.channels) {
        for (SendSlot& send : channel.sends) send.fences &= ~BitOf(s, f);
      }
    }
    return Close(s, f);
  }
}

bool PumpFences(ShardState& s) {
  for (Fence& f : s.fences) {
    if (!f.open) continue;
    for (; f.scan < s.commands.size(); ++f.scan) {
      if (!s.Room(4)) return false;
      const Command& c = s.commands[f.scan];
      if (c.Is<Free>() || !Covers(s, f, c)) continue;
      if (!abort::Abort(s, f.scan, kNone)) ++f.remaining;
    }
    if (!f.marked) MarkPosted(s, f);
    if (f.remaining > 0 || f.posted > 0) continue;
    if (!s.Room(1)) return false;
    s.Do(action::ToDirector{message::FenceDone{f.id}});
    Close(s, f);
  }
  return true;
}

void TellFences(ShardState& s, std::uint32_t command) {
  for (Fence& f : s.fences) {
    if (!f.open || f.scan <= command || !Covers(s, f, s.commands[command])) continue;
    SRPT_CHECK(f.remaining > 0);
    --f.remaining;
  }
}

void TellFencesOfSend(ShardState& s, const SendSlot& send) {
  for (Fence& f : s.fences) {
    if ((send.fences & BitOf(s, f)) == 0) continue;
    SRPT_CHECK(f.open && f.posted > 0);
    --f.posted;
  }
}

}  // namespace srpt::task_management
