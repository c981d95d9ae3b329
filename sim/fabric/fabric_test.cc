// Each rule of the fabric by itself: a peer at one end, a recorder in the target's place.
#include "sim/fabric/fabric.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace srpt::sim {
namespace {

constexpr ChannelId kChannel(7);

class FabricTest : public testing::Test, public TargetSide {
 protected:
  FabricTest() {
    options.private_data = {1, 2, 3};
    options.host = HostId(1);
  }

  void OnDirectorEvent(const DirectorEvent& event) override {
    if (const auto* e = std::get_if<event::LoginRequested>(&event)) {
      log.push_back("LoginRequested " + std::to_string(e->private_data.size()));
      conn = e->conn;
    } else if (std::get_if<event::ConnectionGone>(&event) != nullptr) {
      log.push_back("ConnectionGone");
    }
  }
  void OnShardEvent(std::uint32_t, const ShardEvent& event) override {
    const auto status = [](WorkStatus s) { return std::to_string(static_cast<int>(s)); };
    if (const auto* e = std::get_if<event::IuReceived>(&event)) {
      log.push_back("Iu " + std::to_string(e->recv.v) + " " +
                    std::string(e->bytes.begin(), e->bytes.end()));
    } else if (const auto* r = std::get_if<event::RecvFailed>(&event)) {
      log.push_back("RecvFailed " + std::to_string(r->recv.v) + " " + status(r->status));
    } else if (const auto* s = std::get_if<event::SendDone>(&event)) {
      log.push_back("SendDone " + std::to_string(s->send.v) + " " + status(s->status));
    } else if (const auto* d = std::get_if<event::RdmaDone>(&event)) {
      log.push_back("RdmaDone " + std::to_string(d->buffer.v) + " " + status(d->status));
    } else if (const auto* q = std::get_if<event::QpFailed>(&event)) {
      log.push_back("QpFailed " + status(q->status));
    } else if (std::get_if<event::Established>(&event) != nullptr) {
      log.push_back("Established");
    } else if (std::get_if<event::AcceptFailed>(&event) != nullptr) {
      log.push_back("AcceptFailed");
    } else if (std::get_if<event::Disconnected>(&event) != nullptr) {
      log.push_back("Disconnected");
    } else if (std::get_if<event::TimewaitOver>(&event) != nullptr) {
      log.push_back("TimewaitOver");
    } else if (std::get_if<event::QpDestroyed>(&event) != nullptr) {
      log.push_back("QpDestroyed");
    }
  }
  ShardMemory& MemoryOf(std::uint32_t) override { return memory; }

  void RunFor(Duration duration) {
    const Time until = clock.now() + duration;
    while (queue.next() <= until) {
      const EventQueue::Item item = queue.Pop();
      clock.AdvanceTo(item.at);
      fabric.On(item);
    }
    clock.AdvanceTo(until);
  }
  // What happened in that time, and nothing else.
  std::vector<std::string> After(Duration duration) {
    log.clear();
    RunFor(duration);
    return log;
  }
  void LogIn(std::uint16_t receives = 2, std::uint16_t sq_size = 16) {
    peer = fabric.Connect(options);
    RunFor(Milliseconds(10));
    action::Accept accept;
    accept.conn = conn;
    accept.channel = kChannel;
    accept.recv_count = receives;
    accept.send_count = 4;
    accept.recv_bytes = 8;
    accept.send_bytes = 16;
    accept.sq_size = sq_size;
    accept.login_rsp[0] = 0xc0;
    fabric.Do(0, accept);
    RunFor(Milliseconds(10));
    ASSERT_EQ(fabric.TakeEvent(peer)->kind, PeerEvent::Kind::kConnected);
  }
  bool Send(const std::string& text) {
    return fabric.Send(peer, Bytes(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()),
                       false);
  }
  void SendIu(std::uint32_t send) {
    fabric.Do(0, action::SendIu{kChannel, SendId(send), 4, false});
  }
  void Write(const Region& r, std::uint64_t offset, std::uint32_t length, bool signaled) {
    fabric.Do(0, action::RdmaWrite{kChannel, BufferId(0), 0, length, RemoteAddr(r.va.v + offset),
                                   r.rkey, signaled});
  }
  void Read(const Region& r, std::uint32_t length, bool signaled) {
    fabric.Do(0, action::RdmaRead{kChannel, BufferId(1), 0, length, r.va, r.rkey, signaled});
  }
  Region Register(std::uint32_t bytes, std::uint32_t rights, HostId host = HostId(1)) {
    return fabric.regions().Register(host, bytes, rights, Content::Form::kBytes, kZeroLabel, {});
  }
  std::optional<PeerEvent::Kind> PeerSaw() {
    const auto event = fabric.TakeEvent(peer);
    return event ? std::optional(event->kind) : std::nullopt;
  }
  using Log = std::vector<std::string>;

  Clock clock;
  EventQueue queue;
  Decisions decisions{1};
  Faults faults{&decisions, FaultRates{}};
  Trace trace;
  ShardMemory memory{4, Content::Form::kBytes};
  Fabric fabric{Fabric::Environment{&clock, &queue, &decisions, &faults, &trace, nullptr, this,
                                    Latencies{}, 7}};
  ConnectOptions options;
  ConnId conn;
  PeerId peer;
  Log log;
};

// --- Connections ------------------------------------------------------------------------------

TEST_F(FabricTest, ReqIsPaddedAndRepBringsTheLoginResponse) {
  peer = fabric.Connect(options);
  EXPECT_EQ(After(Milliseconds(10)), Log{"LoginRequested 56"});
  options.form = LoginForm::kIbCm;
  fabric.Connect(options);
  EXPECT_EQ(After(Milliseconds(10)), Log{"LoginRequested 92"});
  options.iwarp = true;
  fabric.Connect(options);
  EXPECT_EQ(After(Milliseconds(10)), Log{"LoginRequested 3"});
}

TEST_F(FabricTest, RtuEstablishesOnce) {
  LogIn();
  EXPECT_EQ(log.back(), "Established");
  fabric.Do(0, action::NotifyEstablished{kChannel});
  EXPECT_EQ(After(Seconds(1)), Log{});
}

TEST_F(FabricTest, LostRtuIsImpliedByNotifyEstablished) {
  faults.Inject(FaultKind::kRtuLost, 1);
  LogIn();
  EXPECT_EQ(After(Seconds(60)), Log{});
  ASSERT_TRUE(Send("iu"));
  EXPECT_EQ(After(Milliseconds(1)), Log{"Iu 0 iu"});
  fabric.Do(0, action::NotifyEstablished{kChannel});
  EXPECT_EQ(After(Milliseconds(1)), Log{"Established"});
}

TEST_F(FabricTest, RejectReachesThePeerWithItsData) {
  peer = fabric.Connect(options);
  RunFor(Milliseconds(10));
  action::Reject reject;
  reject.conn = conn;
  reject.length = 32;
  reject.private_data[0] = 0xc2;
  fabric.Do(reject);
  RunFor(Milliseconds(10));
  const auto event = fabric.TakeEvent(peer);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->kind, PeerEvent::Kind::kRejected);
  EXPECT_EQ(event->reason, kCmRejectConsumer);
  EXPECT_EQ(event->bytes.size(), 32u);
}

TEST_F(FabricTest, WithdrawnRequestGivesConnectionGoneAndFailsTheAccept) {
  peer = fabric.Connect(options);
  RunFor(Milliseconds(10));
  fabric.Disconnect(peer);
  EXPECT_EQ(After(Milliseconds(10)), Log{"ConnectionGone"});
  action::Accept accept;
  accept.conn = conn;
  accept.channel = kChannel;
  fabric.Do(0, accept);
  EXPECT_EQ(After(Milliseconds(10)), Log{"AcceptFailed"});
}

TEST_F(FabricTest, DisconnectFlushesThenEndsThenTimewait) {
  LogIn();
  fabric.Do(0, action::Disconnect{kChannel});
  EXPECT_EQ(After(Milliseconds(100)), (Log{"RecvFailed 0 1", "RecvFailed 1 1", "Disconnected"}));
  EXPECT_EQ(PeerSaw(), PeerEvent::Kind::kDisconnected);
  EXPECT_EQ(After(Seconds(1)), Log{"TimewaitOver"});
  fabric.Do(0, action::DestroyQp{kChannel});
  EXPECT_EQ(After(Seconds(1)), Log{"QpDestroyed"});
  EXPECT_TRUE(fabric.IsQuiet());
}

TEST_F(FabricTest, PeersDreqIsToldOnceAndAnsweredByDisconnect) {
  LogIn();
  fabric.Disconnect(peer);
  EXPECT_EQ(After(Milliseconds(10)), Log{"Disconnected"});
  EXPECT_EQ(PeerSaw(), std::nullopt);
  fabric.Do(0, action::Disconnect{kChannel});
  EXPECT_EQ(After(Milliseconds(100)), (Log{"RecvFailed 0 1", "RecvFailed 1 1"}));
  EXPECT_EQ(PeerSaw(), PeerEvent::Kind::kDisconnected);
}

TEST_F(FabricTest, LostDreqIsGivenUpInTime) {
  LogIn();
  faults.Inject(FaultKind::kDreqLost, 1);
  fabric.Do(0, action::Disconnect{kChannel});
  EXPECT_EQ(After(Seconds(2)), (Log{"RecvFailed 0 1", "RecvFailed 1 1"}));
  EXPECT_EQ(After(Seconds(3)), (Log{"Disconnected", "TimewaitOver"}));
  EXPECT_EQ(PeerSaw(), std::nullopt);
}

// --- Towards the target -------------------------------------------------------------------------

TEST_F(FabricTest, IusArriveInOrderEachInTheReceivePostedFirst) {
  LogIn();
  Send("a");
  Send("b");
  EXPECT_EQ(After(Milliseconds(1)), (Log{"Iu 0 a", "Iu 1 b"}));
  fabric.Do(0, action::PostRecv{kChannel, RecvId(1)});
  Send("c");
  EXPECT_EQ(After(Milliseconds(1)), Log{"Iu 1 c"});
}

TEST_F(FabricTest, WithoutAReceiveTheIuIsTriedAgain) {
  LogIn(1);
  Send("a");
  Send("b");
  EXPECT_EQ(After(Milliseconds(2)), Log{"Iu 0 a"});
  EXPECT_GT(fabric.rnr_at_target(), 0u);
  fabric.Do(0, action::PostRecv{kChannel, RecvId(0)});
  EXPECT_EQ(After(Milliseconds(2)), Log{"Iu 0 b"});
  EXPECT_EQ(PeerSaw(), std::nullopt);
}

TEST_F(FabricTest, TriesAreBounded) {
  LogIn(1);
  Send("a");
  Send("b");
  RunFor(Milliseconds(20));
  const auto event = fabric.TakeEvent(peer);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->kind, PeerEvent::Kind::kSendFailed);
  EXPECT_EQ(event->status, WorkStatus::kRnrExceeded);
  EXPECT_FALSE(Send("c"));
}

TEST_F(FabricTest, TooLongAnIuIsALengthErrorThatEndsBothQueuePairs) {
  LogIn();
  Send("123456789");
  EXPECT_EQ(After(Milliseconds(2)), (Log{"RecvFailed 0 2", "RecvFailed 1 1"}));
  EXPECT_EQ(PeerSaw(), PeerEvent::Kind::kSendFailed);
}

// --- Towards the peer ---------------------------------------------------------------------------

TEST_F(FabricTest, OnlySignaledWorkCompletesAndInOrder) {
  LogIn();
  const Region r = Register(512, access::kRemoteWrite);
  Write(r, 0, 256, false);
  Write(r, 256, 256, true);
  SendIu(2);
  EXPECT_EQ(After(Milliseconds(1)), (Log{"RdmaDone 0 0", "SendDone 2 0"}));
  EXPECT_EQ(PeerSaw(), PeerEvent::Kind::kIu);
}

TEST_F(FabricTest, RdmaMovesTheBytes) {
  LogIn();
  const Region from = Register(512, access::kRemoteRead);
  const Region to = Register(512, access::kRemoteWrite);
  fabric.regions().Find(from.rkey)->content.WriteBytes(0, std::vector<std::uint8_t>(512, 0x77));
  Read(from, 512, true);
  RunFor(Milliseconds(1));
  EXPECT_EQ(memory.DataBuffer(BufferId(1))[511], 0x77);
  fabric.Do(0, action::RdmaWrite{kChannel, BufferId(1), 0, 512, to.va, to.rkey, true});
  RunFor(Milliseconds(1));
  std::vector<std::uint8_t> bytes(512);
  fabric.regions().Find(to.rkey)->content.ReadBytes(0, bytes);
  EXPECT_EQ(bytes, std::vector<std::uint8_t>(512, 0x77));
}

// A READ that the SEND behind it overtakes, by the time that RunFor(kOvertaken) is over.
constexpr Duration kOvertaken = Microseconds(9);

TEST_F(FabricTest, LateReadFetchesWhatIsThereAfterTheSendBehindIt) {
  LogIn();
  const Region r = Register(512, access::kRemoteRead);
  faults.Inject(FaultKind::kLateRead, 1);
  Read(r, 512, true);
  SendIu(2);
  EXPECT_EQ(After(kOvertaken), Log{});
  EXPECT_EQ(PeerSaw(), PeerEvent::Kind::kIu);
  fabric.regions().Find(r.rkey)->content.WriteBytes(0, std::vector<std::uint8_t>(512, 0x77));
  EXPECT_EQ(After(Milliseconds(3)), (Log{"RdmaDone 1 0", "SendDone 2 0"}));
  EXPECT_EQ(memory.DataBuffer(BufferId(1))[511], 0x77);
}

TEST_F(FabricTest, ReadsStayBehindALateOne) {
  LogIn();
  const Region first = Register(512, access::kRemoteRead);
  const Region second = Register(512, access::kRemoteRead);
  faults.Inject(FaultKind::kLateRead, 1);
  Read(first, 512, false);
  Read(second, 512, true);
  EXPECT_EQ(After(kOvertaken), Log{});
  fabric.regions().Find(second.rkey)->content.WriteBytes(0, std::vector<std::uint8_t>(512, 0x77));
  EXPECT_EQ(After(Milliseconds(5)), Log{"RdmaDone 1 0"});
  EXPECT_EQ(memory.DataBuffer(BufferId(1))[511], 0x77);
}

TEST_F(FabricTest, LateReadOfMemoryThatIsGoneFailsAndFlushesWhatWasExecuted) {
  LogIn();
  const Region r = Register(512, access::kRemoteRead);
  faults.Inject(FaultKind::kLateRead, 1);
  Read(r, 512, false);
  SendIu(2);
  RunFor(kOvertaken);
  fabric.regions().Deregister(r.rkey);
  EXPECT_EQ(After(Milliseconds(3)),
            (Log{"QpFailed 3", "SendDone 2 1", "RecvFailed 0 1", "RecvFailed 1 1"}));
  EXPECT_EQ(fabric.refused_accesses(), 1u);
  EXPECT_EQ(PeerSaw(), PeerEvent::Kind::kIu);
  EXPECT_EQ(PeerSaw(), PeerEvent::Kind::kQpError);
}

TEST_F(FabricTest, LateReadOfAPeerThatVanishedIsNeverAnswered) {
  LogIn();
  const Region r = Register(512, access::kRemoteRead);
  faults.Inject(FaultKind::kLateRead, 1);
  Read(r, 512, true);
  RunFor(kOvertaken);
  fabric.Vanish(peer);
  EXPECT_EQ(After(Milliseconds(3)), (Log{"RdmaDone 1 4", "RecvFailed 0 1", "RecvFailed 1 1"}));
}

TEST_F(FabricTest, LateReadMovesNothingOnceItsQueuePairFailed) {
  LogIn();
  const Region r = Register(512, access::kRemoteRead);
  fabric.regions().Find(r.rkey)->content.WriteBytes(0, std::vector<std::uint8_t>(512, 0x77));
  faults.Inject(FaultKind::kLateRead, 1);
  Read(r, 512, true);
  SendIu(2);
  RunFor(kOvertaken);
  fabric.Do(0, action::Disconnect{kChannel});
  EXPECT_EQ(After(Milliseconds(100)), (Log{"RdmaDone 1 1", "SendDone 2 1", "RecvFailed 0 1",
                                           "RecvFailed 1 1", "Disconnected"}));
  EXPECT_NE(memory.DataBuffer(BufferId(1))[511], 0x77);
}

TEST_F(FabricTest, FailedUnsignaledWorkIsToldAndTheRestFlushed) {
  LogIn();
  const Region r = Register(512, access::kRemoteRead);  // Not for writing.
  Write(r, 0, 512, false);
  SendIu(1);
  EXPECT_EQ(After(Milliseconds(1)),
            (Log{"QpFailed 3", "SendDone 1 1", "RecvFailed 0 1", "RecvFailed 1 1"}));
  EXPECT_EQ(PeerSaw(), PeerEvent::Kind::kQpError);
  EXPECT_EQ(PeerSaw(), std::nullopt);  // The IU behind it never came.
}

struct BadAccess {
  const char* what;
  std::uint64_t offset;
  std::uint32_t length;
  bool read_only, other_host, stale;
};
class FabricAccessTest : public FabricTest, public testing::WithParamInterface<BadAccess> {};

TEST_P(FabricAccessTest, IsRefused) {
  LogIn();
  const BadAccess& bad = GetParam();
  const Region r = Register(512, bad.read_only ? access::kRemoteRead : access::kRemoteWrite,
                            bad.other_host ? HostId(2) : HostId(1));
  if (bad.stale) {
    fabric.regions().Deregister(r.rkey);
    Register(512, access::kRemoteWrite);  // The same memory, another key.
  }
  Write(r, bad.offset, bad.length, true);
  EXPECT_EQ(After(Milliseconds(1))[0], "RdmaDone 0 3");
  EXPECT_EQ(fabric.refused_accesses(), 1u);
}

INSTANTIATE_TEST_SUITE_P(Fabric, FabricAccessTest,
                         testing::Values(BadAccess{"beyond", 0, 513, false, false, false},
                                         BadAccess{"behind", 512, 1, false, false, false},
                                         BadAccess{"below", ~0ull, 1, false, false, false},
                                         BadAccess{"direction", 0, 512, true, false, false},
                                         BadAccess{"host", 0, 512, false, true, false},
                                         BadAccess{"stale", 0, 512, false, false, true}),
                         [](const auto& info) { return std::string(info.param.what); });

TEST_F(FabricTest, PeerWithoutReceivesIsWaitedForThenGivenUp) {
  options.receives = 0;
  LogIn();
  SendIu(0);
  EXPECT_EQ(After(Milliseconds(2)), Log{});
  fabric.PostReceives(peer, 1);
  EXPECT_EQ(After(Milliseconds(50)), Log{"SendDone 0 0"});
  SendIu(1);
  EXPECT_EQ(After(Seconds(5))[0], "SendDone 1 5");
}

TEST_F(FabricTest, VanishedPeerIsRetryExceeded) {
  LogIn();
  fabric.Vanish(peer);
  SendIu(0);
  EXPECT_EQ(After(Seconds(1)), Log{});
  EXPECT_EQ(After(Seconds(2))[0], "SendDone 0 4");
}

TEST_F(FabricTest, LostCompletionComesBackFlushedAfterTheError) {
  LogIn();
  faults.Inject(FaultKind::kLostCompletion, 1);
  SendIu(0);
  EXPECT_EQ(After(Seconds(60)), Log{});
  EXPECT_EQ(PeerSaw(), PeerEvent::Kind::kIu);  // The peer has it.
  SendIu(1);
  EXPECT_EQ(After(Seconds(60)), Log{});  // Nor does any later one come.
  fabric.Do(0, action::Disconnect{kChannel});
  const Log after = After(Milliseconds(1));
  ASSERT_EQ(after.size(), 4u);
  EXPECT_EQ(after[0], "SendDone 0 1");
  EXPECT_EQ(after[1], "SendDone 1 1");
}

TEST_F(FabricTest, WorkPostedAfterTheErrorIsFlushed) {
  LogIn();
  fabric.Do(0, action::Disconnect{kChannel});
  RunFor(Milliseconds(1));
  SendIu(3);
  EXPECT_EQ(After(Microseconds(50))[0], "SendDone 3 1");
}

TEST_F(FabricTest, DestroyedQueuePairIsSilent) {
  LogIn();
  SendIu(0);
  Send("a");
  fabric.Do(0, action::DestroyQp{kChannel});
  EXPECT_EQ(After(Seconds(10)), Log{"QpDestroyed"});
}

// --- What the target must keep to
// -------------------------------------------------------------------

TEST_F(FabricTest, SendQueueDepthIsChecked) {
  LogIn(2, 2);
  SendIu(0);
  SendIu(1);
  EXPECT_EQ(fabric.breach().Text(), "");
  SendIu(2);
  EXPECT_NE(fabric.breach().Text(), "");
}

TEST_F(FabricTest, SendQueueIsFreeAgainOnceCompletionsAreTaken) {
  LogIn(2, 2);
  for (int i = 0; i < 10; ++i) {
    SendIu(0);
    SendIu(1);
    RunFor(Milliseconds(1));
  }
  EXPECT_EQ(fabric.breach().Text(), "");
}

TEST_F(FabricTest, PostingAReceiveTwiceIsSeen) {
  LogIn();
  fabric.Do(0, action::PostRecv{kChannel, RecvId(1)});
  EXPECT_NE(fabric.breach().Text(), "");
}

TEST_F(FabricTest, RdmaOutsideOfItsBufferIsSeen) {
  LogIn();
  fabric.Do(0, action::RdmaWrite{kChannel, BufferId(0), 65535, 2, RemoteAddr(0), RKey(0), true});
  EXPECT_NE(fabric.breach().Text(), "");
}

TEST_F(FabricTest, DisconnectingTwiceIsSeen) {
  LogIn();
  fabric.Do(0, action::Disconnect{kChannel});
  EXPECT_EQ(fabric.breach().Text(), "");
  fabric.Do(0, action::Disconnect{kChannel});
  EXPECT_NE(fabric.breach().Text(), "");
}

}  // namespace
}  // namespace srpt::sim
