// Devices, targets and sessions under administration; the bound on a step; determinism.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "core/base/limits.h"
#include "core/srp/director_scenario.h"
#include "gtest/gtest.h"

namespace srpt {
namespace {

using admin::Status;

// --- Devices ----------------------------------------------------------------------------------

TEST(DirectorDevices, AreListedWithWhereTheyAreExported) {
  Scenario s;
  s.AddDisk(1);
  s.AddLun(4, 1);
  s.Admin(admin::AddGroup{kTargetName, "g"});
  s.AddLun(0, 1, "g");
  const auto devices = s.director().Devices();
  ASSERT_EQ(devices.size(), 1u);
  EXPECT_EQ(devices[0].lu.block_count, 1000u);
  EXPECT_EQ(devices[0].exported, (std::vector<std::string>{std::string(kTargetName) + ":4",
                                                           std::string(kTargetName) + "/g:0"}));
}

TEST(DirectorDevices, MistakesSayWhatWouldBeRight) {
  Scenario s;
  s.AddDisk(1);
  s.AddDisk(2);
  admin::AddLu add;
  add.lu.id = LuId(3);
  add.lu.name = scsi::DeviceName("disk1");
  EXPECT_EQ(s.Admin(add), Status::kExists);
  add.lu.name = scsi::DeviceName("a/b");
  EXPECT_EQ(s.Admin(add), Status::kInvalid);
  add.lu.name = scsi::DeviceName("odd");
  add.lu.block_bytes = 520;
  EXPECT_EQ(s.Admin(add), Status::kInvalid);
  EXPECT_EQ(s.done.back().text, "block size 520; it is a power of two, 512..65536");
  EXPECT_EQ(s.AddLun(0, 9), Status::kNotFound);
  EXPECT_EQ(s.done.back().text, "no device \"disk9\"; there are disk1, disk2");
  EXPECT_EQ(s.AddLun(16384, 1), Status::kInvalid);
  EXPECT_EQ(s.AddLun(0, 1), Status::kOk);
  EXPECT_EQ(s.AddLun(0, 2), Status::kExists);
  EXPECT_EQ(s.done.back().text, "LUN 0 is device disk1 already; remove it first");
  EXPECT_EQ(s.AddLun(0, 2, "nobody"), Status::kNotFound);
  EXPECT_EQ(s.done.back().text, "no initiator group \"nobody\"; there is none");
  EXPECT_EQ(s.Admin(admin::RemoveLun{kTargetName, "", LunNumber(3)}), Status::kNotFound);
  EXPECT_EQ(s.Admin(admin::EnableTarget{"nowhere", true}), Status::kNotFound);
  EXPECT_EQ(s.Admin(admin::ResizeLu{"nothing", 1}), Status::kNotFound);
  EXPECT_EQ(s.Admin(admin::ClearFailedLu{"nothing"}), Status::kNotFound);
  EXPECT_EQ(s.Admin(admin::CloseSession{kTargetName, "10.9.9.9"}), Status::kNotFound);
  EXPECT_EQ(s.done.back().text, "no session \"10.9.9.9\"; there is none");
}

TEST(DirectorDevices, AnExportedOneIsNotRemoved) {
  Scenario s;
  s.AddDisk(1);
  s.AddLun(0, 1);
  EXPECT_EQ(s.Admin(admin::RemoveLu{"disk1"}), Status::kBusy);
  EXPECT_EQ(s.done.back().text, std::string("device \"disk1\" is exported as ") + kTargetName +
                                    ":0; remove its LUNs first");
}

TEST(DirectorDevices, ARemovedOneIsReleasedWhenNoShardUsesIt) {
  Scenario s(2);
  s.AddDisk(1);
  s.AddLun(0, 1);
  s.Admin(admin::RemoveLun{kTargetName, "", LunNumber(0)});
  s.said.clear();
  const AdminId id = s.AdminLater(admin::RemoveLu{"disk1"});
  ASSERT_EQ(s.All<message::RetireLu>().size(), 2u);
  EXPECT_NE(s.done.back().id, id);
  EXPECT_EQ(s.AddLun(0, 1), Status::kNotFound) << "it is going";
  s.FromShard(1, message::LuIdle{LuId(1)});
  EXPECT_TRUE(s.released.empty());
  s.FromShard(0, message::LuIdle{LuId(1)});
  EXPECT_EQ(s.done.back().id, id);
  EXPECT_EQ(s.done.back().status, Status::kOk);
  EXPECT_EQ(s.released, std::vector<LuId>{LuId(1)});
  s.FromShard(0, message::LuIdle{LuId(1)});
  EXPECT_EQ(s.released.size(), 1u);
  EXPECT_TRUE(s.director().Devices().empty());
}

TEST(DirectorDevices, AFailedOneStaysFailedUntilItIsCleared) {
  Scenario s;
  s.AddDisk(1);
  s.AddLun(0, 1);
  const NexusId a = s.NexusOf(s.Login(LoginOf(1)));
  s.FromShard(0, message::LuFailed{LuId(1)});
  EXPECT_TRUE(s.snapshot().MapOf(a).Find(LunNumber(0))->failed);
  EXPECT_NE(s.LastLog().find("srpt ctl clear-failed disk1"), std::string::npos);
  const std::size_t logs = s.logs.size();
  s.FromShard(0, message::LuFailed{LuId(1)});
  EXPECT_EQ(s.logs.size(), logs) << "once";
  s.Admin(admin::ResizeLu{"disk1", 77});
  EXPECT_TRUE(s.snapshot().MapOf(a).Find(LunNumber(0))->failed);
  EXPECT_EQ(s.Admin(admin::ClearFailedLu{"disk1"}), Status::kOk);
  EXPECT_FALSE(s.snapshot().MapOf(a).Find(LunNumber(0))->failed);
}

// --- Targets and sessions ---------------------------------------------------------------------

TEST(DirectorTargets, AreListedWithTheirLunsAndGroups) {
  Scenario s;
  s.AddDisk(1);
  s.AddLun(2, 1);
  s.Admin(admin::AddGroup{kTargetName, "g"});
  s.Admin(admin::AddInitiator{kTargetName, "g", "10.*"});
  const auto targets = s.director().Targets();
  ASSERT_EQ(targets.size(), 2u);
  EXPECT_EQ(targets[0].name, kTargetName);
  EXPECT_EQ(targets[0].rel_tgt_id, 1);
  EXPECT_EQ(targets[1].rel_tgt_id, 2);
  ASSERT_EQ(targets[0].luns.size(), 1u);
  EXPECT_EQ(targets[0].luns[0].lun, LunNumber(2));
  EXPECT_EQ(targets[0].luns[0].device, "disk1");
  ASSERT_EQ(targets[0].groups.size(), 1u);
  EXPECT_EQ(targets[0].groups[0].initiators, std::vector<std::string>{"10.*"});
}

TEST(DirectorTargets, DisablingOneEndsItsSessionsOnly) {
  Scenario s;
  const ConnId a = s.Login(LoginOf(1));
  TestLogin other = LoginOf(1);
  other.port = TargetPortId(1);
  s.Login(other);
  s.shards_open = false;
  const ConnId late = s.Login(LoginOf(2));
  s.Admin(admin::EnableTarget{kTargetName, false});
  auto closes = s.All<message::CloseChannel>();
  ASSERT_EQ(closes.size(), 1u);
  EXPECT_EQ(closes[0].channel, s.ChannelOf(a));
  EXPECT_EQ(closes[0].reason, CloseReason::kTargetDisabled);
  s.Opened(late);
  closes = s.All<message::CloseChannel>();
  ASSERT_EQ(closes.size(), 2u) << "a login under way ends as soon as it is there";
  EXPECT_EQ(closes[1].reason, CloseReason::kTargetDisabled);
}

TEST(DirectorTargets, ASessionIsClosedByItsName) {
  Scenario s;
  const ConnId a = s.Login(LoginOf(1));
  const ConnId b = s.Login(Multi(LoginOf(1)));
  s.Login(LoginOf(2));
  EXPECT_EQ(s.Admin(admin::CloseSession{kTargetName, "10.0.0.1"}), Status::kOk);
  const auto closes = s.All<message::CloseChannel>();
  ASSERT_EQ(closes.size(), 2u);
  EXPECT_EQ(closes[0].channel, s.ChannelOf(a));
  EXPECT_EQ(closes[1].channel, s.ChannelOf(b));
  EXPECT_EQ(closes[0].reason, CloseReason::kAdministrator);
  EXPECT_EQ(s.Admin(admin::CloseSession{kTargetName, "10.0.0.1"}), Status::kOk);
  EXPECT_EQ(s.All<message::CloseChannel>().size(), 2u) << "nothing is closed twice";
}

TEST(DirectorTargets, AReloginWhileTheOldQueuePairsRestIsATakeover) {
  Scenario s;
  s.AddDisk(1);
  s.AddLun(0, 1);
  const ConnId a = s.Login(LoginOf(1));
  s.Attentions(s.NexusOf(a), LuId(1));
  s.Admin(admin::CloseSession{kTargetName, "10.0.0.1"});
  const ConnId b = s.Login(Multi(LoginOf(1)));
  EXPECT_EQ(s.NexusOf(b), s.NexusOf(a));
  EXPECT_EQ(s.OpenOf(b).login_rsp_flags & 3, 0) << "nothing was left to end or to keep";
  EXPECT_EQ(s.Attentions(s.NexusOf(b), LuId(1)), "29/07");
}

// [R-INV-44]
TEST(DirectorShutdown, EndsWhenTheLastChannelIsGone) {
  Scenario s;
  const ConnId a = s.Login(LoginOf(1));
  const ConnId b = s.Login(LoginOf(2));
  const AdminId id = s.AdminLater(admin::Shutdown{});
  const auto closes = s.All<message::CloseChannel>();
  ASSERT_EQ(closes.size(), 2u);
  EXPECT_EQ(closes[0].reason, CloseReason::kShutdown);
  const ConnId late = s.Login(LoginOf(3));
  ASSERT_TRUE(s.RejectOf(late));
  EXPECT_EQ(s.RejectOf(late)->reason, wire::LoginRejReason::kInsufficientResources);
  EXPECT_NE(s.LastLog().find("shutting down"), std::string::npos);
  s.Closed(a);
  EXPECT_TRUE(s.done.empty());
  EXPECT_FALSE(s.director().IsDown());
  s.Closed(b);
  ASSERT_EQ(s.done.size(), 1u);
  EXPECT_EQ(s.done[0].id, id);
  EXPECT_EQ(s.done[0].status, Status::kOk);
  EXPECT_TRUE(s.director().IsDown());
}

TEST(DirectorShutdown, WithNobodyThereEndsAtOnce) {
  Scenario s;
  EXPECT_EQ(s.Admin(admin::Shutdown{}), Status::kOk);
  EXPECT_TRUE(s.director().IsDown());
}

// --- Steps ------------------------------------------------------------------------------------

TEST(DirectorSteps, WorkLeftOverWaitsInOrderAndMakesTheNextStepDue) {
  Parameters parameters;
  parameters.channels_per_shard = 512;
  Scenario s(1, parameters);
  constexpr std::uint32_t kSessions = 300;
  std::vector<ChannelId> channels;
  for (std::uint32_t i = 0; i < kSessions; ++i) {
    TestLogin login = LoginOf(1);
    login.req.initiator_port.bytes[0] = static_cast<std::uint8_t>(i >> 8);
    login.req.initiator_port.bytes[1] = static_cast<std::uint8_t>(i);
    channels.push_back(s.ChannelOf(s.Login(login)));
  }
  auto actions = std::make_unique<Actions>();
  std::vector<ChannelId> closed;
  std::vector<std::size_t> sizes;
  const auto step = [&](const DirectorEvent& event) {
    actions->Clear();
    s.director().Step(s.now, event, *actions);
    sizes.push_back(actions->size());
    for (const Action& action : *actions) {
      const auto* to = std::get_if<action::ToShard>(&action);
      if (to == nullptr) continue;
      closed.push_back(std::get<message::CloseChannel>(to->message).channel);
    }
  };
  step(event::AdminRequested{AdminId(9), admin::Shutdown{}});
  EXPECT_EQ(s.director().NextDeadline(), s.now);
  step(event::DeadlineReached{});
  EXPECT_EQ(s.director().NextDeadline(), s.now);
  step(event::DeadlineReached{});
  EXPECT_EQ(s.director().NextDeadline(), kNever);
  EXPECT_EQ(sizes, (std::vector<std::size_t>{128, 128, 44}));
  EXPECT_EQ(closed, channels);
}

TEST(DirectorSteps, TextsAreNotCutBecauseAStepHasMany) {
  Scenario s;
  s.Admin(admin::EnableTarget{kTargetName, false});
  std::string long_name(3000, 'x');
  auto actions = std::make_unique<Actions>();
  s.director().Step(s.now, event::AdminRequested{AdminId(50), admin::RemoveLu{long_name}},
                    *actions);
  ASSERT_EQ(actions->size(), 1u);
  EXPECT_GT(std::get<action::AdminDone>((*actions)[0]).text.size(), 3000u);
}

std::uint64_t RunAScript() {
  Scenario s(2);
  s.AddDisk(1);
  s.AddDisk(2);
  s.AddLun(0, 1);
  s.Admin(admin::AddGroup{kTargetName, "g"});
  s.AddLun(1, 2, "g");
  const ConnId a = s.Login(LoginOf(1));
  s.Login(Multi(LoginOf(1)));
  s.Login(LoginOf(2));
  s.Admin(admin::AddInitiator{kTargetName, "g", "*.2"});
  s.FromShard(0,
              message::AskTaskFence{CommandId(1), s.NexusOf(a), LuId(1), FenceFunction::kLunReset});
  s.Attentions(s.NexusOf(a), LuId(1));
  s.Advance(Seconds(5));
  s.Login(LoginOf(1));
  s.Closed(a);
  s.AdminLater(admin::Shutdown{});
  return s.director().fingerprint();
}

TEST(DirectorSteps, TheSameEventsGiveTheSameFingerprint) {
  const std::uint64_t once = RunAScript();
  EXPECT_NE(once, 0u);
  EXPECT_EQ(once, RunAScript());
}

TEST(DirectorSteps, NoFingerprintUnlessAsked) {
  Director director(Parameters{}, {});
  auto actions = std::make_unique<Actions>();
  director.Step(Time{1}, event::DeadlineReached{}, *actions);
  EXPECT_EQ(director.fingerprint(), 0u);
}

}  // namespace
}  // namespace srpt
