// CMD, and what can be said of an IU before it is parsed.
#include "core/wire/cmd.h"

#include <gtest/gtest.h>

#include "core/wire/golden.h"
#include "core/wire/refusal.h"

namespace srpt::wire {
namespace {

using golden::Buffer;

Cmd ReadExample(const Buffer& iu) {
  Cmd cmd;
  cmd.tag.bytes = {5, 0, 2, 0, 0, 0, 0, 0};
  cmd.lun.bytes = {0, 1, 0, 0, 0, 0, 0, 0};
  cmd.in_fmt = BufferFormat::kDirect;
  cmd.cdb = Bytes(iu).subspan(32, 16);
  cmd.descriptors = Bytes(iu).subspan(48, 16);
  return cmd;
}

// [R-CMD-01]
TEST(Cmd, ReadsAndWritesADirectRead) {
  const Buffer iu = golden::CmdReadDirect();
  const auto cmd = ParseCmd(iu);
  ASSERT_TRUE(cmd.ok());
  EXPECT_EQ(*cmd, ReadExample(iu));
  EXPECT_EQ(cmd->cdb.data(), iu.data() + 32) << "a view, not a copy";
  EXPECT_EQ(cmd->attr(), TaskAttr::kSimple);
  Buffer out(iu.size(), 0xee);
  EXPECT_EQ(SerializedBytes(*cmd), iu.size());
  EXPECT_EQ(SerializeCmd(*cmd, out), iu.size());
  EXPECT_EQ(out, iu);
}

TEST(Cmd, ReadsAnIndirectWrite) {
  const Buffer iu = golden::CmdWriteIndirect();
  const auto cmd = ParseCmd(iu);
  ASSERT_TRUE(cmd.ok());
  EXPECT_EQ(cmd->out_fmt, BufferFormat::kIndirect);
  EXPECT_EQ(cmd->in_fmt, BufferFormat::kNone);
  EXPECT_EQ(cmd->out_count, 2);
  EXPECT_EQ(cmd->in_count, 0);
  EXPECT_EQ(cmd->cdb[0], 0x2a);
  EXPECT_EQ(cmd->descriptors.size(), 52u);
}

TEST(Cmd, WritesEveryWorkedExampleAsItWas) {
  for (const Buffer& iu :
       {golden::CmdReadDirect(), golden::CmdWriteIndirect(), golden::CmdWriteImmediate(),
        golden::CmdWritePartial(), golden::CmdBidirectional()}) {
    const auto cmd = ParseCmd(iu);
    ASSERT_TRUE(cmd.ok());
    Buffer out(iu.size() + 8, 0xee);
    EXPECT_EQ(SerializeCmd(*cmd, out), iu.size());
    EXPECT_EQ(out[iu.size()], 0xee) << "nothing is written behind the IU";
    out.resize(iu.size());
    EXPECT_EQ(out, iu);
  }
}

// [R-CMD-03]
TEST(Cmd, ReadsAdditionalCdbBytesAndIgnoresReservedBitsOfTheirLength) {
  Buffer iu = golden::CmdBidirectional();
  iu[31] |= 0x03;
  const auto cmd = ParseCmd(iu);
  ASSERT_TRUE(cmd.ok());
  ASSERT_EQ(cmd->cdb.size(), 32u);
  EXPECT_EQ(cmd->cdb[0], 0x7f);
  EXPECT_EQ(cmd->cdb[31], 0x1f);
  EXPECT_EQ(cmd->descriptors.size(), 32u);
  EXPECT_EQ(cmd->attr(), TaskAttr::kOrdered);
}

TEST(Cmd, AdditionalCdbBytesBeyondTheEndAreAnErrorThatCanBeAnswered) {
  Buffer iu = golden::CmdReadDirect();  // 16 bytes follow the CDB.
  iu[31] = 16;
  ASSERT_TRUE(ParseCmd(iu).ok());
  EXPECT_TRUE(ParseCmd(iu)->descriptors.empty());
  iu[31] = 20;
  EXPECT_EQ(Refusal(ParseCmd(iu)), ParseError::kAdditionalCdbTruncated);
  ASSERT_TRUE(PeekTag(iu).has_value());
  EXPECT_EQ(*PeekTag(iu), (Tag{{5, 0, 2, 0, 0, 0, 0, 0}}));
}

TEST(Cmd, RefusesEveryLengthBelowItsFixedPart) {
  for (std::size_t n = 0; n < kCmdBytes; ++n) {
    Buffer iu = golden::CmdReadDirect();
    iu.resize(n);
    EXPECT_EQ(Refusal(ParseCmd(iu)), ParseError::kTooShort) << n;
  }
}

TEST(Cmd, KeepsUnknownFormatsAndMapsReservedAttributesToOrdered) {
  Buffer iu = golden::CmdReadDirect();
  iu[5] = 0xf4;
  for (int attr = 0; attr < 8; ++attr) {
    iu[29] = static_cast<std::uint8_t>(0xf8 | attr);
    const auto cmd = ParseCmd(iu);
    ASSERT_TRUE(cmd.ok());
    EXPECT_EQ(static_cast<int>(cmd->out_fmt), 15);
    EXPECT_EQ(static_cast<int>(cmd->in_fmt), 4);
    EXPECT_EQ(to_string(cmd->in_fmt), "unknown format");
    EXPECT_EQ(cmd->task_attr, attr) << "the reserved bits above are ignored";
    const bool known = attr == 0 || attr == 1 || attr == 4;
    EXPECT_EQ(cmd->attr(), known ? static_cast<TaskAttr>(attr) : TaskAttr::kOrdered);
  }
}

TEST(Cmd, PadsAShortOrOddCdbWhenWritten) {
  const Buffer cdb = {0x12, 0, 0, 0, 36, 0};
  Cmd cmd;
  cmd.cdb = cdb;
  Buffer out(kCmdBytes, 0xee);
  EXPECT_EQ(SerializeCmd(cmd, out), kCmdBytes);
  EXPECT_EQ(Buffer(out.begin() + 32, out.end()),
            (Buffer{0x12, 0, 0, 0, 36, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}));
  const Buffer odd(17, 0xaa);
  cmd.cdb = odd;
  out.assign(52, 0xee);
  EXPECT_EQ(SerializeCmd(cmd, out), 52u);
  EXPECT_EQ(out[31], 4);
  EXPECT_EQ(Buffer(out.begin() + 48, out.end()), (Buffer{0xaa, 0, 0, 0}));
}

TEST(CmdDeathTest, ChecksItsRoom) {
  Buffer out(kCmdBytes - 1);
  EXPECT_DEATH(SerializeCmd(Cmd{}, out), "");
}

TEST(Peek, KnowsEveryOpcodeAndNoOther) {
  int known = 0;
  for (int byte = 0; byte < 256; ++byte) {
    const std::uint8_t iu[1] = {static_cast<std::uint8_t>(byte)};
    const auto opcode = PeekOpcode(iu);
    if (!opcode.ok()) {
      EXPECT_EQ(Refusal(opcode), ParseError::kUnknownOpcode);
      EXPECT_EQ(to_string(static_cast<Opcode>(byte)), "unknown opcode");
      continue;
    }
    ++known;
    EXPECT_EQ(static_cast<int>(*opcode), byte);
    EXPECT_EQ(to_string(*opcode).substr(0, 4), "SRP_");
  }
  EXPECT_EQ(known, 12);
  EXPECT_EQ(Refusal(PeekOpcode({})), ParseError::kTooShort);
}

TEST(Peek, TagNeedsSixteenBytes) {
  Buffer iu = golden::CredRsp();
  EXPECT_EQ(*PeekTag(iu), (Tag{{0xc1, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7, 0xc8}}));
  iu.pop_back();
  EXPECT_FALSE(PeekTag(iu).has_value());
}

}  // namespace
}  // namespace srpt::wire
