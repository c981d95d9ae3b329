// What an initiator does when no answer comes, and what it sometimes does for no reason.
#include <algorithm>

#include "core/base/check.h"
#include "sim/trace.h"
#include "sim/workload/initiator.h"

namespace srpt::sim {
namespace {

constexpr Duration kManagementTimeout = Seconds(5);
// What was sent before a reset was asked for has arrived by then, on every channel.
constexpr Duration kQuiesce = Seconds(1);
// Tags of task management, apart from those of commands (as ib_srp: bit 31).
constexpr std::uint64_t kAbortTag = 0x80000000u;
constexpr std::uint64_t kResetTag = 0xc0000000u;

using F = wire::TskMgmtFunction;

// Ends all commands at a unit: the peer sends no more there until it is over.
bool IsReset(F function) {
  return function == F::kLunReset || function == F::kAbortTaskSet || function == F::kClearTaskSet;
}

}  // namespace

void Initiator::OnTimer(std::uint64_t cookie) {
  const Timer timer = static_cast<Timer>(cookie >> 56);
  Channel& c = *channels_[(cookie >> 48) & 0xff];
  const std::uint64_t payload = cookie & ((std::uint64_t{1} << 40) - 1);
  switch (timer) {
    case Timer::kTick:
      return Tick();
    case Timer::kThink:
      c.thinking = false;
      return Pump(c);
    case Timer::kAbort:
      if (Task* task = Find(c, payload); task != nullptr && c.link == Link::kLive) Abort(c, *task);
      return;
    case Timer::kRevoke:
      if (Task* task = Find(c, payload); task != nullptr && c.link == Link::kLive) {
        c.revoked = true;
        world_.trace().Add(now(), c.peer.v, "peer: revokes rkey", task->data.rkey.v);
        world_.Deregister(task->data.rkey);
      }
      return;
    case Timer::kStallOver:
      if (!c.stalled || payload != (c.tries & 0xffff)) return;
      c.stalled = false;
      c.stall_ended = now();
      if (c.withheld > 0) world_.PostReceives(c.peer, c.withheld);
      c.withheld = 0;
      return Pump(c);
    case Timer::kLoggedOut:
      if (c.link == Link::kLive && payload == (c.tries & 0xffff)) ChannelLost(c);
      return;
    case Timer::kLogIn:
      if (payload == session_ && channels_[0]->link == Link::kDown) LogIn();
      return;
    case Timer::kLogInChannel:
      if (payload == session_ && c.link == Link::kDown && mode_ != Mode::kLogOut &&
          channels_[0]->link == Link::kLive) {
        Connect(c);
      }
      return;
    case Timer::kReset:
      if (quiesced_[payload & 0xff] && payload >> 8 == (session_ & 0xffffff)) {
        // What held things up is over for long enough.
        if (world_.disturbed_until() + kQuiesce > now()) {
          return SetTimer(kQuiesce, Timer::kReset, 0, payload);
        }
        SendReset(static_cast<std::uint32_t>(payload & 0xff));
      }
      return;
    case Timer::kAgain:
      return SendAgain(c, payload);
    case Timer::kClear:
      scene_.units[payload].clearing = false;
      world_.Submit(admin::ClearFailedLu{scene_.units[payload].disk->name()});
      return;
    case Timer::kResetOver: {
      // The other channels' answers that were on their way have come by now, unless all wait.
      if (world_.disturbed_until() + kQuiesce > now()) {
        if (quiesced_[payload & 0xff]) SetTimer(kQuiesce, Timer::kResetOver, 0, payload);
        return;
      }
      const std::uint32_t unit = static_cast<std::uint32_t>(payload & 0xff);
      if (!quiesced_[unit] || payload >> 8 != (session_ & 0xffffff)) return;
      for (const auto& other : channels_) {
        // (But for a channel that took no answers lately.)
        if (!other->stalled && now() > other->stall_ended + kQuiesce) continue;
        if (other->link == Link::kLive && other->active > 0 && swarm_.stall_per_million > 0) {
          return SetTimer(kQuiesce, Timer::kResetOver, 0, payload);
        }
      }
      for (const auto& other : channels_) {
        for (Task& task : other->tasks) {
          if (!task.busy || task.unit != unit || task.kind == Kind::kAbsent) continue;
          CheckReset(*other, task);
          GiveUp(*other, task);
        }
      }
      quiesced_[unit] = false;
      for (const auto& other : channels_) Pump(*other);
      return;
    }
  }
}

void Initiator::Tick() {
  ticking_ = false;
  bool more = false;
  for (const auto& c : channels_) {
    if (c->link != Link::kLive) continue;
    for (Management& m : c->managements) {
      if (!m.busy) continue;
      more = true;
      if (m.deadline > now()) continue;
      ++scene_.stats.timeouts;
      world_.trace().Add(now(), c->peer.v, "peer: task management times out", m.number);
      CheckManagementTime(*c, m);
      if (IsReset(m.function)) return ReLogIn(false);
      m.deadline = now() + Seconds(20);
      StartReset(m.unit, F::kLunReset);
    }
    for (Task& task : c->tasks) {
      if (!task.busy) continue;
      more = true;
      if (task.deadline > now() || task.aborting) continue;
      ++scene_.stats.timeouts;
      world_.trace().Add(now(), c->peer.v, "peer: command times out", task.number);
      CheckTimeout(*c, task);
      if (!c->srp.CanSendTskMgmt()) return ReLogIn(false);
      Abort(*c, task);
    }
  }
  if (more) StartTicking();
}

void Initiator::StartTicking() {
  if (ticking_) return;
  ticking_ = true;
  SetTimer(std::min(Milliseconds(500), swarm_.command_timeout), Timer::kTick, 0, 0);
}

// Invariants 33 and 35: a command that nothing ended and no fault struck is answered.
void Initiator::CheckTimeout(const Channel& c, const Task& task) {
  if (swarm_.Disturbed() || scene_.units[task.unit].MaySilence(task.sent)) return;
  if (task.ordinal <= world_.EarlyIus(c.peer)) {
    return scene_.Fail(
        c.peer, Invariant::kLiveBeforeIus,
        "tag " + std::to_string(task.number) + " is not answered, which arrived before RTU");
  }
  const bool nobody_ends_any = swarm_.abort_per_million == 0 && swarm_.reset_per_million == 0;
  scene_.Fail(c.peer, nobody_ends_any ? Invariant::kOneResponse : Invariant::kLaterUntouched,
              "tag " + std::to_string(task.number) +
                  " is not answered, although no fault struck and nobody ended it");
}

Initiator::Management& Initiator::Manage(Channel& c, F function, std::uint64_t number,
                                         std::uint32_t unit, std::uint64_t task, LunNumber lun) {
  Management* m = nullptr;
  for (Management& candidate : c.managements) {
    if (!candidate.busy) m = &candidate;
  }
  if (m == nullptr) m = &c.managements.emplace_back();
  *m = Management{true, function, number, task, unit, now() + kManagementTimeout};
  initiator::TaskManagement request;
  request.tag = initiator::MakeTag(number);
  request.lun = initiator::MakeLun(lun);
  request.function = function;
  request.task_tag = initiator::MakeTag(task);
  if (function == F::kLunReset) request.task_tag.bytes = {0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0};
  request.cookie = number;
  StartTicking();
  const std::size_t n = c.srp.BuildTskMgmt(request, iu_);
  world_.trace().Add(now(), c.peer.v, "peer: task management function, tag",
                     static_cast<std::uint64_t>(function), number);
  SendIu(c, n);
  return *m;
}

void Initiator::Abort(Channel& c, Task& task) {
  if (task.aborting || !c.srp.CanSendTskMgmt()) return;
  task.aborting = true;
  // Were it the one that is told, a later one is told instead, some time.
  if (task.unit < fresh_.size()) fresh_[task.unit].expected = false;
  Manage(c, F::kAbortTask, kAbortTag | task.number, task.unit, task.number, LunOf(task));
}

void Initiator::AbortAnswered(Channel& c, const Task& task) {
  if (task.aborting || !c.srp.CanSendTskMgmt()) return;
  if (!Does(Whim::kAbortAnswered, task.lineage,
            Draw(Site::kAbort, task.lineage, 6) % 1000000 < swarm_.abort_per_million)) {
    return;
  }
  Manage(c, F::kAbortTask, kAbortTag | task.number, task.unit, task.number, LunOf(task)).answered =
      true;
}

void Initiator::SendClearAca(Channel& c, std::uint32_t unit) {
  if (c.link != Link::kLive || !c.srp.CanSendTskMgmt()) return;
  ++scene_.stats.clear_acas;
  Manage(c, F::kClearAca, kResetTag | c.next_reset++, unit, 0, LunOf(unit));
}

void Initiator::StartReset(std::uint32_t unit, F function) {
  if (quiesced_[unit] || channels_[0]->link != Link::kLive) return;
  quiesced_[unit] = true;
  reset_with_[unit] = function;
  // Where only this channel has commands, none can come after the reset: it may come at once.
  const bool at_once = !OthersBusyAt(*channels_[0], unit) &&
                       Draw(Site::kAbort, lineage_, channels_[0]->next_reset) % 2 == 0;
  SetTimer(at_once ? Microseconds(1) : kQuiesce, Timer::kReset, 0,
           ((session_ & 0xffffff) << 8) | unit);
}

void Initiator::SendReset(std::uint32_t unit) {
  Channel& c = *channels_[0];
  if (c.link != Link::kLive || !c.srp.CanSendTskMgmt()) return ReLogIn(false);
  const F function = reset_with_[unit];
  ++(function == F::kLunReset ? scene_.stats.resets : scene_.stats.task_sets);
  fresh_.clear();
  if (function != F::kAbortTaskSet) {
    ++scene_.units[unit].silencing;
    scene_.ExpectAttention(unit, function == F::kLunReset ? 0xffffffffu : index_);
  }
  resets_sent_[unit] = now();
  Manage(c, function, kResetTag | c.next_reset++, unit, 0, LunOf(unit));
}

bool Initiator::OthersBusyAt(const Channel& c, std::uint32_t unit) const {
  for (const auto& other : channels_) {
    if (other.get() == &c) continue;
    for (const Task& task : other->tasks) {
      if (task.busy && task.unit == unit) return true;
    }
  }
  return false;
}

// Invariant 34: even if a disk hangs, unless what it has is a write that cannot be recalled.
void Initiator::CheckManagementTime(Channel& c, const Management& m) {
  if (!swarm_.OnlyDisksDisturb()) return;
  const Task* task = m.function == F::kAbortTask ? Find(c, m.task) : nullptr;
  if (task != nullptr && Writes(task->kind)) return;
  scene_.Fail(c.peer, Invariant::kAnsweredInTime,
              "task management with tag " + std::to_string(m.number) + " is not answered");
}

std::uint64_t Initiator::Accesses(const Task& task) const {
  return (task.has_data ? world_.AccessesTo(task.data.rkey) : 0) +
         (task.has_more ? world_.AccessesTo(task.more.rkey) : 0) +
         (task.has_back ? world_.AccessesTo(task.back.rkey) : 0);
}

// A command that is never answered was ended by the reset: before the reset was answered.
void Initiator::CheckReset(Channel& c, const Task& task) {
  if (!task.accesses_at_reset || *task.accesses_at_reset == Accesses(task)) return;
  scene_.Fail(
      c.peer, Invariant::kNothingAfterAnswer,
      "RDMA of tag " + std::to_string(task.number) + " after the reset that ended it was answered");
}

// The target said that this command is over (or that it never knew it).
void Initiator::GiveUp(Channel& c, Task& task) {
  ++scene_.stats.aborted;
  const Tag tag = initiator::MakeTag(task.number);
  if (c.srp.IsOutstanding(tag)) c.srp.Forget(tag);
  if (Writes(task.kind) && task.write != 0) scene_.oracle.EndUnknown(task.write);
  NoteKeys(task, Invariant::kNothingAfterAnswer);
  EndTask(c, task);
}

void Initiator::OnManaged(Channel& c, const initiator::received::Completion& completion) {
  Management* m = nullptr;
  for (Management& candidate : c.managements) {
    if (candidate.busy && candidate.number == completion.cookie) m = &candidate;
  }
  SRPT_CHECK(m != nullptr);
  const Management done = *m;
  m->busy = false;
  const wire::RspCode code = completion.rsp_code.value_or(wire::RspCode::kFunctionFailed);
  if (IsReset(done.function)) return OnReset(c, done, code);
  if (done.function == F::kClearAca && code != wire::RspCode::kComplete) {
    scene_.Fail(c.peer, Invariant::kAnsweredInTime, "CLEAR ACA failed");
  }
  if (done.answered && code != wire::RspCode::kComplete) {
    scene_.Fail(c.peer, Invariant::kAnsweredStays,
                "ABORT TASK of an answered command: response code " +
                    std::to_string(static_cast<unsigned>(code)));
  }
  // As ib_srp: whatever the answer says, the command is over.
  if (Task* task = Find(c, done.task)) GiveUp(c, *task);
  Pump(c);
}

void Initiator::OnReset(Channel& c, const Management& done, wire::RspCode code) {
  if (done.function != F::kAbortTaskSet) {
    Unit& unit = scene_.units[done.unit];
    --unit.silencing;
    unit.silenced = now();
  }
  if (!quiesced_[done.unit]) return;
  if (code != wire::RspCode::kComplete) {
    world_.trace().Add(now(), c.peer.v, "peer: reset failed", static_cast<std::uint64_t>(code));
    if (done.function == F::kLunReset) return ReLogIn(false);
    quiesced_[done.unit] = false;
    return StartReset(done.unit, F::kLunReset);
  }
  Scene::Reset& reset = scene_.resets[done.unit];
  if (done.function != F::kAbortTaskSet) {
    reset = {resets_sent_[done.unit], now(), done.function == F::kLunReset ? 0xffffffffu : index_};
  }
  for (const auto& other : channels_) {
    for (Task& task : other->tasks) {
      if (!task.busy || task.unit != done.unit || task.kind == Kind::kAbsent) continue;
      if (other.get() == &c) {
        GiveUp(c, task);
      } else if (task.has_data || task.has_back) {
        task.accesses_at_reset = Accesses(task);
      }
    }
  }
  SetTimer(kQuiesce, Timer::kResetOver, 0, ((session_ & 0xffffff) << 8) | done.unit);
}

}  // namespace srpt::sim
