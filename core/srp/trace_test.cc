#include "core/srp/trace.h"

#include <gtest/gtest.h>

#include "core/srp/shard_fixture.h"

namespace srpt {
namespace {

using trace::Category;

class Trace : public ShardFixture {
 protected:
  // A login, a good and a bad command, a read, an abort, a full send queue and too few buffers.
  std::string LogOf(std::uint32_t trace_flag) {
    logs_.clear();
    posted_.clear();
    Build({.credits = 40, .sq_size = 16, .data_buffers = 2, .trace_flag = trace_flag});
    const ChannelId c = Login();
    Receive(c, Cmd(1, Rw(false, 0, 1), Data::kIn, {At(0x1000, 512)}));
    const OpId op = Got<action::BlockRead>().at(0).op;
    for (std::uint64_t i = 2; i < 5; ++i) {
      Receive(c, Cmd(i, Rw(false, 0, 1), Data::kIn, {At(0x1000, 512)}));
    }
    Then(event::BlockDone{op, IoStatus::kOk});
    Receive(c, Cmd(6, {0xff}, Data::kNone, {}));
    Receive(c, Tmf(7, wire::TskMgmtFunction::kAbortTask, 99));
    for (std::uint64_t i = 10; i < 28; ++i) Receive(c, Cmd(i, {0x00}, Data::kNone, {}));
    return logs_;
  }
  static bool Has(const std::string& log, const char* text) {
    return log.find(text) != std::string::npos;
  }
};

// [R-PARAM-08]
TEST_F(Trace, EachCategoryHasItsLinesAndNoOthers) {
  const struct {
    Category category;
    const char* name;
    const char* line;
  } cases[] = {
      {Category::kDebug, "[debug]", "[debug] received "},
      {Category::kSg, "[sg]", "[sg] RDMA WRITE: 1 work requests, 512 of 512 bytes"},
      {Category::kMgmt, "[mgmt]", "[mgmt] task management: complete"},
      {Category::kMgmtDebug, "[mgmt_dbg]", "[mgmt_dbg] connecting -> live (RTU or the first IU)"},
      {Category::kScsi, "[scsi]", "[scsi] operation code ff at LU 7: status 02, sense 05/20/00"},
      {Category::kFlowControl, "[flow_control]",
       "[flow_control] a command waits for a data buffer"},
      {Category::kFlowControl, "[flow_control]", "entries wait for the send queue"},
  };
  for (const auto& one : cases) {
    const std::string log = LogOf(static_cast<std::uint32_t>(one.category));
    EXPECT_TRUE(Has(log, one.line)) << one.line << "\n" << log;
    for (const auto& other : cases) {
      if (other.category == one.category) continue;
      EXPECT_FALSE(Has(log, other.name)) << one.name << log;
    }
  }
  const std::string none = LogOf(0);
  for (const auto& one : cases) EXPECT_FALSE(Has(none, one.name));
}

TEST_F(Trace, NoChannelLeftIsToldWhereItIsAskedFor) {
  Build({.trace_flag = static_cast<std::uint32_t>(Category::kOutOfMem)});
  for (int i = 0; i < 6; ++i) Login();
  EXPECT_FALSE(Ask());
  EXPECT_TRUE(Has(logs_, "[out_of_mem] a login: all channels are taken"));
}

// What is traced changes nothing of what is done.
TEST_F(Trace, AllOfItDisplacesNoAction) {
  const auto sends = [&](std::uint32_t trace_flag) {
    LogOf(trace_flag);
    return Info(ChannelId::Make(0, 0)).counters.commands;
  };
  EXPECT_EQ(sends(0), sends(0xffffffff));
}

}  // namespace
}  // namespace srpt
