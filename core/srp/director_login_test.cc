// Logins: who is let in, how, and what is said to the others.
#include <string>
#include <vector>

#include "core/base/limits.h"
#include "core/srp/director_scenario.h"
#include "core/wire/login_rsp.h"
#include "core/wire/name.h"
#include "gtest/gtest.h"

namespace srpt {
namespace {

using wire::LoginRejReason;

constexpr char kPorts[] =
    "(i_port_id 0x00000000000000000000000000000001, "
    "t_port_id 0x0002c90300bb00010002c90300bb0001)";

// Expects a reject with this reason and the login's tag, one line in the log, and no trace else.
void ExpectReject(Scenario& s, const TestLogin& login, LoginRejReason reason,
                  const std::string& line) {
  const std::size_t logs = s.logs.size();
  const std::size_t sessions = s.director().Sessions().size();
  const std::size_t said = s.said.size();
  const ConnId conn = s.Login(login);
  const auto rej = s.RejectOf(conn);
  ASSERT_TRUE(rej) << "not rejected";
  EXPECT_EQ(rej->reason, reason) << wire::to_string(rej->reason);
  if (!login.raw) {
    EXPECT_EQ(rej->tag, login.req.tag);
  }
  EXPECT_EQ(rej->buf_fmt, 0x0006);
  ASSERT_EQ(s.logs.size(), logs + 1);
  EXPECT_EQ(s.LastLog(), line);
  EXPECT_EQ(s.director().Sessions().size(), sessions);
  EXPECT_EQ(s.said.size(), said) << "a shard was told of a refused login";
}

// "0x00010001 (insufficient channel resources)".
std::string InWords(LoginRejReason reason) {
  const std::string digit = std::to_string(static_cast<std::uint32_t>(reason) & 0xf);
  return "0x0001000" + digit + " (" + std::string(wire::to_string(reason)) + ")";
}

std::string RejectedLine(LoginRejReason reason, const std::string& why) {
  return std::string("login from 10.0.0.1 to ") + kTargetName + " " + kPorts +
         " rejected: " + InWords(reason) + ": " + why;
}

TEST(DirectorLogin, AGoodOneIsGrantedWhatItAskedFor) {
  Scenario s;
  const ConnId conn = s.Login(LoginOf(1));
  EXPECT_FALSE(s.RejectOf(conn));
  const message::OpenChannel& open = s.OpenOf(conn);
  EXPECT_EQ(open.port, TargetPortId(0));
  EXPECT_EQ(open.login_tag, LoginOf(1).req.tag);
  EXPECT_EQ(open.max_it_iu_len, 8276u);
  EXPECT_EQ(open.max_ti_iu_len, 256u);
  EXPECT_EQ(open.credits, 128);
  EXPECT_EQ(open.imm_data_offset, 68);
  EXPECT_EQ(open.sq_size, 256);
  EXPECT_EQ(open.rdma_read_depth, 4);
  EXPECT_EQ(open.login_rsp_flags, wire::kLoginRspImmediate);  // And: none existed.
  ASSERT_EQ(s.director().Sessions().size(), 1u);
  const SessionInfo session = s.director().Sessions()[0];
  EXPECT_EQ(session.name, "10.0.0.1");
  EXPECT_EQ(session.channels.size(), 1u);
  EXPECT_FALSE(session.channels[0].live);
  s.FromShard(0, message::ChannelLive{s.NexusOf(conn), s.ChannelOf(conn)});
  EXPECT_TRUE(s.director().Sessions()[0].channels[0].live);
  EXPECT_EQ(s.LastLog(), std::string("login from 10.0.0.1 to ") + kTargetName + " " + kPorts +
                             " accepted: session 10.0.0.1, shard 0, single channel, immediate "
                             "data at 68");
}

TEST(DirectorLogin, TheFormOfNativeInfiniBandToo) {
  Scenario s;
  TestLogin login = LoginOf(1);
  login.form = LoginForm::kIbCm;
  login.source.bytes = {0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 2, 0xc9, 3, 0, 0xaa, 0, 1};
  EXPECT_FALSE(s.RejectOf(s.Login(login)));
  EXPECT_EQ(s.director().Sessions()[0].name, "fe80:0000:0000:0000:0002:c903:00aa:0001");
}

TEST(DirectorLogin, TheSnapshotAndTheAttentionsComeBeforeTheChannel) {
  Scenario s;
  s.AddDisk(1);
  s.AddLun(0, 1);
  s.said.clear();
  const ConnId conn = s.Login(LoginOf(1));
  ASSERT_EQ(s.said.size(), 3u);
  EXPECT_TRUE(std::holds_alternative<message::Publish>(s.said[0].message));
  const auto* pending = std::get_if<message::UnitAttentionPending>(&s.said[1].message);
  ASSERT_NE(pending, nullptr);
  EXPECT_EQ(pending->nexus, s.NexusOf(conn));
  EXPECT_TRUE(std::holds_alternative<message::OpenChannel>(s.said[2].message));
  EXPECT_EQ(s.Sees(s.NexusOf(conn)), "0:disk1");
}

// [R-LOGIN-18]
TEST(DirectorLogin, TooShortPrivateData) {
  Scenario s;
  TestLogin login = LoginOf(1);
  login.iwarp = true;
  login.raw = std::vector<std::uint8_t>(55, 0);
  ExpectReject(s, login, LoginRejReason::kUnspecified,
               std::string("login from 10.0.0.1 to ") + kTargetName +
                   " (port ids unreadable) rejected: " + InWords(LoginRejReason::kUnspecified) +
                   ": its private data are 55 bytes long; a login of this form has 56");
}

TEST(DirectorLogin, AnotherOpcode) {
  Scenario s;
  TestLogin login = LoginOf(1);
  login.raw = std::vector<std::uint8_t>(56, 0);
  (*login.raw)[11] = 2;
  ExpectReject(s, login, LoginRejReason::kUnspecified,
               std::string("login from 10.0.0.1 to ") + kTargetName +
                   " (port ids unreadable) rejected: " + InWords(LoginRejReason::kUnspecified) +
                   ": its private data are not a LOGIN_REQ (opcode 0x00)");
}

TEST(DirectorLogin, AllZeroesAskForIusOfNoLength) {
  Scenario s;
  TestLogin login = LoginOf(1);
  login.raw = std::vector<std::uint8_t>(56, 0);
  const ConnId conn = s.Login(login);
  ASSERT_TRUE(s.RejectOf(conn));
  EXPECT_EQ(s.RejectOf(conn)->reason, LoginRejReason::kReqItIuLengthTooLarge);
}

TEST(DirectorLogin, IuLengthOutsideOfTheLimits) {
  Parameters parameters;
  parameters.srp_max_req_size = 4148;
  Scenario s(1, parameters);
  const auto asks = [](std::uint32_t length) {
    TestLogin login = LoginOf(1);
    login.req.req_it_iu_len = length;
    return login;
  };
  constexpr auto reason = LoginRejReason::kReqItIuLengthTooLarge;
  ExpectReject(s, asks(8260), LoginRejReason::kReqItIuLengthTooLarge,
               RejectedLine(reason,
                            "it asks for IUs of 8260 bytes and srp_max_req_size is 4148; "
                            "srp_max_req_size=8260 would let it in"));
  ExpectReject(s, asks(65537), LoginRejReason::kReqItIuLengthTooLarge,
               RejectedLine(reason,
                            "it asks for IUs of 65537 bytes and srp_max_req_size is 4148; "
                            "at most 65536 can be set: the initiator must ask for less"));
  ExpectReject(s, asks(63), LoginRejReason::kReqItIuLengthTooLarge,
               RejectedLine(reason, "it asks for IUs of 63 bytes; the least is 64"));
  EXPECT_FALSE(s.RejectOf(s.Login(asks(4148))));
  TestLogin least = asks(64);
  least.req.initiator_port.bytes[15] = 9;
  EXPECT_FALSE(s.RejectOf(s.Login(least)));
}

TEST(DirectorLogin, ADisabledTarget) {
  Scenario s;
  EXPECT_EQ(s.Admin(admin::EnableTarget{kTargetName, false}), admin::Status::kOk);
  ExpectReject(s, LoginOf(1), LoginRejReason::kInsufficientResources,
               RejectedLine(LoginRejReason::kInsufficientResources,
                            "the target is disabled; enabled=1 would let it in"));
  EXPECT_EQ(s.Admin(admin::EnableTarget{kTargetName, true}), admin::Status::kOk);
  EXPECT_FALSE(s.RejectOf(s.Login(LoginOf(1))));
}

TEST(DirectorLogin, EitherHalfOfAnotherTargetPort) {
  for (const std::size_t byte : {std::size_t{7}, std::size_t{15}}) {
    Scenario s;
    TestLogin login = LoginOf(1);
    login.req.target_port.bytes[byte] ^= 0xff;
    const ConnId conn = s.Login(login);
    ASSERT_TRUE(s.RejectOf(conn));
    EXPECT_EQ(s.RejectOf(conn)->reason, LoginRejReason::kCannotAssociateChannel);
    EXPECT_NE(s.LastLog().find("the target's port id is 0x0002c90300bb00010002c90300bb0001: "
                               "id_ext=0002c90300bb0001,ioc_guid=0002c90300bb0001 would let it in"),
              std::string::npos)
        << s.LastLog();
  }
}

TEST(DirectorLogin, BufferFormats) {
  for (const std::uint16_t format : {0x0000, 0x0001, 0x0008, 0x0007, 0x8006}) {
    Scenario s;
    TestLogin login = LoginOf(1);
    login.req.req_buf_fmt = format;
    const ConnId conn = s.Login(login);
    ASSERT_TRUE(s.RejectOf(conn)) << format;
    EXPECT_EQ(s.RejectOf(conn)->reason, LoginRejReason::kUnsupportedBufFmt);
    EXPECT_NE(s.LastLog().find("direct (0x0002), indirect (0x0004) or both would let it in"),
              std::string::npos);
  }
  for (const std::uint16_t format : {0x0002, 0x0004, 0x0006}) {
    Scenario s;
    TestLogin login = LoginOf(1);
    login.req.req_buf_fmt = format;
    EXPECT_FALSE(s.RejectOf(s.Login(login))) << format;
  }
}

TEST(DirectorLogin, ReservedMultichannelActions) {
  for (const std::uint8_t action : {2, 3}) {
    Scenario s;
    TestLogin login = LoginOf(1);
    login.req.flags = action;
    ExpectReject(s, login, LoginRejReason::kUnspecified,
                 RejectedLine(LoginRejReason::kUnspecified,
                              "its multichannel action is " + std::to_string(action) +
                                  "; 0 (single) or 1 (multi) would let it in"));
  }
}

// The first check that fails names the reason.
// [R-LOGIN-05]
TEST(DirectorLogin, TheOrderOfTheChecks) {
  Scenario s;
  s.Admin(admin::EnableTarget{kTargetName, false});
  TestLogin login = LoginOf(1);
  login.req.req_it_iu_len = 1u << 20;
  login.req.target_port = {};
  login.req.req_buf_fmt = 0;
  login.req.flags = 3;
  const auto reason = [&] { return s.RejectOf(s.Login(login))->reason; };
  EXPECT_EQ(reason(), LoginRejReason::kReqItIuLengthTooLarge);
  login.req.req_it_iu_len = 8260;
  EXPECT_EQ(reason(), LoginRejReason::kInsufficientResources);
  s.Admin(admin::EnableTarget{kTargetName, true});
  EXPECT_EQ(reason(), LoginRejReason::kCannotAssociateChannel);
  login.req.target_port = LoginOf(1).req.target_port;
  EXPECT_EQ(reason(), LoginRejReason::kUnsupportedBufFmt);
  login.req.req_buf_fmt = 6;
  EXPECT_EQ(reason(), LoginRejReason::kUnspecified);
}

TEST(DirectorLogin, NoVisibleLunIsNoReasonToRefuse) {
  Scenario s;
  const ConnId conn = s.Login(LoginOf(1));
  EXPECT_FALSE(s.RejectOf(conn));
  EXPECT_EQ(s.Sees(s.NexusOf(conn)), "");
}

TEST(DirectorLogin, TheChannelLimitOfANexusIsStable) {
  Scenario s;
  s.Login(LoginOf(1));
  ConnId second;
  for (std::uint32_t i = 1; i < limits::kChannelsPerNexusMax; ++i) {
    const ConnId conn = s.Login(Multi(LoginOf(1)));
    ASSERT_FALSE(s.RejectOf(conn)) << "channel " << i;
    if (i == 1) second = conn;
  }
  const ConnId over = s.Login(Multi(LoginOf(1)));
  ASSERT_TRUE(s.RejectOf(over));
  EXPECT_EQ(s.RejectOf(over)->reason, LoginRejReason::kChannelLimitReached);
  EXPECT_NE(s.LastLog().find("its nexus has 32 channels; ch_count=32 or less would let it in"),
            std::string::npos);
  EXPECT_FALSE(s.RejectOf(s.Login(LoginOf(2)))) << "another nexus is not concerned";
  s.Closed(second);
  EXPECT_FALSE(s.RejectOf(s.Login(Multi(LoginOf(1)))));
}

// A relogin gets as many channels as the login did, although the old ones still rest in timewait.
TEST(DirectorLogin, ChannelsThatAreClosingDoNotCount) {
  Scenario s;
  for (int round = 0; round < 2; ++round) {
    EXPECT_FALSE(s.RejectOf(s.Login(LoginOf(1))));
    for (std::uint32_t i = 1; i < limits::kChannelsPerNexusMax; ++i) {
      EXPECT_FALSE(s.RejectOf(s.Login(Multi(LoginOf(1)))));
    }
  }
}

// A host that comes back over and over while a read that hangs keeps its old channels.
// [R-FAULT-31]
TEST(DirectorLogin, ChannelsThatDoNotEndAreNotLimitless) {
  Scenario s;
  const ConnId first = s.Login(LoginOf(1));
  ConnId last = first;
  for (std::uint32_t i = 1; i < limits::kChannelsPerNexusInAllMax; ++i) {
    last = s.Login(LoginOf(1));
    ASSERT_FALSE(s.RejectOf(last)) << "login " << i;
  }
  ExpectReject(s, LoginOf(1), LoginRejReason::kChannelLimitReached,
               RejectedLine(LoginRejReason::kChannelLimitReached,
                            "its nexus has 64 channels that did not end yet (a backend hangs?); "
                            "the end of one would let it in"));
  EXPECT_FALSE(s.RejectOf(s.Login(LoginOf(2)))) << "others are not concerned";
  s.FromShard(0, message::ChannelLive{s.NexusOf(last), s.ChannelOf(last)});
  EXPECT_EQ(s.director().PhaseOf(last), LoginPhase::kLive) << "and the last one stays";
  s.Closed(first);
  EXPECT_FALSE(s.RejectOf(s.Login(LoginOf(1))));
}

TEST(DirectorLogin, ImmediateDataOnlyWhereItMakesSense) {
  const auto granted = [](std::uint8_t flags, std::uint16_t offset, std::uint32_t length) {
    Scenario s;
    TestLogin login = LoginOf(1);
    login.req.flags = flags;
    login.req.imm_data_offset = offset;
    login.req.req_it_iu_len = length;
    const message::OpenChannel open = s.OpenOf(s.Login(login));
    EXPECT_EQ((open.login_rsp_flags & wire::kLoginRspImmediate) != 0, open.imm_data_offset != 0);
    return open.imm_data_offset;
  };
  EXPECT_EQ(granted(wire::kLoginReqImmediate, 68, 8260), 68);
  EXPECT_EQ(granted(0, 68, 8260), 0) << "not asked for";
  EXPECT_EQ(granted(wire::kLoginReqImmediate, 51, 8260), 0) << "inside of the descriptor";
  EXPECT_EQ(granted(wire::kLoginReqImmediate, 52, 8260), 52);
  EXPECT_EQ(granted(wire::kLoginReqImmediate, 276, 276), 0) << "beyond the IU";
  EXPECT_EQ(granted(wire::kLoginReqImmediate, 275, 276), 275);
}

// [R-CM-01, R-CM-11]
TEST(DirectorLogin, SolicitedNotificationAndReadDepth) {
  Scenario s;
  TestLogin login = LoginOf(1);
  login.req.flags = wire::kLoginReqCrsolnt;
  login.rdma_read_depth = 16;
  const message::OpenChannel open = s.OpenOf(s.Login(login));
  EXPECT_EQ(open.login_rsp_flags, wire::kLoginRspSolntsup);
  EXPECT_EQ(open.rdma_read_depth, limits::kRdmaReadDepth);
  login.rdma_read_depth = 1;
  EXPECT_EQ(s.OpenOf(s.Login(login)).rdma_read_depth, 1);
}

// --- Shards -----------------------------------------------------------------------------------

TEST(DirectorLogin, TheLeastLoadedShardGetsTheChannel) {
  Scenario s(3);
  std::vector<ConnId> conns;
  std::string shards;
  for (std::uint8_t n = 1; n <= 4; ++n) {
    conns.push_back(s.Login(LoginOf(n)));
    shards += std::to_string(s.ShardOf(conns.back()).v);
  }
  EXPECT_EQ(shards, "0120");
  s.Closed(conns[1]);
  EXPECT_EQ(s.ShardOf(s.Login(LoginOf(9))).v, 1u);
}

// The director knows before it ends anything.
// [R-FAULT-21]
TEST(DirectorLogin, WhereNoShardHasAChannelTheSessionsThereAreStay) {
  Parameters parameters;
  parameters.channels_per_shard = 1;
  Scenario s(2, parameters);
  s.Login(LoginOf(1));
  const ConnId other = s.Login(LoginOf(2));
  constexpr auto reason = LoginRejReason::kInsufficientResources;
  ExpectReject(s, LoginOf(1), reason,
               RejectedLine(reason,
                            "each of the 2 shards has no room for another channel; fewer "
                            "channels (ch_count) would let it in"));
  ExpectReject(s, Multi(LoginOf(1)), reason,
               RejectedLine(reason,
                            "each of the 2 shards has no room for another channel; fewer "
                            "channels (ch_count) would let it in"));
  s.Closed(other);
  EXPECT_FALSE(s.RejectOf(s.Login(LoginOf(1))));
}

TEST(DirectorLogin, TheDirectorKnowsWhatOfASharedQueueIsPromised) {
  Parameters parameters;
  parameters.use_srq = true;
  parameters.srpt_srq_size = 140;
  Scenario s(1, parameters);
  const ConnId first = s.Login(LoginOf(1));
  EXPECT_EQ(s.OpenOf(first).credits, 128);
  const ConnId second = s.Login(LoginOf(2));
  EXPECT_EQ(s.OpenOf(second).credits, 8);
  EXPECT_NE(s.LastLog().find("only 8 credits instead of 128"), std::string::npos);
  TestLogin third = LoginOf(1);
  third.req.initiator_port = LoginOf(3).req.initiator_port;
  const ConnId refused = s.Login(third);
  ASSERT_TRUE(s.RejectOf(refused));
  EXPECT_NE(s.LastLog().find("shard 0's shared receive queue is promised away; "
                             "srpt_srq_size=270 would let it in"),
            std::string::npos)
      << s.LastLog();
  s.FromShard(0, message::ReceivesBack{s.NexusOf(first), s.ChannelOf(first), 60});
  EXPECT_EQ(s.OpenOf(s.Login(third)).credits, 58);
  s.Closed(first);  // And with it what it was promised still.
  EXPECT_EQ(s.OpenOf(s.Login(LoginOf(4))).credits, 68);
  s.Refused(second);
  EXPECT_EQ(s.OpenOf(s.Login(LoginOf(5))).credits, 8);
}

TEST(DirectorLogin, OfShardsThatShareReceivesTheOneThatGivesMoreCreditsIsTaken) {
  Parameters parameters;
  parameters.use_srq = true;
  parameters.srpt_srq_size = 300;
  Scenario s(2, parameters);
  std::vector<ConnId> conns;
  std::string shards;
  const auto login = [&](std::uint8_t n) {
    conns.push_back(s.Login(LoginOf(n)));
    shards += std::to_string(s.ShardOf(conns.back()).v);
    return s.OpenOf(conns.back()).credits;
  };
  for (std::uint8_t n = 1; n <= 4; ++n) EXPECT_EQ(login(n), 128);
  // Shard 1 has as many channels as shard 0, but one of them receives nothing any more.
  s.FromShard(1, message::ReceivesBack{s.NexusOf(conns[1]), s.ChannelOf(conns[1]), 130});
  EXPECT_EQ(login(5), 128);
  EXPECT_EQ(login(6), 38);
  EXPECT_EQ(shards, "010110");
}

// A shard that refuses all the same is believed.
TEST(DirectorLogin, AShardWithoutRoomRefuses) {
  Scenario s;
  s.shards_open = false;
  const ConnId conn = s.Login(LoginOf(1));
  s.Refused(conn);
  ASSERT_TRUE(s.RejectOf(conn));
  EXPECT_EQ(s.RejectOf(conn)->reason, LoginRejReason::kInsufficientResources);
  EXPECT_EQ(s.RejectOf(conn)->tag, LoginOf(1).req.tag);
  EXPECT_NE(s.logs.at(0).find("rejected: " + InWords(LoginRejReason::kInsufficientResources) +
                              ": shard 0 has no room for another channel"),
            std::string::npos)
      << s.logs.at(0);
  EXPECT_TRUE(s.director().Sessions().empty());
  EXPECT_EQ(s.All<message::ForgetNexus>().size(), 1u);
}

// The shard has a channel for it already when the driver fails to make the queue pair.
TEST(DirectorLogin, ADriverThatCannotAcceptRefusesToo) {
  Scenario s;
  const ConnId conn = s.Login(LoginOf(1));
  EXPECT_EQ(s.director().Sessions().size(), 1u);
  s.Refused(conn);
  ASSERT_TRUE(s.RejectOf(conn));
  EXPECT_EQ(s.RejectOf(conn)->reason, LoginRejReason::kInsufficientResources);
  EXPECT_EQ(s.RejectOf(conn)->tag, LoginOf(1).req.tag);
  ASSERT_EQ(s.logs.size(), 2u);
  EXPECT_NE(s.logs[0].find("shard 0 could not make its queue pair"), std::string::npos);
  EXPECT_EQ(s.logs[1], std::string("session 10.0.0.1 on ") + kTargetName + " ended");
  EXPECT_TRUE(s.director().Sessions().empty());
  s.Refused(conn);  // Late and twice: nothing happens.
  EXPECT_EQ(s.logs.size(), 2u);
}

TEST(DirectorLogin, AChannelThatIsNeverEstablishedIsSaidSo) {
  Scenario s;
  const ConnId conn = s.Login(LoginOf(1));
  s.Closed(conn);
  EXPECT_NE(s.logs.at(0).find("its connection ended before it was established"), std::string::npos);
}

TEST(DirectorLogin, WhatTheDriverHasAnsweredIsNotRejectedAgain) {
  Scenario s;
  s.shards_open = false;
  const ConnId conn = s.Login(LoginOf(1));
  s.Refused(conn, true);
  EXPECT_FALSE(s.RejectOf(conn));
  EXPECT_TRUE(s.director().Sessions().empty());
}

TEST(DirectorLogin, AConnectionThatIsGoneIsNotRejected) {
  Scenario s;
  s.shards_open = false;
  const ConnId conn = s.Login(LoginOf(1));
  s.Give(event::ConnectionGone{conn});
  s.Give(event::ConnectionGone{ConnId(77)});  // Unknown: nothing happens.
  s.Refused(conn);
  EXPECT_FALSE(s.RejectOf(conn));
  EXPECT_TRUE(s.director().Sessions().empty());
  s.shards_open = true;
  const ConnId later = s.Login(LoginOf(1));
  s.Give(event::ConnectionGone{later});
  s.Refused(later);
  EXPECT_FALSE(s.RejectOf(later));
}

}  // namespace
}  // namespace srpt
