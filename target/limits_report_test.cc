#include "target/limits_report.h"

#include <gtest/gtest.h>

#include <sstream>

#include "target/verbs/memory_layout.h"

namespace srpt::target {
namespace {

TEST(LimitsReport, AChannelTakesLessThan2MibAtDefaults) {
  const MemoryNeed need = MemoryNeedOf({});
  EXPECT_LT(need.channel(), 2u << 20);
  // 130 receives of 8276 bytes and 133 sends of 256, at least.
  EXPECT_GT(need.channel_buffers, 130u * 8276u + 133u * 256u);
}

// Whatever offset a login asks for, its channel's buffers are no larger than what is told.
TEST(LimitsReport, NoImmediateDataOffsetTakesMore) {
  const Parameters parameters;
  const std::size_t told = MemoryNeedOf(parameters).channel_buffers;
  for (std::uint32_t offset = 0; offset < parameters.srp_max_req_size; ++offset) {
    const ChannelGeometry geometry{limits::kRecvPerChannelMax, parameters.srp_max_req_size,
                                   limits::kSendPerChannelMax, parameters.srp_max_rsp_size, offset};
    ASSERT_LE(LayOut(geometry).total, told) << offset;
  }
}

TEST(LimitsReport, SharedReceivesAreNotAChannels) {
  Parameters parameters;
  parameters.use_srq = true;
  const MemoryNeed need = MemoryNeedOf(parameters);
  EXPECT_LT(need.channel_buffers, MemoryNeedOf({}).channel_buffers / 10);
  EXPECT_GE(need.shared_receives, std::size_t{4095} * 8276);
}

TEST(LimitsReport, TheSumsAreSums) {
  Parameters parameters;
  parameters.shards = 3;
  parameters.channels_per_shard = 5;
  const MemoryNeed need = MemoryNeedOf(parameters);
  EXPECT_EQ(need.total, 3 * need.shard);
  EXPECT_EQ(need.shard, 5 * need.channel_buffers + need.data_buffers + need.shard_state);
  Parameters more = parameters;
  more.channels_per_shard = 6;
  EXPECT_EQ(MemoryNeedOf(more).shard - need.shard, need.channel());
}

// Expect the parameters in force, not the defaults; and the same names and values in both forms.
TEST(LimitsReport, TextAndJsonTellTheSame) {
  Parameters parameters;
  parameters.srpt_sq_size = 77;
  const std::string text = DescribeLimits(parameters);
  const std::string json = DescribeLimitsAsJson(parameters);
  std::istringstream lines(text);
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    std::istringstream words(line);
    std::string name;
    std::string value;
    words >> name >> value;
    std::string pair = "\"";
    pair.append(name).append("\":").append(value);
    EXPECT_NE(json.find(pair), std::string::npos) << name;
  }
  EXPECT_GT(count, 20);
  EXPECT_NE(json.find("\"sq_size\":77,"), std::string::npos) << json;
}

}  // namespace
}  // namespace srpt::target
