// Commands that move data both ways: old data XOR data-out comes back, piece by piece.
#include <gtest/gtest.h>

#include <algorithm>

#include "core/srp/shard_fixture.h"

namespace srpt {
namespace {

constexpr std::uint32_t kHalf = limits::kBidirectionalPieceBytes;

class Bidirectional : public ShardFixture {
 protected:
  struct Side {
    std::vector<wire::Direct> list;
    std::uint32_t inlined = 255;  // More descriptors lie in the peer's memory.
    std::uint64_t table_va = 0;
  };
  static std::vector<std::uint8_t> Xd(std::uint32_t lba, std::uint16_t blocks,
                                      std::uint8_t flags = 0) {
    std::vector<std::uint8_t> cdb = Rw(false, lba, blocks);
    cdb[0] = 0x53;
    cdb[1] = flags;
    return cdb;
  }
  static void Append(const Side& side, wire::BufferFormat& format, std::uint8_t& count,
                     std::vector<std::uint8_t>& to) {
    if (side.list.empty()) return;
    const std::size_t at = to.size();
    if (side.list.size() == 1) {
      format = wire::BufferFormat::kDirect;
      to.resize(at + 16);
      wire::SerializeDirect(side.list[0], MutableBytes(to).subspan(at));
      return;
    }
    const std::size_t inlined = std::min<std::size_t>(side.inlined, side.list.size());
    format = wire::BufferFormat::kIndirect;
    count = static_cast<std::uint8_t>(inlined);
    std::uint32_t total = 0;
    for (const auto& d : side.list) total += d.len;
    to.resize(at + 20 + 16 * inlined);
    wire::SerializeIndirect(
        {RemoteAddr(side.table_va), RKey(9), static_cast<std::uint32_t>(16 * side.list.size())},
        total, std::span(side.list).first(inlined), MutableBytes(to).subspan(at));
  }
  static std::vector<std::uint8_t> Both(std::uint64_t tag, std::vector<std::uint8_t> cdb,
                                        const Side& out, const Side& in) {
    if (cdb.size() < 16) cdb.resize(16);
    wire::Cmd cmd;
    cmd.tag = MakeTag(tag);
    cmd.cdb = cdb;
    std::vector<std::uint8_t> descriptors;
    Append(out, cmd.out_fmt, cmd.out_count, descriptors);
    Append(in, cmd.in_fmt, cmd.in_count, descriptors);
    cmd.descriptors = descriptors;
    std::vector<std::uint8_t> iu(wire::SerializedBytes(cmd));
    wire::SerializeCmd(cmd, iu);
    return iu;
  }
  std::vector<std::uint8_t>& DataOf(BufferId buffer) { return memory_.data[buffer.v]; }
  // Data-out of a piece arrives: every byte is `value`.
  void Fetched(ChannelId c, const action::RdmaRead& read, std::uint8_t value, std::uint32_t bytes) {
    std::fill_n(DataOf(read.buffer).begin(), bytes, value);
    Then(event::RdmaDone{c, read.buffer});
  }
  // The old data of a piece arrive.
  void Old(const action::BlockRead& read, std::uint8_t value) {
    std::fill_n(DataOf(read.memory.buffer).begin() + read.memory.offset, read.memory.length, value);
    Then(event::BlockDone{read.op});
  }
  bool InHolds(BufferId buffer, std::uint32_t bytes, std::uint8_t value) {
    const auto begin = DataOf(buffer).begin() + kHalf;
    return std::all_of(begin, begin + bytes, [&](std::uint8_t b) { return b == value; });
  }
};

// [R-CMD-05, R-FAULT-18]
TEST_F(Bidirectional, OldXorNewComesBackAfterNewWasWritten) {
  const ChannelId c = Login();
  Receive(c, Both(1, Xd(8, 8), {{At(0x1000, 1024), At(0x9000, 3072)}}, {{At(0x20000, 4096)}}));
  const auto fetches = Got<action::RdmaRead>();
  ASSERT_EQ(fetches.size(), 2u);
  EXPECT_EQ(fetches[0].offset, 0u);
  EXPECT_EQ(fetches[1].offset, 1024u);
  EXPECT_EQ(fetches[1].remote, RemoteAddr(0x9000));
  EXPECT_TRUE(fetches[1].signaled);
  EXPECT_TRUE(Got<action::BlockRead>().empty());

  Fetched(c, fetches[1], 0x0f, 4096);
  const auto old = Got<action::BlockRead>();
  ASSERT_EQ(old.size(), 1u);
  EXPECT_EQ(old[0].offset, 8u * 512);
  EXPECT_EQ(old[0].memory.offset, kHalf);
  EXPECT_EQ(old[0].memory.length, 4096u);
  EXPECT_TRUE(Got<action::BlockWrite>().empty());

  Old(old[0], 0x35);
  const auto writes = Got<action::BlockWrite>();
  ASSERT_EQ(writes.size(), 1u);
  EXPECT_EQ(writes[0].offset, 8u * 512);
  EXPECT_EQ(writes[0].memory.offset, 0u);
  EXPECT_EQ(writes[0].memory.length, 4096u);
  EXPECT_EQ(DataOf(writes[0].memory.buffer)[4095], 0x0f);
  EXPECT_TRUE(Got<action::RdmaWrite>().empty());

  Then(event::BlockDone{writes[0].op});
  const auto back = Got<action::RdmaWrite>();
  ASSERT_EQ(back.size(), 1u);
  EXPECT_EQ(back[0].offset, kHalf);
  EXPECT_EQ(back[0].length, 4096u);
  EXPECT_EQ(back[0].remote, RemoteAddr(0x20000));
  EXPECT_TRUE(InHolds(back[0].buffer, 4096, 0x0f ^ 0x35));
  EXPECT_TRUE(Responses().empty());

  Then(event::RdmaDone{c, back[0].buffer});
  ASSERT_EQ(Responses().size(), 1u);
  EXPECT_EQ(Responses()[0].status, 0);
  EXPECT_EQ(Responses()[0].flags, 0);
  Deliver();
  EXPECT_EQ(shard_->free_data_buffers(), 32u);
  EXPECT_EQ(Info(c).counters.bidirectional, 1u);
  EXPECT_EQ(Info(c).counters.read_bytes, 4096u);
  EXPECT_EQ(Info(c).counters.write_bytes, 4096u);
}

TEST_F(Bidirectional, DisableWriteWritesNothing) {
  const ChannelId c = Login();
  Receive(c, Both(1, Xd(0, 1, 0x04), {{At(0x1000, 512)}}, {{At(0x2000, 512)}}));
  Fetched(c, Got<action::RdmaRead>().at(0), 1, 512);
  Old(Got<action::BlockRead>().at(0), 2);
  EXPECT_TRUE(Got<action::BlockWrite>().empty());
  const auto back = Got<action::RdmaWrite>();
  ASSERT_EQ(back.size(), 1u);
  EXPECT_TRUE(InHolds(back[0].buffer, 512, 3));
  Then(event::RdmaDone{c, back[0].buffer});
  EXPECT_EQ(Responses().at(0).status, 0);
  EXPECT_EQ(Responses().at(0).flags, 0);
}

TEST_F(Bidirectional, LargerOnesMoveInHalvesOfABufferAndNoMoreAtOnceThanOthers) {
  const ChannelId c = Login();
  const std::uint16_t blocks = 20 * kHalf / 512;
  // Neither list's descriptors end where pieces do.
  Receive(c, Both(1, Xd(0, blocks), {{At(0x1000001, 40000), At(0x2000003, 20 * kHalf - 40000)}},
                  {{At(0x3000001, 7), At(0x4000001, 100000), At(0x5000001, 20 * kHalf - 100007)}}));
  std::vector<action::RdmaRead> fetches = Got<action::RdmaRead>();
  std::uint64_t sent = 0, written = 0, most = 0;
  std::vector<std::pair<std::uint64_t, std::uint32_t>> remote;
  while (!fetches.empty()) {
    most = std::max<std::uint64_t>(most, 32u - shard_->free_data_buffers());
    const action::RdmaRead fetch = fetches.front();
    fetches.erase(fetches.begin());
    if (!fetch.signaled) continue;
    EXPECT_LE(fetch.offset + fetch.length, kHalf);
    Fetched(c, fetch, 0x11, kHalf);
    for (const auto& r : Got<action::RdmaRead>()) fetches.push_back(r);
    const auto old = Got<action::BlockRead>();
    ASSERT_EQ(old.size(), 1u);
    Old(old[0], 0x22);
    const auto writes = Got<action::BlockWrite>();
    ASSERT_EQ(writes.size(), 1u);
    written += writes[0].memory.length;
    Then(event::BlockDone{writes[0].op});
    const auto back = Got<action::RdmaWrite>();
    ASSERT_FALSE(back.empty());
    for (const auto& r : Got<action::RdmaRead>()) fetches.push_back(r);
    for (const auto& b : back) {
      EXPECT_GE(b.offset, kHalf);
      EXPECT_LE(b.offset + b.length, 2 * kHalf);
      remote.emplace_back(b.remote.v, b.length);
      sent += b.length;
    }
    EXPECT_TRUE(InHolds(back[0].buffer, kHalf, 0x33));
    Then(event::RdmaDone{c, back.back().buffer});
    for (const auto& r : Got<action::RdmaRead>()) fetches.push_back(r);
  }
  EXPECT_EQ(written, 20u * kHalf);
  EXPECT_EQ(sent, 20u * kHalf);
  EXPECT_LE(most, limits::kPiecesInFlightMax);
  // Each byte of each descriptor once.
  std::sort(remote.begin(), remote.end());
  std::uint64_t at = 0x3000001;
  for (const auto& [va, length] : remote) {
    if (va == 0x4000001 || va == 0x5000001) at = va;
    EXPECT_EQ(va, at);
    at = va + length;
  }
  ASSERT_EQ(Responses().size(), 1u);
  EXPECT_EQ(Responses()[0].status, 0);
  EXPECT_EQ(Responses()[0].flags, 0);
}

// [R-CMD-05, R-RSP-02]
TEST_F(Bidirectional, AResidualForEachDirection) {
  const ChannelId c = Login();
  const struct {
    std::uint32_t out, in;
    std::uint32_t written, sent;
    std::uint8_t flags;
    std::uint32_t out_residual, in_residual;
  } cases[] = {
      {2048, 3000, 1024, 1024, wire::kDounder | wire::kDiunder, 1024, 1976},
      {700, 1024, 512, 512, wire::kDoover | wire::kDiunder, 512, 512},
      {1024, 100, 1024, 100, wire::kDiover, 0, 924},
      {512, 100, 512, 100, wire::kDoover | wire::kDiover, 512, 924},
      {4096, 10, 1024, 10, wire::kDounder | wire::kDiover, 3072, 1014},
      {1024, 1024, 1024, 1024, 0, 0, 0},
  };
  for (const auto& x : cases) {
    Receive(c, Both(1, Xd(0, 2), {{At(0x1000, x.out)}}, {{At(0x2000, x.in)}}));
    Fetched(c, Got<action::RdmaRead>().at(0), 1, x.written);
    EXPECT_EQ(Got<action::BlockRead>().at(0).memory.length, x.written);
    Old(Got<action::BlockRead>().at(0), 2);
    EXPECT_EQ(Got<action::BlockWrite>().at(0).memory.length, x.written);
    Then(event::BlockDone{Got<action::BlockWrite>().at(0).op});
    EXPECT_EQ(Got<action::RdmaWrite>().at(0).length, x.sent);
    Then(event::RdmaDone{c, Got<action::RdmaWrite>().at(0).buffer});
    ASSERT_EQ(Responses().size(), 1u);
    EXPECT_EQ(Responses()[0].status, 0);
    EXPECT_EQ(Responses()[0].flags, x.flags);
    EXPECT_EQ(Responses()[0].out_residual, x.out_residual);
    EXPECT_EQ(Responses()[0].in_residual, x.in_residual);
    Deliver();
  }
  // Neither buffer, or less than a block of data-out: nothing moves, and both say so.
  Receive(c, Both(2, Xd(0, 1), {}, {}));
  EXPECT_EQ(Responses().at(0).flags, wire::kDoover | wire::kDiover);
  Deliver();
  Receive(c, Both(3, Xd(0, 1), {{At(0x1000, 100)}}, {{At(0x2000, 512)}}));
  EXPECT_EQ(Responses().at(0).flags, wire::kDoover | wire::kDiunder);
  EXPECT_EQ(Responses().at(0).out_residual, 512u);
  EXPECT_EQ(Responses().at(0).in_residual, 512u);
  Deliver();
}

// [R-FAULT-17]
TEST_F(Bidirectional, OneDirectionAloneIsRefused) {
  const ChannelId c = Login();
  Receive(c, Both(1, Xd(0, 1), {{At(0x1000, 512)}}, {}));
  EXPECT_EQ(SenseOf(Responses().at(0)), 0x052400u);
  EXPECT_EQ(Responses().at(0).out_residual, 512u);
  Deliver();
  Receive(c, Both(2, Xd(0, 1), {}, {{At(0x1000, 512)}}));
  EXPECT_EQ(SenseOf(Responses().at(0)), 0x052400u);
  EXPECT_TRUE(Got<action::RdmaRead>().empty() && Got<action::BlockRead>().empty());
}

TEST_F(Bidirectional, BothBuffersOfAnotherCommandAreCountedNotUsed) {
  const ChannelId c = Login();
  Receive(c, Both(1, Rw(false, 0, 1), {{At(0x1000, 512)}}, {{At(0x2000, 512)}}));
  Then(event::BlockDone{Got<action::BlockRead>().at(0).op});
  EXPECT_EQ(Responses().at(0).status, 0);
  EXPECT_EQ(Responses().at(0).flags, wire::kDounder);
  EXPECT_EQ(Responses().at(0).out_residual, 512u);
}

TEST_F(Bidirectional, ImmediateDataIsTheDataOut) {
  const ChannelId c = Login();
  wire::Cmd cmd;
  cmd.tag = MakeTag(1);
  std::vector<std::uint8_t> cdb = Xd(4, 1);
  cdb.resize(16);
  cmd.cdb = cdb;
  cmd.out_fmt = wire::BufferFormat::kImmediate;
  cmd.in_fmt = wire::BufferFormat::kDirect;
  std::vector<std::uint8_t> rest(20 + 512, 0x5a);  // 48 + 20 == 68, the agreed offset.
  wire::SerializeImmediate(512, rest);
  wire::SerializeDirect(At(0x7000, 512), MutableBytes(rest).subspan(4));
  cmd.descriptors = rest;
  std::vector<std::uint8_t> iu(wire::SerializedBytes(cmd));
  wire::SerializeCmd(cmd, iu);
  Receive(c, iu);
  EXPECT_TRUE(Got<action::RdmaRead>().empty());
  Old(Got<action::BlockRead>().at(0), 0xff);
  const auto writes = Got<action::BlockWrite>();
  ASSERT_EQ(writes.size(), 1u);
  EXPECT_EQ(DataOf(writes[0].memory.buffer)[511], 0x5a);
  Then(event::BlockDone{writes[0].op});
  const auto back = Got<action::RdmaWrite>();
  ASSERT_EQ(back.size(), 1u);
  EXPECT_EQ(back[0].remote, RemoteAddr(0x7000));
  EXPECT_TRUE(InHolds(back[0].buffer, 512, 0xa5));
  Then(event::RdmaDone{c, back[0].buffer});
  EXPECT_EQ(Responses().at(0).flags, 0);
  EXPECT_EQ(Info(c).counters.immediate_bytes, 512u);
}

// The tables of both directions, or of either, are fetched before anything else.
TEST_F(Bidirectional, PartialTablesOfEitherDirection) {
  const ChannelId c = Login();
  const std::vector<wire::Direct> out = {At(0x1000, 100), At(0x2000, 412)};
  const std::vector<wire::Direct> in = {At(0x5000, 300), At(0x6000, 12), At(0x7000, 200)};
  for (int which = 1; which < 4; ++which) {
    const bool out_partial = (which & 1) != 0;
    const bool in_partial = (which & 2) != 0;
    Receive(c, Both(1, Xd(0, 1), {out, out_partial ? 1u : 2u, 0xa000},
                    {in, in_partial ? 0u : 3u, 0xb000}));
    const auto fetches = Got<action::RdmaRead>();
    ASSERT_EQ(fetches.size(), which == 3 ? 2u : 1u);
    EXPECT_EQ(fetches[0].remote, RemoteAddr(out_partial ? 0xa000 : 0xb000));
    EXPECT_EQ(fetches.back().remote, RemoteAddr(in_partial ? 0xb000 : 0xa000));
    std::size_t at = 0;
    const auto put = [&](const std::vector<wire::Direct>& list) {
      for (const auto& d : list) {
        at += wire::SerializeDirect(d, MutableBytes(DataOf(fetches[0].buffer)).subspan(at));
      }
    };
    if (out_partial) put(out);
    if (in_partial) put(in);
    Then(event::RdmaDone{c, fetches[0].buffer});
    const auto data = Got<action::RdmaRead>();
    ASSERT_EQ(data.size(), 2u) << which;
    EXPECT_EQ(data[0].remote, RemoteAddr(0x1000));
    EXPECT_EQ(data[1].remote, RemoteAddr(0x2000));
    EXPECT_EQ(data[1].length, 412u);
    Fetched(c, data[1], 1, 512);
    Old(Got<action::BlockRead>().at(0), 2);
    Then(event::BlockDone{Got<action::BlockWrite>().at(0).op});
    const auto back = Got<action::RdmaWrite>();
    ASSERT_EQ(back.size(), 3u) << which;
    EXPECT_EQ(back[0].remote, RemoteAddr(0x5000));
    EXPECT_EQ(back[1].remote, RemoteAddr(0x6000));
    EXPECT_EQ(back[2].remote, RemoteAddr(0x7000));
    EXPECT_EQ(back[2].offset, kHalf + 312);
    Then(event::RdmaDone{c, back[2].buffer});
    EXPECT_EQ(Responses().at(0).status, 0);
    EXPECT_EQ(Responses().at(0).flags, 0);
    Deliver();
    EXPECT_EQ(shard_->free_data_buffers(), 32u);
  }
}

TEST_F(Bidirectional, TablesThatDoNotFitABufferTogetherAreRefused) {
  const ChannelId c = Login();
  std::vector<wire::Direct> half(2049, At(0x1000, 1));
  Receive(c, Both(1, Xd(0, 4), {half, 1, 0xa000}, {half, 1, 0xb000}));
  EXPECT_EQ(SenseOf(Responses().at(0)), 0x052400u);
  EXPECT_EQ(shard_->free_data_buffers(), 32u);
}

// [R-INV-05]
TEST_F(Bidirectional, WhatTheBackendRefusesIsAReadOrAWriteError) {
  const ChannelId c = Login();
  for (const bool at_write : {false, true}) {
    Receive(c, Both(1, Xd(0, 1), {{At(0x1000, 512)}}, {{At(0x2000, 512)}}));
    Fetched(c, Got<action::RdmaRead>().at(0), 1, 512);
    OpId op = Got<action::BlockRead>().at(0).op;
    if (at_write) {
      Old(Got<action::BlockRead>().at(0), 2);
      op = Got<action::BlockWrite>().at(0).op;
    }
    Then(event::BlockDone{op, IoStatus::kIoError});
    EXPECT_TRUE(Got<action::RdmaWrite>().empty() && Got<action::BlockWrite>().empty());
    ASSERT_EQ(Responses().size(), 1u);
    EXPECT_EQ(SenseOf(Responses()[0]), at_write ? 0x030c00u : 0x031100u);
    EXPECT_EQ(Responses()[0].flags, wire::kSnsvalid | wire::kDounder | wire::kDiunder);
    EXPECT_EQ(Responses()[0].out_residual, 512u);
    EXPECT_EQ(Responses()[0].in_residual, 512u);
    Deliver();
    EXPECT_EQ(shard_->free_data_buffers(), 32u);
  }
}

// One piece fails while another's old data are read: nothing of that one is written any more.
TEST_F(Bidirectional, AFailureStopsTheOtherPieces) {
  const ChannelId c = Login();
  const std::uint16_t blocks = 2 * kHalf / 512;
  Receive(c, Both(1, Xd(0, blocks), {{At(0x1000, 2 * kHalf)}}, {{At(0x900000, 2 * kHalf)}}));
  const auto fetches = Got<action::RdmaRead>();
  ASSERT_EQ(fetches.size(), 2u);
  Fetched(c, fetches[0], 1, kHalf);
  const auto first = Got<action::BlockRead>().at(0);
  Fetched(c, fetches[1], 1, kHalf);
  const auto second = Got<action::BlockRead>().at(0);
  Then(event::BlockDone{first.op, IoStatus::kIoError});
  EXPECT_TRUE(Responses().empty());
  Then(event::BlockDone{second.op});
  EXPECT_TRUE(Got<action::BlockWrite>().empty() && Got<action::RdmaWrite>().empty());
  EXPECT_EQ(SenseOf(Responses().at(0)), 0x031100u);
  Deliver();
  EXPECT_EQ(shard_->free_data_buffers(), 32u);
}

// [R-FAULT-29]
TEST_F(Bidirectional, AnAbortWaitsForTheBackendAndNothingIsWrittenAfterwards) {
  const ChannelId c = Login();
  Receive(c, Both(1, Xd(0, 1), {{At(0x1000, 512)}}, {{At(0x2000, 512)}}));
  Fetched(c, Got<action::RdmaRead>().at(0), 1, 512);
  const auto old = Got<action::BlockRead>().at(0);
  Receive(c, Tmf(2, wire::TskMgmtFunction::kAbortTask, 1));
  EXPECT_TRUE(Responses().empty());
  Then(event::BlockDone{old.op});
  EXPECT_TRUE(Got<action::BlockWrite>().empty() && Got<action::RdmaWrite>().empty());
  ASSERT_EQ(Responses().size(), 1u);
  EXPECT_EQ(Responses()[0].tag, MakeTag(2));
  Deliver();

  Receive(c, Both(3, Xd(0, 1), {{At(0x1000, 512)}}, {{At(0x2000, 512)}}));
  Fetched(c, Got<action::RdmaRead>().at(0), 1, 512);
  Old(Got<action::BlockRead>().at(0), 2);
  const auto write = Got<action::BlockWrite>().at(0);
  Receive(c, Tmf(4, wire::TskMgmtFunction::kAbortTask, 3));
  EXPECT_TRUE(Responses().empty());
  Then(event::BlockDone{write.op});
  EXPECT_TRUE(Got<action::RdmaWrite>().empty());
  ASSERT_EQ(Responses().size(), 1u);
  EXPECT_EQ(Responses()[0].tag, MakeTag(4));
  Deliver();
  EXPECT_EQ(shard_->free_data_buffers(), 32u);
}

// Data-in on its way to a host that is slow to take it weigh on that host, not on the unit.
TEST_F(Bidirectional, WhatIsSentIsNotTheUnitsAnyMore) {
  const ChannelId c = Login();
  const std::uint32_t bytes = 8 * kHalf;
  for (std::uint64_t tag = 1; tag <= 2; ++tag) {
    Receive(c, Both(tag, Xd(0, bytes / 512), {{At(0x1000000, bytes)}}, {{At(0x2000000, bytes)}}));
    const auto fetches = Got<action::RdmaRead>();
    ASSERT_EQ(fetches.size(), 8u);
    for (const auto& fetch : fetches) {
      Fetched(c, fetch, 1, kHalf);
      Old(Got<action::BlockRead>().at(0), 2);
      Then(event::BlockDone{Got<action::BlockWrite>().at(0).op});
    }
  }
  EXPECT_EQ(shard_->free_data_buffers(), 16u);
  const ChannelId other = Login(NexusId::Make(1, 0));
  Receive(other, Cmd(1, Rw(false, 0, 1024), Data::kIn, {At(0x1000, 512 * 1024)}));
  EXPECT_EQ(Got<action::BlockRead>().size(), 8u);
}

TEST_F(Bidirectional, FuaAndA32ByteCdb) {
  const ChannelId c = Login();
  std::vector<std::uint8_t> cdb(32);
  cdb[0] = 0x7f;
  cdb[7] = 0x18;
  cdb[9] = 0x07;
  cdb[10] = 0x08;  // FUA.
  cdb[19] = 3;
  cdb[31] = 1;
  Receive(c, Both(1, cdb, {{At(0x1000, 512)}}, {{At(0x2000, 512)}}));
  EXPECT_EQ(Got<action::RdmaRead>().at(0).remote, RemoteAddr(0x1000));
  Fetched(c, Got<action::RdmaRead>().at(0), 1, 512);
  EXPECT_EQ(Got<action::BlockRead>().at(0).offset, 3u * 512);
  Old(Got<action::BlockRead>().at(0), 2);
  EXPECT_TRUE(Got<action::BlockWrite>().at(0).fua);
}

}  // namespace
}  // namespace srpt
