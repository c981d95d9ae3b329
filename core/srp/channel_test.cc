#include <gtest/gtest.h>

#include "core/srp/shard_fixture.h"
#include "core/wire/logout.h"

namespace srpt {
namespace {

class ChannelLife : public ShardFixture {
 protected:
  // The queue pair's work comes back, then the CM, then the driver.
  void Drain(ChannelId c) {
    for (const RecvId r : posted_[c]) Then(event::RecvFailed{c, r, WorkStatus::kFlushed});
    posted_[c].clear();
    Then(event::Disconnected{c});
    Then(event::TimewaitOver{c});
    ASSERT_EQ(Got<action::DestroyQp>().size(), 1u);
    Then(event::QpDestroyed{c});
  }
  std::optional<wire::TLogoutReason> LoggedOut() {
    for (const auto& s : Got<action::SendIu>()) {
      const auto logout = wire::ParseTLogout(Bytes(memory_.sends[s.send.v]).first(s.length));
      if (logout) return logout->reason;
    }
    return std::nullopt;
  }
};

// [R-CM-04, R-CM-07]
TEST_F(ChannelLife, PeerDisconnectsDrainsAndIsForgotten) {
  const ChannelId c = Login();
  EXPECT_EQ(Told<message::ChannelLive>().size(), 1u);
  Then(event::Disconnected{c});
  EXPECT_EQ(Got<action::Disconnect>().size(), 1u);
  for (const RecvId r : posted_[c]) Then(event::RecvFailed{c, r, WorkStatus::kFlushed});
  EXPECT_EQ(Info(c).state, ChannelState::kTimewait);
  Then(event::TimewaitOver{c});
  EXPECT_EQ(Got<action::DestroyQp>().size(), 1u);
  Then(event::QpDestroyed{c});
  EXPECT_EQ(Told<message::ChannelClosed>().size(), 1u);
  EXPECT_TRUE(shard_->IsIdle());
}

// [R-INV-40, R-CM-02]
TEST_F(ChannelLife, FirstIuBeforeRtuMakesItLiveAndIsServedOnce) {
  message::OpenChannel open;
  open.conn = ConnId(9);
  open.nexus = NexusId::Make(0, 0);
  open.max_it_iu_len = 8276;
  open.max_ti_iu_len = 256;
  open.credits = 8;
  open.sq_size = 64;
  Step(event::FromDirector{open});
  const ChannelId c = Got<action::Accept>().at(0).channel;
  posted_[c] = {RecvId(0), RecvId(1)};
  Receive(c, Cmd(1, {0x00}, Data::kNone, {}));
  EXPECT_EQ(Got<action::NotifyEstablished>().size(), 1u);
  EXPECT_EQ(Responses().size(), 1u);
  Then(event::Established{c});
  EXPECT_TRUE(Told<message::ChannelLive>().empty());
  EXPECT_TRUE(Responses().empty());
}

TEST_F(ChannelLife, NotEstablishedInTimeIsDropped) {
  message::OpenChannel open;
  open.nexus = NexusId::Make(0, 0);
  open.max_it_iu_len = 8276;
  open.max_ti_iu_len = 256;
  open.credits = 8;
  open.sq_size = 64;
  Step(event::FromDirector{open});
  EXPECT_EQ(shard_->NextDeadline(), now_ + limits::kEstablishTimeout);
  Advance(limits::kEstablishTimeout);
  EXPECT_EQ(Got<action::Disconnect>().size(), 1u);
}

TEST_F(ChannelLife, AcceptFailedLeavesNothing) {
  message::OpenChannel open;
  open.conn = ConnId(3);
  open.nexus = NexusId::Make(0, 0);
  open.max_it_iu_len = 8276;
  open.max_ti_iu_len = 256;
  open.credits = 8;
  open.sq_size = 64;
  Step(event::FromDirector{open});
  Step(event::AcceptFailed{Got<action::Accept>().at(0).channel, "no memory"});
  ASSERT_EQ(Told<message::ChannelRefused>().size(), 1u);
  EXPECT_EQ(Told<message::ChannelRefused>()[0].conn, ConnId(3));
  EXPECT_TRUE(shard_->IsIdle());
  EXPECT_NE(logs_.find("no memory"), std::string::npos);
}

// [R-PARAM-04] In order: the device refuses the queue pair until its send queue is short enough.
// Expect half of it each time, and a channel that never has more work requests posted than that.
TEST_F(ChannelLife, ASendQueueThatIsRefusedIsHalved) {
  Build({.credits = 8, .sq_size = 50, .data_buffers = 32});
  const auto first = Ask();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->sq_size, 50);
  Step(event::AcceptFailed{first->channel, "no room", true});
  ASSERT_EQ(Got<action::Accept>().size(), 1u);
  const action::Accept second = Got<action::Accept>()[0];
  EXPECT_EQ(second.sq_size, 25);
  EXPECT_EQ(second.channel, first->channel);
  EXPECT_EQ(second.recv_count, first->recv_count);
  EXPECT_EQ(second.login_rsp, first->login_rsp);
  EXPECT_TRUE(Told<message::ChannelRefused>().empty());
  Step(event::AcceptFailed{first->channel, "no room", true});
  ASSERT_EQ(Got<action::Accept>().size(), 1u);
  EXPECT_EQ(Got<action::Accept>()[0].sq_size, limits::kSqSizeMin) << "not below the minimum";
  Step(event::Established{first->channel});
  // A write of 32 stretches: no more READs than the send queue holds.
  std::vector<wire::Direct> list;
  for (std::uint64_t i = 0; i < 32; ++i) list.push_back(At(0x100000 * (i + 1), 512));
  Receive(first->channel, Cmd(1, Rw(true, 0, 32), Data::kOut, list));
  EXPECT_EQ(Got<action::RdmaRead>().size(), limits::kSqSizeMin);
}

TEST_F(ChannelLife, ASendQueueThatIsRefusedAtItsShortestRefusesTheLogin) {
  Build({.credits = 8, .sq_size = limits::kSqSizeMin, .data_buffers = 32});
  const auto accept = Ask();
  Step(event::AcceptFailed{accept->channel, "no room", true});
  EXPECT_TRUE(Got<action::Accept>().empty());
  EXPECT_EQ(Told<message::ChannelRefused>().size(), 1u);
  EXPECT_TRUE(shard_->IsIdle());
}

// Past: the director closes the channel. In order: word that its queue pair was refused. Expect the
// end, and no second try.
TEST_F(ChannelLife, AClosedChannelIsNotTriedAgain) {
  const auto accept = Ask();
  Step(event::FromDirector{message::CloseChannel{accept->channel, CloseReason::kShutdown}});
  Step(event::AcceptFailed{accept->channel, "no room", true});
  EXPECT_TRUE(Got<action::Accept>().empty());
  EXPECT_TRUE(shard_->IsIdle());
}

TEST_F(ChannelLife, CreditOverrunEndsThatChannelOnly) {
  const ChannelId good = Login();
  const ChannelId bad = Login(NexusId::Make(1, 0));
  for (std::uint64_t i = 0; i < 8; ++i) {
    Receive(bad, Cmd(i, Rw(false, 0, 1), Data::kIn, {At(0x1000, 512)}));
    EXPECT_FALSE(LoggedOut());
  }
  Receive(bad, Cmd(99, Rw(false, 0, 1), Data::kIn, {At(0x1000, 512)}));
  ASSERT_TRUE(LoggedOut());
  EXPECT_NE(logs_.find("request limit"), std::string::npos);
  Deliver();
  EXPECT_EQ(Got<action::Disconnect>().size(), 1u);
  EXPECT_EQ(Info(good).state, ChannelState::kLive);
  EXPECT_EQ(Info(good).req_lim, 8u);
  Receive(good, Cmd(1, {0x00}, Data::kNone, {}));
  EXPECT_EQ(Responses().size(), 1u);
}

// [R-LOGOUT-02]
TEST_F(ChannelLife, BadIuTypesAndLengthsAreLoggedOutWithTheirReason) {
  const struct {
    std::vector<std::uint8_t> iu;
    wire::TLogoutReason reason;
  } cases[] = {
      {{}, wire::TLogoutReason::kInvalidIuLength},
      {std::vector<std::uint8_t>(16, 0x77), wire::TLogoutReason::kInvalidIuType},
      {std::vector<std::uint8_t>(47, 0x02), wire::TLogoutReason::kInvalidIuLength},
      {[] {
         std::vector<std::uint8_t> v(16);
         v[0] = 0x41;
         return v;
       }(),
       wire::TLogoutReason::kSpuriousInitiatorResponse},
      {[] {
         std::vector<std::uint8_t> v(16);
         v[0] = 0x42;
         return v;
       }(),
       wire::TLogoutReason::kSpuriousInitiatorResponse},
      {[] {
         std::vector<std::uint8_t> v(36);
         v[0] = 0xc1;
         return v;
       }(),
       wire::TLogoutReason::kInvalidIuType},
  };
  for (const auto& x : cases) {
    const ChannelId c = Login();
    Receive(c, x.iu);
    ASSERT_EQ(LoggedOut(), x.reason);
    EXPECT_TRUE(Got<action::Disconnect>().empty());  // Not before the T_LOGOUT is out.
    Deliver();
    EXPECT_EQ(Got<action::Disconnect>().size(), 1u);
    Drain(c);
    EXPECT_TRUE(shard_->IsIdle());
  }
}

// [R-PARAM-12]
TEST_F(ChannelLife, WatchdogEndsAChannelWhoseCompletionNeverCame) {
  const ChannelId c = Login();
  Receive(c, Cmd(1, {0x00}, Data::kNone, {}));
  ASSERT_EQ(Got<action::SendIu>().size(), 1u);
  for (int i = 0; i < 7; ++i) {
    Advance(Seconds(10));
    EXPECT_TRUE(Got<action::Disconnect>().empty());
  }
  Advance(Seconds(20));
  EXPECT_EQ(Got<action::Disconnect>().size(), 1u);
  EXPECT_NE(logs_.find("has not been received in time"), std::string::npos);
  // The flush never comes either: the drain is given up, and nothing stays behind.
  Then(event::Disconnected{c});
  Advance(limits::kDrainTimeout);
  Then(event::TimewaitOver{c});
  Then(event::QpDestroyed{c});
  EXPECT_TRUE(shard_->IsIdle());
}

// [R-INV-21]
TEST_F(ChannelLife, BackendOutlivesTheChannelAndNothingIsReusedBefore) {
  const ChannelId c = Login();
  Receive(c, Cmd(1, Rw(false, 0, 1), Data::kIn, {At(0x1000, 512)}));
  const OpId op = Got<action::BlockRead>().at(0).op;
  Then(event::Disconnected{c});
  Drain(c);
  EXPECT_FALSE(shard_->IsIdle());
  EXPECT_EQ(shard_->free_data_buffers(), 31u);
  Then(event::BlockDone{op});
  EXPECT_TRUE(Got<action::RdmaWrite>().empty());
  EXPECT_EQ(shard_->free_data_buffers(), 32u);
  EXPECT_EQ(Told<message::ChannelClosed>().size(), 1u);
}

TEST_F(ChannelLife, NewSessionWaitsForTheOldOnesWrites) {
  const ChannelId old = Login();
  Receive(old, Cmd(1, Rw(true, 0, 1), Data::kImmediate, {}, 512));
  const OpId op = Got<action::BlockWrite>().at(0).op;
  Then(event::FromDirector{message::CloseChannel{old, CloseReason::kReplaced}});
  const ChannelId c = Login();
  Receive(c, Cmd(1, Rw(true, 0, 1), Data::kImmediate, {}, 512));
  EXPECT_TRUE(Got<action::BlockWrite>().empty());
  Then(event::BlockDone{op});
  EXPECT_EQ(Got<action::BlockWrite>().size(), 1u);
}

// [R-NEXUS-10]
TEST_F(ChannelLife, NewSessionIsBusyPastTheBound) {
  const ChannelId old = Login();
  Receive(old, Cmd(1, Rw(true, 0, 1), Data::kImmediate, {}, 512));
  Then(event::FromDirector{message::CloseChannel{old, CloseReason::kReplaced}});
  const ChannelId c = Login();
  Receive(c, Cmd(1, Rw(true, 0, 1), Data::kImmediate, {}, 512));
  Advance(limits::kTakeoverWait);
  ASSERT_EQ(Responses().size(), 1u);
  EXPECT_EQ(Responses()[0].status, 8);
}

// [R-INV-37]
TEST_F(ChannelLife, RdmaFailureAbortsAndNeverAnswers) {
  const ChannelId c = Login();
  Receive(c, Cmd(1, Rw(true, 0, 1), Data::kOut, {At(0x1000, 512)}));
  const BufferId buffer = Got<action::RdmaRead>().at(0).buffer;
  Then(event::RdmaDone{c, buffer, WorkStatus::kRemoteAccess});
  EXPECT_EQ(Got<action::Disconnect>().size(), 1u);
  EXPECT_TRUE(Got<action::BlockWrite>().empty());
  EXPECT_TRUE(Responses().empty());
  Drain(c);
  EXPECT_TRUE(shard_->IsIdle());
  EXPECT_EQ(shard_->free_data_buffers(), 32u);
}

TEST_F(ChannelLife, SameEventsSameFingerprint) {
  const auto run = [&] {
    version_ = 0;
    conn_ = 0;
    now_ = Time{1};
    Build({});
    const ChannelId c = Login();
    Receive(c, Cmd(1, {0x12, 0, 0, 0, 96, 0}, Data::kIn, {At(0x1000, 96)}));
    Deliver();
    return shard_->fingerprint();
  };
  const std::uint64_t first = run();
  EXPECT_NE(first, 0u);
  EXPECT_EQ(first, run());
}

}  // namespace
}  // namespace srpt
