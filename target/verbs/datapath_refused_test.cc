// Work that the device refuses: it waits in order while it is refused for want of memory, and ends
// the queue pair if it is refused for another reason or for too long. [R-FAULT-08]
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <utility>

#include "target/verbs/datapath_fixture.h"

namespace srpt::target {
namespace {

class RefusedWork : public DatapathTest {
 protected:
  void OneReceiveIsTriedAgainSoon(bool shared) {
    const fake::PeerId peer = Open(kChannel, shared);
    ASSERT_NE(peer, 0u);
    const std::uint8_t iu = 0;
    ASSERT_TRUE(Network::Send(peer, Bytes(&iu, 1)));
    ASSERT_EQ(Poll(), Texts{"iu 0"});
    EXPECT_FALSE(datapath_.LazySends());
    datapath_.Post(action::PostRecv{shared ? ChannelId() : kChannel, sink_.received[0]});
    Network::RefuseReceives(1);
    datapath_.Flush();
    EXPECT_TRUE(datapath_.LazySends());
    datapath_.Flush();
    EXPECT_FALSE(datapath_.LazySends());
  }
};

// Sends and RDMA WRITEs, of which the device takes one a post, and more with every Flush, another
// connection's among them. Expect all of it in order, with its own bytes, and no failure.
TEST_F(RefusedWork, WaitsInOrderWithWhatIsPostedLaterBehindIt) {
  const fake::PeerId peer = Open(kChannel);
  ASSERT_NE(peer, 0u);
  const fake::PeerId other = Open(kOther);
  ASSERT_NE(other, 0u);
  for (const int error : {ENOMEM, EAGAIN, -ENOMEM}) {
    Send(0);
    Write(1, 100);
    Write(2, 101, false);
    Send(1);
    Network::RefusePosts(1, error, 1);
    datapath_.Flush();
    EXPECT_EQ(PeerGot(peer), "0");
    EXPECT_EQ(Network::memory()[100], 0);
    // These stand where the refused ones stood.
    Write(3, 200, true, kOther);
    Write(4, 201, true, kOther);
    Send(0, kOther);
    Write(5, 100);
    Send(2);
    Network::RefusePosts(1, error, 2);
    datapath_.Flush();
    EXPECT_EQ(PeerGot(peer), "");
    EXPECT_EQ(Network::memory()[100], 2);
    EXPECT_EQ(Network::memory()[101], 3);
    EXPECT_EQ(PeerGot(other), "0");
    Write(6, 102);
    Network::RefusePosts(2, error);
    datapath_.Flush();
    datapath_.Flush();
    EXPECT_EQ(PeerGot(peer), "");
    EXPECT_TRUE(datapath_.Arm());
    EXPECT_TRUE(datapath_.LazySends()) << "the loop must not sleep on it";
    datapath_.Flush();
    EXPECT_EQ(PeerGot(peer), "12");
    for (const auto& [at, byte] : {std::pair(100, 6), std::pair(101, 3), std::pair(102, 7),
                                   std::pair(200, 4), std::pair(201, 5)}) {
      EXPECT_EQ(Network::memory()[static_cast<std::size_t>(at)], byte) << at;
    }
    EXPECT_EQ(Poll(), (Texts{"send 0 ok", "rdma 1 ok", "rdma 3 ok", "rdma 4 ok", "send 0 ok",
                             "send 1 ok", "rdma 5 ok", "send 2 ok", "rdma 6 ok"}));
    EXPECT_FALSE(datapath_.LazySends());
    std::ranges::fill(Network::memory(), std::uint8_t{0});
  }
}

// The whole send queue waits; then it goes on for many rounds, so that the sequence wraps.
TEST_F(RefusedWork, MayBeTheWholeSendQueueAgainAndAgain) {
  ASSERT_NE(Open(kChannel), 0u);
  for (std::uint32_t round = 0; round < 5000; ++round) {
    for (std::uint32_t i = 0; i < 15; ++i) Write(i % 8, i, i == 14);
    Network::RefusePosts(1, ENOMEM, round % 15);
    datapath_.Flush();
    if (round % 3 == 0) {
      Network::RefusePosts(2, ENOMEM, 1);
      datapath_.Flush();
      datapath_.Flush();
    }
    datapath_.Flush();
    for (std::uint8_t i = 0; i < 15; ++i) ASSERT_EQ(Network::memory()[i], i % 8 + 1) << round;
    std::ranges::fill(Network::memory().first(15), std::uint8_t{0});
    ASSERT_EQ(Poll(), Texts{"rdma 6 ok"}) << round;
  }
}

// All receives were used, and the device does not take them back. Expect no send to go before they
// are posted, the IUs to arrive in order, and nothing to be lost.
TEST_F(RefusedWork, OfReceivesHoldsUpTheSendsThatGrantThem) {
  const fake::PeerId peer = Open(kChannel);
  ASSERT_NE(peer, 0u);
  for (std::uint8_t i = 0; i < 6; ++i) ASSERT_TRUE(Network::Send(peer, Bytes(&i, 1)));
  ASSERT_EQ(Poll(), (Texts{"iu 0", "iu 1", "iu 2", "iu 3"}));
  for (const RecvId recv : sink_.received) datapath_.Post(action::PostRecv{kChannel, recv});
  Write(1, 100);
  Send(0);
  Network::RefuseReceives(1, ENOMEM, 1);
  datapath_.Flush();
  EXPECT_EQ(PeerGot(peer), "");
  EXPECT_TRUE(datapath_.LazySends());
  EXPECT_EQ(Poll(), Texts{"iu 4"});
  datapath_.Post(action::PostRecv{kChannel, sink_.received.back()});
  Write(2, 101, true);
  Network::RefuseReceives(1);
  datapath_.Flush();
  EXPECT_EQ(PeerGot(peer), "");
  datapath_.Flush();
  EXPECT_EQ(PeerGot(peer), "0");
  EXPECT_EQ(Network::memory()[100], 2);
  EXPECT_EQ(Network::memory()[101], 3);
  EXPECT_EQ(Poll(), (Texts{"rdma 1 ok", "send 0 ok", "rdma 2 ok", "iu 5"}));
  for (std::uint8_t i = 6; i < 9; ++i) ASSERT_TRUE(Network::Send(peer, Bytes(&i, 1)));
  EXPECT_EQ(Poll(), (Texts{"iu 6", "iu 7", "iu 8"}));
  EXPECT_EQ(sink_.recvs_failed, 0u);
}

TEST_F(RefusedWork, OfSharedReceivesHoldsUpTheSendsThatGrantThem) {
  ASSERT_EQ(datapath_.AddShared(kSharedRecvs, 256), "");
  const fake::PeerId peer = Open(kChannel, true);
  ASSERT_NE(peer, 0u);
  for (std::uint8_t i = 0; i < kSharedRecvs + 2; ++i) {
    ASSERT_TRUE(Network::Send(peer, Bytes(&i, 1)));
  }
  ASSERT_EQ(Poll().size(), kSharedRecvs);
  for (const RecvId recv : sink_.received) datapath_.Post(action::PostRecv{ChannelId(), recv});
  Send(0);
  Network::RefuseReceives(2, ENOMEM, 1);
  datapath_.Flush();
  EXPECT_EQ(PeerGot(peer), "");
  EXPECT_TRUE(datapath_.LazySends());
  EXPECT_EQ(Poll(), Texts{"iu 16"});
  datapath_.Flush();
  EXPECT_EQ(PeerGot(peer), "");
  EXPECT_EQ(Poll(), Texts{"iu 17"});
  datapath_.Flush();
  EXPECT_EQ(PeerGot(peer), "0");
  EXPECT_EQ(Poll(), Texts{"send 0 ok"});
  for (std::uint8_t i = 0; i < kSharedRecvs - 2; ++i) {
    ASSERT_TRUE(Network::Send(peer, Bytes(&i, 1)));
  }
  EXPECT_EQ(Poll().size(), kSharedRecvs - 2) << "nothing was lost";
}

// Nothing else would have the loop look at it.
TEST_F(RefusedWork, IsTriedAgainSoonIfItIsOneReceive) { OneReceiveIsTriedAgainSoon(false); }

TEST_F(RefusedWork, IsTriedAgainSoonIfItIsOneSharedReceive) {
  ASSERT_EQ(datapath_.AddShared(kSharedRecvs, 256), "");
  OneReceiveIsTriedAgainSoon(true);
}

// Refused as it must not be. Expect the queue pair to end: what was taken ends as it did, the first
// that was refused failed, the others are flushed, and the loop looks for that.
TEST_F(RefusedWork, ForAnotherReasonEndsTheQueuePair) {
  const fake::PeerId peer = Open(kChannel);
  ASSERT_NE(peer, 0u);
  Send(0);
  Write(1, 100);
  Send(1);
  Network::RefusePosts(1, EINVAL, 1);
  datapath_.Flush();
  EXPECT_FALSE(datapath_.Arm()) << "it is to be reported";
  EXPECT_EQ(Poll(), (Texts{"send 0 ok", "rdma 1 failed", "send 1 flushed"}));
  EXPECT_EQ(sink_.recvs_failed, kRecvs);
  EXPECT_EQ(PeerGot(peer), "0");
  EXPECT_EQ(Network::memory()[100], 0);
}

// The device has all of it, but could not be told (a doorbell that fails). Expect the queue pair to
// end, rather than work that hangs.
TEST_F(RefusedWork, ThatTheDeviceHasAllTheSameEndsTheQueuePair) {
  ASSERT_NE(Open(kChannel), 0u);
  Send(0);
  Send(1);
  Network::RefusePosts(1, ENOMEM, 2);
  datapath_.Flush();
  EXPECT_EQ(Poll(), (Texts{"send 0 ok", "send 1 ok"}));
  EXPECT_EQ(sink_.recvs_failed, kRecvs);
}

TEST_F(RefusedWork, OfReceivesForAnotherReasonEndsTheQueuePair) {
  const fake::PeerId peer = Open(kChannel);
  ASSERT_NE(peer, 0u);
  const std::uint8_t iu = 0;
  ASSERT_TRUE(Network::Send(peer, Bytes(&iu, 1)));
  ASSERT_EQ(Poll(), Texts{"iu 0"});
  datapath_.Post(action::PostRecv{kChannel, sink_.received[0]});
  Send(0);
  Network::RefuseReceives(1, EINVAL);
  datapath_.Flush();
  EXPECT_EQ(Poll(), Texts{"send 0 flushed"});
  Poll();
  EXPECT_EQ(sink_.recvs_failed, kRecvs) << "the refused one too";
}

// Every channel of a shared receive queue that takes nothing would starve. Expect them to end, and
// no login to it any more.
TEST_F(RefusedWork, OfSharedReceivesForAnotherReasonEndsTheirChannels) {
  ASSERT_EQ(datapath_.AddShared(kSharedRecvs, 256), "");
  const fake::PeerId peer = Open(kChannel, true);
  ASSERT_NE(peer, 0u);
  ASSERT_NE(Open(kOther, true), 0u);
  const std::uint8_t iu = 0;
  ASSERT_TRUE(Network::Send(peer, Bytes(&iu, 1)));
  ASSERT_EQ(Poll(), Texts{"iu 0"});
  datapath_.Post(action::PostRecv{ChannelId(), sink_.received[0]});
  Network::RefuseReceives(1, EINVAL);
  datapath_.Flush();
  EXPECT_FALSE(datapath_.Arm()) << "it is to be reported";
  EXPECT_EQ(Poll(), (Texts{"failed", "failed"}));
  EXPECT_FALSE(datapath_.LazySends());
  EXPECT_EQ(Open(ChannelId::Make(3, 1), true), 0u);
}

// The device takes nothing for as long as kRefusedMax. Expect the queue pair to end then, and not
// before completions were looked at, each of which may have made room.
TEST_F(RefusedWork, ForTooLongEndsTheQueuePair) {
  const fake::PeerId peer = Open(kChannel);
  ASSERT_NE(peer, 0u);
  Send(0);
  Send(1);
  Network::RefusePosts(1, ENOMEM, 1);
  datapath_.Flush();
  // One was taken: the time begins again.
  now = now + kRefusedMax;
  Send(2);
  Network::RefusePosts(1, ENOMEM, 1);
  datapath_.Flush();
  EXPECT_EQ(Poll(), (Texts{"send 0 ok", "send 1 ok"}));
  Network::RefusePosts(kForever);
  for (std::uint64_t i = 0; i < 2 * kRefusedPollsMin; ++i) {
    datapath_.Flush();
    ASSERT_EQ(Poll(), Texts{}) << i;
  }
  now = now + Duration{kRefusedMax.ns - 1};
  datapath_.Flush();
  EXPECT_EQ(Poll(), Texts{});
  now = now + Duration{1};
  datapath_.Flush();
  EXPECT_EQ(Poll(), Texts{"send 2 failed"});
  EXPECT_EQ(sink_.recvs_failed, kRecvs);
}

TEST_F(RefusedWork, DoesNotEndTheQueuePairOfAThreadThatStoodStill) {
  const fake::PeerId peer = Open(kChannel);
  ASSERT_NE(peer, 0u);
  Send(0);
  Network::RefusePosts(3);
  datapath_.Flush();
  now = now + kRefusedMax + kRefusedMax;
  datapath_.Flush();
  datapath_.Flush();
  EXPECT_EQ(Poll(), Texts{});
  datapath_.Flush();
  EXPECT_EQ(Poll(), Texts{"send 0 ok"});
}

// Core disconnects while work waits, and the device goes on refusing it. Expect all of it to be
// reported all the same.
TEST_F(RefusedWork, OfAChannelThatEndsIsReported) {
  const fake::PeerId peer = Open(kChannel);
  ASSERT_NE(peer, 0u);
  const std::uint8_t iu = 0;
  ASSERT_TRUE(Network::Send(peer, Bytes(&iu, 1)));
  ASSERT_EQ(Poll(), Texts{"iu 0"});
  datapath_.Post(action::PostRecv{kChannel, sink_.received[0]});
  Write(1, 100);
  Send(0);
  Network::RefusePosts(kForever);
  Network::RefuseReceives(kForever);
  datapath_.Flush();
  shard_.Carry(action::Disconnect{kChannel});
  EXPECT_TRUE(datapath_.LazySends());
  datapath_.Flush();
  Poll();
  Texts all = sink_.seen;
  for (const std::string& one : Poll()) all.push_back(one);
  EXPECT_EQ(all, (Texts{"rdma 1 flushed", "send 0 flushed"}));
  EXPECT_EQ(sink_.recvs_failed, kRecvs);
  shard_.Carry(action::DestroyQp{kChannel});
  EXPECT_FALSE(datapath_.LazySends());
}

}  // namespace
}  // namespace srpt::target
