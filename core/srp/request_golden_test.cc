// Every event in every state of a request of ours, pinned (golden/request.txt). `bazel run` of this
// test writes the file anew.
#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "core/srp/golden_table.h"
#include "core/srp/request_states.h"
#include "core/srp/shard_fixture.h"

namespace srpt {
namespace {

class RequestGolden : public ShardFixture {
 protected:
  struct Situation {
    const char* name;
    RequestPhase phase;
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
    send_ = first_send_ = SendId();
    Build({.credits = 40, .sq_size = 16, .data_buffers = 16});
    channel_ = Login();
  }

  // --- How a situation comes about ---
  void Report(std::uint16_t lun) {
    Then(event::FromDirector{message::ReportEvent{channel_, LunNumber(lun), {0x2a, 0x09}}});
  }
  // All slots of the send queue are taken by responses that are not delivered; the last of them
  // owes its credits.
  void FillSendQueue() {
    for (std::uint64_t i = 0; i < 16; ++i) Receive(channel_, Cmd(100 + i, {0x00}, Data::kNone, {}));
    first_send_ = SendId(0);  // They are taken in order.
  }
  void NoteSend() { send_ = Got<action::SendIu>().at(0).send; }
  // What was read is aborted in silence, so no response brings the credits back. `hung` of the
  // reads never end.
  void Starve(std::size_t count = 40, std::size_t hung = 0) {
    std::vector<OpId> reads;
    for (std::uint64_t tag = 1; tag <= count; ++tag) {
      Receive(channel_, Cmd(tag, Rw(false, 0, 1), Data::kIn, {At(0, 512)}));
      for (const auto& read : Got<action::BlockRead>()) reads.push_back(read.op);
    }
    Then(event::FromDirector{message::AbortFence{FenceId(1), LuId(7), {}, {}}});
    for (std::size_t i = hung; i < reads.size(); ++i) {
      Then(event::BlockDone{reads[i], IoStatus::kOk});
    }
  }
  std::vector<Situation> Situations() {
    using S = RequestPhase;
    return {
        {"Idle", S::kIdle, [] {}},
        {"Queued, AER_REQ behind a full send queue", S::kQueued,
         [this] {
           FillSendQueue();
           Report(3);
         }},
        {"Queued, CRED_REQ behind a response and a full send queue", S::kQueued,
         [this] {
           FillSendQueue();
           Starve(39, 1);
           Receive(channel_, Cmd(99, {0x00}, Data::kNone, {}));
           Advance(limits::kOwedCreditsWait);
         }},
        {"Sent, AER_REQ", S::kSent,
         [this] {
           Report(3);
           NoteSend();
         }},
        {"Sent, AER_REQ, another event waits", S::kSent,
         [this] {
           Report(3);
           NoteSend();
           Report(4);
         }},
        {"Sent, CRED_REQ", S::kSent,
         [this] {
           Starve();
           NoteSend();
         }},
        {"Awaiting, AER_RSP", S::kAwaiting,
         [this] {
           Report(3);
           NoteSend();
           Then(event::SendDone{channel_, send_, WorkStatus::kOk});
         }},
        {"Awaiting, CRED_RSP", S::kAwaiting,
         [this] {
           Starve();
           NoteSend();
           Then(event::SendDone{channel_, send_, WorkStatus::kOk});
         }},
    };
  }
  void Iu(std::uint8_t opcode) {
    std::vector<std::uint8_t> iu(16);
    iu[0] = opcode;
    Receive(channel_, iu);
  }
  std::vector<Event> Events() {
    return {
        {"an event to tell", [this] { Report(7); }},
        {"CRED_RSP", [this] { Iu(0x41); }},
        {"AER_RSP", [this] { Iu(0x42); }},
        {"TEST UNIT READY", [this] { Receive(channel_, Cmd(7, {0x00}, Data::kNone, {})); }},
        {"SendDone of the request",
         [this] {
           Then(event::SendDone{channel_, send_, WorkStatus::kOk});
         }},
        {"SendDone of the request, retries exceeded",
         [this] {
           Then(event::SendDone{channel_, send_, WorkStatus::kRetryExceeded});
         }},
        {"SendDone of a response",
         [this] {
           Then(event::SendDone{channel_, first_send_, WorkStatus::kOk});
         }},
        {"SendDone of two responses",
         [this] {
           Then(event::SendDone{channel_, first_send_, WorkStatus::kOk});
           Then(event::SendDone{channel_, SendId(first_send_.v + 1), WorkStatus::kOk});
         }},
        {"Disconnected", [this] { Then(event::Disconnected{channel_}); }},
        {"19 s later", [this] { Advance(Seconds(19)); }},
        {"20 s later", [this] { Advance(Seconds(20)); }},
    };
  }

  std::string Phase() const {
    for (const std::string& line : shard_->Pending()) {
      if (const auto at = line.find(" request is "); at != std::string::npos) {
        return line.substr(at + 12);
      }
    }
    return "idle";
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
  SendId send_;
  SendId first_send_;
};

// [R-INV-49]
TEST_F(RequestGolden, EveryEventInEveryState) {
  std::ostringstream text;
  text << "# What a request of ours does for every event in every state: event, next state, "
          "actions.\n"
          "# Written by `bazel run //core/srp:request_golden_test`. \"!\": a driver never does "
          "this; the check that says so.\n";
  std::set<std::pair<std::string, std::string>> seen;
  const std::size_t count = Situations().size();
  for (std::size_t i = 0; i < count; ++i) {
    const Situation situation = Situations()[i];
    text << "\n" << situation.name << "\n";
    for (const Event& event : Events()) {
      Fresh();
      situation.enter();
      const std::string phase = ToString(situation.phase);
      ASSERT_EQ(Phase(), phase) << situation.name;
      seen.emplace("idle", phase);
      all_.clear();
      const std::string failed = CheckThatFails(event.happens);
      if (HasFatalFailure()) return;
      text << "  " << event.name << ": ";
      if (!failed.empty()) {
        text << "! " << failed << "\n";
        continue;
      }
      const std::string next = Phase();
      seen.emplace(phase, next);
      const std::string answer = Answer();
      if (next != phase) text << "-> " << next << (answer.empty() ? "" : ": ");
      text << answer << (next == phase && answer.empty() ? "nothing" : "") << "\n";
    }
  }
  ExpectGolden("core/srp/golden/request.txt", text.str());
  // No move is in the table for nothing.
  for (const auto& row : kRequestTable) {
    EXPECT_TRUE(seen.contains({ToString(row.from), ToString(row.to)}))
        << ToString(row.from) << " -> " << ToString(row.to);
  }
}

}  // namespace
}  // namespace srpt
