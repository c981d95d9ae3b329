// A hand-driven initiator against the whole target: one login, a few commands, in virtual time.
#include "sim/world.h"

#include <gtest/gtest.h>

#include <array>
#include <numeric>

#include "core/initiator/cdb.h"
#include "core/initiator/initiator.h"
#include "core/wire/login_rej.h"
#include "sim/story.h"

namespace srpt::sim {
namespace {

using initiator::Buffer;
using initiator::received::Completion;

WorldOptions OneDisk() {
  WorldOptions options;
  options.parameters.service_guid = 0x0002c90300bb0001;
  options.disks.push_back({"disk0", scsi::HandlerKind::kFileio, 512, 2048});
  options.sweep_every = 1;
  options.story = true;
  return options;
}

class WorldTest : public testing::Test {
 protected:
  explicit WorldTest(const WorldOptions& options = OneDisk()) : world(options) {}
  ~WorldTest() override { EXPECT_EQ(world.Sweep(), ""); }

  ConnectOptions Login(bool multi = false, std::uint32_t it_iu_len = 8260) {
    wire::LoginReq req;
    req.tag = initiator::MakeTag(1);
    req.req_it_iu_len = it_iu_len;
    req.req_buf_fmt = wire::kBufFmtDirect | wire::kBufFmtIndirect;
    req.flags = wire::kLoginReqImmediate;
    if (multi) req.flags |= 1;
    req.imm_data_offset = 68;
    req.initiator_port = initiator::MakePortId(0, 0x1234);
    req.target_port =
        initiator::MakePortId(world.parameters().service_guid, world.parameters().service_guid);
    ConnectOptions options;
    options.private_data.resize(wire::kLoginReqCmBytes);
    channel.BuildLoginCm(req, options.private_data);
    options.source = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1}};
    return options;
  }
  void LogIn() {
    peer = world.Connect(Login());
    const auto event = world.NextEvent(peer, Seconds(5));
    ASSERT_TRUE(event);
    ASSERT_EQ(event->kind, PeerEvent::Kind::kConnected);
    ASSERT_TRUE(channel.OnLoginRsp(event->bytes).ok());
  }
  // Sends a command and returns its completion.
  std::optional<Completion> Run(const initiator::Cdb& cdb, Buffer out, Buffer in,
                                std::uint64_t tag) {
    std::vector<std::uint8_t> iu(8260);
    initiator::Command command;
    command.tag = initiator::MakeTag(tag);
    command.lun = initiator::MakeLun(LunNumber(0));
    command.cdb = cdb.view();
    command.out = out;
    command.in = in;
    iu.resize(channel.BuildCmd(command, iu));
    EXPECT_TRUE(world.Send(peer, iu));
    const auto event = world.NextEvent(peer, Seconds(5));
    if (!event || event->kind != PeerEvent::Kind::kIu) return std::nullopt;
    last = event->bytes;
    const initiator::Received received = channel.OnIu(last);
    EXPECT_EQ(received.violation, initiator::Violation::kNone) << to_string(received.violation);
    const auto* completion = std::get_if<Completion>(&received.what);
    return completion == nullptr ? std::nullopt : std::optional(*completion);
  }
  // Past the unit attention of a new nexus.
  void BecomeReady() {
    LogIn();
    Run(initiator::TestUnitReady(), Buffer::None(), Buffer::None(), 100);
    const auto c = Run(initiator::TestUnitReady(), Buffer::None(), Buffer::None(), 101);
    ASSERT_TRUE(c);
    ASSERT_EQ(c->status, 0);
  }

  World world;
  initiator::Channel channel;
  PeerId peer;
  std::vector<std::uint8_t> last;
};

TEST_F(WorldTest, LoginIsAnsweredWithCredits) {
  LogIn();
  EXPECT_GE(channel.credits(), 2);
  EXPECT_TRUE(world.IsConnected(peer));
  ASSERT_TRUE(world.ChannelOf(peer));
  EXPECT_EQ(world.director().Sessions().size(), 1u);
}

TEST_F(WorldTest, TheStoryTellsOfSignsOfLife) {
  LogIn();
  world.RunFor(Seconds(200));
  bool probed = false;
  for (const StoryEvent& event : world.story()->events()) {
    if (event.kind == StoryEvent::Kind::kProbe) probed = true;
  }
  EXPECT_TRUE(probed);
}

TEST_F(WorldTest, TooLongAnIuLengthIsRejectedWithReason) {
  peer = world.Connect(Login(false, 1 << 20));
  const auto event = world.NextEvent(peer, Seconds(5));
  ASSERT_TRUE(event);
  ASSERT_EQ(event->kind, PeerEvent::Kind::kRejected);
  EXPECT_EQ(event->reason, kCmRejectConsumer);
  const auto rej = wire::ParseLoginRej(event->bytes);
  ASSERT_TRUE(rej.ok());
  EXPECT_EQ(rej->reason, wire::LoginRejReason::kReqItIuLengthTooLarge);
}

TEST_F(WorldTest, WrittenBytesComeBack) {
  BecomeReady();
  std::vector<std::uint8_t> data(4096);
  std::iota(data.begin(), data.end(), std::uint8_t{3});
  const Region out = world.Register(peer, 4096, access::kRemoteRead);
  ASSERT_TRUE(world.WriteMemory(out, 0, data));
  const wire::Direct from{out.va, out.rkey, 4096};
  auto c = Run(initiator::Write10(Lba(7), 8), Buffer::Direct(from), Buffer::None(), 1);
  ASSERT_TRUE(c);
  EXPECT_EQ(c->status, 0);

  const Region in = world.Register(peer, 8192, access::kRemoteWrite);
  const wire::Direct to{in.va, in.rkey, 8192};
  c = Run(initiator::Read10(Lba(7), 8), Buffer::None(), Buffer::Direct(to), 2);
  ASSERT_TRUE(c);
  EXPECT_EQ(c->status, 0);
  EXPECT_EQ(c->in_residual, 4096u);
  std::vector<std::uint8_t> back(4096);
  ASSERT_TRUE(world.ReadMemory(in, 0, back));
  EXPECT_EQ(back, data);
  std::vector<std::uint8_t> on_disk(4096);
  world.disk("disk0")->Peek(std::uint64_t{7} * 512, on_disk);
  EXPECT_EQ(on_disk, data);
}

TEST_F(WorldTest, ImmediateDataReachTheDisk) {
  BecomeReady();
  ASSERT_NE(channel.imm_data_offset(), 0);
  const std::vector<std::uint8_t> data(512, 0x5a);
  const auto c = Run(initiator::Write10(Lba(0), 1), Buffer::Immediate(data), Buffer::None(), 1);
  ASSERT_TRUE(c);
  EXPECT_EQ(c->status, 0);
  std::vector<std::uint8_t> on_disk(512);
  world.disk("disk0")->Peek(0, on_disk);
  EXPECT_EQ(on_disk, data);
}

TEST_F(WorldTest, ReadErrorIsAMediumError) {
  BecomeReady();
  world.Inject(FaultKind::kReadError);
  const Region in = world.Register(peer, 512, access::kRemoteWrite);
  const wire::Direct to{in.va, in.rkey, 512};
  const auto c = Run(initiator::Read10(Lba(0), 1), Buffer::None(), Buffer::Direct(to), 1);
  ASSERT_TRUE(c);
  EXPECT_EQ(c->status, 2);
  const auto sense = initiator::ParseSense(c->sense);
  ASSERT_TRUE(sense);
  EXPECT_TRUE(sense->Is(scsi::kReadError));
}

TEST_F(WorldTest, BadKeyEndsTheConnection) {
  BecomeReady();
  const Region in = world.Register(peer, 512, access::kRemoteRead);  // The wrong direction.
  const wire::Direct to{in.va, in.rkey, 512};
  EXPECT_FALSE(Run(initiator::Read10(Lba(0), 1), Buffer::None(), Buffer::Direct(to), 1));
  const auto event = world.NextEvent(peer, Seconds(30));
  ASSERT_TRUE(event);
  EXPECT_EQ(event->kind, PeerEvent::Kind::kDisconnected);
  world.RunFor(Seconds(20));
  EXPECT_TRUE(world.IsQuiet()) << world.Pending()[0];
  EXPECT_EQ(world.refused_accesses(), 1u);
}

TEST_F(WorldTest, DisconnectLeavesNothingBehind) {
  BecomeReady();
  world.Disconnect(peer);
  const auto event = world.NextEvent(peer, Seconds(10));
  ASSERT_TRUE(event);
  EXPECT_EQ(event->kind, PeerEvent::Kind::kDisconnected);
  world.RunFor(Seconds(20));
  EXPECT_TRUE(world.IsQuiet());
  EXPECT_TRUE(world.director().Sessions().empty());
}

TEST_F(WorldTest, FirstIuMayOvertakeTheRtu) {
  world.Inject(FaultKind::kRtuLost);
  BecomeReady();
  EXPECT_EQ(world.director().Sessions()[0].channels[0].live, true);
}

TEST_F(WorldTest, AnswersTheAdministrator) {
  const auto answer = world.Admin(admin::RemoveLu{"no such disk"});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, admin::Status::kNotFound);
}

TEST_F(WorldTest, LostCompletionEndsTheChannelByTheWatchdog) {
  BecomeReady();
  world.Inject(FaultKind::kLostCompletion);
  const auto c = Run(initiator::TestUnitReady(), Buffer::None(), Buffer::None(), 1);
  ASSERT_TRUE(c);  // The peer has its answer.
  EXPECT_FALSE(world.NextEvent(peer, Seconds(70)));
  const auto event = world.NextEvent(peer, Seconds(30));
  ASSERT_TRUE(event);
  EXPECT_EQ(event->kind, PeerEvent::Kind::kDisconnected);
  world.RunFor(Seconds(30));
  EXPECT_TRUE(world.IsQuiet());
}

// The session ends and another one works, whatever befell the whole target.
class CalamityTest : public WorldTest, public testing::WithParamInterface<FaultKind> {};

TEST_P(CalamityTest, ANewLoginWorks) {
  BecomeReady();
  world.Befall(GetParam(), Milliseconds(200), 0);
  world.Disconnect(peer);
  world.RunFor(Seconds(30));
  EXPECT_TRUE(world.IsQuiet()) << world.Pending()[0];
  EXPECT_TRUE(world.director().Sessions().empty());
  channel = initiator::Channel();
  BecomeReady();
}

INSTANTIATE_TEST_SUITE_P(Kinds, CalamityTest,
                         testing::Values(FaultKind::kPortDown, FaultKind::kGidChange,
                                         FaultKind::kDeviceGone, FaultKind::kCqOverrun,
                                         FaultKind::kThreadPause, FaultKind::kClockJump,
                                         FaultKind::kKill, FaultKind::kPowerLoss));

TEST_F(WorldTest, APausedShardAnswersWhenItRunsAgain) {
  BecomeReady();
  const Time until = world.now() + Milliseconds(300);
  world.Befall(FaultKind::kThreadPause, Milliseconds(300), 0);
  const auto c = Run(initiator::TestUnitReady(), Buffer::None(), Buffer::None(), 1);
  ASSERT_TRUE(c);
  EXPECT_EQ(c->status, 0);
  EXPECT_GE(world.now(), until);
}

WorldOptions TwoShards() {
  WorldOptions options = OneDisk();
  options.parameters.shards = 2;
  return options;
}
class TwoShardsTest : public WorldTest {
 protected:
  TwoShardsTest() : WorldTest(TwoShards()) {}
};

// Fault 20: an old session's write hangs on one shard, the new session writes on the other, and
// its data are what stays, however late the messages between director and shards are.
TEST_F(TwoShardsTest, ATakeoverWaitsForTheOldWriteOnTheOtherShard) {
  BecomeReady();
  const auto first = world.ShardOf(peer);
  const std::vector<std::uint8_t> old(512, 0x0f);
  const std::vector<std::uint8_t> mine(512, 0xf0);
  world.Inject(FaultKind::kDiskHang);
  EXPECT_FALSE(Run(initiator::Write10(Lba(0), 1), Buffer::Immediate(old), Buffer::None(), 1));
  channel = initiator::Channel();
  world.Inject(FaultKind::kMessageSlow, 20);
  LogIn();
  ASSERT_NE(world.ShardOf(peer), first);
  std::vector<int> seen;  // CHECK CONDITION for the nexus loss, BUSY, GOOD.
  for (std::uint64_t tag = 2; tag < 5; ++tag) {
    const auto c = Run(initiator::Write10(Lba(0), 1), Buffer::Immediate(mine), Buffer::None(), tag);
    ASSERT_TRUE(c);
    seen.push_back(c->status);
    if (c->status == 0x08) world.Heal();
  }
  EXPECT_EQ(seen, (std::vector<int>{0x02, 0x08, 0x00}));
  world.RunFor(Seconds(10));
  std::vector<std::uint8_t> on_disk(512);
  world.disk("disk0")->Peek(0, on_disk);
  EXPECT_EQ(on_disk, mine);
}

TEST_F(WorldTest, AHeldDiskEndsNothingUntilItLetsGo) {
  BecomeReady();
  const std::vector<std::uint8_t> data(512, 0x5a);
  world.HoldDisk("disk0", true);
  EXPECT_FALSE(Run(initiator::Write10(Lba(9), 1), Buffer::Immediate(data), Buffer::None(), 1));
  world.HoldDisk("no such disk", false);
  EXPECT_FALSE(world.NextEvent(peer, Seconds(5)));
  world.HoldDisk("disk0", false);
  EXPECT_TRUE(world.NextEvent(peer, Milliseconds(1)));
  EXPECT_TRUE(Run(initiator::TestUnitReady(), Buffer::None(), Buffer::None(), 2));
}

TEST_F(WorldTest, AShortTimeWithoutThePortIsBridgedAndALongOneIsNot) {
  BecomeReady();
  world.Befall(FaultKind::kPortDown, Milliseconds(500));
  EXPECT_TRUE(Run(initiator::TestUnitReady(), Buffer::None(), Buffer::None(), 1));
  world.Befall(FaultKind::kPortDown, Seconds(4));
  EXPECT_FALSE(Run(initiator::TestUnitReady(), Buffer::None(), Buffer::None(), 2));
}

TEST_F(WorldTest, APowerLossKeepsWhatWasSynced) {
  BecomeReady();
  const std::vector<std::uint8_t> data(512, 0x5a);
  ASSERT_TRUE(Run(initiator::Write10(Lba(0), 1), Buffer::Immediate(data), Buffer::None(), 1));
  ASSERT_TRUE(Run(initiator::SynchronizeCache10(), Buffer::None(), Buffer::None(), 2));
  std::vector<std::uint64_t> unsynced;
  world.SetOnUnsynced([&](LuId, std::uint64_t block) { unsynced.push_back(block); });
  ASSERT_TRUE(Run(initiator::Write10(Lba(9), 1), Buffer::Immediate(data), Buffer::None(), 3));
  world.Befall(FaultKind::kPowerLoss, Milliseconds(200));
  EXPECT_EQ(unsynced, std::vector<std::uint64_t>{9});
  std::vector<std::uint8_t> on_disk(512);
  world.disk("disk0")->Peek(0, on_disk);
  EXPECT_EQ(on_disk, data);
}

}  // namespace
}  // namespace srpt::sim
