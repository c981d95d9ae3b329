#include "core/srp/task_management.h"

#include "core/srp/abort.h"
#include "core/srp/command.h"
#include "core/srp/wire_queue.h"
#include "core/wire/lun.h"
#include "core/wire/tsk_mgmt.h"

namespace srpt::task_management {
namespace {

using namespace command_state;  // NOLINT: the states are this file's vocabulary.
using wire::RspCode;

void Answer(ShardState& s, std::uint32_t index, RspCode code) {
  s.commands[index].state = Responding{scsi::Status::kGood, scsi::kNoSense, code};
  wire_queue::QueueResponse(s, index);
}

// Fault 32: an unknown tag was answered already, or never came: complete.
void AbortTask(ShardState& s, Channel& channel, std::uint32_t index, const wire::TskMgmt& request) {
  const std::uint32_t task = command::FindTag(s, channel, request.task_tag, kNone);
  if (task == kNone) {
    Answer(s, index, RspCode::kComplete);
  } else if (s.commands[task].overlapped) {
    Answer(s, index, RspCode::kFunctionFailed);  // It ends by itself, with 0B/4E/00.
  } else if (abort::Abort(s, task, index, kNone)) {
    Answer(s, index, RspCode::kComplete);
  }
}

}  // namespace

void OnTskMgmt(ShardState& s, Channel& channel, std::uint32_t index, Bytes iu) {
  ++channel.counters.task_management;
  const auto request = wire::ParseTskMgmt(iu);
  SRPT_CHECK(request.ok());  // Its length and opcode were looked at.
  command::Begin(s, channel, index, request->tag);
  s.commands[index].sol_not = request->sol_not;
  s.commands[index].state = Managing{};
  const auto lun = wire::DecodeLun(request->lun);
  const scsi::LuView* lu = lun ? s.LunMapOf(channel).Find(*lun) : nullptr;
  switch (request->function) {
    case wire::TskMgmtFunction::kAbortTask:
      s.Log(LogLevel::kInfo, channel, "ABORT TASK");
      AbortTask(s, channel, index, *request);
      return;
    case wire::TskMgmtFunction::kLunReset:
      s.Log(LogLevel::kInfo, channel, "LUN RESET");
      if (lu == nullptr) {
        Answer(s, index, RspCode::kFunctionFailed);
        return;
      }
      s.commands[index].state = Managing{true};
      s.Do(action::ToDirector{message::AskLunReset{s.IdOfCommand(index), channel.nexus, lu->id}});
      return;
    default:
      Answer(s, index, RspCode::kFunctionNotSupported);
      return;
  }
}

void OnLunResetAnswer(ShardState& s, const message::LunResetAnswer& answer) {
  const std::uint32_t index = answer.command.slot();
  SRPT_CHECK(index < s.commands.size());
  Command& c = s.commands[index];
  const Managing* managing = std::get_if<Managing>(&c.state);
  if (c.generation != answer.command.generation() || managing == nullptr || !managing->lun_reset) {
    return;  // Its channel is gone.
  }
  Answer(s, index, static_cast<RspCode>(answer.rsp_code));
}

void OnAborted(ShardState& s, std::uint32_t request) {
  Command& c = s.commands[request];
  SRPT_CHECK(c.Is<Managing>());
  if (c.overlapped) {
    command::Fail(s, request, scsi::kOverlappedCommands);
  } else {
    Answer(s, request, RspCode::kComplete);
  }
}

void OpenFence(ShardState& s, const message::AbortFence& fence) {
  for (Fence& f : s.fences) {
    if (f.open) continue;
    f = Fence{true, fence.fence, fence.lu, s.arrivals, 0, 0};
    ++s.fences_scanning;
    return;
  }
  // All fences in use: this one is not opened, the director's deadline answers "failed".
  s.actions->AddLog(LogLevel::kError, "LUN RESET: too many resets at once");
}

void CancelFence(ShardState& s, const message::CancelFence& fence) {
  for (Fence& f : s.fences) {
    if (!f.open || f.id != fence.fence) continue;
    const std::uint32_t index = static_cast<std::uint32_t>(&f - s.fences.data());
    if (f.scan < s.commands.size()) --s.fences_scanning;
    for (Command& c : s.commands) {
      if (c.fence == index) c.fence = kNone;
    }
    f = Fence{};
    return;
  }
}

bool ScanFences(ShardState& s) {
  for (std::uint32_t index = 0; index < s.fences.size(); ++index) {
    Fence& f = s.fences[index];
    if (!f.open || f.scan >= s.commands.size()) continue;
    for (; f.scan < s.commands.size(); ++f.scan) {
      if (!s.Room(4)) return false;
      Command& c = s.commands[f.scan];
      if (c.Is<Free>() || c.lu != f.lu || c.arrival >= f.before) continue;
      if (!abort::Abort(s, f.scan, kNone, index)) ++f.remaining;
    }
    --s.fences_scanning;
    FenceProgress(s, index);
  }
  return true;
}

void FenceProgress(ShardState& s, std::uint32_t fence) {
  Fence& f = s.fences[fence];
  if (!f.open || f.scan < s.commands.size() || f.remaining > 0) return;
  const FenceId id = f.id;
  f = Fence{};
  s.Do(action::ToDirector{message::FenceDone{id}});
}

}  // namespace srpt::task_management
