// A model of every codec: one mask says which bits of an IU are fields and which are reserved, and
// one rule how long it is. Whatever comes, what is parsed and written again is the IU with its
// reserved bits zero and without what lies behind its end, or it is refused, just as the model
// says.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <ostream>
#include <string>

#include "core/base/bytes.h"
#include "core/wire/golden.h"
#include "core/wire/to_string.h"

namespace srpt::wire {
namespace {

using golden::Buffer;
using golden::FromHex;

using Again = std::optional<Buffer> (*)(Bytes);

template <class T, Result<T, ParseError> (*Parse)(Bytes),
          std::size_t (*Serialize)(const T&, MutableBytes)>
std::optional<Buffer> ParsedAndWritten(Bytes iu) {
  const auto parsed = Parse(iu);
  if (!parsed.ok()) return std::nullopt;
  Buffer out(iu.size() + 512, 0xa5);  // Full of something else.
  out.resize(Serialize(*parsed, out));
  return out;
}

// SRP r16a 6.2 to 6.13, and Linux's form of LOGIN_REQ.
struct Family {
  const char* name;
  std::uint8_t opcode;
  const char* fields;  // A mask of the fixed part, in hex.
  Again again;
  Buffer (*example)();
  std::size_t opcode_at = 0;
  // Behind the fixed part: as many bytes as these fields say (0: there is no such field).
  std::size_t length_at = 0;
  std::size_t other_length_at = 0;
  bool to_the_end = false;  // All bytes that came are the IU's.
};

const Family kFamilies[] = {
    {"LOGIN_REQ", 0x00,
     "ff00000000000000 ffffffffffffffff ffffffff00000000 ffffff00ffff0000"
     "ffffffffffffffff ffffffffffffffff ffffffffffffffff ffffffffffffffff",
     ParsedAndWritten<LoginReq, ParseLoginReq64, SerializeLoginReq64>, golden::LoginReq64},
    {"LOGIN_REQ of RDMA/CM", 0x00,
     "ffffffffffffffff ffffffffffffffff ffffffffffffffff ffffffffffffffff"
     "ffffffffffffffff ffffffffffffffff ffff000000000000",
     ParsedAndWritten<LoginReq, ParseLoginReqCm, SerializeLoginReqCm>, golden::LoginReqCm, 11},
    {"LOGIN_RSP", 0xc0,
     "ff000000ffffffff ffffffffffffffff ffffffffffffffff ffffff0000000000"
     "0000000000000000 0000000000000000 00000000",
     ParsedAndWritten<LoginRsp, ParseLoginRsp, SerializeLoginRsp>, golden::LoginRsp},
    {"LOGIN_REJ", 0xc2, "ff000000ffffffff ffffffffffffffff 0000000000000000 ffff000000000000",
     ParsedAndWritten<LoginRej, ParseLoginRej, SerializeLoginRej>, golden::LoginRej},
    {"CMD", 0x02,
     "ffff000000ffffff ffffffffffffffff 00000000ffffffff ffffffff000700fc"
     "ffffffffffffffff ffffffffffffffff",
     ParsedAndWritten<Cmd, ParseCmd, SerializeCmd>, golden::CmdBidirectional, 0, 31, 0, true},
    {"TSK_MGMT", 0x01,
     "ffff000000000000 ffffffffffffffff 00000000ffffffff ffffffff0000ff00"
     "ffffffffffffffff 0000000000000000",
     ParsedAndWritten<TskMgmt, ParseTskMgmt, SerializeTskMgmt>, golden::TskMgmtAbort},
    {"RSP", 0xc1, "ff010000ffffffff ffffffffffffffff 0000ffffffffffff ffffffffffffffff ffffffff",
     ParsedAndWritten<Rsp, ParseRsp, SerializeRsp>, golden::RspCheckCondition, 0, 28, 32},
    {"I_LOGOUT", 0x03, "ff00000000000000 ffffffffffffffff",
     ParsedAndWritten<ILogout, ParseILogout, SerializeILogout>, golden::ILogout},
    {"T_LOGOUT", 0x80, "ff010000ffffffff ffffffffffffffff",
     ParsedAndWritten<TLogout, ParseTLogout, SerializeTLogout>, golden::TLogout},
    {"CRED_REQ", 0x81, "ff010000ffffffff ffffffffffffffff",
     ParsedAndWritten<CredReq, ParseCredReq, SerializeCredReq>, golden::CredReq},
    {"CRED_RSP", 0x41, "ff00000000000000 ffffffffffffffff",
     ParsedAndWritten<CredRsp, ParseCredRsp, SerializeCredRsp>, golden::CredRsp},
    {"AER_REQ", 0x82,
     "ff010000ffffffff ffffffffffffffff 00000000ffffffff ffffffffffffffff 00000000",
     ParsedAndWritten<AerReq, ParseAerReq, SerializeAerReq>, golden::AerReq, 0, 28},
    {"AER_RSP", 0x42, "ff00000000000000 ffffffffffffffff",
     ParsedAndWritten<AerRsp, ParseAerRsp, SerializeAerRsp>, golden::AerRsp},
};

// What the model says of `iu`: nothing, if it is refused.
std::optional<Buffer> Model(const Family& family, const Buffer& iu) {
  const Buffer mask = FromHex(family.fields);
  if (iu.size() < mask.size() || iu[family.opcode_at] != family.opcode) return std::nullopt;
  std::uint64_t length = mask.size();
  if (family.to_the_end) {
    if (length + (iu[family.length_at] & mask[family.length_at]) > iu.size()) return std::nullopt;
    length = iu.size();
  } else {
    for (const std::size_t at : {family.length_at, family.other_length_at}) {
      if (at != 0) length += LoadBe32(iu.data() + at);
    }
    if (length > iu.size()) return std::nullopt;
  }
  Buffer out(iu.begin(), iu.begin() + static_cast<std::ptrdiff_t>(length));
  for (std::size_t i = 0; i < mask.size(); ++i) out[i] &= mask[i];
  return out;
}

struct Sample {
  const Family* family;
  Buffer iu;
};
std::string ToString(const Sample& sample) {
  const auto cm = ParseLoginReqCm(sample.iu);
  const bool is_cm = sample.family->opcode_at != 0 && cm.ok();
  return std::string(sample.family->name) + ", " + std::to_string(sample.iu.size()) +
         " bytes: " + (is_cm ? ToString(*cm) : DescribeIu(sample.iu));
}
void showValue(const Sample& sample, std::ostream& os) { os << ToString(sample); }

// A worked example with bytes changed, perhaps cut, perhaps with something behind it.
rc::Gen<Sample> AnySample() {
  return rc::gen::exec([] {
    Sample sample;
    sample.family = &kFamilies[*rc::gen::inRange<std::size_t>(0, std::size(kFamilies))];
    sample.iu = sample.family->example();
    const std::size_t whole = sample.iu.size();
    for (int changes = *rc::gen::inRange(0, 6); changes > 0; --changes) {
      sample.iu[*rc::gen::inRange<std::size_t>(0, whole)] = *rc::gen::arbitrary<std::uint8_t>();
    }
    const int end = *rc::gen::inRange(0, 4);
    if (end == 1) sample.iu.resize(whole - *rc::gen::inRange<std::size_t>(0, whole + 1));
    if (end == 2) sample.iu.resize(whole + *rc::gen::inRange<std::size_t>(0, 300), 0x5a);
    return sample;
  });
}

RC_GTEST_PROP(Layout, WhatIsParsedAndWrittenAgainIsAsTheModelSays, ()) {
  const Sample sample = *AnySample();
  RC_ASSERT(sample.family->again(sample.iu) == Model(*sample.family, sample.iu));
}

TEST(Layout, EveryBitOfEveryExampleIsAFieldOrReserved) {
  for (const Family& family : kFamilies) {
    const Buffer example = family.example();
    ASSERT_EQ(family.again(example), Model(family, example)) << family.name;
    ASSERT_EQ(family.again(example), example) << family.name << ": reserved bits are set";
    for (std::size_t bit = 0; bit < 8 * example.size(); ++bit) {
      Buffer iu = example;
      iu[bit / 8] = static_cast<std::uint8_t>(iu[bit / 8] ^ (1u << (bit % 8)));
      ASSERT_EQ(family.again(iu), Model(family, iu)) << family.name << ", byte " << bit / 8;
    }
  }
}

// A model that takes the STATUS of a RSP for reserved: shown in the words of ToString.
TEST(Layout, AWrongModelIsRefutedByTheWorkedExample) {
  rc::detail::TestParams params;
  params.seed = 1;
  params.maxSuccess = 1000;
  const auto result = rc::detail::checkTestable(
      [] {
        const Sample sample = *AnySample();
        auto model = Model(*sample.family, sample.iu);
        if (model && sample.family->opcode == 0xc1) (*model)[19] = 0;
        RC_ASSERT(sample.family->again(sample.iu) == model);
      },
      rc::detail::TestMetadata(), params);
  ASSERT_TRUE(result.is<rc::detail::FailureResult>());
  const auto& example = result.get<rc::detail::FailureResult>().counterExample;
  ASSERT_EQ(example.size(), 1u);
  EXPECT_EQ(example[0].second, "RSP, 54 bytes: " + DescribeIu(golden::RspCheckCondition()));
}

}  // namespace
}  // namespace srpt::wire
