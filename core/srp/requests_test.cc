// CRED_REQ and AER_REQ: one at a time, answered or timed out.
#include "core/srp/shard_fixture.h"
#include "core/wire/aer.h"
#include "core/wire/cred.h"
#include "core/wire/login_req.h"
#include "core/wire/logout.h"

namespace srpt {
namespace {

constexpr UnitAttention kLuns{0x3f, 0x0e};
constexpr UnitAttention kCapacity{0x2a, 0x09};

class RequestsTest : public ShardFixture {
 protected:
  void Report(ChannelId id, std::uint16_t lun, UnitAttention what) {
    Then(event::FromDirector{message::ReportEvent{id, LunNumber(lun), what}});
  }
  struct Sent {
    wire::AerReq req;
    bool solicited = false;
  };
  std::vector<Sent> Events() {
    std::vector<Sent> out;
    for (const auto& s : Got<action::SendIu>()) {
      const auto req = wire::ParseAerReq(Bytes(memory_.sends[s.send.v]).first(s.length));
      if (req.ok()) out.push_back({*req, s.solicited});
    }
    return out;
  }
  std::vector<wire::CredReq> CreditRequests() {
    std::vector<wire::CredReq> out;
    for (const auto& s : Got<action::SendIu>()) {
      const auto req = wire::ParseCredReq(Bytes(memory_.sends[s.send.v]).first(s.length));
      if (req.ok()) out.push_back(*req);
    }
    return out;
  }
  std::vector<wire::TLogoutReason> Logouts() {
    std::vector<wire::TLogoutReason> out;
    for (const auto& s : Got<action::SendIu>()) {
      const auto logout = wire::ParseTLogout(Bytes(memory_.sends[s.send.v]).first(s.length));
      if (logout.ok()) out.push_back(logout->reason);
    }
    return out;
  }
  // To the channel's request of that number, from 0.
  static std::vector<std::uint8_t> Answer(std::uint8_t opcode, std::uint32_t number = 0) {
    std::vector<std::uint8_t> iu(16);
    iu[0] = opcode;
    iu[15] = static_cast<std::uint8_t>(number);
    return iu;
  }
  static constexpr std::uint8_t kCredRsp = 0x41;
  static constexpr std::uint8_t kAerRsp = 0x42;
  // A window of hung reads ends in silence: only a CRED_REQ can bring the credits back.
  void AbortAll(ChannelId id) {
    for (std::uint64_t tag = 1; tag <= 8; ++tag) {
      Receive(id, Cmd(tag, Rw(false, 0, 8), Data::kIn, {At(0, 4096)}));
      reads_.push_back(Got<action::BlockRead>().at(0).op);
    }
    Then(event::FromDirector{message::AbortFence{FenceId(1), LuId(7), {}, {}}});
  }
  std::vector<OpId> reads_;
};

TEST_F(RequestsTest, AnEventIsToldWithItsLunAndSense) {
  const ChannelId id = Login();
  Report(id, 3, kLuns);
  ASSERT_EQ(Events().size(), 1u);
  const wire::AerReq req = Events()[0].req;
  EXPECT_EQ(req.lun.bytes[1], 3);
  ASSERT_EQ(req.sense.size(), 18u);
  EXPECT_EQ(req.sense[2], 6);
  EXPECT_EQ(req.sense[12], 0x3f);
  EXPECT_EQ(req.sense[13], 0x0e);
  EXPECT_EQ(req.req_lim_delta, 0);
  EXPECT_FALSE(req.solnt);
  EXPECT_FALSE(Events()[0].solicited);
}

// [R-INV-12]
TEST_F(RequestsTest, AnAnswerCostsNoCreditAndItsReceiveIsPostedAgain) {
  const ChannelId id = Login();
  Report(id, 3, kLuns);
  Deliver();
  Receive(id, Answer(kAerRsp));
  EXPECT_EQ(Got<action::PostRecv>().size(), 1u);
  EXPECT_TRUE(Logouts().empty());
  EXPECT_EQ(Info(id).req_lim, 8u);
}

// [R-INV-13, R-CRED-06]
TEST_F(RequestsTest, OneRequestAtATimeInOrderEachEventOnce) {
  const ChannelId id = Login();
  Report(id, 1, kCapacity);
  ASSERT_EQ(Events().size(), 1u);
  Report(id, 2, kCapacity);
  EXPECT_TRUE(Events().empty());
  Report(id, 2, kCapacity);
  Report(id, 3, kLuns);
  EXPECT_TRUE(Events().empty());
  Receive(id, Answer(kAerRsp));
  ASSERT_EQ(Events().size(), 1u);
  EXPECT_EQ(Events()[0].req.lun.bytes[1], 2);
  Receive(id, Answer(kAerRsp, 1));
  ASSERT_EQ(Events().size(), 1u);
  EXPECT_EQ(Events()[0].req.lun.bytes[1], 3);
  Receive(id, Answer(kAerRsp, 2));
  EXPECT_TRUE(Got<action::SendIu>().empty());
}

TEST_F(RequestsTest, MoreEventsThanAreKeptAreLeftToUnitAttentions) {
  const ChannelId id = Login();
  for (std::uint16_t lun = 1; lun <= 100; ++lun) Report(id, lun, kCapacity);
  std::uint32_t more = 0;
  for (;; ++more) {
    Receive(id, Answer(kAerRsp, more));
    if (Events().empty()) break;
  }
  EXPECT_EQ(more, limits::kAsyncEventsMax);
}

TEST_F(RequestsTest, SolicitedAsTheLoginAsked) {
  solicited_ = wire::kLoginReqAesolnt;
  const ChannelId id = Login();
  Report(id, 3, kLuns);
  ASSERT_EQ(Events().size(), 1u);
  EXPECT_TRUE(Events()[0].req.solnt);
  EXPECT_TRUE(Events()[0].solicited);
}

TEST_F(RequestsTest, AnAnswerOfTheOtherKindIsSpurious) {
  const ChannelId id = Login();
  Report(id, 3, kLuns);
  Deliver();
  Receive(id, Answer(kCredRsp));
  EXPECT_EQ(Logouts(), std::vector{wire::TLogoutReason::kSpuriousInitiatorResponse});
}

// A late repetition of an answer must not pass for that to the next request.
TEST_F(RequestsTest, AnAnswerToAnEarlierRequestIsSpurious) {
  const ChannelId id = Login();
  Report(id, 3, kLuns);
  Receive(id, Answer(kAerRsp));
  Report(id, 4, kLuns);
  ASSERT_EQ(Events().size(), 1u);
  EXPECT_EQ(Events()[0].req.tag.bytes[7], 1);
  Receive(id, Answer(kAerRsp));
  EXPECT_EQ(Logouts(), std::vector{wire::TLogoutReason::kSpuriousInitiatorResponse});
}

TEST_F(RequestsTest, ASecondAnswerIsSpurious) {
  const ChannelId id = Login();
  Report(id, 3, kLuns);
  Deliver();
  Receive(id, Answer(kAerRsp));
  Receive(id, Answer(kAerRsp));
  EXPECT_EQ(Logouts(), std::vector{wire::TLogoutReason::kSpuriousInitiatorResponse});
}

TEST_F(RequestsTest, AnEventThatIsNeverAnsweredEndsTheChannel) {
  const ChannelId id = Login();
  Report(id, 3, kLuns);
  const SendId send = Got<action::SendIu>().at(0).send;
  Advance(limits::kTargetRequestTimeout);
  EXPECT_TRUE(Logouts().empty()) << "it was not even delivered";
  now_ = now_ + Seconds(1);
  Then(event::SendDone{id, send});
  Advance(limits::kTargetRequestTimeout);
  EXPECT_EQ(Logouts(), std::vector{wire::TLogoutReason::kInactive});
}

TEST_F(RequestsTest, AnEventWaitsForTheCreditRequestAndTakesWhatIsOwedMeanwhile) {
  const ChannelId id = Login();
  AbortAll(id);
  for (const OpId op : reads_) Then(event::BlockDone{op});
  const auto requests = CreditRequests();
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_EQ(requests[0].req_lim_delta, 8);
  Report(id, 3, kLuns);
  EXPECT_TRUE(Events().empty());
  Receive(id, Answer(kCredRsp));
  ASSERT_EQ(Events().size(), 1u);
  EXPECT_EQ(Events()[0].req.req_lim_delta, 0);
}

TEST_F(RequestsTest, WhenWhatIsLeftHangsTheOthersCreditsComeBackByRequest) {
  const ChannelId id = Login();
  AbortAll(id);
  for (std::size_t i = 1; i < reads_.size(); ++i) Then(event::BlockDone{reads_[i]});
  EXPECT_TRUE(CreditRequests().empty());
  Advance(limits::kOwedCreditsWait);
  const auto requests = CreditRequests();
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_EQ(requests[0].req_lim_delta, 7);
}

// Credits are owed, the peer has two, and an ABORT TASK takes one of them and waits for a disk.
TEST_F(RequestsTest, WhatIsOwedComesWhenARequestThatWaitsTakesTheLastButOne) {
  const ChannelId id = Login();
  Receive(id, OneRead(1));
  const OpId read = Got<action::BlockRead>().at(0).op;
  for (std::uint64_t tag = 2; tag <= 6; ++tag) Receive(id, OneWrite(tag));
  Receive(id, Tmf(7, wire::TskMgmtFunction::kAbortTask, 1));  // Answered: its credit is back.
  Then(event::BlockDone{read});                               // The read's is owed: 2 and 1.
  Advance(limits::kOwedCreditsWait);
  EXPECT_TRUE(CreditRequests().empty());
  Receive(id, Tmf(8, wire::TskMgmtFunction::kAbortTask, 2));
  Advance(limits::kOwedCreditsWait);
  const auto requests = CreditRequests();
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_EQ(requests[0].req_lim_delta, 1);
}

TEST_F(RequestsTest, AReportForAChannelThatIsGoneIsNothing) {
  const ChannelId id = Login();
  Then(event::Disconnected{id});
  Report(id, 3, kLuns);
  EXPECT_TRUE(Got<action::SendIu>().empty());
}

}  // namespace
}  // namespace srpt
