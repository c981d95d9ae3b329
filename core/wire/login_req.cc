#include "core/wire/login_req.h"

#include "core/wire/codec.h"

namespace srpt::wire {
namespace {

using namespace internal;  // NOLINT: the offsets that all IUs share.

// LOGIN_REQ as an IU:
//
//        0      1      2      3      4      5      6      7
//   00 | 00   | reserved                                        |
//   08 | TAG                                                    |
//   10 | REQUESTED MAX I->T IU LENGTH| reserved                 |
//   18 | BUFFER FORMAT| FLAGS| resvd | IMM OFFSET  | reserved   |
//   20 | INITIATOR PORT IDENTIFIER                              |
//   30 | TARGET PORT IDENTIFIER                                 |
constexpr std::size_t kItIuLenAt = 16;
constexpr std::size_t kBufFmtAt = 24;
constexpr std::size_t kFlagsAt = 26;
constexpr std::size_t kImmOffsetAt = 28;
constexpr std::size_t kInitiatorPortAt = 32;
constexpr std::size_t kTargetPortAt = 48;
static_assert(kTagEnd == kItIuLenAt);
static_assert(kImmOffsetAt + 2 <= kInitiatorPortAt);
static_assert(kInitiatorPortAt + kPortIdBytes == kTargetPortAt);
static_assert(kTargetPortAt + kPortIdBytes == kLoginReq64Bytes);

// The RDMA/CM form (Linux: 92 bytes of private data less 36 of the IP header there):
//
//        0      1      2      3      4      5      6      7
//   00 | TAG                                                    |
//   08 | BUFFER FORMAT| FLAGS| 00    | REQ. MAX I->T IU LENGTH  |
//   10 | INITIATOR PORT IDENTIFIER                              |
//   20 | TARGET PORT IDENTIFIER                                 |
//   30 | IMM OFFSET  | reserved                                 |
constexpr std::size_t kCmTagAt = 0;
constexpr std::size_t kCmBufFmtAt = 8;
constexpr std::size_t kCmFlagsAt = 10;
constexpr std::size_t kCmOpcodeAt = 11;
constexpr std::size_t kCmItIuLenAt = 12;
constexpr std::size_t kCmInitiatorPortAt = 16;
constexpr std::size_t kCmTargetPortAt = 32;
constexpr std::size_t kCmImmOffsetAt = 48;
static_assert(kCmTagAt + kTagBytes == kCmBufFmtAt);
static_assert(kCmItIuLenAt + 4 == kCmInitiatorPortAt);
static_assert(kCmInitiatorPortAt + kPortIdBytes == kCmTargetPortAt);
static_assert(kCmTargetPortAt + kPortIdBytes == kCmImmOffsetAt);
static_assert(kCmImmOffsetAt + 8 == kLoginReqCmBytes);

}  // namespace

// [R-LOGIN-01]
Result<LoginReq, ParseError> ParseLoginReq64(Bytes private_data) {
  if (const auto error = CheckFixedPart(private_data, Opcode::kLoginReq, kLoginReq64Bytes)) {
    return Err{*error};
  }
  Reader r(private_data);
  LoginReq req;
  req.tag.bytes = r.Array<kTagBytes>(kTagAt);
  req.req_it_iu_len = r.Be32(kItIuLenAt);
  req.req_buf_fmt = r.Be16(kBufFmtAt);
  req.flags = r.U8(kFlagsAt);
  req.imm_data_offset = r.Be16(kImmOffsetAt);
  req.initiator_port.bytes = r.Array<kPortIdBytes>(kInitiatorPortAt);
  req.target_port.bytes = r.Array<kPortIdBytes>(kTargetPortAt);
  SRPT_CHECK(r.ok());
  return req;
}

// [R-LOGIN-02]
Result<LoginReq, ParseError> ParseLoginReqCm(Bytes private_data) {
  if (private_data.size() < kLoginReqCmBytes) return Err{ParseError::kTooShort};
  Reader r(private_data);
  if (r.U8(kCmOpcodeAt) != static_cast<std::uint8_t>(Opcode::kLoginReq)) {
    return Err{ParseError::kWrongOpcode};
  }
  LoginReq req;
  req.tag.bytes = r.Array<kTagBytes>(kCmTagAt);
  req.req_buf_fmt = r.Be16(kCmBufFmtAt);
  req.flags = r.U8(kCmFlagsAt);
  req.req_it_iu_len = r.Be32(kCmItIuLenAt);
  req.initiator_port.bytes = r.Array<kPortIdBytes>(kCmInitiatorPortAt);
  req.target_port.bytes = r.Array<kPortIdBytes>(kCmTargetPortAt);
  req.imm_data_offset = r.Be16(kCmImmOffsetAt);
  SRPT_CHECK(r.ok());
  return req;
}

std::size_t SerializeLoginReq64(const LoginReq& req, MutableBytes out) {
  Writer w = Begin(out, kLoginReq64Bytes, Opcode::kLoginReq);
  w.Copy(kTagAt, req.tag.bytes);
  w.Be32(kItIuLenAt, req.req_it_iu_len);
  w.Be16(kBufFmtAt, req.req_buf_fmt);
  w.U8(kFlagsAt, req.flags);
  w.Be16(kImmOffsetAt, req.imm_data_offset);
  w.Copy(kInitiatorPortAt, req.initiator_port.bytes);
  w.Copy(kTargetPortAt, req.target_port.bytes);
  return kLoginReq64Bytes;
}

std::size_t SerializeLoginReqCm(const LoginReq& req, MutableBytes out) {
  SRPT_CHECK(out.size() >= kLoginReqCmBytes);
  Writer w(out.first(kLoginReqCmBytes));
  w.Copy(kCmTagAt, req.tag.bytes);
  w.Be16(kCmBufFmtAt, req.req_buf_fmt);
  w.U8(kCmFlagsAt, req.flags);
  w.U8(kCmOpcodeAt, static_cast<std::uint8_t>(Opcode::kLoginReq));
  w.Be32(kCmItIuLenAt, req.req_it_iu_len);
  w.Copy(kCmInitiatorPortAt, req.initiator_port.bytes);
  w.Copy(kCmTargetPortAt, req.target_port.bytes);
  w.Be16(kCmImmOffsetAt, req.imm_data_offset);
  return kLoginReqCmBytes;
}

}  // namespace srpt::wire
