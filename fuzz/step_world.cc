#include "fuzz/step_world.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include "core/srp/director_invariants.h"
#include "core/wire/rsp.h"

#if defined(__SANITIZE_ADDRESS__)
#define FUZZ_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FUZZ_ASAN 1
#endif
#endif
#ifdef FUZZ_ASAN
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, n) ((void)(at), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(at, n) ((void)(at), (void)(n))
#endif

namespace srpt::fuzz {
namespace {

constexpr std::uint32_t kBuffersMax = 8;
constexpr std::uint32_t kSharedRecvsMax = 64;
constexpr std::uint32_t kRecvsMax = 16;

// Shared by all worlds: what the shard leaves unwritten must not matter, nor who used it before.
// (A channel's send buffers are its own, as its driver promises: a RSP that waits lies in one.)
using SendBuffers = std::array<std::array<std::uint8_t, 256>, limits::kSendPerChannelMax>;
std::array<std::array<SendBuffers, kChannels>, kShards> g_sends;
std::array<std::array<std::array<std::uint8_t, limits::kDataBufferBytes>, kBuffersMax>, kShards>
    g_data;

}  // namespace

void Must(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "core broke a rule: %s\n", what);
  std::abort();
}

// --- Memory -------------------------------------------------------------------------------------

StepWorld::Iu& StepWorld::IuOf(std::uint32_t shard, const Peer& peer, std::uint32_t recv) const {
  static std::array<std::array<Iu, kSharedRecvsMax>, kShards> shared;
  static std::array<std::array<std::array<Iu, kRecvsMax>, kChannels>, kShards> own;
  if (parameters_.use_srq) return shared[shard][recv];
  return own[shard][peer.id.slot()][recv];
}

void StepWorld::Arrived(Iu& iu, std::size_t length) {
  // A sanitizer sees whoever looks beyond the bytes that came.
  iu.length = static_cast<std::uint32_t>(length);
  ASAN_POISON_MEMORY_REGION(iu.bytes.data() + length, iu.bytes.size() - length);
}

MutableBytes StepWorld::BytesOf(Iu& iu) {
  ASAN_UNPOISON_MEMORY_REGION(iu.bytes.data(), iu.bytes.size());
  return iu.bytes;
}

MutableBytes StepWorld::Memory::SendBuffer(ChannelId channel, SendId send) {
  return MutableBytes(g_sends[shard][channel.slot()][send.v])
      .first(world->At(shard, channel).max_ti);
}

Bytes StepWorld::Memory::RecvBuffer(ChannelId channel, RecvId recv) {
  Must(channel.valid() != world->parameters_.use_srq, "whose receive buffer is it");
  static const Peer kNobody;
  const Iu& iu = world->IuOf(shard, channel.valid() ? world->At(shard, channel) : kNobody, recv.v);
  return Bytes(iu.bytes).first(iu.length);
}

MutableBytes StepWorld::Memory::DataBuffer(BufferId buffer) { return g_data[shard][buffer.v]; }

MutableBytes StepWorld::Data(std::uint32_t shard, const Work& work) {
  return MutableBytes(g_data[shard][work.index]).subspan(work.offset, work.length);
}

// --- The world ----------------------------------------------------------------------------------

namespace {

std::vector<TargetPort> Ports() {
  std::vector<TargetPort> ports;
  for (std::uint32_t i = 0; i < kPorts; ++i) {
    TargetPort port;
    port.id = TargetPortId(i);
    port.name = "t" + std::to_string(i);
    ports.push_back(port);
  }
  return ports;
}

}  // namespace

StepWorld::StepWorld(const Parameters& parameters) : parameters_(parameters) {
  Must(parameters.shards <= kShards && parameters.data_buffers_per_shard <= kBuffersMax &&
           parameters.channels_per_shard == kChannels && parameters.devices_max == kUnits &&
           parameters.commands_per_channel() <= kRecvsMax &&
           (!parameters.use_srq || parameters.srpt_srq_size <= kSharedRecvsMax),
       "parameters that the tables have room for");
  director_ = std::make_unique<Director>(parameters, Ports());
  for (std::uint32_t i = 0; i < parameters.shards; ++i) {
    memory_[i].world = this;
    memory_[i].shard = i;
    shards_[i] = std::make_unique<Shard>(parameters, ShardId(i), &memory_[i]);
    Lane& lane = books_.lanes[i];
    lane.to_destroy.reserve(kChannels);
    for (Peer& peer : lane.peers) {
      peer.recvs = Ring<std::uint32_t>(kRecvsMax);
      peer.work = Ring<Work>(parameters.srpt_sq_size);
    }
    if (!parameters.use_srq) continue;
    lane.shared_recvs = Ring<std::uint32_t>(kSharedRecvsMax);
    for (std::uint32_t r = 0; r < parameters.srpt_srq_size; ++r) lane.shared_recvs.Push(r);
  }
  books_.ops.reserve(64);
}

void StepWorld::Become(const StepWorld& start) {
  Must(!start.Undelivered(), "a starting state is at rest");
  books_ = start.books_;
  for (const Received& received : start.received_) {
    std::copy(received.bytes.begin(), received.bytes.end(), BytesOf(*received.at).begin());
    Arrived(*received.at, received.bytes.size());
  }
  for (const Sent& sent : start.sent_) {
    std::copy(sent.bytes.begin(), sent.bytes.end(),
              g_sends[sent.shard][sent.channel.slot()][sent.send.v].begin());
  }
  director_->Become(*start.director_);
  for (std::uint32_t i = 0; i < parameters_.shards; ++i) {
    shards_[i]->Become(*start.shards_[i]);
    to_shard_[i].clear();
    to_director_[i].clear();
  }
}

void StepWorld::Sweep() const {
  for (std::uint32_t i = 0; i < parameters_.shards; ++i) {
    const std::string broken = shards_[i]->BrokenInvariant();
    Must(broken.empty(), broken.c_str());
  }
  const std::string broken = DirectorInvariants::Broken(*director_);
  Must(broken.empty(), broken.c_str());
}

std::uint64_t StepWorld::fingerprint() const {
  std::uint64_t all = director_->fingerprint();
  for (std::uint32_t i = 0; i < parameters_.shards; ++i) all = all * 31 + shards_[i]->fingerprint();
  return all;
}

StepWorld::Peer* StepWorld::Find(std::uint32_t shard, ChannelId id) {
  Must(id.slot() < kChannels, "no such channel");
  Peer& peer = books_.lanes[shard].peers[id.slot()];
  return peer.present && peer.id == id ? &peer : nullptr;
}

StepWorld::Peer& StepWorld::At(std::uint32_t shard, ChannelId id) {
  Peer* peer = Find(shard, id);
  Must(peer != nullptr, "a channel that is gone, or never was");
  return *peer;
}

// --- Steps --------------------------------------------------------------------------------------

void StepWorld::StepShard(std::uint32_t shard, const ShardEvent& event) {
  Shard& s = *shards_[shard];
  actions_.Clear();
  s.Step(books_.now, event, actions_);
  for (const Action& action : actions_) Carry(shard, action);
  for (int i = 0; s.NextDeadline() <= books_.now; ++i) {
    Must(i < 10000, "46: work is left over for ever");
    actions_.Clear();
    s.Step(books_.now, event::DeadlineReached{}, actions_);
    for (const Action& action : actions_) Carry(shard, action);
  }
}

void StepWorld::StepDirector(const DirectorEvent& event) {
  actions_.Clear();
  director_->Step(books_.now, event, actions_);
  for (const Action& action : actions_) CarryFromDirector(action);
  for (int i = 0; director_->NextDeadline() <= books_.now; ++i) {
    Must(i < 10000, "46: the director has work left over for ever");
    actions_.Clear();
    director_->Step(books_.now, event::DeadlineReached{}, actions_);
    for (const Action& action : actions_) CarryFromDirector(action);
  }
}

bool StepWorld::DeliverOne(std::uint32_t shard, bool to_director) {
  if (to_director) {
    if (to_director_[shard].empty()) return false;
    const message::ToDirector message = std::move(to_director_[shard].front());
    to_director_[shard].pop_front();
    StepDirector(event::FromShard{ShardId(shard), message});
  } else {
    if (to_shard_[shard].empty()) return false;
    const message::ToShard message = std::move(to_shard_[shard].front());
    to_shard_[shard].pop_front();
    StepShard(shard, event::FromDirector{message});
  }
  return true;
}

bool StepWorld::Undelivered() const {
  for (std::uint32_t i = 0; i < parameters_.shards; ++i) {
    if (!to_shard_[i].empty() || !to_director_[i].empty()) return true;
  }
  return false;
}

void StepWorld::Pump() {
  for (int rounds = 0;; ++rounds) {
    Must(rounds < 10000, "46: messages without end");
    bool quiet = true;
    for (std::uint32_t i = 0; i < parameters_.shards; ++i) {
      std::vector<ChannelId>& doomed = books_.lanes[i].to_destroy;
      while (!doomed.empty()) {
        const ChannelId id = doomed.back();
        doomed.pop_back();
        Peer& peer = At(i, id);
        if (peer.destroyed) {
          Forget(i, peer);
          StepShard(i, event::QpDestroyed{id});
        } else if (peer.refused) {  // Its peer had gone before it was accepted.
          FailAccept({i, &peer}, false);
        }
        quiet = false;
      }
      if (books_.held) continue;
      if (DeliverOne(i, false)) quiet = false;
      if (DeliverOne(i, true)) quiet = false;
    }
    if (quiet) return;
  }
}

// --- Actions ------------------------------------------------------------------------------------

void StepWorld::CarryFromDirector(const Action& action) {
  if (const auto* to = std::get_if<action::ToShard>(&action)) {
    to_shard_[to->shard.v].push_back(to->message);
  } else if (const auto* reject = std::get_if<action::Reject>(&action)) {
    Conn& conn = books_.conns[reject->conn.v];
    Must(conn == Conn::kAsked || conn == Conn::kGone, "a login is answered once");
    conn = Conn::kRejected;
  } else if (std::holds_alternative<action::AdminDone>(action)) {
    ++books_.admin_done;
    Must(books_.admin_done <= books_.admin_asked, "an administrator is answered once");
  } else if (const auto* release = std::get_if<action::ReleaseLu>(&action)) {
    for (const BlockOp& op : books_.ops) {
      Must(op.lu != release->lu, "a unit is let go of once no operation of it is in flight");
    }
  }
}

void StepWorld::OnAccept(std::uint32_t shard, const action::Accept& accept) {
  Conn& conn = books_.conns[accept.conn.v];
  Must(conn == Conn::kAsked || conn == Conn::kGone, "a login is answered once");
  Must(accept.channel.slot() < kChannels, "no such channel");
  Lane& lane = books_.lanes[shard];
  Peer& peer = lane.peers[accept.channel.slot()];
  Must(!peer.present || peer.id == accept.channel, "a channel's place is taken");
  peer.Reset();
  peer.present = true;
  peer.id = accept.channel;
  peer.conn = accept.conn;
  peer.max_ti = accept.send_bytes;
  peer.sq_size = accept.sq_size;
  peer.credits = peer.granted = static_cast<std::int32_t>(LoadBe32(accept.login_rsp.data() + 4));
  Must(accept.recv_count == (parameters_.use_srq ? 0 : peer.granted + 2),
       "10: a receive for every credit and two more");
  for (std::uint32_t i = 0; i < accept.recv_count; ++i) peer.recvs.Push(i);
  if (conn == Conn::kGone) {
    peer.refused = true;
    lane.to_destroy.push_back(peer.id);
  } else {
    conn = Conn::kAccepted;
  }
}

void StepWorld::OnSendIu(std::uint32_t shard, const action::SendIu& send) {
  Peer& peer = At(shard, send.channel);
  Must(send.length <= peer.max_ti, "15: nothing longer than the peer's maximum");
  const Bytes iu = Bytes(g_sends[shard][send.channel.slot()][send.send.v]).first(send.length);
  if (starts_) sent_.push_back({shard, send.channel, send.send, {iu.begin(), iu.end()}});
  if (iu[0] == 0xc1) {
    const auto rsp = wire::ParseRsp(iu);
    Must(rsp.ok() && wire::IsConsistent(*rsp), "3: flags, lengths and residuals agree");
    Must(peer.tags.Take(LoadBe64(iu.data() + 8)), "2: no RSP for a tag that is not outstanding");
  }
  if (iu[0] == 0xc1 || iu[0] == 0x81 || iu[0] == 0x82) {
    peer.credits += static_cast<std::int32_t>(LoadBe32(iu.data() + 4));
    Must(peer.credits <= peer.granted, "8: never above what was granted");
  }
  Work work;
  work.index = send.send.v;
  Post(shard, peer, work);
}

void StepWorld::Post(std::uint32_t shard, Peer& peer, const Work& work) {
  Must(!peer.disconnected, "37: nothing on a channel after its disconnect");
  Must(peer.work.size() < peer.sq_size, "23: the send queue has room for what is posted");
  peer.work.Push(work);
  if (work.kind != Work::Kind::kRead && work.kind != Work::Kind::kWrite) return;
  Lane& lane = books_.lanes[shard];
  Must(work.index < parameters_.data_buffers_per_shard &&
           work.offset + work.length <= limits::kDataBufferBytes,
       "RDMA beyond a data buffer");
  Must(lane.disk_uses[work.index] == 0, "21: a buffer that a block operation uses is on the wire");
  ++lane.wire_uses[work.index];
}

StepWorld::Work StepWorld::PopWork(std::uint32_t shard, Peer& peer) {
  const Work work = peer.work.Pop();
  if (work.kind == Work::Kind::kRead || work.kind == Work::Kind::kWrite) {
    --books_.lanes[shard].wire_uses[work.index];
  }
  return work;
}

void StepWorld::AddOp(std::uint32_t shard, OpId id, LuId lu, std::uint64_t offset,
                      const MemRef* memory) {
  BlockOp op;
  op.shard = shard;
  op.op = id;
  op.lu = lu;
  if (memory != nullptr) {
    Must(offset + memory->length <= books_.unit_bytes[lu.v], "29: beyond the end");
    op.has_buffer = memory->kind == MemRef::Kind::kData;
    op.buffer = memory->buffer;
  }
  if (op.has_buffer) {
    Lane& lane = books_.lanes[shard];
    Must(lane.wire_uses[op.buffer.v] == 0, "21: a buffer that is on the wire goes to a backend");
    Must(++lane.disk_uses[op.buffer.v] == 1, "21: two block operations use one buffer");
  }
  books_.ops.push_back(op);
}

void StepWorld::Carry(std::uint32_t shard, const Action& action) {
  Lane& lane = books_.lanes[shard];
  if (const auto* post = std::get_if<action::PostRecv>(&action)) {
    if (post->channel.valid()) {
      At(shard, post->channel).recvs.Push(post->recv.v);
    } else {
      lane.shared_recvs.Push(post->recv.v);
    }
  } else if (const auto* send = std::get_if<action::SendIu>(&action)) {
    OnSendIu(shard, *send);
  } else if (const auto* write = std::get_if<action::RdmaWrite>(&action)) {
    Post(shard, At(shard, write->channel),
         {Work::Kind::kWrite, write->signaled, write->buffer.v, write->offset, write->length});
  } else if (const auto* read = std::get_if<action::RdmaRead>(&action)) {
    Post(shard, At(shard, read->channel),
         {Work::Kind::kRead, read->signaled, read->buffer.v, read->offset, read->length});
  } else if (const auto* probe = std::get_if<action::Probe>(&action)) {
    Post(shard, At(shard, probe->channel), {Work::Kind::kProbe, true, 0, 0, 0});
  } else if (const auto* r = std::get_if<action::BlockRead>(&action)) {
    AddOp(shard, r->op, r->lu, r->offset, &r->memory);
  } else if (const auto* w = std::get_if<action::BlockWrite>(&action)) {
    AddOp(shard, w->op, w->lu, w->offset, &w->memory);
  } else if (const auto* f = std::get_if<action::BlockFlush>(&action)) {
    AddOp(shard, f->op, f->lu, 0, nullptr);
  } else if (const auto* accept = std::get_if<action::Accept>(&action)) {
    OnAccept(shard, *accept);
  } else if (const auto* disconnect = std::get_if<action::Disconnect>(&action)) {
    Peer& peer = At(shard, disconnect->channel);
    Must(!peer.disconnected, "one Disconnect a channel");
    peer.disconnected = peer.error = true;
  } else if (const auto* destroy = std::get_if<action::DestroyQp>(&action)) {
    Peer& peer = At(shard, destroy->channel);
    Must(!peer.destroyed, "one DestroyQp a channel");
    peer.destroyed = true;
    lane.to_destroy.push_back(destroy->channel);
  } else if (const auto* to = std::get_if<action::ToDirector>(&action)) {
    to_director_[shard].push_back(to->message);
    if (const auto* closed = std::get_if<message::ChannelClosed>(&to->message)) {
      At(shard, closed->channel).present = false;
    }
  }
}

// Nothing of the queue pair will be told any more.
void StepWorld::Forget(std::uint32_t shard, Peer& peer) {
  while (!peer.work.empty()) PopWork(shard, peer);
  peer.recvs.Clear();
}

void StepWorld::Peer::Reset() {
  Peer fresh;
  fresh.recvs = std::move(recvs);
  fresh.work = std::move(work);
  fresh.recvs.Clear();
  fresh.work.Clear();
  *this = std::move(fresh);
}

void StepWorld::Tags::Add(std::uint64_t tag) {
  if (count == waiting.size()) {
    lost = true;
  } else {
    waiting[count++] = tag;
  }
}

// One of them: a command and a task management request may have the same one. (What is left over,
// of commands that were aborted or overlapped, makes this milder than the rule.)
bool StepWorld::Tags::Take(std::uint64_t tag) {
  const auto end = waiting.begin() + count;
  const auto at = std::find(waiting.begin(), end, tag);
  if (at == end) return lost;
  *at = waiting[--count];
  return true;
}

}  // namespace srpt::fuzz
