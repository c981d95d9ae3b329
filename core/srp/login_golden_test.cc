// Every event in every phase of a login, pinned (golden/login.txt). `bazel run` of this test writes
// the file anew.
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <set>
#include <sstream>
#include <utility>
#include <vector>

#include "core/srp/director_scenario.h"
#include "core/srp/golden_table.h"
#include "core/srp/login_states.h"

namespace srpt {
namespace {

class LoginGolden : public testing::Test {
 protected:
  struct Situation {
    const char* name;
    LoginPhase phase;
    std::function<void()> enter;
  };
  struct Event {
    const char* name;
    std::function<void()> happens;
  };

  void Fresh() {
    s_ = std::make_unique<Scenario>();
    s_->shards_open = false;
    conn_ = ConnId(1);
    channel_ = ChannelId::Make(7, 0);
  }

  // --- How a situation comes about ---
  // The channel of a login before has the receives of the shared queue.
  void Promised() {
    Parameters parameters;
    parameters.use_srq = true;
    parameters.srpt_srq_size = 140;
    s_ = std::make_unique<Scenario>(1, parameters);
    s_->shards_open = false;
    Live();
    conn_ = ConnId(2);
  }
  void Held() {
    Promised();
    s_->Login(LoginOf(1));
  }
  void Opening() { conn_ = s_->Login(LoginOf(1)); }
  void Gone() { s_->Give(event::ConnectionGone{conn_}); }
  void End() { s_->AdminLater(admin::EnableTarget{kTargetName, false}); }
  void Doomed() {
    Opening();
    End();
  }
  void Opened() {
    Opening();
    channel_ = s_->Opened(conn_);
  }
  void Live() {
    Opened();
    s_->FromShard(0, message::ChannelLive{s_->NexusOf(conn_), channel_});
  }
  void ClosedEarly() {
    Opened();
    End();
  }
  void Closing() {
    Live();
    End();
  }
  std::vector<Situation> Situations() {
    using P = LoginPhase;
    return {
        {"Free", P::kFree, [] {}},
        {"Free, and another has the receives", P::kFree, [this] { Promised(); }},
        {"Held", P::kHeld, [this] { Held(); }},
        {"Opening", P::kOpening, [this] { Opening(); }},
        {"Opening, the initiator gave up", P::kOpening,
         [this] {
           Opening();
           Gone();
         }},
        {"Doomed", P::kDoomed, [this] { Doomed(); }},
        {"Opened", P::kOpened, [this] { Opened(); }},
        {"Opened, the initiator gave up", P::kOpened,
         [this] {
           Opened();
           Gone();
         }},
        {"Live", P::kLive, [this] { Live(); }},
        {"ClosedEarly", P::kClosedEarly, [this] { ClosedEarly(); }},
        {"Closing", P::kClosing, [this] { Closing(); }},
    };
  }

  NexusId Nexus() const { return NexusId::Make(0, 0); }
  std::vector<Event> Events() {
    return {
        {"a SINGLE login of the same nexus", [this] { s_->Login(LoginOf(1)); }},
        {"a MULTI login of the same nexus", [this] { s_->Login(Multi(LoginOf(1))); }},
        {"a login of another nexus", [this] { s_->Login(LoginOf(2)); }},
        {"the session is closed",
         [this] {
           s_->AdminLater(admin::CloseSession{kTargetName, "10.0.0.1"});
         }},
        {"the target is disabled", [this] { End(); }},
        {"shutdown", [this] { s_->AdminLater(admin::Shutdown{}); }},
        {"ConnectionGone", [this] { Gone(); }},
        {"ChannelOpened",
         [this] {
           s_->FromShard(0, message::ChannelOpened{conn_, Nexus(), channel_});
         }},
        {"ChannelRefused",
         [this] {
           s_->FromShard(0, message::ChannelRefused{conn_, Nexus()});
         }},
        {"ChannelRefused, answered by the driver",
         [this] {
           s_->FromShard(0, message::ChannelRefused{conn_, Nexus(), true});
         }},
        {"ChannelRefused, the shared receive queue is too short",
         [this] {
           s_->FromShard(0, message::ChannelRefused{conn_, Nexus(), false, 500});
         }},
        {"ReceivesBack, 10",
         [this] {
           s_->FromShard(0, message::ReceivesBack{Nexus(), channel_, 10});
         }},
        {"ReceivesBack, 130",
         [this] {
           s_->FromShard(0, message::ReceivesBack{Nexus(), channel_, 130});
         }},
        {"5 s pass", [this] { s_->Advance(limits::kReceivesWait); }},
        {"ChannelLive",
         [this] {
           s_->FromShard(0, message::ChannelLive{Nexus(), channel_});
         }},
        {"ChannelClosed",
         [this] {
           s_->FromShard(0, message::ChannelClosed{Nexus(), channel_});
         }},
    };
  }

  // What the director said, but for what concerns LUNs.
  std::string Answer() const {
    std::vector<std::string> parts;
    for (const Scenario::Said& said : s_->said) {
      if (std::holds_alternative<message::OpenChannel>(said.message))
        parts.push_back("OpenChannel");
      if (const auto* close = std::get_if<message::CloseChannel>(&said.message)) {
        constexpr const char* kReasons[] = {"replaced", "administrator", "target disabled",
                                            "shutdown"};
        parts.push_back(std::string("CloseChannel, ") +
                        kReasons[static_cast<std::size_t>(close->reason)]);
      }
      if (std::holds_alternative<message::ForgetNexus>(said.message))
        parts.push_back("ForgetNexus");
    }
    for (const auto& [conn, reject] : s_->rejects) {
      parts.push_back(conn == conn_ ? "Reject" : "Reject of the other");
    }
    for (const Scenario::Done& done : s_->done) {
      parts.push_back(done.status == admin::Status::kOk ? "AdminDone" : "AdminDone, refused");
    }
    for (const std::string& line : s_->logs) parts.push_back("log: " + line);
    std::string text;
    for (const std::string& part : parts) text += (text.empty() ? "" : "; ") + part;
    return text;
  }

  std::unique_ptr<Scenario> s_;
  ConnId conn_;
  ChannelId channel_;
};

// [R-INV-49]
TEST_F(LoginGolden, EveryEventInEveryPhase) {
  std::ostringstream text;
  text << "# What the director does for every event in every phase of a login: event, next phase,\n"
          "# what it says. Written by `bazel run //core/srp:login_golden_test`. \"!\": a shard "
          "never says this; the check that says so.\n";
  std::set<std::pair<LoginPhase, LoginPhase>> seen;
  for (const Situation& situation : Situations()) {
    text << "\n" << situation.name << "\n";
    for (const Event& event : Events()) {
      Fresh();
      situation.enter();
      ASSERT_EQ(s_->director().PhaseOf(conn_), situation.phase) << situation.name;
      s_->said.clear();
      s_->logs.clear();
      s_->done.clear();
      const std::string failed = CheckThatFails(event.happens);
      if (HasFatalFailure()) return;
      text << "  " << event.name << ": ";
      if (!failed.empty()) {
        text << "! " << failed << "\n";
        continue;
      }
      const LoginPhase next = s_->director().PhaseOf(conn_);
      seen.emplace(situation.phase, next);
      const std::string answer = Answer();
      if (next != situation.phase) text << "-> " << ToString(next) << (answer.empty() ? "" : ": ");
      text << answer << (next == situation.phase && answer.empty() ? "nothing" : "") << "\n";
    }
  }
  ExpectGolden("core/srp/golden/login.txt", text.str());
  for (const auto& row : kLoginTable) {  // None is there for nothing.
    EXPECT_TRUE(seen.contains({row.from, row.to}))
        << ToString(row.from) << " -> " << ToString(row.to);
  }
}

}  // namespace
}  // namespace srpt
