#include <gtest/gtest.h>

#include "core/srp/shard_fixture.h"

namespace srpt {
namespace {

using F = wire::TskMgmtFunction;

class TaskManagement : public ShardFixture {};

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

// [R-TSK-08] Fault 34.
TEST_F(TaskManagement, UnknownFunctionsAndUnknownLuns) {
  const ChannelId c = Login();
  for (const int function : {0x00, 0x03, 0x20, 0x80, 0xff}) {
    Receive(c, ToLun(9, Tmf(1, static_cast<F>(function))));
    EXPECT_EQ(Code(), 4) << function;
    Deliver();
  }
  for (const F function :
       {F::kAbortTask, F::kAbortTaskSet, F::kClearTaskSet, F::kLunReset, F::kClearAca}) {
    Receive(c, ToLun(9, Tmf(2, function, 77)));
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
  Receive(c, ToLun(1, Tmf(2, F::kAbortTask, 1)));
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

// A channel that dies takes no unit attention with it: the nexus's others tell it.
TEST_F(TaskManagement, UnitAttentionWhoseSendFailsIsGivenBack) {
  const ChannelId c = Login();
  const NexusId nexus = NexusId::Make(0, 0);
  const auto report = [&](bool has) {
    Then(event::FromDirector{message::UnitAttentionPending{nexus, LuId(7)}});
    Receive(c, OneRead(1));
    const CommandId asked = Told<message::AskUnitAttention>().at(0).command;
    Then(event::FromDirector{
        message::UnitAttentionAnswer{asked, nexus, LuId(7), has, {0x2a, 9}, false}});
  };
  report(true);
  Deliver();
  EXPECT_TRUE(Told<message::ReturnUnitAttention>().empty());
  report(true);
  ASSERT_EQ(SenseOf(Responses().at(0)), 0x062a09u);
  const action::SendIu lost = Got<action::SendIu>().at(0);
  Receive(c, Cmd(2, {0x1a, 0, 0x3f, 0, 0, 0}, Data::kNone, {}));  // Another response, behind it.
  const action::SendIu behind = Got<action::SendIu>().at(0);
  Then(event::SendDone{c, lost.send, WorkStatus::kRetryExceeded});
  ASSERT_EQ(Told<message::ReturnUnitAttention>().size(), 1u);
  EXPECT_EQ(Told<message::ReturnUnitAttention>()[0].nexus, nexus);
  EXPECT_EQ(Told<message::ReturnUnitAttention>()[0].lu, LuId(7));
  EXPECT_EQ(Told<message::ReturnUnitAttention>()[0].attention, (UnitAttention{0x2a, 9}));
  Then(event::SendDone{c, behind.send, WorkStatus::kFlushed});
  EXPECT_TRUE(Told<message::ReturnUnitAttention>().empty());
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

}  // namespace
}  // namespace srpt
