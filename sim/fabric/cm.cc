// Connection management. What a connection goes through, with the steps that the other side sees:
//
//   peer                    target
//   Connect   --REQ-->      LoginRequested (director)
//             <--REJ--      Reject                        kRejected
//             <--REP--      Accept                        kConnected
//             --RTU-->      Established; the first IU may overtake it, or it never comes
//   Disconnect --DREQ-->    Disconnected; core asks Disconnect: --DREP--> kDisconnected
//   kDisconnected <--DREQ-- Disconnect; Disconnected when DREP came, or nobody answered
//                           TimewaitOver, DestroyQp, QpDestroyed
#include <algorithm>
#include <utility>

#include "core/base/check.h"
#include "sim/fabric/fabric.h"

namespace srpt::sim {

namespace {
constexpr std::size_t kReqBytesIb = 92;
constexpr std::size_t kReqBytesIp = 56;
}  // namespace

void Fabric::ReceiveQueue::PostAll(std::uint32_t first_id, std::uint32_t count) {
  first = first_id;
  allotted.assign(count, true);
  for (std::uint32_t i = 0; i < count; ++i) posted.push_back(RecvId(first + i));
}

Fabric::Fabric(const Environment& environment) : env_(environment) { InitShared(); }

Fabric::Connection& Fabric::Of(PeerId peer) {
  SRPT_CHECK(peer.v < connections_.size());
  return *connections_[peer.v];
}
const Fabric::Connection& Fabric::Of(PeerId peer) const {
  SRPT_CHECK(peer.v < connections_.size());
  return *connections_[peer.v];
}

Fabric::Connection& Fabric::OfChannel(std::uint32_t shard, ChannelId channel, const char* what) {
  const bool known = shard < by_channel_.size() && channel.slot() < by_channel_[shard].size() &&
                     by_channel_[shard][channel.slot()] != 0;
  if (!known) SRPT_UNREACHABLE(what);
  Connection& c = *connections_[by_channel_[shard][channel.slot()] - 1];
  if (c.accept.channel != channel) SRPT_UNREACHABLE(what);
  return c;
}

void Fabric::Broke(Invariant invariant, std::string what) {
  if (!breach_.empty()) return;
  breach_ = {invariant, std::move(what)};
  TellBreach();
}

void Fabric::Tell(Connection& c, PeerEvent::Kind kind, Bytes bytes, std::uint16_t reason,
                  WorkStatus status, bool solicited) {
  if (c.peer_over || c.vanished) return;
  PeerEvent event;
  event.kind = kind;
  event.at = now();
  event.reason = reason;
  event.refused = c.refused_key;
  event.status = status;
  event.solicited = solicited;
  if (c.options.sink != nullptr) {
    c.options.sink->OnPeerEvent(c.id, event, bytes);
    return;
  }
  event.bytes.assign(bytes.begin(), bytes.end());
  c.events.push_back(std::move(event));
}

void Fabric::TellOver(Connection& c, PeerEvent::Kind kind, Bytes bytes, std::uint16_t reason) {
  if (c.peer_over) return;
  c.peer_qp = PeerQp::kGone;
  c.to_target.entries.clear();
  env_.trace->Add(now(), c.id.v, "peer: connection over", static_cast<std::uint64_t>(kind));
  TellShort(c, StoryEvent::Kind::kEnd, false, reason, ToString(kind));
  // The sink may start anew at once; this connection is over before it hears of it.
  PeerEvent event;
  event.kind = kind;
  event.at = now();
  event.reason = reason;
  event.refused = c.refused_key;
  const bool silent = c.vanished;
  c.peer_over = true;
  if (silent) return;
  if (c.options.sink != nullptr) {
    c.options.sink->OnPeerEvent(c.id, event, bytes);
    return;
  }
  event.bytes.assign(bytes.begin(), bytes.end());
  c.events.push_back(std::move(event));
}

std::optional<PeerEvent> Fabric::TakeEvent(PeerId peer) {
  Connection& c = Of(peer);
  if (c.events.empty()) return std::nullopt;
  PeerEvent event = std::move(c.events.front());
  c.events.pop_front();
  return event;
}

bool Fabric::IsConnected(PeerId peer) const { return Of(peer).peer_qp == PeerQp::kUp; }
HostId Fabric::HostOf(PeerId peer) const { return Of(peer).options.host; }

std::optional<ChannelId> Fabric::ChannelOf(PeerId peer) const {
  const Connection& c = Of(peer);
  if (c.target_qp == TargetQp::kNone) return std::nullopt;
  return c.accept.channel;
}
std::optional<std::uint32_t> Fabric::ShardOf(PeerId peer) const {
  const Connection& c = Of(peer);
  if (c.target_qp == TargetQp::kNone) return std::nullopt;
  return c.shard;
}

bool Fabric::IsQuiet() const { return open_ == 0; }

std::vector<std::string> Fabric::Pending() const {
  std::vector<std::string> lines;
  for (const auto& c : connections_) {
    if (c->target_qp != TargetQp::kUp && c->target_qp != TargetQp::kError) continue;
    lines.push_back("fabric: peer " + std::to_string(c->id.v) + ": the target's queue pair is " +
                    (c->target_qp == TargetQp::kUp ? "up" : "in error") + ", " +
                    std::to_string(c->own_receives.posted.size()) + " receives posted, " +
                    std::to_string(c->sq.entries.size()) + " work requests and " +
                    std::to_string(c->completions.entries.size()) + " completions to come");
  }
  return lines;
}

void Fabric::ScheduleCm(Connection& c, CmStep step, Time at) {
  env_.queue->Push(at, Happening::kCm, c.id.v, static_cast<std::uint64_t>(step));
}

void Fabric::SendCm(Connection& c, CmStep step, Time at) {
  ScheduleCm(c, step, at);
  const std::uint64_t ordinal = static_cast<std::uint64_t>(step);
  if (!env_.faults->Strikes(FaultKind::kCmTwice, c.lineage, ordinal)) return;
  ScheduleCm(c, step,
             at + env_.faults->Length(FaultKind::kCmTwice, c.lineage, ordinal, Microseconds(1),
                                      Seconds(2)));
}

Time Fabric::CmArrival(const Connection& c, CmStep step) const {
  return now() + env_.latencies.cm.Draw(*env_.decisions, Site::kCmLatency, c.lineage,
                                        static_cast<std::uint64_t>(step));
}

// --- Logging in ---------------------------------------------------------------------------------

PeerId Fabric::Connect(const ConnectOptions& options) {
  Time stale;
  if (env_.faults->Strikes(FaultKind::kStaleReq, options.lineage, 0)) {
    stale = SendStaleReq(options, options.lineage.Child(0x7374));
  }
  const PeerId id(static_cast<std::uint32_t>(connections_.size()));
  connections_.push_back(std::make_unique<Connection>());
  Connection& c = *connections_.back();
  c.id = id;
  c.options = options;
  c.lineage = options.lineage == Lineage{} ? Lineage{0x636f6e6e}.Child(id.v) : options.lineage;
  c.peer_receives = options.receives;
  std::vector<std::uint8_t>& data = c.options.private_data;
  const std::size_t room = options.form == LoginForm::kIbCm ? kReqBytesIb : kReqBytesIp;
  if (!options.iwarp && data.size() < room) data.resize(room);
  env_.trace->Add(now(), id.v, "peer: REQ", data.size());
  TellPeer(c);
  if (env_.faults->Strikes(FaultKind::kReqLost, c.lineage, 0)) {
    ScheduleCm(c, CmStep::kUnreachable, now() + env_.latencies.cm_timeout);
    return id;
  }
  SendCm(c, CmStep::kReqArrives, std::max(CmArrival(c, CmStep::kReqArrives), stale));
  if (env_.faults->Strikes(FaultKind::kReqGone, c.lineage, 0)) {
    const Duration patience =
        env_.faults->Length(FaultKind::kReqGone, c.lineage, 0, Microseconds(100), Milliseconds(8));
    ScheduleCm(c, CmStep::kReqWithdrawn, now() + patience);
  }
  return id;
}

// Returns when the next one may arrive: this one comes first.
Time Fabric::SendStaleReq(const ConnectOptions& options, Lineage lineage) {
  const PeerId id(static_cast<std::uint32_t>(connections_.size()));
  connections_.push_back(std::make_unique<Connection>());
  Connection& c = *connections_.back();
  c.id = id;
  c.options = options;
  c.options.sink = nullptr;
  c.lineage = lineage;
  c.stale = true;
  const std::size_t room = options.form == LoginForm::kIbCm ? kReqBytesIb : kReqBytesIp;
  if (!options.iwarp && options.private_data.size() < room) c.options.private_data.resize(room);
  env_.trace->Add(now(), id.v, "a REQ of old arrives");
  TellPeer(c);
  const Time at = CmArrival(c, CmStep::kReqArrives);
  ScheduleCm(c, CmStep::kReqArrives, at);
  return at + Microseconds(1);
}

void Fabric::WithholdRtu(PeerId peer, bool withhold) { Of(peer).withhold_rtu = withhold; }

void Fabric::OnReqArrives(Connection& c) {
  if (c.cm != Cm::kRequested) return;
  if (now() < gone_until_) {  // Nobody is there.
    c.cm = Cm::kOver;
    return ScheduleCm(c, CmStep::kUnreachable, now() + env_.latencies.cm_timeout);
  }
  c.cm = Cm::kAsked;
  event::LoginRequested e;
  e.conn = ConnId(c.id.v);
  e.port = c.options.port;
  e.form = c.options.form;
  e.iwarp = c.options.iwarp;
  e.source = c.options.source;
  e.rdma_read_depth = c.options.initiator_depth;
  e.private_data = c.options.private_data;
  env_.target->OnDirectorEvent(e);
}

void Fabric::Do(const action::Reject& a) {
  SRPT_CHECK(a.conn.v < connections_.size());
  Connection& c = *connections_[a.conn.v];
  env_.trace->Add(now(), c.id.v, "target: REJ", a.length);
  if (c.cm == Cm::kOver) return;
  if (c.cm != Cm::kAsked)
    return Broke(Invariant::kRefusedLeavesNothing,
                 "Reject of a connection that was answered already");
  c.cm = Cm::kOver;
  c.reject.assign(a.private_data.begin(), a.private_data.begin() + a.length);
  if (env_.faults->Strikes(FaultKind::kRejLost, c.lineage, 0)) {
    return ScheduleCm(c, CmStep::kUnreachable, now() + env_.latencies.cm_timeout);
  }
  SendCm(c, CmStep::kRejArrives, CmArrival(c, CmStep::kRejArrives));
}

void Fabric::Do(std::uint32_t shard, const action::Accept& a) {
  SRPT_CHECK(a.conn.v < connections_.size());
  Connection& c = *connections_[a.conn.v];
  env_.trace->Add(now(), c.id.v, "target: REP", a.channel.v, a.recv_count);
  if (c.cm == Cm::kAccepted)
    return Broke(Invariant::kSessionsCounted, "Accept of a connection that was answered already");
  if (by_channel_.size() <= shard) by_channel_.resize(shard + 1);
  if (by_channel_[shard].size() <= a.channel.slot())
    by_channel_[shard].resize(a.channel.slot() + 1);
  if (by_channel_[shard][a.channel.slot()] != 0)
    return Broke(Invariant::kSessionsCounted, "Accept with a channel in use");
  c.shard = shard;
  c.accept = a;
  by_channel_[shard][a.channel.slot()] = c.id.v + 1;
  const bool over = c.cm == Cm::kOver;
  const bool failed = over || env_.faults->Strikes(FaultKind::kAcceptFails, c.lineage, 0);
  c.sq_refused =
      !failed && env_.faults->Strikes(FaultKind::kSendQueueRefused, c.lineage, a.sq_size);
  if (failed || c.sq_refused) {
    ScheduleCm(c, CmStep::kAcceptFailed, now() + Microseconds(50));
    return;
  }
  c.cm = Cm::kAccepted;
  c.target_qp = TargetQp::kUp;
  ++open_;
  env_.target->MemoryOf(shard).AddChannel(a);
  if (a.recv_count != 0) {
    c.own_receives.PostAll(0, a.recv_count);
  } else if (a.srq >= shared_[shard].size()) {
    return Broke(Invariant::kReceivesPosted,
                 "Accept without receives and without a shared receive queue");
  }
  if (env_.faults->Strikes(FaultKind::kRepLost, c.lineage, 0)) {
    ScheduleCm(c, CmStep::kUnreachable, now() + env_.latencies.cm_timeout);
    return;
  }
  SendCm(c, CmStep::kRepArrives, CmArrival(c, CmStep::kRepArrives));
}

// Our REP is answered with REJ: to the target the connection is over.
void Fabric::RefuseRep(Connection& c) {
  SendCm(c, CmStep::kDreqAtTarget, CmArrival(c, CmStep::kDreqAtTarget));
  TellOver(c, PeerEvent::Kind::kUnreachable);
}

void Fabric::OnRepArrives(Connection& c) {
  if (c.vanished || c.peer_over || c.peer_dreq || c.peer_qp != PeerQp::kNone) return;
  if (c.stale || env_.faults->Strikes(FaultKind::kRepRefused, c.lineage, 0)) return RefuseRep(c);
  c.peer_qp = PeerQp::kUp;
  if (!c.withhold_rtu && !env_.faults->Strikes(FaultKind::kRtuLost, c.lineage, 0)) {
    Time at = CmArrival(c, CmStep::kRtuArrives);
    if (env_.faults->Strikes(FaultKind::kRtuLate, c.lineage, 0)) {
      at = at + env_.faults->Length(FaultKind::kRtuLate, c.lineage, 0, Milliseconds(1), Seconds(2));
    }
    SendCm(c, CmStep::kRtuArrives, at);
  }
  Tell(c, PeerEvent::Kind::kConnected, c.accept.login_rsp);
}

void Fabric::Do(std::uint32_t shard, const action::NotifyEstablished& a) {
  Connection& c = OfChannel(shard, a.channel, "NotifyEstablished of an unknown channel");
  ScheduleCm(c, CmStep::kRtuArrives, now() + Microseconds(10));
}

// --- Ending -------------------------------------------------------------------------------------

void Fabric::Disconnect(PeerId peer) {
  Connection& c = Of(peer);
  if (c.peer_over || c.vanished || c.peer_dreq) return;
  env_.trace->Add(now(), c.id.v, "peer: DREQ");
  c.peer_dreq = true;
  SetPeerError(c);
  if (c.cm == Cm::kRequested || c.cm == Cm::kAsked) {
    ScheduleCm(c, CmStep::kReqWithdrawn, now() + Microseconds(1));
    return;
  }
  // Without an answer the peer's CM gives up by itself.
  ScheduleCm(c, CmStep::kPeerGivesUp, now() + env_.latencies.cm_timeout);
  if (env_.faults->Strikes(FaultKind::kDreqLost, c.lineage, 0)) return;
  SendCm(c, CmStep::kDreqAtTarget, CmArrival(c, CmStep::kDreqAtTarget));
}

void Fabric::Vanish(PeerId peer) {
  Connection& c = Of(peer);
  env_.trace->Add(now(), c.id.v, "peer: vanishes");
  TellShort(c, StoryEvent::Kind::kEnd, false, 0, "vanished");
  c.vanished = true;
  SetPeerError(c);
  c.peer_qp = PeerQp::kGone;
  c.events.clear();
}

void Fabric::Do(std::uint32_t shard, const action::Disconnect& a) {
  Connection& c = OfChannel(shard, a.channel, "Disconnect of an unknown channel");
  env_.trace->Add(now(), c.id.v, "target: disconnects", c.disconnected);
  if (c.target_qp == TargetQp::kNone) return;  // AcceptFailed is on its way.
  if (c.disconnect_asked) return Broke(Invariant::kSilentAfterDisconnect, "Disconnect asked twice");
  c.disconnect_asked = true;
  SetTargetError(c);
  if (c.accept.recv_count == 0) {
    Completion over;
    over.kind = Completion::Kind::kReceivesOver;
    Put(c, c.completions, over, Microseconds(1));
  }
  if (c.disconnected) {  // DREP.
    if (!c.removed && !env_.faults->Strikes(FaultKind::kDrepLost, c.lineage, 0)) {
      SendCm(c, CmStep::kDrepAtPeer, CmArrival(c, CmStep::kDrepAtPeer));
    }
    ScheduleCm(c, CmStep::kDisconnectDone, now() + Microseconds(10));
    return;
  }
  const bool lost = env_.faults->Strikes(FaultKind::kDreqLost, c.lineage, 1) || c.cut;
  if (!lost) SendCm(c, CmStep::kDreqAtPeer, CmArrival(c, CmStep::kDreqAtPeer));
  if (c.peer_qp == PeerQp::kUp && !c.peer_dreq &&
      env_.faults->Strikes(FaultKind::kCrossingDreq, c.lineage, 0)) {
    c.peer_dreq = true;
    SetPeerError(c);
    SendCm(c, CmStep::kDreqAtTarget, CmArrival(c, CmStep::kDreqAtTarget));
  }
  const bool answered =
      !lost && !c.vanished && !env_.faults->Strikes(FaultKind::kDrepLost, c.lineage, 1);
  const Time done = CmArrival(c, CmStep::kDisconnectDone) + env_.latencies.cm.high;
  ScheduleCm(c, CmStep::kDisconnectDone, answered ? done : now() + env_.latencies.cm_timeout);
}

void Fabric::Do(std::uint32_t shard, const action::DestroyQp& a) {
  Connection& c = OfChannel(shard, a.channel, "DestroyQp of an unknown channel");
  env_.trace->Add(now(), c.id.v, "target: destroys the queue pair");
  if (c.target_qp == TargetQp::kDestroyed)
    return Broke(Invariant::kSilentAfterDisconnect, "DestroyQp asked twice");
  SetTargetError(c);
  c.target_qp = TargetQp::kDestroyed;
  if (c.accept.recv_count == 0) {
    // Completions are forgotten; the receives that they would have brought go back to the queue.
    for (const Completion& lost : c.completions.entries) {
      if (lost.kind == Completion::Kind::kRecv) ReceivesOf(c).posted.push_back(RecvId(lost.id));
    }
  }
  c.completions.entries.clear();
  c.withheld.clear();
  c.own_receives.posted.clear();
  if (!c.disconnect_asked && !c.removed) {
    SendCm(c, CmStep::kDreqAtPeer, CmArrival(c, CmStep::kDreqAtPeer));
  }
  ScheduleCm(c, CmStep::kQpDestroyed, now() + Microseconds(20));
}

void Fabric::OnQpDestroyed(Connection& c) {
  env_.target->MemoryOf(c.shard).RemoveChannel(c.accept.channel);
  by_channel_[c.shard][c.accept.channel.slot()] = 0;
  c.cm = Cm::kOver;
  --open_;
  env_.target->OnShardEvent(c.shard, event::QpDestroyed{c.accept.channel});
}

void Fabric::OnCm(Connection& c, CmStep step) {
  if (IsDown() && IsOnTheWire(step)) {
    return ScheduleCm(c, step, down_until_ + env_.latencies.cm.low);  // The CM repeats it.
  }
  const bool target_here = c.target_qp == TargetQp::kUp || c.target_qp == TargetQp::kError;
  TellCm(c, step);
  switch (step) {
    case CmStep::kReqArrives:
      return OnReqArrives(c);
    case CmStep::kReqWithdrawn: {
      if (c.cm == Cm::kAsked) {
        c.cm = Cm::kOver;
        env_.target->OnDirectorEvent(event::ConnectionGone{ConnId(c.id.v)});
      } else if (c.cm == Cm::kRequested) {
        c.cm = Cm::kOver;
      } else if (c.cm == Cm::kAccepted && c.peer_dreq) {
        // Crossed with the accept.
        ScheduleCm(c, CmStep::kDreqAtTarget, CmArrival(c, CmStep::kDreqAtTarget));
      } else {
        return;
      }
      return TellOver(c, PeerEvent::Kind::kUnreachable);
    }
    case CmStep::kRepArrives:
      return OnRepArrives(c);
    case CmStep::kRejArrives:
      return TellOver(c, PeerEvent::Kind::kRejected, c.reject, kCmRejectConsumer);
    case CmStep::kUnreachable:
      if (c.cm == Cm::kRequested) c.cm = Cm::kOver;
      return TellOver(c, PeerEvent::Kind::kUnreachable);
    case CmStep::kRtuArrives:
      if (!target_here || c.established || c.disconnected) return;
      c.established = true;
      return env_.target->OnShardEvent(c.shard, event::Established{c.accept.channel});
    case CmStep::kDreqAtTarget:
      if (!target_here || c.disconnected) return;
      c.disconnected = true;
      return env_.target->OnShardEvent(c.shard, event::Disconnected{c.accept.channel});
    case CmStep::kDreqAtPeer:
      if (c.peer_qp == PeerQp::kNone) return TellOver(c, PeerEvent::Kind::kUnreachable);
      return TellOver(c, PeerEvent::Kind::kDisconnected);
    case CmStep::kDrepAtPeer:
    case CmStep::kPeerGivesUp:
      return TellOver(c, PeerEvent::Kind::kDisconnected);
    case CmStep::kDisconnectDone:
      if (!target_here) return;
      if (!c.removed && !env_.faults->Strikes(FaultKind::kNoTimewaitExit, c.lineage, 0)) {
        ScheduleCm(c, CmStep::kTimewaitOver, now() + env_.latencies.timewait);
      }
      if (c.disconnected) return;
      c.disconnected = true;
      return env_.target->OnShardEvent(c.shard, event::Disconnected{c.accept.channel});
    case CmStep::kTimewaitOver:
      if (!target_here) return;
      return env_.target->OnShardEvent(c.shard, event::TimewaitOver{c.accept.channel});
    case CmStep::kAcceptFailed:
      if (c.dead) return;
      by_channel_[c.shard][c.accept.channel.slot()] = 0;
      return env_.target->OnShardEvent(
          c.shard, event::AcceptFailed{
                       c.accept.channel,
                       c.cm == Cm::kOver ? "the connection request is gone" : "no queue pair",
                       c.sq_refused});
    case CmStep::kQpDestroyed:
      if (c.dead) return;
      return OnQpDestroyed(c);
    case CmStep::kDeviceRemoved:
      if (!target_here) return;
      return OnDeviceRemoved(c);
    case CmStep::kCqLost:
      if (!target_here) return;
      return env_.target->OnShardEvent(c.shard,
                                       event::QpFailed{c.accept.channel, WorkStatus::kOther});
    case CmStep::kPeerSendFails:
      if (c.peer_qp != PeerQp::kUp) return;
      SetPeerError(c);
      return Tell(c, PeerEvent::Kind::kSendFailed, {}, 0, WorkStatus::kRetryExceeded);
  }
}

void Fabric::On(const EventQueue::Item& item) {
  Connection& c = *connections_[item.a];
  switch (item.what) {
    case Happening::kToTarget:
      return OnToTarget(c);
    case Happening::kToPeer:
      return OnToPeer(c);
    case Happening::kCompletion:
      return OnCompletion(c);
    case Happening::kCm:
      return OnCm(c, static_cast<CmStep>(item.b));
    default:
      SRPT_UNREACHABLE("not the fabric's");
  }
}

}  // namespace srpt::sim
