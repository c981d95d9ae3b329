// Completion queues that ran over, and devices that failed.
#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <cstdint>

#include "target/verbs/datapath_fixture.h"
#include "target/verbs/failing_seam.h"

namespace srpt::target {
namespace {

class LostCompletions : public DatapathTest {
 protected:
  static constexpr ChannelId kThird = ChannelId::Make(3, 7);

  // The queue runs over, and the shard hears of it.
  void RunOver(fake::PeerId peer, bool sends) {
    Network::RunOver(peer, sends);
    listener_.PollConnections(sink_);
    datapath_.OnQueueFailed(sink_.failed_queue);
  }
  // As core does it.
  void End(ChannelId channel) {
    shard_.Carry(action::Disconnect{channel});
    datapath_.Flush();
    Poll();
    shard_.Carry(action::DestroyQp{channel});
    memory_.ForgetChannel(channel);
  }
  void Works(ChannelId channel, bool shared = false) {
    const fake::PeerId peer = Open(channel, shared);
    ASSERT_NE(peer, 0u);
    const std::uint8_t iu = 9;
    ASSERT_TRUE(Network::Send(peer, Bytes(&iu, 1)));
    EXPECT_EQ(Poll(), Texts{"iu 9"});
    Write(7, 300, true, channel);
    Send(0, channel);
    datapath_.Flush();
    EXPECT_EQ(Poll(), (Texts{"rdma 7 ok", "send 0 ok"}));
    EXPECT_EQ(Network::memory()[300], 8);
    EXPECT_EQ(PeerGot(peer), "0");
  }
};

// Expect the channels of the device to end at once, with everything that was open reported in its
// order, and the next one to work. [R-FAULT-09]
TEST_F(LostCompletions, OfAQueueThatRanOverEndTheChannelsOfItsDevice) {
  for (const bool sends : {true, false}) {
    const fake::PeerId peer = Open(kChannel);
    ASSERT_NE(peer, 0u);
    ASSERT_NE(Open(kOther), 0u);
    sink_.recvs_failed = 0;
    Network::RunOver(peer, sends);
    for (std::uint32_t i = 0; i < 3; ++i) Send(i);
    Write(2, 100, false);
    Write(1, 101);
    datapath_.Post(action::Probe{kChannel});
    datapath_.Flush();
    Send(3);  // Not even posted.
    if (sends) {
      EXPECT_EQ(Poll(), Texts{});
    }
    listener_.PollConnections(sink_);
    ASSERT_NE(sink_.failed_queue, nullptr);
    int other = 0;
    datapath_.OnQueueFailed(&other);
    EXPECT_TRUE(datapath_.Arm()) << "it is another shard's";
    datapath_.OnQueueFailed(sink_.failed_queue);
    EXPECT_FALSE(datapath_.Arm()) << "it is to be reported";
    EXPECT_EQ(Poll(),
              (Texts{"failed", "failed", "send 0 flushed", "send 1 flushed", "send 2 flushed",
                     "rdma 1 flushed", "probe flushed", "send 3 flushed"}));
    EXPECT_EQ(sink_.recvs_failed, 2 * kRecvs);
    // Core may post until it has heard of it.
    Send(4, kOther);
    Write(3, 102, true, kOther);
    datapath_.Flush();
    EXPECT_EQ(Poll(), (Texts{"send 4 flushed", "rdma 3 flushed"}));
    EXPECT_FALSE(datapath_.LazySends());
    Works(kThird);
    for (const ChannelId channel : {kChannel, kOther, kThird}) End(channel);
  }
}

TEST_F(LostCompletions, TakeWorkThatWasRefusedWithThem) {
  const fake::PeerId peer = Open(kChannel);
  ASSERT_NE(peer, 0u);
  Network::RefusePosts(1, ENOMEM, 1);
  Send(0);
  Write(1, 100);
  Send(1);
  datapath_.Flush();
  RunOver(peer, true);
  EXPECT_EQ(Poll(), (Texts{"failed", "send 0 flushed", "rdma 1 flushed", "send 1 flushed"}));
  datapath_.Flush();
  EXPECT_FALSE(datapath_.LazySends());
  EXPECT_EQ(Poll(), Texts{});
  EXPECT_TRUE(datapath_.Arm()) << "nothing is due";
}

TEST_F(LostCompletions, TakeWorkThatFailedToBePostedWithThem) {
  const fake::PeerId peer = Open(kChannel);
  ASSERT_NE(peer, 0u);
  Network::RunOver(peer, true);
  Network::RefusePosts(1, EINVAL, 1);
  Send(0);
  Write(1, 100);
  Send(1);
  datapath_.Flush();
  RunOver(peer, true);
  EXPECT_EQ(Poll(), (Texts{"failed", "send 0 flushed", "rdma 1 flushed", "send 1 flushed"}));
  EXPECT_EQ(Poll(), Texts{});
  EXPECT_TRUE(datapath_.Arm()) << "nothing is due";
}

// Of a shared receive queue core holds two receives, the rest is posted or was taken by what it
// will not hear of. Expect a new queue with all but the two.
TEST_F(LostCompletions, OfASharedReceiveQueueLoseNoReceive) {
  ASSERT_EQ(datapath_.AddShared(kSharedRecvs, 256), "");
  const fake::PeerId peer = Open(kChannel, true);
  ASSERT_NE(peer, 0u);
  const std::uint8_t iu = 5;
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(Network::Send(peer, Bytes(&iu, 1)));
  ASSERT_EQ(Poll(), (Texts{"iu 5", "iu 5"}));
  Network::RunOver(peer, false);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(Network::Send(peer, Bytes(&iu, 1)));
  ASSERT_EQ(Poll(), Texts{});
  RunOver(peer, false);
  EXPECT_EQ(Poll(), Texts{"failed"});
  shard_.Carry(action::Disconnect{kChannel});
  EXPECT_EQ(Poll(), Texts{"receives over"});
  shard_.Carry(action::DestroyQp{kChannel});
  datapath_.Flush();
  const fake::PeerId next = Open(kOther, true);
  ASSERT_NE(next, 0u);
  for (std::uint32_t i = 0; i < kSharedRecvs; ++i) ASSERT_TRUE(Network::Send(next, Bytes(&iu, 1)));
  EXPECT_EQ(Poll().size(), kSharedRecvs - 2);
  for (int i = 0; i < 2; ++i) datapath_.Post(action::PostRecv{ChannelId(), sink_.received[i]});
  datapath_.Flush();
  EXPECT_EQ(Poll().size(), 2u);
}

// There is no new queue. Expect no login to be taken, and nothing to be left.
TEST_F(LostCompletions, WithoutANewQueueEndTheDevice) {
  const fake::PeerId peer = Open(kChannel);
  ASSERT_NE(peer, 0u);
  verbs::FailurePoints::Fail(2, verbs::Failure::kHard, "ibv_create_cq");
  RunOver(peer, true);
  EXPECT_EQ(Poll(), Texts{"failed"});
  EXPECT_EQ(sink_.recvs_failed, kRecvs);
  EXPECT_EQ(Open(kOther), 0u);
  End(kChannel);
  EXPECT_TRUE(datapath_.Arm());
}

// Expect its channels to end at once, as if it had been removed, and logins through it to be
// refused by listener and shard. [R-FAULT-26]
TEST_F(LostCompletions, OfADeviceThatFailedEndItsChannelsAndItsLogins) {
  const fake::PeerId peer = Open(kChannel);
  ASSERT_NE(peer, 0u);
  const std::uint8_t data[] = {1, 2, 3};
  const fake::PeerId late = Network::Connect(data);
  listener_.PollConnections(sink_);
  Send(0);
  Network::FailDevice();
  datapath_.Flush();
  EXPECT_EQ(Poll(), Texts{});
  EXPECT_FALSE(listener_.lost());
  listener_.PollConnections(sink_);
  EXPECT_TRUE(listener_.lost());
  ASSERT_TRUE(sink_.device_failed);
  datapath_.OnDeviceFailed(0);
  shard_.OnDeviceFailed(0);
  EXPECT_TRUE(shard_.owes());
  sink_.seen.clear();
  shard_.Poll(sink_);
  EXPECT_EQ(sink_.seen, (Texts{"disconnected", "timewait over"}));
  EXPECT_EQ(Poll(), (Texts{"failed", "send 0 flushed"}));
  EXPECT_EQ(sink_.recvs_failed, kRecvs);
  // One that was on its way.
  shard_.Take(*listener_.HandOver(sink_.conn, ShardId(0)));
  action::Accept accept;
  accept.conn = sink_.conn;
  accept.channel = kOther;
  accept.sq_size = accept.recv_count = accept.send_count = 4;
  accept.recv_bytes = accept.send_bytes = 256;
  shard_.Carry(accept);
  shard_.Poll(sink_);
  EXPECT_FALSE(Network::Next(late, std::chrono::milliseconds(0)));
  // And a later one.
  const fake::PeerId later = Network::Connect(data);
  listener_.PollConnections(sink_);
  const auto answer = Network::Next(later, std::chrono::milliseconds(0));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->kind, PeerEvent::Kind::kRejected);
  End(kChannel);
}

}  // namespace
}  // namespace srpt::target
