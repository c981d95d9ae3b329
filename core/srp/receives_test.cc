// Shared receive queues (use_srq). The tests of channels with receives of their own are those of
// everything else.
#include "core/srp/shard_fixture.h"
#include "core/wire/login_rsp.h"

namespace srpt {
namespace {

constexpr NexusId kOther = NexusId::Make(1, 0);

class SharedQueueTest : public ShardFixture {
 protected:
  // Room for two channels of 8 credits, and 4 receives.
  void SetUp() override { Build({8, 64, 32, 65536, 24}); }

  std::uint32_t CreditsOf(const action::Accept& accept) {
    const auto rsp = wire::ParseLoginRsp(accept.login_rsp);
    return rsp.ok() ? static_cast<std::uint32_t>(rsp->req_lim_delta) : 0;
  }
  std::vector<std::uint8_t> Tur(std::uint64_t tag) { return Cmd(tag, {0}, Data::kNone, {}); }
  // The connection ends; everything that was posted to the queue pair came back.
  void Disconnect(ChannelId id) {
    Then(event::Disconnected{id});
    Then(event::ReceivesOver{id});
  }
  void Destroy(ChannelId id) {
    Then(event::TimewaitOver{id});
    Then(event::QpDestroyed{id});
  }
  std::size_t Posted() { return posted_[ChannelId()].size(); }
};

// [R-CRED-03]
TEST_F(SharedQueueTest, ReceiveACommandOfEachChannelExpectTheReceivePostedBeforeTheResponse) {
  const ChannelId a = Login();
  const ChannelId b = Login(kOther);
  for (const ChannelId id : {a, b, a, b}) {
    Receive(id, Tur(1));
    ASSERT_EQ(Responses().size(), 1u);
    EXPECT_EQ(Responses()[0].req_lim_delta, 1);
    ASSERT_EQ(Got<action::PostRecv>().size(), 1u);
    EXPECT_FALSE(Got<action::PostRecv>()[0].channel.valid());
    EXPECT_EQ(Got<action::PostRecv>()[0].recv, last_recv_);
    Deliver();
    EXPECT_EQ(Posted(), 24u);
  }
}

TEST_F(SharedQueueTest, AcceptHasNoReceivesOfItsOwn) {
  const auto accept = Ask();
  ASSERT_TRUE(accept);
  EXPECT_EQ(accept->recv_count, 0);
  EXPECT_EQ(CreditsOf(*accept), 8u);
}

// [R-INV-10]
TEST_F(SharedQueueTest, TheQueueIsNeverPromisedTwice) {
  Login();
  Login();
  const auto third = Ask();  // 4 receives are left: 2 credits.
  ASSERT_TRUE(third);
  EXPECT_EQ(CreditsOf(*third), 2u);
  EXPECT_NE(logs_.find("only 2 credits instead of 8"), std::string::npos);
  EXPECT_FALSE(Ask(kOther));
  const auto refused = Told<message::ChannelRefused>();
  ASSERT_EQ(refused.size(), 1u);
  EXPECT_FALSE(refused[0].rejected);
  EXPECT_EQ(refused[0].srq_size, 34u);
}

TEST_F(SharedQueueTest, EachQueueHasReceivesOfItsOwn) {
  Build({8, 64, 32, 65536, 12, 2});
  ASSERT_TRUE(Ask());
  EXPECT_FALSE(Ask());
  const auto accept = Ask(kOther, 1);
  ASSERT_TRUE(accept);
  EXPECT_EQ(accept->srq, 1u);
  EXPECT_EQ(CreditsOf(*accept), 8u);
}

TEST_F(SharedQueueTest, ADrainedChannelGivesItsShareBackBeforeTimewaitEnds) {
  const ChannelId a = Login();
  Login();
  ASSERT_TRUE(Ask());
  ASSERT_FALSE(Ask());
  Then(event::Disconnected{a});
  EXPECT_FALSE(Ask()) << "its queue pair may have taken receives that were not reported yet";
  Then(event::ReceivesOver{a});
  const auto accept = Ask();
  ASSERT_TRUE(accept);
  EXPECT_EQ(CreditsOf(*accept), 8u);
  Destroy(a);
}

TEST_F(SharedQueueTest, ADeadChannelsReceivesGoBackAsItsCommandsEnd) {
  const ChannelId a = Login();
  std::vector<OpId> reads;
  for (std::uint64_t tag = 1; tag <= 8; ++tag) {
    Receive(a, Cmd(tag, Rw(false, 0, 8), Data::kIn, {At(0, 4096)}));
    reads.push_back(Got<action::BlockRead>().at(0).op);
  }
  EXPECT_EQ(Posted(), 16u);
  Login();
  const auto third = Ask();
  ASSERT_TRUE(third);
  EXPECT_EQ(CreditsOf(*third), 2u);
  Disconnect(a);  // Its 8 reads are still with the backend: they hold 8 receives.
  EXPECT_EQ(Posted(), 16u);
  EXPECT_FALSE(Ask()) << "only 2 receives came free";
  Destroy(a);
  Then(event::BlockDone{reads.back()});
  EXPECT_EQ(Posted(), 17u);
  reads.pop_back();
  for (const OpId op : reads) Then(event::BlockDone{op});
  EXPECT_EQ(Posted(), 24u);
  const auto accept = Ask();
  ASSERT_TRUE(accept);
  EXPECT_EQ(CreditsOf(*accept), 8u);
}

TEST_F(SharedQueueTest, AViolationGivesTheReceiveBackAtOnce) {
  const ChannelId a = Login();
  Receive(a, {0x77});
  EXPECT_EQ(Posted(), 24u);
  Receive(a, Tur(1));  // Too late: it is being logged out.
  EXPECT_EQ(Posted(), 24u);
  EXPECT_TRUE(Responses().empty());
}

TEST_F(SharedQueueTest, AnIuThatIsTooLongGivesTheReceiveBack) {
  const ChannelId a = Login();
  const RecvId recv = posted_[ChannelId()].front();
  posted_[ChannelId()].erase(posted_[ChannelId()].begin());
  Then(event::RecvFailed{a, recv, WorkStatus::kLocalLength});
  EXPECT_EQ(Got<action::Disconnect>().size(), 1u);
  EXPECT_EQ(Posted(), 24u);
}

TEST_F(SharedQueueTest, AWindowOfCommandsThatDiesAtOnceComesBackWhole) {
  Build({128, 256, 32, 65536, 260});
  const ChannelId a = Login();
  const ChannelId b = Login(kOther);
  for (const ChannelId id : {a, b}) {
    Step(event::FromDirector{
        message::UnitAttentionPending{id == a ? NexusId::Make(0, 0) : kOther, LuId(7)}});
    for (std::uint64_t tag = 1; tag <= 128; ++tag) Receive(id, Tur(tag));
  }
  EXPECT_EQ(Posted(), 4u);
  Disconnect(a);  // More than one step has room for.
  EXPECT_EQ(Posted(), 132u);
}

TEST_F(SharedQueueTest, ImmediateDataAreWrittenFromTheSharedBuffer) {
  const ChannelId a = Login();
  Receive(a, Cmd(1, Rw(true, 0, 1), Data::kImmediate, {}, 512));
  const auto writes = Got<action::BlockWrite>();
  ASSERT_EQ(writes.size(), 1u);
  EXPECT_EQ(writes[0].memory.kind, MemRef::Kind::kRecv);
  EXPECT_FALSE(writes[0].memory.channel.valid());
  EXPECT_EQ(writes[0].memory.recv, last_recv_);
}

}  // namespace
}  // namespace srpt
