#include <gtest/gtest.h>

#include "core/srp/shard_fixture.h"

namespace srpt {
namespace {

using Transfer = ShardFixture;

// [R-RSP-07, R-INV-04]
TEST_F(Transfer, ReadOfOnePiecePostsDataAndResponseTogether) {
  const ChannelId c = Login();
  Receive(c, Cmd(1, Rw(false, 0x1000, 8), Data::kIn, {At(0x7000, 4096)}));
  const auto reads = Got<action::BlockRead>();
  ASSERT_EQ(reads.size(), 1u);
  EXPECT_EQ(reads[0].lu, LuId(7));
  EXPECT_EQ(reads[0].offset, 0x1000u * 512);
  EXPECT_EQ(reads[0].memory.length, 4096u);

  Then(event::BlockDone{reads[0].op});
  const auto writes = Got<action::RdmaWrite>();
  ASSERT_EQ(writes.size(), 1u);
  EXPECT_EQ(writes[0].remote, RemoteAddr(0x7000));
  EXPECT_EQ(writes[0].rkey, RKey(0x1234));
  EXPECT_EQ(writes[0].length, 4096u);
  EXPECT_FALSE(writes[0].signaled);
  const auto responses = Responses();
  ASSERT_EQ(responses.size(), 1u);
  EXPECT_EQ(responses[0].tag, MakeTag(1));
  EXPECT_EQ(responses[0].status, 0);
  EXPECT_EQ(responses[0].flags, 0);
  EXPECT_EQ(responses[0].req_lim_delta, 1);
  // The buffer is not free before the completion.
  EXPECT_EQ(shard_->free_data_buffers(), 31u);
  Deliver();
  EXPECT_EQ(shard_->free_data_buffers(), 32u);
  EXPECT_EQ(shard_->active_commands(), 0u);
}

TEST_F(Transfer, WriteReadsFromThePeerThenWritesThenAnswers) {
  const ChannelId c = Login();
  Receive(c, Cmd(1, Rw(true, 8, 8), Data::kOut, {At(0x1000, 1024), At(0x9000, 3072)}));
  auto reads = Got<action::RdmaRead>();
  ASSERT_EQ(reads.size(), 2u);
  EXPECT_EQ(reads[0].offset, 0u);
  EXPECT_EQ(reads[0].length, 1024u);
  EXPECT_FALSE(reads[0].signaled);
  EXPECT_EQ(reads[1].offset, 1024u);
  EXPECT_EQ(reads[1].remote, RemoteAddr(0x9000));
  EXPECT_TRUE(reads[1].signaled);
  EXPECT_TRUE(Got<action::BlockWrite>().empty());

  Then(event::RdmaDone{c, reads[1].buffer});
  const auto writes = Got<action::BlockWrite>();
  ASSERT_EQ(writes.size(), 1u);
  EXPECT_EQ(writes[0].offset, 8u * 512);
  EXPECT_EQ(writes[0].memory.length, 4096u);
  EXPECT_FALSE(writes[0].fua);
  EXPECT_TRUE(Responses().empty());

  Then(event::BlockDone{writes[0].op});
  ASSERT_EQ(Responses().size(), 1u);
  EXPECT_EQ(Responses()[0].status, 0);
  Deliver();
}

TEST_F(Transfer, FuaReachesTheBackend) {
  const ChannelId c = Login();
  auto cdb = Rw(true, 0, 1);
  cdb[1] = 0x08;
  Receive(c, Cmd(1, cdb, Data::kOut, {At(0, 512)}));
  Then(event::RdmaDone{c, Got<action::RdmaRead>().at(0).buffer});
  EXPECT_TRUE(Got<action::BlockWrite>().at(0).fua);
}

TEST_F(Transfer, ImmediateDataGoesToTheBackendWhereItLies) {
  const ChannelId c = Login();
  Receive(c, Cmd(1, Rw(true, 4, 1), Data::kImmediate, {}, 512));
  const auto writes = Got<action::BlockWrite>();
  ASSERT_EQ(writes.size(), 1u);
  EXPECT_EQ(writes[0].memory.kind, MemRef::Kind::kRecv);
  EXPECT_EQ(writes[0].memory.recv, last_recv_);
  EXPECT_EQ(writes[0].memory.offset, 68u);
  EXPECT_EQ(writes[0].memory.length, 512u);
  EXPECT_TRUE(Got<action::PostRecv>().empty());  // The backend still reads it.
  Then(event::BlockDone{writes[0].op});
  EXPECT_EQ(Got<action::PostRecv>().size(), 1u);
  EXPECT_EQ(Responses().at(0).status, 0);
}

// [R-CMD-10]
TEST_F(Transfer, OneMebibyteMovesInPiecesOfBoundedNumber) {
  const ChannelId c = Login();
  Receive(c, Cmd(1, Rw(false, 0, 2048), Data::kIn, {At(0x100000, 1u << 20)}));
  std::vector<action::BlockRead> open = Got<action::BlockRead>();
  EXPECT_EQ(open.size(), limits::kPiecesInFlightMax);
  std::vector<bool> seen(1u << 20);
  std::size_t answered = 0;
  while (!open.empty()) {
    const auto op = open.back();  // The backend may answer in any order.
    open.pop_back();
    Then(event::BlockDone{op.op});
    for (const auto& r : Got<action::BlockRead>()) open.push_back(r);
    std::vector<action::RdmaWrite> writes = Got<action::RdmaWrite>();
    answered += Responses().size();
    for (const auto& w : writes) {
      for (std::uint32_t i = 0; i < w.length; ++i) {
        const std::uint64_t at = w.remote.v - 0x100000 + i;
        ASSERT_FALSE(seen[at]);
        seen[at] = true;
      }
      if (!w.signaled) continue;
      Then(event::RdmaDone{c, w.buffer});
      for (const auto& r : Got<action::BlockRead>()) open.push_back(r);
      answered += Responses().size();
    }
  }
  EXPECT_EQ(answered, 1u);
  EXPECT_EQ(std::count(seen.begin(), seen.end(), true), 1 << 20);
}

// [R-INV-23]
TEST_F(Transfer, SmallSendQueueMovesInChunks) {
  Build({.credits = 8, .sq_size = 16, .data_buffers = 4, .max_rdma = 65536});
  const ChannelId c = Login();
  std::vector<wire::Direct> list;
  for (std::uint64_t i = 0; i < 64; ++i) list.push_back(At(0x10000 * (i + 1), 512));
  Receive(c, Cmd(1, Rw(false, 0, 64), Data::kIn, list));
  Then(event::BlockDone{Got<action::BlockRead>().at(0).op});
  std::vector<action::RdmaWrite> all;
  while (Responses().empty()) {
    const auto chunk = Got<action::RdmaWrite>();
    ASSERT_FALSE(chunk.empty());
    ASSERT_LE(chunk.size(), 16u);
    all.insert(all.end(), chunk.begin(), chunk.end());
    ASSERT_TRUE(chunk.back().signaled);
    Then(event::RdmaDone{c, chunk.back().buffer});
  }
  const auto rest = Got<action::RdmaWrite>();
  all.insert(all.end(), rest.begin(), rest.end());
  ASSERT_EQ(all.size(), 64u);
  for (std::uint64_t i = 0; i < 64; ++i) {
    EXPECT_EQ(all[i].remote, RemoteAddr(0x10000 * (i + 1)));
    EXPECT_EQ(all[i].offset, i * 512);
  }
  Deliver();
  EXPECT_EQ(shard_->free_data_buffers(), 4u);
}

// [R-CMD-10, R-CM-12, R-PARAM-03]
TEST_F(Transfer, NoWorkRequestExceedsSrpMaxRdmaSize) {
  Build({.credits = 8, .sq_size = 64, .data_buffers = 4, .max_rdma = 1024});
  const ChannelId c = Login();
  Receive(c, Cmd(1, Rw(false, 0, 8), Data::kIn, {At(0x7000, 4096)}));
  Then(event::BlockDone{Got<action::BlockRead>().at(0).op});
  const auto writes = Got<action::RdmaWrite>();
  ASSERT_EQ(writes.size(), 4u);
  for (const auto& w : writes) EXPECT_EQ(w.length, 1024u);
}

TEST_F(Transfer, CommandsWaitForBuffersInOrder) {
  Build({.credits = 8, .sq_size = 64, .data_buffers = 1, .max_rdma = 65536});
  const ChannelId c = Login();
  Receive(c, Cmd(1, Rw(false, 0, 1), Data::kIn, {At(0x1000, 512)}));
  const OpId first = Got<action::BlockRead>().at(0).op;
  Receive(c, Cmd(2, Rw(false, 1, 1), Data::kIn, {At(0x2000, 512)}));
  EXPECT_TRUE(Got<action::BlockRead>().empty());
  Receive(c, Cmd(3, Rw(false, 2, 1), Data::kIn, {At(0x3000, 512)}));
  Then(event::BlockDone{first});
  Deliver();
  ASSERT_EQ(Got<action::BlockRead>().size(), 1u);
  EXPECT_EQ(Got<action::BlockRead>()[0].offset, 512u);
  EXPECT_EQ(Info(c).counters.buffer_waits, 2u);
}

TEST_F(Transfer, ResidualsSayWhatDidNotMove) {
  const ChannelId c = Login();
  // The buffer is longer than the CDB needs: UNDER.
  Receive(c, Cmd(1, Rw(false, 0, 1), Data::kIn, {At(0x1000, 4096)}));
  Then(event::BlockDone{Got<action::BlockRead>().at(0).op});
  EXPECT_EQ(Got<action::RdmaWrite>().at(0).length, 512u);
  EXPECT_EQ(Responses().at(0).flags, wire::kDiunder);
  EXPECT_EQ(Responses().at(0).in_residual, 4096u - 512);
  Deliver();
  // The CDB needs more: what fits moves, OVER.
  Receive(c, Cmd(2, Rw(false, 0, 8), Data::kIn, {At(0x1000, 1000)}));
  EXPECT_EQ(Got<action::BlockRead>().at(0).memory.length, 1024u);
  Then(event::BlockDone{Got<action::BlockRead>().at(0).op});
  EXPECT_EQ(Got<action::RdmaWrite>().at(0).length, 1000u);
  EXPECT_EQ(Responses().at(0).flags, wire::kDiover);
  EXPECT_EQ(Responses().at(0).in_residual, 4096u - 1000);
  Deliver();
  // No buffer at all: OVER by everything.
  Receive(c, Cmd(3, Rw(true, 0, 1), Data::kNone, {}));
  EXPECT_EQ(Responses().at(0).flags, wire::kDoover);
  EXPECT_EQ(Responses().at(0).out_residual, 512u);
  Deliver();
  // Of a short write only whole blocks are written.
  Receive(c, Cmd(4, Rw(true, 0, 2), Data::kOut, {At(0x1000, 700)}));
  EXPECT_EQ(Got<action::RdmaRead>().at(0).length, 512u);
  Then(event::RdmaDone{c, Got<action::RdmaRead>().at(0).buffer});
  Then(event::BlockDone{Got<action::BlockWrite>().at(0).op});
  EXPECT_EQ(Responses().at(0).flags, wire::kDoover);
  EXPECT_EQ(Responses().at(0).out_residual, 1024u - 512);
}

// [R-INV-05]
TEST_F(Transfer, BackendFailuresBecomeSenseAndNoDataCounts) {
  const ChannelId c = Login();
  const struct {
    bool write;
    IoStatus status;
    std::uint32_t sense;
  } cases[] = {{false, IoStatus::kIoError, 0x031100},
               {false, IoStatus::kShort, 0x031100},
               {true, IoStatus::kIoError, 0x030c00},
               {true, IoStatus::kNoSpace, 0x072707},
               {true, IoStatus::kDeviceGone, 0x044400}};
  for (const auto& x : cases) {
    Receive(c, Cmd(1, Rw(x.write, 0, 1), x.write ? Data::kOut : Data::kIn, {At(0x1000, 512)}));
    OpId op;
    if (x.write) {
      Then(event::RdmaDone{c, Got<action::RdmaRead>().at(0).buffer});
      op = Got<action::BlockWrite>().at(0).op;
    } else {
      op = Got<action::BlockRead>().at(0).op;
    }
    Then(event::BlockDone{op, x.status});
    EXPECT_TRUE(Got<action::RdmaWrite>().empty());
    ASSERT_EQ(Responses().size(), 1u);
    EXPECT_EQ(Responses()[0].status, 2);
    EXPECT_EQ(SenseOf(Responses()[0]), x.sense);
    EXPECT_EQ(x.write ? Responses()[0].out_residual : Responses()[0].in_residual, 512u);
    Deliver();
  }
}

// [R-INV-22]
TEST_F(Transfer, InquiryTruncatesToTheBufferAndLeaksNothing) {
  const ChannelId c = Login();
  Receive(c, Cmd(1, {0x12, 0, 0, 0, 255, 0}, Data::kIn, {At(0x1000, 255)}));
  const auto writes = Got<action::RdmaWrite>();
  ASSERT_EQ(writes.size(), 1u);
  const auto& data = memory_.data[writes[0].buffer.v];
  EXPECT_EQ(std::string(data.begin() + 16, data.begin() + 22), "disk01");
  EXPECT_LT(writes[0].length, 255u);
  EXPECT_EQ(Responses().at(0).in_residual, 255u - writes[0].length);
  Deliver();
  Receive(c, Cmd(2, {0x12, 0, 0, 0, 255, 0}, Data::kIn, {At(0x1000, 5)}));
  EXPECT_EQ(Got<action::RdmaWrite>().at(0).length, 5u);
  EXPECT_EQ(Responses().at(0).flags, wire::kDiover);
}

TEST_F(Transfer, FailedFlushFailsTheUnit) {
  const ChannelId c = Login();
  Receive(c, Cmd(1, {0x35}, Data::kNone, {}));
  Then(event::BlockDone{Got<action::BlockFlush>().at(0).op, IoStatus::kIoError});
  ASSERT_EQ(Told<message::LuFailed>().size(), 1u);
  EXPECT_EQ(SenseOf(Responses().at(0)), 0x044400u);
}

}  // namespace
}  // namespace srpt
