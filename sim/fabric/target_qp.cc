// Towards the peer: the target's work requests, in order, and their completions, in order.
#include <algorithm>

#include "core/base/limits.h"
#include "sim/fabric/fabric.h"

namespace srpt::sim {
namespace {

constexpr std::uint8_t kCredReq = 0x81;  // Opcodes.
constexpr std::uint8_t kAerReq = 0x82;

}  // namespace

// --- Posting
// --------------------------------------------------------------------------------------

void Fabric::Do(std::uint32_t shard, const action::SendIu& a) {
  Connection& c = OfChannel(shard, a.channel, "SendIu on an unknown channel");
  if (a.length > c.accept.send_bytes) {
    return Broke(Invariant::kWithinPeersMaximum, "an IU longer than its peer takes");
  }
  if (a.send.v >= c.accept.send_count) {
    return Broke(Invariant::kBufferUsedOnce, "SendIu outside of the send buffers");
  }
  WorkRequest wr;
  wr.kind = WorkRequest::Kind::kSend;
  wr.solicited = a.solicited;
  wr.id = a.send.v;
  wr.length = a.length;
  const Bytes iu = env_.target->MemoryOf(shard).SendBuffer(a.channel, a.send);
  wr.entity = a.length < 16 ? c.lineage : c.lineage.Child(LoadBe64(iu.data() + 8));
  wr.ordinal = a.length == 0 ? 0x100 : 0x100u + iu[0];
  if (a.length > 0 && (iu[0] == kCredReq || iu[0] == kAerReq)) {
    if (c.request_waits) {
      return Broke(Invariant::kOneTargetRequest, "a CRED_REQ or AER_REQ while another one waits");
    }
    c.request_waits = true;
  }
  Post(c, wr);
}

void Fabric::Do(std::uint32_t shard, const action::RdmaWrite& a) {
  PostRdma(OfChannel(shard, a.channel, "RdmaWrite on an unknown channel"),
           WorkRequest::Kind::kWrite, a);
}

void Fabric::Do(std::uint32_t shard, const action::RdmaRead& a) {
  PostRdma(OfChannel(shard, a.channel, "RdmaRead on an unknown channel"), WorkRequest::Kind::kRead,
           a);
}

void Fabric::Do(std::uint32_t shard, const action::Probe& a) {
  Connection& c = OfChannel(shard, a.channel, "Probe on an unknown channel");
  WorkRequest wr;
  wr.kind = WorkRequest::Kind::kProbe;
  wr.entity = c.lineage;
  wr.ordinal = 0x9000000u + c.wr_posted;
  Post(c, wr);
}

template <class Rdma>
void Fabric::PostRdma(Connection& c, WorkRequest::Kind kind, const Rdma& a) {
  WorkRequest wr;
  wr.kind = kind;
  wr.signaled = a.signaled;
  wr.id = a.buffer.v;
  wr.offset = a.offset;
  wr.length = a.length;
  wr.remote = a.remote;
  wr.rkey = a.rkey;
  Post(c, wr);
}

void Fabric::Post(Connection& c, WorkRequest wr) {
  if (c.disconnect_asked) Broke(Invariant::kSilentAfterDisconnect, "work posted after Disconnect");
  if (c.target_qp == TargetQp::kDestroyed)
    return Broke(Invariant::kSilentAfterDisconnect, "work posted to a destroyed queue pair");
  if (wr.kind == WorkRequest::Kind::kWrite || wr.kind == WorkRequest::Kind::kRead) {
    if (wr.offset > limits::kDataBufferBytes || wr.length > limits::kDataBufferBytes - wr.offset ||
        wr.length == 0) {
      return Broke(Invariant::kBufferUsedOnce, "RDMA outside of its data buffer");
    }
    const MemoryRegions::Entry* region = regions_.Find(wr.rkey);
    wr.entity = region == nullptr ? c.lineage : region->lineage;
    wr.ordinal = wr.remote.v;
  }
  wr.number = ++c.wr_posted;
  wr.posted = now();
  if (c.wr_posted - c.wr_retired > c.accept.sq_size) {
    Broke(Invariant::kDepthsRespected,
          "more work requests on the send queue than action::Accept::sq_size");
  }
  if (c.target_qp == TargetQp::kError) {
    return Complete(c, wr, WorkStatus::kFlushed, Microseconds(1));
  }
  Duration latency =
      env_.latencies.wire.Draw(*env_.decisions, Site::kWireLatency, wr.entity, wr.ordinal);
  if (env_.faults->Strikes(FaultKind::kWireSlow, wr.entity, wr.ordinal)) {
    const Duration more = env_.faults->Length(FaultKind::kWireSlow, wr.entity, wr.ordinal,
                                              Milliseconds(1), Milliseconds(200));
    latency.ns += more.ns;
  }
  if (env_.faults->Strikes(FaultKind::kPostRefused, wr.entity, wr.ordinal)) {
    const Duration wait = env_.faults->Length(FaultKind::kPostRefused, wr.entity, wr.ordinal,
                                              Microseconds(10), Milliseconds(20));
    latency.ns += wait.ns;
  }
  wr.doomed = env_.faults->Strikes(FaultKind::kRetryExceeded, wr.entity, wr.ordinal);
  Put(c, c.sq, wr, latency);
}

// --- Executing
// ------------------------------------------------------------------------------------

void Fabric::OnToPeer(Connection& c) {
  c.sq.scheduled = false;
  // All that has arrived: a chain of WRITEs and its response are one happening.
  while (!c.sq.entries.empty() && c.target_qp == TargetQp::kUp) {
    const WorkRequest wr = c.sq.entries.front();
    if (wr.due > now()) return Schedule(c, c.sq);
    if (wr.doomed || c.peer_qp == PeerQp::kError || c.peer_qp == PeerQp::kGone || IsLost(c)) {
      return FailHead(c, WorkStatus::kRetryExceeded, env_.latencies.retry);
    }
    if (IsDown()) return ScheduleAt(c, c.sq, down_until_);
    // Not there yet (REP is on its way), or without a receive: it is tried again.
    const bool no_receive = wr.kind == WorkRequest::Kind::kSend && c.peer_receives == 0;
    if (c.peer_qp == PeerQp::kNone || no_receive) {
      ++c.target_tries;
      const bool last = c.target_tries > env_.rnr_retries && c.peer_qp != PeerQp::kNone;
      env_.trace->Add(now(), c.id.v, "RNR at the peer", c.target_tries);
      TellShort(c, StoryEvent::Kind::kRnr, false, c.target_tries, {});
      if (last) return FailHead(c, WorkStatus::kRnrExceeded, Duration{});
      const std::uint32_t shift = std::min(c.target_tries - 1, 8u);
      return ScheduleAt(c, c.sq, now() + Duration{env_.latencies.rnr.ns << shift});
    }
    c.target_tries = 0;
    c.sq.entries.pop_front();
    if (!Execute(c, wr)) return;
  }
}

bool Fabric::Execute(Connection& c, const WorkRequest& wr) {
  const auto fail = [&](WorkStatus status) {
    Complete(c, wr, status, Microseconds(2));
    FailBoth(c, status);
    return false;
  };
  if (wr.kind == WorkRequest::Kind::kSend) {
    const Bytes iu =
        env_.target->MemoryOf(c.shard).SendBuffer(c.accept.channel, SendId(wr.id)).first(wr.length);
    if (iu.size() > c.options.receive_bytes) return fail(WorkStatus::kOther);
    if (c.options.receives == 0) --c.peer_receives;
    ++ius_;
    env_.trace->Add(now(), c.id.v, "peer receives", iu.empty() ? 0 : iu[0],
                    iu.size() < 16 ? 0 : LoadBe64(iu.data() + 8));
    TellIu(c, false, wr.posted, wr.solicited, iu);
    Complete(c, wr, WorkStatus::kOk, Duration{});
    Tell(c, PeerEvent::Kind::kIu, iu, 0, WorkStatus::kOk, wr.solicited);
    return true;
  }
  if (wr.kind == WorkRequest::Kind::kProbe) {
    env_.trace->Add(now(), c.id.v, "a probe is acknowledged", 0, 0);
    TellShort(c, StoryEvent::Kind::kProbe, false, 0, {});
    Complete(c, wr, WorkStatus::kOk, Duration{});
    return true;
  }
  if (wr.kind == WorkRequest::Kind::kRead && IsLate(c, wr)) {
    PutLate(c, wr);
    return true;
  }
  const WorkStatus status = Move(c, wr);
  if (status != WorkStatus::kOk) return fail(status);
  Complete(c, wr, WorkStatus::kOk, Duration{});
  return true;
}

WorkStatus Fabric::Move(Connection& c, const WorkRequest& wr) {
  const bool write = wr.kind == WorkRequest::Kind::kWrite;
  MemoryRegions::Entry* region = nullptr;
  std::uint64_t offset = 0;
  const char* why =
      regions_.Check(c.options.host, wr.rkey, wr.remote, wr.length,
                     write ? access::kRemoteWrite : access::kRemoteRead, &region, &offset);
  env_.trace->Add(now(), c.id.v,
                  why != nullptr ? why
                  : write        ? "RDMA WRITE"
                                 : "RDMA READ",
                  wr.rkey.v, wr.length);
  if (why != nullptr) {
    ++refused_accesses_;
    TellRdma(c, wr, why);
    c.refused_key = wr.rkey;
    const MemoryRegions::Entry* named = regions_.Find(wr.rkey);
    if (named != nullptr && named->host != c.options.host && !c.options.overruns) {
      Broke(Invariant::kOwnKeysOnly, "an RDMA access to the memory of another host");
    }
    return WorkStatus::kRemoteAccess;
  }
  ++region->accesses;
  ShardMemory& memory = env_.target->MemoryOf(c.shard);
  if (write) {
    Content::Copy(memory.Data(BufferId(wr.id)), wr.offset, region->content, offset, wr.length);
  } else {
    Content& data = wr.offset == 0 ? memory.DataFor(BufferId(wr.id), region->content.form())
                                   : memory.Data(BufferId(wr.id));
    Content::Copy(region->content, offset, data, wr.offset, wr.length);
  }
  TellRdma(c, wr, nullptr);
  return WorkStatus::kOk;
}

void Fabric::FailBoth(Connection& c, WorkStatus status) {
  SetTargetError(c);
  const bool was_up = c.peer_qp == PeerQp::kUp;
  SetPeerError(c);
  if (was_up) Tell(c, PeerEvent::Kind::kQpError, {}, 0, status);
}

// The head cannot be delivered, and so nothing behind it can.
void Fabric::FailHead(Connection& c, WorkStatus status, Duration after) {
  const WorkRequest wr = c.sq.entries.front();
  c.sq.entries.pop_front();
  Complete(c, wr, status, after);
  SetTargetError(c);
}

void Fabric::SetTargetError(Connection& c) {
  if (c.target_qp != TargetQp::kUp) return;
  c.target_qp = TargetQp::kError;
  FlushLate(c);
  if (c.silent && !c.silent_for_good) {
    for (Completion& lost : c.withheld) {
      if (lost.status == WorkStatus::kOk) lost.status = WorkStatus::kFlushed;
      Put(c, c.completions, lost, Microseconds(1));
    }
    c.withheld.clear();
    c.silent = false;
  }
  for (const WorkRequest& wr : c.sq.entries) Complete(c, wr, WorkStatus::kFlushed, Duration{});
  c.sq.entries.clear();
  for (const RecvId recv : c.own_receives.posted) {  // A shared queue keeps what it has.
    Completion completion;
    completion.kind = Completion::Kind::kRecv;
    completion.status = WorkStatus::kFlushed;
    completion.id = recv.v;
    Put(c, c.completions, completion, Duration{});
  }
  c.own_receives.posted.clear();
}

// --- Completing
// -----------------------------------------------------------------------------------

void Fabric::Complete(Connection& c, const WorkRequest& wr, WorkStatus status, Duration after) {
  Completion completion;
  completion.status = status;
  completion.id = wr.id;
  completion.number = wr.number;
  completion.kind = Completion::Kind::kRdma;
  if (wr.kind == WorkRequest::Kind::kSend) completion.kind = Completion::Kind::kSend;
  if (wr.kind == WorkRequest::Kind::kProbe) completion.kind = Completion::Kind::kProbe;
  if (!wr.signaled) {
    // Its success is told by the next signaled one; so is its flush.
    if (status == WorkStatus::kOk || status == WorkStatus::kFlushed) return;
    completion.kind = Completion::Kind::kQpFailed;
  }
  if (status == WorkStatus::kOk) {
    if (env_.faults->Strikes(FaultKind::kLostCompletion, wr.entity, wr.ordinal) && !c.silent) {
      c.silent = true;
      c.silent_for_good = env_.decisions->Draw(Site::kCompletionLatency, wr.entity, 1) % 4 == 0;
      env_.trace->Add(now(), c.id.v, "send queue goes silent", wr.id, c.silent_for_good);
    }
    const Duration ack = env_.latencies.completion.Draw(*env_.decisions, Site::kCompletionLatency,
                                                        wr.entity, wr.ordinal);
    after.ns += ack.ns;
    if (env_.faults->Strikes(FaultKind::kLateCompletion, wr.entity, wr.ordinal)) {
      after.ns += env_.faults
                      ->Length(FaultKind::kLateCompletion, wr.entity, wr.ordinal, Milliseconds(1),
                               Seconds(3))
                      .ns;
    }
  }
  if (env_.faults->Strikes(FaultKind::kCoalesced, wr.entity, wr.ordinal)) {
    after.ns += env_.faults
                    ->Length(FaultKind::kCoalesced, wr.entity, wr.ordinal, Microseconds(20),
                             Milliseconds(1))
                    .ns;
  }
  if (c.silent) {
    c.withheld.push_back(completion);
    return;
  }
  Put(c, c.completions, completion, after);
}

void Fabric::OnCompletion(Connection& c) {
  c.completions.scheduled = false;
  if (c.completions.entries.empty() || c.target_qp == TargetQp::kDestroyed) return;
  Completion completion = c.completions.entries.front();
  if (completion.due > now()) return Schedule(c, c.completions);
  c.completions.entries.pop_front();
  Schedule(c, c.completions);
  if (completion.late) FetchLate(c, completion);
  c.wr_retired = std::max(c.wr_retired, completion.number);
  const ChannelId channel = c.accept.channel;
  TellCompletion(c, completion);
  switch (completion.kind) {
    case Completion::Kind::kSend:
      return env_.target->OnShardEvent(
          c.shard, event::SendDone{channel, SendId(completion.id), completion.status});
    case Completion::Kind::kRdma:
      return env_.target->OnShardEvent(
          c.shard, event::RdmaDone{channel, BufferId(completion.id), completion.status});
    case Completion::Kind::kProbe:
      return env_.target->OnShardEvent(c.shard, event::ProbeDone{channel, completion.status});
    case Completion::Kind::kQpFailed:
      return env_.target->OnShardEvent(c.shard, event::QpFailed{channel, completion.status});
    case Completion::Kind::kReceivesOver:
      return env_.target->OnShardEvent(c.shard, event::ReceivesOver{channel});
    case Completion::Kind::kUnsignaled:
      return;  // The next signaled one tells.
    case Completion::Kind::kRecv:
      ReceivesOf(c).allotted[completion.id - ReceivesOf(c).first] = false;
      return env_.target->OnShardEvent(
          c.shard, event::RecvFailed{channel, RecvId(completion.id), completion.status});
  }
}

}  // namespace srpt::sim
