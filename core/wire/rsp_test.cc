// TSK_MGMT and RSP.
#include "core/wire/rsp.h"

#include <gtest/gtest.h>

#include "core/wire/golden.h"
#include "core/wire/refusal.h"
#include "core/wire/tsk_mgmt.h"

namespace srpt::wire {
namespace {

using golden::Buffer;

const Buffer kSense = golden::FromHex("70 00 05 00 00 00 00 0a 00 00 00 00 24 00 00 00 00 00");

Rsp CheckCondition() {
  Rsp rsp;
  rsp.req_lim_delta = 1;
  rsp.tag.bytes = {5, 0, 2, 0, 0, 0, 0, 0};
  rsp.flags = kSnsvalid | kDiunder;
  rsp.status = 2;
  rsp.in_residual = 4096;
  rsp.sense = kSense;
  return rsp;
}

// [R-RSP-01]
TEST(Rsp, ReadsAndWritesACheckCondition) {
  const auto iu = golden::RspCheckCondition();
  const auto rsp = ParseRsp(iu);
  ASSERT_TRUE(rsp.ok());
  EXPECT_EQ(*rsp, CheckCondition());
  EXPECT_TRUE(IsConsistent(*rsp));
  EXPECT_FALSE(ResponseCode(*rsp).has_value());
  Buffer out(iu.size(), 0xee);
  EXPECT_EQ(SerializedBytes(*rsp), 54u);
  EXPECT_EQ(SerializeRsp(CheckCondition(), out), 54u);
  EXPECT_EQ(out, iu);
}

TEST(Rsp, ReadsAndWritesTheAnswerToAnAbort) {
  const auto iu = golden::RspAbort();
  const auto data = ResponseData(RspCode::kComplete);
  Rsp expected;
  expected.req_lim_delta = 2;
  expected.tag.bytes = {1, 0, 0, 0x80, 0, 0, 0, 0};
  expected.flags = kRspvalid;
  expected.response_data = data;
  const auto rsp = ParseRsp(iu);
  ASSERT_TRUE(rsp.ok());
  EXPECT_EQ(*rsp, expected);
  EXPECT_EQ(ResponseCode(*rsp), RspCode::kComplete);
  EXPECT_TRUE(IsConsistent(*rsp));
  Buffer out(iu.size(), 0xee);
  EXPECT_EQ(SerializeRsp(expected, out), 40u);
  EXPECT_EQ(out, iu);
}

TEST(Rsp, SenseStartsBehindTheResponseDataWhateverTheFlagsSay) {
  const auto data = ResponseData(RspCode::kFunctionFailed);
  Rsp rsp = CheckCondition();
  rsp.response_data = data;  // Without kRspvalid, as ib_srp reads it.
  rsp.solnt = true;
  rsp.req_lim_delta = -1;
  Buffer iu(SerializedBytes(rsp), 0xee);
  ASSERT_EQ(SerializeRsp(rsp, iu), 58u);
  EXPECT_EQ(iu[1], 0x01);
  const auto back = ParseRsp(iu);
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(*back, rsp);
  EXPECT_FALSE(ResponseCode(*back).has_value());
  EXPECT_FALSE(IsConsistent(*back));
}

TEST(Rsp, RefusesLengthsThatRunPastTheEnd) {
  auto iu = golden::RspCheckCondition();
  iu[31] += 1;
  EXPECT_EQ(Refusal(ParseRsp(iu)), ParseError::kLengthMismatch);
  iu = golden::RspCheckCondition();
  for (std::size_t i = 28; i < 36; ++i) iu[i] = 0xff;  // Both lengths: a 32-bit sum would wrap.
  EXPECT_EQ(Refusal(ParseRsp(iu)), ParseError::kLengthMismatch);
  iu = golden::RspCheckCondition();
  iu.resize(35);
  EXPECT_EQ(Refusal(ParseRsp(iu)), ParseError::kTooShort);
  iu[0] = 0xc0;
  EXPECT_EQ(Refusal(ParseRsp(iu)), ParseError::kWrongOpcode);
}

// [R-RSP-03]
TEST(Rsp, TruncatesSenseToThePeersMaximum) {
  Rsp rsp = CheckCondition();
  TruncateSense(rsp, 54);
  EXPECT_EQ(rsp, CheckCondition()) << "it fits";
  TruncateSense(rsp, 53);
  EXPECT_EQ(rsp.sense.size(), 17u);
  EXPECT_EQ(SerializedBytes(rsp), 53u);
  EXPECT_TRUE(IsConsistent(rsp));
  TruncateSense(rsp, 36);
  EXPECT_TRUE(rsp.sense.empty());
  EXPECT_EQ(rsp.flags, kDiunder);
  EXPECT_TRUE(IsConsistent(rsp));
  rsp = CheckCondition();
  TruncateSense(rsp, 0);
  EXPECT_EQ(SerializedBytes(rsp), kRspBytes);
}

TEST(Rsp, KnowsWhatIsInconsistent) {
  const auto inconsistent = [](auto change) {
    Rsp rsp = CheckCondition();
    change(rsp);
    return !IsConsistent(rsp);
  };
  EXPECT_FALSE(inconsistent([](Rsp&) {}));
  EXPECT_TRUE(inconsistent([](Rsp& r) { r.sense = {}; }));
  EXPECT_TRUE(inconsistent([](Rsp& r) { r.flags = kDiunder; }));
  EXPECT_TRUE(inconsistent([](Rsp& r) { r.flags |= kDiover; }));
  EXPECT_TRUE(inconsistent([](Rsp& r) { r.in_residual = 0; }));
  EXPECT_TRUE(inconsistent([](Rsp& r) { r.flags = kSnsvalid; }));
  EXPECT_TRUE(inconsistent([](Rsp& r) { r.out_residual = 1; }));
  EXPECT_TRUE(inconsistent([](Rsp& r) { r.flags |= kDoover; }));
  EXPECT_TRUE(inconsistent([](Rsp& r) {
    r.flags |= kDoover | kDounder;
    r.out_residual = 1;
  }));
  EXPECT_TRUE(inconsistent([](Rsp& r) { r.flags |= kRspvalid; }));
  EXPECT_TRUE(inconsistent([](Rsp& r) { r.response_data = Bytes(kSense).first(4); }));
}

TEST(RspDeathTest, ChecksItsRoom) {
  Buffer out(53);
  EXPECT_DEATH(SerializeRsp(CheckCondition(), out), "");
}

// [R-TSK-01]
TEST(TskMgmt, ReadsAndWritesAnAbort) {
  const auto iu = golden::TskMgmtAbort();
  TskMgmt expected;
  expected.tag.bytes = {1, 0, 0, 0x80, 0, 0, 0, 0};
  expected.lun.bytes = {0, 1, 0, 0, 0, 0, 0, 0};
  expected.function = TskMgmtFunction::kAbortTask;
  expected.task_tag.bytes = {5, 0, 2, 0, 0, 0, 0, 0};
  const auto request = ParseTskMgmt(iu);
  ASSERT_TRUE(request.ok());
  EXPECT_EQ(*request, expected);
  Buffer out(iu.size(), 0xee);
  EXPECT_EQ(SerializeTskMgmt(expected, out), kTskMgmtBytes);
  EXPECT_EQ(out, iu);
}

TEST(TskMgmt, RefusesShortAndForeignAndKeepsUnknownFunctions) {
  auto iu = golden::TskMgmtAbort();
  iu[30] = 0x77;
  ASSERT_TRUE(ParseTskMgmt(iu).ok());
  EXPECT_EQ(to_string(ParseTskMgmt(iu)->function), "unknown function");
  iu.pop_back();
  EXPECT_EQ(Refusal(ParseTskMgmt(iu)), ParseError::kTooShort);
  iu[0] = 0x02;
  EXPECT_EQ(Refusal(ParseTskMgmt(iu)), ParseError::kWrongOpcode);
}

}  // namespace
}  // namespace srpt::wire
