#include "core/srp/bench_world.h"

#include <algorithm>
#include <array>
#include <utility>
#include <variant>

#include "core/wire/login_req.h"
#include "core/wire/name.h"
#include "core/wire/rsp.h"

namespace srpt {
namespace {

constexpr std::uint64_t kGuid = 0x0002c90300bb0001;
constexpr char kTarget[] = "fe80:0000:0000:0000:0002:c903:00bb:0001";
constexpr std::uint32_t kBlock = 512;

Parameters BenchParameters() {
  Parameters p;
  p.service_guid = kGuid;
  return p;
}

// A CMD for LUN 0 whose CDB is `opcode` (10 bytes) over `blocks`, up to its descriptor.
std::array<std::uint8_t, 64> CmdOf(std::uint64_t tag, std::uint8_t opcode, std::uint32_t lba,
                                   std::uint16_t blocks, std::uint8_t formats) {
  std::array<std::uint8_t, 64> iu{};
  Writer w(iu);
  w.U8(0, 0x02);
  w.U8(5, formats);
  w.Be64(8, tag);
  w.U8(32, opcode);
  w.Be32(34, lba);
  w.Be16(39, blocks);
  return iu;
}

void PutDirect(std::array<std::uint8_t, 64>& iu, std::uint32_t length) {
  const std::array<std::uint8_t, 4> be = {
      static_cast<std::uint8_t>(length >> 24), static_cast<std::uint8_t>(length >> 16),
      static_cast<std::uint8_t>(length >> 8), static_cast<std::uint8_t>(length)};
  iu[48] = 0x7f;  // Any address and key.
  iu[56] = 0x1a;
  std::copy(be.begin(), be.end(), iu.begin() + 60);
}

}  // namespace

BenchWorld::BenchWorld()
    : parameters_(BenchParameters()),
      director_(parameters_, {{TargetPortId(0), kTarget, 1, true}}),
      shard_(parameters_, ShardId(0), this) {
  data_.resize(std::size_t{parameters_.data_buffers_per_shard} * limits::kDataBufferBytes);
  LogIn();
}

void BenchWorld::LogIn() {
  admin::AddLu add;
  add.lu.id = LuId(0);
  add.lu.name = scsi::DeviceName("null");
  add.lu.block_bytes = kBlock;
  add.lu.block_count = 1u << 20;
  ToDirector(event::AdminRequested{AdminId(1), add});
  ToDirector(event::AdminRequested{AdminId(2), admin::AddLun{kTarget, "", LunNumber(0), "null"}});

  wire::LoginReq req;
  req.req_it_iu_len = 8260;
  req.req_buf_fmt = wire::kBufFmtDirect | wire::kBufFmtIndirect;
  req.flags = wire::kLoginReqImmediate;
  req.imm_data_offset = kImmDataOffset;
  Writer(req.target_port.bytes).Be64(0, kGuid);
  std::copy_n(req.target_port.bytes.begin(), 8, req.target_port.bytes.begin() + 8);
  req.initiator_port.bytes[15] = 1;
  std::array<std::uint8_t, wire::kLoginReqCmBytes> bytes{};
  wire::SerializeLoginReqCm(req, bytes);
  ToDirector(event::LoginRequested{ConnId(1), TargetPortId(0), LoginForm::kRdmaCm, false,
                                   wire::MapIpv4({10, 0, 0, 1}), 4, bytes});
  Pump();
  SRPT_CHECK(channel_.valid());
  for (int i = 0; i < 4 && good_ == 0; ++i) SendTestUnitReady();  // The power on, then GOOD.
  SRPT_CHECK(good_ == 1);
}

void BenchWorld::SendTestUnitReady() {
  const auto iu = CmdOf(next_tag_++, 0x00, 0, 0, 0x00);
  const std::uint32_t before = answered_;
  SendIu(Bytes(iu).first(48), {});
  Pump();
  SRPT_CHECK(answered_ == before + 1);
}

void BenchWorld::Run(BenchCommand command, std::uint32_t depth) {
  answered_ = 0;
  good_ = 0;
  for (std::uint32_t i = 0; i < depth; ++i) {
    const std::uint64_t tag = next_tag_++;
    const auto lba = static_cast<std::uint32_t>(tag * 128 % (1u << 19));
    switch (command) {
      case BenchCommand::kRead4k:
      case BenchCommand::kRead64k: {
        const std::uint16_t blocks = command == BenchCommand::kRead4k ? 8 : 128;
        auto iu = CmdOf(tag, 0x28, lba, blocks, 0x01);
        PutDirect(iu, blocks * kBlock);
        SendIu(iu, {});
        break;
      }
      case BenchCommand::kWrite4k: {
        auto iu = CmdOf(tag, 0x2a, lba, 8, 0x10);
        PutDirect(iu, 8 * kBlock);
        SendIu(iu, {});
        break;
      }
      case BenchCommand::kImmediate4k: {
        auto iu = CmdOf(tag, 0x2a, lba, 8, 0x30);
        iu[50] = 0x10;  // 4096.
        SendIu(Bytes(iu).first(52), Bytes(data_).first(std::size_t{8} * kBlock));
        break;
      }
    }
  }
  Pump();
  SRPT_CHECK(answered_ == depth);
  SRPT_CHECK(good_ == depth);
}

void BenchWorld::SendIu(Bytes iu, Bytes data) {
  const RecvId recv = posted_.Pop();
  Recv& to = recvs_[recv.v];
  std::copy(iu.begin(), iu.end(), to.bytes.begin());
  to.length = static_cast<std::uint32_t>(iu.size());
  if (!data.empty()) to.length = kImmDataOffset + static_cast<std::uint32_t>(data.size());
  ToShard(event::IuReceived{channel_, recv, RecvBuffer(channel_, recv)});
}

void BenchWorld::ToDirector(const DirectorEvent& event) {
  director_actions_->Clear();
  director_.Step(now_, event, *director_actions_);
  for (const Action& action : *director_actions_) CarryOut(action);
}

void BenchWorld::ToShard(const ShardEvent& event) {
  actions_->Clear();
  shard_.Step(now_, event, *actions_);
  for (const Action& action : *actions_) CarryOut(action);
}

void BenchWorld::Pump() {
  for (;;) {
    now_.ns += 100;
    if (!events_.empty()) {
      ToShard(events_.Pop());
    } else if (!director_events_.empty()) {
      ToDirector(director_events_.Pop());
    } else if (shard_.NextDeadline() <= now_) {
      ToShard(event::DeadlineReached{});
    } else if (director_.NextDeadline() <= now_) {
      ToDirector(event::DeadlineReached{});
    } else {
      return;
    }
  }
}

void BenchWorld::CarryOut(const Action& action) {
  struct Visitor {
    BenchWorld& w;
    void operator()(const action::PostRecv& a) { w.posted_.Push(a.recv); }
    void operator()(const action::SendIu& a) {
      const std::vector<std::uint8_t>& iu = w.sends_[a.send.v];
      if (iu[0] == static_cast<std::uint8_t>(wire::Opcode::kRsp)) {
        ++w.answered_;
        if (iu[19] == 0) ++w.good_;
      }
      w.events_.Push(event::SendDone{a.channel, a.send, WorkStatus::kOk});
    }
    void operator()(const action::RdmaWrite& a) {
      if (a.signaled) w.events_.Push(event::RdmaDone{a.channel, a.buffer, WorkStatus::kOk});
    }
    void operator()(const action::RdmaRead& a) {
      if (a.signaled) w.events_.Push(event::RdmaDone{a.channel, a.buffer, WorkStatus::kOk});
    }
    void operator()(const action::Probe& a) {
      w.events_.Push(event::ProbeDone{a.channel, WorkStatus::kOk});
    }
    void operator()(const action::BlockRead& a) {
      w.events_.Push(event::BlockDone{a.op, IoStatus::kOk});
    }
    void operator()(const action::BlockWrite& a) {
      w.events_.Push(event::BlockDone{a.op, IoStatus::kOk});
    }
    void operator()(const action::BlockFlush& a) {
      w.events_.Push(event::BlockDone{a.op, IoStatus::kOk});
    }
    void operator()(const action::Accept& a) {
      w.channel_ = a.channel;
      w.recvs_.resize(a.recv_count);
      for (Recv& recv : w.recvs_) recv.bytes.resize(a.recv_bytes);
      for (std::uint32_t i = 0; i < a.recv_count; ++i) w.posted_.Push(RecvId(i));
      w.sends_.resize(a.send_count);
      for (std::vector<std::uint8_t>& send : w.sends_) send.resize(a.send_bytes);
      w.events_.Push(event::Established{a.channel});
    }
    void operator()(const action::ToDirector& a) {
      w.director_events_.Push(event::FromShard{ShardId(0), a.message});
    }
    void operator()(const action::ToShard& a) { w.events_.Push(event::FromDirector{a.message}); }
    void operator()(const action::AdminDone& a) { SRPT_CHECK(a.status == admin::Status::kOk); }
    void operator()(const action::NotifyEstablished&) {}
    void operator()(const action::ReleaseLu&) {}
    void operator()(const action::Log&) {}
    void operator()(const action::Reject&) { SRPT_UNREACHABLE("a bench login is let in"); }
    void operator()(const action::Disconnect&) { SRPT_UNREACHABLE("a bench channel stays"); }
    void operator()(const action::DestroyQp&) { SRPT_UNREACHABLE("a bench channel stays"); }
  };
  std::visit(Visitor{*this}, action);
}

MutableBytes BenchWorld::SendBuffer(ChannelId, SendId send) { return sends_[send.v]; }

Bytes BenchWorld::RecvBuffer(ChannelId, RecvId recv) {
  return Bytes(recvs_[recv.v].bytes).first(recvs_[recv.v].length);
}

MutableBytes BenchWorld::DataBuffer(BufferId buffer) {
  return MutableBytes(data_).subspan(std::size_t{buffer.v} * limits::kDataBufferBytes,
                                     limits::kDataBufferBytes);
}

}  // namespace srpt
