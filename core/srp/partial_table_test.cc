// Partial descriptor lists (fault 16): the table is read from the initiator, checked, and used.
#include <gtest/gtest.h>

#include "core/srp/shard_fixture.h"

namespace srpt {
namespace {

class PartialTable : public ShardFixture {
 protected:
  static constexpr std::uint32_t kInline = 1;

  // A command whose list of `list` lies at 0x8000 under rkey 9; one descriptor is in the IU too.
  static std::vector<std::uint8_t> Partial(std::uint64_t tag, std::vector<std::uint8_t> cdb,
                                           const std::vector<wire::Direct>& list, bool write) {
    std::uint32_t total = 0;
    for (const auto& d : list) total += d.len;
    cdb.resize(16);
    wire::Cmd cmd;
    cmd.tag = MakeTag(tag);
    cmd.cdb = cdb;
    (write ? cmd.out_fmt : cmd.in_fmt) = wire::BufferFormat::kIndirect;
    (write ? cmd.out_count : cmd.in_count) = kInline;
    std::vector<std::uint8_t> descriptors(20 + 16 * kInline);
    wire::SerializeIndirect(
        {RemoteAddr(0x8000), RKey(9), static_cast<std::uint32_t>(16 * list.size())}, total,
        std::span(list).first(kInline), descriptors);
    cmd.descriptors = descriptors;
    std::vector<std::uint8_t> iu(wire::SerializedBytes(cmd));
    wire::SerializeCmd(cmd, iu);
    return iu;
  }
  // The RDMA READ of the table that the last step posted, and its arrival.
  action::RdmaRead Fetch() {
    const auto reads = Got<action::RdmaRead>();
    EXPECT_EQ(reads.size(), 1u);
    if (reads.empty()) return {};
    EXPECT_EQ(reads[0].remote, RemoteAddr(0x8000));
    EXPECT_EQ(reads[0].rkey, RKey(9));
    EXPECT_TRUE(reads[0].signaled);
    return reads[0];
  }
  void Arrives(ChannelId c, const action::RdmaRead& read, const std::vector<wire::Direct>& list) {
    EXPECT_EQ(read.length, 16 * list.size());
    for (std::size_t i = 0; i < list.size(); ++i) {
      wire::SerializeDirect(list[i], MutableBytes(memory_.data[read.buffer.v]).subspan(16 * i));
    }
    Then(event::RdmaDone{c, read.buffer});
  }
};

TEST_F(PartialTable, AReadFetchesTheTableBeforeItStarts) {
  const ChannelId c = Login();
  const std::vector<wire::Direct> list = {At(0x1000, 512), At(0x3000, 512), At(0x5000, 1024)};
  Receive(c, Partial(1, Rw(false, 0, 4), list, false));
  const auto fetch = Fetch();
  EXPECT_TRUE(Got<action::BlockRead>().empty());
  Arrives(c, fetch, list);
  const auto reads = Got<action::BlockRead>();
  ASSERT_EQ(reads.size(), 1u);
  EXPECT_NE(reads[0].memory.buffer, fetch.buffer);
  Then(event::BlockDone{reads[0].op});
  const auto writes = Got<action::RdmaWrite>();
  ASSERT_EQ(writes.size(), 3u);
  EXPECT_EQ(writes[1].remote, RemoteAddr(0x3000));
  EXPECT_EQ(writes[2].length, 1024u);
  ASSERT_EQ(Responses().size(), 1u);
  EXPECT_EQ(Responses()[0].status, 0);
  EXPECT_EQ(Responses()[0].flags, 0);
  Deliver();
  EXPECT_EQ(shard_->free_data_buffers(), 32u);
  EXPECT_EQ(Info(c).counters.reads, 1u);
}

TEST_F(PartialTable, AWriteReadsItsDataWhereTheTableSays) {
  const ChannelId c = Login();
  const std::vector<wire::Direct> list = {At(0x1000, 512), At(0x3000, 512)};
  Receive(c, Partial(1, Rw(true, 0, 2), list, true));
  Arrives(c, Fetch(), list);
  const auto reads = Got<action::RdmaRead>();
  ASSERT_EQ(reads.size(), 2u);
  EXPECT_EQ(reads[1].remote, RemoteAddr(0x3000));
  Then(event::RdmaDone{c, reads[1].buffer});
  Then(event::BlockDone{Got<action::BlockWrite>().at(0).op});
  ASSERT_EQ(Responses().size(), 1u);
  EXPECT_EQ(Responses()[0].status, 0);
  EXPECT_EQ(Info(c).counters.write_bytes, 1024u);  // The table is not data.
  EXPECT_EQ(shard_->free_data_buffers(), 32u);
}

TEST_F(PartialTable, TheTableIsCheckedLikeAnIu) {
  const ChannelId c = Login();
  const std::vector<wire::Direct> stated = {At(0x1000, 512), At(0x3000, 512)};
  Receive(c, Partial(1, Rw(false, 0, 2), stated, false));
  Arrives(c, Fetch(), {At(0x1000, 512), At(~std::uint64_t{0}, 512)});
  ASSERT_EQ(Responses().size(), 1u);
  EXPECT_EQ(SenseOf(Responses()[0]), 0x052400u);
  EXPECT_EQ(shard_->free_data_buffers(), 32u);
}

TEST_F(PartialTable, ResidualsFollowTheFetchedList) {
  const ChannelId c = Login();
  const std::vector<wire::Direct> stated = {At(0x1000, 512), At(0x3000, 512)};
  Receive(c, Partial(1, Rw(false, 0, 2), stated, false));
  Arrives(c, Fetch(), {At(0x1000, 512), At(0x3000, 0)});  // Less than the total says.
  Then(event::BlockDone{Got<action::BlockRead>().at(0).op});
  ASSERT_EQ(Responses().size(), 1u);
  EXPECT_EQ(Responses()[0].flags, wire::kDiover);
  EXPECT_EQ(Responses()[0].in_residual, 512u);
}

TEST_F(PartialTable, ATableThatCannotBeReadLosesTheChannel) {
  const ChannelId c = Login();
  Receive(c, Partial(1, Rw(false, 0, 2), {At(0x1000, 512), At(0x3000, 512)}, false));
  Then(event::RdmaDone{c, Fetch().buffer, WorkStatus::kRemoteAccess});
  EXPECT_EQ(Got<action::Disconnect>().size(), 1u);
  EXPECT_TRUE(Responses().empty());
  EXPECT_EQ(shard_->free_data_buffers(), 32u);
}

TEST_F(PartialTable, AbortedWhileItsTableComes) {
  const ChannelId c = Login();
  const std::vector<wire::Direct> list = {At(0x1000, 512), At(0x3000, 512)};
  Receive(c, Partial(1, Rw(false, 0, 2), list, false));
  const auto fetch = Fetch();
  Receive(c, Tmf(2, wire::TskMgmtFunction::kAbortTask, 1));
  EXPECT_TRUE(Responses().empty());  // The RDMA READ is under way.
  Arrives(c, fetch, list);
  ASSERT_EQ(Responses().size(), 1u);
  EXPECT_EQ(Responses()[0].tag, MakeTag(2));
  EXPECT_EQ(shard_->free_data_buffers(), 32u);
}

// On iWARP the sink of an RDMA READ is open to the peer's writes, after the check, too.
TEST_F(PartialTable, ATableThatShrinksAfterItWasCheckedLosesOnlyTheChannel) {
  for (const std::uint32_t left : {0u, 100u}) {
    SCOPED_TRACE(left);
    Build({});
    const ChannelId c = Login();
    const ChannelId other = Login(NexusId::Make(1, 0));
    const std::vector<wire::Direct> list = {At(0x1000, 512), At(0x3000, 512), At(0x5000, 512)};
    Receive(c, Partial(1, Rw(false, 0, 3), list, false));
    const auto fetch = Fetch();
    Arrives(c, fetch, list);
    const auto reads = Got<action::BlockRead>();
    ASSERT_EQ(reads.size(), 1u);
    for (std::size_t i = 1; i < list.size(); ++i) {
      wire::SerializeDirect(At(0x3000, left),
                            MutableBytes(memory_.data[fetch.buffer.v]).subspan(16 * i));
    }
    Then(event::BlockDone{reads[0].op});
    const auto writes = Got<action::RdmaWrite>();
    ASSERT_EQ(writes.size(), left == 0 ? 1u : 3u);
    std::uint32_t moved = 0;
    for (const auto& w : writes) moved += w.length;
    EXPECT_EQ(moved, 512 + 2 * left);
    EXPECT_TRUE(writes.back().signaled);
    EXPECT_TRUE(Responses().empty());
    Then(event::RdmaDone{c, writes.back().buffer});
    EXPECT_TRUE(Responses().empty());
    EXPECT_EQ(Got<action::Disconnect>().size(), 1u);
    EXPECT_EQ(shard_->free_data_buffers(), 32u);
    Receive(other, Cmd(1, Rw(false, 0, 1), Data::kIn, {At(0x1000, 512)}));
    Then(event::BlockDone{Got<action::BlockRead>().at(0).op});
    EXPECT_EQ(Responses().size(), 1u);
  }
}

// Half of the pool is left for data, so that those who have their table always move on.
TEST_F(PartialTable, TablesTakeAtMostHalfOfThePool) {
  Build({.credits = 8, .data_buffers = 4});
  const ChannelId c = Login();
  const std::vector<wire::Direct> list = {At(0x1000, 512), At(0x3000, 512)};
  Receive(c, Partial(1, Rw(false, 0, 2), list, false));
  Receive(c, Partial(2, Rw(false, 0, 2), list, false));
  Receive(c, Partial(3, Rw(false, 0, 2), list, false));
  ASSERT_EQ(Responses().size(), 1u);
  EXPECT_EQ(Responses()[0].status, 0x28);  // TASK SET FULL
  EXPECT_EQ(shard_->free_data_buffers(), 2u);
}

// A table is held until its command ends, so it must not keep its own command from the next buffer.
TEST_F(PartialTable, TablesNeverStopTheirOwnCommands) {
  const std::vector<wire::Direct> list = {At(0x1000, 512), At(0x3000, 512)};
  for (const std::uint32_t pool : {2u, 4u, 8u, 32u}) {
    Build({.credits = 64, .sq_size = 256, .data_buffers = pool, .max_rdma = 65536});
    const ChannelId c = Login();
    std::vector<action::RdmaRead> fetches;
    for (std::uint32_t i = 1; i <= pool / 2; ++i) {
      Receive(c, Partial(i, Rw(false, 0, 2), list, false));
      for (const auto& r : Got<action::RdmaRead>()) fetches.push_back(r);
    }
    EXPECT_FALSE(fetches.empty());
    std::size_t answered = 0;
    for (std::size_t i = 0; i < fetches.size(); ++i) {
      Arrives(c, fetches[i], list);
      std::vector<OpId> reads;
      for (const auto& r : Got<action::BlockRead>()) reads.push_back(r.op);
      ASSERT_FALSE(reads.empty()) << pool << ": " << shard_->free_data_buffers() << " free";
      for (std::size_t k = 0; k < reads.size(); ++k) {
        Then(event::BlockDone{reads[k]});
        answered += Responses().size();
        const auto sent = Got<action::SendIu>();
        for (const auto& s : sent) {
          Then(event::SendDone{s.channel, s.send});
          for (const auto& r : Got<action::RdmaRead>()) fetches.push_back(r);
          for (const auto& r : Got<action::BlockRead>()) reads.push_back(r.op);
        }
      }
    }
    EXPECT_EQ(answered, pool / 2) << pool;
    EXPECT_EQ(shard_->free_data_buffers(), pool);
  }
}

TEST_F(PartialTable, TablesBesideAUnitThatHangsLeaveRoomForTheirData) {
  Build({.credits = 64, .sq_size = 256, .data_buffers = 32, .max_rdma = 65536});
  const ChannelId hung = Login();
  const ChannelId c = Login(NexusId::Make(1, 0));
  for (std::uint64_t tag = 100; tag < 120; ++tag) {
    Receive(hung, Cmd(tag, Rw(false, 0, 8), Data::kIn, {At(0x1000, 4096)}));
  }
  EXPECT_EQ(shard_->free_data_buffers(), 16u);
  const std::vector<wire::Direct> list = {At(0x1000, 512), At(0x3000, 512)};
  std::vector<action::RdmaRead> fetches;
  for (std::uint64_t tag = 1; tag <= 12; ++tag) {
    Receive(c, ToLun(1, Partial(tag, Rw(false, 0, 2), list, false)));
    for (const auto& r : Got<action::RdmaRead>()) fetches.push_back(r);
  }
  std::size_t reads = 0;
  for (const auto& f : fetches) {
    Arrives(c, f, list);
    reads += Got<action::BlockRead>().size();
  }
  EXPECT_GT(reads, 0u) << fetches.size() << " tables, " << shard_->free_data_buffers() << " free";
}

TEST_F(PartialTable, ATableNeverTakesTheLastBuffer) {
  Build({.credits = 8, .sq_size = 64, .data_buffers = 4, .max_rdma = 65536});
  const ChannelId hung = Login();
  const ChannelId a = Login(NexusId::Make(1, 0));
  const ChannelId b = Login(NexusId::Make(2, 0));
  for (std::uint64_t tag = 100; tag < 104; ++tag) {
    Receive(hung, Cmd(tag, Rw(false, 0, 8), Data::kIn, {At(0x1000, 4096)}));
  }
  EXPECT_EQ(shard_->free_data_buffers(), 2u);
  const std::vector<wire::Direct> list = {At(0x1000, 512), At(0x3000, 512)};
  Receive(a, ToLun(1, Partial(1, Rw(false, 0, 2), list, false)));
  const auto fetch = Fetch();
  Receive(b, ToLun(1, Partial(1, Rw(false, 0, 2), list, false)));
  EXPECT_TRUE(Got<action::RdmaRead>().empty());
  Arrives(a, fetch, list);
  EXPECT_EQ(Got<action::BlockRead>().size(), 1u);
}

}  // namespace
}  // namespace srpt
