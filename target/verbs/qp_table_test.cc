#include "target/verbs/qp_table.h"

#include <gtest/gtest.h>

#include <map>

namespace srpt::target {
namespace {

TEST(QpTableTest, FindsWhatWasAddedUntilItIsRemoved) {
  QpTable table(4);
  EXPECT_FALSE(table.Find(17).valid());
  table.Add(17, ChannelId(1));
  table.Add(0, ChannelId(2));
  EXPECT_EQ(table.Find(17), ChannelId(1));
  EXPECT_EQ(table.Find(0), ChannelId(2));
  table.Remove(17);
  EXPECT_FALSE(table.Find(17).valid());
  EXPECT_EQ(table.Find(0), ChannelId(2));
}

TEST(QpTableTest, NumbersThatShareAHomeDoNotHideEachOther) {
  QpTable table(4);  // 8 homes.
  for (std::uint32_t i = 0; i < 4; ++i) table.Add(7 + 8 * i, ChannelId(i));
  table.Remove(7);
  table.Remove(23);
  EXPECT_EQ(table.Find(15), ChannelId(1));
  EXPECT_EQ(table.Find(31), ChannelId(3));
  EXPECT_FALSE(table.Find(7).valid());
  EXPECT_FALSE(table.Find(23).valid());
}

TEST(QpTableTest, ALongLifeOfQueuePairsAgreesWithAMap) {
  QpTable table(16);
  std::map<std::uint32_t, ChannelId> truth;
  std::uint32_t random = 1;
  for (std::uint32_t i = 0; i < 20000; ++i) {
    random = random * 1664525 + 1013904223;
    const std::uint32_t qp_num = (random >> 8) % 48;
    if (truth.count(qp_num) != 0) {
      table.Remove(qp_num);
      truth.erase(qp_num);
    } else if (truth.size() < 16) {
      table.Add(qp_num, ChannelId(i));
      truth[qp_num] = ChannelId(i);
    }
    for (std::uint32_t n = 0; n < 48; ++n) {
      const auto at = truth.find(n);
      ASSERT_EQ(table.Find(n), at == truth.end() ? ChannelId() : at->second) << i << " " << n;
    }
  }
}

}  // namespace
}  // namespace srpt::target
