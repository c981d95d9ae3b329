// What the bytes of an input can make happen.
#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "fuzz/step_world.h"

namespace srpt::fuzz {

// --- Peers --------------------------------------------------------------------------------------

StepWorld::Picked StepWorld::Pick(std::uint32_t n) {
  const std::uint32_t all = peers();
  if (all == 0) return {};
  n %= all;
  for (std::uint32_t i = 0; i < parameters_.shards; ++i) {
    for (Peer& peer : books_.lanes[i].peers) {
      if (peer.present && n-- == 0) return {i, &peer};
    }
  }
  return {};
}

std::uint32_t StepWorld::peers() const {
  std::uint32_t n = 0;
  for (const Lane& lane : books_.lanes) {
    for (const Peer& peer : lane.peers) n += peer.present ? 1 : 0;
  }
  return n;
}

Ring<std::uint32_t>& StepWorld::RecvsOf(const Picked& of) {
  return parameters_.use_srq ? books_.lanes[of.shard].shared_recvs : of.peer->recvs;
}

bool StepWorld::CanReceive(const Picked& to) {
  return to.peer != nullptr && !to.peer->error && !to.peer->destroyed && !to.peer->refused &&
         !RecvsOf(to).empty();
}

template <class Make>
void StepWorld::ReceiveMade(const Picked& to, Make make) {
  if (!CanReceive(to)) return;
  Peer& peer = *to.peer;
  const std::uint32_t recv = RecvsOf(to).Pop();
  Iu& iu = IuOf(to.shard, peer, recv);
  const std::size_t length = make(BytesOf(iu));
  Arrived(iu, length);
  const Bytes bytes = Bytes(iu.bytes).first(length);
  if (starts_) received_.push_back({&iu, {bytes.begin(), bytes.end()}});
  if (length >= 16 && (bytes[0] == 1 || bytes[0] == 2)) peer.tags.Add(LoadBe64(bytes.data() + 8));
  if (length != 0 && bytes[0] >= 1 && bytes[0] <= 3) --peer.credits;
  peer.touched = true;
  StepShard(to.shard, event::IuReceived{peer.id, RecvId(recv), bytes});
}

void StepWorld::Receive(std::uint32_t peer, Bytes iu) {
  ReceiveMade(Pick(peer), [iu](MutableBytes out) {
    std::copy(iu.begin(), iu.end(), out.begin());
    return iu.size();
  });
  Pump();
}

// The oldest work request ends, and with it, if it is unsignaled, those up to the next signaled
// one. An unsignaled one that fails is told by itself.
void StepWorld::CompleteWork(const Picked& of, WorkStatus status, Input* input) {
  Peer& peer = *of.peer;
  if (peer.work.empty() || peer.destroyed) return;
  if (peer.error) status = WorkStatus::kFlushed;
  std::size_t signaled = 0;
  while (signaled < peer.work.size() && !peer.work[signaled].signaled) ++signaled;
  peer.touched = true;
  if (status != WorkStatus::kOk && !peer.error) {
    peer.error = true;
    if (signaled != 0) return StepShard(of.shard, event::QpFailed{peer.id, status});
  }
  if (signaled == peer.work.size()) return;
  for (; signaled != 0; --signaled) PopWork(of.shard, peer);
  const Work work = PopWork(of.shard, peer);
  switch (work.kind) {
    case Work::Kind::kSend:
      return StepShard(of.shard, event::SendDone{peer.id, SendId(work.index), status});
    case Work::Kind::kProbe:
      return StepShard(of.shard, event::ProbeDone{peer.id, status});
    case Work::Kind::kRead:
      if (status == WorkStatus::kOk && input != nullptr) FillFetched(*input, Data(of.shard, work));
      if (status == WorkStatus::kOk && input == nullptr) std::ranges::fill(Data(of.shard, work), 0);
      [[fallthrough]];
    case Work::Kind::kWrite:
      return StepShard(of.shard, event::RdmaDone{peer.id, BufferId(work.index), status});
  }
}

void StepWorld::CompleteAllWork(const Picked& of, Input* input) {
  Peer& peer = *of.peer;
  for (int i = 0; i < 512 && peer.present && !peer.destroyed; ++i) {
    const std::size_t before = peer.work.size();
    CompleteWork(of, WorkStatus::kOk, input);
    if (peer.work.size() == before && i > 0) break;
    if (peer.work.empty()) break;
  }
}

// The queue pair is in error: everything comes back.
void StepWorld::Flush(const Picked& of) {
  Peer& peer = *of.peer;
  if (peer.destroyed) return;
  peer.error = peer.touched = true;
  CompleteAllWork(of, nullptr);
  while (!peer.destroyed && !peer.recvs.empty()) {
    const RecvId recv(peer.recvs.Pop());
    StepShard(of.shard, event::RecvFailed{peer.id, recv, WorkStatus::kFlushed});
  }
  if (parameters_.use_srq && !peer.destroyed && peer.disconnected && !peer.over_told) {
    peer.over_told = true;
    StepShard(of.shard, event::ReceivesOver{peer.id});
  }
}

void StepWorld::FailRecv(const Picked& of, WorkStatus status) {
  if (!CanReceive(of)) return;
  Peer& peer = *of.peer;
  const RecvId recv(RecvsOf(of).Pop());
  peer.error = peer.touched = true;
  StepShard(of.shard, event::RecvFailed{peer.id, recv, status});
}

// As far as `steps` goes: the CM says that it is over, everything comes back, timewait ends.
void StepWorld::CloseOut(const Picked& of, std::uint32_t steps) {
  Peer& peer = *of.peer;
  if (peer.destroyed || peer.refused) return;
  if (!peer.told_gone) {
    peer.told_gone = peer.error = peer.touched = true;
    StepShard(of.shard, event::Disconnected{peer.id});
  }
  if (steps > 0) Flush(of);
  if (steps > 1 && !peer.destroyed && !peer.timewait_told) {
    peer.timewait_told = true;
    StepShard(of.shard, event::TimewaitOver{peer.id});
  }
}

void StepWorld::FailAccept(const Picked& of, bool sq_refused) {
  Peer& peer = *of.peer;
  if (peer.touched || peer.destroyed) return;
  peer.present = false;
  peer.recvs.Clear();
  Conn& conn = books_.conns[peer.conn.v];
  if (conn == Conn::kAccepted) conn = Conn::kAsked;
  StepShard(of.shard, event::AcceptFailed{peer.id, "chosen", sq_refused});
}

void StepWorld::EstablishAll() {
  for (std::uint32_t i = 0; i < parameters_.shards; ++i) {
    for (Peer& peer : books_.lanes[i].peers) {
      if (peer.present) Establish({i, &peer});
    }
  }
  Pump();
}

void StepWorld::Establish(const Picked& of) {
  Peer& peer = *of.peer;
  if (peer.established || peer.error || peer.refused || peer.destroyed) return;
  peer.established = peer.touched = true;
  StepShard(of.shard, event::Established{peer.id});
}

// --- Backends, time, logins, the administrator --------------------------------------------------

void StepWorld::CompleteBlock(std::size_t which, IoStatus status) {
  if (books_.ops.empty()) return;
  const auto at = books_.ops.begin() + static_cast<std::ptrdiff_t>(which % books_.ops.size());
  const BlockOp op = *at;
  books_.ops.erase(at);
  if (op.has_buffer) --books_.lanes[op.shard].disk_uses[op.buffer.v];
  StepShard(op.shard, event::BlockDone{op.op, status});
}

void StepWorld::PassTime(Duration by) {
  books_.now = books_.now + by;
  for (std::uint32_t i = 0; i < parameters_.shards; ++i) StepShard(i, event::DeadlineReached{});
  StepDirector(event::DeadlineReached{});
}

void StepWorld::Login(event::LoginRequested login) {
  if (books_.conn_count == kConns) return;
  login.conn = ConnId(books_.conn_count++);
  books_.conns[login.conn.v] = Conn::kAsked;
  StepDirector(login);
  Pump();
}

void StepWorld::AskLogin(Input& input) {
  const std::uint8_t how = input.U8();
  std::array<std::uint8_t, 92> bytes{};  // As much as a CM REQ has room for.
  event::LoginRequested login;
  login.port = TargetPortId((how & 7) == 7 ? kPorts : (how & 7) == 6 ? 1 : 0);
  const bool cm = (how & 8) != 0;
  login.form = cm ? LoginForm::kRdmaCm : LoginForm::kIbCm;
  login.iwarp = cm && (how & 16) != 0;
  login.source.bytes[15] = how >> 6;
  login.rdma_read_depth = (how & 32) != 0 ? 0 : 4;
  std::size_t length = MakeLogin(input, cm, bytes);
  if (!login.iwarp) length = cm ? 56 : 92;  // Padded.
  login.private_data = Bytes(bytes).first(length);
  Login(login);
}

void StepWorld::Admin(admin::Request request) {
  StepDirector(event::AdminRequested{AdminId(++books_.admin_asked), std::move(request)});
  Pump();
}

namespace {

std::string DeviceOf(std::uint32_t unit) {
  return std::string("d") + static_cast<char>('0' + unit);
}

}  // namespace

void StepWorld::AddUnit() {
  if (books_.units == kUnits) return;  // An id is never used again.
  const std::uint32_t unit = books_.units++;
  admin::AddLu add;
  add.lu.id = LuId(unit);
  add.lu.name = std::string_view(DeviceOf(unit));
  add.lu.block_bytes = unit == 1 ? 4096 : 512;
  add.lu.block_count = unit == 0 ? 1 << 20 : 1000;
  books_.unit_bytes[unit] =
      std::max(books_.unit_bytes[unit], std::uint64_t{add.lu.block_bytes} * add.lu.block_count);
  Admin(add);
}

void StepWorld::AskAdmin(Input& input) {
  const std::uint8_t what = input.U8();
  const std::uint8_t which = input.U8();
  const std::string t = std::string("t") + static_cast<char>('0' + (which & 1));
  const std::uint32_t unit = (which >> 1) % books_.units;
  const std::string device = DeviceOf(unit);
  const std::string group = (which & 0x18) == 0x18 ? "g" : "";
  const LunNumber lun((which >> 5) % 3);
  switch (what % 20) {
    case 0:
      return AddUnit();
    case 1:
      return Admin(admin::RemoveLu{device});
    case 2: {
      const std::uint64_t blocks = 1 + std::uint64_t{which} * 8;
      books_.unit_bytes[unit] = std::max(books_.unit_bytes[unit], blocks * 4096);
      return Admin(admin::ResizeLu{device, blocks});
    }
    case 3:
      return Admin(admin::ClearFailedLu{device});
    case 4:
      return Admin(admin::EnableTarget{t, (which & 2) != 0});
    case 5:
    case 6:
      return Admin(admin::AddLun{t, group, lun, device, (which & 2) != 0});
    case 7:
    case 8:
      return Admin(admin::RemoveLun{t, group, lun});
    case 9:
      return Admin(admin::AddGroup{t, "g"});
    case 10:
      return Admin(admin::AddInitiator{t, "g", (which & 2) != 0 ? "*" : "!*1"});
    case 11:
      return Admin(admin::AddDeviceGroup{"a"});
    case 12:
      return Admin(admin::AddDeviceToGroup{"a", device});
    case 13:
      return Admin(admin::AddTargetGroup{"a", "b", which});
    case 14:
      return Admin(admin::AddTargetToGroup{"a", "b", t, which});
    case 15: {
      static constexpr scsi::AluaState kStates[] = {
          scsi::AluaState::kActive, scsi::AluaState::kNonoptimized, scsi::AluaState::kStandby,
          scsi::AluaState::kUnavailable};
      return Admin(admin::SetAluaState{"a", "b", kStates[which & 3]});
    }
    case 16:
      return Admin(admin::SetAluaPreferred{"a", "b", (which & 1) != 0});
    case 17:
    case 18: {
      static constexpr const char* kSessions[] = {"::", "::1", "::2", "::3"};
      return Admin(admin::CloseSession{t, kSessions[(which >> 1) & 3]});
    }
    default:
      if (which == 0xff) Admin(admin::Shutdown{});
      return;
  }
}

// --- Turns --------------------------------------------------------------------------------------

void StepWorld::Turn(Input& input) {
  const std::uint8_t choice = input.U8();
  if ((choice & 31) < 18) {
    const Picked picked = Pick(choice >> 5);
    if (picked.peer != nullptr) TurnOfPeer(choice & 31, picked, input);
  } else {
    TurnOfWorld(choice, input);
  }
  Pump();
}

void StepWorld::TurnOfPeer(std::uint8_t choice, const Picked& picked, Input& input) {
  static constexpr WorkStatus kWork[] = {WorkStatus::kRemoteAccess, WorkStatus::kRetryExceeded,
                                         WorkStatus::kRnrExceeded, WorkStatus::kOther};
  static constexpr WorkStatus kRecv[] = {WorkStatus::kLocalLength, WorkStatus::kFlushed,
                                         WorkStatus::kOther, WorkStatus::kLocalLength};
  switch (choice) {
    case 0:
    case 1:
    case 2:
    case 3:
      return ReceiveMade(picked, [&](MutableBytes out) { return MakeCmd(input, out); });
    case 4:
      return ReceiveMade(picked, [&](MutableBytes out) { return MakeTskMgmt(input, out); });
    case 5:
      return ReceiveMade(picked, [&](MutableBytes out) { return MakeOther(input, out); });
    case 6:
    case 7: {  // As many as the peer may send, and sometimes one more.
      const std::uint8_t how = input.U8();
      const int count = (how & 7) + 1;
      for (int i = 0; i < count && CanReceive(picked); ++i) {
        if ((how & 0x80) == 0 && picked.peer->credits <= 0) break;
        const auto n = static_cast<std::uint8_t>(i + ((how >> 3) & 7));
        ReceiveMade(picked, [&](MutableBytes out) { return MakeSimpleCmd(n, choice == 7, out); });
      }
      return;
    }
    case 8:
    case 9:
      return CompleteWork(picked, WorkStatus::kOk, &input);
    case 10:
      return CompleteAllWork(picked, &input);
    case 11:
      return CompleteWork(picked, kWork[input.Below(4)], nullptr);
    case 12:
      return Establish(picked);
    case 13:
      return CloseOut(picked, input.Below(3));
    case 14:
      return FailRecv(picked, kRecv[input.Below(4)]);
    case 15:
      return FailAccept(picked, input.Below(2) == 1);
    case 16:  // The initiator leaves, everything ends.
      ReceiveMade(picked, [](MutableBytes out) {
        std::memset(out.data(), 0, 16);
        out[0] = 3;
        return std::size_t{16};
      });
      return CloseOut(picked, 2);
    default:
      if (!picked.peer->destroyed && !picked.peer->error) {
        picked.peer->error = picked.peer->touched = true;
        StepShard(picked.shard, event::QpFailed{picked.peer->id, WorkStatus::kOther});
      }
      return;
  }
}

void StepWorld::TurnOfWorld(std::uint8_t choice, Input& input) {
  static constexpr IoStatus kIo[] = {IoStatus::kIoError, IoStatus::kNoSpace, IoStatus::kShort,
                                     IoStatus::kDeviceGone};
  const std::uint8_t more = choice >> 5;
  switch (choice & 31) {
    case 18:
    case 19:
    case 27:
      return CompleteBlock(more, IoStatus::kOk);
    case 20:
      return CompleteBlock(more, kIo[more & 3]);
    case 21:
      while (!books_.ops.empty() && books_.ops.size() < 64) CompleteBlock(0, IoStatus::kOk);
      return;
    case 22:
    case 23:
      return Settle(input);
    case 24:
      return PassTime(Milliseconds(std::uint64_t{1} << (more * 2)));  // Up to 16 s.
    case 25:
      return PassTime(Seconds(std::uint64_t{5} << more));  // Up to 640 s.
    case 26:                                               // (The dearest turn.)
      return AskLogin(input);
    case 28:
      books_.held = more != 0;
      return;
    case 29:
      DeliverOne(more % parameters_.shards, more >= 4);
      return;
    case 30:
      return AskAdmin(input);
    default: {  // The youngest login that is not answered is given up.
      for (std::uint32_t i = books_.conn_count; i-- > 0;) {
        if (books_.conns[i] != Conn::kAsked) continue;
        books_.conns[i] = Conn::kGone;
        return StepDirector(event::ConnectionGone{ConnId(i)});
      }
      return;
    }
  }
}

void StepWorld::Settle(Input& input) {
  for (int i = 0; i < 16; ++i) {
    bool quiet = books_.ops.empty();
    for (std::uint32_t n = static_cast<std::uint32_t>(books_.ops.size()); n-- > 0;) {
      CompleteBlock(0, IoStatus::kOk);
    }
    for (std::uint32_t shard = 0; shard < parameters_.shards; ++shard) {
      for (Peer& peer : books_.lanes[shard].peers) {
        if (!peer.present || peer.work.empty() || peer.destroyed) continue;
        CompleteAllWork({shard, &peer}, &input);
        quiet = false;
      }
    }
    Pump();
    if (quiet) return;
  }
}

void StepWorld::Finish() {
  static Input nothing{Bytes()};
  books_.held = false;
  Pump();
  Settle(nothing);
  Admin(admin::Shutdown{});
  for (int i = 0; i < 3; ++i) {
    for (std::uint32_t shard = 0; shard < parameters_.shards; ++shard) {
      for (Peer& peer : books_.lanes[shard].peers) {
        if (peer.present) CloseOut({shard, &peer}, 2);
      }
    }
    Pump();
    Settle(nothing);
  }
  PassTime(Seconds(100));
  Pump();
  Must(books_.ops.empty(), "a block operation begins after the end");
  for (std::uint32_t i = 0; i < parameters_.shards; ++i) {
    Must(shards_[i]->IsIdle() && shards_[i]->active_commands() == 0,
         "36: after the drain no task, buffer or id remains");
    Must(!parameters_.use_srq || books_.lanes[i].shared_recvs.size() == parameters_.srpt_srq_size,
         "36: every shared receive is posted after the drain");
    Must(shards_[i]->free_data_buffers() == parameters_.data_buffers_per_shard,
         "36: every data buffer is free after the drain");
  }
  Must(director_->IsDown(), "44: shutdown drains");
  Must(books_.admin_done == books_.admin_asked, "an administrator is answered");
  for (const Conn conn : books_.conns) Must(conn != Conn::kAsked, "a login is answered");
  Sweep();
}

}  // namespace srpt::fuzz
