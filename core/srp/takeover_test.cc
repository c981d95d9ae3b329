// A shard's part in a takeover, beside another shard (takeover.h).
#include <gtest/gtest.h>

#include "core/srp/shard_fixture.h"

namespace srpt {
namespace {

constexpr LuId kDisk1(7);
constexpr LuId kDisk2(8);

class Takeover : public ShardFixture {
 protected:
  void SetUp() override { Build({.shards = 2}); }

  template <class M>
  void Tell(const M& m) {
    Then(event::FromDirector{m});
  }
  void Read(ChannelId channel, std::uint8_t lun) {
    Receive(channel, ToLun(lun, Cmd(++tag_, Rw(false, 0, 1), Data::kIn, {At(0x1000, 512)})));
  }
  OpId Write(ChannelId channel, std::uint8_t lun) {
    Receive(channel, ToLun(lun, Cmd(++tag_, Rw(true, 0, 1), Data::kImmediate, {}, 512)));
    return Got<action::BlockWrite>().at(0).op;
  }
  // The units of the BlockReads that the last step asked for.
  std::vector<LuId> Reads() const {
    std::vector<LuId> units;
    for (const auto& r : Got<action::BlockRead>()) units.push_back(r.lu);
    return units;
  }
  using Units = std::vector<LuId>;

  const NexusId nexus_ = NexusId::Make(0, 0);
  std::uint64_t tag_ = 0;
};

// [R-FAULT-20, R-NEXUS-10]
TEST_F(Takeover, TellsOfOldWritesThenAnswersAndNothingStartsUntilItIsOver) {
  const ChannelId old = Login();
  const OpId op = Write(old, 0);
  Tell(message::TakeOver{nexus_, 1});
  std::vector<std::size_t> told;  // In this order.
  for (const auto& a : Got<action::ToDirector>()) told.push_back(a.message.index());
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told[0], message::ToDirector(message::OldWrites{}).index());
  EXPECT_EQ(told[1], message::ToDirector(message::TakenOver{}).index());
  EXPECT_EQ(Told<message::OldWrites>()[0].lu, kDisk1);
  EXPECT_TRUE(Told<message::OldWrites>()[0].there);
  EXPECT_EQ(Told<message::TakenOver>()[0].session, 1u);

  const ChannelId c = Login();
  Read(c, 0);
  EXPECT_EQ(Reads(), Units{});
  Read(c, 1);
  EXPECT_EQ(Reads(), Units{});
  Tell(message::HoldUnit{nexus_, kDisk1, true});
  EXPECT_EQ(Reads(), Units{});
  Tell(message::TakeoverOver{nexus_, 1});
  EXPECT_EQ(Reads(), Units{kDisk2});  // There is no old write.

  // The last old write has ended here; others may have some.
  Then(event::BlockDone{op});
  ASSERT_EQ(Told<message::OldWrites>().size(), 1u);
  EXPECT_FALSE(Told<message::OldWrites>()[0].there);
  EXPECT_EQ(Reads(), Units{});
  Tell(message::HoldUnit{nexus_, kDisk1, false});
  EXPECT_EQ(Reads(), Units{kDisk1});
}

TEST_F(Takeover, AnotherShardsOldWritesHoldThatUnitOfThatNexus) {
  const ChannelId c = Login();
  const ChannelId other = Login(NexusId::Make(1, 0));
  Tell(message::HoldUnit{nexus_, kDisk1, true});
  Read(c, 0);
  EXPECT_EQ(Reads(), Units{});
  Read(c, 1);
  EXPECT_EQ(Reads(), Units{kDisk2});
  Read(other, 0);
  EXPECT_EQ(Reads(), Units{kDisk1});
  Advance(limits::kTakeoverWait);
  ASSERT_EQ(Responses().size(), 1u);
  EXPECT_EQ(Responses()[0].status, 0x08);  // BUSY
  Deliver();
  Tell(message::HoldUnit{nexus_, kDisk1, false});
  Read(c, 0);
  EXPECT_EQ(Reads(), Units{kDisk1});
}

TEST_F(Takeover, WithoutAnAnswerOfTheDirectorItIsBusy) {
  Login();
  Tell(message::TakeOver{nexus_, 1});
  const ChannelId c = Login();
  Read(c, 0);
  Advance(limits::kTakeoverWait);
  ASSERT_EQ(Responses().size(), 1u);
  EXPECT_EQ(Responses()[0].status, 0x08);
}

// Also those that the director had not heard of when it decided.
TEST_F(Takeover, EndsAllEarlierChannelsOfItsNexusAndNoLaterOne) {
  const ChannelId live = Login();
  const auto connecting = Ask();
  ASSERT_TRUE(connecting);
  const ChannelId other = Login(NexusId::Make(1, 0));
  Tell(message::TakeOver{nexus_, 1});
  EXPECT_EQ(Info(live).state, ChannelState::kLoggingOut);
  EXPECT_EQ(Info(connecting->channel).state, ChannelState::kDisconnecting);
  EXPECT_EQ(Info(other).state, ChannelState::kLive);
  const ChannelId later = Login();
  Tell(message::TakeoverOver{nexus_, 1});
  Tell(message::HoldUnit{nexus_, kDisk1, true});
  EXPECT_EQ(Info(later).state, ChannelState::kLive);
  Tell(message::TakeOver{nexus_, 2});
  EXPECT_EQ(Info(later).state, ChannelState::kLoggingOut);
}

TEST_F(Takeover, TakenOverAgainItWaitsForTheLast) {
  Login();
  Tell(message::TakeOver{nexus_, 1});
  Tell(message::TakeOver{nexus_, 2});
  EXPECT_EQ(Told<message::TakenOver>().at(0).session, 2u);
  const ChannelId c = Login();
  Read(c, 0);
  Tell(message::TakeoverOver{nexus_, 1});
  EXPECT_EQ(Reads(), Units{});
  Tell(message::TakeoverOver{nexus_, 2});
  EXPECT_EQ(Reads(), Units{kDisk1});
}

TEST_F(Takeover, OldReadsAreNotWaitedFor) {
  Read(Login(), 0);
  Tell(message::TakeOver{nexus_, 1});
  EXPECT_TRUE(Told<message::OldWrites>().empty());
  EXPECT_EQ(Told<message::TakenOver>().size(), 1u);
}

TEST_F(Takeover, AChannelThatEndsByItselfTellsOfItsWritesToo) {
  const ChannelId c = Login();
  const OpId first = Write(c, 0);
  const OpId second = Write(c, 0);
  Then(event::Disconnected{c});
  ASSERT_EQ(Told<message::OldWrites>().size(), 1u);
  Then(event::BlockDone{first});
  EXPECT_TRUE(Told<message::OldWrites>().empty());
  Then(event::BlockDone{second});
  ASSERT_EQ(Told<message::OldWrites>().size(), 1u);
  EXPECT_FALSE(Told<message::OldWrites>()[0].there);
}

TEST_F(Takeover, AShardThatIsAloneHasNobodyToTellOrToWaitFor) {
  Build({});
  const ChannelId old = Login();
  const OpId op = Write(old, 0);
  Tell(message::TakeOver{nexus_, 1});
  EXPECT_TRUE(Got<action::ToDirector>().empty());
  EXPECT_EQ(Info(old).state, ChannelState::kLoggingOut);
  const ChannelId c = Login();
  Read(c, 1);
  EXPECT_EQ(Reads(), Units{kDisk2});
  Read(c, 0);
  EXPECT_EQ(Reads(), Units{});
  Then(event::BlockDone{op});
  EXPECT_EQ(Reads(), Units{kDisk1});
}

}  // namespace
}  // namespace srpt
