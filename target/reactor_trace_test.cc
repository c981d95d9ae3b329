#include "target/reactor_trace.h"

#include <gtest/gtest.h>

#include "core/base/check.h"

namespace srpt::target {
namespace {

TEST(ReactorTrace, NamesTheEventItsChannelAndItsStatus) {
  ReactorTrace trace;
  trace.Record(Time{1234}, ShardEvent(event::SendDone{ChannelId::Make(3, 2), SendId(17),
                                                      WorkStatus::kRetryExceeded}));
  EXPECT_NE(trace.ToString().find("1234 SendDone        3.2 4 0x11"), std::string::npos)
      << trace.ToString();
}

TEST(ReactorTrace, KeepsTheLastOnes) {
  ReactorTrace trace;
  for (std::uint64_t i = 0; i < ReactorTrace::kEvents + 1; ++i) {
    trace.Record(Time{1000 + i}, ShardEvent(event::BlockDone{OpId(i), IoStatus::kOk}));
  }
  EXPECT_EQ(trace.ToString().find("1000 BlockDone"), std::string::npos);
  EXPECT_LT(trace.ToString().find("1001 BlockDone"), trace.ToString().find("1064 BlockDone"));
}

TEST(ReactorTrace, IsEmptyAtFirst) {
  EXPECT_EQ(ReactorTrace().ToString().find("  0"), std::string::npos);
}

TEST(ReactorTraceDeathTest, AFailedCheckPrintsTheLastEvents) {
  ReactorTrace trace;
  trace.Record(Time{77}, DirectorEvent(event::ConnectionGone{ConnId(5)}));
  EXPECT_DEATH(
      {
        InstallCheckHandler();
        TraceThisThread(&trace);
        SRPT_CHECK(1 == 2);
      },
      "check failed: 1 == 2(.|\n)*77 ConnectionGone");
}

}  // namespace
}  // namespace srpt::target
