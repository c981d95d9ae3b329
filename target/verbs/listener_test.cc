#include "target/verbs/listener.h"

#include <gtest/gtest.h>

#include <string>
#include <variant>
#include <vector>

namespace srpt::target {
namespace {

class Sink final : public EventSink {
 public:
  void OnEvent(const ShardEvent& event) override { events.push_back(event); }
  void OnEvent(const DirectorEvent&) override { ADD_FAILURE() << "nobody logged in"; }
  std::vector<ShardEvent> events;
};

// Nothing here reaches librdmacm: the connections of these channels were never made.
class ListenerTest : public testing::Test {
 protected:
  ListenerTest()
      : connections_(4),
        memory_(1, 4),
        datapath_(memory_, connections_),
        listener_(datapath_, memory_, connections_) {}

  std::vector<Connection> connections_;
  ShardMemory memory_;
  Datapath datapath_;
  Listener listener_;
  Sink sink_;
};

// Core asks to accept a connection whose initiator gave up, and before it hears that this failed,
// to disconnect it. Expect AcceptFailed alone, which ends the channel.
TEST_F(ListenerTest, ADisconnectThatCrossesAFailedAcceptIsHarmless) {
  const ChannelId channel = ChannelId::Make(2, 5);
  action::Accept accept;
  accept.conn = ConnId(77);
  accept.channel = channel;
  listener_.Carry(accept);
  listener_.Carry(action::Disconnect{channel});
  EXPECT_EQ(listener_.DeliverOwed(sink_), 1u);
  ASSERT_EQ(sink_.events.size(), 1u);
  const auto* failed = std::get_if<event::AcceptFailed>(&sink_.events[0]);
  ASSERT_NE(failed, nullptr);
  EXPECT_EQ(failed->channel, channel);
  EXPECT_EQ(std::string(failed->reason), "the initiator gave up");
  EXPECT_EQ(listener_.open_connections(), 0u);
  listener_.Carry(action::Disconnect{channel});  // Nor does a late one do anything.
  EXPECT_FALSE(listener_.owes());
}

// A Disconnect of the channel that had the slot before must not touch the one that has it now.
TEST_F(ListenerTest, ADisconnectOfAnEarlierChannelIsIgnored) {
  connections_[2].id = ChannelId::Make(2, 6);
  listener_.Carry(action::Disconnect{ChannelId::Make(2, 5)});
  EXPECT_FALSE(listener_.owes());
  EXPECT_FALSE(connections_[2].disconnected);
}

TEST_F(ListenerTest, ARejectOfAConnectionThatIsGoneIsHarmless) {
  action::Reject reject;
  reject.conn = ConnId(77);
  listener_.Carry(reject);
  EXPECT_FALSE(listener_.owes());
}

}  // namespace
}  // namespace srpt::target
