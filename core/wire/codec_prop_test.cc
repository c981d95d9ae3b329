// Two properties of every codec: what is written is read back as it was, and no input of any length
// makes a parser look outside it.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <vector>

#include "core/wire/data_descriptor.h"
#include "core/wire/golden.h"
#include "core/wire/to_string.h"

namespace srpt::wire {
namespace {

using golden::Buffer;

template <class T>
T Any() {
  return *rc::gen::arbitrary<T>();
}
template <std::size_t N>
std::array<std::uint8_t, N> AnyArray() {
  std::array<std::uint8_t, N> bytes;
  for (std::uint8_t& byte : bytes) byte = Any<std::uint8_t>();
  return bytes;
}
Tag AnyTag() { return Tag{AnyArray<8>()}; }
Buffer AnyBuffer(std::size_t length_max) {
  Buffer bytes(*rc::gen::inRange<std::size_t>(0, length_max + 1));
  for (std::uint8_t& byte : bytes) byte = Any<std::uint8_t>();
  return bytes;
}

// Written into a buffer full of something else, with room to spare; read back from exactly what was
// written.
template <class T, class Serialize, class Parse>
void CheckIdentity(const T& value, Serialize serialize, Parse parse) {
  Buffer out(2048, Any<std::uint8_t>());
  const std::size_t length = serialize(value, MutableBytes(out));
  RC_ASSERT(length <= out.size());
  const Result<T, ParseError> back = parse(Bytes(out).first(length));
  RC_ASSERT(back.ok());
  RC_ASSERT(*back == value);
}

RC_GTEST_PROP(Identity, LoginReq, ()) {
  LoginReq req;
  req.tag = AnyTag();
  req.req_it_iu_len = Any<std::uint32_t>();
  req.req_buf_fmt = Any<std::uint16_t>();
  req.flags = Any<std::uint8_t>();
  req.imm_data_offset = Any<std::uint16_t>();
  req.initiator_port.bytes = AnyArray<16>();
  req.target_port.bytes = AnyArray<16>();
  CheckIdentity(req, SerializeLoginReq64, ParseLoginReq64);
  CheckIdentity(req, SerializeLoginReqCm, ParseLoginReqCm);
}

RC_GTEST_PROP(Identity, LoginAnswers, ()) {
  LoginRsp rsp;
  rsp.req_lim_delta = Any<std::int32_t>();
  rsp.tag = AnyTag();
  rsp.max_it_iu_len = Any<std::uint32_t>();
  rsp.max_ti_iu_len = Any<std::uint32_t>();
  rsp.buf_fmt = Any<std::uint16_t>();
  rsp.flags = Any<std::uint8_t>();
  CheckIdentity(rsp, SerializeLoginRsp, ParseLoginRsp);
  const auto reason = static_cast<LoginRejReason>(Any<std::uint32_t>());
  CheckIdentity(LoginRej{reason, AnyTag(), Any<std::uint16_t>()}, SerializeLoginRej, ParseLoginRej);
}

RC_GTEST_PROP(Identity, Cmd, ()) {
  Buffer cdb(16 + 4 * *rc::gen::inRange<std::size_t>(0, 64));
  for (std::uint8_t& byte : cdb) byte = Any<std::uint8_t>();
  const Buffer descriptors = AnyBuffer(300);
  Cmd cmd;
  cmd.sol_not = Any<std::uint8_t>();
  cmd.tag = AnyTag();
  cmd.lun.bytes = AnyArray<8>();
  cmd.task_attr = *rc::gen::inRange<std::uint8_t>(0, 8);
  cmd.out_fmt = static_cast<BufferFormat>(*rc::gen::inRange(0, 16));
  cmd.in_fmt = static_cast<BufferFormat>(*rc::gen::inRange(0, 16));
  cmd.out_count = Any<std::uint8_t>();
  cmd.in_count = Any<std::uint8_t>();
  cmd.cdb = cdb;
  cmd.descriptors = descriptors;
  CheckIdentity(cmd, SerializeCmd, ParseCmd);
}

RC_GTEST_PROP(Identity, TskMgmt, ()) {
  TskMgmt request;
  request.sol_not = Any<std::uint8_t>();
  request.tag = AnyTag();
  request.lun.bytes = AnyArray<8>();
  request.function = static_cast<TskMgmtFunction>(Any<std::uint8_t>());
  request.task_tag = AnyTag();
  CheckIdentity(request, SerializeTskMgmt, ParseTskMgmt);
}

RC_GTEST_PROP(Identity, Rsp, ()) {
  const Buffer response_data = AnyBuffer(12);
  const Buffer sense = AnyBuffer(260);
  Rsp rsp;
  rsp.solnt = Any<bool>();
  rsp.req_lim_delta = Any<std::int32_t>();
  rsp.tag = AnyTag();
  rsp.flags = Any<std::uint8_t>();
  rsp.status = Any<std::uint8_t>();
  rsp.out_residual = Any<std::uint32_t>();
  rsp.in_residual = Any<std::uint32_t>();
  rsp.response_data = response_data;
  rsp.sense = sense;
  CheckIdentity(rsp, SerializeRsp, ParseRsp);
}

RC_GTEST_PROP(Identity, LogoutCredAer, ()) {
  const Buffer sense = AnyBuffer(260);
  CheckIdentity(ILogout{AnyTag()}, SerializeILogout, ParseILogout);
  const auto reason = static_cast<TLogoutReason>(Any<std::uint32_t>());
  CheckIdentity(TLogout{Any<bool>(), reason, AnyTag()}, SerializeTLogout, ParseTLogout);
  CheckIdentity(CredReq{Any<bool>(), Any<std::int32_t>(), AnyTag()}, SerializeCredReq,
                ParseCredReq);
  CheckIdentity(CredRsp{AnyTag()}, SerializeCredRsp, ParseCredRsp);
  AerReq aer;
  aer.solnt = Any<bool>();
  aer.req_lim_delta = Any<std::int32_t>();
  aer.tag = AnyTag();
  aer.lun.bytes = AnyArray<8>();
  aer.sense = sense;
  CheckIdentity(aer, SerializeAerReq, ParseAerReq);
  CheckIdentity(AerRsp{AnyTag()}, SerializeAerRsp, ParseAerRsp);
}

RC_GTEST_PROP(Identity, Buffers, ()) {
  const auto out_count = *rc::gen::inRange<std::uint8_t>(0, 6);
  std::vector<Direct> list(out_count);
  std::uint64_t sum = 0;
  for (Direct& direct : list) {
    direct = {RemoteAddr(Any<std::uint32_t>()), RKey(Any<std::uint32_t>()),
              *rc::gen::inRange<std::uint32_t>(0, 1u << 20)};
    sum += direct.len;
  }
  const auto total = *rc::gen::inRange<std::uint32_t>(0, out_count == 0 ? 1 : 1u << 23);
  const Direct in{RemoteAddr(Any<std::uint32_t>()), RKey(Any<std::uint32_t>()),
                  *rc::gen::inRange<std::uint32_t>(0, 1u << 24)};
  const Direct table{RemoteAddr(1), RKey(2), static_cast<std::uint32_t>(16 * list.size())};
  Buffer descriptors(kIndirectHeaderBytes + kDirectBytes * (list.size() + 1));
  const std::size_t at = SerializeIndirect(table, total, list, descriptors);
  SerializeDirect(in, MutableBytes(descriptors).subspan(at));
  Cmd cmd;
  cmd.out_fmt = BufferFormat::kIndirect;
  cmd.in_fmt = BufferFormat::kDirect;
  cmd.out_count = out_count;
  cmd.descriptors = descriptors;
  Buffer iu(SerializedBytes(cmd));
  SerializeCmd(cmd, iu);
  const auto buffers = ParseBuffers(*ParseCmd(iu), iu, 0);
  RC_ASSERT(buffers.ok());
  RC_ASSERT(buffers->in.descriptor(0) == in);
  RC_ASSERT(buffers->out.length == std::min<std::uint64_t>(sum, total));
  RC_ASSERT(buffers->out.descriptor_count == list.size());
  for (std::uint32_t i = 0; i < out_count; ++i) RC_ASSERT(buffers->out.descriptor(i) == list[i]);
}

// Whether a table is in the IU or has to be fetched changes nothing else.
RC_GTEST_PROP(Partial, TakenOrRefusedLikeTheSameListInline, ()) {
  const auto count = *rc::gen::inRange<std::uint8_t>(1, 5);
  std::vector<Direct> list(count);
  for (Direct& direct : list) {
    direct = {RemoteAddr(Any<std::uint64_t>()), RKey(Any<std::uint32_t>()), Any<std::uint32_t>()};
  }
  const auto total = Any<std::uint32_t>();
  const Direct table{RemoteAddr(1), RKey(2), 16u * count};
  Buffer fetched(table.len);
  for (std::size_t i = 0; i < count; ++i) {
    SerializeDirect(list[i], MutableBytes(fetched).subspan(16 * i));
  }
  const auto build = [&](std::uint8_t inline_count) {
    Buffer descriptors(kIndirectHeaderBytes + kDirectBytes * inline_count);
    SerializeIndirect(table, total, std::span(list).first(inline_count), descriptors);
    Cmd cmd;
    cmd.in_fmt = BufferFormat::kIndirect;
    cmd.in_count = inline_count;
    cmd.descriptors = descriptors;
    Buffer iu(SerializedBytes(cmd));
    SerializeCmd(cmd, iu);
    return iu;
  };
  const Buffer whole_iu = build(count);
  const auto whole = ParseBuffers(*ParseCmd(whole_iu), whole_iu, 0);
  const Buffer partial_iu = build(*rc::gen::inRange<std::uint8_t>(0, count));
  const auto partial = ParseBuffers(*ParseCmd(partial_iu), partial_iu, 0);
  RC_ASSERT(partial.ok());
  RC_ASSERT(partial->in.partial);
  const auto completed = CompleteLayout(partial->in, fetched);
  RC_ASSERT(completed.ok() == whole.ok());
  if (!whole.ok()) {
    RC_ASSERT(completed.error() == whole.error());
    return;
  }
  RC_ASSERT(completed->length == whole->in.length);
  RC_ASSERT(completed->descriptor_count == whole->in.descriptor_count);
}

// Everything that can be learned from an input, as text: two inputs that are told apart differ
// here.
std::string Everything(Bytes input) {
  std::string text = DescribeIu(input);
  const auto cm = ParseLoginReqCm(input);
  text += cm.ok() ? ToString(*cm) : std::string(to_string(cm.error()));
  if (const auto tag = PeekTag(input)) text += ToString(*tag);
  const auto cmd = ParseCmd(input);
  if (!cmd.ok()) return text;
  text += Hex(cmd->descriptors);
  for (const std::uint16_t imm : {0, 52, 68}) {
    const auto buffers = ParseBuffers(*cmd, input, imm);
    if (!buffers.ok()) {
      text += to_string(buffers.error());
      continue;
    }
    for (const BufferLayout& layout : {buffers->out, buffers->in}) {
      text += ToString(layout) + Hex(layout.ImmediateIn(input));
      for (std::uint32_t i = 0; i < layout.descriptor_count; ++i) {
        text += ToString(layout.descriptor(i));
      }
    }
  }
  return text;
}

std::string EverythingWithin(const Buffer& input, std::uint8_t surroundings) {
  constexpr std::size_t kMargin = 512;
  Buffer larger(input.size() + 2 * kMargin, surroundings);
  std::copy(input.begin(), input.end(), larger.begin() + kMargin);
  return Everything(Bytes(larger).subspan(kMargin, input.size()));
}

// An allocation of exactly the input's length, which the address sanitizer guards, and two larger
// ones whose other bytes differ: the receive buffer holds older data there.
void ExpectReadsOnlyInside(const Buffer& input) {
  std::unique_ptr<std::uint8_t[]> exact(new std::uint8_t[input.size()]);
  std::copy(input.begin(), input.end(), exact.get());
  const std::string alone = Everything(Bytes(exact.get(), input.size()));
  RC_ASSERT(alone == EverythingWithin(input, 0x00));
  RC_ASSERT(alone == EverythingWithin(input, 0xff));
}

constexpr std::uint8_t kOpcodes[] = {0x00, 0x01, 0x02, 0x03, 0x41, 0x42,
                                     0x80, 0x81, 0x82, 0xc0, 0xc1, 0xc2};

RC_GTEST_PROP(ReadsOnlyInside, RandomBytesOfAnyLength, ()) {
  Buffer input = AnyBuffer(160);
  if (!input.empty() && Any<bool>()) {
    input[0] = kOpcodes[*rc::gen::inRange<std::size_t>(0, std::size(kOpcodes))];
  }
  ExpectReadsOnlyInside(input);
}

RC_GTEST_PROP(ReadsOnlyInside, CommandsThatGetPastTheirHeader, ()) {
  Buffer input = AnyBuffer(120);
  input.insert(input.begin(), kCmdBytes, 0);
  input[0] = 0x02;
  input[5] = static_cast<std::uint8_t>(*rc::gen::inRange(0, 4) << 4 | *rc::gen::inRange(0, 4));
  input[6] = *rc::gen::inRange<std::uint8_t>(0, 5);
  input[7] = *rc::gen::inRange<std::uint8_t>(0, 5);
  if (Any<bool>()) input[31] = *rc::gen::inRange<std::uint8_t>(0, 40);
  // A table length and a total that make sense where an indirect descriptor may lie.
  if (input.size() >= 68 && Any<bool>()) {
    input[60] = input[61] = input[62] = input[64] = input[65] = 0;
    input[63] = static_cast<std::uint8_t>(16 * *rc::gen::inRange(0, 6));
  }
  ExpectReadsOnlyInside(input);
}

RC_GTEST_PROP(ReadsOnlyInside, WorkedExamplesDamagedAndCut, ()) {
  static const auto examples = golden::All();
  Buffer input = examples[*rc::gen::inRange<std::size_t>(0, examples.size())].second;
  for (int flips = *rc::gen::inRange(0, 4); flips > 0; --flips) {
    input[*rc::gen::inRange<std::size_t>(0, input.size())] = Any<std::uint8_t>();
  }
  input.resize(*rc::gen::inRange<std::size_t>(0, input.size() + 1));
  ExpectReadsOnlyInside(input);
}

TEST(ReadsOnlyInside, EveryPrefixOfEveryWorkedExample) {
  for (const auto& [name, bytes] : golden::All()) {
    for (std::size_t n = 0; n <= bytes.size(); ++n) {
      const Buffer prefix(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(n));
      ASSERT_EQ(EverythingWithin(prefix, 0x00), EverythingWithin(prefix, 0xff)) << name << " " << n;
    }
  }
}

}  // namespace
}  // namespace srpt::wire
