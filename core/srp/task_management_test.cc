#include <gtest/gtest.h>

#include "core/srp/shard_fixture.h"

namespace srpt {
namespace {

using F = wire::TskMgmtFunction;

class TaskManagement : public ShardFixture {
 protected:
  // The RSP_CODE of the only response of the last step; -1 if there is none.
  int Code() {
    const auto responses = Responses();
    if (responses.size() != 1) return -1;
    const auto code = wire::ResponseCode(responses[0]);
    return code ? static_cast<int>(*code) : -2;
  }
  // Of all nexuses, unless one is named.
  static message::AbortFence Fence(LuId lu = LuId(7), NexusId nexus = NexusId(),
                                   CommandId asker = CommandId(), std::uint64_t id = 1) {
    return {FenceId(id), lu, nexus, asker};
  }
  static std::vector<std::uint8_t> TmfAt(std::uint8_t lun, std::vector<std::uint8_t> iu) {
    iu[21] = lun;
    return iu;
  }
  std::vector<std::uint8_t> OneRead(std::uint64_t tag) {
    return Cmd(tag, Rw(false, 0, 1), Data::kIn, {At(0x1000, 512)});
  }
  std::vector<std::uint8_t> OneWrite(std::uint64_t tag) {
    return Cmd(tag, Rw(true, 0, 1), Data::kImmediate, {}, 512);
  }
};

TEST_F(TaskManagement, AbortOfAnUnknownTagIsComplete) {
  const ChannelId c = Login();
  Receive(c, Tmf(1, F::kAbortTask, 5));
  EXPECT_EQ(Code(), 0);
  EXPECT_EQ(Responses()[0].req_lim_delta, 1);
}

TEST_F(TaskManagement, AbortOfACommandThatWaitsForABufferGivesBothCredits) {
  Build({.credits = 8, .sq_size = 64, .data_buffers = 1, .max_rdma = 65536});
  const ChannelId c = Login();
  Receive(c, Cmd(1, Rw(false, 0, 1), Data::kIn, {At(0x1000, 512)}));
  const OpId op = Got<action::BlockRead>().at(0).op;
  Receive(c, Cmd(2, Rw(false, 0, 1), Data::kIn, {At(0x1000, 512)}));
  Receive(c, Tmf(3, F::kAbortTask, 2));
  EXPECT_EQ(Code(), 0);
  EXPECT_EQ(Responses()[0].req_lim_delta, 2);
  Deliver();
  Then(event::BlockDone{op});
  EXPECT_EQ(Responses().size(), 1u);
  Deliver();
  EXPECT_EQ(shard_->active_commands(), 0u);
}

TEST_F(TaskManagement, AbortOfAReadAtTheBackendAnswersAtOnceAndDropsTheData) {
  const ChannelId c = Login();
  Receive(c, Cmd(1, Rw(false, 0, 1), Data::kIn, {At(0x1000, 512)}));
  const OpId op = Got<action::BlockRead>().at(0).op;
  Receive(c, Tmf(2, F::kAbortTask, 1));
  EXPECT_EQ(Code(), 0);
  Deliver();
  // The tag is free: a new command may use it although the old read is still there.
  Receive(c, Cmd(1, {0x00}, Data::kNone, {}));
  EXPECT_EQ(Responses().size(), 1u);
  EXPECT_EQ(Responses()[0].status, 0);
  Deliver();
  Then(event::BlockDone{op});
  EXPECT_TRUE(Got<action::RdmaWrite>().empty());
  EXPECT_TRUE(Responses().empty());
  EXPECT_EQ(shard_->active_commands(), 0u);
  EXPECT_EQ(Info(c).req_lim + Info(c).req_lim_delta, 8u);
}

TEST_F(TaskManagement, AbortOfAWriteAtTheBackendWaitsForIt) {
  const ChannelId c = Login();
  Receive(c, Cmd(1, Rw(true, 0, 1), Data::kImmediate, {}, 512));
  const OpId op = Got<action::BlockWrite>().at(0).op;
  Receive(c, Tmf(2, F::kAbortTask, 1));
  EXPECT_TRUE(Responses().empty());
  Advance(Seconds(20));
  EXPECT_TRUE(Responses().empty());
  Then(event::BlockDone{op});
  EXPECT_EQ(Code(), 0);
  EXPECT_EQ(Responses()[0].tag, MakeTag(2));
  EXPECT_EQ(Responses()[0].req_lim_delta, 2);
}

TEST_F(TaskManagement, AbortDuringRdmaWaitsForTheCompletion) {
  const ChannelId c = Login();
  Receive(c, Cmd(1, Rw(true, 0, 1), Data::kOut, {At(0x1000, 512)}));
  const BufferId buffer = Got<action::RdmaRead>().at(0).buffer;
  Receive(c, Tmf(2, F::kAbortTask, 1));
  EXPECT_TRUE(Responses().empty());
  Then(event::RdmaDone{c, buffer});
  EXPECT_TRUE(Got<action::BlockWrite>().empty());
  EXPECT_EQ(Code(), 0);
}

TEST_F(TaskManagement, TwoAbortsOfOneCommandAreBothAnswered) {
  const ChannelId c = Login();
  Receive(c, Cmd(1, Rw(true, 0, 1), Data::kImmediate, {}, 512));
  const OpId op = Got<action::BlockWrite>().at(0).op;
  Receive(c, Tmf(2, F::kAbortTask, 1));
  Receive(c, Tmf(3, F::kAbortTask, 1));
  EXPECT_TRUE(Responses().empty());
  Then(event::BlockDone{op});
  EXPECT_EQ(Responses().size(), 2u);
}

// [R-FAULT-11]
TEST_F(TaskManagement, ACmdWithTheTagOfAWaitingRequestEndsWithItInOneResponse) {
  const ChannelId c = Login();
  Receive(c, Cmd(1, Rw(true, 0, 1), Data::kImmediate, {}, 512));
  const OpId op = Got<action::BlockWrite>().at(0).op;
  Receive(c, Tmf(2, F::kAbortTask, 1));
  Receive(c, Cmd(2, Rw(false, 0, 1), Data::kIn, {At(0x1000, 512)}));
  EXPECT_TRUE(Responses().empty());
  EXPECT_TRUE(Got<action::BlockRead>().empty());  // It never ran.
  Receive(c, Cmd(2, {0x00}, Data::kNone, {}));    // The third of them is answered at once.
  ASSERT_EQ(Responses().size(), 1u);
  EXPECT_EQ(SenseOf(Responses()[0]), 0x0b4e00u);
  EXPECT_EQ(Responses()[0].req_lim_delta, 2);  // Its own, and the second's.
  Deliver();
  Receive(c, Cmd(3, {0x00}, Data::kNone, {}));  // Others go on.
  EXPECT_EQ(Responses().at(0).status, 0);
  Deliver();
  Then(event::BlockDone{op});
  ASSERT_EQ(Responses().size(), 1u);
  EXPECT_EQ(Responses()[0].tag, MakeTag(2));
  EXPECT_EQ(Responses()[0].flags & wire::kRspvalid, 0);
  EXPECT_EQ(SenseOf(Responses()[0]), 0x0b4e00u);
  Deliver();
  EXPECT_EQ(shard_->active_commands(), 0u);
  EXPECT_EQ(Info(c).req_lim + Info(c).req_lim_delta, 8u);
  // The tag is free.
  Receive(c, Cmd(2, {0x00}, Data::kNone, {}));
  EXPECT_EQ(Responses().at(0).status, 0);
}

TEST_F(TaskManagement, SoDoesOneWithTheTagOfALunResetWhichIsDoneYet) {
  const ChannelId c = Login();
  Receive(c, Tmf(2, F::kLunReset));
  const CommandId asked = Told<message::AskTaskFence>().at(0).command;
  Receive(c, Cmd(2, {0x00}, Data::kNone, {}));
  EXPECT_TRUE(Responses().empty());
  Then(event::FromDirector{message::TaskFenceAnswer{asked, 0}});
  ASSERT_EQ(Responses().size(), 1u);
  EXPECT_EQ(SenseOf(Responses()[0]), 0x0b4e00u);
  EXPECT_EQ(Responses()[0].req_lim_delta, 2);
}

TEST_F(TaskManagement, SoDoesOneWhoseRequestHasAnAnswerThatWaitsToBeSent) {
  Build({.credits = 40, .sq_size = 16});
  const ChannelId c = Login();
  for (std::uint64_t i = 0; i < 16; ++i) Receive(c, Cmd(100 + i, {0x00}, Data::kNone, {}));
  Receive(c, Tmf(2, F::kAbortTask, 99));
  Receive(c, Cmd(2, {0x00}, Data::kNone, {}));
  EXPECT_TRUE(Responses().empty());
  Then(event::SendDone{c, SendId(0)});
  ASSERT_EQ(Responses().size(), 1u);
  EXPECT_EQ(Responses()[0].tag, MakeTag(2));
  EXPECT_EQ(SenseOf(Responses()[0]), 0x0b4e00u);
}

// A request is no task: its tag is one that nobody has.
TEST_F(TaskManagement, AbortOfARequestsTagFindsNothing) {
  const ChannelId c = Login();
  Receive(c, Tmf(2, F::kLunReset));
  Receive(c, Tmf(3, F::kAbortTask, 2));
  ASSERT_EQ(Responses().size(), 1u);
  EXPECT_EQ(Code(), 0);
  EXPECT_EQ(shard_->active_commands(), 1u);
}

TEST_F(TaskManagement, OverlappedCommandsEndWithOneResponse) {
  const ChannelId c = Login();
  Receive(c, Cmd(1, Rw(true, 0, 1), Data::kImmediate, {}, 512));
  const OpId op = Got<action::BlockWrite>().at(0).op;
  Receive(c, Cmd(2, {0x00}, Data::kNone, {}));  // Others go on.
  EXPECT_EQ(Responses().size(), 1u);
  Deliver();
  Receive(c, Cmd(1, Rw(false, 0, 1), Data::kIn, {At(0x1000, 512)}));
  EXPECT_TRUE(Responses().empty());
  Then(event::BlockDone{op});
  ASSERT_EQ(Responses().size(), 1u);
  EXPECT_EQ(Responses()[0].tag, MakeTag(1));
  EXPECT_EQ(SenseOf(Responses()[0]), 0x0b4e00u);
  EXPECT_EQ(Responses()[0].req_lim_delta, 2);
}

TEST_F(TaskManagement, LunResetGoesThroughTheDirectorAndAbortsAllNexuses) {
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

// [R-TSK-08] Fault 34.
TEST_F(TaskManagement, UnknownFunctionsAndUnknownLuns) {
  const ChannelId c = Login();
  for (const int function : {0x00, 0x03, 0x20, 0x80, 0xff}) {
    Receive(c, TmfAt(9, Tmf(1, static_cast<F>(function))));
    EXPECT_EQ(Code(), 4) << function;
    Deliver();
  }
  for (const F function :
       {F::kAbortTask, F::kAbortTaskSet, F::kClearTaskSet, F::kLunReset, F::kClearAca}) {
    Receive(c, TmfAt(9, Tmf(2, function, 77)));
    EXPECT_EQ(Code(), 5) << wire::to_string(function);
    EXPECT_TRUE(Told<message::AskTaskFence>().empty());
    Deliver();
  }
}

// [R-TSK-08] Fault 34: what contradicts itself.
TEST_F(TaskManagement, FieldsThatContradictEachOther) {
  const ChannelId c = Login();
  Receive(c, OneRead(1));
  const OpId read = Got<action::BlockRead>().at(0).op;
  Receive(c, TmfAt(1, Tmf(2, F::kAbortTask, 1)));
  EXPECT_EQ(Code(), 2) << "the command with that tag is at another unit";
  Deliver();
  Receive(c, Tmf(3, F::kAbortTask, 3));
  EXPECT_EQ(Code(), 2) << "itself";
  Deliver();
  Receive(c, Tmf(1, F::kAbortTask, 9));
  EXPECT_EQ(Code(), 2) << "its tag is a command's";
  Deliver();
  Receive(c, Tmf(4, F::kLunReset));
  EXPECT_TRUE(Responses().empty());
  Receive(c, Tmf(4, F::kLunReset));
  EXPECT_EQ(Code(), 2) << "its tag is another request's";
  EXPECT_TRUE(Told<message::AskTaskFence>().empty());
  Deliver();
  Then(event::BlockDone{read});
  EXPECT_FALSE(Got<action::RdmaWrite>().empty()) << "the command goes on";
  Deliver();
  // Two addresses of one unit are one LUN.
  Receive(c, OneRead(5));
  auto flat = Tmf(6, F::kAbortTask, 5);
  flat[20] = 0x40;
  Receive(c, flat);
  EXPECT_EQ(Code(), 0);
}

// [R-TSK-07]
TEST_F(TaskManagement, ClearAcaHasNothingToDo) {
  const ChannelId c = Login();
  Receive(c, OneRead(1));
  const OpId read = Got<action::BlockRead>().at(0).op;
  Receive(c, Tmf(2, F::kClearAca));
  EXPECT_EQ(Code(), 0);
  EXPECT_TRUE(Told<message::AskTaskFence>().empty());
  Deliver();
  Then(event::BlockDone{read});
  EXPECT_EQ(Responses().size(), 1u);
}

TEST_F(TaskManagement, EachFunctionAsksForItsFence) {
  const ChannelId c = Login();
  const std::pair<F, FenceFunction> pairs[] = {{F::kAbortTaskSet, FenceFunction::kAbortTaskSet},
                                               {F::kClearTaskSet, FenceFunction::kClearTaskSet},
                                               {F::kLunReset, FenceFunction::kLunReset}};
  std::uint64_t tag = 0;
  for (const auto& [function, asked] : pairs) {
    Receive(c, TmfAt(1, Tmf(++tag, function)));
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
TEST_F(TaskManagement, AFenceOfOneNexusEndsItsCommandsOnAllChannelsAndNoOthers) {
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
TEST_F(TaskManagement, AFenceWaitsForResponsesOnTheirWayToItsAsker) {
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

TEST_F(TaskManagement, WritesOfOtherNexusesDoNotHoldAFenceOfOne) {
  const ChannelId mine = Login(), other = Login(NexusId::Make(1, 0));
  Receive(mine, OneWrite(1));
  const OpId write = Got<action::BlockWrite>().at(0).op;
  Receive(other, OneWrite(1));
  Then(event::FromDirector{Fence(LuId(7), NexusId::Make(0, 0))});
  EXPECT_TRUE(Told<message::FenceDone>().empty());
  Then(event::BlockDone{write});
  EXPECT_EQ(Told<message::FenceDone>().size(), 1u);
}

TEST_F(TaskManagement, SeveralFencesWaitForOneWrite) {
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
TEST_F(TaskManagement, WhatCameAfterTheRequestIsNotItsFences) {
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

TEST_F(TaskManagement, UnitAttentionIsAskedForAndReportedOnce) {
  const ChannelId c = Login();
  Then(event::FromDirector{message::UnitAttentionPending{NexusId::Make(0, 0), LuId(7)}});
  Receive(c, Cmd(1, {0x12, 0, 0, 0, 36, 0}, Data::kIn, {At(0x1000, 36)}));
  EXPECT_EQ(Responses().at(0).status, 0);  // INQUIRY bypasses.
  Deliver();
  Receive(c, Cmd(2, {0x00}, Data::kNone, {}));
  ASSERT_EQ(Told<message::AskUnitAttention>().size(), 1u);
  const CommandId asked = Told<message::AskUnitAttention>()[0].command;
  Receive(c, Cmd(3, {0x00}, Data::kNone, {}));
  const CommandId second = Told<message::AskUnitAttention>().at(0).command;
  EXPECT_TRUE(Responses().empty());
  Then(event::FromDirector{
      message::UnitAttentionAnswer{asked, NexusId::Make(0, 0), LuId(7), true, {0x29, 0}, false}});
  EXPECT_EQ(SenseOf(Responses().at(0)), 0x062900u);
  Deliver();
  Then(event::FromDirector{
      message::UnitAttentionAnswer{second, NexusId::Make(0, 0), LuId(7), false, {}, false}});
  EXPECT_EQ(Responses().at(0).status, 0);
  Deliver();
  Receive(c, Cmd(4, {0x00}, Data::kNone, {}));
  EXPECT_EQ(Responses().at(0).status, 0);
}

TEST_F(TaskManagement, UnitAttentionOfAnAbortedCommandIsGivenBack) {
  const ChannelId c = Login();
  Then(event::FromDirector{message::UnitAttentionPending{NexusId::Make(0, 0), LuId(7)}});
  Receive(c, Cmd(1, {0x00}, Data::kNone, {}));
  const CommandId asked = Told<message::AskUnitAttention>().at(0).command;
  Receive(c, Tmf(2, F::kAbortTask, 1));
  EXPECT_EQ(Code(), 0);
  Deliver();
  Then(event::FromDirector{
      message::UnitAttentionAnswer{asked, NexusId::Make(0, 0), LuId(7), true, {0x29, 0}, false}});
  ASSERT_EQ(Told<message::ReturnUnitAttention>().size(), 1u);
  EXPECT_EQ(Told<message::ReturnUnitAttention>()[0].attention, (UnitAttention{0x29, 0}));
  EXPECT_TRUE(Responses().empty());
}

TEST_F(TaskManagement, UnitAttentionWhoseResponseIsAbortedIsGivenBack) {
  Build({.credits = 8, .sq_size = 16, .data_buffers = 4, .max_rdma = 65536});
  const ChannelId c = Login();
  Then(event::FromDirector{message::UnitAttentionPending{NexusId::Make(0, 0), LuId(7)}});
  Receive(c, Cmd(1, {0x00}, Data::kNone, {}));
  const CommandId asked = Told<message::AskUnitAttention>().at(0).command;
  // Nothing completes: responses fill the send queue, and later ones wait.
  Receive(c, Cmd(2, {0x12, 0, 0, 0, 36, 0}, Data::kIn, {At(0x1000, 36)}));
  Receive(c, Cmd(3, {0xa0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0}, Data::kIn, {At(0x1000, 256)}));
  for (std::uint64_t i = 0; i < 14; ++i) {
    Receive(c, Cmd(10 + i, {0x12, 0, 0, 0, 0, 0}, Data::kNone, {}));
  }
  EXPECT_EQ(Info(c).active_commands, 3u);  // The queue is full: the last two wait.
  Then(event::FromDirector{
      message::UnitAttentionAnswer{asked, NexusId::Make(0, 0), LuId(7), true, {0x29, 0}, false}});
  EXPECT_TRUE(Responses().empty());
  Receive(c, Tmf(99, F::kAbortTask, 1));
  ASSERT_EQ(Told<message::ReturnUnitAttention>().size(), 1u);
  EXPECT_EQ(Told<message::ReturnUnitAttention>()[0].lu, LuId(7));
}

TEST_F(TaskManagement, CreditsThatComeFreeWithoutAResponseAreRequestedBack) {
  Build({.credits = 2, .sq_size = 64, .data_buffers = 4, .max_rdma = 65536});
  const ChannelId c = Login();
  for (int round = 0; round < 2; ++round) {
    Receive(c, Cmd(1, Rw(false, 0, 1), Data::kIn, {At(0x1000, 512)}));
    const OpId op = Got<action::BlockRead>().at(0).op;
    Receive(c, Tmf(2, F::kAbortTask, 1));
    EXPECT_EQ(Responses().at(0).req_lim_delta, 1);
    Deliver();
    Then(event::BlockDone{op});
    const auto sends = Got<action::SendIu>();
    ASSERT_EQ(sends.size(), 1u);
    EXPECT_EQ(memory_.sends[sends[0].send.v][0], 0x81);  // CRED_REQ
    EXPECT_EQ(memory_.sends[sends[0].send.v][7], 1);
    Deliver();
    std::vector<std::uint8_t> rsp(16);
    rsp[0] = 0x41;
    rsp[15] = static_cast<std::uint8_t>(round);
    Receive(c, rsp);
    EXPECT_EQ(Info(c).state, ChannelState::kLive);
    EXPECT_EQ(Info(c).req_lim, 2u);
  }
}

TEST_F(TaskManagement, ACreditRequestIsOpenOnlyOnceItWasPosted) {
  Build({.credits = 2, .sq_size = 1, .data_buffers = 4, .max_rdma = 65536});
  const ChannelId c = Login();
  Receive(c, Cmd(1, Rw(false, 0, 1), Data::kIn, {At(0x1000, 512)}));
  const OpId op = Got<action::BlockRead>().at(0).op;
  Receive(c, Tmf(2, F::kAbortTask, 1));
  const action::SendIu answer = Got<action::SendIu>().at(0);
  Then(event::BlockDone{op});
  EXPECT_TRUE(Got<action::SendIu>().empty());  // It waits for the only slot of the send queue.
  std::vector<std::uint8_t> rsp(16);
  rsp[0] = 0x41;
  Receive(c, rsp);  // So this answers nothing.
  EXPECT_EQ(Info(c).state, ChannelState::kLoggingOut);
  Then(event::SendDone{c, answer.send});
  ASSERT_EQ(Got<action::SendIu>().size(), 1u);
  EXPECT_EQ(memory_.sends[Got<action::SendIu>()[0].send.v][0], 0x80);  // T_LOGOUT
}

// [R-INV-35]
TEST_F(TaskManagement, AResetLeavesAloneWhatCameAfterIt) {
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
