#include "conformance/arms/sim_arm.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "core/initiator/cdb.h"
#include "core/initiator/initiator.h"

namespace srpt::arms {
namespace {

constexpr std::uint64_t kGuid = 0x5e0;

class SimArmTest : public testing::Test {
 protected:
  SimArmTest() : arm_(Options()) {}
  ~SimArmTest() override { EXPECT_EQ(arm_.Broken(), ""); }

  static SimOptions Options() {
    SimOptions options;
    options.service_guid = kGuid;
    options.disks = {{"disk0", "vdisk_fileio", 512, 2048}, {"null0", "vdisk_nullio", 512, 2048}};
    return options;
  }
  Result<ConnectionId, std::string> Connect(std::uint64_t guid, const std::string& source = "") {
    wire::LoginReq req;
    req.req_it_iu_len = 8260;
    req.req_buf_fmt = wire::kBufFmtDirect | wire::kBufFmtIndirect;
    req.initiator_port = initiator::MakePortId(0, 1);
    req.target_port = initiator::MakePortId(guid, guid);
    ConnectOptions options;
    options.private_data.resize(wire::kLoginReqCmBytes);
    options.source = source;
    channel_.BuildLoginCm(req, options.private_data);
    return arm_.Connect(options);
  }
  ConnectionId LogIn() {
    const auto connection = Connect(kGuid);
    EXPECT_TRUE(connection.ok());
    const auto event = arm_.NextEvent(*connection, Seconds(5));
    EXPECT_TRUE(event && event->kind == Event::Kind::kConnected);
    EXPECT_TRUE(event && channel_.OnLoginRsp(event->bytes).ok());
    return *connection;
  }

  SimArm arm_;
  initiator::Channel channel_;
};

TEST_F(SimArmTest, ALoginInquiryAndLogout) {
  const ConnectionId connection = LogIn();
  ASSERT_EQ(arm_.Sessions().size(), 1u);
  EXPECT_EQ(arm_.Sessions()[0].channels, 1u);
  EXPECT_EQ(arm_.Sessions()[0].req_lim, channel_.credits());

  const auto region = arm_.Register(connection, 96, access::kRemoteWrite);
  ASSERT_TRUE(region.ok());
  initiator::Command command;
  command.tag = initiator::MakeTag(1);
  const initiator::Cdb cdb = initiator::Inquiry(96);
  command.cdb = cdb.view();
  const wire::Direct direct{region->va, region->rkey, 96};
  command.in = initiator::Buffer::Direct(direct);
  std::vector<std::uint8_t> iu(channel_.CmdBytes(command));
  channel_.BuildCmd(command, iu);
  ASSERT_TRUE(arm_.Send(connection, iu, false));
  const auto event = arm_.NextEvent(connection, Seconds(1));
  ASSERT_TRUE(event && event->kind == Event::Kind::kIu);
  const auto received = channel_.OnIu(event->bytes);
  EXPECT_EQ(received.violation, initiator::Violation::kNone);
  std::array<std::uint8_t, 8> data{};
  ASSERT_TRUE(arm_.ReadMemory(*region, 0, data));
  EXPECT_NE(data[4], 0);  // Additional length.
  EXPECT_FALSE(arm_.ReadMemory(*region, 90, data));

  arm_.Disconnect(connection);
  const auto end = arm_.NextEvent(connection, Seconds(5));
  ASSERT_TRUE(end && end->kind == Event::Kind::kDisconnected);
  EXPECT_FALSE(arm_.Send(connection, iu, false));
  arm_.Close(connection);
  arm_.Close(connection);
  arm_.Sleep(Seconds(1));
  EXPECT_TRUE(arm_.Sessions().empty());
}

TEST_F(SimArmTest, ARejectHasReasonAndPrivateData) {
  const auto connection = Connect(kGuid + 1);
  ASSERT_TRUE(connection.ok());
  const auto event = arm_.NextEvent(*connection, Seconds(5));
  ASSERT_TRUE(event && event->kind == Event::Kind::kRejected);
  EXPECT_EQ(event->reason, 28);
  EXPECT_TRUE(wire::ParseLoginRej(event->bytes).ok());
  EXPECT_FALSE(arm_.NextEvent(*connection, Milliseconds(1)).has_value());
}

TEST_F(SimArmTest, TheAdministratorIsAnsweredInWords) {
  const std::string target = arm_.Targets().at(0).name;
  EXPECT_EQ(arm_.Admin(admin::AddLun{target, "", LunNumber(5), "disk0", true}), "");
  EXPECT_NE(arm_.Admin(admin::AddLun{target, "", LunNumber(6), "none", false}), "");
}

TEST_F(SimArmTest, WaitingTakesVirtualTime) {
  const ConnectionId connection = LogIn();
  const Time before = arm_.Now();
  EXPECT_FALSE(arm_.NextEvent(connection, Seconds(3)).has_value());
  EXPECT_EQ(arm_.Now(), before + Seconds(3));
}

TEST_F(SimArmTest, FaultsAreInjectedByName) {
  EXPECT_FALSE(arm_.Inject("no such fault", 1));
  ASSERT_TRUE(arm_.Inject(sim::ToString(sim::FaultKind::kReqLost), 1));
  const auto connection = Connect(kGuid);
  ASSERT_TRUE(connection.ok());
  const auto event = arm_.NextEvent(*connection, Seconds(60));
  ASSERT_TRUE(event && event->kind == Event::Kind::kUnreachable);
  arm_.Heal();
  LogIn();
}

TEST_F(SimArmTest, ABadAddressIsSaid) {
  EXPECT_FALSE(Connect(kGuid, "10.0.0").ok());
  EXPECT_FALSE(Connect(kGuid, "10.0.0.256").ok());
  EXPECT_TRUE(Connect(kGuid, "10.0.0.7").ok());
}

}  // namespace
}  // namespace srpt::arms
