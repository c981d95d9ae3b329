// Fences: what a shard aborts, and waits for, when a task management request covers a unit.
#include <gtest/gtest.h>

#include "core/srp/shard_fixture.h"

namespace srpt {
namespace {

using F = wire::TskMgmtFunction;

class Fences : public ShardFixture {
 protected:
  // Of all nexuses, unless one is named.
  static message::AbortFence Fence(LuId lu = LuId(7), NexusId nexus = NexusId(),
                                   CommandId asker = CommandId(), std::uint64_t id = 1) {
    return {FenceId(id), lu, nexus, asker};
  }
};

TEST_F(Fences, LunResetGoesThroughTheDirectorAndAbortsAllNexuses) {
  const ChannelId a = Login();
  const ChannelId b = Login(NexusId::Make(1, 0));
  Receive(a, Cmd(1, Rw(false, 0, 1), Data::kIn, {At(0x1000, 512)}));
  Receive(b, Cmd(1, Rw(true, 0, 1), Data::kImmediate, {}, 512));
  const OpId write = Got<action::BlockWrite>().at(0).op;
  Receive(a, Tmf(2, F::kLunReset));
  ASSERT_EQ(Told<message::AskTaskFence>().size(), 1u);
  const auto ask = Told<message::AskTaskFence>()[0];
  EXPECT_EQ(ask.lu, LuId(7));
  Then(event::FromDirector{Fence(ask.lu)});
  EXPECT_TRUE(Told<message::FenceDone>().empty());  // The write cannot be recalled.
  Then(event::BlockDone{write});
  EXPECT_EQ(Told<message::FenceDone>().size(), 1u);
  EXPECT_TRUE(Responses().empty());
  Then(event::FromDirector{message::TaskFenceAnswer{ask.command, 0}});
  EXPECT_EQ(Code(), 0);
}

TEST_F(Fences, EachFunctionAsksForItsFence) {
  const ChannelId c = Login();
  const std::pair<F, FenceFunction> pairs[] = {{F::kAbortTaskSet, FenceFunction::kAbortTaskSet},
                                               {F::kClearTaskSet, FenceFunction::kClearTaskSet},
                                               {F::kLunReset, FenceFunction::kLunReset}};
  std::uint64_t tag = 0;
  for (const auto& [function, asked] : pairs) {
    Receive(c, ToLun(1, Tmf(++tag, function)));
    ASSERT_EQ(Told<message::AskTaskFence>().size(), 1u);
    const auto ask = Told<message::AskTaskFence>()[0];
    EXPECT_EQ(ask.function, asked);
    EXPECT_EQ(ask.nexus, NexusId::Make(0, 0));
    EXPECT_EQ(ask.lu, LuId(8));
    Then(event::FromDirector{message::TaskFenceAnswer{ask.command, 5}});
    EXPECT_EQ(Code(), 5);
    Deliver();
  }
}

// [R-TSK-04]
TEST_F(Fences, AFenceOfOneNexusEndsItsCommandsOnAllChannelsAndNoOthers) {
  const NexusId mine = NexusId::Make(0, 0);
  const ChannelId one = Login(mine), two = Login(mine), other = Login(NexusId::Make(1, 0));
  std::map<ChannelId, OpId> reads;
  for (const ChannelId c : {one, two, other}) {
    Receive(c, OneRead(1));
    reads[c] = Got<action::BlockRead>().at(0).op;
  }
  Receive(two, ToLun(1, OneRead(2)));
  const OpId elsewhere = Got<action::BlockRead>().at(0).op;
  Then(event::FromDirector{Fence(LuId(7), mine)});
  EXPECT_EQ(Told<message::FenceDone>().size(), 1u);
  for (const ChannelId c : {one, two}) {
    Then(event::BlockDone{reads[c]});
    EXPECT_TRUE(Got<action::RdmaWrite>().empty());
    EXPECT_TRUE(Responses().empty());
  }
  for (const OpId op : {reads[other], elsewhere}) {
    Then(event::BlockDone{op});
    EXPECT_EQ(Got<action::RdmaWrite>().size(), 1u);
  }
}

// Past: a READ was answered on another channel of the asker's, and neither its WRITE nor its
// response is known to have arrived; another nexus has the same. In order: the asker's fence, which
// another one took the place of. Expect it to wait for the asker's, not for the others. [R-INV-31]
TEST_F(Fences, AFenceWaitsForResponsesOnTheirWayToItsAsker) {
  const NexusId mine = NexusId::Make(0, 0);
  const ChannelId asks = Login(mine), two = Login(mine), other = Login(NexusId::Make(1, 0));
  std::map<ChannelId, SendId> sends;
  for (const ChannelId c : {two, other}) {
    Receive(c, OneRead(1));
    Then(event::BlockDone{Got<action::BlockRead>().at(0).op});
    sends[c] = Got<action::SendIu>().at(0).send;
  }
  Receive(two, ToLun(1, OneRead(2)));
  Then(event::BlockDone{Got<action::BlockRead>().at(0).op});
  ASSERT_EQ(Got<action::SendIu>().size(), 1u) << "of another unit";
  Receive(asks, Tmf(9, F::kLunReset));
  message::AbortFence fence = Fence(LuId(7), {}, Told<message::AskTaskFence>().at(0).command);
  fence.asked_by = mine;
  Then(event::FromDirector{fence});
  EXPECT_TRUE(Told<message::FenceDone>().empty());
  Then(event::FromDirector{message::CancelFence{fence.fence}});
  Then(event::FromDirector{fence});
  EXPECT_TRUE(Told<message::FenceDone>().empty());
  Then(event::SendDone{two, sends[two]});
  EXPECT_EQ(Told<message::FenceDone>().size(), 1u);
  Then(event::SendDone{other, sends[other]});
}

TEST_F(Fences, WritesOfOtherNexusesDoNotHoldAFenceOfOne) {
  const ChannelId mine = Login(), other = Login(NexusId::Make(1, 0));
  Receive(mine, OneWrite(1));
  const OpId write = Got<action::BlockWrite>().at(0).op;
  Receive(other, OneWrite(1));
  Then(event::FromDirector{Fence(LuId(7), NexusId::Make(0, 0))});
  EXPECT_TRUE(Told<message::FenceDone>().empty());
  Then(event::BlockDone{write});
  EXPECT_EQ(Told<message::FenceDone>().size(), 1u);
}

TEST_F(Fences, SeveralFencesWaitForOneWrite) {
  const ChannelId c = Login(), other = Login(NexusId::Make(1, 0));
  Receive(c, OneWrite(1));
  const OpId write = Got<action::BlockWrite>().at(0).op;
  Receive(other, OneWrite(1));
  const OpId second = Got<action::BlockWrite>().at(0).op;
  Then(event::FromDirector{Fence(LuId(7), NexusId::Make(0, 0), CommandId(), 1)});
  Then(event::FromDirector{Fence(LuId(7), NexusId(), CommandId(), 2)});
  Then(event::FromDirector{Fence(LuId(7), NexusId(), CommandId(), 3)});
  Then(event::FromDirector{message::CancelFence{FenceId(3)}});
  Then(event::BlockDone{write});
  ASSERT_EQ(Told<message::FenceDone>().size(), 1u);
  EXPECT_EQ(Told<message::FenceDone>()[0].fence, FenceId(1));
  Then(event::BlockDone{second});
  ASSERT_EQ(Told<message::FenceDone>().size(), 1u);
  EXPECT_EQ(Told<message::FenceDone>()[0].fence, FenceId(2));
}

// Invariant 35.
TEST_F(Fences, WhatCameAfterTheRequestIsNotItsFences) {
  const ChannelId c = Login();
  Receive(c, OneRead(1));
  Receive(c, Tmf(2, F::kAbortTaskSet));
  const auto ask = Told<message::AskTaskFence>().at(0);
  Receive(c, OneRead(3));
  const OpId later = Got<action::BlockRead>().at(0).op;
  Then(event::FromDirector{Fence(ask.lu, ask.nexus, ask.command)});
  EXPECT_EQ(Told<message::FenceDone>().size(), 1u);
  Then(event::FromDirector{message::TaskFenceAnswer{ask.command, 0}});
  EXPECT_EQ(Code(), 0);
  Deliver();
  Then(event::BlockDone{later});
  EXPECT_EQ(Responses().size(), 1u);
}

// [R-INV-35]
TEST_F(Fences, AResetLeavesAloneWhatCameAfterIt) {
  Build(
      {.credits = 128, .sq_size = 256, .data_buffers = 1, .max_rdma = 65536, .buffer_waits = 128});
  const ChannelId c = Login();
  Receive(c, Cmd(1, Rw(false, 0, 1), Data::kIn, {At(0x1000, 512)}));
  const OpId first = Got<action::BlockRead>().at(0).op;
  for (std::uint64_t tag = 2; tag <= 125; ++tag) {
    Receive(c, Cmd(tag, Rw(false, 0, 1), Data::kIn, {At(0x1000, 512)}));
  }
  // More to abort than one step has actions for: the scan is not over when the next command comes.
  actions_.Clear();
  shard_->Step(now_, event::FromDirector{Fence()}, actions_);
  ASSERT_LE(shard_->NextDeadline(), now_);
  Receive(c, Cmd(200, Rw(false, 8, 1), Data::kIn, {At(0x1000, 512)}));
  EXPECT_EQ(Told<message::FenceDone>().size(), 1u);
  EXPECT_EQ(shard_->active_commands(), 2u);  // The new one, and the read that is at the backend.
  Then(event::BlockDone{first});
  ASSERT_EQ(Got<action::BlockRead>().size(), 1u);
  EXPECT_EQ(Got<action::BlockRead>()[0].offset, 8u * 512);
}

}  // namespace
}  // namespace srpt
