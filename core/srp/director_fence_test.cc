// ABORT TASK SET, CLEAR TASK SET, LUN RESET: one fence over every shard.
#include <string>
#include <vector>

#include "core/base/limits.h"
#include "core/srp/director_scenario.h"
#include "core/srp/lu_fences.h"
#include "gtest/gtest.h"

namespace srpt {
namespace {

class TaskFence : public ::testing::Test {
 protected:
  TaskFence() : s(2) {
    s.AddDisk(1);
    s.AddDisk(2);
    s.AddLun(0, 1);
    a = s.NexusOf(s.Login(LoginOf(1)));
    b = s.NexusOf(s.Login(LoginOf(2)));
    TestLogin other = LoginOf(3);
    other.port = TargetPortId(1);
    blind = s.NexusOf(s.Login(other));
    for (const NexusId nexus : {a, b}) s.Attentions(nexus, LuId(1));
    s.said.clear();
  }
  void Ask(std::uint32_t shard, std::uint32_t command, std::uint32_t lu = 1,
           FenceFunction function = FenceFunction::kLunReset) {
    Ask(a, shard, command, lu, function);
  }
  void Ask(NexusId nexus, std::uint32_t shard, std::uint32_t command, std::uint32_t lu = 1,
           FenceFunction function = FenceFunction::kLunReset) {
    s.FromShard(shard, message::AskTaskFence{CommandId(command), nexus, LuId(lu), function});
  }
  void AllDone(FenceId fence) {
    for (const std::uint32_t shard : {0u, 1u}) s.FromShard(shard, message::FenceDone{fence});
  }
  std::vector<message::AbortFence> Fences() { return s.All<message::AbortFence>(); }
  // "shard:command=code" of every answer.
  std::string Answers() {
    std::string text;
    for (const Scenario::Said& said : s.said) {
      const auto* answer = std::get_if<message::TaskFenceAnswer>(&said.message);
      if (answer == nullptr) continue;
      text += (text.empty() ? "" : " ") + std::to_string(said.shard.v) + ":" +
              std::to_string(answer->command.v) + "=" + std::to_string(answer->rsp_code);
    }
    return text;
  }
  Scenario s;
  NexusId a, b, blind;
};

TEST_F(TaskFence, ALunResetIsAnsweredWhenEveryShardHasAborted) {
  Ask(1, 77);
  const auto fences = Fences();
  ASSERT_EQ(fences.size(), 2u) << "both shards";
  EXPECT_EQ(fences[0].lu, LuId(1));
  EXPECT_FALSE(fences[0].nexus.valid()) << "all nexuses";
  EXPECT_FALSE(fences[0].asker.valid());
  EXPECT_EQ(fences[1].asker, CommandId(77)) << "on its own shard";
  s.FromShard(0, message::FenceDone{fences[0].fence});
  EXPECT_EQ(Answers(), "");
  s.FromShard(0, message::FenceDone{fences[0].fence});
  EXPECT_EQ(Answers(), "") << "the same shard twice is not two shards";
  s.FromShard(1, message::FenceDone{fences[0].fence});
  EXPECT_EQ(Answers(), "1:77=0");
  // Told to everybody who sees the unit, the one that asked included, before the answer.
  EXPECT_TRUE(std::holds_alternative<message::TaskFenceAnswer>(s.said.back().message));
  EXPECT_EQ(s.All<message::UnitAttentionPending>().size(), 4u) << "two sessions, two shards";
  EXPECT_EQ(s.Attentions(a, LuId(1)), "29/00");
  EXPECT_EQ(s.Attentions(b, LuId(1)), "29/00");
  EXPECT_EQ(s.Attentions(blind, LuId(1)), "");
  EXPECT_EQ(s.director().NextDeadline(), kNever);
}

// [R-INV-34]
TEST_F(TaskFence, FailsInTimeIfABackendHangs) {
  Ask(0, 5);
  const FenceId fence = Fences()[0].fence;
  s.FromShard(0, message::FenceDone{fence});
  EXPECT_EQ(s.director().NextDeadline(), Time{1} + limits::kTaskManagementTimeout);
  s.said.clear();
  s.Advance(Milliseconds(3499));
  EXPECT_EQ(Answers(), "");
  s.Advance(Milliseconds(1));
  EXPECT_EQ(Answers(), "0:5=5");
  const auto cancels = s.All<message::CancelFence>();
  ASSERT_EQ(cancels.size(), 1u) << "shard 0 is done already";
  EXPECT_EQ(cancels[0].fence, fence);
  EXPECT_EQ(s.said[0].shard, ShardId(1));
  EXPECT_NE(s.LastLog().find("LUN RESET of device disk1 failed"), std::string::npos);
  s.said.clear();
  s.FromShard(1, message::FenceDone{fence});
  EXPECT_TRUE(s.said.empty()) << "too late";
  EXPECT_EQ(s.Attentions(b, LuId(1)), "");
}

TEST_F(TaskFence, OfOneNexusAtOneUnitGoOneAfterTheOther) {
  Ask(0, 1);
  Ask(1, 2);
  ASSERT_EQ(Fences().size(), 2u);
  const FenceId first = Fences()[0].fence;
  s.said.clear();
  s.FromShard(0, message::FenceDone{first});
  s.FromShard(1, message::FenceDone{first});
  EXPECT_EQ(Answers(), "0:1=0");
  const auto second = Fences();
  ASSERT_EQ(second.size(), 2u);
  EXPECT_NE(second[0].fence, first);
  s.said.clear();
  s.FromShard(1, message::FenceDone{second[0].fence});
  s.FromShard(0, message::FenceDone{second[0].fence});
  EXPECT_EQ(Answers(), "1:2=0");
}

// [R-TSK-04]
TEST_F(TaskFence, AnAbortTaskSetConcernsItsOwnNexusAndTellsNobody) {
  Ask(0, 9, 1, FenceFunction::kAbortTaskSet);
  const auto fences = Fences();
  ASSERT_EQ(fences.size(), 2u) << "its channels may be on both shards";
  for (const message::AbortFence& fence : fences) EXPECT_EQ(fence.nexus, a);
  AllDone(fences[0].fence);
  EXPECT_EQ(Answers(), "0:9=0");
  EXPECT_EQ(s.Attentions(a, LuId(1)), "");
  EXPECT_EQ(s.Attentions(b, LuId(1)), "");
}

// [R-TSK-05]
TEST_F(TaskFence, AClearTaskSetConcernsAllAndTellsTheOthers) {
  Ask(1, 9, 1, FenceFunction::kClearTaskSet);
  const auto fences = Fences();
  ASSERT_EQ(fences.size(), 2u);
  for (const message::AbortFence& fence : fences) EXPECT_FALSE(fence.nexus.valid());
  AllDone(fences[0].fence);
  EXPECT_EQ(Answers(), "1:9=0");
  EXPECT_TRUE(std::holds_alternative<message::TaskFenceAnswer>(s.said.back().message));
  EXPECT_EQ(s.Attentions(a, LuId(1)), "");
  EXPECT_EQ(s.Attentions(b, LuId(1)), "2f/00");
  EXPECT_EQ(s.Attentions(blind, LuId(1)), "") << "it does not see the unit";
}

TEST_F(TaskFence, OneThatFailedTellsNobody) {
  Ask(0, 9, 1, FenceFunction::kClearTaskSet);
  s.Advance(limits::kTaskManagementTimeout);
  EXPECT_EQ(Answers(), "0:9=5");
  EXPECT_NE(s.LastLog().find("CLEAR TASK SET of device disk1 failed"), std::string::npos);
  EXPECT_EQ(s.Attentions(b, LuId(1)), "");
}

TEST_F(TaskFence, NobodyWaitsForAnotherNexusesFence) {
  Ask(a, 0, 1, 1, FenceFunction::kAbortTaskSet);
  Ask(b, 1, 2, 1, FenceFunction::kAbortTaskSet);
  const auto fences = Fences();
  ASSERT_EQ(fences.size(), 4u);
  EXPECT_EQ(fences[2].nexus, b);
  AllDone(fences[2].fence);
  EXPECT_EQ(Answers(), "1:2=0");
}

TEST_F(TaskFence, OneThatWaitedTooLongFailsWithoutAFence) {
  Ask(0, 1);
  s.Advance(Seconds(1));
  Ask(1, 2);
  s.said.clear();
  s.Advance(Milliseconds(2500));
  EXPECT_EQ(Answers(), "0:1=5");
  ASSERT_EQ(Fences().size(), 2u) << "now it is the second's turn";
  s.said.clear();
  s.Advance(Seconds(1));
  EXPECT_EQ(Answers(), "1:2=5");
}

TEST_F(TaskFence, OfDifferentUnitsGoInParallel) {
  Ask(0, 1, 1);
  Ask(0, 2, 2);
  const auto fences = Fences();
  ASSERT_EQ(fences.size(), 4u);
  for (const std::uint32_t shard : {0u, 1u}) {
    s.FromShard(shard, message::FenceDone{fences[2].fence});
  }
  EXPECT_EQ(Answers(), "0:2=0");
}

// --- The books alone --------------------------------------------------------------------------

using Kind = LuFences::Effect::Kind;

TEST(LuFences, NoMoreFencesAtOnceThanAShardHasRoomFor) {
  LuFences resets(1);
  LuFences::Effects effects;
  const auto units = static_cast<std::uint32_t>(LuFences::kParallelMax) + 2;
  for (std::uint32_t i = 0; i < units; ++i) {
    resets.Ask(Time{i}, LuId(i), {ShardId(0), CommandId(i), NexusId(), {}}, effects);
  }
  ASSERT_EQ(effects.size(), LuFences::kParallelMax);
  const FenceId some = effects[3].fence;
  effects.clear();
  resets.Done(some, ShardId(0), effects);
  ASSERT_EQ(effects.size(), 2u);
  EXPECT_EQ(effects[0].kind, Kind::kComplete);
  EXPECT_EQ(effects[1].kind, Kind::kStart);
  EXPECT_EQ(effects[1].lu, LuId(units - 2)) << "the oldest that waits";
  effects.clear();
  resets.Expire(Time{1000} + limits::kTaskManagementTimeout, effects);
  std::size_t cancels = 0;
  std::size_t fails = 0;
  for (const LuFences::Effect& e : effects) {
    cancels += e.kind == Kind::kCancel ? 1 : 0;
    fails += e.kind == Kind::kFail ? 1 : 0;
    EXPECT_NE(e.kind, Kind::kStart);
  }
  EXPECT_EQ(cancels, LuFences::kParallelMax);
  EXPECT_EQ(fails, LuFences::kParallelMax + 1);
  EXPECT_EQ(resets.NextDeadline(), kNever);
}

TEST(LuFences, TheDeadlineIsTheOldestOnes) {
  LuFences resets(1);
  LuFences::Effects effects;
  resets.Ask(Time{50}, LuId(1), {}, effects);
  resets.Ask(Time{20}, LuId(2), {}, effects);
  EXPECT_EQ(resets.NextDeadline(), Time{20} + limits::kTaskManagementTimeout);
}

}  // namespace
}  // namespace srpt
