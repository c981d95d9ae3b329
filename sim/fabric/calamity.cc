// What befalls all connections at once: a port that is down, an address that moved, a device that
// is removed, a completion queue that is lost, the target's process killed.
#include <algorithm>

#include "sim/fabric/fabric.h"

namespace srpt::sim {

void Fabric::InitShared() {
  shared_.assign(env_.shards, {});
  for (std::vector<ReceiveQueue>& queues : shared_) {
    queues.resize(env_.srq_count);
    for (std::uint32_t q = 0; q < env_.srq_count; ++q) {
      queues[q].PostAll(q * env_.srq_size, env_.srq_size);
    }
  }
}

bool Fabric::IsOnTheWire(CmStep step) {
  switch (step) {
    case CmStep::kReqArrives:
    case CmStep::kRepArrives:
    case CmStep::kRejArrives:
    case CmStep::kRtuArrives:
    case CmStep::kDreqAtTarget:
    case CmStep::kDreqAtPeer:
    case CmStep::kDrepAtPeer:
    case CmStep::kPeerGivesUp:  // It repeats its DREQ meanwhile.
      return true;
    default:
      return false;
  }
}

void Fabric::PortDown(Time until) {
  env_.trace->Add(now(), Trace::kNobody, "port down, until", until.ns);
  down_until_ = std::max(down_until_, until);
}

void Fabric::MoveAddress() {
  env_.trace->Add(now(), Trace::kNobody, "the target's address moves");
  for (const auto& c : connections_) {
    if (c->target_qp == TargetQp::kUp || c->target_qp == TargetQp::kError) c->cut = true;
  }
}

void Fabric::RemoveDevice(Time until) {
  env_.trace->Add(now(), Trace::kNobody, "device removed, until", until.ns);
  gone_until_ = std::max(gone_until_, until);
  for (const auto& c : connections_) {
    if (c->cm == Cm::kAsked) ScheduleCm(*c, CmStep::kReqWithdrawn, now());
    if (c->target_qp != TargetQp::kUp && c->target_qp != TargetQp::kError) continue;
    c->cut = true;
    ScheduleCm(*c, CmStep::kDeviceRemoved, now());
  }
}

void Fabric::OnDeviceRemoved(Connection& c) {
  if (c.removed) return;
  c.removed = true;
  SetTargetError(c);
  const ChannelId channel = c.accept.channel;
  if (!c.disconnected) {
    c.disconnected = true;
    env_.target->OnShardEvent(c.shard, event::Disconnected{channel});
  }
  // There is no timewait to wait for.
  if (c.target_qp == TargetQp::kError) {
    env_.target->OnShardEvent(c.shard, event::TimewaitOver{channel});
  }
}

void Fabric::OverrunCq(std::uint32_t shard) {
  env_.trace->Add(now(), Trace::kNobody, "completion queue lost, of shard", shard);
  for (const auto& connection : connections_) {
    Connection& c = *connection;
    if (c.target_qp != TargetQp::kUp || c.shard != shard) continue;
    c.silent = c.silent_for_good = true;
    c.late_reads.clear();
    SetTargetError(c);
    if (c.accept.recv_count == 0) {
      for (const Completion& lost : c.completions.entries) {
        if (lost.kind == Completion::Kind::kRecv) ReceivesOf(c).posted.push_back(RecvId(lost.id));
      }
    }
    c.completions.entries.clear();
    ScheduleCm(c, CmStep::kCqLost, now());
  }
}

void Fabric::KillTarget(Time until, bool power_loss) {
  env_.trace->Add(now(), Trace::kNobody, power_loss ? "power loss" : "the target is killed",
                  until.ns);
  gone_until_ = std::max(gone_until_, until);
  for (const auto& connection : connections_) {
    Connection& c = *connection;
    if (c.dead || c.cm == Cm::kRequested) continue;
    if (c.cm == Cm::kAsked) ScheduleCm(c, CmStep::kUnreachable, CmArrival(c, CmStep::kUnreachable));
    const bool had_qp = c.target_qp == TargetQp::kUp || c.target_qp == TargetQp::kError;
    c.cm = Cm::kOver;
    c.dead = true;
    c.target_qp = c.target_qp == TargetQp::kNone ? TargetQp::kNone : TargetQp::kDestroyed;
    c.sq.entries.clear();
    c.completions.entries.clear();
    c.withheld.clear();
    c.late_reads.clear();
    c.own_receives.posted.clear();
    if (had_qp && !power_loss && !c.cut) {
      SendCm(c, CmStep::kDreqAtPeer, CmArrival(c, CmStep::kDreqAtPeer));
    }
  }
  for (auto& channels : by_channel_) channels.clear();
  open_ = 0;
  InitShared();
}

Fabric::Thread Fabric::ThreadOf(const EventQueue::Item& item) const {
  const Connection& c = *connections_[item.a];
  const bool here = c.target_qp == TargetQp::kUp || c.target_qp == TargetQp::kError;
  switch (item.what) {
    case Happening::kToTarget:
    case Happening::kCompletion:
      break;
    case Happening::kCm:
      switch (static_cast<CmStep>(item.b)) {
        case CmStep::kReqArrives:
        case CmStep::kReqWithdrawn:
          return {true, std::nullopt};
        case CmStep::kRtuArrives:
        case CmStep::kDreqAtTarget:
        case CmStep::kDisconnectDone:
        case CmStep::kTimewaitOver:
        case CmStep::kDeviceRemoved:
        case CmStep::kCqLost:
          break;
        case CmStep::kAcceptFailed:
        case CmStep::kQpDestroyed:
          if (c.dead) return {};
          return {false, c.shard};
        default:
          return {};
      }
      break;
    default:
      return {};
  }
  if (!here) return {};
  return {false, c.shard};
}

}  // namespace srpt::sim
