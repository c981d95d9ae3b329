#include "core/srp/shard.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>

#include "core/base/planted.h"
#include "core/fold.h"
#include "core/srp/channel.h"
#include "core/srp/command.h"
#include "core/srp/credits.h"
#include "core/srp/invariants.h"
#include "core/srp/keepalive.h"
#include "core/srp/receives.h"
#include "core/srp/requests.h"
#include "core/srp/shard_state.h"
#include "core/srp/takeover.h"
#include "core/srp/task_management.h"
#include "core/srp/trace.h"
#include "core/srp/transfer.h"
#include "core/srp/wire_queue.h"
#include "core/wire/cmd.h"
#include "core/wire/cred.h"
#include "core/wire/opcode.h"
#include "core/wire/tsk_mgmt.h"

namespace srpt {

// --- State --------------------------------------------------------------------------------------

Shard::State::State(const Parameters& parameters, ShardId shard_id, MemoryPort* memory_port)
    : params(parameters),
      id(shard_id),
      memory(memory_port),
      snapshot(std::make_shared<Snapshot>()),
      // [R-INV-47]
      channels(parameters.channels_per_shard),
      commands(parameters.use_srq ? std::size_t{parameters.srq_count} * parameters.srpt_srq_size
                                  : std::size_t{parameters.channels_per_shard} *
                                        parameters.commands_per_channel()),
      receives(commands.size(), parameters.use_srq ? RecvStage::kPosted : RecvStage::kUnposted),
      shared(parameters.use_srq ? parameters.srq_count : 0, {parameters.srpt_srq_size, 0}),
      to_post(parameters.use_srq ? commands.size() : 0),
      pieces(parameters.data_buffers_per_shard),
      pool(parameters.data_buffers_per_shard),
      resume_queue(commands.size()),
      nexuses_due(parameters.sessions_max),
      dirty(parameters.channels_per_shard),
      nexuses(parameters.sessions_max) {
  SRPT_CHECK(memory != nullptr);
  SRPT_CHECK(commands.size() <= CommandId::kSlotMask && !pieces.empty());
  SRPT_CHECK(params.credits >= limits::kCreditsMin && params.credits <= limits::kCreditsMax);
  SRPT_CHECK(params.buffer_waits_max > 0);
  pool.units.resize(std::size_t{parameters.devices_max} + 1);
  pool.turns = Ring<std::uint32_t>(pool.units.size());
  pool.free.reserve(pieces.size());
  for (std::uint32_t i = params.data_buffers_per_shard; i-- > 0;) pool.free.push_back(i);
  for (std::uint32_t i = 0; i < channels.size(); ++i) {
    Channel& c = channels[i];
    c.id = ChannelId::Make(i, 0);
    c.wire = Ring<WireItem>(pieces.size() + params.commands_per_channel() + 4);
  }
}

void Shard::State::Log(LogLevel level, const Channel& channel, const char* format, ...) {
  char text[320];
  const int prefix = std::snprintf(text, sizeof text, "shard %u channel %u (nexus %u): ", id.v,
                                   IndexOf(channel), channel.nexus.slot());
  va_list args;
  va_start(args, format);
  std::vsnprintf(text + prefix, sizeof text - static_cast<std::size_t>(prefix), format, args);
  va_end(args);
  actions->AddLog(level, text);
}

namespace {

// --- Information units --------------------------------------------------------------------------

// CRED_RSP and AER_RSP: no credit was taken, and none is owed.
void OnTargetRequestAnswer(ShardState& s, Channel& channel, std::uint32_t recv, Bytes iu,
                           RequestKind kind) {
  const auto tag = wire::PeekTag(iu);
  SRPT_CHECK(tag.has_value());  // Its length was looked at.
  // [R-CRED-09, R-AER-02]
  if (!requests::OnAnswer(channel, kind, *tag)) {
    channel::Violate(s, channel, wire::TLogoutReason::kSpuriousInitiatorResponse,
                     kind == RequestKind::kCredReq ? "CRED_RSP without a CRED_REQ"
                                                   : "AER_RSP without an AER_REQ");
    return;
  }
  ++channel.counters.answers;
  receives::Post(s, channel, recv);
  if (Planted(PlantedBug::kAnswerTakesCredit) && channel.remaining > 0) --channel.remaining;
  requests::Look(s, channel);
}

// Anything but a CMD that has its credit.
[[gnu::noinline]] void ServeOther(ShardState& s, Channel& channel, std::uint32_t recv, Bytes iu) {
  const auto opcode = wire::PeekOpcode(iu);
  // [R-CRED-01]
  const bool request =
      opcode && (*opcode == wire::Opcode::kCmd || *opcode == wire::Opcode::kTskMgmt ||
                 *opcode == wire::Opcode::kILogout);
  std::size_t fixed = 16;
  if (opcode && *opcode == wire::Opcode::kCmd) fixed = wire::kCmdBytes;
  if (opcode && *opcode == wire::Opcode::kTskMgmt) fixed = wire::kTskMgmtBytes;
  // [R-CMD-08, R-FAULT-13]
  if (iu.empty() || (opcode && iu.size() < fixed)) {
    channel::Violate(s, channel, wire::TLogoutReason::kInvalidIuLength,
                     "an IU shorter than its fixed part");
    return;
  }
  // [R-FAULT-12, R-CRED-08, R-INV-14]
  if (request && !credits::Consume(channel)) {
    channel::Violate(s, channel, wire::TLogoutReason::kNone, "the request limit was overrun");
    return;
  }
  // [R-CMD-09]
  if (!opcode) {
    channel::Violate(s, channel, wire::TLogoutReason::kInvalidIuType, "an unknown IU type");
    return;
  }
  switch (*opcode) {
    case wire::Opcode::kCmd:
      command::OnCmd(s, channel, recv, iu);
      return;
    case wire::Opcode::kTskMgmt:
      task_management::OnTskMgmt(s, channel, recv, iu);
      return;
    case wire::Opcode::kILogout:
      // [R-FAULT-25, R-LOGOUT-01]
      channel::Lose(s, channel, ChannelCause::kLost, "the initiator logged out");
      return;
    case wire::Opcode::kCredRsp:
      OnTargetRequestAnswer(s, channel, recv, iu, RequestKind::kCredReq);
      return;
    case wire::Opcode::kAerRsp:
      OnTargetRequestAnswer(s, channel, recv, iu, RequestKind::kAerReq);
      return;
    default:
      channel::Violate(s, channel, wire::TLogoutReason::kInvalidIuType,
                       "an IU type that only targets send");
      return;
  }
}

// The receive buffer stays ours until the IU's command ends, or is posted again here.
inline void Serve(ShardState& s, Channel& channel, std::uint32_t recv, Bytes iu) {
  // (What nearly all are, first.)
  if (iu.size() >= wire::kCmdBytes && iu[0] == static_cast<std::uint8_t>(wire::Opcode::kCmd) &&
      credits::Consume(channel)) {
    command::OnCmd(s, channel, recv, iu);
    // What is owed may now be what the peer waits for.
    if (channel.remaining < limits::kCreditsMin) requests::Look(s, channel);
  } else {
    ServeOther(s, channel, recv, iu);
  }
}

[[gnu::always_inline]] inline void OnIu(ShardState& s, Channel& channel,
                                        const event::IuReceived& e) {
  const std::uint32_t recv = receives::Take(s, channel, e.recv);
  channel.heard_at = s.now;
  if (trace::On(s, trace::Category::kDebug)) trace::SayIu(s, channel, true, e.bytes);
  if (Planted(PlantedBug::kIuBeforeLiveLost) && channel.Is<channel_state::Connecting>()) {
    return receives::Post(s, channel, recv);
  }
  if (channel.Is<channel_state::Connecting>()) {
    // RTU is late or lost; the peer has our REP, or it could not send (fault 23).
    // [R-FAULT-23, R-CM-02, R-INV-40]
    s.Do(action::NotifyEstablished{e.channel});
    channel::OnEstablished(s, channel);
  }
  if (!channel.Is<channel_state::Live>()) {
    receives::Release(s, recv);
    channel::Progress(s, channel);
    return;
  }
  Serve(s, channel, recv, e.bytes);
  // What no command holds goes with the channel that was just logged out or lost.
  if (!channel.Is<channel_state::Live>() && s.receives[recv] == RecvStage::kHeld &&
      s.commands[recv].Is<command_state::Free>()) {
    receives::Release(s, recv);
  }
}

// --- Messages -----------------------------------------------------------------------------------

NexusView& Nexus(ShardState& s, NexusId id) {
  SRPT_CHECK(id.slot() < s.nexuses.size());
  NexusView& view = s.nexuses[id.slot()];
  if (view.id != id) {
    SRPT_CHECK(!view.id.valid() && view.buffers == 0 && view.tables == 0);
    view.id = id;
    view.session = 0;
    view.buffer_waits.assign(s.pool.units.size(), 0);
  }
  return view;
}

struct MessageVisitor {
  ShardState& s;

  void operator()(const message::Publish& m) {
    SRPT_CHECK(m.snapshot != nullptr && m.snapshot->version >= s.snapshot->version);
    s.snapshot = m.snapshot;
    ++s.publications;
  }
  void operator()(const message::OpenChannel& m) {
    Nexus(s, m.nexus);
    channel::Open(s, m);
  }
  void operator()(const message::ReportEvent& m) { requests::OnReportEvent(s, m); }
  void operator()(const message::CloseChannel& m) { channel::Close(s, m); }
  void operator()(const message::UnitAttentionPending& m) {
    auto& pending = Nexus(s, m.nexus).attentions;
    if (std::find(pending.begin(), pending.end(), m.lu) == pending.end()) pending.push_back(m.lu);
  }
  void operator()(const message::UnitAttentionAnswer& m) { command::OnAttentionAnswer(s, m); }
  void operator()(const message::AbortFence& m) { task_management::OpenFence(s, m); }
  void operator()(const message::CancelFence& m) { task_management::CancelFence(s, m); }
  void operator()(const message::TaskFenceAnswer& m) { task_management::OnFenceAnswer(s, m); }
  void operator()(const message::ForgetNexus& m) {
    NexusView& view = s.nexuses[m.nexus.slot()];
    if (view.id != m.nexus) return;
    SRPT_CHECK(view.buffers == 0 && view.tables == 0);
    view.id = NexusId{};
    view.attentions.clear();
    takeover::Forget(view);
  }
  void operator()(const message::TakeOver& m) { takeover::OnTakeOver(s, Nexus(s, m.nexus), m); }
  void operator()(const message::TakeoverOver& m) {
    takeover::OnTakeoverOver(s, Nexus(s, m.nexus), m);
  }
  void operator()(const message::HoldUnit& m) { takeover::OnHoldUnit(s, Nexus(s, m.nexus), m); }
  void operator()(const message::RetireLu& m) {
    s.retiring.push_back(m.lu);
    s.look_at_retiring = true;
  }
};

// --- Events -------------------------------------------------------------------------------------

struct EventVisitor {
  ShardState& s;

  // A driver says nothing about a channel after its QpDestroyed.
  Channel& Get(ChannelId id) {
    Channel* channel = s.Find(id);
    SRPT_CHECK(channel != nullptr);
    return *channel;
  }

  void operator()(const event::DeadlineReached&) {}
  void operator()(const event::FromDirector& e) { std::visit(MessageVisitor{s}, e.message); }
  void operator()(const event::AcceptFailed& e) { channel::OnAcceptFailed(s, e); }
  void operator()(const event::Established& e) { channel::OnEstablished(s, Get(e.channel)); }
  void operator()(const event::IuReceived& e) { OnIu(s, Get(e.channel), e); }
  void operator()(const event::RecvFailed& e) { channel::OnRecvFailed(s, Get(e.channel), e); }
  void operator()(const event::ReceivesOver& e) { channel::OnReceivesOver(s, Get(e.channel)); }
  void operator()(const event::SendDone& e) { wire_queue::OnSendDone(s, Get(e.channel), e); }
  void operator()(const event::RdmaDone& e) { wire_queue::OnRdmaDone(s, Get(e.channel), e); }
  void operator()(const event::ProbeDone& e) { keepalive::OnDone(s, Get(e.channel), e); }
  void operator()(const event::QpFailed& e) {
    channel::Lose(s, Get(e.channel), ChannelCause::kLost, "a work request failed");
  }
  void operator()(const event::BlockDone& e) { transfer::OnBlockDone(s, e); }
  void operator()(const event::Disconnected& e) { channel::OnDisconnected(s, Get(e.channel)); }
  void operator()(const event::TimewaitOver& e) {
    Channel& channel = Get(e.channel);
    channel::OnTimewaitOver(s, channel);
  }
  void operator()(const event::QpDestroyed& e) { channel::OnQpDestroyed(s, Get(e.channel)); }
};

// (The three of every command first: a table of functions costs them more than the comparison.)
void Dispatch(ShardState& s, const ShardEvent& event) {
  EventVisitor visitor{s};
  if (const auto* iu = std::get_if<event::IuReceived>(&event)) {
    return OnIu(s, visitor.Get(iu->channel), *iu);
  }
  if (const auto* block = std::get_if<event::BlockDone>(&event)) return visitor(*block);
  if (const auto* send = std::get_if<event::SendDone>(&event)) return visitor(*send);
  std::visit(visitor, event);
}

// Everything whose time has come. Starts from the front each time; what was done stays done.
[[gnu::noinline]] void RunTimers(ShardState& s) {
  s.timer = kNever;
  const bool watch = s.watch <= s.now;
  if (watch) s.watch = kNever;
  bool posted = false;
  for (Channel& channel : s.channels) {
    if (channel.Is<channel_state::Free>()) continue;
    if (!s.Room(16)) {
      s.WakeAt(s.now);
      if (watch) s.watch = s.now;
      return;
    }
    channel::OnTime(s, channel);
    if (channel.Is<channel_state::Live>()) command::OnTime(s, channel);
    if (watch) channel::Watch(s, channel);
    posted = posted || channel.sends_posted > 0 || channel.rdma_posted > 0 || channel.probing;
  }
  if (watch && posted) s.watch = s.now + limits::kWatchEvery;
  if (s.watch != kNever) s.WakeAt(s.watch);
}

[[gnu::noinline]] void LookAtRetiring(ShardState& s) {
  s.look_at_retiring = false;
  std::erase_if(s.retiring, [&](LuId lu) {
    for (const Command& c : s.commands) {
      if (!c.Is<command_state::Free>() && c.lu == lu) return false;
    }
    if (!s.Room(1)) {
      s.look_at_retiring = true;
      return false;
    }
    s.Do(action::ToDirector{message::LuIdle{lu}});
    return true;
  });
}

// What waits, wire queues aside. (A sum: one branch, not five.)
inline std::size_t OthersWaiting(const ShardState& s) {
  return s.fences_open + s.resume_queue.size() + s.nexuses_due.size() + s.to_post.size() +
         s.pool.turns.size() + std::size_t{s.receives_back};
}
inline std::size_t Waiting(const ShardState& s) {
  return OthersWaiting(s) + s.dirty.size() + std::size_t{s.look_at_retiring};
}

// What others than the wire queues wait for. False: the step is full.
[[gnu::noinline]] bool PumpOthers(ShardState& s) {
  if (s.fences_open > 0 && !task_management::PumpFences(s)) return false;
  return takeover::Pump(s) && receives::PumpReleased(s) && transfer::PumpBuffers(s);
}

// Whatever the event set going, as far as the step's actions reach.
[[gnu::noinline]] void Pump(ShardState& s) {
  bool done = OthersWaiting(s) == 0 || PumpOthers(s);
  while (done && !s.dirty.empty()) {
    const std::uint32_t channel = s.dirty.Front();
    if (!wire_queue::Pump(s, s.channels[channel])) {
      done = false;
      break;
    }
    s.dirty.DropFront();
    s.channels[channel].dirty = false;
    // Responses that went out made room; buffers may have come free.
    done = transfer::PumpBuffers(s);
  }
  if (s.look_at_retiring) LookAtRetiring(s);
  // [R-INV-45, R-INV-46]
  if (!done || s.look_at_retiring) s.WakeAt(s.now);
}

}  // namespace

// --- Shard --------------------------------------------------------------------------------------

Shard::Shard(const Parameters& parameters, ShardId id, MemoryPort* memory)
    : state_(std::make_unique<State>(parameters, id, memory)) {}
Shard::~Shard() = default;

void Shard::Step(Time now, const ShardEvent& event, Actions& actions) {
  State& s = *state_;
  SRPT_CHECK(actions.empty() && now >= s.now);
  s.now = now;
  s.actions = &actions;
  Dispatch(s, event);
  if (s.timer <= s.now) RunTimers(s);
  if (Waiting(s) > 0) Pump(s);
  // (From `s`: the two need not be kept in registers all the way, for what is mostly off.)
  // [R-INV-48]
  if (s.params.fingerprint) FoldStep(s.fingerprint, s.now, event, *s.actions);
  s.actions = nullptr;
}

void Shard::Become(const Shard& other) {
  MemoryPort* const memory = state_->memory;
  *state_ = *other.state_;
  state_->memory = memory;
}

Time Shard::NextDeadline() const { return state_->timer; }

std::vector<ChannelInfo> Shard::Channels() const {
  const State& s = *state_;
  std::vector<ChannelInfo> all;
  for (const Channel& c : s.channels) {
    if (c.Is<channel_state::Free>()) continue;
    ChannelInfo info;
    info.channel = c.id;
    info.nexus = c.nexus;
    info.state = channel::StateOf(c);
    info.req_lim = c.remaining;
    info.req_lim_delta = c.owed;
    info.active_commands = c.active;
    info.credits_granted = c.credits_granted;
    info.max_it_iu_len = c.max_it_iu_len;
    info.max_ti_iu_len = c.max_ti_iu_len;
    info.imm_data_offset = c.imm_data_offset;
    info.counters = c.counters;
    all.push_back(info);
  }
  return all;
}

std::uint32_t Shard::free_data_buffers() const {
  return static_cast<std::uint32_t>(state_->pool.free.size());
}
std::uint32_t Shard::active_commands() const { return state_->active; }

bool Shard::IsIdle() const {
  return std::all_of(state_->channels.begin(), state_->channels.end(),
                     [](const Channel& c) { return c.Is<channel_state::Free>(); });
}

std::uint64_t Shard::fingerprint() const {
  return state_->params.fingerprint ? state_->fingerprint.value() : 0;
}

std::vector<std::string> Shard::Pending() const { return PendingOf(*state_); }
std::string Shard::BrokenInvariant() const { return BrokenInvariantOf(*state_); }

const char* ToString(ChannelState state) {
  switch (state) {
    case ChannelState::kFree:
      return "free";
    case ChannelState::kConnecting:
      return "connecting";
    case ChannelState::kLive:
      return "live";
    case ChannelState::kLoggingOut:
      return "logging out";
    case ChannelState::kDisconnecting:
      return "disconnecting";
    case ChannelState::kTimewait:
      return "timewait";
    case ChannelState::kDestroying:
      return "destroying";
    case ChannelState::kCount:
      break;
  }
  return "?";
}

}  // namespace srpt
