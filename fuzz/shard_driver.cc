#include "fuzz/shard_driver.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "core/wire/cmd.h"
#include "core/wire/data_descriptor.h"
#include "core/wire/rsp.h"
#include "core/wire/tsk_mgmt.h"

namespace srpt::fuzz {
namespace {

constexpr LuId kUnit{7};

// Large and reused between inputs: what the shard leaves unwritten must not matter.
std::array<std::array<std::uint8_t, 256>, limits::kSendPerChannelMax> g_sends;
std::vector<std::uint8_t>& DataMemory() {
  static std::vector<std::uint8_t> memory(std::size_t{8} * limits::kDataBufferBytes);
  return memory;
}

void Must(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "the shard broke a rule: %s\n", what);
  std::abort();
}

}  // namespace

ShardDriver::ShardDriver(Input& input) : input_(input) {
  static constexpr std::uint16_t kSq[] = {16, 17, 64, 256};
  parameters_.credits = static_cast<std::uint16_t>(2 + input_.Below(7));
  parameters_.srpt_sq_size = kSq[input_.Below(4)];
  parameters_.data_buffers_per_shard = 1 + input_.Below(8);
  parameters_.srp_max_rdma_size = input_.Below(2) == 0 ? 65536 : 512;
  parameters_.channels_per_shard = 3;
  if (input_.Below(3) == 2) {
    parameters_.use_srq = true;
    parameters_.srpt_srq_size = 4 + input_.Below(40);
    for (std::uint32_t i = 0; i < parameters_.srpt_srq_size; ++i) {
      shared_recvs_.push_back(RecvId(i));
    }
  }
  shard_ = std::make_unique<Shard>(parameters_, ShardId(0), this);
  Publish(true, 1 << 20);
  const std::uint32_t logins = input_.Below(3);
  for (std::uint32_t i = 0; i < logins; ++i) Login();
  if (input_.Below(2) == 1) {
    Step(event::FromDirector{message::UnitAttentionPending{NexusId::Make(0, 0), kUnit}});
  }
}

MutableBytes ShardDriver::SendBuffer(ChannelId, SendId send) { return g_sends[send.v]; }

Bytes ShardDriver::RecvBuffer(ChannelId channel, RecvId recv) {
  if (!channel.valid()) return shared_ius_[recv.v];
  const auto peer = peers_.find(channel);
  Must(peer != peers_.end(), "a receive buffer of a channel that is gone");
  return peer->second.ius[recv.v];
}

MutableBytes ShardDriver::DataBuffer(BufferId buffer) {
  Must(buffer.v < parameters_.data_buffers_per_shard, "no such data buffer");
  return MutableBytes(DataMemory())
      .subspan(std::size_t{buffer.v} * limits::kDataBufferBytes, limits::kDataBufferBytes);
}

void ShardDriver::Step(const ShardEvent& event) {
  actions_.Clear();
  shard_->Step(now_, event, actions_);
  CarryOut();
  for (int i = 0; shard_->NextDeadline() <= now_; ++i) {
    Must(i < 10000, "46: work is left over for ever");
    actions_.Clear();
    shard_->Step(now_, event::DeadlineReached{}, actions_);
    CarryOut();
  }
  const std::string broken = shard_->BrokenInvariant();
  Must(broken.empty(), broken.c_str());
  while (!to_destroy_.empty()) {
    const ChannelId id = to_destroy_.back();
    to_destroy_.pop_back();
    peers_[id].work.clear();
    peers_[id].recvs.clear();
    Step(event::QpDestroyed{id});
  }
}

void ShardDriver::CarryOut() {
  for (const Action& action : actions_) Carry(action);
}

void ShardDriver::Carry(const Action& action) {
  if (const auto* accept = std::get_if<action::Accept>(&action)) {
    Peer& peer = peers_[accept->channel];
    peer = Peer{};
    peer.id = accept->channel;
    peer.recv_count = accept->recv_count;
    peer.max_ti = accept->send_bytes;
    peer.credits = static_cast<std::int64_t>(LoadBe32(accept->login_rsp.data() + 4));
    for (std::uint16_t i = 0; i < accept->recv_count; ++i) peer.recvs.push_back(RecvId(i));
  } else if (const auto* post = std::get_if<action::PostRecv>(&action)) {
    if (post->channel.valid()) {
      peers_.at(post->channel).recvs.push_back(post->recv);
    } else {
      shared_recvs_.push_back(post->recv);
    }
  } else if (const auto* send = std::get_if<action::SendIu>(&action)) {
    Peer& peer = peers_.at(send->channel);
    Must(!peer.disconnect, "37: nothing on a channel after its disconnect");
    Must(send->length <= peer.max_ti, "15: nothing longer than the peer's maximum");
    const Bytes iu = Bytes(g_sends[send->send.v]).first(send->length);
    if (iu[0] == 0xc1) {
      const auto rsp = wire::ParseRsp(iu);
      Must(rsp.ok() && wire::IsConsistent(*rsp), "3: flags, lengths and residuals agree");
    }
    if (iu[0] == 0xc1 || iu[0] == 0x81 || iu[0] == 0x82) {
      peer.credits += static_cast<std::int32_t>(LoadBe32(iu.data() + 4));
      Must(peer.credits <= parameters_.credits, "8: never above what was granted");
    }
    Work work;
    work.send = true;
    work.id = send->send;
    peer.work.push_back(work);
  } else if (const auto* write = std::get_if<action::RdmaWrite>(&action)) {
    if (write->signaled) peers_.at(write->channel).work.push_back({false, {}, write->buffer});
  } else if (const auto* read = std::get_if<action::RdmaRead>(&action)) {
    if (read->signaled) peers_.at(read->channel).work.push_back({false, {}, read->buffer});
  } else if (const auto* disconnect = std::get_if<action::Disconnect>(&action)) {
    Peer& peer = peers_.at(disconnect->channel);
    Must(!peer.disconnect, "one Disconnect a channel");
    peer.disconnect = peer.error = true;
  } else if (const auto* destroy = std::get_if<action::DestroyQp>(&action)) {
    to_destroy_.push_back(destroy->channel);
  } else if (const auto* r = std::get_if<action::BlockRead>(&action)) {
    Must(r->offset + r->memory.length <= (std::uint64_t{1} << 20) * 512, "29: beyond the end");
    block_.push_back(r->op);
  } else if (const auto* w = std::get_if<action::BlockWrite>(&action)) {
    Must(w->offset + w->memory.length <= (std::uint64_t{1} << 20) * 512, "29: beyond the end");
    block_.push_back(w->op);
  } else if (const auto* f = std::get_if<action::BlockFlush>(&action)) {
    block_.push_back(f->op);
  } else if (const auto* to = std::get_if<action::ToDirector>(&action)) {
    if (const auto* ask = std::get_if<message::AskUnitAttention>(&to->message)) {
      asks_.push_back({false, ask->command});
    } else if (const auto* reset = std::get_if<message::AskTaskFence>(&to->message)) {
      asks_.push_back({true, reset->command});
    } else if (const auto* closed = std::get_if<message::ChannelClosed>(&to->message)) {
      peers_.erase(closed->channel);
    }
  }
}

void ShardDriver::Login() {
  message::OpenChannel open;
  open.conn = ConnId(++conn_);
  open.nexus = NexusId::Make(input_.Below(2), 0);
  open.max_it_iu_len = 8276;
  open.max_ti_iu_len = 40 + input_.Below(200);
  open.credits = parameters_.credits;
  open.imm_data_offset = input_.Below(4) == 0 ? 0 : 68;
  open.sq_size = parameters_.srpt_sq_size;
  open.rdma_read_depth = 4;
  Step(event::FromDirector{open});
}

void ShardDriver::Publish(bool with_unit, std::uint64_t blocks) {
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->version = ++version_;
  if (with_unit) {
    scsi::LuView lu;
    lu.id = kUnit;
    lu.name = "disk";
    lu.block_bytes = 512;
    lu.block_count = blocks;
    lu.read_only = input_.Below(8) == 7;
    snapshot->maps.push_back(LunMap({{LunNumber(0), lu}}));
  } else {
    snapshot->maps.push_back(LunMap());
  }
  snapshot->map_of_nexus = {0, 0};
  Step(event::FromDirector{message::Publish{snapshot}});
}

void ShardDriver::Receive(Peer& peer, std::vector<std::uint8_t> iu) {
  std::deque<RecvId>& recvs = RecvsOf(peer);
  if (peer.error || recvs.empty()) return;
  const RecvId recv = recvs.front();
  recvs.pop_front();
  if (!iu.empty() && iu[0] <= 3) --peer.credits;
  const ChannelId id = peer.id;
  std::vector<std::uint8_t>& bytes = (parameters_.use_srq ? shared_ius_ : peer.ius)[recv.v];
  bytes = std::move(iu);
  Step(event::IuReceived{id, recv, bytes});
}

// A command that is right in most of its fields: an opcode that does something, a few descriptors.
std::vector<std::uint8_t> ShardDriver::Cmd() {
  static constexpr std::uint8_t kOpcodes[] = {0x28, 0x2a, 0x88, 0x8a, 0x08, 0x0a, 0x35,
                                              0x12, 0x25, 0x9e, 0x1a, 0xa0, 0x00, 0x03};
  std::array<std::uint8_t, 16> cdb{};
  cdb[0] = kOpcodes[input_.Below(sizeof kOpcodes)];
  cdb[1] = cdb[0] == 0x9e ? 0x10 : input_.U8() & 0x18;
  const std::uint8_t blocks = input_.U8();
  cdb[4] = cdb[8] = cdb[13] = blocks;
  cdb[5] = input_.U8();

  wire::Cmd cmd;
  cmd.tag.bytes[7] = input_.U8() & 0x0f;  // Few tags: some overlap.
  cmd.sol_not = input_.U8() & 6;
  cmd.cdb = cdb;
  std::vector<std::uint8_t> descriptors;
  const std::uint32_t form = input_.Below(6);
  const bool out = input_.Below(2) == 1;
  const std::uint32_t length = input_.U16() * (input_.Below(4) + 1);
  if (form == 1) {
    cmd.out_fmt = wire::BufferFormat::kImmediate;
    descriptors.resize(20 + length % 4096, 0x5a);
    wire::SerializeImmediate(length % 4096, descriptors);
  } else if (form >= 2) {
    const std::uint32_t count = form == 2 ? 1 : 1 + input_.Below(40);
    std::vector<wire::Direct> list;
    std::uint32_t total = 0;
    for (std::uint32_t i = 0; i < count; ++i) {
      const std::uint32_t n = form == 2 ? length : length / count + (i == 0 ? length % count : 0);
      list.push_back({RemoteAddr(std::uint64_t{0x1000} * i), RKey(i), n});
      total += n;
    }
    (out ? cmd.out_fmt : cmd.in_fmt) =
        form == 2 ? wire::BufferFormat::kDirect : wire::BufferFormat::kIndirect;
    if (form == 2) {
      descriptors.resize(wire::kDirectBytes);
      wire::SerializeDirect(list[0], descriptors);
    } else {
      (out ? cmd.out_count : cmd.in_count) = static_cast<std::uint8_t>(count);
      descriptors.resize(wire::kIndirectHeaderBytes + wire::kDirectBytes * count);
      wire::SerializeIndirect({RemoteAddr(1), RKey(1), 16 * count}, total, list, descriptors);
    }
  }
  cmd.descriptors = descriptors;
  std::vector<std::uint8_t> iu(wire::SerializedBytes(cmd));
  wire::SerializeCmd(cmd, iu);
  // Sometimes one byte is not what it was.
  if (input_.Below(4) == 0) iu[input_.U16() % iu.size()] = input_.U8();
  if (input_.Below(16) == 0) iu.resize(input_.U16() % (iu.size() + 1));
  return iu;
}

std::vector<std::uint8_t> ShardDriver::AnyIu() {
  switch (input_.Below(5)) {
    case 4: {  // An answer to a request of ours, whether there is one or not.
      std::vector<std::uint8_t> iu(16);
      iu[0] = static_cast<std::uint8_t>(0x41 + input_.Below(2));
      return iu;
    }
    case 0: {
      const Bytes raw = input_.Take(input_.U8());
      return {raw.begin(), raw.end()};
    }
    case 1: {
      wire::TskMgmt t;
      static constexpr std::uint8_t kFunctions[] = {1, 1, 8, 2, 4, 0x40, 0};
      t.function = static_cast<wire::TskMgmtFunction>(kFunctions[input_.Below(7)]);
      t.tag.bytes[0] = 0x80;
      t.tag.bytes[7] = input_.U8();
      t.task_tag.bytes[7] = input_.U8() & 0x0f;
      if (input_.Below(8) == 0) t.lun.bytes[1] = input_.U8();
      std::vector<std::uint8_t> iu(wire::kTskMgmtBytes);
      wire::SerializeTskMgmt(t, iu);
      return iu;
    }
    default:
      return Cmd();
  }
}

void ShardDriver::CompleteWork(Peer& peer, WorkStatus status) {
  if (peer.work.empty()) return;
  const Work work = peer.work.front();
  peer.work.pop_front();
  if (peer.error) status = WorkStatus::kFlushed;
  if (status != WorkStatus::kOk) peer.error = true;
  const ChannelId id = peer.id;
  if (work.send) {
    Step(event::SendDone{id, work.id, status});
  } else {
    Step(event::RdmaDone{id, work.buffer, status});
  }
}

void ShardDriver::Flush(Peer& peer) {
  const ChannelId id = peer.id;
  peer.error = true;
  while (peers_.count(id) != 0 && !peers_[id].work.empty()) {
    CompleteWork(peers_[id], WorkStatus::kFlushed);
  }
  while (peers_.count(id) != 0 && !peers_[id].recvs.empty()) {
    const RecvId recv = peers_[id].recvs.front();
    peers_[id].recvs.pop_front();
    Step(event::RecvFailed{id, recv, WorkStatus::kFlushed});
  }
  const auto at = peers_.find(id);
  if (parameters_.use_srq && at != peers_.end() && at->second.disconnect && !at->second.over_told) {
    at->second.over_told = true;
    Step(event::ReceivesOver{id});
  }
}

void ShardDriver::CompleteBlock(std::size_t which, IoStatus status) {
  if (block_.empty()) return;
  const std::size_t i = which % block_.size();
  const OpId op = block_[i];
  block_.erase(block_.begin() + static_cast<std::ptrdiff_t>(i));
  Step(event::BlockDone{op, status});
}

void ShardDriver::AnswerDirector() {
  if (asks_.empty()) return;
  const Ask ask = asks_.front();
  asks_.pop_front();
  if (!ask.reset) {
    message::UnitAttentionAnswer answer;
    answer.command = ask.command;
    answer.nexus = NexusId::Make(0, 0);
    answer.lu = kUnit;
    answer.has = input_.Below(2) == 1;
    answer.attention = {0x29, 0};
    answer.more = input_.Below(4) == 0;
    Step(event::FromDirector{answer});
    return;
  }
  const FenceId fence(++fence_);
  message::AbortFence abort{fence, kUnit, NexusId(), CommandId()};
  if (input_.Below(2) == 1) abort.nexus = NexusId::Make(0, 0);
  if (input_.Below(2) == 1) abort.asker = ask.command;
  Step(event::FromDirector{abort});
  if (input_.Below(2) == 0) Step(event::FromDirector{message::CancelFence{fence}});
  Step(event::FromDirector{
      message::TaskFenceAnswer{ask.command, static_cast<std::uint8_t>(input_.Below(2) * 5)}});
}

ShardDriver::Peer* ShardDriver::Pick() {
  if (peers_.empty()) return nullptr;
  auto it = peers_.begin();
  std::advance(it, input_.Below(static_cast<std::uint32_t>(peers_.size())));
  return &it->second;
}

void ShardDriver::CloseOut(Peer& peer) {
  const ChannelId id = peer.id;
  if (!peer.told_gone) {
    peer.told_gone = peer.error = true;
    Step(event::Disconnected{id});
  }
  if (peers_.count(id) != 0) Flush(peers_[id]);
  if (peers_.count(id) != 0 && !peers_[id].timewait_told) {
    peers_[id].timewait_told = true;
    Step(event::TimewaitOver{id});
  }
}

void ShardDriver::Turn() {
  static constexpr WorkStatus kWork[] = {WorkStatus::kRemoteAccess, WorkStatus::kRetryExceeded,
                                         WorkStatus::kRnrExceeded, WorkStatus::kOther};
  static constexpr IoStatus kIo[] = {IoStatus::kIoError, IoStatus::kNoSpace, IoStatus::kShort,
                                     IoStatus::kDeviceGone};
  const std::uint32_t choice = input_.Below(32);
  if (choice == 26 && Pick() != nullptr) {
    const auto lun = static_cast<std::uint16_t>(input_.Below(4));
    Step(event::FromDirector{
        message::ReportEvent{Pick()->id, LunNumber(lun), UnitAttention{0x3f, 0x0e}}});
    return;
  }
  if (choice >= 26) {
    Login();
    return;
  }
  Peer* peer = Pick();
  if (peer == nullptr) {
    if (choice < 4) CompleteBlock(input_.U8(), IoStatus::kOk);
    return;
  }
  switch (choice) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4:
    case 5:
    case 6:
    case 7:
      Receive(*peer, AnyIu());
      return;
    case 8:
    case 9:
    case 10:
    case 11:
      CompleteWork(*peer, WorkStatus::kOk);
      return;
    case 12:
    case 13:
    case 14:
    case 15:
      CompleteBlock(input_.U8(), IoStatus::kOk);
      return;
    case 16:
      CompleteBlock(input_.U8(), kIo[input_.Below(4)]);
      return;
    case 17:
      CompleteWork(*peer, kWork[input_.Below(4)]);
      return;
    case 18:
      AnswerDirector();
      return;
    case 19:
      now_ = now_ + Milliseconds(input_.U16());
      Step(event::DeadlineReached{});
      return;
    case 20:
      now_ = now_ + Seconds(input_.U8());
      Step(event::DeadlineReached{});
      return;
    case 21:
      if (!peer->established && !peer->error) {
        peer->established = true;
        Step(event::Established{peer->id});
      }
      return;
    case 22:
      Step(event::FromDirector{
          message::CloseChannel{peer->id, static_cast<CloseReason>(input_.Below(4))}});
      return;
    case 23:
      CloseOut(*peer);
      return;
    case 24:
      Publish(input_.Below(4) != 0, 1 + input_.U16());
      return;
    default:
      Step(event::FromDirector{
          message::UnitAttentionPending{NexusId::Make(input_.Below(2), 0), kUnit}});
      return;
  }
}

void ShardDriver::Finish() {
  while (!block_.empty()) CompleteBlock(0, IoStatus::kOk);
  std::vector<ChannelId> all;
  for (const auto& [id, peer] : peers_) all.push_back(id);
  for (const ChannelId id : all) {
    if (peers_.count(id) != 0) CloseOut(peers_[id]);
  }
  while (!block_.empty()) CompleteBlock(0, IoStatus::kOk);
  now_ = now_ + Seconds(100);
  Step(event::DeadlineReached{});
  Must(shard_->IsIdle(), "36: after the drain no task, buffer or id remains");
  Must(!parameters_.use_srq || shared_recvs_.size() == parameters_.srpt_srq_size,
       "36: every shared receive is posted after the drain");
  Must(shard_->free_data_buffers() == parameters_.data_buffers_per_shard,
       "36: every data buffer is free after the drain");
}

}  // namespace srpt::fuzz
