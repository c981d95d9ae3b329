// LOGIN_REQ in both forms, LOGIN_RSP, LOGIN_REJ.
#include <gtest/gtest.h>

#include "core/wire/golden.h"
#include "core/wire/login_rej.h"
#include "core/wire/login_req.h"
#include "core/wire/login_rsp.h"
#include "core/wire/refusal.h"

namespace srpt::wire {
namespace {

using golden::Buffer;

LoginReq ExampleReq() {
  LoginReq req;
  req.req_it_iu_len = 8260;
  req.req_buf_fmt = kBufFmtDirect | kBufFmtIndirect;
  req.flags = kLoginReqImmediate;
  req.imm_data_offset = 68;
  req.initiator_port.bytes = {0, 2, 0xc9, 3, 0, 0xaa, 0, 1, 0, 2, 0xc9, 3, 0, 0xbb, 0, 1};
  req.target_port.bytes = {0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
                           0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77};
  return req;
}

// [R-LOGIN-01]
TEST(LoginReq, ReadsTheInfiniBandForm) {
  const auto req = ParseLoginReq64(golden::LoginReq64());
  ASSERT_TRUE(req.ok());
  EXPECT_EQ(*req, ExampleReq());
  EXPECT_EQ(req->multichannel(), MultichannelAction::kSingle);
  EXPECT_TRUE(req->wants_immediate());
}

// [R-LOGIN-02]
TEST(LoginReq, ReadsTheRdmaCmForm) {
  const auto req = ParseLoginReqCm(golden::LoginReqCm());
  ASSERT_TRUE(req.ok());
  EXPECT_EQ(*req, ExampleReq());
}

TEST(LoginReq, WritesBothForms) {
  Buffer out(kLoginReq64Bytes, 0xee);
  EXPECT_EQ(SerializeLoginReq64(ExampleReq(), out), kLoginReq64Bytes);
  EXPECT_EQ(out, golden::LoginReq64());
  out.assign(kLoginReqCmBytes, 0xee);
  EXPECT_EQ(SerializeLoginReqCm(ExampleReq(), out), kLoginReqCmBytes);
  EXPECT_EQ(out, golden::LoginReqCm());
}

TEST(LoginReq, TakesThePaddingOfPrivateData) {
  Buffer padded = golden::LoginReq64();
  padded.resize(92, 0);
  const auto req = ParseLoginReq64(padded);
  ASSERT_TRUE(req.ok());
  EXPECT_EQ(*req, ExampleReq());
  padded = golden::LoginReqCm();
  padded.resize(92, 0xff);
  const auto cm = ParseLoginReqCm(padded);
  ASSERT_TRUE(cm.ok());
  EXPECT_EQ(*cm, ExampleReq());
}

TEST(LoginReq, RefusesEveryShorterLength) {
  for (std::size_t n = 0; n < kLoginReq64Bytes; ++n) {
    Buffer cut = golden::LoginReq64();
    cut.resize(n);
    const auto req = ParseLoginReq64(cut);
    EXPECT_EQ(Refusal(req), ParseError::kTooShort) << n;
  }
  for (std::size_t n = 0; n < kLoginReqCmBytes; ++n) {
    Buffer cut = golden::LoginReqCm();
    cut.resize(n);
    const auto req = ParseLoginReqCm(cut);
    EXPECT_EQ(Refusal(req), ParseError::kTooShort) << n;
  }
}

TEST(LoginReq, RefusesAnotherOpcodeInEitherForm) {
  Buffer bytes = golden::LoginReq64();
  bytes[0] = 0x02;
  EXPECT_EQ(Refusal(ParseLoginReq64(bytes)), ParseError::kWrongOpcode);
  bytes = golden::LoginReqCm();
  bytes[11] = 0x02;
  EXPECT_EQ(Refusal(ParseLoginReqCm(bytes)), ParseError::kWrongOpcode);
  bytes = golden::LoginReqCm();
  bytes[0] = 0x02;  // The tag's first byte there.
  EXPECT_TRUE(ParseLoginReqCm(bytes).ok());
}

TEST(LoginReq, AllZeroesIsALoginWithLengthZero) {
  const Buffer zeroes(kLoginReqCmBytes, 0);
  ASSERT_TRUE(ParseLoginReqCm(zeroes).ok());
  EXPECT_EQ(ParseLoginReqCm(zeroes)->req_it_iu_len, 0u);
}

TEST(LoginReq, KeepsEveryMultichannelAction) {
  for (int action = 0; action < 4; ++action) {
    LoginReq req = ExampleReq();
    req.flags = static_cast<std::uint8_t>(kLoginReqLosolnt | action);
    EXPECT_EQ(static_cast<int>(req.multichannel()), action);
    EXPECT_FALSE(req.wants_immediate());
  }
}

LoginRsp ExampleRsp() {
  LoginRsp rsp;
  rsp.req_lim_delta = 128;
  rsp.max_it_iu_len = 8276;
  rsp.max_ti_iu_len = 260;
  rsp.buf_fmt = kBufFmtDirect | kBufFmtIndirect;
  rsp.flags = kLoginRspImmediate;
  return rsp;
}

// [R-LOGIN-03]
TEST(LoginRsp, ReadsAndWritesTheExample) {
  const auto rsp = ParseLoginRsp(golden::LoginRsp());
  ASSERT_TRUE(rsp.ok());
  EXPECT_EQ(*rsp, ExampleRsp());
  EXPECT_EQ(rsp->multichannel(), MultichannelResult::kNoneExisted);
  Buffer out(kLoginRspBytes, 0xee);
  EXPECT_EQ(SerializeLoginRsp(ExampleRsp(), out), kLoginRspBytes);
  EXPECT_EQ(out, golden::LoginRsp());
}

TEST(LoginRsp, RefusesShortAndForeign) {
  Buffer bytes = golden::LoginRsp();
  bytes.pop_back();
  EXPECT_EQ(Refusal(ParseLoginRsp(bytes)), ParseError::kTooShort);
  bytes = golden::LoginRsp();
  bytes[0] = 0xc2;
  EXPECT_EQ(Refusal(ParseLoginRsp(bytes)), ParseError::kWrongOpcode);
}

TEST(LoginRej, ReadsAndWritesTheExample) {
  const LoginRej expected{LoginRejReason::kReqItIuLengthTooLarge, Tag{{1, 2, 3, 4, 5, 6, 7, 8}},
                          kBufFmtDirect | kBufFmtIndirect};
  const auto rej = ParseLoginRej(golden::LoginRej());
  ASSERT_TRUE(rej.ok());
  EXPECT_EQ(*rej, expected);
  Buffer out(kLoginRejBytes, 0xee);
  EXPECT_EQ(SerializeLoginRej(expected, out), kLoginRejBytes);
  EXPECT_EQ(out, golden::LoginRej());
}

TEST(LoginRej, RefusesShortAndForeignAndKeepsUnknownReasons) {
  Buffer bytes = golden::LoginRej();
  bytes.pop_back();
  EXPECT_EQ(Refusal(ParseLoginRej(bytes)), ParseError::kTooShort);
  bytes = golden::LoginRej();
  bytes[7] = 0x77;
  ASSERT_TRUE(ParseLoginRej(bytes).ok());
  EXPECT_EQ(static_cast<std::uint32_t>(ParseLoginRej(bytes)->reason), 0x00010077u);
  EXPECT_EQ(to_string(ParseLoginRej(bytes)->reason), "unknown reason");
  bytes[0] = 0xc1;
  EXPECT_EQ(Refusal(ParseLoginRej(bytes)), ParseError::kWrongOpcode);
}

}  // namespace
}  // namespace srpt::wire
