// Credits of one channel against a model: whatever is sent, held by a disk, aborted and let go, the
// initiator has as many as the model says, never more than were granted, and in the end all.
#include "sim/models/credits_model.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>
#include <rapidcheck/state.h>

#include <cstdint>
#include <memory>
#include <regex>
#include <string>

#include "sim/models/hand.h"
#include "sim/models/shrunk.h"
#include "sim/models/steps.h"

namespace srpt::sim::models {
namespace {

using CreditsStep = Step<CreditsModel>;
using State = CreditsModel;

// More than limits::kOwedCreditsWait: a CRED_REQ that is due has come.
constexpr Duration kStep = Milliseconds(1200);

std::string Disk(std::uint32_t disk) { return "disk" + std::to_string(disk); }
LunNumber Lun(std::uint32_t disk) { return LunNumber(static_cast<std::uint16_t>(disk)); }
std::uint32_t AnyDisk() { return *rc::gen::inRange<std::uint32_t>(0, State::kDisks); }

// `after`: the model behind the step.
void Compare(Hand& hand, const Answers& expected, const State& after) {
  Expect(hand, kStep, expected);
  RC_ASSERT(hand.srp(0).credits() == after.credits);
  RC_ASSERT(hand.srp(0).outstanding() == after.Outstanding());
}

class Send : public CreditsStep {
 public:
  explicit Send(const State& s) : tag_(s.next_tag), ask_(AnyAsk()), disk_(AnyDisk()) {}
  std::string Text() const override {
    return ToString(ask_) + " of " + Disk(disk_) + ", tag " + std::to_string(tag_);
  }
  void checkPreconditions(const State& s) const override {
    RC_PRE(s.credits > 0 && tag_ >= s.next_tag);
  }
  void apply(State& s) const override { s.Send(tag_, ask_, disk_); }
  void run(const State& s, Hand& hand) const override {
    State after = s;
    const Answers expected = after.Send(tag_, ask_, disk_);
    hand.Send(0, tag_, Lun(disk_), ask_);
    Compare(hand, expected, after);
  }

 private:
  std::uint64_t tag_;
  Ask ask_;
  std::uint32_t disk_;
};

class Abort : public CreditsStep {
 public:
  explicit Abort(const State& s) : tag_(s.next_tag), task_(AnyKeyOr(s.tasks, s.next_tag - 1)) {}
  std::string Text() const override {
    return "ABORT TASK of tag " + std::to_string(task_) + ", tag " + std::to_string(tag_);
  }
  void checkPreconditions(const State& s) const override {
    RC_PRE(s.credits > 0 && tag_ >= s.next_tag);
  }
  void apply(State& s) const override { s.Abort(tag_, task_); }
  void run(const State& s, Hand& hand) const override {
    State after = s;
    const Answers expected = after.Abort(tag_, task_);
    const auto at = s.tasks.find(task_);
    hand.Manage(0, tag_, Lun(at == s.tasks.end() ? 0 : at->second.disk),
                wire::TskMgmtFunction::kAbortTask, task_);
    Compare(hand, expected, after);
  }

 private:
  std::uint64_t tag_;
  std::uint64_t task_;
};

class Hold : public CreditsStep {
 public:
  explicit Hold(const State&) : disk_(AnyDisk()) {}
  std::string Text() const override { return Disk(disk_) + " ends nothing any more"; }
  void checkPreconditions(const State& s) const override { RC_PRE(!s.held[disk_]); }
  void apply(State& s) const override { s.Hold(disk_); }
  void run(const State&, Hand& hand) const override { hand.world().HoldDisk(Disk(disk_), true); }

 private:
  std::uint32_t disk_;
};

class LetGo : public CreditsStep {
 public:
  explicit LetGo(const State& s) : tag_(s.next_tag), disk_(AnyDisk()) {}
  std::string Text() const override { return Disk(disk_) + " ends all that it holds"; }
  void checkPreconditions(const State& s) const override {
    RC_PRE(s.held[disk_] && tag_ >= s.next_tag);
  }
  void apply(State& s) const override { s.LetGo(disk_, tag_); }
  void run(const State& s, Hand& hand) const override {
    State after = s;
    Answers expected = after.LetGo(disk_, tag_);
    hand.world().HoldDisk(Disk(disk_), false);
    if (s.IsMixed(disk_)) {
      const Answer last = Answer::Good(0, tag_);
      std::erase(expected, last);
      Expect(hand, kStep, expected);
      hand.Send(0, tag_, Lun(disk_), Ask::kTestUnitReady);
      expected = {last};
    }
    Compare(hand, expected, after);
  }

 private:
  std::uint64_t tag_;
  std::uint32_t disk_;
};

WorldOptions Options() {
  WorldOptions options;
  options.parameters.credits = State::kGranted;
  for (std::uint32_t disk = 0; disk < State::kDisks; ++disk) {
    options.disks.push_back({Disk(disk), scsi::HandlerKind::kFileio, 512, 64});
  }
  return options;
}

// The channel has heard of the unit attentions that a new nexus has.
std::unique_ptr<Hand> LoggedIn() {
  auto hand = std::make_unique<Hand>(Options());
  hand->LogIn(0);
  for (std::uint32_t disk = 0; disk < State::kDisks; ++disk) {
    hand->Send(0, 1 + disk, Lun(disk), Ask::kTestUnitReady);
    hand->Settle(Milliseconds(1));
  }
  return hand;
}

void Check(const State& initial) {
  const auto hand = LoggedIn();
  RC_ASSERT(hand->srp(0).credits() == State::kGranted);
  rc::state::check(initial, *hand,
                   rc::state::gen::execOneOfWithArgs<Send, Send, Send, Abort, Hold, LetGo>());
  // All ends, and one more response brings what is still owed.
  hand->world().Heal();
  hand->Settle(kStep);
  if (hand->srp(0).credits() < State::kGranted) {
    hand->Send(0, 1ull << 32, Lun(0), Ask::kTestUnitReady);
    Expect(*hand, kStep, {Answer::Good(0, 1ull << 32)});
  }
  RC_ASSERT(hand->srp(0).credits() == State::kGranted);
  RC_ASSERT(hand->srp(0).outstanding() == 0u);
}

RC_GTEST_PROP(Credits, AreAsTheModelSays, ()) { Check({}); }

// A model that takes an abort for the end of the command: the least that shows the difference.
TEST(Credits, AWrongModelIsRefutedInThreeLines) {
  State wrong;
  wrong.wrong = true;
  const Shrunk shrunk = Shrink([&] { Check(wrong); });
  const std::regex least(
      "disk0 ends nothing any more\n"
      "READ\\(10\\) of disk0, tag ([0-9]+)\n"
      "ABORT TASK of tag \\1, tag [0-9]+\n");
  EXPECT_TRUE(std::regex_match(shrunk.steps, least)) << shrunk.steps;
  EXPECT_NE(shrunk.why.find("credits()"), std::string::npos) << shrunk.why;
}

}  // namespace
}  // namespace srpt::sim::models
