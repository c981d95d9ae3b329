// A shard in a test's hand: one nexus with LUNs 0 and 1 (512-byte blocks, 1 GiB), memory, and verbs
// that read like a scenario. Every step also checks the invariants.
#ifndef CORE_SRP_SHARD_FIXTURE_H_
#define CORE_SRP_SHARD_FIXTURE_H_

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/srp/shard.h"
#include "core/wire/cmd.h"
#include "core/wire/data_descriptor.h"
#include "core/wire/rsp.h"
#include "core/wire/tsk_mgmt.h"

namespace srpt {

class FakeMemory : public MemoryPort {
 public:
  MutableBytes SendBuffer(ChannelId, SendId send) override { return sends[send.v]; }
  Bytes RecvBuffer(ChannelId channel, RecvId recv) override {
    return recvs[{channel.slot(), recv.v}];
  }
  MutableBytes DataBuffer(BufferId buffer) override { return data[buffer.v]; }

  std::map<std::pair<std::uint32_t, std::uint32_t>, std::vector<std::uint8_t>> recvs;
  std::vector<std::vector<std::uint8_t>> sends =
      std::vector(limits::kSendPerChannelMax, std::vector<std::uint8_t>(4096));
  std::vector<std::vector<std::uint8_t>> data =
      std::vector(32, std::vector<std::uint8_t>(limits::kDataBufferBytes, 0xa5));
};

inline Tag MakeTag(std::uint64_t n) {
  Tag tag;
  for (int i = 0; i < 8; ++i) tag.bytes[7 - i] = static_cast<std::uint8_t>(n >> (8 * i));
  return tag;
}

class ShardFixture : public ::testing::Test {
 protected:
  struct Options {
    std::uint16_t credits = 8;
    std::uint16_t sq_size = 64;
    std::uint32_t data_buffers = 32;
    std::uint32_t max_rdma = 65536;
    std::uint32_t srq_size = 0;  // 0: receives of the channels' own.
    std::uint32_t srq_count = 1;
    std::uint32_t trace_flag = 0;
    std::uint32_t buffer_waits = limits::kBufferWaitsMax;
    std::uint32_t shards = 1;  // Of which this is one.
  };
  static constexpr std::uint64_t kBlocks = (1u << 30) / 512;

  void Build(const Options& options) {
    options_ = options;
    Parameters p;
    p.credits = options.credits;
    p.srpt_sq_size = options.sq_size;
    p.data_buffers_per_shard = options.data_buffers;
    p.srp_max_rdma_size = options.max_rdma;
    p.channels_per_shard = 6;
    p.use_srq = options.srq_size != 0;
    if (p.use_srq) p.srpt_srq_size = options.srq_size;
    p.srq_count = options.srq_count;
    posted_.clear();
    for (std::uint32_t i = 0; i < options.srq_size * options.srq_count; ++i) {
      posted_[ChannelId()].push_back(RecvId(i));
    }
    p.trace_flag = options.trace_flag;
    p.buffer_waits_max = options.buffer_waits;
    p.shards = options.shards;
    p.fingerprint = true;
    shard_ = std::make_unique<Shard>(p, ShardId(0), &memory_);
    Publish();
  }
  void SetUp() override { Build({}); }

  void Publish() {
    auto snapshot = std::make_shared<Snapshot>();
    snapshot->version = ++version_;
    scsi::LuView lu;
    lu.id = LuId(7);
    lu.name = "disk01";
    lu.block_bytes = 512;
    lu.block_count = kBlocks;
    lu.identity = scsi::DeriveIdentity(scsi::HandlerKind::kFileio, "disk01");
    scsi::LuView other = lu;
    other.id = LuId(8);
    other.name = "disk02";
    other.identity = scsi::DeriveIdentity(scsi::HandlerKind::kFileio, "disk02");
    snapshot->maps.push_back(LunMap({{LunNumber(0), lu}, {LunNumber(1), other}}));
    snapshot->map_of_nexus = {0, 0, 0, 0, 0};
    Step(event::FromDirector{message::Publish{snapshot}});
  }

  void Step(const ShardEvent& event) {
    actions_.Clear();
    shard_->Step(now_, event, actions_);
    all_.clear();
    Collect();
    while (shard_->NextDeadline() <= now_) {
      actions_.Clear();
      shard_->Step(now_, event::DeadlineReached{}, actions_);
      Collect();
    }
    ASSERT_EQ(shard_->BrokenInvariant(), "");
  }
  void Advance(Duration d) {
    now_ = now_ + d;
    Step(event::DeadlineReached{});
  }
  void Collect() {
    for (const Action& a : actions_) {
      all_.push_back(a);
      if (const auto* log = std::get_if<action::Log>(&a)) logs_ += std::string(log->text) + "\n";
    }
  }

  // The actions of one kind that the last Step gave, in order.
  template <class A>
  std::vector<A> Got() const {
    std::vector<A> out;
    for (const Action& a : all_) {
      if (const A* x = std::get_if<A>(&a)) out.push_back(*x);
    }
    return out;
  }
  template <class M>
  std::vector<M> Told() const {
    std::vector<M> out;
    for (const auto& a : Got<action::ToDirector>()) {
      if (const M* x = std::get_if<M>(&a.message)) out.push_back(*x);
    }
    return out;
  }

  ChannelId Login(NexusId nexus = NexusId::Make(0, 0)) {
    const auto accept = Ask(nexus);
    EXPECT_TRUE(accept);
    if (accept) Step(event::Established{accept->channel});
    return accept ? accept->channel : ChannelId();
  }
  // A login, up to the shard's answer. Nothing: it was refused.
  std::optional<action::Accept> Ask(NexusId nexus = NexusId::Make(0, 0), std::uint32_t srq = 0) {
    message::OpenChannel open;
    open.conn = ConnId(++conn_);
    open.nexus = nexus;
    open.max_it_iu_len = 8276;
    open.max_ti_iu_len = 256;
    open.credits = options_.credits;
    open.imm_data_offset = 68;
    open.sq_size = options_.sq_size;
    open.rdma_read_depth = 4;
    open.srq = srq;
    open.solicited = solicited_;
    Step(event::FromDirector{open});
    const auto accepts = Got<action::Accept>();
    if (accepts.empty()) return std::nullopt;
    const ChannelId id = accepts.at(0).channel;
    if (options_.srq_size == 0) posted_[id].clear();
    for (std::uint16_t i = 0; i < accepts.at(0).recv_count; ++i) posted_[id].push_back(RecvId(i));
    return accepts.at(0);
  }

  // Delivers an IU into the oldest posted receive.
  void Receive(ChannelId channel, const std::vector<std::uint8_t>& iu) {
    const ChannelId owner = options_.srq_size == 0 ? channel : ChannelId();
    ASSERT_FALSE(posted_[owner].empty());
    const RecvId recv = posted_[owner].front();
    posted_[owner].erase(posted_[owner].begin());
    last_recv_ = recv;
    memory_.recvs[{owner.slot(), recv.v}] = iu;
    Step(event::IuReceived{channel, recv, memory_.recvs[{owner.slot(), recv.v}]});
    NoteReceives();
  }
  void NoteReceives() {
    for (const auto& p : Got<action::PostRecv>()) posted_[p.channel].push_back(p.recv);
  }
  void Then(const ShardEvent& event) {
    Step(event);
    NoteReceives();
  }

  enum class Data { kNone, kIn, kOut, kImmediate };
  static std::vector<std::uint8_t> Cmd(std::uint64_t tag, std::vector<std::uint8_t> cdb, Data data,
                                       const std::vector<wire::Direct>& list,
                                       std::uint32_t immediate = 0) {
    cdb.resize(16);
    std::vector<std::uint8_t> descriptors;
    wire::Cmd cmd;
    cmd.tag = MakeTag(tag);
    cmd.cdb = cdb;
    if (data == Data::kImmediate) {
      cmd.out_fmt = wire::BufferFormat::kImmediate;
      descriptors.resize(20 + immediate, 0x5a);  // 48 + 20 == 68, the agreed offset.
      wire::SerializeImmediate(immediate, descriptors);
    } else if (data != Data::kNone && list.size() == 1) {
      (data == Data::kIn ? cmd.in_fmt : cmd.out_fmt) = wire::BufferFormat::kDirect;
      descriptors.resize(16);
      wire::SerializeDirect(list[0], descriptors);
    } else if (data != Data::kNone) {
      (data == Data::kIn ? cmd.in_fmt : cmd.out_fmt) = wire::BufferFormat::kIndirect;
      (data == Data::kIn ? cmd.in_count : cmd.out_count) = static_cast<std::uint8_t>(list.size());
      std::uint32_t total = 0;
      for (const auto& d : list) total += d.len;
      descriptors.resize(20 + 16 * list.size());
      wire::SerializeIndirect(
          {RemoteAddr(1), RKey(1), static_cast<std::uint32_t>(16 * list.size())}, total, list,
          descriptors);
    }
    cmd.descriptors = descriptors;
    std::vector<std::uint8_t> iu(wire::SerializedBytes(cmd));
    wire::SerializeCmd(cmd, iu);
    return iu;
  }
  // The same IU for another LUN (below 256).
  static std::vector<std::uint8_t> ToLun(std::uint8_t lun, std::vector<std::uint8_t> iu) {
    iu[21] = lun;
    return iu;
  }
  static std::vector<std::uint8_t> Rw(bool write, std::uint32_t lba, std::uint16_t blocks) {
    return {static_cast<std::uint8_t>(write ? 0x2a : 0x28),
            0,
            static_cast<std::uint8_t>(lba >> 24),
            static_cast<std::uint8_t>(lba >> 16),
            static_cast<std::uint8_t>(lba >> 8),
            static_cast<std::uint8_t>(lba),
            0,
            static_cast<std::uint8_t>(blocks >> 8),
            static_cast<std::uint8_t>(blocks),
            0};
  }
  static wire::Direct At(std::uint64_t va, std::uint32_t len) {
    return {RemoteAddr(va), RKey(0x1234), len};
  }
  static std::vector<std::uint8_t> Tmf(std::uint64_t tag, wire::TskMgmtFunction function,
                                       std::uint64_t task = 0) {
    wire::TskMgmt t;
    t.tag = MakeTag(tag);
    t.function = function;
    t.task_tag = MakeTag(task);
    std::vector<std::uint8_t> iu(wire::kTskMgmtBytes);
    wire::SerializeTskMgmt(t, iu);
    return iu;
  }
  // One block; a WRITE's is immediate.
  std::vector<std::uint8_t> OneRead(std::uint64_t tag) {
    return Cmd(tag, Rw(false, 0, 1), Data::kIn, {At(0x1000, 512)});
  }
  std::vector<std::uint8_t> OneWrite(std::uint64_t tag) {
    return Cmd(tag, Rw(true, 0, 1), Data::kImmediate, {}, 512);
  }

  // The responses that the last Step sent, parsed.
  std::vector<wire::Rsp> Responses() {
    std::vector<wire::Rsp> out;
    for (const auto& s : Got<action::SendIu>()) {
      const auto rsp = wire::ParseRsp(Bytes(memory_.sends[s.send.v]).first(s.length));
      if (rsp) out.push_back(*rsp);
    }
    return out;
  }
  // The RSP_CODE of the only response of the last step; -1 if there is none.
  int Code() {
    const auto responses = Responses();
    if (responses.size() != 1) return -1;
    const auto code = wire::ResponseCode(responses[0]);
    return code ? static_cast<int>(*code) : -2;
  }
  // Completes every send of the last Step.
  void Deliver() {
    for (const auto& s : Got<action::SendIu>()) Then(event::SendDone{s.channel, s.send});
  }
  ChannelInfo Info(ChannelId id) const {
    for (const auto& c : shard_->Channels()) {
      if (c.channel == id) return c;
    }
    return {};
  }

  Options options_;
  FakeMemory memory_;
  std::unique_ptr<Shard> shard_;
  Actions actions_;
  std::vector<Action> all_;
  std::string logs_;
  Time now_{1};
  RecvId last_recv_;
  std::map<ChannelId, std::vector<RecvId>> posted_;
  std::uint64_t conn_ = 0;
  std::uint8_t solicited_ = 0;  // Of the next logins.
  std::uint64_t version_ = 0;
};

// The sense of a response as one number: key << 16 | asc << 8 | ascq; 0 without sense.
inline std::uint32_t SenseOf(const wire::Rsp& rsp) {
  if (rsp.sense.size() < 14) return 0;
  return (std::uint32_t{rsp.sense[2]} << 16) | (std::uint32_t{rsp.sense[12]} << 8) | rsp.sense[13];
}

}  // namespace srpt

#endif  // CORE_SRP_SHARD_FIXTURE_H_
