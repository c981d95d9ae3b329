// Who sees which unit, and what everybody is told when that changes.
#include <string>

#include "core/srp/director_scenario.h"
#include "core/srp/lun_mapping.h"
#include "gtest/gtest.h"

namespace srpt {
namespace {

TEST(LunMasking, Patterns) {
  EXPECT_TRUE(MatchesPattern("10.0.0.1", "10.0.0.1"));
  EXPECT_FALSE(MatchesPattern("10.0.0.1", "10.0.0.11"));
  EXPECT_TRUE(MatchesPattern("10.0.0.?", "10.0.0.7"));
  EXPECT_FALSE(MatchesPattern("10.0.0.?", "10.0.0.17"));
  EXPECT_FALSE(MatchesPattern("10.0.0.?", "10.0.0."));
  EXPECT_TRUE(MatchesPattern("*", ""));
  EXPECT_TRUE(MatchesPattern("10.*.1", "10.0.1.1.2.1"));
  EXPECT_FALSE(MatchesPattern("10.*.1", "10.0.1.2"));
  EXPECT_TRUE(MatchesPattern("*aa*:1", "fe80:AAA:aa:1"));
  EXPECT_TRUE(MatchesPattern("FE80:*", "fe80:0000"));
  EXPECT_FALSE(MatchesPattern("!10.*", "10.1"));
  EXPECT_TRUE(MatchesPattern("!10.*", "11.1"));
  EXPECT_TRUE(MatchesPattern("!!10.*", "10.1"));
  EXPECT_FALSE(MatchesPattern("", "x"));
  EXPECT_TRUE(MatchesPattern("", ""));
}

class Luns : public ::testing::Test {
 protected:
  Luns() {
    s.AddDisk(1);
    s.AddDisk(2);
  }
  void AddGroup(const std::string& name, const std::string& pattern) {
    EXPECT_EQ(s.Admin(admin::AddGroup{kTargetName, name}), admin::Status::kOk);
    EXPECT_EQ(s.Admin(admin::AddInitiator{kTargetName, name, pattern}), admin::Status::kOk);
  }
  std::string At(NexusId nexus, std::uint32_t lu) { return s.Attentions(nexus, LuId(lu)); }
  // A session that has seen its power on.
  NexusId LoggedIn(std::uint8_t n) {
    const NexusId nexus = s.NexusOf(s.Login(LoginOf(n)));
    At(nexus, 1);
    At(nexus, 2);
    s.said.clear();
    return nexus;
  }
  Scenario s;
};

// [R-LOGIN-17]
TEST_F(Luns, TheFirstGroupWithAMatchingPatternElseTheDefault) {
  s.AddLun(0, 1);
  AddGroup("odd", "10.0.0.1");
  AddGroup("all", "10.0.0.[12]");
  AddGroup("rest", "*.2");
  s.AddLun(0, 2, "odd");
  s.AddLun(5, 2, "rest");
  EXPECT_EQ(s.Sees(LoggedIn(1)), "0:disk2");
  EXPECT_EQ(s.Sees(LoggedIn(2)), "5:disk2");
  EXPECT_EQ(s.Sees(LoggedIn(3)), "0:disk1");
  EXPECT_EQ(s.director().Sessions()[0].group, "odd");
  EXPECT_EQ(s.director().Sessions()[2].group, "");
}

TEST_F(Luns, MaskingMatchesTheNameWithoutItsSuffix) {
  AddGroup("one", "10.0.0.1");
  s.AddLun(0, 1, "one");
  s.Login(LoginOf(1));
  TestLogin same = LoginOf(2);
  same.source = LoginOf(1).source;
  const ConnId second = s.Login(same);
  EXPECT_EQ(s.director().Sessions()[1].name, "10.0.0.1_1");
  EXPECT_EQ(s.Sees(s.NexusOf(second)), "0:disk1");
}

TEST_F(Luns, AnotherTargetsLunsAreNotSeen) {
  s.Admin(admin::AddLun{kOtherTargetName, "", LunNumber(0), "disk2", false});
  s.AddLun(0, 1);
  TestLogin other = LoginOf(1);
  other.port = TargetPortId(1);
  EXPECT_EQ(s.Sees(LoggedIn(1)), "0:disk1");
  EXPECT_EQ(s.Sees(s.NexusOf(s.Login(other))), "0:disk2");
  const LunMap& map = s.snapshot().MapOf(s.NexusOf(ConnId(2)));
  EXPECT_EQ(map.entries()[0].lu.rel_tgt_id, 2) << "as seen through that port";
}

TEST_F(Luns, ReadOnlyByLun) {
  s.Admin(admin::AddLun{kTargetName, "", LunNumber(3), "disk1", true});
  EXPECT_EQ(s.Sees(LoggedIn(1)), "3:disk1(ro)");
}

TEST_F(Luns, ANewLunIsToldToLiveSessionsOnce) {
  s.AddLun(0, 1);
  const NexusId a = LoggedIn(1);
  const NexusId b = LoggedIn(2);
  EXPECT_EQ(s.AddLun(1, 2), admin::Status::kOk);
  EXPECT_EQ(s.Sees(a), "0:disk1 1:disk2");
  EXPECT_EQ(At(a, 1), "3f/0e");
  EXPECT_EQ(At(a, 2), "29/00") << "a unit new to the nexus; 3F/0E was taken at the other";
  EXPECT_EQ(At(b, 2), "29/00 3f/0e");
  EXPECT_EQ(At(b, 1), "");
}

TEST_F(Luns, ARemovedLunToo) {
  s.AddLun(0, 1);
  s.AddLun(1, 2);
  const NexusId a = LoggedIn(1);
  EXPECT_EQ(s.Admin(admin::RemoveLun{kTargetName, "", LunNumber(1)}), admin::Status::kOk);
  EXPECT_EQ(s.Sees(a), "0:disk1");
  EXPECT_EQ(At(a, 1), "3f/0e");
  EXPECT_EQ(At(a, 2), "") << "not seen any more";
}

TEST_F(Luns, AChangeOfAnotherGroupIsNoNews) {
  s.AddLun(0, 1);
  AddGroup("one", "10.0.0.1");
  const NexusId a = LoggedIn(1);
  const NexusId b = LoggedIn(2);
  s.AddLun(7, 1, "one");
  EXPECT_EQ(At(a, 1), "29/00 3f/0e");
  EXPECT_EQ(At(b, 1), "");
}

TEST_F(Luns, ANewInitiatorPatternMovesALiveSession) {
  s.AddLun(0, 1);
  s.Admin(admin::AddGroup{kTargetName, "vip"});
  s.AddLun(0, 2, "vip");
  const NexusId a = LoggedIn(1);
  const NexusId b = LoggedIn(2);
  EXPECT_EQ(s.Admin(admin::AddInitiator{kTargetName, "vip", "10.0.0.1"}), admin::Status::kOk);
  EXPECT_EQ(s.Sees(a), "0:disk2");
  EXPECT_EQ(s.Sees(b), "0:disk1");
  EXPECT_EQ(At(a, 2), "29/00 3f/0e");
  EXPECT_EQ(At(a, 1), "");
  EXPECT_EQ(At(b, 1), "");
}

TEST_F(Luns, AnInitiatorIsInOneGroup) {
  AddGroup("a", "10.*");
  s.Admin(admin::AddGroup{kTargetName, "b"});
  EXPECT_EQ(s.Admin(admin::AddInitiator{kTargetName, "b", "10.*"}), admin::Status::kExists);
  EXPECT_EQ(s.done.back().text, "initiator \"10.*\" is in group \"a\" already");
}

TEST_F(Luns, ANewSizeIsToldToWhoeverSeesTheUnit) {
  s.AddLun(0, 1);
  s.AddLun(1, 2);
  const NexusId a = LoggedIn(1);
  EXPECT_EQ(s.Admin(admin::ResizeLu{"disk2", 5000}), admin::Status::kOk);
  EXPECT_EQ(s.snapshot().MapOf(a).Find(LunNumber(1))->block_count, 5000u);
  EXPECT_EQ(At(a, 1), "");
  EXPECT_EQ(At(a, 2), "2a/09");
  EXPECT_EQ(s.Admin(admin::ResizeLu{"disk2", 5000}), admin::Status::kOk);
  EXPECT_EQ(At(a, 2), "") << "nothing changed";
  EXPECT_EQ(s.Admin(admin::ResizeLu{"disk2", 0}), admin::Status::kInvalid);
}

TEST_F(Luns, ShardsAreToldWhenAnAttentionBeginsToWait) {
  s.AddLun(0, 1);
  const NexusId a = LoggedIn(1);
  s.Admin(admin::ResizeLu{"disk1", 5000});
  s.Admin(admin::ResizeLu{"disk1", 6000});
  const auto pending = s.All<message::UnitAttentionPending>();
  ASSERT_EQ(pending.size(), 1u) << "the second is the same condition";
  EXPECT_EQ(pending[0].nexus, a);
  EXPECT_EQ(pending[0].lu, LuId(1));
  // The new snapshot first: whoever is told finds the new size.
  ASSERT_GE(s.said.size(), 2u);
  EXPECT_TRUE(std::holds_alternative<message::Publish>(s.said[0].message));
  EXPECT_TRUE(std::holds_alternative<message::UnitAttentionPending>(s.said[1].message));
}

TEST(LunAttentions, AreHandedOutOnceHoweverManyShardsAsk) {
  Scenario s(2);
  s.AddDisk(1);
  s.AddLun(0, 1);
  const NexusId a = s.NexusOf(s.Login(LoginOf(1)));
  EXPECT_EQ(s.All<message::UnitAttentionPending>().size(), 2u) << "both shards";
  const auto first = s.AskAttention(1, a, LuId(1));
  const auto second = s.AskAttention(0, a, LuId(1));
  EXPECT_TRUE(first.has);
  EXPECT_EQ(first.attention, (UnitAttention{0x29, 0x00}));
  EXPECT_FALSE(first.more);
  EXPECT_FALSE(second.has);
  EXPECT_FALSE(second.more);
  EXPECT_FALSE(s.AskAttention(0, a, LuId(9)).has) << "a unit that nobody knows";
}

// The command that asked was aborted, and the unit went, before the answer came back.
// [R-INV-07]
TEST(LunAttentions, OneThatComesBackForAUnitThatIsGoneIsDropped) {
  Scenario s;
  s.AddDisk(1);
  s.AddLun(0, 1);
  const NexusId nexus = s.NexusOf(s.Login(LoginOf(1)));
  const auto answer = s.AskAttention(0, nexus, LuId(1));
  ASSERT_TRUE(answer.has);
  s.Admin(admin::RemoveLun{kTargetName, "", LunNumber(0)});
  s.said.clear();
  s.FromShard(0, message::ReturnUnitAttention{nexus, LuId(1), answer.attention});
  EXPECT_TRUE(s.said.empty());
  EXPECT_FALSE(s.AskAttention(0, nexus, LuId(1)).has);
}

TEST(LunAttentions, ComeInOrderAndSayIfThereAreMore) {
  Scenario s;
  s.AddDisk(1);
  s.AddLun(0, 1);
  const NexusId a = s.NexusOf(s.Login(LoginOf(1)));
  s.Admin(admin::ResizeLu{"disk1", 2000});
  const auto first = s.AskAttention(0, a, LuId(1));
  EXPECT_EQ(first.attention, (UnitAttention{0x29, 0x00}));
  EXPECT_TRUE(first.more);
  s.said.clear();
  s.Admin(admin::ResizeLu{"disk1", 3000});
  EXPECT_TRUE(s.All<message::UnitAttentionPending>().empty()) << "it is asked for anyway";
  const auto second = s.AskAttention(0, a, LuId(1));
  EXPECT_EQ(second.attention, (UnitAttention{0x2a, 0x09}));
  EXPECT_FALSE(second.more);
}

// --- ALUA -------------------------------------------------------------------------------------

class AluaTest : public Luns {
 protected:
  AluaTest() {
    s.AddLun(0, 1);
    s.AddLun(1, 2);
    nexus = LoggedIn(1);
    Ok(admin::AddDeviceGroup{"dg"});
    Ok(admin::AddDeviceToGroup{"dg", "disk1"});
    Ok(admin::AddTargetGroup{"dg", "near", 256});
    Ok(admin::AddTargetGroup{"dg", "far", 257});
  }
  void Ok(const admin::Request& request) {
    EXPECT_EQ(s.Admin(request), admin::Status::kOk) << s.done.back().text;
  }
  const scsi::Alua& AluaAt(std::uint16_t lun) {
    return s.snapshot().MapOf(nexus).Find(LunNumber(lun))->alua;
  }
  NexusId nexus;
};

TEST_F(AluaTest, ADeviceInAGroupShowsItsTargetsGroup) {
  EXPECT_FALSE(AluaAt(0).present) << "the target is in no group yet";
  Ok(admin::AddTargetToGroup{"dg", "near", kTargetName});
  Ok(admin::AddTargetToGroup{"dg", "far", "fe80:elsewhere", 9});
  const scsi::Alua& alua = AluaAt(0);
  EXPECT_TRUE(alua.present);
  EXPECT_EQ(alua.group_id, 256);
  ASSERT_EQ(alua.groups.size(), 2u);
  EXPECT_EQ(alua.groups[0].rel_tgt_ids.size(), 1u);
  EXPECT_EQ(alua.groups[0].rel_tgt_ids[0], 1);
  EXPECT_EQ(alua.groups[1].rel_tgt_ids[0], 9);
  EXPECT_FALSE(AluaAt(1).present) << "the other device is in no group";
  EXPECT_EQ(At(nexus, 1), "3f/03 2a/06");
  EXPECT_EQ(At(nexus, 2), "");
}

TEST_F(AluaTest, AStateThatChangesIsTold) {
  Ok(admin::AddTargetToGroup{"dg", "near", kTargetName});
  At(nexus, 1);
  Ok(admin::SetAluaState{"dg", "near", scsi::AluaState::kStandby});
  EXPECT_EQ(AluaAt(0).state, scsi::AluaState::kStandby);
  EXPECT_EQ(At(nexus, 1), "2a/06");
  EXPECT_EQ(At(nexus, 2), "");
  Ok(admin::SetAluaState{"dg", "near", scsi::AluaState::kStandby});
  EXPECT_EQ(At(nexus, 1), "");
  Ok(admin::SetAluaPreferred{"dg", "near", true});
  EXPECT_TRUE(AluaAt(0).preferred);
  EXPECT_EQ(At(nexus, 1), "2a/06");
  Ok(admin::SetAluaState{"dg", "far", scsi::AluaState::kOffline});
  EXPECT_EQ(At(nexus, 1), "2a/06") << "the state of another port of the same unit";
  const auto groups = s.director().TargetGroups();
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(groups[0].targets, std::vector<std::string>{kTargetName});
  EXPECT_EQ(groups[1].state, scsi::AluaState::kOffline);
}

TEST_F(AluaTest, Mistakes) {
  using admin::Status;
  EXPECT_EQ(s.Admin(admin::AddDeviceGroup{"dg"}), Status::kExists);
  EXPECT_EQ(s.Admin(admin::AddDeviceToGroup{"gd", "disk1"}), Status::kNotFound);
  EXPECT_EQ(s.done.back().text, "no device group \"gd\"; there is dg");
  Ok(admin::AddDeviceGroup{"dg2"});
  EXPECT_EQ(s.Admin(admin::AddDeviceToGroup{"dg2", "disk1"}), Status::kExists);
  EXPECT_EQ(s.done.back().text, "device \"disk1\" is in device group \"dg\" already");
  EXPECT_EQ(s.Admin(admin::AddTargetGroup{"dg", "third", 256}), Status::kExists);
  EXPECT_EQ(s.done.back().text, "group_id 256 is that of target group \"near\"");
  EXPECT_EQ(s.Admin(admin::AddTargetToGroup{"dg", "near", "elsewhere"}), Status::kNotFound);
  Ok(admin::AddTargetToGroup{"dg", "near", kTargetName});
  EXPECT_EQ(s.Admin(admin::AddTargetToGroup{"dg", "far", kTargetName}), Status::kExists);
  EXPECT_EQ(s.Admin(admin::SetAluaState{"dg", "nowhere", scsi::AluaState::kOffline}),
            Status::kNotFound);
  EXPECT_EQ(s.done.back().text, "no target group \"nowhere\"; there are near, far");
}

}  // namespace
}  // namespace srpt
