// Every event in every state of a command, pinned (golden/command.txt). `bazel run` of this test
// writes the file anew. The command looked at is the first one of its channel.
#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <sstream>

#include "core/srp/command_states.h"
#include "core/srp/golden_table.h"
#include "core/srp/shard_fixture.h"

namespace srpt {
namespace {

using F = wire::TskMgmtFunction;

constexpr std::uint16_t kCredits = 40;

class CommandGolden : public ShardFixture {
 protected:
  struct Situation {
    const char* name;
    CommandPhase phase;
    std::function<void()> enter;
    std::uint32_t buffer_waits = limits::kBufferWaitsMax;
  };
  struct Event {
    const char* name;
    std::function<void()> happens;
  };

  void SetUp() override {}
  void Fresh(const Options& options) {
    now_ = Time{1};
    version_ = conn_ = 0;
    op_.reset();
    buffer_.reset();
    asked_ = CommandId();
    Build(options);
    channel_ = Login();
  }
  void Tell(const message::ToShard& m) { Then(event::FromDirector{m}); }

  // --- How a situation comes about ---
  void Serve(const std::vector<std::uint8_t>& iu) {
    Receive(channel_, iu);
    command_ = channel_.slot() * (kCredits + limits::kReceivesBeyondCredits) + last_recv_.v;
    if (const auto r = Got<action::BlockRead>(); !r.empty()) op_ = r[0].op;
    if (const auto w = Got<action::BlockWrite>(); !w.empty()) op_ = w[0].op;
    if (const auto f = Got<action::BlockFlush>(); !f.empty()) op_ = f[0].op;
    if (const auto r = Got<action::RdmaRead>(); !r.empty()) buffer_ = r[0].buffer;
    for (const auto& a : Told<message::AskUnitAttention>()) asked_ = a.command;
    for (const auto& a : Told<message::AskTaskFence>()) asked_ = a.command;
  }
  void Read() { Serve(Cmd(1, Rw(false, 0, 1), Data::kIn, {At(0x1000, 512)})); }
  void Write() { Serve(Cmd(1, Rw(true, 0, 1), Data::kOut, {At(0x1000, 512)})); }
  void WriteAtBackend() {
    Write();
    Then(event::RdmaDone{channel_, *buffer_});
    op_ = Got<action::BlockWrite>().at(0).op;
  }
  // XDWRITEREAD of one piece: fetched, then at the backend, then on its way back.
  static std::vector<std::uint8_t> Both() {
    wire::Cmd cmd;
    cmd.tag = MakeTag(1);
    std::vector<std::uint8_t> cdb = Rw(false, 0, 1);
    cdb[0] = 0x53;
    cdb.resize(16);
    cmd.cdb = cdb;
    cmd.out_fmt = cmd.in_fmt = wire::BufferFormat::kDirect;
    std::vector<std::uint8_t> descriptors(32);
    wire::SerializeDirect(At(0x1000, 512), descriptors);
    wire::SerializeDirect(At(0x3000, 512), MutableBytes(descriptors).subspan(16));
    cmd.descriptors = descriptors;
    std::vector<std::uint8_t> iu(wire::SerializedBytes(cmd));
    wire::SerializeCmd(cmd, iu);
    return iu;
  }
  void BothReads() {
    Serve(Both());
    Then(event::RdmaDone{channel_, *buffer_});
    op_ = Got<action::BlockRead>().at(0).op;
  }
  void BothWrites() {
    BothReads();
    Then(event::BlockDone{*op_, IoStatus::kOk});
    op_ = Got<action::BlockWrite>().at(0).op;
  }
  void BothSends() {
    BothWrites();
    Then(event::BlockDone{*op_, IoStatus::kOk});
    op_.reset();
  }
  void OnTheWire() {  // Two pieces: the first has a completion of its own.
    Serve(Cmd(1, Rw(false, 0, 256), Data::kIn, {At(0x1000, 131072)}));
    const OpId second = Got<action::BlockRead>().at(1).op;
    Then(event::BlockDone{*op_, IoStatus::kOk});
    buffer_ = Got<action::RdmaWrite>().at(0).buffer;
    op_ = second;
  }
  // The send queue is full, of responses that are not delivered.
  void FillSendQueue() {
    for (std::uint64_t i = 0; i < 16; ++i) Receive(channel_, Cmd(100 + i, {0x00}, Data::kNone, {}));
    send_ = Got<action::SendIu>().at(0).send;
  }
  void Attention() {
    Tell(message::UnitAttentionPending{NexusId::Make(0, 0), LuId(7)});
    Read();
  }
  // An old channel's write is still at the backend when its nexus comes again.
  void Takeover() {
    const ChannelId old = channel_;
    Receive(old, Cmd(9, Rw(true, 0, 1), Data::kImmediate, {}, 512));
    const OpId op = Got<action::BlockWrite>().at(0).op;
    Then(event::Disconnected{old});
    channel_ = Login();
    Read();
    op_ = op;
  }
  void NoBuffer() {
    for (std::uint64_t i = 0; i < options_.data_buffers; ++i) {
      Receive(channel_, Cmd(50 + i, Rw(false, 0, 1), Data::kIn, {At(0x1000, 512)}));
      if (const auto r = Got<action::BlockRead>(); !r.empty()) op_ = r[0].op;
    }
  }
  static std::vector<std::uint8_t> Inquiry(std::uint64_t tag) {
    return Cmd(tag, {0x12, 0, 0, 0, 96, 0}, Data::kIn, {At(0x1000, 96)});
  }
  // A list of two descriptors, none of them in the IU: the table is fetched.
  static std::vector<std::uint8_t> Table() {
    wire::Cmd cmd;
    cmd.tag = MakeTag(1);
    std::vector<std::uint8_t> cdb = Rw(false, 0, 2);
    cdb.resize(16);
    cmd.cdb = cdb;
    cmd.in_fmt = wire::BufferFormat::kIndirect;
    std::vector<std::uint8_t> descriptors(20);
    wire::SerializeIndirect({RemoteAddr(0x8000), RKey(9), 32}, 1024, {}, descriptors);
    cmd.descriptors = descriptors;
    std::vector<std::uint8_t> iu(wire::SerializedBytes(cmd));
    wire::SerializeCmd(cmd, iu);
    return iu;
  }
  void FillTable() {
    if (!buffer_) return;
    wire::SerializeDirect(At(0x1000, 512), MutableBytes(memory_.data[buffer_->v]));
    wire::SerializeDirect(At(0x3000, 512), MutableBytes(memory_.data[buffer_->v]).subspan(16));
  }

  std::vector<Situation> Situations() {
    using P = CommandPhase;
    return {
        {"Parked, asked for a unit attention", P::kParked, [this] { Attention(); }},
        {"Parked, a flush, asked for a unit attention", P::kParked,
         [this] {
           Tell(message::UnitAttentionPending{NexusId::Make(0, 0), LuId(7)});
           Serve(Cmd(1, {0x35}, Data::kNone, {}));
         }},
        {"Parked, an old session's write is at the backend", P::kParked, [this] { Takeover(); }},
        {"Moving, a READ at its backend", P::kMoving, [this] { Read(); }},
        {"Moving, a READ half on the wire", P::kMoving, [this] { OnTheWire(); }},
        {"Moving, a WRITE being fetched", P::kMoving, [this] { Write(); }},
        {"Moving, a WRITE at its backend", P::kMoving, [this] { WriteAtBackend(); }},
        {"Moving, an XDWRITEREAD being fetched", P::kMoving, [this] { Serve(Both()); }},
        {"Moving, an XDWRITEREAD's old data being read", P::kMoving, [this] { BothReads(); }},
        {"Moving, an XDWRITEREAD being written", P::kMoving, [this] { BothWrites(); }},
        {"Moving, an XDWRITEREAD being sent back", P::kMoving, [this] { BothSends(); }},
        {"Moving, the descriptor table being fetched", P::kMoving,
         [this] {
           Serve(Table());
           FillTable();
         }},
        {"Moving, the table being fetched, and as many wait for buffers as may", P::kMoving,
         [this] {
           Serve(Table());
           const std::uint32_t command = command_;
           FillTable();
           NoBuffer();
           command_ = command;
         },
         1},
        {"Moving, a READ waits for a buffer", P::kMoving,
         [this] {
           NoBuffer();
           const auto op = op_;
           Read();
           op_ = op;
         }},
        {"Moving, an INQUIRY waits for a buffer", P::kMoving,
         [this] {
           FillSendQueue();  // What cannot be sent keeps its buffer.
           for (std::uint64_t i = 0; i < 16; ++i) Receive(channel_, Inquiry(50 + i));
           Serve(Inquiry(1));
         }},
        {"Backend, immediate data being written", P::kBackend,
         [this] { Serve(Cmd(1, Rw(true, 0, 1), Data::kImmediate, {}, 512)); }},
        {"Backend, a flush", P::kBackend, [this] { Serve(Cmd(1, {0x35}, Data::kNone, {})); }},
        {"Responding, the send queue is full", P::kResponding,
         [this] {
           FillSendQueue();
           Serve(Cmd(1, {0x00}, Data::kNone, {}));
         }},
        {"Managing, ABORT TASK of a WRITE", P::kManaging,
         [this] {
           Serve(Cmd(5, Rw(true, 0, 1), Data::kImmediate, {}, 512));
           const auto op = op_;
           Serve(Tmf(1, F::kAbortTask, 5));
           op_ = op;
         }},
        {"Managing, LUN RESET", P::kManaging, [this] { Serve(Tmf(1, F::kLunReset)); }},
        {"Managing, overlapped", P::kManaging,
         [this] {
           Serve(Cmd(1, Rw(true, 0, 1), Data::kImmediate, {}, 512));
           const auto op = op_;
           Serve(Cmd(1, {0x00}, Data::kNone, {}));
           op_ = op;
         }},
        {"Aborting, a WRITE at its backend", P::kAborting,
         [this] {
           WriteAtBackend();
           const std::uint32_t command = command_;
           Receive(channel_, Tmf(2, F::kAbortTask, 1));
           command_ = command;
         }},
        {"Aborting, a READ at its backend", P::kAborting,
         [this] {
           Read();
           const std::uint32_t command = command_;
           Receive(channel_, Tmf(2, F::kAbortTask, 1));
           command_ = command;
         }},
        {"Aborting, a READ half on the wire", P::kAborting,
         [this] {
           OnTheWire();
           const std::uint32_t command = command_;
           Receive(channel_, Tmf(2, F::kAbortTask, 1));
           command_ = command;
         }},
    };
  }

  void Block(IoStatus status) {
    if (!op_) {
      note_ = "nothing is at a backend";
      return;
    }
    Then(event::BlockDone{*op_, status});
  }
  void Rdma(WorkStatus status) {
    if (!buffer_) {
      note_ = "nothing is on the wire";
      return;
    }
    Then(event::RdmaDone{channel_, *buffer_, status});
  }
  std::vector<Event> Events() {
    return {
        {"BlockDone", [this] { Block(IoStatus::kOk); }},
        {"BlockDone, EIO", [this] { Block(IoStatus::kIoError); }},
        {"BlockDone, ENOSPC", [this] { Block(IoStatus::kNoSpace); }},
        {"BlockDone, short", [this] { Block(IoStatus::kShort); }},
        {"BlockDone, device gone", [this] { Block(IoStatus::kDeviceGone); }},
        {"RdmaDone", [this] { Rdma(WorkStatus::kOk); }},
        {"RdmaDone, remote access", [this] { Rdma(WorkStatus::kRemoteAccess); }},
        {"RdmaDone, flushed", [this] { Rdma(WorkStatus::kFlushed); }},
        {"SendDone of an earlier response",
         [this] {
           if (send_) Then(event::SendDone{channel_, *send_, WorkStatus::kOk});
           if (!send_) note_ = "no response is under way";
         }},
        {"UnitAttentionAnswer, one",
         [this] {
           Attention({0x29, 0x00}, true);
         }},
        {"UnitAttentionAnswer, none", [this] { Attention({}, false); }},
        {"TaskFenceAnswer, complete",
         [this] {
           Tell(message::TaskFenceAnswer{Asked(), 0});
         }},
        {"TaskFenceAnswer, failed",
         [this] {
           Tell(message::TaskFenceAnswer{Asked(), 5});
         }},
        {"ABORT TASK", [this] { Receive(channel_, Tmf(300, F::kAbortTask, 1)); }},
        {"a CMD with its tag", [this] { Receive(channel_, Cmd(1, {0x00}, Data::kNone, {})); }},
        {"AbortFence of its unit",
         [this] {
           Tell(message::AbortFence{FenceId(4), LuId(7), NexusId(), CommandId()});
         }},
        {"AbortFence of another unit",
         [this] {
           Tell(message::AbortFence{FenceId(4), LuId(8), NexusId(), CommandId()});
         }},
        {"AbortFence of another nexus",
         [this] {
           Tell(message::AbortFence{FenceId(4), LuId(7), NexusId::Make(3, 0), CommandId()});
         }},
        {"RetireLu of its unit", [this] { Tell(message::RetireLu{LuId(7)}); }},
        {"Publish", [this] { Publish(); }},
        {"Disconnected", [this] { Then(event::Disconnected{channel_}); }},
        {"CloseChannel",
         [this] {
           Tell(message::CloseChannel{channel_, CloseReason::kAdministrator});
         }},
        {"3 s later", [this] { Advance(limits::kTakeoverWait); }},
        {"90 s later", [this] { Advance(Seconds(90)); }},
    };
  }
  CommandId Asked() const { return asked_.valid() ? asked_ : CommandId::Make(command_, 0); }
  void Attention(UnitAttention what, bool has) {
    Tell(message::UnitAttentionAnswer{Asked(), NexusId::Make(0, 0), LuId(7), has, what, false});
  }

  // "free", "moving", ...
  std::string Phase() const {
    const std::string name = " command " + std::to_string(command_) + " is ";
    for (const std::string& line : shard_->Pending()) {
      if (const auto at = line.find(name); at != std::string::npos) {
        return line.substr(at + name.size());
      }
    }
    return "free";
  }
  std::string Answer() const {
    std::string text;
    for (const Action& action : all_) {
      Bytes iu;
      if (const auto* send = std::get_if<action::SendIu>(&action)) {
        iu = Bytes(memory_.sends[send->send.v]).first(send->length);
      }
      const std::string one = Describe(action, iu);
      if (!one.empty()) text += (text.empty() ? "" : ", ") + one;
    }
    return text;
  }

  ChannelId channel_;
  std::uint32_t command_ = 0;
  std::optional<OpId> op_;
  std::optional<SendId> send_;
  std::optional<BufferId> buffer_;
  CommandId asked_;
  std::string note_;
};

TEST_F(CommandGolden, EveryEventInEveryState) {
  std::ostringstream text;
  text
      << "# What a command does for every event in every state: event, next state, actions.\n"
         "# Written by `bazel run //core/srp:command_golden_test`. \"!\": a driver or the director "
         "never\n# does this; the check that says so.\n";
  std::set<std::pair<std::string, std::string>> seen;
  const std::size_t count = Situations().size();
  for (std::size_t i = 0; i < count; ++i) {
    const Situation situation = Situations()[i];
    text << "\n" << situation.name << "\n";
    for (const Event& event : Events()) {
      send_.reset();
      note_.clear();
      Fresh({.credits = kCredits,
             .sq_size = 16,
             .data_buffers = 16,
             .buffer_waits = situation.buffer_waits});
      situation.enter();
      const std::string phase = ToString(situation.phase);
      ASSERT_EQ(Phase(), phase) << situation.name;
      seen.emplace("free", phase);
      all_.clear();
      const std::string failed = CheckThatFails(event.happens);
      if (HasFatalFailure()) return;
      text << "  " << event.name << ": ";
      if (!failed.empty() || !note_.empty()) {
        text << (failed.empty() ? note_ : "! " + failed) << "\n";
        continue;
      }
      const std::string next = Phase();
      seen.emplace(phase, next);
      const std::string answer = Answer();
      if (next != phase) text << "-> " << next << (answer.empty() ? "" : ": ");
      text << answer << (next == phase && answer.empty() ? "nothing" : "") << "\n";
    }
  }
  ExpectGolden("core/srp/golden/command.txt", text.str());
  // No move is in the table for nothing. One event may make several of them: a response that finds
  // room is posted at once, and what is aborted with nothing in flight is gone.
  for (const auto& row : kCommandTable) {
    const std::string from = ToString(row.from);
    const std::string to = ToString(row.to);
    const bool passed = to == "responding" || to == "aborting" || from == to || to == "parked";
    EXPECT_TRUE(seen.contains({from, to}) || (passed && seen.contains({from, "free"})))
        << from << " -> " << to;
  }
}

}  // namespace
}  // namespace srpt
