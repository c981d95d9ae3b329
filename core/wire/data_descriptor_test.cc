#include "core/wire/data_descriptor.h"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "core/base/limits.h"
#include "core/wire/golden.h"
#include "core/wire/refusal.h"

namespace srpt::wire {

namespace {

using golden::Buffer;

constexpr Direct kFirst{RemoteAddr(0xffff888030001000), RKey(0x3301), 4096};
constexpr Direct kSecond{RemoteAddr(0xffff888040003000), RKey(0x3402), 4096};

Direct Table(std::uint32_t count) { return {RemoteAddr(0x1000), RKey(7), 16 * count}; }

// A CMD under construction: what its header says and the bytes behind the CDB.
struct Draft {
  BufferFormat out = BufferFormat::kNone;
  BufferFormat in = BufferFormat::kNone;
  std::uint8_t out_count = 0;
  std::uint8_t in_count = 0;
  Buffer tail;

  Draft& Add(const Direct& direct) {
    Buffer bytes(kDirectBytes);
    SerializeDirect(direct, bytes);
    tail.insert(tail.end(), bytes.begin(), bytes.end());
    return *this;
  }
  Draft& Add(const Direct& table, std::uint32_t total, const std::vector<Direct>& list) {
    Buffer bytes(kIndirectHeaderBytes + kDirectBytes * list.size());
    EXPECT_EQ(SerializeIndirect(table, total, list, bytes), bytes.size());
    tail.insert(tail.end(), bytes.begin(), bytes.end());
    return *this;
  }
  Draft& Cut(std::size_t n) {
    tail.resize(tail.size() - n);
    return *this;
  }
  Buffer Build() const {
    Cmd cmd;
    cmd.out_fmt = out;
    cmd.in_fmt = in;
    cmd.out_count = out_count;
    cmd.in_count = in_count;
    cmd.descriptors = tail;
    Buffer iu(SerializedBytes(cmd));
    SerializeCmd(cmd, iu);
    return iu;
  }
};

Draft Out(BufferFormat format, std::uint8_t count = 0) {
  Draft draft;
  draft.out = format;
  draft.out_count = count;
  return draft;
}
Draft In(BufferFormat format, std::uint8_t count = 0) {
  Draft draft;
  draft.in = format;
  draft.in_count = count;
  return draft;
}

Result<Buffers, DescriptorError> Parse(const Buffer& iu, std::uint16_t imm = 0) {
  const auto cmd = ParseCmd(iu);
  EXPECT_TRUE(cmd.ok());
  return ParseBuffers(*cmd, iu, imm);
}

// What is wrong with it; nothing if it is taken.
std::optional<DescriptorError> Refused(const Buffer& iu, std::uint16_t imm = 0) {
  return Refusal(Parse(iu, imm));
}
std::optional<DescriptorError> Refused(const Draft& draft) { return Refused(draft.Build()); }

// --- The worked examples ------------------------------------------------------------------------

TEST(Descriptor, DirectRead) {
  const Buffer iu = golden::CmdReadDirect();
  const auto buffers = Parse(iu);
  ASSERT_TRUE(buffers.ok());
  EXPECT_FALSE(buffers->out.present());
  const BufferLayout& in = buffers->in;
  EXPECT_EQ(in.format, BufferFormat::kDirect);
  EXPECT_EQ(in.length, 4096u);
  ASSERT_EQ(in.descriptor_count, 1u);
  EXPECT_EQ(in.descriptor(0), (Direct{RemoteAddr(0x7f3a12340000), RKey(0x1a2b), 4096}));
}

TEST(Descriptor, IndirectWrite) {
  const Buffer iu = golden::CmdWriteIndirect();
  const auto buffers = Parse(iu);
  ASSERT_TRUE(buffers.ok());
  EXPECT_FALSE(buffers->in.present());
  const BufferLayout& out = buffers->out;
  EXPECT_EQ(out.format, BufferFormat::kIndirect);
  EXPECT_EQ(out.length, 8192u);
  EXPECT_EQ(out.total_length, 8192u);
  EXPECT_EQ(out.table, (Direct{RemoteAddr(0xffff888011220000), RKey(0x2201), 32}));
  EXPECT_FALSE(out.partial);
  ASSERT_EQ(out.descriptor_count, 2u);
  EXPECT_EQ(out.descriptor(0), kFirst);
  EXPECT_EQ(out.descriptor(1), kSecond);
}

TEST(Descriptor, WritesTheIndirectExample) {
  Buffer iu = golden::CmdWriteIndirect();
  const std::vector<Direct> list = {kFirst, kSecond};
  Buffer out(52, 0xee);
  EXPECT_EQ(SerializeIndirect({RemoteAddr(0xffff888011220000), RKey(0x2201), 32}, 8192, list, out),
            52u);
  EXPECT_EQ(out, Buffer(iu.begin() + 48, iu.end()));
}

TEST(Descriptor, ImmediateWrite) {
  const Buffer iu = golden::CmdWriteImmediate();
  const auto buffers = Parse(iu, 68);
  ASSERT_TRUE(buffers.ok());
  const BufferLayout& out = buffers->out;
  EXPECT_EQ(out.format, BufferFormat::kImmediate);
  EXPECT_EQ(out.length, 512u);
  EXPECT_EQ(out.immediate_offset, 68u);
  ASSERT_EQ(out.ImmediateIn(iu).size(), 512u);
  EXPECT_EQ(out.ImmediateIn(iu).data(), iu.data() + 68) << "a view, not a copy";
  EXPECT_EQ(out.descriptor_count, 0u);
}

TEST(Descriptor, PartialListIsCompletedFromTheTable) {
  const Buffer iu = golden::CmdWritePartial();
  const auto buffers = Parse(iu);
  ASSERT_TRUE(buffers.ok());
  const BufferLayout& out = buffers->out;
  EXPECT_TRUE(out.partial);
  EXPECT_EQ(out.table_count(), 2u);
  EXPECT_EQ(out.length, 8192u) << "as stated";
  ASSERT_EQ(out.descriptor_count, 1u);
  EXPECT_EQ(out.descriptor(0), kFirst);

  Buffer table(32);
  SerializeDirect(kFirst, table);
  SerializeDirect(kSecond, MutableBytes(table).subspan(16));
  const auto whole = CompleteLayout(out, table);
  ASSERT_TRUE(whole.ok());
  EXPECT_FALSE(whole->partial);
  EXPECT_EQ(whole->length, 8192u);
  ASSERT_EQ(whole->descriptor_count, 2u);
  EXPECT_EQ(whole->descriptor(1), kSecond);
}

TEST(Descriptor, BothDirectionsOutFirst) {
  const Buffer iu = golden::CmdBidirectional();  // Behind a CDB of 32 bytes.
  const auto buffers = Parse(iu);
  ASSERT_TRUE(buffers.ok());
  EXPECT_EQ(buffers->out.descriptor(0), (Direct{RemoteAddr(0x1000), RKey(1), 4096}));
  EXPECT_EQ(buffers->in.descriptor(0), (Direct{RemoteAddr(0x2000), RKey(2), 512}));
}

TEST(Descriptor, NoDataNeedsNoDescriptorAndIgnoresWhatFollows) {
  EXPECT_EQ(Refused(Draft{}), std::nullopt);
  Draft draft;
  draft.in_count = 3;
  EXPECT_EQ(Refused(draft.Add(kFirst)), std::nullopt);
}

// --- Refused: truncated, unknown, inconsistent
// -----------------------------------------------------

TEST(Descriptor, UnknownFormats) {
  for (int format = 4; format < 16; ++format) {
    EXPECT_EQ(Refused(Out(static_cast<BufferFormat>(format)).Add(kFirst)),
              DescriptorError::kUnknownFormat);
    EXPECT_EQ(Refused(In(static_cast<BufferFormat>(format)).Add(kFirst)),
              DescriptorError::kUnknownFormat);
  }
}

TEST(Descriptor, TruncatedAtEveryByte) {
  for (std::size_t cut = 1; cut <= 16; ++cut) {
    EXPECT_EQ(Refused(In(BufferFormat::kDirect).Add(kFirst).Cut(cut)), DescriptorError::kTruncated);
  }
  for (std::size_t cut = 1; cut <= 52; ++cut) {
    Buffer iu = golden::CmdWriteIndirect();
    iu.resize(iu.size() - cut);
    EXPECT_EQ(Refused(iu), DescriptorError::kTruncated) << cut;
  }
  for (std::size_t cut = 1; cut <= 32; ++cut) {
    Buffer iu = golden::CmdBidirectional();
    iu.resize(iu.size() - cut);
    EXPECT_EQ(Refused(iu), DescriptorError::kTruncated) << cut;
  }
}

TEST(Descriptor, TableLengthMustBeAMultipleOfADescriptor) {
  for (std::uint32_t more = 1; more < 16; ++more) {
    EXPECT_EQ(Refused(Out(BufferFormat::kIndirect, 1)
                          .Add({RemoteAddr(0), RKey(0), 16 + more}, 4096, {kFirst})),
              DescriptorError::kTableNotMultiple);
  }
}

TEST(Descriptor, EmptyTableOnlyWithoutData) {
  EXPECT_EQ(Refused(Out(BufferFormat::kIndirect).Add(Table(0), 1, {})),
            DescriptorError::kTableEmpty);
  EXPECT_EQ(Refused(Out(BufferFormat::kIndirect).Add(Table(0), 0, {})), std::nullopt);
}

TEST(Descriptor, AddressesMustNotWrap) {
  const Direct last{RemoteAddr(0xfffffffffffff000), RKey(1), 4096};
  EXPECT_EQ(Refused(In(BufferFormat::kDirect).Add(last)), std::nullopt);
  const Direct wraps{RemoteAddr(0xfffffffffffff000), RKey(1), 4097};
  EXPECT_EQ(Refused(In(BufferFormat::kDirect).Add(wraps)), DescriptorError::kAddressWraps);
  EXPECT_EQ(Refused(In(BufferFormat::kIndirect, 2).Add(Table(2), 9, {kFirst, wraps})),
            DescriptorError::kAddressWraps);
  const Direct empty{RemoteAddr(0xffffffffffffffff), RKey(1), 0};
  EXPECT_EQ(Refused(In(BufferFormat::kDirect).Add(empty)), std::nullopt);
  EXPECT_EQ(Refused(In(BufferFormat::kIndirect).Add({RemoteAddr(~0ull), RKey(1), 32}, 1, {})),
            DescriptorError::kAddressWraps)
      << "the table itself, when it must be fetched";
}

// --- Counts ------------------------------------------------------------------------------------

TEST(Descriptor, CountInTheWrongDirectionIsTaken) {
  Draft draft = Out(BufferFormat::kIndirect, 0).Add(Table(2), 8192, {kFirst, kSecond});
  draft.in_count = 2;
  const Buffer iu = draft.Build();
  const auto buffers = Parse(iu);
  ASSERT_TRUE(buffers.ok());
  EXPECT_FALSE(buffers->out.partial);
  EXPECT_EQ(buffers->out.descriptor_count, 2u);
  EXPECT_EQ(buffers->out.descriptor(1), kSecond);
}

TEST(Descriptor, WithBothDirectionsEachCountIsItsOwn) {
  Draft draft = Out(BufferFormat::kIndirect, 1).Add(Table(2), 8192, {kFirst});
  draft.in = BufferFormat::kIndirect;
  draft.in_count = 1;
  draft.Add(Table(1), 4096, {kSecond});
  const Buffer iu = draft.Build();
  const auto buffers = Parse(iu);
  ASSERT_TRUE(buffers.ok());
  EXPECT_TRUE(buffers->out.partial) << "2 in the table, 1 of its own in the IU";
  EXPECT_EQ(buffers->out.descriptor_count, 1u);
  EXPECT_FALSE(buffers->in.partial);
  EXPECT_EQ(buffers->in.descriptor(0), kSecond);
}

TEST(Descriptor, MoreInlineThanTheTableHas) {
  const Buffer iu = Out(BufferFormat::kIndirect, 2).Add(Table(1), 9999, {kFirst, kSecond}).Build();
  const auto buffers = Parse(iu);
  ASSERT_TRUE(buffers.ok());
  EXPECT_EQ(buffers->out.descriptor_count, 1u);
  EXPECT_EQ(buffers->out.length, 4096u);
}

TEST(Descriptor, PartialWithNothingInline) {
  const Buffer iu = In(BufferFormat::kIndirect, 0).Add(Table(3), 12288, {}).Build();
  const auto buffers = Parse(iu);
  ASSERT_TRUE(buffers.ok());
  EXPECT_TRUE(buffers->in.partial);
  EXPECT_EQ(buffers->in.descriptor_count, 0u);
  EXPECT_EQ(buffers->in.table_count(), 3u);
}

TEST(Descriptor, TableThatIsTooLongToFetch) {
  constexpr std::uint32_t kMost = limits::kControlBytesMax / kDirectBytes;
  EXPECT_EQ(Refused(In(BufferFormat::kIndirect, 0).Add(Table(kMost), 1, {})), std::nullopt);
  EXPECT_EQ(Refused(In(BufferFormat::kIndirect, 0).Add(Table(kMost + 1), 1, {})),
            DescriptorError::kTableTooLong);
}

TEST(DescriptorDeathTest, TableOfAnotherLengthIsOurBug) {
  const Buffer iu = golden::CmdWritePartial();
  const auto buffers = Parse(iu);
  const Buffer table(48);
  EXPECT_DEATH((void)CompleteLayout(buffers->out, table), "");
  EXPECT_DEATH((void)buffers->out.descriptor(1), "");
}

// --- Lengths -----------------------------------------------------------------------------------

TEST(Descriptor, TransferIsTheSmallerOfTotalAndSum) {
  const auto length = [](std::uint32_t total) {
    const Buffer iu =
        Out(BufferFormat::kIndirect, 2).Add(Table(2), total, {kFirst, kSecond}).Build();
    return Parse(iu)->out.length;
  };
  EXPECT_EQ(length(8192), 8192u);
  EXPECT_EQ(length(5000), 5000u);
  EXPECT_EQ(length(0), 0u);
  EXPECT_EQ(length(0xffffffff), 8192u);
}

TEST(Descriptor, SumIsTakenInSixtyFourBits) {
  const Direct half{RemoteAddr(0), RKey(1), 0x80000000};
  EXPECT_EQ(Refused(Out(BufferFormat::kIndirect, 2).Add(Table(2), 512, {half, half})),
            DescriptorError::kSumTooLarge)
      << "2^32: in 32 bits it would be 0";
  const Direct less{RemoteAddr(0), RKey(1), 0x7fffffff};
  EXPECT_EQ(Refused(Out(BufferFormat::kIndirect, 2).Add(Table(2), 512, {half, less})),
            std::nullopt);
}

TEST(Descriptor, TransferLimit) {
  const Direct most{RemoteAddr(0), RKey(1), limits::kTransferBytesMax};
  EXPECT_EQ(Refused(Out(BufferFormat::kDirect).Add(most)), std::nullopt);
  const Direct more{RemoteAddr(0), RKey(1), limits::kTransferBytesMax + 1};
  EXPECT_EQ(Refused(Out(BufferFormat::kDirect).Add(more)), DescriptorError::kTransferTooLarge);
  EXPECT_EQ(Refused(Out(BufferFormat::kIndirect, 1).Add(Table(1), 512, {more})), std::nullopt)
      << "the stated total is within it";
}

TEST(Descriptor, ZeroLengthDescriptorsAreLegal) {
  const Direct none{RemoteAddr(0), RKey(0), 0};
  const Buffer iu =
      Out(BufferFormat::kIndirect, 3).Add(Table(3), 8192, {kFirst, none, kSecond}).Build();
  const auto buffers = Parse(iu);
  ASSERT_TRUE(buffers.ok());
  EXPECT_EQ(buffers->out.length, 8192u);
  EXPECT_EQ(buffers->out.descriptor(1).len, 0u);
}

// --- Immediate data ----------------------------------------------------------------------------

TEST(Immediate, OnlyIfNegotiatedAndOnlyOut) {
  EXPECT_EQ(Refused(golden::CmdWriteImmediate(), 0), DescriptorError::kImmediateNotNegotiated);
  Buffer iu = golden::CmdWriteImmediate();
  iu[5] = 0x03;
  EXPECT_EQ(Refused(iu, 68), DescriptorError::kImmediateIn);
}

TEST(Immediate, DescriptorMustEndBeforeTheData) {
  const Buffer iu = golden::CmdWriteImmediate();
  EXPECT_EQ(Refused(iu, 51), DescriptorError::kImmediateOverlaps);
  EXPECT_EQ(Refused(iu, 52), std::nullopt);
}

TEST(Immediate, DataMustHaveArrived) {
  Buffer iu = golden::CmdWriteImmediate();
  EXPECT_EQ(Refused(iu, 69), DescriptorError::kImmediateTruncated);
  iu.pop_back();
  EXPECT_EQ(Refused(iu, 68), DescriptorError::kImmediateTruncated);
  EXPECT_EQ(Refused(iu, 0xffff), DescriptorError::kImmediateTruncated);
  iu = golden::CmdWriteImmediate();
  for (std::size_t i = 48; i < 52; ++i) iu[i] = 0xff;  // offset + length would wrap in 32 bits.
  EXPECT_EQ(Refused(iu, 68), DescriptorError::kImmediateTruncated);
  iu = golden::CmdWriteImmediate();
  iu.resize(51);
  EXPECT_EQ(Refused(iu, 68), DescriptorError::kTruncated);
}

TEST(Immediate, MayBeEmptyOrFollowedByMore) {
  Buffer iu = golden::CmdWriteImmediate();
  iu.push_back(0xaa);
  EXPECT_EQ(Parse(iu, 68)->out.ImmediateIn(iu).size(), 512u);
  iu[50] = 0;
  EXPECT_EQ(Parse(iu, 68)->out.length, 0u);
}

TEST(Immediate, WithDataInBehindItsDescriptor) {
  Buffer length(kImmediateBytes);
  EXPECT_EQ(SerializeImmediate(2, length), 4u);
  Draft draft = Out(BufferFormat::kImmediate);
  draft.in = BufferFormat::kDirect;
  draft.tail = length;
  draft.Add(kFirst);
  draft.tail.insert(draft.tail.end(), {0xaa, 0xbb});
  const Buffer iu = draft.Build();  // 48 + 4 + 16 = 68.
  const auto buffers = Parse(iu, 68);
  ASSERT_TRUE(buffers.ok());
  EXPECT_EQ(buffers->in.descriptor(0), kFirst);
  EXPECT_EQ(buffers->out.ImmediateIn(iu)[1], 0xbb);
  EXPECT_EQ(Refused(iu, 67), DescriptorError::kImmediateOverlaps);
}

}  // namespace
}  // namespace srpt::wire
