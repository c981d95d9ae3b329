// Every event in every state of a channel, pinned (golden/channel.txt). `bazel run` of this test
// writes the file anew.
#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <sstream>
#include <utility>

#include "core/srp/channel_states.h"
#include "core/srp/golden_table.h"
#include "core/srp/shard_fixture.h"
#include "core/wire/logout.h"

namespace srpt {
namespace {

class ChannelGolden : public ShardFixture {
 protected:
  struct Situation {
    const char* name;
    ChannelState state;
    std::function<void()> enter;
  };
  struct Event {
    const char* name;
    std::function<void()> happens;
  };

  void SetUp() override {}
  void Fresh() {
    now_ = Time{1};
    version_ = conn_ = 0;
    channel_ = ChannelId::Make(0, 0);
    Build({});
  }

  // --- How a situation comes about ---
  void Connecting() { channel_ = Ask()->channel; }
  void Live() { channel_ = Login(); }
  void Reading() {
    Live();
    Receive(channel_, Cmd(1, Rw(false, 0, 1), Data::kIn, {At(0x1000, 512)}));
    op_ = Got<action::BlockRead>().at(0).op;
  }
  void Writing() {
    Live();
    Receive(channel_, Cmd(1, Rw(true, 0, 1), Data::kOut, {At(0x1000, 512)}));
    buffer_ = Got<action::RdmaRead>().at(0).buffer;
    Then(event::RdmaDone{channel_, buffer_, WorkStatus::kOk});
    op_ = Got<action::BlockWrite>().at(0).op;
  }
  void Responding() {
    Live();
    Receive(channel_, Cmd(1, {0x00}, Data::kNone, {}));
    send_ = Got<action::SendIu>().at(0).send;
  }
  void LoggingOut() {
    Live();
    Receive(channel_, std::vector<std::uint8_t>(16, 0x77));
    send_ = Got<action::SendIu>().at(0).send;
  }
  void Flush() {
    for (const RecvId r : std::exchange(posted_[channel_], {})) {
      Then(event::RecvFailed{channel_, r, WorkStatus::kFlushed});
    }
  }
  void ClosedEarly() {
    Connecting();
    Then(event::FromDirector{message::CloseChannel{channel_, CloseReason::kReplaced}});
  }
  void Timewait() {
    Writing();
    Then(event::Disconnected{channel_});
    Flush();
  }
  void Destroying() {
    Timewait();
    Then(event::TimewaitOver{channel_});
  }
  std::vector<Situation> Situations() {
    using S = ChannelState;
    return {
        {"Free", S::kFree, [] {}},
        {"Connecting", S::kConnecting, [this] { Connecting(); }},
        {"Live", S::kLive, [this] { Live(); }},
        {"Live, a READ at its backend", S::kLive, [this] { Reading(); }},
        {"Live, a WRITE at its backend", S::kLive, [this] { Writing(); }},
        {"Live, a response under way", S::kLive, [this] { Responding(); }},
        {"Live, a probe under way", S::kLive,
         [this] {
           Live();
           Advance(limits::kKeepaliveInterval);
         }},
        {"LoggingOut", S::kLoggingOut, [this] { LoggingOut(); }},
        {"Disconnecting, we asked", S::kDisconnecting,
         [this] {
           Writing();
           Close(CloseReason::kAdministrator);
           Then(event::SendDone{channel_, Got<action::SendIu>().at(0).send, WorkStatus::kOk});
         }},
        {"Disconnecting, only the CM is missing", S::kDisconnecting,
         [this] {
           Writing();
           Then(event::QpFailed{channel_, WorkStatus::kOther});
           Flush();
         }},
        {"Disconnecting, a receive is missing", S::kDisconnecting,
         [this] {
           Writing();
           Then(event::Disconnected{channel_});
           auto& posted = posted_[channel_];
           const RecvId last = posted.back();
           posted.pop_back();
           Flush();
           posted_[channel_] = {last};
         }},
        {"Disconnecting, closed before it was established", S::kDisconnecting,
         [this] { ClosedEarly(); }},
        {"Timewait", S::kTimewait, [this] { Timewait(); }},
        {"Timewait, its accept never answered", S::kTimewait,
         [this] {
           ClosedEarly();
           Advance(limits::kDrainTimeout);
         }},
        {"Destroying", S::kDestroying, [this] { Destroying(); }},
        {"Destroying, a backend still works", S::kDestroying,
         [this] {
           Destroying();
           Then(event::QpDestroyed{channel_});
         }},
    };
  }

  void Iu(std::vector<std::uint8_t> iu) {
    if (posted_[channel_].empty()) {
      note_ = "no receive is posted";
      return;
    }
    Receive(channel_, iu);
  }
  void Tell(const message::ToShard& m) { Then(event::FromDirector{m}); }
  void Close(CloseReason why) { Tell(message::CloseChannel{channel_, why}); }
  std::vector<Event> Events() {
    const auto iu = [](std::uint8_t opcode, std::size_t size) {
      std::vector<std::uint8_t> v(size);
      v[0] = opcode;
      return v;
    };
    return {
        {"OpenChannel", [this] { Ask(); }},
        {"AcceptFailed",
         [this] {
           Then(event::AcceptFailed{channel_, "a reason"});
         }},
        {"RTU", [this] { Then(event::Established{channel_}); }},
        {"TEST UNIT READY", [this] { Iu(Cmd(7, {0x00}, Data::kNone, {})); }},
        {"READ", [this] { Iu(Cmd(7, Rw(false, 0, 1), Data::kIn, {At(0x1000, 512)})); }},
        {"ABORT TASK", [this] { Iu(Tmf(8, wire::TskMgmtFunction::kAbortTask, 1)); }},
        {"I_LOGOUT", [this, iu] { Iu(iu(0x03, 16)); }},
        {"CRED_RSP", [this, iu] { Iu(iu(0x41, 16)); }},
        {"AER_RSP", [this, iu] { Iu(iu(0x42, 16)); }},
        {"an IU of no type", [this, iu] { Iu(iu(0x77, 16)); }},
        {"an IU of the target's", [this, iu] { Iu(iu(0xc1, 36)); }},
        {"a CMD cut short", [this, iu] { Iu(iu(0x02, 47)); }},
        {"an empty IU", [this] { Iu({}); }},
        {"a receive flushed", [this] { FailReceive(WorkStatus::kFlushed); }},
        {"a receive too small", [this] { FailReceive(WorkStatus::kLocalLength); }},
        {"SendDone",
         [this] {
           Then(event::SendDone{channel_, send_, WorkStatus::kOk});
         }},
        {"SendDone, retries exceeded",
         [this] {
           Then(event::SendDone{channel_, send_, WorkStatus::kRetryExceeded});
         }},
        {"ProbeDone",
         [this] {
           Then(event::ProbeDone{channel_, WorkStatus::kOk});
         }},
        {"ProbeDone, retries exceeded",
         [this] {
           Then(event::ProbeDone{channel_, WorkStatus::kRetryExceeded});
         }},
        {"QpFailed",
         [this] {
           Then(event::QpFailed{channel_, WorkStatus::kOther});
         }},
        {"BlockDone",
         [this] {
           Then(event::BlockDone{op_, IoStatus::kOk});
         }},
        {"BlockDone, EIO",
         [this] {
           Then(event::BlockDone{op_, IoStatus::kIoError});
         }},
        {"Disconnected", [this] { Then(event::Disconnected{channel_}); }},
        {"TimewaitOver", [this] { Then(event::TimewaitOver{channel_}); }},
        {"QpDestroyed", [this] { Then(event::QpDestroyed{channel_}); }},
        {"CloseChannel, replaced", [this] { Close(CloseReason::kReplaced); }},
        {"CloseChannel, administrator", [this] { Close(CloseReason::kAdministrator); }},
        {"CloseChannel, target disabled", [this] { Close(CloseReason::kTargetDisabled); }},
        {"CloseChannel, shutdown", [this] { Close(CloseReason::kShutdown); }},
        {"ReportEvent",
         [this] {
           Tell(message::ReportEvent{channel_, LunNumber(0), {0x2a, 0x09}});
         }},
        {"2 s later", [this] { Advance(Seconds(2)); }},
        {"30 s later", [this] { Advance(Seconds(30)); }},
        {"90 s later", [this] { Advance(Seconds(90)); }},
    };
  }
  void FailReceive(WorkStatus status) {
    auto& posted = posted_[channel_];
    if (posted.empty()) {
      note_ = "no receive is posted";
      return;
    }
    const RecvId r = posted.front();
    posted.erase(posted.begin());
    Then(event::RecvFailed{channel_, r, status});
  }

  ChannelState State() const {
    for (const auto& c : shard_->Channels()) {
      if (c.channel == channel_) return c.state;
    }
    return ChannelState::kFree;
  }
  std::string Answer() const {
    std::string text;
    for (std::size_t i = 0; i < all_.size(); ++i) {
      Bytes iu;
      if (const auto* send = std::get_if<action::SendIu>(&all_[i])) {
        iu = Bytes(memory_.sends[send->send.v]).first(send->length);
      }
      const std::string one = Describe(all_[i], iu);
      if (one.empty()) continue;
      text += (text.empty() ? "" : ", ") + one;
    }
    return text;
  }

  ChannelId channel_;
  OpId op_;
  SendId send_;
  BufferId buffer_;
  std::string note_;
};

// [R-INV-49, R-LOGOUT-03]
TEST_F(ChannelGolden, EveryEventInEveryState) {
  std::ostringstream text;
  text << "# What a channel does for every event in every state: state, event, next state, "
          "actions.\n"
          "# Written by `bazel run //core/srp:channel_golden_test`. \"!\": a driver never does "
          "this; "
          "the check that says so.\n";
  std::set<std::pair<ChannelState, ChannelState>> seen;
  for (std::size_t s = 0; s < Situations().size(); ++s) {
    const Situation situation = Situations()[s];
    text << "\n" << situation.name << "\n";
    for (const Event& event : Events()) {
      op_ = OpId();
      send_ = SendId();
      note_.clear();
      Fresh();
      situation.enter();
      ASSERT_EQ(State(), situation.state) << situation.name;
      all_.clear();
      const std::string failed = CheckThatFails(event.happens);
      if (HasFatalFailure()) return;
      text << "  " << event.name << ": ";
      if (!failed.empty()) {
        text << "! " << failed << "\n";
        continue;
      }
      if (!note_.empty()) {
        text << note_ << "\n";
        continue;
      }
      const ChannelState next = State();
      seen.emplace(situation.state, next);
      const std::string answer = Answer();
      if (next != situation.state) text << "-> " << ToString(next) << (answer.empty() ? "" : ": ");
      text << answer << (next == situation.state && answer.empty() ? "nothing" : "") << "\n";
    }
  }
  ExpectGolden("core/srp/golden/channel.txt", text.str());
  // No row of the table is there for nothing. (A new channel is another one than the test's own,
  // and the last two steps of a drain may come in one event.)
  for (const auto& row : kChannelTable) {
    if (row.from == ChannelState::kFree) continue;
    EXPECT_TRUE(
        seen.contains({row.from, row.to}) ||
        (row.to == ChannelState::kDestroying && seen.contains({row.from, ChannelState::kFree})))
        << ToString(row.from) << " -> " << ToString(row.to);
  }
}

}  // namespace
}  // namespace srpt
