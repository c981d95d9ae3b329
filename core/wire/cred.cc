#include "core/wire/cred.h"

#include "core/wire/codec.h"

namespace srpt::wire {
namespace {

using namespace internal;  // NOLINT: the offsets that all IUs share.

static_assert(kTagEnd == kCredReqBytes);
static_assert(kTagEnd == kCredRspBytes);
constexpr std::size_t kDeltaAt = 4;

}  // namespace

// CRED_REQ:
//        0      1      2      3      4      5      6      7
//   00 | 81   | SOLNT| reserved      | REQUEST LIMIT DELTA      |
//   08 | TAG                                                    |
Result<CredReq, ParseError> ParseCredReq(Bytes iu) {
  if (const auto error = CheckFixedPart(iu, Opcode::kCredReq, kCredReqBytes)) return Err{*error};
  Reader r(iu);
  CredReq req;
  req.solnt = (r.U8(kSolNotAt) & kSolntBit) != 0;
  req.req_lim_delta = static_cast<std::int32_t>(r.Be32(kDeltaAt));
  req.tag.bytes = r.Array<kTagBytes>(kTagAt);
  SRPT_CHECK(r.ok());
  return req;
}

// CRED_RSP:
//        0      1      2      3      4      5      6      7
//   00 | 41   | reserved                                        |
//   08 | TAG                                                    |
Result<CredRsp, ParseError> ParseCredRsp(Bytes iu) {
  if (const auto error = CheckFixedPart(iu, Opcode::kCredRsp, kCredRspBytes)) return Err{*error};
  return CredRsp{Tag{Reader(iu).Array<kTagBytes>(kTagAt)}};
}

std::size_t SerializeCredReq(const CredReq& req, MutableBytes out) {
  Writer w = Begin(out, kCredReqBytes, Opcode::kCredReq);
  w.U8(kSolNotAt, req.solnt ? kSolntBit : std::uint8_t{0});
  w.Be32(kDeltaAt, static_cast<std::uint32_t>(req.req_lim_delta));
  w.Copy(kTagAt, req.tag.bytes);
  return kCredReqBytes;
}

std::size_t SerializeCredRsp(const CredRsp& rsp, MutableBytes out) {
  Writer w = Begin(out, kCredRspBytes, Opcode::kCredRsp);
  w.Copy(kTagAt, rsp.tag.bytes);
  return kCredRspBytes;
}

}  // namespace srpt::wire
