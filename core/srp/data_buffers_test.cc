#include <gtest/gtest.h>

#include "core/srp/shard_fixture.h"

namespace srpt {
namespace {

class DataBuffers : public ShardFixture {
 protected:
  static constexpr std::uint32_t kPool = 32;
  void SetUp() override {
    Build({.credits = 64, .sq_size = 256, .data_buffers = kPool, .max_rdma = 65536});
  }

  void Read(ChannelId channel, std::uint8_t lun) {
    Receive(channel, ToLun(lun, Cmd(++tag_, Rw(false, 0, 8), Data::kIn, {At(0x1000, 4096)})));
  }
  void Write(ChannelId channel, std::uint8_t lun) {
    Receive(channel, ToLun(lun, Cmd(++tag_, Rw(true, 0, 8), Data::kOut, {At(0x1000, 4096)})));
  }
  // A read of this LUN goes through, from the IU to its response's completion.
  void ExpectRead(ChannelId channel, std::uint8_t lun) {
    const std::uint64_t tag = tag_ + 1;
    Read(channel, lun);
    ASSERT_EQ(Got<action::BlockRead>().size(), 1u);
    Then(event::BlockDone{Got<action::BlockRead>()[0].op});
    ASSERT_EQ(Responses().size(), 1u);
    EXPECT_EQ(Responses()[0].tag, MakeTag(tag));
    Deliver();
  }

  std::uint64_t tag_ = 0;
};

TEST_F(DataBuffers, AUnitThatHangsLeavesHalfOfThePoolToOthers) {
  const ChannelId c = Login();
  std::vector<OpId> hung;
  for (int i = 0; i < 40; ++i) {
    Read(c, 0);
    for (const auto& r : Got<action::BlockRead>()) hung.push_back(r.op);
  }
  EXPECT_EQ(hung.size(), kPool / 2);
  EXPECT_EQ(shard_->free_data_buffers(), kPool / 2);
  EXPECT_EQ(Info(c).counters.buffer_waits, 40 - kPool / 2);
  // The same session's other unit, and what core answers about the hung one, go on.
  for (int i = 0; i < 5; ++i) ExpectRead(c, 1);
  Receive(c, Cmd(++tag_, {0x12, 0, 0, 0, 255, 0}, Data::kIn, {At(0x1000, 255)}));
  EXPECT_EQ(Responses().size(), 1u);
  Deliver();
  // Those that waited get theirs when it comes back to life, in order, each once.
  std::size_t served = hung.size();
  for (std::size_t i = 0; i < hung.size(); ++i) {
    Then(event::BlockDone{hung[i]});
    std::vector<OpId> next;
    for (const auto& r : Got<action::BlockRead>()) next.push_back(r.op);
    Deliver();
    for (const auto& r : Got<action::BlockRead>()) next.push_back(r.op);
    served += next.size();
    hung.insert(hung.end(), next.begin(), next.end());
  }
  EXPECT_EQ(served, 40u);
  EXPECT_EQ(shard_->free_data_buffers(), kPool);
  EXPECT_EQ(shard_->active_commands(), 0u);
}

TEST_F(DataBuffers, WritesToAUnitThatHangsLeaveRoomToo) {
  const ChannelId c = Login();
  std::size_t hung = 0;
  for (int i = 0; i < 40; ++i) {
    Write(c, 0);
    for (const auto& r : Got<action::RdmaRead>()) {
      if (!r.signaled) continue;
      Then(event::RdmaDone{c, r.buffer});
      hung += Got<action::BlockWrite>().size();
    }
  }
  EXPECT_EQ(hung, kPool / 2);
  ExpectRead(c, 1);
}

TEST_F(DataBuffers, AHostThatDiedLeavesHalfOfThePoolToOthers) {
  const ChannelId dead = Login();
  const ChannelId other = Login(NexusId::Make(1, 0));
  std::size_t sent = 0;
  for (int i = 0; i < 40; ++i) {  // Its responses are never acknowledged.
    Read(dead, 0);
    for (const auto& r : Got<action::BlockRead>()) Then(event::BlockDone{r.op});
    sent += Responses().size();
  }
  EXPECT_EQ(sent, kPool / 2);
  EXPECT_EQ(Info(dead).active_commands, 40 - kPool / 2);
  // Behind those of the dead one in the same unit's queue, and yet served.
  for (int i = 0; i < 5; ++i) ExpectRead(other, 0);
}

TEST_F(DataBuffers, OneHostsWritesUnderWayLeaveRoomToAnothersToTheSameUnit) {
  const ChannelId dead = Login();
  const ChannelId other = Login(NexusId::Make(1, 0));
  std::size_t begun = 0;
  for (int i = 0; i < 40; ++i) {  // Its RDMA READs are never answered.
    Write(dead, 0);
    begun += Got<action::RdmaRead>().size();
  }
  EXPECT_EQ(begun, kPool / 2);
  Write(other, 0);
  ASSERT_EQ(Got<action::RdmaRead>().size(), 1u);
  Then(event::RdmaDone{other, Got<action::RdmaRead>()[0].buffer});
  ASSERT_EQ(Got<action::BlockWrite>().size(), 1u);
  Then(event::BlockDone{Got<action::BlockWrite>()[0].op});
  EXPECT_EQ(Responses().size(), 1u);
}

TEST_F(DataBuffers, UnitsTakeTurns) {
  Build({.credits = 64, .sq_size = 256, .data_buffers = 1, .max_rdma = 65536});
  const ChannelId c = Login();
  Read(c, 0);
  OpId op = Got<action::BlockRead>().at(0).op;
  for (int i = 0; i < 3; ++i) Read(c, 0);
  for (int i = 0; i < 3; ++i) Read(c, 1);
  std::vector<std::uint32_t> units;
  for (int i = 0; i < 6; ++i) {
    Then(event::BlockDone{op});
    Deliver();
    ASSERT_EQ(Got<action::BlockRead>().size(), 1u);
    op = Got<action::BlockRead>()[0].op;
    units.push_back(Got<action::BlockRead>()[0].lu.v);
  }
  EXPECT_EQ(units, (std::vector<std::uint32_t>{7, 8, 7, 8, 7, 8}));
}

TEST_F(DataBuffers, AbortedWhileItWaitsMakesRoomForTheNext) {
  Build({.credits = 64, .sq_size = 256, .data_buffers = 1, .max_rdma = 65536});
  const ChannelId c = Login();
  Read(c, 0);
  const OpId op = Got<action::BlockRead>().at(0).op;
  Read(c, 0);
  Read(c, 0);
  Read(c, 1);
  Receive(c, Tmf(100, wire::TskMgmtFunction::kAbortTask, 2));
  Deliver();
  Receive(c, Tmf(101, wire::TskMgmtFunction::kAbortTask, 3));
  Deliver();
  Then(event::BlockDone{op});
  Deliver();
  ASSERT_EQ(Got<action::BlockRead>().size(), 1u);
  EXPECT_EQ(Got<action::BlockRead>()[0].lu, LuId(8));
}

// [R-FAULT-28]
TEST_F(DataBuffers, BeyondABoundIsTaskSetFullForThatNexusAtThatUnitOnly) {
  Build({.credits = 64, .sq_size = 256, .data_buffers = 1, .buffer_waits = 3});
  const ChannelId c = Login();
  const ChannelId sibling = Login();
  Read(c, 0);
  OpId op = Got<action::BlockRead>().at(0).op;
  for (int i = 0; i < 2; ++i) Read(c, 0);
  Read(sibling, 0);
  EXPECT_TRUE(Responses().empty());
  for (const ChannelId full : {c, sibling}) {  // The nexus's channels are one.
    Read(full, 0);
    ASSERT_EQ(Responses().size(), 1u);
    EXPECT_EQ(Responses()[0].status, 0x28);
    EXPECT_EQ(Responses()[0].flags, wire::kDiunder);
    EXPECT_EQ(Responses()[0].in_residual, 4096u);
    EXPECT_EQ(Responses()[0].req_lim_delta, 1);
    Deliver();
  }
  // Neither its other unit nor another nexus is refused for that.
  Read(c, 1);
  EXPECT_TRUE(Responses().empty());
  const ChannelId other = Login(NexusId::Make(1, 0));
  Read(other, 0);
  EXPECT_TRUE(Responses().empty());
  EXPECT_EQ(Info(c).counters.buffer_waits + Info(sibling).counters.buffer_waits, 4u);
  // One goes on, one more may wait.
  Then(event::BlockDone{op});
  Deliver();
  op = Got<action::BlockRead>().at(0).op;
  Read(c, 0);
  EXPECT_TRUE(Responses().empty());
  Read(c, 0);
  ASSERT_EQ(Responses().size(), 1u);
  EXPECT_EQ(Responses()[0].status, 0x28);
  // What waits is answered, all of it.
  Deliver();
  for (int left = 5;; --left) {
    Then(event::BlockDone{op});
    ASSERT_EQ(Responses().size(), 1u);
    EXPECT_EQ(Responses()[0].status, 0);
    Deliver();
    if (left == 0) break;
    op = Got<action::BlockRead>().at(0).op;
  }
  EXPECT_EQ(shard_->active_commands(), 0u);
}

TEST_F(DataBuffers, AbortedOrGoneWithItsChannelMakesRoomToWait) {
  Build({.credits = 64, .sq_size = 256, .data_buffers = 1, .buffer_waits = 1});
  const ChannelId c = Login();
  Read(c, 0);
  Read(c, 0);
  Receive(c, Tmf(100, wire::TskMgmtFunction::kAbortTask, 2));
  Deliver();
  Read(c, 0);
  EXPECT_TRUE(Responses().empty());
  const ChannelId sibling = Login();
  Then(event::Disconnected{c});
  Read(sibling, 0);
  EXPECT_TRUE(Responses().empty());
}

// Its buffers are the way for it to end: there is no answer to half of its data.
TEST_F(DataBuffers, ACommandThatMovesMayAlwaysWaitForMore) {
  Build({.credits = 64, .sq_size = 256, .data_buffers = 2, .buffer_waits = 1});
  const ChannelId c = Login();
  Receive(c, Cmd(++tag_, Rw(false, 0, 1024), Data::kIn, {At(0x100000, 512 * 1024)}));
  OpId op = Got<action::BlockRead>().at(0).op;  // The next of its eight waits: nobody else may.
  Read(c, 0);
  ASSERT_EQ(Responses().size(), 1u);
  EXPECT_EQ(Responses()[0].status, 0x28);
  Deliver();
  for (int piece = 1;; ++piece) {
    Then(event::BlockDone{op});
    if (piece == 8) break;
    const auto writes = Got<action::RdmaWrite>();
    Then(event::RdmaDone{c, writes.at(0).buffer});
    op = Got<action::BlockRead>().at(0).op;
  }
  ASSERT_EQ(Responses().size(), 1u);
  EXPECT_EQ(Responses()[0].status, 0);
}

// SAM-5 5.3.1.
TEST_F(DataBuffers, WithoutAnotherTaskAtTheUnitItIsBusy) {
  Build({.credits = 64, .sq_size = 256, .data_buffers = 1, .buffer_waits = 2});
  const ChannelId c = Login();
  const std::vector<std::uint8_t> inquiry = {0x12, 0, 0, 0, 255, 0};
  const auto ask = [&](std::uint8_t lun) {
    Receive(c, ToLun(lun, Cmd(++tag_, inquiry, Data::kIn, {At(0x1000, 255)})));
  };
  Read(c, 0);
  for (int i = 0; i < 2; ++i) ask(0);
  EXPECT_TRUE(Responses().empty());
  ask(0);
  ASSERT_EQ(Responses().size(), 1u);
  EXPECT_EQ(Responses()[0].status, 0x28);
  Deliver();
  ask(1);
  ASSERT_EQ(Responses().size(), 1u);
  EXPECT_EQ(Responses()[0].status, 0x08);
  Deliver();
  ask(77);  // No such unit, so no task set.
  ASSERT_EQ(Responses().size(), 1u);
  EXPECT_EQ(Responses()[0].status, 0x08);
}

TEST_F(DataBuffers, AnswersThatADeadHostDoesNotTakeLeaveRoom) {
  const ChannelId dead = Login();
  const ChannelId other = Login(NexusId::Make(1, 0));
  for (int i = 0; i < 40; ++i) {
    Receive(dead, Cmd(++tag_, {0x12, 0, 0, 0, 255, 0}, Data::kIn, {At(0x1000, 255)}));
  }
  EXPECT_EQ(shard_->free_data_buffers(), kPool / 2);
  ExpectRead(other, 0);
}

TEST_F(DataBuffers, ThoseThatHangOneAfterTheOtherLeaveTheLastEighth) {
  const ChannelId dead[] = {Login(), Login(), Login(NexusId::Make(1, 0))};
  for (const ChannelId c : dead) {  // The first two are one host: they have one share.
    for (int i = 0; i < 40; ++i) {
      Read(c, 0);
      for (const auto& r : Got<action::BlockRead>()) Then(event::BlockDone{r.op});
    }
  }
  EXPECT_EQ(shard_->free_data_buffers(), kPool / 4);
  const ChannelId other = Login(NexusId::Make(2, 0));
  for (int i = 0; i < 40; ++i) Read(other, 1);  // This one's unit hangs, too.
  EXPECT_EQ(shard_->free_data_buffers(), kPool / 8);
  // Whoever holds nothing still gets one, but not a second.
  const ChannelId last = Login(NexusId::Make(3, 0));
  for (int i = 0; i < 40; ++i) {
    Read(last, 0);
    for (const auto& r : Got<action::BlockRead>()) Then(event::BlockDone{r.op});
  }
  EXPECT_EQ(shard_->free_data_buffers(), kPool / 8 - 1);
  ExpectRead(Login(NexusId::Make(4, 0)), 0);
}

}  // namespace
}  // namespace srpt
