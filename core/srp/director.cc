#include "core/srp/director.h"

#include <algorithm>
#include <set>
#include <utility>
#include <variant>

#include "core/base/planted.h"
#include "core/fold.h"
#include "core/srp/director_state.h"

namespace srpt {
namespace {

const char* NameOf(FenceFunction function) {
  switch (function) {
    case FenceFunction::kAbortTaskSet:
      return "ABORT TASK SET";
    case FenceFunction::kClearTaskSet:
      return "CLEAR TASK SET";
    case FenceFunction::kLunReset:
      return "LUN RESET";
  }
  return "task management";
}

}  // namespace

Director::State::State(const Parameters& p, std::vector<TargetPort> ports)
    : parameters(p), nexuses(p.sessions_max), room(p), fences(p.shards), outbox(p.shards) {
  SRPT_CHECK(p.shards > 0);
  SRPT_CHECK(ports.size() <= limits::kTargetPortsMax);
  std::set<std::uint16_t> taken;
  for (const TargetPort& port : ports) taken.insert(port.rel_tgt_id);
  std::uint16_t next = 1;
  for (TargetPort& port : ports) {
    if (port.rel_tgt_id == 0) {  // Nobody chose one: the lowest that is free.
      while (taken.count(next) != 0) ++next;
      port.rel_tgt_id = next;
      taken.insert(next);
    }
    const TargetPortId id = port.id;
    SRPT_CHECK(FindTarget(id) == nullptr && FindTarget(port.name) == nullptr);
    targets.emplace(id, SnapshotTarget{std::move(port), {}});
  }
}

void Director::State::On(const event::AdminRequested& asked) {
  const Outcome outcome =
      std::visit([&](const auto& request) { return Do(asked.id, request); }, asked.request);
  if (outcome) outbox.Done(asked.id, outcome->status, outcome->text);
}

void Director::State::On(const event::FromShard& from) {
  SRPT_CHECK(from.shard.v < parameters.shards);
  std::visit([&](const auto& message) { OnMessage(from.shard, message); }, from.message);
}

// [R-INV-07, R-NEXUS-07]
void Director::State::OnMessage(ShardId shard, const message::AskUnitAttention& ask) {
  UnitAttentions::Answer answer;
  if (Nexus* nexus = nexuses.Find(ask.nexus)) {
    // What the new session is to be told must not be out with a command of the old one, which will
    // not tell it, while others of the new one ask.
    if (ask.session == nexus->session) {
      answer = nexus->attentions.Take(ask.lu);
    } else {
      answer.more = true;
    }
  }
  outbox.ToShard(shard, message::UnitAttentionAnswer{ask.command, ask.nexus, ask.lu, answer.has,
                                                     answer.attention, answer.more});
}

void Director::State::OnMessage(ShardId, const message::ReturnUnitAttention& back) {
  Nexus* nexus = nexuses.Find(back.nexus);
  // Nobody is left to be told, or the unit went while the attention was under way.
  if (nexus == nullptr || !Sees(*nexus, back.lu)) return;
  nexus->attentions.PutBack(back.lu, back.attention);
  outbox.ToAllShards(message::UnitAttentionPending{back.nexus, back.lu});
}

void Director::State::OnMessage(ShardId shard, const message::AskTaskFence& ask) {
  LuFences::Effects effects;
  fences.Ask(now, ask.lu, {shard, ask.command, ask.nexus, ask.function}, effects);
  CarryOut(effects);
}

void Director::State::OnMessage(ShardId shard, const message::FenceDone& done) {
  LuFences::Effects effects;
  fences.Done(done.fence, shard, effects);
  CarryOut(effects);
}

void Director::State::CarryOut(const LuFences::Effects& effects) {
  using Kind = LuFences::Effect::Kind;
  for (const LuFences::Effect& effect : effects) {
    switch (effect.kind) {
      case Kind::kStart:
        StartFence(effect);
        break;
      case Kind::kCancel:
        outbox.ToShard(effect.shard, message::CancelFence{effect.fence});
        break;
      case Kind::kComplete:
        TellOfFence(effect.lu, effect.asker);
        outbox.ToShard(effect.asker.shard, message::TaskFenceAnswer{effect.asker.command, 0});
        break;
      case Kind::kFail: {
        const auto device = devices.find(effect.lu);
        outbox.Log(LogLevel::kWarning,
                   std::string(NameOf(effect.asker.function)) + " of device " +
                       (device == devices.end() ? std::to_string(effect.lu.v)
                                                : std::string(device->second.lu.name.view())) +
                       " failed: commands did not end in time (a backend hangs?)");
        outbox.ToShard(effect.asker.shard, message::TaskFenceAnswer{effect.asker.command, 5});
        break;
      }
    }
  }
}

void Director::State::StartFence(const LuFences::Effect& effect) {
  const LuFences::Asker& asker = effect.asker;
  message::AbortFence fence;
  fence.fence = effect.fence;
  fence.lu = effect.lu;
  if (asker.function == FenceFunction::kAbortTaskSet) fence.nexus = asker.nexus;  // [R-TSK-04]
  fence.asked_by = asker.nexus;
  for (std::uint32_t i = 0; i < parameters.shards; ++i) {
    fence.asker = ShardId(i) == asker.shard ? asker.command : CommandId();
    outbox.ToShard(ShardId(i), fence);
  }
}

// LUN RESET: all nexuses, the one that asked included. CLEAR TASK SET: the others.
void Director::State::TellOfFence(LuId lu, const LuFences::Asker& asker) {
  if (asker.function == FenceFunction::kAbortTaskSet) return;
  const bool reset = asker.function == FenceFunction::kLunReset;
  for (auto& [slot, nexus] : nexuses.all()) {
    if (!reset && nexus.id == asker.nexus) continue;
    // [R-FAULT-33, R-TSK-06, R-INV-33]
    if (Planted(PlantedBug::kResetTellsNobody)) continue;
    if (Sees(nexus, lu)) Establish(nexus, lu, reset ? kUaReset : kUaCleared);  // [R-TSK-05]
  }
}

bool Director::State::Sees(const Nexus& nexus, LuId lu) const {
  const auto& entries = snapshot->MapOf(nexus.id).entries();
  return std::any_of(entries.begin(), entries.end(),
                     [lu](const LunMap::Entry& e) { return e.lu.id == lu; });
}

void Director::State::Establish(Nexus& nexus, LuId lu, UnitAttention attention) {
  if (nexus.attentions.Push(lu, attention)) {
    outbox.ToAllShards(message::UnitAttentionPending{nexus.id, lu});
  }
}

void Director::State::Report(const Nexus& nexus, const MapChange::Event& event) {
  for (const NexusChannel& channel : nexus.channels) {
    if (channel.state.phase() != LoginPhase::kLive) continue;
    outbox.ToShard(channel.shard,
                   message::ReportEvent{channel.channel, event.lun, event.attention});
    return;
  }
}

void Director::State::Refresh(const Nexus* fresh) {
  const std::shared_ptr<const Snapshot> before = std::move(snapshot);
  const std::uint64_t version = before == nullptr ? 1 : before->version + 1;
  snapshot = BuildSnapshot(version, targets, devices, alua, nexuses, fresh, before.get());
  outbox.ToAllShards(message::Publish{snapshot});

  if (fresh != nullptr) {  // The others see what they saw.
    Nexus& nexus = *nexuses.Find(fresh->id);
    for (const LunMap::Entry& entry : snapshot->MapOf(nexus.id).entries()) {
      Establish(nexus, entry.lu.id, kUaReset);
    }
    return;
  }
  if (before == nullptr) return;
  // Many nexuses change from one map to the same other one.
  std::map<std::pair<std::uint32_t, std::uint32_t>, MapChange> changes;
  for (auto& [slot, nexus] : nexuses.all()) {
    const std::uint32_t was = before->map_of_nexus[slot];
    const auto [at, added] = changes.try_emplace({was, snapshot->map_of_nexus[slot]});
    if (added) at->second = Compare(before->maps[was], snapshot->MapOf(nexus.id));
    for (const auto& [lu, attention] : at->second.establish) Establish(nexus, lu, attention);
    for (const LuId lu : at->second.gone) nexus.attentions.Drop(lu);
    for (const MapChange::Event& event : at->second.report) Report(nexus, event);
  }
}

// [R-INV-44]
void Director::State::TellIfDown() {
  if (!shutting_down || !nexuses.empty()) return;
  for (const AdminId id : shutdowns) outbox.Done(id, admin::Status::kOk, "");
  shutdowns.clear();
}

Director::Director(const Parameters& parameters, std::vector<TargetPort> ports)
    : state_(std::make_unique<State>(parameters, std::move(ports))) {}

Director::~Director() = default;

void Director::Step(Time now, const DirectorEvent& event, Actions& actions) {
  State& s = *state_;
  s.now = now;
  LuFences::Effects effects;
  s.fences.Expire(now, effects);
  s.CarryOut(effects);
  s.ExpireHeld();
  std::visit([&s](const auto& e) { s.On(e); }, event);
  s.outbox.Drain(actions);
  if (s.parameters.fingerprint) FoldStep(s.fingerprint, now, event, actions);
}

void Director::Become(const Director& other) { *state_ = *other.state_; }

Time Director::NextDeadline() const {
  if (!state_->outbox.empty()) return state_->now;
  Time next = state_->fences.NextDeadline();
  for (const HeldLogin& login : state_->held) next = std::min(next, login.until);
  return next;
}

bool Director::IsDown() const {
  return state_->shutting_down && state_->nexuses.empty() && state_->outbox.empty();
}

std::uint64_t Director::fingerprint() const {
  return state_->parameters.fingerprint ? state_->fingerprint.value() : 0;
}

}  // namespace srpt
