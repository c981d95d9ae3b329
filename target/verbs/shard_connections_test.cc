// Connection requests on their way from the listener to a shard, and what crosses it.
#include "target/verbs/shard_connections.h"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "target/verbs/device.h"
#include "target/verbs/failing_seam.h"
#include "target/verbs/fake_verbs.h"
#include "target/verbs/id_destroyer.h"
#include "target/verbs/listener.h"
#include "target/verbs/seam.h"

namespace srpt::target {
namespace {

using fake::Network;
using fake::PeerEvent;

class Sink final : public EventSink, public ListenerSink {
 public:
  void OnEvent(const ShardEvent& event) override { events.push_back(event); }
  void OnConnectionGone(ConnId conn) override { gone.push_back(conn); }
  void OnDeviceGone(DeviceIndex) override {}
  void OnEvent(const DirectorEvent& event) override {
    if (const auto* login = std::get_if<event::LoginRequested>(&event)) {
      requested.push_back(login->conn);
    } else if (const auto* ended = std::get_if<event::ConnectionGone>(&event)) {
      gone.push_back(ended->conn);
    }
  }
  void OnSharedLow(const void*) override {}
  void OnQueueFailed(const void*) override {}
  void OnDeviceFailed(DeviceIndex) override {}
  std::vector<ShardEvent> events;
  std::vector<ConnId> requested;
  std::vector<ConnId> gone;
};

class ShardConnectionsTest : public testing::Test {
 protected:
  ShardConnectionsTest()
      : connections_(4),
        memory_(1, 4),
        datapath_(memory_, connections_),
        shard_(datapath_, memory_, connections_, ids_) {}

  IdDestroyer ids_;
  std::vector<Connection> connections_;
  ShardMemory memory_;
  Datapath datapath_;
  ShardConnections shard_;
  Sink sink_;
};

// Core asks to accept a connection whose initiator gave up, and before it hears that this failed,
// to disconnect it. Expect AcceptFailed alone, which ends the channel.
TEST_F(ShardConnectionsTest, ADisconnectThatCrossesAFailedAcceptIsHarmless) {
  ASSERT_EQ(shard_.Start(), "");
  const ChannelId channel = ChannelId::Make(2, 5);
  action::Accept accept;
  accept.conn = ConnId(77);
  accept.channel = channel;
  shard_.Carry(accept);
  shard_.Carry(action::Disconnect{channel});
  EXPECT_EQ(shard_.Poll(sink_), 1u);
  ASSERT_EQ(sink_.events.size(), 1u);
  const auto* failed = std::get_if<event::AcceptFailed>(&sink_.events[0]);
  ASSERT_NE(failed, nullptr);
  EXPECT_EQ(failed->channel, channel);
  EXPECT_EQ(std::string(failed->reason), "the initiator gave up");
  EXPECT_EQ(shard_.open_connections(), 0u);
  shard_.Carry(action::Disconnect{channel});  // Nor does a late one do anything.
  EXPECT_FALSE(shard_.owes());
}

// A Disconnect of the channel that had the slot before must not touch the one that has it now.
TEST_F(ShardConnectionsTest, ADisconnectOfAnEarlierChannelIsIgnored) {
  connections_[2].id = ChannelId::Make(2, 6);
  shard_.Carry(action::Disconnect{ChannelId::Make(2, 5)});
  EXPECT_FALSE(shard_.owes());
  EXPECT_FALSE(connections_[2].disconnected);
}

TEST_F(ShardConnectionsTest, ARejectOfAConnectionThatIsGoneIsHarmless) {
  action::Reject reject;
  reject.conn = ConnId(77);
  shard_.Carry(reject);
  EXPECT_FALSE(shard_.owes());
}

// A listener on the network within the process, and one shard.
class HandOverTest : public ShardConnectionsTest {
 protected:
  static void SetUpTestSuite() { Network::AddDevice({}); }

  void SetUp() override {
    ASSERT_EQ(shard_.Start(), "");
    ASSERT_EQ(listener_.Start(), "");
    int count = 0;
    ibv_context** const devices = verbs::GetDevices(&count);
    ASSERT_EQ(count, 1);
    listener_.AddPort({devices[0], 1, TargetPortId(0), 0, false});
    verbs::FreeDevices(devices);
    listener_.AddShard(shard_.channel());
    ASSERT_EQ(listener_.Listen(5555), "");
  }
  void TearDown() override { EXPECT_EQ(Network::broken(), ""); }

  // A peer asks for a connection.
  ConnId Request() {
    const std::uint8_t data[] = {1, 2, 3};
    peer_ = Network::Connect(data);
    listener_.PollConnections(sink_);
    EXPECT_EQ(sink_.requested.size(), 1u);
    return sink_.requested.empty() ? ConnId() : sink_.requested[0];
  }
  std::optional<PeerEvent::Kind> PeerSaw() {
    const auto event = Network::Next(peer_, std::chrono::milliseconds(0));
    return event ? std::optional(event->kind) : std::nullopt;
  }
  static action::Reject RejectOf(ConnId conn) {
    action::Reject reject;
    reject.conn = conn;
    return reject;
  }

  Listener listener_{ids_};
  fake::PeerId peer_ = 0;
};

TEST_F(HandOverTest, TheShardAnswersWhatWasHandedToIt) {
  const ConnId conn = Request();
  const auto request = listener_.HandOver(conn, ShardId(0));
  ASSERT_TRUE(request);
  EXPECT_EQ(request->conn, conn);
  shard_.Take(*request);
  EXPECT_FALSE(listener_.Carry(RejectOf(conn))) << "it is not the listener's any more";
  EXPECT_FALSE(listener_.HandOver(conn, ShardId(0)));
  EXPECT_EQ(PeerSaw(), std::nullopt);
  shard_.Carry(RejectOf(conn));
  EXPECT_EQ(PeerSaw(), PeerEvent::Kind::kRejected);
}

TEST_F(HandOverTest, APeerThatGivesUpIsReportedByWhoeverHasTheRequest) {
  const ConnId first = Request();
  Network::Disconnect(peer_);
  listener_.PollConnections(sink_);
  EXPECT_EQ(sink_.gone, std::vector<ConnId>{first});
  sink_.requested.clear();
  const ConnId second = Request();
  shard_.Take(*listener_.HandOver(second, ShardId(0)));
  Network::Disconnect(peer_);
  listener_.PollConnections(sink_);
  EXPECT_EQ(sink_.gone.size(), 1u) << "its events go to the shard";
  shard_.Poll(sink_);
  EXPECT_EQ(sink_.gone, (std::vector<ConnId>{first, second}));
}

// The peer gives up while the request is between listener and shard: the shard's event channel
// tells it before the director's message arrives. Expect the same report, and nothing left of it.
TEST_F(HandOverTest, APeerThatGivesUpOnTheWayIsReportedToo) {
  const ConnId conn = Request();
  const auto request = listener_.HandOver(conn, ShardId(0));
  ASSERT_TRUE(request);
  Network::Disconnect(peer_);
  shard_.Poll(sink_);
  EXPECT_TRUE(sink_.gone.empty());
  shard_.Take(*request);
  ASSERT_TRUE(shard_.owes()) << "it must not sleep on it";
  shard_.Poll(sink_);
  EXPECT_EQ(sink_.gone, std::vector<ConnId>{conn});
  action::Accept accept;
  accept.conn = conn;
  accept.channel = ChannelId::Make(1, 1);
  shard_.Carry(accept);
  shard_.Poll(sink_);
  ASSERT_EQ(sink_.events.size(), 1u);
  EXPECT_TRUE(std::holds_alternative<event::AcceptFailed>(sink_.events[0]));
}

// The peer gives up, and core, which has not heard of it, accepts: the kernel refuses the queue
// pair. Expect the right reason, and no advice to try a shorter send queue.
TEST_F(HandOverTest, AnAcceptThatCrossesAPeerThatGivesUpIsNotTriedAgain) {
  const ConnId conn = Request();
  shard_.Take(*listener_.HandOver(conn, ShardId(0)));
  const auto devices = FindDevices();
  ASSERT_TRUE(devices.ok());
  ASSERT_TRUE(memory_.AllocatePool());
  ASSERT_TRUE(datapath_.AddDevice(devices->front(), 64, 64, 0).ok());
  Network::Disconnect(peer_);
  action::Accept accept;
  accept.conn = conn;
  accept.channel = ChannelId::Make(1, 1);
  accept.sq_size = 16;
  accept.recv_count = accept.send_count = 4;
  accept.recv_bytes = accept.send_bytes = 256;
  shard_.Carry(accept);
  ASSERT_TRUE(shard_.owes()) << "it must not sleep on it";
  shard_.Poll(sink_);
  EXPECT_EQ(sink_.gone, std::vector<ConnId>{conn});
  ASSERT_EQ(sink_.events.size(), 1u);
  const auto* failed = std::get_if<event::AcceptFailed>(&sink_.events[0]);
  ASSERT_NE(failed, nullptr);
  EXPECT_EQ(std::string(failed->reason), "the initiator gave up");
  EXPECT_FALSE(failed->sq_refused);
}

TEST_F(HandOverTest, ARequestThatCannotMoveIsRejectedByTheListener) {
  const ConnId conn = Request();
  verbs::FailurePoints::Fail(1, verbs::Failure::kHard, "rdma_migrate_id");
  EXPECT_FALSE(listener_.HandOver(conn, ShardId(0)));
  EXPECT_TRUE(listener_.Carry(RejectOf(conn)));
  EXPECT_EQ(PeerSaw(), PeerEvent::Kind::kRejected);
}

// Past: a peer withdrew its request, and the kernel does not let go of the id. In order: another
// peer's request. Expect listener and shard to serve it meanwhile, and the id to go in the end.
// [R-FAULT-23] [R-FAULT-31]
TEST_F(HandOverTest, AnIdThatTheKernelKeepsHoldsUpNobody) {
  const auto ids = [] { return verbs::FailurePoints::Alive(); };
  const std::string before = ids();
  Network::HoldIds(true);
  for (const bool by_shard : {false, true}) {
    const ConnId conn = Request();
    if (by_shard) shard_.Take(*listener_.HandOver(conn, ShardId(0)));
    Network::Disconnect(peer_);
    listener_.PollConnections(sink_);
    shard_.Poll(sink_);
    sink_.requested.clear();
  }
  EXPECT_EQ(sink_.gone.size(), 2u);
  const ConnId other = Request();
  shard_.Take(*listener_.HandOver(other, ShardId(0)));
  shard_.Carry(RejectOf(other));
  EXPECT_EQ(PeerSaw(), PeerEvent::Kind::kRejected);
  EXPECT_NE(ids(), before) << "three ids more";
  Network::HoldIds(false);
  ids_.Finish();
  EXPECT_EQ(ids(), before);
}

// Past: the peer withdrew its request, and the shard rejected it before it heard of that. In order:
// the event, of an id that is on its way out. Expect it to mean nothing, and not to be kept for a
// request that is yet to come.
TEST_F(HandOverTest, AnEventOfAnIdThatIsOnItsWayOutMeansNothing) {
  const ConnId conn = Request();
  shard_.Take(*listener_.HandOver(conn, ShardId(0)));
  Network::HoldIds(true);
  Network::Disconnect(peer_);
  shard_.Carry(RejectOf(conn));
  shard_.Poll(sink_);
  EXPECT_TRUE(sink_.gone.empty());
  sink_.requested.clear();
  auto other = listener_.HandOver(Request(), ShardId(0));
  ASSERT_TRUE(other);
  other->conn = conn;
  shard_.Take(*other);
  EXPECT_FALSE(shard_.owes());
  Network::HoldIds(false);
}

// As many ids wait as may. Expect the listener to say so until they are gone.
TEST_F(HandOverTest, TooManyIdsThatWaitHoldUpTheListener) {
  Network::HoldIds(true);
  EXPECT_FALSE(listener_.backed_up());
  for (std::size_t i = 0; i < kIdsEndingMax + 64; ++i) {
    rdma_cm_id* id = nullptr;
    ASSERT_EQ(verbs::CreateId(shard_.channel().get(), &id, nullptr, RDMA_PS_TCP), 0);
    ids_.Destroy(id);
  }
  EXPECT_TRUE(listener_.backed_up());
  Network::HoldIds(false);
  ids_.Finish();
  EXPECT_FALSE(listener_.backed_up());
}

TEST_F(HandOverTest, NothingIsLeftOfARequestThatNobodyAnswered) {
  {
    ShardConnections other(datapath_, memory_, connections_, ids_);
    ASSERT_EQ(other.Start(), "");
    listener_.AddShard(other.channel());
    other.Take(*listener_.HandOver(Request(), ShardId(1)));
  }
  EXPECT_EQ(PeerSaw(), PeerEvent::Kind::kRejected);
}

}  // namespace
}  // namespace srpt::target
