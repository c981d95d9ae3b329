// The small IUs around a channel: I_LOGOUT and T_LOGOUT, CRED_REQ and CRED_RSP, AER_REQ and
// AER_RSP.
#include <gtest/gtest.h>

#include "core/wire/aer.h"
#include "core/wire/cred.h"
#include "core/wire/golden.h"
#include "core/wire/logout.h"
#include "core/wire/refusal.h"

namespace srpt::wire {
namespace {

using golden::Buffer;

// Reads `iu` as `expected`, writes it back as it was, and refuses it one byte short or with another
// opcode.
template <class T, class Parse, class Serialize>
void ExpectReadsAndWrites(const Buffer& iu, const T& expected, Parse parse, Serialize serialize) {
  const Result<T, ParseError> parsed = parse(iu);
  ASSERT_TRUE(parsed.ok());
  EXPECT_TRUE(*parsed == expected);
  Buffer out(iu.size() + 1, 0xee);
  EXPECT_EQ(serialize(expected, out), iu.size());
  EXPECT_EQ(out.back(), 0xee);
  out.pop_back();
  EXPECT_EQ(out, iu);
  for (std::size_t n = 0; n < 16; ++n) {
    Buffer cut = iu;
    cut.resize(n);
    EXPECT_EQ(Refusal(parse(cut)), ParseError::kTooShort) << n;
  }
  Buffer foreign = iu;
  foreign[0] = 0x02;
  EXPECT_EQ(Refusal(parse(foreign)), ParseError::kWrongOpcode);
}

TEST(Logout, OfTheInitiator) {
  ExpectReadsAndWrites(golden::ILogout(),
                       ILogout{Tag{{0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8}}}, ParseILogout,
                       SerializeILogout);
}

TEST(Logout, OfTheTarget) {
  ExpectReadsAndWrites(golden::TLogout(),
                       TLogout{true, TLogoutReason::kInvalidIuLength,
                               Tag{{0xb1, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6, 0xb7, 0xb8}}},
                       ParseTLogout, SerializeTLogout);
}

const Tag kCredTag{{0xc1, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7, 0xc8}};

TEST(Cred, RequestWithANegativeDelta) {
  ExpectReadsAndWrites(golden::CredReq(), CredReq{true, -2, kCredTag}, ParseCredReq,
                       SerializeCredReq);
}

TEST(Cred, Response) {
  ExpectReadsAndWrites(golden::CredRsp(), CredRsp{kCredTag}, ParseCredRsp, SerializeCredRsp);
}

const Tag kAerTag{{0xd1, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8}};

TEST(Aer, Request) {
  const Buffer sense = golden::FromHex("70 00 06 00 00 00 00 0a 00 00 00 00 3f 0e 00 00 00 00");
  AerReq expected;
  expected.req_lim_delta = 3;
  expected.tag = kAerTag;
  expected.lun.bytes = {0, 1, 0, 0, 0, 0, 0, 0};
  expected.sense = sense;
  EXPECT_EQ(SerializedBytes(expected), 54u);
  ExpectReadsAndWrites(golden::AerReq(), expected, ParseAerReq, SerializeAerReq);
}

TEST(Aer, RequestWhoseSenseRunsPastTheEnd) {
  Buffer iu = golden::AerReq();
  iu.pop_back();
  EXPECT_EQ(Refusal(ParseAerReq(iu)), ParseError::kLengthMismatch);
  iu[28] = 0xff;
  EXPECT_EQ(Refusal(ParseAerReq(iu)), ParseError::kLengthMismatch);
  iu.resize(35);
  EXPECT_EQ(Refusal(ParseAerReq(iu)), ParseError::kTooShort);
}

TEST(Aer, Response) {
  ExpectReadsAndWrites(golden::AerRsp(), AerRsp{kAerTag}, ParseAerRsp, SerializeAerRsp);
}

}  // namespace
}  // namespace srpt::wire
