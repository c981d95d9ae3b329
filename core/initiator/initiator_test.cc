#include "core/initiator/initiator.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "core/initiator/cdb.h"
#include "core/wire/aer.h"
#include "core/wire/cred.h"

namespace srpt::initiator {
namespace {

constexpr std::uint64_t kServiceGuid = 0x0011223344556677;
constexpr std::uint16_t kImmOffset = 68;
constexpr std::int32_t kGrant = 8;

wire::LoginReq Req(std::uint8_t flags = wire::kLoginReqImmediate) {
  wire::LoginReq req;
  req.tag = MakeTag(0x80);
  req.req_it_iu_len = 8260;
  req.req_buf_fmt = wire::kBufFmtDirect | wire::kBufFmtIndirect;
  req.flags = flags;
  req.imm_data_offset = kImmOffset;
  req.initiator_port = MakePortId(1, 2);
  req.target_port = MakePortId(kServiceGuid, kServiceGuid);
  return req;
}

std::vector<std::uint8_t> LoginRsp(std::int32_t grant = kGrant,
                                   std::uint8_t flags = wire::kLoginRspImmediate) {
  wire::LoginRsp rsp;
  rsp.req_lim_delta = grant;
  rsp.tag = MakeTag(0x80);
  rsp.max_it_iu_len = 8276;
  rsp.max_ti_iu_len = 260;
  rsp.buf_fmt = wire::kBufFmtDirect | wire::kBufFmtIndirect;
  rsp.flags = flags;
  std::vector<std::uint8_t> bytes(wire::kLoginRspBytes);
  wire::SerializeLoginRsp(rsp, bytes);
  return bytes;
}

struct RspFields {
  std::uint64_t tag = 1;
  std::int32_t delta = 1;
  std::uint8_t status = 0;
  std::uint8_t flags = 0;
  std::uint32_t out_residual = 0;
  std::uint32_t in_residual = 0;
  bool solnt = false;
  std::optional<wire::RspCode> code = std::nullopt;
};
std::vector<std::uint8_t> Rsp(const RspFields& fields) {
  wire::Rsp rsp;
  rsp.tag = MakeTag(fields.tag);
  rsp.req_lim_delta = fields.delta;
  rsp.status = fields.status;
  rsp.flags = fields.flags;
  rsp.out_residual = fields.out_residual;
  rsp.in_residual = fields.in_residual;
  rsp.solnt = fields.solnt;
  std::array<std::uint8_t, 4> data{};
  if (fields.code) {
    data = wire::ResponseData(*fields.code);
    rsp.flags |= wire::kRspvalid;
    rsp.response_data = data;
  }
  std::vector<std::uint8_t> bytes(wire::SerializedBytes(rsp));
  wire::SerializeRsp(rsp, bytes);
  return bytes;
}

class InitiatorTest : public testing::Test {
 protected:
  void LogIn(std::uint8_t flags = wire::kLoginReqImmediate) {
    channel_.BuildLoginCm(Req(flags), iu_);
    const auto accepted = channel_.OnLoginRsp(LoginRsp());
    ASSERT_TRUE(accepted.ok());
    ASSERT_EQ(accepted->violation, Violation::kNone);
  }
  Bytes Send(std::uint64_t tag, const Buffer& out = {}, const Buffer& in = {},
             std::uint8_t sol_not = 0) {
    Command command;
    command.tag = MakeTag(tag);
    cdb_ = Read10(Lba(0), 8);
    command.cdb = cdb_.view();
    command.out = out;
    command.in = in;
    command.sol_not = sol_not;
    command.cookie = tag * 100;
    return Bytes(iu_).first(channel_.BuildCmd(command, iu_));
  }
  Bytes SendAbort(std::uint64_t tag, std::uint64_t task) {
    TaskManagement request;
    request.tag = MakeTag(tag);
    request.task_tag = MakeTag(task);
    return Bytes(iu_).first(channel_.BuildTskMgmt(request, iu_));
  }
  Violation Receive(const RspFields& fields) { return channel_.OnIu(Rsp(fields)).violation; }

  Channel channel_;
  Cdb cdb_;
  std::array<std::uint8_t, 16384> iu_{};
};

TEST_F(InitiatorTest, LoginGivesCreditsAndTheImmediateOffset) {
  EXPECT_EQ(channel_.BuildLoginCm(Req(), iu_), 56u);
  EXPECT_FALSE(channel_.live());
  EXPECT_FALSE(channel_.CanSendCmd());
  ASSERT_TRUE(channel_.OnLoginRsp(LoginRsp()).ok());
  EXPECT_TRUE(channel_.live());
  EXPECT_EQ(channel_.credits(), kGrant);
  EXPECT_EQ(channel_.granted(), 8u);
  EXPECT_EQ(channel_.imm_data_offset(), kImmOffset);
  EXPECT_EQ(channel_.BuildLogin64(Req(), iu_), 64u);
  EXPECT_FALSE(channel_.live());
}

TEST_F(InitiatorTest, LoginViolations) {
  channel_.BuildLoginCm(Req(0), iu_);
  EXPECT_EQ(channel_.OnLoginRsp(LoginRsp())->violation, Violation::kInconsistent);
  channel_.BuildLoginCm(Req(), iu_);
  EXPECT_EQ(channel_.OnLoginRsp(LoginRsp(1))->violation, Violation::kCreditsNegative);
  channel_.BuildLoginCm(Req(), iu_);
  auto other = LoginRsp();
  other[15] = 1;
  EXPECT_EQ(channel_.OnLoginRsp(other)->violation, Violation::kUnknownTag);
  EXPECT_EQ(channel_.OnLoginRsp({}).error(), wire::ParseError::kTooShort);
}

TEST_F(InitiatorTest, TheWorkedReadOfTheProtocolPage) {
  LogIn();
  Command command;
  command.tag = MakeTag(0x0500020000000000);
  command.lun = MakeLun(LunNumber(1));
  const Cdb cdb = Read10(Lba(0x1000), 8);
  command.cdb = cdb.view();
  const wire::Direct direct{RemoteAddr(0x7f3a12340000), RKey(0x1a2b), 4096};
  command.in = Buffer::Direct(direct);
  const std::size_t length = channel_.BuildCmd(command, iu_);
  const std::vector<std::uint8_t> want = {
      0x02, 0, 0,    0,    0,    0x01, 0, 0, 0x05, 0, 0x02, 0,    0, 0, 0,    0,  //
      0,    0, 0,    0,    0,    0x01, 0, 0, 0,    0, 0,    0,    0, 0, 0,    0,  //
      0x28, 0, 0,    0,    0x10, 0,    0, 0, 0x08, 0, 0,    0,    0, 0, 0,    0,  //
      0,    0, 0x7f, 0x3a, 0x12, 0x34, 0, 0, 0,    0, 0x1a, 0x2b, 0, 0, 0x10, 0};
  EXPECT_EQ(std::vector<std::uint8_t>(iu_.begin(), iu_.begin() + 64), want);
  EXPECT_EQ(length, 64u);
}

TEST_F(InitiatorTest, IndirectListsAndImmediateDataParseBack) {
  LogIn();
  const std::array<wire::Direct, 2> list = {
      {{RemoteAddr(0x1000), RKey(1), 512}, {RemoteAddr(0x3000), RKey(2), 1024}}};
  const Bytes iu = Send(1, Buffer::Indirect(list, RemoteAddr(0x9000), RKey(9)));
  const auto cmd = wire::ParseCmd(iu);
  ASSERT_TRUE(cmd.ok());
  const auto buffers = wire::ParseBuffers(*cmd, iu, 0);
  ASSERT_TRUE(buffers.ok());
  EXPECT_EQ(buffers->out.length, 1536u);
  EXPECT_EQ(buffers->out.descriptor(1), list[1]);
  EXPECT_FALSE(buffers->out.partial);

  const std::vector<std::uint8_t> data(512, 0xab);
  iu_.fill(0xff);  // What lies between the descriptor and the data is zeroed.
  const Bytes imm = Send(2, Buffer::Immediate(data));
  EXPECT_EQ(imm.size(), 580u);
  EXPECT_EQ(imm[60], 0);
  const auto imm_cmd = wire::ParseCmd(imm);
  ASSERT_TRUE(imm_cmd.ok());
  const auto imm_buffers = wire::ParseBuffers(*imm_cmd, imm, kImmOffset);
  ASSERT_TRUE(imm_buffers.ok());
  EXPECT_EQ(imm_buffers->out.ImmediateIn(imm).front(), 0xab);
  EXPECT_EQ(imm_buffers->out.ImmediateIn(imm).size(), 512u);
}

// [R-RSP-06, R-INV-01, R-INV-02]
TEST_F(InitiatorTest, ACompletionBringsCookieResidualsAndCredit) {
  LogIn();
  const wire::Direct direct{RemoteAddr(0), RKey(1), 4096};
  Send(7, {}, Buffer::Direct(direct));
  EXPECT_EQ(channel_.credits(), kGrant - 1);
  EXPECT_TRUE(channel_.IsOutstanding(MakeTag(7)));
  const auto iu = Rsp({.tag = 7, .flags = wire::kDiunder, .in_residual = 96});
  const Received received = channel_.OnIu(iu);
  EXPECT_EQ(received.violation, Violation::kNone);
  const auto& done = std::get<received::Completion>(received.what);
  EXPECT_EQ(done.cookie, 700u);
  EXPECT_EQ(done.in_moved, 4000u);
  EXPECT_EQ(done.req_lim_delta, 1);
  EXPECT_EQ(channel_.credits(), kGrant);
  EXPECT_EQ(channel_.outstanding(), 0u);
  EXPECT_EQ(channel_.credits_missing(), 0);
}

TEST_F(InitiatorTest, OneCreditStaysForTaskManagement) {
  LogIn();
  std::uint64_t tag = 1;
  while (channel_.CanSendCmd()) Send(tag++);
  EXPECT_EQ(channel_.credits(), 1);
  EXPECT_TRUE(channel_.CanSendTskMgmt());
  SendAbort(99, 1);
  EXPECT_FALSE(channel_.CanSendTskMgmt());
  EXPECT_EQ(Receive({.tag = 99, .delta = 2, .code = wire::RspCode::kComplete}), Violation::kNone);
  EXPECT_EQ(channel_.credits(), 2);
  EXPECT_EQ(channel_.credits_missing(), 0);
}

TEST_F(InitiatorTest, AnAbortedCommandIsNeverAnswered) {
  LogIn();
  Send(1);
  SendAbort(2, 1);
  const auto iu = Rsp({.tag = 2, .delta = 2, .code = wire::RspCode::kComplete});
  const Received received = channel_.OnIu(iu);
  EXPECT_TRUE(std::get<received::Completion>(received.what).aborted_outstanding);
  EXPECT_EQ(Receive({.tag = 1, .delta = 0}), Violation::kAnsweredAfterAbort);
  // An abort that failed leaves the command outstanding.
  Send(3);
  SendAbort(4, 3);
  EXPECT_EQ(Receive({.tag = 4, .code = wire::RspCode::kFunctionFailed}), Violation::kNone);
  EXPECT_EQ(Receive({.tag = 3}), Violation::kNone);
}

TEST_F(InitiatorTest, AnAbortThatNamesAnotherAbortEndsNothing) {
  LogIn();
  Send(1);
  SendAbort(2, 1);
  SendAbort(3, 2);
  EXPECT_EQ(Receive({.tag = 3, .code = wire::RspCode::kComplete}), Violation::kNone);
  EXPECT_EQ(channel_.outstanding(), 2u);
  EXPECT_EQ(Receive({.tag = 2, .code = wire::RspCode::kComplete}), Violation::kNone);
}

TEST_F(InitiatorTest, WhatEndsAllCommandsAtALunEndsThoseSentBeforeItOnly) {
  using F = wire::TskMgmtFunction;
  for (const F function : {F::kLunReset, F::kAbortTaskSet, F::kClearTaskSet}) {
    LogIn();
    Send(1);
    TaskManagement request;
    request.tag = MakeTag(2);
    request.function = function;
    channel_.BuildTskMgmt(request, iu_);
    Send(3);
    const auto iu = Rsp({.tag = 2, .delta = 2, .code = wire::RspCode::kComplete});
    const Received received = channel_.OnIu(iu);
    EXPECT_EQ(received.violation, Violation::kNone);
    EXPECT_TRUE(std::get<received::Completion>(received.what).aborted_outstanding);
    EXPECT_EQ(Receive({.tag = 1, .delta = 0}), Violation::kAnsweredAfterAbort);
    EXPECT_EQ(Receive({.tag = 3}), Violation::kNone);
    EXPECT_EQ(channel_.credits_missing(), 0);
  }
}

TEST_F(InitiatorTest, ClearAcaEndsNoCommand) {
  LogIn();
  Send(1);
  TaskManagement request;
  request.tag = MakeTag(2);
  request.function = wire::TskMgmtFunction::kClearAca;
  channel_.BuildTskMgmt(request, iu_);
  const auto iu = Rsp({.tag = 2, .code = wire::RspCode::kComplete});
  EXPECT_FALSE(std::get<received::Completion>(channel_.OnIu(iu).what).aborted_outstanding);
  EXPECT_EQ(Receive({.tag = 1}), Violation::kNone);
}

TEST_F(InitiatorTest, TheOwnerOfALunResetForgetsItsCommandsOnOtherChannels) {
  LogIn();
  Send(1);
  Send(2);
  EXPECT_EQ(channel_.ForgetLun(MakeLun(LunNumber(5))), 0u);
  EXPECT_EQ(channel_.ForgetLun(MakeLun(LunNumber(0))), 2u);
  EXPECT_EQ(channel_.credits_missing(), 2);
  EXPECT_EQ(Receive({.tag = 2}), Violation::kAnsweredAfterAbort);
}

// [R-RSP-01, R-INV-03]
TEST_F(InitiatorTest, EachRuleOfAResponse) {
  LogIn();
  EXPECT_EQ(Receive({.tag = 1, .delta = 0}), Violation::kUnknownTag);
  Send(1);
  EXPECT_EQ(Receive({.tag = 1, .delta = 2}), Violation::kCreditsAboveGrant);
  LogIn();
  EXPECT_EQ((Send(1), Receive({.tag = 1, .delta = -100})), Violation::kCreditsNegative);
  LogIn();
  EXPECT_EQ((Send(1), Receive({.tag = 1, .flags = wire::kDiunder})), Violation::kInconsistent);
  EXPECT_EQ((Send(2), Receive({.tag = 2, .flags = wire::kDounder, .out_residual = 1})),
            Violation::kResidualTooLarge);
  EXPECT_EQ((Send(3), Receive({.tag = 3, .code = wire::RspCode::kComplete})),
            Violation::kResponseCode);
  EXPECT_EQ((SendAbort(4, 9), Receive({.tag = 4})), Violation::kResponseCode);
  EXPECT_EQ((Send(5), Receive({.tag = 5, .solnt = true})), Violation::kSolicited);
  EXPECT_EQ((Send(6, {}, {}, wire::kScsolnt), Receive({.tag = 6})), Violation::kSolicited);
  EXPECT_EQ((Send(7, {}, {}, wire::kScsolnt), Receive({.tag = 7, .solnt = true})),
            Violation::kNone);
  EXPECT_EQ((Send(8, {}, {}, wire::kScsolnt), Receive({.tag = 8, .status = 2})), Violation::kNone);
  EXPECT_EQ(channel_.credits_missing(), 0);
}

TEST_F(InitiatorTest, ReservedBytesAndLength) {
  LogIn();
  for (const std::size_t at : {2u, 3u, 16u, 17u}) {
    Send(1);
    auto iu = Rsp({.tag = 1});
    iu[at] = 1;
    EXPECT_EQ(channel_.OnIu(iu).violation, Violation::kReservedNotZero) << at;
  }
  Send(1);
  auto flags = Rsp({.tag = 1});
  flags[18] = 0x40;
  EXPECT_EQ(channel_.OnIu(flags).violation, Violation::kReservedNotZero);
  Send(1);
  auto longer = Rsp({.tag = 1});
  longer.resize(261);
  EXPECT_EQ(channel_.OnIu(longer).violation, Violation::kTooLong);
  Send(1);
  auto cut = Rsp({.tag = 1});
  cut.resize(35);
  EXPECT_EQ(channel_.OnIu(cut).violation, Violation::kUnreadable);
  EXPECT_EQ(channel_.OnIu({}).violation, Violation::kUnreadable);
  const std::vector<std::uint8_t> own(48, 2);  // An initiator's opcode.
  EXPECT_EQ(channel_.OnIu(own).violation, Violation::kUnreadable);
  EXPECT_TRUE(channel_.IsOutstanding(MakeTag(1)));
}

TEST_F(InitiatorTest, RequestsOfTheTargetAreAnsweredOneAtATime) {
  LogIn(wire::kLoginReqImmediate | wire::kLoginReqCrsolnt);
  for (int i = 0; i < 4; ++i) Send(static_cast<std::uint64_t>(i) + 1);
  channel_.ForgetLun(MakeLun(LunNumber(0)));
  std::array<std::uint8_t, 64> iu{};
  Bytes req = Bytes(iu).first(wire::SerializeCredReq({true, 2, MakeTag(9)}, iu));
  Received received = channel_.OnIu(req);
  EXPECT_EQ(received.violation, Violation::kNone);
  EXPECT_EQ(std::get<received::CreditRequest>(received.what).tag, MakeTag(9));
  EXPECT_EQ(channel_.credits(), kGrant - 2);
  EXPECT_EQ(channel_.OnIu(req).violation, Violation::kSecondTargetRequest);
  EXPECT_EQ(channel_.BuildCredRsp(MakeTag(9), iu_), 16u);
  EXPECT_EQ(channel_.credits(), kGrant);  // The answer cost nothing.

  wire::AerReq aer;
  aer.tag = MakeTag(10);
  aer.lun = MakeLun(LunNumber(3));
  req = Bytes(iu).first(wire::SerializeAerReq(aer, iu));
  received = channel_.OnIu(req);
  EXPECT_EQ(received.violation, Violation::kNone);
  EXPECT_EQ(std::get<received::AsyncEvent>(received.what).lun, MakeLun(LunNumber(3)));
  EXPECT_EQ(channel_.BuildAerRsp(MakeTag(10), iu_), 16u);
  EXPECT_EQ(iu_[0], 0x42);
}

TEST_F(InitiatorTest, NothingComesAfterALogout) {
  LogIn();
  Send(1);
  std::array<std::uint8_t, 16> iu{};
  wire::TLogout logout;
  logout.reason = wire::TLogoutReason::kInvalidIuLength;
  wire::SerializeTLogout(logout, iu);
  const Received received = channel_.OnIu(iu);
  EXPECT_EQ(received.violation, Violation::kNone);
  EXPECT_EQ(std::get<received::Logout>(received.what).reason,
            wire::TLogoutReason::kInvalidIuLength);
  EXPECT_FALSE(channel_.live());
  EXPECT_EQ(Receive({.tag = 1}), Violation::kAfterLogout);
}

TEST_F(InitiatorTest, OurOwnLogoutUsesACredit) {
  LogIn();
  EXPECT_EQ(channel_.BuildILogout(MakeTag(1), iu_), 16u);
  EXPECT_EQ(channel_.credits(), kGrant - 1);
  EXPECT_FALSE(channel_.live());
}

TEST_F(InitiatorTest, EveryViolationHasANameAndAnInvariant) {
  for (int v = 1; v <= static_cast<int>(Violation::kAfterLogout); ++v) {
    const auto violation = static_cast<Violation>(v);
    EXPECT_NE(to_string(violation), "unknown violation") << v;
    EXPECT_GT(InvariantNumber(violation), 0) << v;
  }
}

using InitiatorDeathTest = InitiatorTest;

TEST_F(InitiatorDeathTest, ABadSenderIsOurOwnBug) {
  LogIn();
  Send(1);
  EXPECT_DEATH(Send(1), "");
  for (std::uint64_t tag = 2; tag <= 8; ++tag) Send(tag);
  EXPECT_DEATH(Send(9), "");
}

}  // namespace
}  // namespace srpt::initiator
