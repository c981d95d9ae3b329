#include "target/verbs/wr_id.h"

#include <gtest/gtest.h>

namespace srpt::target {
namespace {

TEST(WrId, EveryFieldComesBackAtItsExtremes) {
  for (const WrKind kind :
       {WrKind::kRecv, WrKind::kSend, WrKind::kRdma, WrKind::kRdmaQuiet, WrKind::kProbe}) {
    for (const std::uint32_t slot : {0u, 1u, WrId::kChannelSlots - 1}) {
      for (const std::uint32_t generation : {0u, 1u, 0xfffu}) {
        for (const std::uint32_t index : {0u, 1u, WrId::kIndices - 1}) {
          for (const std::uint16_t sequence : {0, 1, 0xffff}) {
            const WrId id{kind, ChannelId::Make(slot, generation), index, sequence};
            EXPECT_EQ(DecodeWrId(EncodeWrId(id)), id);
          }
        }
      }
    }
  }
}

TEST(WrId, NeverZero) {
  // Zero is what a provider that lost the id would give: it must not look like one of ours.
  const WrId id{WrKind::kRecv, ChannelId::Make(0, 0), 0, 0};
  EXPECT_NE(EncodeWrId(id), 0u);
}

TEST(WrId, GenerationsOfOneSlotDiffer) {
  const WrId earlier{WrKind::kSend, ChannelId::Make(7, 1), 3, 9};
  const WrId later{WrKind::kSend, ChannelId::Make(7, 2), 3, 9};
  EXPECT_NE(EncodeWrId(earlier), EncodeWrId(later));
}

TEST(WrIdDeathTest, AnIndexOutOfRangeIsOurBug) {
  const WrId id{WrKind::kRecv, ChannelId::Make(0, 0), WrId::kIndices, 0};
  EXPECT_DEATH(EncodeWrId(id), "");
}

}  // namespace
}  // namespace srpt::target
