// The oracle must be able to fail: each test feeds it what a broken target would have done.
#include "sim/oracle.h"

#include <gtest/gtest.h>

namespace srpt::sim {
namespace {

class OracleTest : public testing::Test {
 protected:
  OracleTest() {
    oracle.AddUnit(64, 512);
    oracle.AddUnit(16, 4096);
  }
  std::string Sees(Oracle::WriteId write, std::uint64_t lba, Oracle::Stamp read) {
    return oracle.ExplainLabel(read, 0, lba, write == 0 ? kZeroLabel : Oracle::Label(write, 0, lba))
        .what;
  }
  Oracle oracle;
};

// [R-INV-25]
TEST_F(OracleTest, ReadSeesTheAnsweredWrite) {
  const auto w = oracle.BeginWrite(0, 4, 2, 1);
  oracle.EndGood(w);
  const auto r = oracle.BeginRead();
  EXPECT_EQ(Sees(w, 4, r), "");
  EXPECT_EQ(Sees(w, 5, r), "");
  EXPECT_EQ(Sees(0, 6, r), "");
}

TEST_F(OracleTest, ZeroesAfterAnAnsweredWriteAreLostData) {
  oracle.EndGood(oracle.BeginWrite(0, 4, 1, 1));
  const auto r = oracle.BeginRead();
  EXPECT_NE(Sees(0, 4, r).find("old data"), std::string::npos);
}

TEST_F(OracleTest, OlderOfTwoAnsweredWritesIsAViolation) {
  const auto w1 = oracle.BeginWrite(0, 4, 1, 1);
  oracle.EndGood(w1);
  const auto w2 = oracle.BeginWrite(0, 4, 1, 2);
  oracle.EndGood(w2);
  const auto r = oracle.BeginRead();
  EXPECT_NE(Sees(w1, 4, r), "");
  EXPECT_EQ(Sees(w2, 4, r), "");
}

TEST_F(OracleTest, OverlappingWritesMayLandInEitherOrder) {
  const auto w1 = oracle.BeginWrite(0, 4, 1, 1);
  const auto w2 = oracle.BeginWrite(0, 4, 1, 2);
  oracle.EndGood(w1);
  oracle.EndGood(w2);
  const auto r = oracle.BeginRead();
  EXPECT_EQ(Sees(w1, 4, r), "");
  EXPECT_EQ(Sees(w2, 4, r), "");
  EXPECT_NE(Sees(0, 4, r), "");
}

TEST_F(OracleTest, ReadThatBeganEarlierMaySeeTheOldData) {
  const auto w1 = oracle.BeginWrite(0, 4, 1, 1);
  oracle.EndGood(w1);
  const auto r = oracle.BeginRead();
  const auto w2 = oracle.BeginWrite(0, 4, 1, 1);
  oracle.EndGood(w2);
  EXPECT_EQ(Sees(w1, 4, r), "");
  EXPECT_EQ(Sees(w2, 4, r), "");
  EXPECT_NE(Sees(0, 4, r), "");
}

TEST_F(OracleTest, UnansweredWriteMayLandAtAnyTime) {
  const auto lost = oracle.BeginWrite(0, 4, 1, 1);
  const auto w = oracle.BeginWrite(0, 4, 1, 2);
  oracle.EndGood(w);
  const auto r = oracle.BeginRead();
  EXPECT_EQ(Sees(lost, 4, r), "");
  EXPECT_EQ(Sees(w, 4, r), "");
}

TEST_F(OracleTest, AbortedWriteMayNotLandAfterALaterOne) {
  const auto aborted = oracle.BeginWrite(0, 4, 1, 1);
  oracle.EndUnknown(aborted);
  auto r = oracle.BeginRead();
  EXPECT_EQ(Sees(aborted, 4, r), "");
  EXPECT_EQ(Sees(0, 4, r), "");
  const auto w = oracle.BeginWrite(0, 4, 1, 2);
  oracle.EndGood(w);
  r = oracle.BeginRead();
  EXPECT_NE(Sees(aborted, 4, r), "");
}

TEST_F(OracleTest, StaleWriteOfAReplacedSessionBindsOnlyItsOwnNexus) {
  const auto stale = oracle.BeginWrite(0, 4, 1, 1);
  oracle.EndForNexus(stale);
  const auto other = oracle.BeginWrite(0, 4, 1, 2);
  oracle.EndGood(other);
  auto r = oracle.BeginRead();
  EXPECT_EQ(Sees(stale, 4, r), "");
  const auto own = oracle.BeginWrite(0, 4, 1, 1);
  oracle.EndGood(own);
  r = oracle.BeginRead();
  EXPECT_NE(Sees(stale, 4, r), "");
}

TEST_F(OracleTest, RefusedWriteMustNotLand) {
  const auto w = oracle.BeginWrite(0, 4, 1, 1);
  oracle.EndRefused(w);
  EXPECT_NE(Sees(w, 4, oracle.BeginRead()).find("refused"), std::string::npos);
}

TEST_F(OracleTest, DataFromElsewhereIsAViolation) {
  const auto w = oracle.BeginWrite(0, 4, 2, 1);
  oracle.EndGood(w);
  const auto r = oracle.BeginRead();
  EXPECT_NE(oracle.ExplainLabel(r, 0, 4, Oracle::Label(w, 0, 5)).what,
            "");  // Its neighbour's data.
  EXPECT_NE(oracle.ExplainLabel(r, 0, 9, Oracle::Label(w, 0, 9)).what, "");  // Beyond the write.
  EXPECT_NE(oracle.ExplainLabel(r, 1, 4, Oracle::Label(w, 0, 4)).what, "");  // Another unit.
  EXPECT_NE(oracle.ExplainLabel(r, 0, 4, kPoisonLabel).what, "");
  EXPECT_NE(oracle.ExplainLabel(r, 0, 4, kTornLabel).what, "");
  EXPECT_NE(oracle.ExplainLabel(r, 0, 4, 0x7777777700000000u).what, "");
}

// [R-INV-26]
TEST_F(OracleTest, HalfABlockIsAViolation) {
  const auto w1 = oracle.BeginWrite(1, 2, 1, 1);
  const auto w2 = oracle.BeginWrite(1, 2, 1, 2);
  oracle.EndGood(w1);
  oracle.EndGood(w2);
  Content content(Content::Form::kLabels, 4096);
  oracle.Fill(w1, content);
  const auto r = oracle.BeginRead();
  EXPECT_EQ(oracle.Explain(r, 1, 2, 1, content, 0).what, "");
  content.set_label(5, Oracle::Label(w2, 1, 2 * 8 + 5));
  EXPECT_NE(oracle.Explain(r, 1, 2, 1, content, 0).what.find("two writes"), std::string::npos);
}

// [R-INV-30]
TEST_F(OracleTest, FuaMustBeOnStableStorage) {
  const auto w1 = oracle.BeginWrite(0, 4, 1, 1);
  oracle.EndGood(w1);
  const auto w2 = oracle.BeginWrite(0, 4, 1, 1);
  oracle.EndGood(w2);
  EXPECT_EQ(oracle.ExplainDurable(w2, 4, Oracle::Label(w2, 0, 4)).what, "");
  EXPECT_NE(oracle.ExplainDurable(w2, 4, Oracle::Label(w1, 0, 4)).what, "");
  EXPECT_NE(oracle.ExplainDurable(w2, 4, kZeroLabel).what, "");
}

TEST_F(OracleTest, ManyWritesToOneBlockStayBounded) {
  for (int i = 0; i < 1000; ++i) {
    const auto r = oracle.BeginRead();
    const auto w = oracle.BeginWrite(0, 7, 1, 1);
    oracle.EndGood(w);
    if (i % 3 != 0) oracle.EndRead(r);
    const auto later = oracle.BeginRead();
    EXPECT_EQ(Sees(w, 7, later), "");
    if (i > 0) {
      EXPECT_NE(Sees(w - 1, 7, later), "");
    }
    oracle.EndRead(later);
  }
}

}  // namespace
}  // namespace srpt::sim
