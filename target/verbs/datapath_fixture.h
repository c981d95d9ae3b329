// For tests of the datapath on the network within the process: connections that a test opens, posts
// to and polls itself, in the place of core.
#ifndef TARGET_VERBS_DATAPATH_FIXTURE_H_
#define TARGET_VERBS_DATAPATH_FIXTURE_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "target/verbs/datapath.h"
#include "target/verbs/device.h"
#include "target/verbs/fake_verbs.h"
#include "target/verbs/id_destroyer.h"
#include "target/verbs/listener.h"
#include "target/verbs/shard_connections.h"

namespace srpt::target {

using fake::Network;
using fake::PeerEvent;

inline constexpr std::uint32_t kForever = ~std::uint32_t{0};
inline constexpr std::uint32_t kRecvs = 4;
inline constexpr std::uint32_t kSharedRecvs = 16;

inline Time now;  // The datapath's.

// What happened, as short texts in order.
class Sink final : public EventSink, public ListenerSink {
 public:
  void OnEvent(const ShardEvent& event) override {
    const auto status = [](WorkStatus s) {
      return s == WorkStatus::kOk ? " ok" : s == WorkStatus::kFlushed ? " flushed" : " failed";
    };
    if (const auto* send = std::get_if<event::SendDone>(&event)) {
      seen.push_back("send " + std::to_string(send->send.v) + status(send->status));
    } else if (const auto* rdma = std::get_if<event::RdmaDone>(&event)) {
      seen.push_back("rdma " + std::to_string(rdma->buffer.v) + status(rdma->status));
    } else if (const auto* probe = std::get_if<event::ProbeDone>(&event)) {
      seen.push_back(std::string("probe") + status(probe->status));
    } else if (const auto* iu = std::get_if<event::IuReceived>(&event)) {
      seen.push_back("iu " + std::to_string(iu->bytes[0]));
      received.push_back(iu->recv);
    } else if (std::get_if<event::RecvFailed>(&event) != nullptr) {
      ++recvs_failed;
    } else if (std::get_if<event::QpFailed>(&event) != nullptr) {
      seen.push_back("failed");
    } else if (std::get_if<event::Disconnected>(&event) != nullptr) {
      seen.push_back("disconnected");
    } else if (std::get_if<event::TimewaitOver>(&event) != nullptr) {
      seen.push_back("timewait over");
    } else if (std::get_if<event::ReceivesOver>(&event) != nullptr) {
      seen.push_back("receives over");
    }
  }
  void OnEvent(const DirectorEvent& event) override {
    if (const auto* login = std::get_if<event::LoginRequested>(&event)) conn = login->conn;
  }
  void OnConnectionGone(ConnId) override {}
  void OnDeviceGone(DeviceIndex) override {}
  void OnSharedLow(const void*) override {}
  void OnQueueFailed(const void* queue) override { failed_queue = queue; }
  void OnDeviceFailed(DeviceIndex) override { device_failed = true; }

  std::vector<std::string> seen;
  std::vector<RecvId> received;
  std::uint32_t recvs_failed = 0;
  ConnId conn;
  const void* failed_queue = nullptr;
  bool device_failed = false;
};

class DatapathTest : public testing::Test {
 protected:
  using Texts = std::vector<std::string>;

  DatapathTest()
      : connections_(4),
        memory_(8, 4),
        datapath_(memory_, connections_, [] { return now; }),
        shard_(datapath_, memory_, connections_, ids_) {}

  static void SetUpTestSuite() { Network::AddDevice({}); }

  void SetUp() override {
    now = Time();
    std::ranges::fill(Network::memory(), std::uint8_t{0});
    const auto devices = FindDevices();
    ASSERT_TRUE(devices.ok());
    ASSERT_TRUE(memory_.AllocatePool());
    ASSERT_TRUE(datapath_.AddDevice(devices->front(), 256, 256, 0).ok());
    ASSERT_EQ(shard_.Start(), "");
    ASSERT_EQ(listener_.Start(), "");
    listener_.AddPort({devices->front().context, 1, TargetPortId(0), 0, false});
    listener_.AddShard(shard_.channel());
    ASSERT_EQ(listener_.Listen(5555), "");
  }
  void TearDown() override {
    Network::RefusePosts(0);
    Network::RefuseReceives(0);
    EXPECT_EQ(Network::broken(), "");
  }

  // A connection, with receives of its own or the device's. Its peer, or 0 if it was refused.
  fake::PeerId Open(ChannelId channel, bool shared = false) {
    const std::uint8_t data[] = {1, 2, 3};
    const fake::PeerId peer = Network::Connect(data);
    listener_.PollConnections(sink_);
    shard_.Take(*listener_.HandOver(sink_.conn, ShardId(0)));
    action::Accept accept;
    accept.conn = sink_.conn;
    accept.channel = channel;
    accept.sq_size = 16;
    accept.recv_count = shared ? 0 : kRecvs;
    accept.send_count = 8;
    accept.recv_bytes = accept.send_bytes = 256;
    shard_.Carry(accept);
    shard_.Poll(sink_);
    datapath_.Flush();
    const auto event = Network::Next(peer, std::chrono::milliseconds(0));
    return event && event->kind == PeerEvent::Kind::kAccepted ? peer : 0;
  }
  void Send(std::uint32_t i, ChannelId channel = kChannel) {
    memory_.SendBuffer(channel, SendId(i))[0] = static_cast<std::uint8_t>(i);
    datapath_.Post(action::SendIu{channel, SendId(i), 1, false});
  }
  // The peer's byte at `remote` becomes the buffer's number, plus one.
  void Write(std::uint32_t buffer, std::uint64_t remote, bool signaled = true,
             ChannelId channel = kChannel) {
    memory_.DataBuffer(BufferId(buffer))[0] = static_cast<std::uint8_t>(buffer + 1);
    datapath_.Post(action::RdmaWrite{channel, BufferId(buffer), 0, 1, RemoteAddr(remote),
                                     RKey(fake::kPeerKey), signaled});
  }
  // What happened meanwhile.
  Texts Poll() {
    sink_.seen.clear();
    while (datapath_.Poll(sink_) > 0) {
    }
    return sink_.seen;
  }
  // The first bytes of the IUs that the peer got; "-": the connection ended.
  std::string PeerGot(fake::PeerId peer) {
    std::string got;
    while (const auto event = Network::Next(peer, std::chrono::milliseconds(0))) {
      got += event->kind == PeerEvent::Kind::kIu ? static_cast<char>('0' + event->bytes[0]) : '-';
    }
    return got;
  }

  static constexpr ChannelId kChannel = ChannelId::Make(1, 3);
  static constexpr ChannelId kOther = ChannelId::Make(2, 5);
  IdDestroyer ids_;
  std::vector<Connection> connections_;
  ShardMemory memory_;
  Datapath datapath_;
  ShardConnections shard_;
  Listener listener_{ids_};
  Sink sink_;
};

}  // namespace srpt::target

#endif  // TARGET_VERBS_DATAPATH_FIXTURE_H_
