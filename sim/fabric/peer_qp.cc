// Towards the target: the peer's SENDs, each into the receive that was posted first.
#include <algorithm>

#include "sim/fabric/fabric.h"

namespace srpt::sim {

namespace {
constexpr std::uint8_t kCredRsp = 0x41;  // Opcodes.
constexpr std::uint8_t kAerRsp = 0x42;
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
  packet.buffer = TakeBuffer(iu);
  packet.sent = now();
  packet.solicited = solicited;
  Put(c, c.to_target, packet, latency);
  return true;
}

void Fabric::OnToTarget(Connection& c) {
  c.to_target.scheduled = false;
  if (c.to_target.entries.empty()) return;
  const Packet packet = c.to_target.entries.front();
  if (packet.due > now()) return Schedule(c, c.to_target);
  if (c.target_qp != TargetQp::kUp || IsLost(c)) {
    // Nobody acknowledges.
    for (const Packet& p : c.to_target.entries) free_buffers_.push_back(p.buffer);
    c.to_target.entries.clear();
    ScheduleCm(c, CmStep::kPeerSendFails, now() + env_.latencies.retry);
    return;
  }
  if (IsDown()) return ScheduleAt(c, c.to_target, down_until_);
  ReceiveQueue& receives = ReceivesOf(c);
  if (receives.posted.empty()) {
    if (!c.options.overruns) ++rnr_at_target_;
    env_.trace->Add(now(), c.id.v, "RNR at the target", c.peer_tries);
    TellShort(c, StoryEvent::Kind::kRnr, true, c.peer_tries, {});
    if (++c.peer_tries > kPeerTries) {
      SetPeerError(c);
      return Tell(c, PeerEvent::Kind::kSendFailed, {}, 0, WorkStatus::kRnrExceeded);
    }
    return ScheduleAt(c, c.to_target, now() + env_.latencies.rnr);
  }
  c.peer_tries = 0;
  c.to_target.entries.pop_front();
  free_buffers_.push_back(packet.buffer);
  const Bytes iu = buffers_[packet.buffer];
  const RecvId recv = receives.posted.front();
  receives.posted.pop_front();
  if (iu.size() > c.accept.recv_bytes) {
    Completion completion;
    completion.kind = Completion::Kind::kRecv;
    completion.status = WorkStatus::kLocalLength;
    completion.id = recv.v;
    Put(c, c.completions, completion, Microseconds(1));
    SetTargetError(c);
    SetPeerError(c);
    return Tell(c, PeerEvent::Kind::kSendFailed, {}, 0, WorkStatus::kOther);
  }
  Schedule(c, c.to_target);
  ++ius_;
  env_.trace->Add(now(), c.id.v, "target receives", iu.empty() ? 0 : iu[0],
                  iu.size() < 16 ? 0 : LoadBe64(iu.data() + 8));
  if (!c.established) ++c.early_ius;
  if (!iu.empty() && (iu[0] == kCredRsp || iu[0] == kAerRsp)) c.request_waits = false;
  TellIu(c, true, packet.sent, packet.solicited, iu);
  ShardMemory& memory = env_.target->MemoryOf(c.shard);
  memory.Receive(ReceiverOf(c), recv, iu);
  receives.allotted[recv.v - receives.first] = false;
  event::IuReceived e;
  e.channel = c.accept.channel;
  e.recv = recv;
  e.bytes = memory.RecvBuffer(ReceiverOf(c), recv);
  env_.target->OnShardEvent(c.shard, e);
}

void Fabric::Do(std::uint32_t shard, const action::PostRecv& a) {
  const bool shared = !a.channel.valid();
  Connection* const c =
      shared ? nullptr : &OfChannel(shard, a.channel, "PostRecv on an unknown channel");
  ReceiveQueue* queue = shared ? nullptr : &c->own_receives;
  for (ReceiveQueue& q : shared_[shard]) {
    if (shared && q.Has(a.recv)) queue = &q;
  }
  if (queue == nullptr || !queue->Has(a.recv)) {
    return Broke(Invariant::kBufferUsedOnce, "PostRecv of a buffer that was not allotted");
  }
  if (queue->allotted[a.recv.v - queue->first]) {
    return Broke(Invariant::kBufferUsedOnce, "PostRecv of a buffer that is posted already");
  }
  queue->allotted[a.recv.v - queue->first] = true;
  if (shared || c->target_qp == TargetQp::kUp) {
    queue->posted.push_back(a.recv);
    return;
  }
  Completion completion;
  completion.kind = Completion::Kind::kRecv;
  completion.status = WorkStatus::kFlushed;
  completion.id = a.recv.v;
  Put(*c, c->completions, completion, Microseconds(1));
}

void Fabric::PostReceives(PeerId peer, std::uint32_t count) {
  Connection& c = Of(peer);
  c.peer_receives += count;
  Schedule(c, c.sq);
}

void Fabric::SetPeerError(Connection& c) {
  for (const Packet& p : c.to_target.entries) free_buffers_.push_back(p.buffer);
  c.to_target.entries.clear();
  if (c.peer_qp == PeerQp::kUp) c.peer_qp = PeerQp::kError;
}

}  // namespace srpt::sim
