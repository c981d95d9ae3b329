// Towards the target: the peer's SENDs, each into the receive that was posted first.
#include <algorithm>

#include "sim/fabric/fabric.h"

namespace srpt::sim {

namespace {
constexpr std::uint32_t kPeerTries = 7;  // Of a SEND that finds no receive.

// Who an IU is about: its tag, so that leaving out one command shifts no other's fate.
Lineage EntityOf(Lineage connection, Bytes iu) {
  return iu.size() < 16 ? connection : connection.Child(LoadBe64(iu.data() + 8));
}
}  // namespace

std::uint32_t Fabric::TakeBuffer(Bytes bytes) {
  if (free_buffers_.empty()) {
    free_buffers_.push_back(static_cast<std::uint32_t>(buffers_.size()));
    buffers_.emplace_back();
  }
  const std::uint32_t buffer = free_buffers_.back();
  free_buffers_.pop_back();
  buffers_[buffer].assign(bytes.begin(), bytes.end());
  return buffer;
}

bool Fabric::Send(PeerId peer, Bytes iu, bool solicited) {
  Connection& c = Of(peer);
  if (c.peer_qp != PeerQp::kUp) return false;
  const Lineage entity = EntityOf(c.lineage, iu);
  const std::uint64_t ordinal = iu.empty() ? 0 : iu[0];
  Duration latency = env_.latencies.wire.Draw(*env_.decisions, Site::kWireLatency, entity, ordinal);
  if (env_.faults->Strikes(FaultKind::kPeerRetryExceeded, entity, ordinal)) {
    ScheduleCm(c, CmStep::kPeerSendFails, now() + env_.latencies.retry);
    return true;
  }
  if (env_.faults->Strikes(FaultKind::kWireSlow, entity, ordinal)) {
    const Duration more = env_.faults->Length(FaultKind::kWireSlow, entity, ordinal,
                                              Milliseconds(1), Milliseconds(200));
    latency.ns += more.ns;
  }
  Packet packet;
  packet.arrival = std::max(c.last_arrival, now() + latency);
  packet.buffer = TakeBuffer(iu);
  packet.solicited = solicited;
  c.last_arrival = packet.arrival;
  c.to_target.push_back(packet);
  ScheduleToTarget(c);
  return true;
}

void Fabric::ScheduleToTarget(Connection& c) {
  if (c.to_target_scheduled || c.to_target.empty()) return;
  c.to_target_scheduled = true;
  env_.queue->Push(std::max(c.to_target.front().arrival, now()), Happening::kToTarget, c.id.v);
}

void Fabric::OnToTarget(Connection& c) {
  c.to_target_scheduled = false;
  if (c.to_target.empty()) return;
  const Packet packet = c.to_target.front();
  if (packet.arrival > now()) return ScheduleToTarget(c);
  if (c.target_qp != TargetQp::kUp) {
    // Nobody acknowledges.
    for (const Packet& p : c.to_target) free_buffers_.push_back(p.buffer);
    c.to_target.clear();
    ScheduleCm(c, CmStep::kPeerSendFails, now() + env_.latencies.retry);
    return;
  }
  if (c.posted.empty()) {
    ++rnr_at_target_;
    env_.trace->Add(now(), c.id.v, "RNR at the target", c.peer_tries);
    if (++c.peer_tries > kPeerTries) {
      SetPeerError(c);
      return Tell(c, PeerEvent::Kind::kSendFailed, {}, 0, WorkStatus::kRnrExceeded);
    }
    c.to_target_scheduled = true;
    env_.queue->Push(now() + env_.latencies.rnr, Happening::kToTarget, c.id.v);
    return;
  }
  c.peer_tries = 0;
  c.to_target.pop_front();
  free_buffers_.push_back(packet.buffer);
  const Bytes iu = buffers_[packet.buffer];
  const RecvId recv = c.posted.front();
  c.posted.pop_front();
  c.is_posted[recv.v] = false;
  if (iu.size() > c.accept.recv_bytes) {
    Completion completion;
    completion.kind = Completion::Kind::kRecv;
    completion.status = WorkStatus::kLocalLength;
    completion.id = recv.v;
    PushCompletion(c, completion, Microseconds(1));
    SetTargetError(c);
    SetPeerError(c);
    return Tell(c, PeerEvent::Kind::kSendFailed, {}, 0, WorkStatus::kOther);
  }
  ScheduleToTarget(c);
  env_.trace->Add(now(), c.id.v, "target receives", iu.empty() ? 0 : iu[0],
                  iu.size() < 16 ? 0 : LoadBe64(iu.data() + 8));
  ShardMemory& memory = env_.target->MemoryOf(c.shard);
  memory.Receive(c.accept.channel, recv, iu);
  event::IuReceived e;
  e.channel = c.accept.channel;
  e.recv = recv;
  e.bytes = memory.RecvBuffer(c.accept.channel, recv);
  env_.target->OnShardEvent(c.shard, e);
}

void Fabric::Do(std::uint32_t shard, const action::PostRecv& a) {
  Connection& c = OfChannel(shard, a.channel, "PostRecv on an unknown channel");
  if (a.recv.v >= c.is_posted.size()) return Broke("PostRecv of a buffer that was not allotted");
  if (c.is_posted[a.recv.v]) return Broke("PostRecv of a buffer that is posted already");
  c.is_posted[a.recv.v] = true;
  if (c.target_qp == TargetQp::kUp) {
    c.posted.push_back(a.recv);
    return;
  }
  Completion completion;
  completion.kind = Completion::Kind::kRecv;
  completion.status = WorkStatus::kFlushed;
  completion.id = a.recv.v;
  PushCompletion(c, completion, Microseconds(1));
}

void Fabric::PostReceives(PeerId peer, std::uint32_t count) {
  Connection& c = Of(peer);
  c.peer_receives += count;
  ScheduleToPeer(c);
}

void Fabric::SetPeerError(Connection& c) {
  for (const Packet& p : c.to_target) free_buffers_.push_back(p.buffer);
  c.to_target.clear();
  if (c.peer_qp == PeerQp::kUp) c.peer_qp = PeerQp::kError;
}

}  // namespace srpt::sim
