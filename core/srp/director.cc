#include "core/srp/director.h"

#include <algorithm>
#include <set>
#include <utility>
#include <variant>

#include "core/fold.h"
#include "core/srp/director_state.h"

namespace srpt {

Director::State::State(const Parameters& p, std::vector<TargetPort> ports)
    : parameters(p), load(p.shards, 0), resets(p.shards), outbox(p.shards) {
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

void Director::State::OnMessage(ShardId shard, const message::AskUnitAttention& ask) {
  UnitAttentions::Answer answer;
  if (Nexus* nexus = nexuses.Find(ask.nexus)) answer = nexus->attentions.Take(ask.lu);
  outbox.ToShard(shard, message::UnitAttentionAnswer{ask.command, ask.nexus, ask.lu, answer.has,
                                                     answer.attention, answer.more});
}

void Director::State::OnMessage(ShardId, const message::ReturnUnitAttention& back) {
  Nexus* nexus = nexuses.Find(back.nexus);
  if (nexus == nullptr) return;  // Nobody is left to be told.
  nexus->attentions.PutBack(back.lu, back.attention);
  outbox.ToAllShards(message::UnitAttentionPending{back.nexus, back.lu});
}

void Director::State::OnMessage(ShardId shard, const message::AskLunReset& ask) {
  LunResets::Effects effects;
  resets.Ask(now, ask.lu, {shard, ask.command}, effects);
  CarryOut(effects);
}

void Director::State::OnMessage(ShardId shard, const message::FenceDone& done) {
  LunResets::Effects effects;
  resets.Done(done.fence, shard, effects);
  CarryOut(effects);
}

void Director::State::CarryOut(const LunResets::Effects& effects) {
  using Kind = LunResets::Effect::Kind;
  for (const LunResets::Effect& effect : effects) {
    switch (effect.kind) {
      case Kind::kStart:
        outbox.ToAllShards(message::AbortFence{effect.fence, effect.lu});
        break;
      case Kind::kCancel:
        outbox.ToShard(effect.shard, message::CancelFence{effect.fence});
        break;
      case Kind::kComplete:
        // All nexuses, the one that asked included: their commands are gone.
        for (auto& [slot, nexus] : nexuses.all()) {
          const auto& entries = snapshot->MapOf(nexus.id).entries();
          const bool sees =
              std::any_of(entries.begin(), entries.end(),
                          [&](const LunMap::Entry& e) { return e.lu.id == effect.lu; });
          if (sees) Establish(nexus, effect.lu, kUaReset);
        }
        outbox.ToShard(effect.asker.shard, message::LunResetAnswer{effect.asker.command, 0});
        break;
      case Kind::kFail: {
        const auto device = devices.find(effect.lu);
        outbox.Log(LogLevel::kWarning,
                   "LUN RESET of device " +
                       (device == devices.end() ? std::to_string(effect.lu.v)
                                                : std::string(device->second.lu.name.view())) +
                       " failed: commands did not end in time (a backend hangs?)");
        outbox.ToShard(effect.asker.shard, message::LunResetAnswer{effect.asker.command, 5});
        break;
      }
    }
  }
}

void Director::State::Establish(Nexus& nexus, LuId lu, UnitAttention attention) {
  if (nexus.attentions.Push(lu, attention)) {
    outbox.ToAllShards(message::UnitAttentionPending{nexus.id, lu});
  }
}

void Director::State::Report(const Nexus& nexus, const MapChange::Event& event) {
  for (const NexusChannel& channel : nexus.channels) {
    if (!channel.live || channel.closing) continue;
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
  LunResets::Effects effects;
  s.resets.Expire(now, effects);
  s.CarryOut(effects);
  std::visit([&s](const auto& e) { s.On(e); }, event);
  s.outbox.Drain(actions);
  if (s.parameters.fingerprint) FoldStep(s.fingerprint, now, event, actions);
}

Time Director::NextDeadline() const {
  return state_->outbox.empty() ? state_->resets.NextDeadline() : state_->now;
}

bool Director::IsDown() const {
  return state_->shutting_down && state_->nexuses.empty() && state_->outbox.empty();
}

std::uint64_t Director::fingerprint() const {
  return state_->parameters.fingerprint ? state_->fingerprint.value() : 0;
}

}  // namespace srpt
