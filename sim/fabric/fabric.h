// A fabric with RC semantics: connections between initiators' queue pairs and the target's.
//
// Each connection is two pipes. Towards the target travel the peer's SENDs; towards the peer the
// target's work requests, in the order of their posting. Only the head of a pipe moves: when it
// waits (no receive posted: RNR), all behind it wait. An executed work request's completion comes
// back in the same order. A failure puts the queue pair into error and flushes what is left; what
// was executed stays executed. The data of a READ may be fetched late, when what is behind it has
// been executed; its completion and those behind it wait for that.
//
// Files: cm.cc (REQ, REP, RTU, REJ, DREQ, DREP, timewait), peer_qp.cc (towards the target),
// target_qp.cc (towards the peer, completions), late_reads.cc, calamity.cc (what befalls all
// connections at once), telling.cc (for the story, sim/story.h).
#ifndef SIM_FABRIC_FABRIC_H_
#define SIM_FABRIC_FABRIC_H_

#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/action.h"
#include "core/event.h"
#include "sim/clock.h"
#include "sim/decisions.h"
#include "sim/event_queue.h"
#include "sim/fabric/latency.h"
#include "sim/fabric/mr.h"
#include "sim/faults.h"
#include "sim/invariants.h"
#include "sim/memory.h"
#include "sim/peer.h"
#include "sim/story.h"
#include "sim/trace.h"

namespace srpt::sim {

// Who is at the target's end. Called from Fabric::On only, never from within an action.
class TargetSide {
 public:
  virtual ~TargetSide() = default;
  virtual void OnDirectorEvent(const DirectorEvent& event) = 0;
  virtual void OnShardEvent(std::uint32_t shard, const ShardEvent& event) = 0;
  virtual ShardMemory& MemoryOf(std::uint32_t shard) = 0;
};

class Fabric {
 public:
  struct Environment {
    const Clock* clock;
    EventQueue* queue;
    const Decisions* decisions;
    Faults* faults;
    Trace* trace;
    Story* story;  // Null: nobody wants it.
    TargetSide* target;
    Latencies latencies;
    std::uint32_t rnr_retries = 7;  // Of the target's SENDs. All ones: for ever.
    std::uint32_t shards = 1;
    std::uint32_t srq_count = 0;  // Shared receive queues of each shard, full at the start.
    std::uint32_t srq_size = 0;
  };
  explicit Fabric(const Environment& environment);

  // --- The initiators' side: as World documents it.
  PeerId Connect(const ConnectOptions& options);
  bool Send(PeerId peer, Bytes iu, bool solicited);
  void PostReceives(PeerId peer, std::uint32_t count);
  void Disconnect(PeerId peer);
  void Vanish(PeerId peer);
  void WithholdRtu(PeerId peer, bool withhold);
  bool IsConnected(PeerId peer) const;
  std::optional<ChannelId> ChannelOf(PeerId peer) const;
  std::optional<std::uint32_t> ShardOf(PeerId peer) const;
  std::uint32_t EarlyIus(PeerId peer) const { return Of(peer).early_ius; }
  HostId HostOf(PeerId peer) const;
  std::optional<PeerEvent> TakeEvent(PeerId peer);
  MemoryRegions& regions() { return regions_; }
  const MemoryRegions& regions() const { return regions_; }

  // --- The target's side: its actions.
  void Do(std::uint32_t shard, const action::Accept& a);
  void Do(const action::Reject& a);
  void Do(std::uint32_t shard, const action::NotifyEstablished& a);
  void Do(std::uint32_t shard, const action::Disconnect& a);
  void Do(std::uint32_t shard, const action::DestroyQp& a);
  void Do(std::uint32_t shard, const action::PostRecv& a);
  void Do(std::uint32_t shard, const action::SendIu& a);
  void Do(std::uint32_t shard, const action::RdmaWrite& a);
  void Do(std::uint32_t shard, const action::RdmaRead& a);
  void Do(std::uint32_t shard, const action::Probe& a);

  // --- The queue: kToTarget, kToPeer, kCompletion, kCm.
  void On(const EventQueue::Item& item);

  // --- What befalls all connections at once (calamity.cc).
  // Nothing passes until then: what waits longer than the retries last is lost.
  void PortDown(Time until);
  // The target's address is another one now: no packet of a connection made before arrives.
  void MoveAddress();
  // The device is gone, and with it every queue pair; connection requests find it again from then.
  void RemoveDevice(Time until);
  // The shard's completion queue is lost, with all its queue pairs.
  void OverrunCq(std::uint32_t shard);
  // The target's process is gone; another one, that knows of nothing, may be asked from then. The
  // operating system sends the DREQs, unless its power is gone, too.
  void KillTarget(Time until, bool power_loss);

  // Whose thread an item of the queue waits for: a shard, the director, or nobody.
  struct Thread {
    bool director = false;
    std::optional<std::uint32_t> shard;
  };
  Thread ThreadOf(const EventQueue::Item& item) const;

  // Empty, or the first rule of the verbs that the target broke.
  const Breach& breach() const { return breach_; }
  // IUs that were delivered, to either end.
  std::uint64_t ius() const { return ius_; }
  // Times a peer's IU found no receive posted.
  std::uint64_t rnr_at_target() const { return rnr_at_target_; }
  // Accesses to the initiators' memory that were refused, and the last reason.
  std::uint64_t refused_accesses() const { return refused_accesses_; }
  // No connection at all is left on the target's side.
  bool IsQuiet() const;
  std::vector<std::string> Pending() const;

 private:
  enum class CmStep : std::uint8_t {
    kReqArrives,
    kReqWithdrawn,
    kRepArrives,
    kRejArrives,
    kRtuArrives,
    kUnreachable,
    kDreqAtTarget,
    kDreqAtPeer,
    kDisconnectDone,  // DREP, or nobody answered: the target's Disconnect is over.
    kDrepAtPeer,
    kTimewaitOver,
    kAcceptFailed,
    kQpDestroyed,
    kPeerSendFails,
    kDeviceRemoved,
    kCqLost,
    kPeerGivesUp,  // Its DREQ was not answered.
  };
  enum class Cm : std::uint8_t { kRequested, kAsked, kAccepted, kOver };
  enum class PeerQp : std::uint8_t { kNone, kUp, kError, kGone };
  enum class TargetQp : std::uint8_t { kNone, kUp, kError, kDestroyed };

  struct Packet {  // Towards the target.
    Time due;
    Time sent;
    std::uint32_t buffer = 0;
    bool solicited = false;
  };
  struct WorkRequest {  // Towards the peer.
    enum class Kind : std::uint8_t { kSend, kWrite, kRead, kProbe };
    Kind kind = Kind::kSend;
    bool signaled = true;
    bool solicited = false;
    bool doomed = false;   // Will never be acknowledged.
    std::uint32_t id = 0;  // SendId or BufferId.
    std::uint32_t offset = 0;
    std::uint32_t length = 0;
    RemoteAddr remote;
    RKey rkey;
    Time due;
    Time posted;
    std::uint64_t number = 0;  // Counts all that was posted.
    Lineage entity;
    std::uint64_t ordinal = 0;
  };
  struct Completion {
    enum class Kind : std::uint8_t {
      kSend,
      kRdma,
      kProbe,
      kQpFailed,
      kRecv,
      kUnsignaled,
      kReceivesOver
    };
    Kind kind = Kind::kSend;
    WorkStatus status = WorkStatus::kOk;
    bool late = false;  // The first of late_reads: its data are fetched now.
    std::uint32_t id = 0;
    std::uint64_t number = 0;  // All work requests up to this one leave the send queue.
    Time due;
  };
  // What moves in order; `what` happens when the head is due.
  template <class Entry>
  struct Pipe {
    explicit Pipe(Happening happening) : what(happening) {}
    Happening what;
    std::deque<Entry> entries;
    bool scheduled = false;
    Time last;  // Nothing is due before what was put in ahead of it.
  };
  // Receives of the target: of one connection, or shared by many.
  struct ReceiveQueue {
    void PostAll(std::uint32_t first_id, std::uint32_t count);
    bool Has(RecvId recv) const { return recv.v - first < allotted.size(); }
    std::uint32_t first = 0;
    std::deque<RecvId> posted;
    std::vector<bool> allotted;  // From `first` on: the driver's, until it is reported.
  };
  struct Connection {
    PeerId id;
    ConnectOptions options;
    Lineage lineage;
    Cm cm = Cm::kRequested;
    bool withhold_rtu = false;
    bool vanished = false;
    bool stale = false;    // The peer has given up on it: it refuses the REP.
    bool cut = false;      // Nothing arrives any more, at either end.
    bool removed = false;  // The target's device is.
    bool dead = false;     // The target's process is.
    // The peer's end.
    PeerQp peer_qp = PeerQp::kNone;
    bool peer_over = false;  // Its last event was given.
    bool peer_dreq = false;  // It sent one.
    std::uint32_t peer_receives = 0;
    Pipe<Packet> to_target{Happening::kToTarget};
    std::uint32_t peer_tries = 0;
    std::deque<PeerEvent> events;
    // The target's end.
    TargetQp target_qp = TargetQp::kNone;
    std::uint32_t shard = 0;
    action::Accept accept;
    bool sq_refused = false;  // A shorter send queue may do.
    std::vector<std::uint8_t> reject;
    bool established = false;
    std::uint32_t early_ius = 0;  // Of the peer, that arrived before.
    bool request_waits = false;   // A CRED_REQ or AER_REQ has no answer yet.
    bool disconnect_asked = false;
    bool disconnected = false;     // Reported to the target.
    bool silent = false;           // Completions of the send queue are lost...
    bool silent_for_good = false;  // ... even after the queue pair went to error.
    ReceiveQueue own_receives;     // Unless it uses a shared queue.
    Pipe<WorkRequest> sq{Happening::kToPeer};
    std::uint32_t target_tries = 0;
    RKey refused_key;  // Of the last access that was refused.
    std::uint64_t wr_posted = 0;
    std::uint64_t wr_retired = 0;
    Pipe<Completion> completions{Happening::kCompletion};
    std::deque<Completion> withheld;
    std::deque<WorkRequest> late_reads;  // Each has its completion among `completions`.
  };

  Connection& Of(PeerId peer);
  const Connection& Of(PeerId peer) const;
  Connection& OfChannel(std::uint32_t shard, ChannelId channel, const char* what);
  ReceiveQueue& ReceivesOf(Connection& c) {
    return c.accept.recv_count != 0 ? c.own_receives : shared_[c.shard][c.accept.srq];
  }
  // Whose memory a receive of it is (sim/memory.h).
  static ChannelId ReceiverOf(const Connection& c) {
    return c.accept.recv_count != 0 ? c.accept.channel : ChannelId();
  }
  Time now() const { return env_.clock->now(); }
  void Broke(Invariant invariant, std::string what);
  void Tell(Connection& c, PeerEvent::Kind kind, Bytes bytes = {}, std::uint16_t reason = 0,
            WorkStatus status = WorkStatus::kOk, bool solicited = false);
  void TellOver(Connection& c, PeerEvent::Kind kind, Bytes bytes = {}, std::uint16_t reason = 0);

  template <class Entry>
  void Put(const Connection& c, Pipe<Entry>& pipe, Entry entry, Duration after) {
    entry.due = pipe.last = std::max(pipe.last, now() + after);
    pipe.entries.push_back(std::move(entry));
    Schedule(c, pipe);
  }
  template <class Entry>
  void Schedule(const Connection& c, Pipe<Entry>& pipe) {
    if (pipe.scheduled || pipe.entries.empty()) return;
    ScheduleAt(c, pipe, pipe.entries.front().due);
  }
  template <class Entry>
  void ScheduleAt(const Connection& c, Pipe<Entry>& pipe, Time at) {
    pipe.scheduled = true;
    env_.queue->Push(std::max(at, now()), pipe.what, c.id.v);
  }

  // cm.cc
  void ScheduleCm(Connection& c, CmStep step, Time at);
  // A message on the wire: it may arrive twice.
  void SendCm(Connection& c, CmStep step, Time at);
  Time SendStaleReq(const ConnectOptions& options, Lineage lineage);
  void RefuseRep(Connection& c);
  Time CmArrival(const Connection& c, CmStep step) const;
  void OnCm(Connection& c, CmStep step);
  void OnReqArrives(Connection& c);
  void OnRepArrives(Connection& c);
  void OnQpDestroyed(Connection& c);
  // calamity.cc
  void InitShared();
  bool IsDown() const { return now() < down_until_; }
  // Longer than retries bridge.
  bool IsLost(const Connection& c) const {
    return c.cut || down_until_ > now() + env_.latencies.retry;
  }
  static bool IsOnTheWire(CmStep step);
  void OnDeviceRemoved(Connection& c);
  // peer_qp.cc
  void OnToTarget(Connection& c);
  void SetPeerError(Connection& c);
  std::uint32_t TakeBuffer(Bytes bytes);
  // target_qp.cc
  template <class Rdma>
  void PostRdma(Connection& c, WorkRequest::Kind kind, const Rdma& a);
  void Post(Connection& c, WorkRequest wr);
  void OnToPeer(Connection& c);
  bool Execute(Connection& c, const WorkRequest& wr);
  WorkStatus Move(Connection& c, const WorkRequest& wr);
  void FailBoth(Connection& c, WorkStatus status);
  void FailHead(Connection& c, WorkStatus status, Duration after);
  void SetTargetError(Connection& c);
  void Complete(Connection& c, const WorkRequest& wr, WorkStatus status, Duration after);
  void OnCompletion(Connection& c);
  // telling.cc: for the story; nothing if nobody wants it.
  void TellPeer(const Connection& c);
  void TellCm(const Connection& c, CmStep step);
  void TellIu(const Connection& c, bool to_target, Time sent, bool solicited, Bytes iu);
  void TellRdma(const Connection& c, const WorkRequest& wr, const char* refused);
  void TellCompletion(const Connection& c, const Completion& completion);
  void TellBreach();
  void TellShort(const Connection& c, StoryEvent::Kind kind, bool to_target, std::uint64_t id,
                 std::string_view text);
  // late_reads.cc
  bool IsLate(const Connection& c, const WorkRequest& read);
  void PutLate(Connection& c, const WorkRequest& read);
  void FetchLate(Connection& c, Completion& completion);
  void FlushLate(Connection& c, bool all = false);

  Environment env_;
  MemoryRegions regions_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<std::vector<std::uint32_t>> by_channel_;  // [shard][slot] -> connection + 1.
  std::vector<std::vector<ReceiveQueue>> shared_;       // [shard][queue].
  std::vector<std::vector<std::uint8_t>> buffers_;
  std::vector<std::uint32_t> free_buffers_;
  Breach breach_;
  std::uint64_t ius_ = 0;
  std::uint64_t rnr_at_target_ = 0;
  std::uint64_t refused_accesses_ = 0;
  std::uint32_t open_ = 0;  // Connections that the target has a queue pair for.
  Time down_until_;         // The port.
  Time gone_until_;         // Whom a REQ would be for.
};

}  // namespace srpt::sim

#endif  // SIM_FABRIC_FABRIC_H_
