// Task sets of three units against a model: three nexuses on two shards, one of them with two
// channels, send commands that a held disk keeps, and end them in every way. What is answered, what
// is silent, who is told, and that nothing else is touched is as the model says.
#include "sim/models/task_set_model.h"

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

using TaskSetStep = Step<TaskSetModel>;
using State = TaskSetModel;
using F = wire::TskMgmtFunction;
using Wrong = TaskSetModel::Wrong;

constexpr Duration kStep = Milliseconds(50);
// What can be answered late is, after limits::kTaskManagementTimeout.
constexpr Duration kManaged = Seconds(4);

std::string Disk(std::uint32_t unit) { return "disk" + std::to_string(unit); }
LunNumber Lun(std::uint32_t unit) { return LunNumber(static_cast<std::uint16_t>(unit)); }
std::uint32_t AnyUnit() { return *rc::gen::inRange<std::uint32_t>(0, State::kUnits); }
std::size_t AnyChannel() { return *rc::gen::inRange<std::size_t>(0, State::kChannels); }
std::string Where(std::size_t channel) {
  return "nexus " + std::to_string(State::kNexusOf[channel]) + ", channel " +
         std::to_string(channel) + ": ";
}
std::string OfUnit(std::uint32_t unit, std::uint64_t tag) {
  return " of unit " + std::to_string(unit) + ", tag " + std::to_string(tag);
}

// What ends in silence has no answer to come, as far as its initiator is concerned.
void Compare(Hand& hand, Duration time, const Answers& expected, const State& before,
             const State& after) {
  Expect(hand, time, expected);
  for (const auto& [tag, task] : before.tasks) {
    const auto at = after.tasks.find(tag);
    if (at == after.tasks.end() || at->second.aborted) hand.Forget(task.channel, tag);
  }
  for (std::size_t channel = 0; channel < State::kChannels; ++channel) {
    RC_ASSERT(hand.srp(channel).outstanding() == after.Outstanding(channel));
  }
}

class Send : public TaskSetStep {
 public:
  explicit Send(const State& s)
      : tag_(s.next_tag), channel_(AnyChannel()), unit_(AnyUnit()), ask_(AnyAsk()) {}
  std::string Text() const override {
    return Where(channel_) + ToString(ask_) + OfUnit(unit_, tag_);
  }
  void checkPreconditions(const State& s) const override { RC_PRE(tag_ >= s.next_tag); }
  void apply(State& s) const override { s.Send(tag_, channel_, unit_, ask_); }
  void run(const State& s, Hand& hand) const override {
    State after = s;
    const Answers expected = after.Send(tag_, channel_, unit_, ask_);
    hand.Send(channel_, tag_, Lun(unit_), ask_);
    Compare(hand, kStep, expected, s, after);
  }

 private:
  std::uint64_t tag_;
  std::size_t channel_;
  std::uint32_t unit_;
  Ask ask_;
};

class AbortTask : public TaskSetStep {
 public:
  explicit AbortTask(const State& s) : tag_(s.next_tag), task_(AnyKeyOr(s.tasks, s.next_tag - 1)) {
    // Mostly on the channel and of the unit where it is.
    const auto at = s.tasks.find(task_);
    const int astray = at == s.tasks.end() ? 3 : *rc::gen::inRange(0, 4);
    channel_ = (astray & 1) != 0 ? AnyChannel() : at->second.channel;
    unit_ = (astray & 2) != 0 ? AnyUnit() : at->second.unit;
  }
  std::string Text() const override {
    return Where(channel_) + "ABORT TASK of tag " + std::to_string(task_) + OfUnit(unit_, tag_);
  }
  void checkPreconditions(const State& s) const override { RC_PRE(tag_ >= s.next_tag); }
  void apply(State& s) const override { s.AbortTask(tag_, channel_, unit_, task_); }
  void run(const State& s, Hand& hand) const override {
    State after = s;
    const Answers expected = after.AbortTask(tag_, channel_, unit_, task_);
    hand.Manage(channel_, tag_, Lun(unit_), F::kAbortTask, task_);
    Compare(hand, kManaged, expected, s, after);
  }

 private:
  std::uint64_t tag_;
  std::uint64_t task_;
  std::size_t channel_ = 0;
  std::uint32_t unit_ = 0;
};

constexpr F kFunctions[] = {F::kAbortTaskSet, F::kClearTaskSet, F::kLunReset};

class EndTasks : public TaskSetStep {
 public:
  explicit EndTasks(const State& s)
      : tag_(s.next_tag), channel_(AnyChannel()), unit_(AnyUnit()), function_(AnyOf(kFunctions)) {}
  std::string Text() const override {
    return Where(channel_) + std::string(wire::to_string(function_)) + OfUnit(unit_, tag_);
  }
  void checkPreconditions(const State& s) const override { RC_PRE(tag_ >= s.next_tag); }
  void apply(State& s) const override { s.EndTasks(tag_, channel_, unit_, function_); }
  void run(const State& s, Hand& hand) const override {
    State after = s;
    const Answers expected = after.EndTasks(tag_, channel_, unit_, function_);
    hand.Manage(channel_, tag_, Lun(unit_), function_);
    Compare(hand, kManaged, expected, s, after);
  }

 private:
  std::uint64_t tag_;
  std::size_t channel_;
  std::uint32_t unit_;
  F function_;
};

class Hold : public TaskSetStep {
 public:
  explicit Hold(const State&) : unit_(AnyUnit()) {}
  std::string Text() const override { return Disk(unit_) + " ends nothing any more"; }
  void checkPreconditions(const State& s) const override { RC_PRE(!s.held[unit_]); }
  void apply(State& s) const override { s.Hold(unit_); }
  void run(const State&, Hand& hand) const override { hand.world().HoldDisk(Disk(unit_), true); }

 private:
  std::uint32_t unit_;
};

class LetGo : public TaskSetStep {
 public:
  explicit LetGo(const State&) : unit_(AnyUnit()) {}
  std::string Text() const override { return Disk(unit_) + " ends all that it holds"; }
  void checkPreconditions(const State& s) const override { RC_PRE(s.held[unit_]); }
  void apply(State& s) const override { s.LetGo(unit_); }
  void run(const State& s, Hand& hand) const override {
    State after = s;
    const Answers expected = after.LetGo(unit_);
    hand.world().HoldDisk(Disk(unit_), false);
    Compare(hand, kStep, expected, s, after);
  }

 private:
  std::uint32_t unit_;
};

WorldOptions Options() {
  WorldOptions options;
  options.parameters.shards = 2;
  for (std::uint32_t unit = 0; unit < State::kUnits; ++unit) {
    options.disks.push_back({Disk(unit), scsi::HandlerKind::kFileio, 512, 64});
  }
  return options;
}

std::unique_ptr<Hand> LoggedIn() {
  auto hand = std::make_unique<Hand>(Options());
  for (std::size_t channel = 0; channel < State::kChannels; ++channel) {
    hand->LogIn(State::kNexusOf[channel], channel > 0);
  }
  std::uint64_t tag = 1;
  for (std::size_t channel = 0; channel < State::kChannels; ++channel) {
    for (std::uint32_t unit = 0; unit < State::kUnits; ++unit) {
      hand->Send(channel, tag++, Lun(unit), Ask::kTestUnitReady);
      hand->Settle(kStep);
    }
  }
  return hand;
}

void Check(Wrong wrong) {
  const auto hand = LoggedIn();
  State initial;
  initial.wrong = wrong;
  rc::state::check(
      initial, *hand,
      rc::state::gen::execOneOfWithArgs<Send, Send, Send, AbortTask, EndTasks, Hold, LetGo>());
}

RC_GTEST_PROP(TaskSets, AreAsTheModelSays, ()) { Check(Wrong::kNothing); }

// The channels are on both shards: fences cross them.
TEST(TaskSets, AreOnBothShards) {
  const auto hand = LoggedIn();
  std::size_t channels = 0;
  for (std::uint32_t i = 0; i < 2; ++i) {
    std::size_t here = 0;
    for (std::uint32_t peer = 0; peer < State::kChannels; ++peer) {
      if (hand->world().ShardOf(PeerId(peer)) == i) ++here;
    }
    EXPECT_GT(here, 0u);
    channels += here;
  }
  EXPECT_EQ(channels, State::kChannels);
}

// Each mistake of the model is refuted by the fewest steps that show it, in our own words.
struct Refutation {
  const char* name;
  Wrong wrong;
  const char* steps;  // A regular expression.
};
class WrongModel : public testing::TestWithParam<Refutation> {};

TEST_P(WrongModel, IsRefutedByTheFewestSteps) {
  const Shrunk shrunk = Shrink([] { Check(GetParam().wrong); });
  EXPECT_TRUE(std::regex_match(shrunk.steps, std::regex(GetParam().steps))) << shrunk.steps;
  EXPECT_NE(shrunk.why, "");
}

INSTANTIATE_TEST_SUITE_P(
    TaskSets, WrongModel,
    testing::Values(
        Refutation{"ResetTellsNobody", Wrong::kResetTellsNobody,
                   "nexus [012], channel [0-3]: LUN RESET of unit ([012]), tag [0-9]+\n"
                   "nexus [012], channel [0-3]: TEST UNIT READY of unit \\1, tag [0-9]+\n"},
        Refutation{"AbortTaskSetEndsAll", Wrong::kAbortTaskSetEndsAll,
                   "disk([012]) ends nothing any more\n"
                   "nexus ([012]), channel [0-3]: WRITE\\(10\\) of unit \\1, tag [0-9]+\n"
                   "nexus (?!\\2)[012], channel [0-3]: ABORT TASK SET of unit \\1, tag [0-9]+\n"},
        Refutation{"AbortReachesItsNexus", Wrong::kAbortReachesItsNexus,
                   "disk([012]) ends nothing any more\n"
                   "nexus 0, channel ([01]): WRITE\\(10\\) of unit \\1, tag ([0-9]+)\n"
                   "nexus 0, channel (?!\\2)[01]: ABORT TASK of tag \\3 of unit [012], "
                   "tag [0-9]+\n"},
        Refutation{"WritesAreRecalled", Wrong::kWritesAreRecalled,
                   "disk([012]) ends nothing any more\n"
                   "nexus ([012]), channel [0-3]: WRITE\\(10\\) of unit \\1, tag [0-9]+\n"
                   "nexus \\2, channel [0-3]: ABORT TASK SET of unit \\1, tag [0-9]+\n"}),
    [](const testing::TestParamInfo<Refutation>& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace srpt::sim::models
