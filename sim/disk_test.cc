// What is visible, what is durable, and what a crash may do.
#include "sim/disk.h"

#include <gtest/gtest.h>

#include <numeric>

namespace srpt::sim {
namespace {

class DiskTest : public testing::TestWithParam<Content::Form> {
 protected:
  DiskTest() : disk(LuId(0), "d", scsi::HandlerKind::kFileio, 1024, 8192, GetParam()) {}
  void Write(std::uint64_t block, std::uint64_t label, bool durable = false) {
    Content from(GetParam(), 1024);
    from.set_label(0, label);
    from.set_label(1, label + 1);
    disk.Write(block * 1024, from, 0, 1024, durable);
  }
  Disk disk;
};

TEST_P(DiskTest, StartsAsZeroes) {
  EXPECT_EQ(disk.label(0), kZeroLabel);
  Content to(GetParam(), 1024);
  disk.Read(std::uint64_t{1024} * 8191, to, 0, 1024);
  EXPECT_EQ(to.label(1), kZeroLabel);
}

TEST_P(DiskTest, WriteIsVisibleAtOnceAndDurableAfterFlush) {
  Write(5, 100);
  EXPECT_EQ(disk.label(10), 100u);
  EXPECT_EQ(disk.label(11), 101u);
  EXPECT_EQ(disk.durable_label(10), kZeroLabel);
  EXPECT_EQ(disk.dirty_blocks(), 1u);
  disk.Flush(disk.FlushMark());
  EXPECT_EQ(disk.durable_label(10), 100u);
  EXPECT_EQ(disk.durable_label(11), 101u);
  EXPECT_EQ(disk.dirty_blocks(), 0u);
}

TEST_P(DiskTest, FlushCoversOnlyWhatEndedBeforeItBegan) {
  Write(1, 100);
  const std::uint64_t mark = disk.FlushMark();
  Write(2, 200);
  disk.Flush(mark);
  EXPECT_EQ(disk.durable_label(2), 100u);
  EXPECT_EQ(disk.durable_label(4), kZeroLabel);
}

TEST_P(DiskTest, OverlappingFlushesKeepTheirOwnMarks) {
  Write(1, 100);
  const std::uint64_t first = disk.FlushMark();
  Write(2, 200);
  const std::uint64_t second = disk.FlushMark();
  Write(3, 300);
  disk.Flush(second);
  disk.Flush(first);
  EXPECT_EQ(disk.durable_label(4), 200u);
  EXPECT_EQ(disk.durable_label(6), kZeroLabel);
}

TEST_P(DiskTest, FuaIsDurableWithoutAFlush) {
  Write(5, 100, true);
  EXPECT_EQ(disk.durable_label(10), 100u);
  EXPECT_EQ(disk.dirty_blocks(), 0u);
  Write(6, 200);
  EXPECT_EQ(disk.durable_label(12), kZeroLabel);
}

TEST_P(DiskTest, CrashKeepsDurableBlocksAndSomeVolatileOnes) {
  for (std::uint64_t b = 0; b < 64; ++b) Write(b, 100 + 2 * b);
  disk.Flush(disk.FlushMark());
  for (std::uint64_t b = 0; b < 64; ++b) Write(b, 1000 + 2 * b);
  disk.Crash(Decisions(1), 0);
  int kept = 0;
  for (std::uint64_t b = 0; b < 64; ++b) {
    const bool is_new = disk.label(2 * b) == 1000 + 2 * b;
    const bool is_old = disk.label(2 * b) == 100 + 2 * b;
    EXPECT_TRUE(is_new || is_old) << b;
    EXPECT_EQ(disk.label(2 * b + 1), disk.label(2 * b) + 1);  // Block-atomic.
    EXPECT_EQ(disk.durable_label(2 * b), disk.label(2 * b));
    kept += is_new ? 1 : 0;
  }
  EXPECT_GT(kept, 0);
  EXPECT_LT(kept, 64);
}

TEST_P(DiskTest, ReadsAndWritesCrossChunks) {
  Content from(GetParam(), 4096);
  for (std::uint64_t g = 0; g < 8; ++g) from.set_label(g, 500 + g);
  disk.Write((1 << 20) - 2048, from, 0, 4096, false);
  Content to(GetParam(), 4096);
  disk.Read((1 << 20) - 2048, to, 0, 4096);
  for (std::uint64_t g = 0; g < 8; ++g) EXPECT_EQ(to.label(g), 500 + g);
}

INSTANTIATE_TEST_SUITE_P(Forms, DiskTest,
                         testing::Values(Content::Form::kBytes, Content::Form::kLabels),
                         [](const auto& info) {
                           return info.param == Content::Form::kBytes ? "bytes" : "labels";
                         });

TEST(NullDisk, ReadsZeroesAndForgets) {
  Disk disk(LuId(0), "n", scsi::HandlerKind::kNullio, 512, 1ull << 40, Content::Form::kBytes);
  Content from(Content::Form::kBytes, 512);
  from.set_label(0, 77);
  disk.Write(512, from, 0, 512, true);
  Content to(Content::Form::kBytes, 512);
  to.set_label(0, 5);
  disk.Read(512, to, 0, 512);
  EXPECT_EQ(to.label(0), kZeroLabel);
}

TEST(Content, LabelsSurviveRealBytesOnlyUntouched) {
  Content labels(Content::Form::kLabels, 1024);
  labels.set_label(0, 0x1234567800000001u);
  labels.set_label(1, 0x1234567800000002u);
  Content bytes(Content::Form::kBytes, 1024);
  Content::Copy(labels, 0, bytes, 0, 1024);
  Content back(Content::Form::kLabels, 1024);
  Content::Copy(bytes, 0, back, 0, 1024);
  EXPECT_EQ(back.label(0), 0x1234567800000001u);
  EXPECT_EQ(back.label(1), 0x1234567800000002u);
  bytes.bytes()[1023] ^= 1;
  Content::Copy(bytes, 0, back, 0, 1024);
  EXPECT_EQ(back.label(0), 0x1234567800000001u);
  EXPECT_EQ(back.label(1), kTornLabel);
}

TEST(Content, MisalignedCopyTurnsLabelsIntoBytes) {
  Content labels(Content::Form::kLabels, 1024);
  labels.set_label(1, 42);
  Content other(Content::Form::kBytes, 10);
  other.WriteBytes(0, std::vector<std::uint8_t>(10, 9));
  Content::Copy(other, 0, labels, 3, 10);
  EXPECT_EQ(labels.form(), Content::Form::kBytes);
  EXPECT_EQ(labels.bytes()[3], 9);
  EXPECT_EQ(labels.label(1), 42u);
}

TEST(Decisions, DependOnTheirOwnKeyAlone) {
  const Decisions d(7);
  const std::uint64_t x = d.Draw(Site::kThink, Lineage{1}.Child(2), 3);
  d.Draw(Site::kThink, Lineage{1}.Child(1), 0);
  EXPECT_EQ(d.Draw(Site::kThink, Lineage{1}.Child(2), 3), x);
  EXPECT_NE(d.Draw(Site::kThink, Lineage{1}.Child(2), 4), x);
  EXPECT_NE(d.Draw(Site::kThink, Lineage{1}.Child(3), 3), x);
  EXPECT_NE(d.Draw(Site::kAbort, Lineage{1}.Child(2), 3), x);
  EXPECT_NE(Decisions(8).Draw(Site::kThink, Lineage{1}.Child(2), 3), x);
  // The same on every compiler, for ever.
  EXPECT_EQ(Mix(0), 0xe220a8397b1dcdafu);
}

}  // namespace
}  // namespace srpt::sim
