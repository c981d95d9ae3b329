// The driver's loop: what the queue holds becomes events, and core's actions are carried out in
// order. The same as in production, but for where the events come from.
#include <algorithm>
#include <utility>

#include "core/base/check.h"
#include "core/srp/director_invariants.h"
#include "sim/world_impl.h"

namespace srpt::sim {
namespace {

// A machine that asks to be called again at once for longer than this will do so for ever.
constexpr int kDeadlinesAtOnceMax = 100000;

WorldOptions Completed(WorldOptions options) {
  options.parameters.fingerprint = true;
  if (options.ports.empty()) {
    options.ports.push_back(
        TargetPort{TargetPortId(0), "fe80:0000:0000:0000:0000:0000:0000:0001", 1, true});
  }
  if (options.luns.empty()) {
    for (std::uint32_t target = 0; target < options.ports.size(); ++target) {
      for (std::size_t i = 0; i < options.disks.size(); ++i) {
        options.luns.push_back(LunOptions{target, LunNumber(static_cast<std::uint16_t>(i)),
                                          options.disks[i].name, false});
      }
    }
  }
  return options;
}

}  // namespace

World::Impl::Impl(const WorldOptions& given)
    : options(Completed(given)),
      decisions(options.seed),
      script(&clock, options.script, options.occurrences),
      faults(&decisions, options.faults, &script),
      story(options.story ? std::make_shared<Story>() : nullptr),
      fabric(Fabric::Environment{&clock, &queue, &decisions, &faults, &trace, story.get(), this,
                                 options.latencies, options.rnr_retries, options.parameters.shards,
                                 options.parameters.use_srq ? options.parameters.srq_count : 0,
                                 options.parameters.srpt_srq_size}),
      director_actions(std::make_unique<Actions>()) {
  faults.SetStory(story.get(), &clock);
  if (story != nullptr) story->shards = options.parameters.shards;
  Boot();
}

// A new process of the target, that knows nothing yet.
void World::Impl::Boot() {
  const Parameters& p = options.parameters;
  director = std::make_unique<Director>(p, options.ports);
  director_wake = kNever;
  shards.resize(p.shards);
  for (std::uint32_t i = 0; i < p.shards; ++i) {
    ShardSide& side = shards[i];
    side.shard.reset();
    side = ShardSide{};
    side.memory =
        std::make_unique<ShardMemory>(p.data_buffers_per_shard, options.form, options.stale);
    if (p.use_srq) side.memory->AddShared(p.srq_count * p.srpt_srq_size, p.srp_max_req_size);
    side.shard = std::make_unique<Shard>(p, ShardId(i), side.memory.get());
    side.actions = std::make_unique<Actions>();
  }
  WakeDirector();
  for (std::uint32_t i = 0; i < p.shards; ++i) WakeShard(i);
}

void World::Impl::Broke(Breach found) {
  if (!breach.empty() || !fabric.breach().empty() || found.empty()) return;
  breach = std::move(found);
  TellText(StoryEvent::Kind::kBroke, breach.what,
           static_cast<std::uint64_t>(Number(breach.invariant)));
}

// --- Steps --------------------------------------------------------------------------------------

void World::Impl::OnDirectorEvent(const DirectorEvent& event) {
  SRPT_CHECK(!stepping);
  stepping = true;
  director_actions->Clear();
  director->Step(clock.now(), event, *director_actions);
  PerformDirector();
  for (int i = 0; director->NextDeadline() <= clock.now(); ++i) {
    if (i == kDeadlinesAtOnceMax) {
      Broke(Invariant::kNoQuietWork, "the director asks to be called again at once, for ever");
      break;
    }
    director_actions->Clear();
    director->Step(clock.now(), event::DeadlineReached{}, *director_actions);
    PerformDirector();
  }
  stepping = false;
  Broke(BreachOf(DirectorInvariants::Broken(*director)));
  WakeDirector();
}

void World::Impl::OnShardEvent(std::uint32_t shard, const ShardEvent& event) {
  SRPT_CHECK(!stepping);
  stepping = true;
  ShardSide& side = shards[shard];
  side.actions->Clear();
  side.shard->Step(clock.now(), event, *side.actions);
  PerformShard(shard);
  for (int i = 0; side.shard->NextDeadline() <= clock.now(); ++i) {
    if (i == kDeadlinesAtOnceMax) {
      Broke(Invariant::kNoQuietWork,
            "shard " + std::to_string(shard) + " asks to be called again at once, for ever");
      break;
    }
    side.actions->Clear();
    side.shard->Step(clock.now(), event::DeadlineReached{}, *side.actions);
    PerformShard(shard);
  }
  stepping = false;
  ++steps;
  if (options.sweep_every != 0 && steps % options.sweep_every == 0) Sweep();
  WakeShard(shard);
}

void World::Impl::Sweep() {
  for (std::size_t i = 0; i < shards.size(); ++i) {
    const std::string what = shards[i].shard->BrokenInvariant();
    if (!what.empty()) Broke(BreachOf(what));
  }
}

void World::Impl::WakeDirector() {
  const Time at = director->NextDeadline();
  if (at >= director_wake) return;
  director_wake = at;
  queue.Push(std::max(at, clock.now()), Happening::kDirectorWake);
}

void World::Impl::WakeShard(std::uint32_t shard) {
  ShardSide& side = shards[shard];
  const Time at = side.shard->NextDeadline();
  if (at >= side.wake) return;
  side.wake = at;
  queue.Push(std::max(at, clock.now()), Happening::kShardWake, shard);
}

// --- Actions
// --------------------------------------------------------------------------------------

void World::Impl::Log(const action::Log& log, const char* who) {
  if (log.level == LogLevel::kDebug) return;
  trace.AddText(clock.now(), std::string(who) + ": " + std::string(log.text));
  TellText(StoryEvent::Kind::kLog, std::string(who) + ": " + std::string(log.text));
}

template <class Message>
void World::Impl::Carry(MessagePipe<Message>& pipe, Lineage entity, Happening what,
                        std::uint32_t shard, Message message) {
  const std::uint64_t ordinal = pipe.count++;
  Time at = clock.now() +
            options.latencies.message.Draw(decisions, Site::kMessageLatency, entity, ordinal);
  if (faults.Strikes(FaultKind::kMessageSlow, entity, ordinal)) {
    at = at + faults.Length(FaultKind::kMessageSlow, entity, ordinal, Milliseconds(1),
                            Milliseconds(500));
  }
  at = std::max(at, pipe.last);
  pipe.last = at;
  pipe.entries.push_back({at, clock.now(), std::move(message)});
  ++messages_in_flight;
  queue.Push(at, what, shard, incarnation);
}

void World::Impl::PerformDirector() {
  for (const Action& action : *director_actions) {
    if (const auto* reject = std::get_if<action::Reject>(&action)) {
      fabric.Do(*reject);
    } else if (const auto* to = std::get_if<action::ToShard>(&action)) {
      SRPT_CHECK(to->shard.v < shards.size());
      Carry(shards[to->shard.v].to_shard, Lineage{0x746f73}.Child(to->shard.v), Happening::kToShard,
            to->shard.v, to->message);
    } else if (const auto* done = std::get_if<action::AdminDone>(&action)) {
      if (answers.count(done->id.v) != 0)
        Broke(Invariant::kOneResponse, "AdminDone twice for one request");
      answers[done->id.v] = AdminResult{done->status, std::string(done->text)};
    } else if (const auto* release = std::get_if<action::ReleaseLu>(&action)) {
      SRPT_CHECK(release->lu.v < disks.size());
      disks[release->lu.v].released = true;
    } else if (const auto* log = std::get_if<action::Log>(&action)) {
      Log(*log, "director");
    } else {
      Broke(Invariant::kNoIllegalMove, "the director asked for what only a shard may");
    }
  }
}

void World::Impl::PerformShard(std::uint32_t shard) {
  struct Visitor {
    Impl* self;
    std::uint32_t shard;
    void operator()(const action::Accept& a) { self->fabric.Do(shard, a); }
    void operator()(const action::Reject& a) { self->fabric.Do(a); }
    void operator()(const action::NotifyEstablished& a) { self->fabric.Do(shard, a); }
    void operator()(const action::Disconnect& a) { self->fabric.Do(shard, a); }
    void operator()(const action::DestroyQp& a) { self->fabric.Do(shard, a); }
    void operator()(const action::PostRecv& a) { self->fabric.Do(shard, a); }
    void operator()(const action::SendIu& a) { self->fabric.Do(shard, a); }
    void operator()(const action::RdmaWrite& a) { self->fabric.Do(shard, a); }
    void operator()(const action::RdmaRead& a) { self->fabric.Do(shard, a); }
    void operator()(const action::Probe& a) { self->fabric.Do(shard, a); }
    void operator()(const action::BlockRead& a) { self->Do(shard, a); }
    void operator()(const action::BlockWrite& a) { self->Do(shard, a); }
    void operator()(const action::BlockFlush& a) { self->Do(shard, a); }
    void operator()(const action::ToDirector& a) {
      self->Carry(self->shards[shard].to_director, Lineage{0x746f64}.Child(shard),
                  Happening::kToDirector, shard, a.message);
    }
    void operator()(const action::Log& a) { self->Log(a, "shard"); }
    void operator()(const action::ToShard&) {
      self->Broke(Invariant::kNoIllegalMove, "a shard sent ToShard");
    }
    void operator()(const action::AdminDone&) {
      self->Broke(Invariant::kNoIllegalMove, "a shard sent AdminDone");
    }
    void operator()(const action::ReleaseLu&) {
      self->Broke(Invariant::kNoIllegalMove, "a shard sent ReleaseLu");
    }
  };
  for (const Action& action : *shards[shard].actions) std::visit(Visitor{this, shard}, action);
}

// --- The queue
// ------------------------------------------------------------------------------------

AdminId World::Impl::Submit(admin::Request request) {
  const AdminId id(next_admin++);
  OnDirectorEvent(event::AdminRequested{id, std::move(request)});
  return id;
}

void World::Impl::SetTimer(Time at, PeerSink* sink, std::uint64_t cookie) {
  if (free_timers.empty()) {
    free_timers.push_back(static_cast<std::uint32_t>(timers.size()));
    timers.emplace_back();
  }
  const std::uint32_t slot = free_timers.back();
  free_timers.pop_back();
  timers[slot] = Timer{sink, cookie};
  queue.Push(std::max(at, clock.now()), Happening::kTimer, slot);
}

bool World::Impl::RunOne() {
  if (queue.empty()) return false;
  const EventQueue::Item item = queue.Pop();
  clock.AdvanceTo(item.at);
  ++events;
  if (disturbed_until > item.at) {
    if (const std::optional<Time> later = PausedUntil(item)) {
      queue.Push(*later, item.what, item.a, item.b);
      return true;
    }
  }
  switch (item.what) {
    case Happening::kToTarget:
    case Happening::kToPeer:
    case Happening::kCompletion:
    case Happening::kCm:
      fabric.On(item);
      break;
    case Happening::kBlockDone:
      OnBlockDone(item.a, item.b);
      break;
    case Happening::kDirectorWake:
      if (item.at < director_wake) break;  // An earlier one was set after it, and has come.
      director_wake = kNever;
      if (director->NextDeadline() <= clock.now()) {
        OnDirectorEvent(event::DeadlineReached{});
      } else {
        WakeDirector();
      }
      break;
    case Happening::kShardWake: {
      ShardSide& side = shards[item.a];
      if (item.at < side.wake) break;
      side.wake = kNever;
      if (side.shard->NextDeadline() <= clock.now()) {
        OnShardEvent(item.a, event::DeadlineReached{});
      } else {
        WakeShard(item.a);
      }
      break;
    }
    case Happening::kToDirector: {
      if (item.b != incarnation) break;
      auto& pipe = shards[item.a].to_director;
      const message::ToDirector message = pipe.entries.front().message;
      TellMessage(message, item.a, pipe.entries.front().sent);
      pipe.entries.pop_front();
      --messages_in_flight;
      OnDirectorEvent(event::FromShard{ShardId(item.a), message});
      break;
    }
    case Happening::kToShard: {
      if (item.b != incarnation) break;
      auto& pipe = shards[item.a].to_shard;
      const message::ToShard message = std::move(pipe.entries.front().message);
      TellMessage(message, item.a, pipe.entries.front().sent);
      pipe.entries.pop_front();
      --messages_in_flight;
      OnShardEvent(item.a, event::FromDirector{message});
      break;
    }
    case Happening::kWeather:
      OnWeather();
      break;
    case Happening::kTimer: {
      const Timer timer = timers[item.a];
      free_timers.push_back(item.a);
      timer.sink->OnTimer(timer.cookie);
      break;
    }
  }
  return true;
}

std::vector<std::string> World::Impl::Pending() const {
  std::vector<std::string> lines = fabric.Pending();
  for (std::size_t i = 0; i < shards.size(); ++i) {
    for (const std::string& line : shards[i].shard->Pending()) {
      lines.push_back("shard " + std::to_string(i) + ": " + line);
    }
  }
  for (const BlockOp& op : ops) {
    if (!op.busy) continue;
    lines.push_back("disk " + disks[op.lu.v].disk->name() + ": operation " +
                    std::to_string(op.op.v) + (op.hanging ? " hangs" : " in flight"));
  }
  return lines;
}

}  // namespace srpt::sim
