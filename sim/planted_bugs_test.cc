// The tables of invariants and of planted bugs fit together. (That each bug is caught: ./dev
// planted.)
#include "sim/planted_bugs.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace srpt::sim {
namespace {

constexpr int kBugs = static_cast<int>(PlantedBug::kCount);

TEST(PlantedBugs, NoneInThisBuild) {
  EXPECT_FALSE(kPlantable);
  for (int b = 1; b < kBugs; ++b) EXPECT_FALSE(Planted(static_cast<PlantedBug>(b)));
}

TEST(PlantedBugs, AreAtLeastForty) { EXPECT_GE(kBugs - 1, 40); }

TEST(PlantedBugs, EachHasANameOfItsOwnAndInvariantsThatAreLookedAt) {
  std::set<std::string_view> names;
  for (int b = 1; b < kBugs; ++b) {
    const PlantedRule& rule = RuleOf(static_cast<PlantedBug>(b));
    EXPECT_TRUE(names.insert(rule.name).second) << rule.name;
    EXPECT_EQ(PlantedBugOf(rule.name), rule.bug);
    EXPECT_FALSE(rule.what.empty()) << rule.name;
    EXPECT_NE(rule.caught_by[0], 0) << rule.name;
    for (const int number : rule.caught_by) {
      if (number == 0) continue;
      ASSERT_NE(InvariantOf(number), Invariant::kNone) << rule.name;
      EXPECT_FALSE(RuleOf(InvariantOf(number)).checked.empty()) << rule.name << ": " << number;
    }
  }
}

// What no mistake was seen to break is not trusted.
TEST(PlantedBugs, EachInvariantThatIsLookedAtHasOne) {
  std::set<int> broken;
  for (int b = 1; b < kBugs; ++b) {
    for (const int number : RuleOf(static_cast<PlantedBug>(b)).caught_by) broken.insert(number);
  }
  for (int i = 1; i <= kInvariants; ++i) {
    const InvariantRule& rule = RuleOf(InvariantOf(i));
    if (InvariantOf(i) == Invariant::kEveryPathReached) continue;  // Of campaigns, not of seeds.
    EXPECT_EQ(broken.count(i), rule.checked.empty() ? 0u : 1u) << i << ": " << rule.sentence;
  }
}

TEST(Invariants, EachIsLookedAtOrSaysWhyNot) {
  for (int i = 1; i <= kInvariants; ++i) {
    const InvariantRule& rule = RuleOf(InvariantOf(i));
    EXPECT_FALSE(rule.sentence.empty());
    EXPECT_NE(rule.checked.empty(), rule.why.empty()) << i;
  }
  EXPECT_EQ(InvariantOf(0), Invariant::kNone);
  EXPECT_EQ(InvariantOf(kInvariants + 1), Invariant::kNone);
}

TEST(Invariants, ABreachHasATextAndASignature) {
  const Breach one{Invariant::kKnownTag, "peer 3: tag 17 at 0x7f00"};
  const Breach other{Invariant::kKnownTag, "peer 12: tag 4 at 0x9"};
  EXPECT_EQ(one.Text(),
            "invariant 2 (no RSP for a tag that is not outstanding on that channel): "
            "peer 3: tag 17 at 0x7f00");
  EXPECT_EQ(one.Signature(), other.Signature());
  EXPECT_NE(one.Signature(), (Breach{Invariant::kOneResponse, one.what}.Signature()));
  EXPECT_EQ(Breach{}.Text(), "");
}

TEST(Invariants, CoresSentencesBeginWithTheirNumber) {
  const Breach numbered = BreachOf("9: granted = remaining (channel 3)");
  EXPECT_EQ(numbered.invariant, Invariant::kCreditsCounted);
  EXPECT_EQ(numbered.what, "granted = remaining (channel 3)");
  EXPECT_EQ(BreachOf("no number").invariant, Invariant::kNoIllegalMove);
  EXPECT_EQ(BreachOf("51: none").invariant, Invariant::kNoIllegalMove);
  EXPECT_TRUE(BreachOf("").empty());
}

}  // namespace
}  // namespace srpt::sim
