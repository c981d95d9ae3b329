#include "core/wire/aer.h"

#include "core/wire/codec.h"

namespace srpt::wire {
namespace {

using namespace internal;  // NOLINT: the offsets that all IUs share.

constexpr std::size_t kDeltaAt = 4;
constexpr std::size_t kLunAt = 20;
constexpr std::size_t kSenseLenAt = 28;
constexpr std::size_t kSenseAt = 36;
static_assert(kLunAt + kLunBytes == kSenseLenAt);
static_assert(kSenseLenAt + 4 + 4 == kSenseAt);
static_assert(kSenseAt == kAerReqBytes);
static_assert(kTagEnd == kAerRspBytes);

}  // namespace

bool operator==(const AerReq& a, const AerReq& b) {
  return a.solnt == b.solnt && a.req_lim_delta == b.req_lim_delta && a.tag == b.tag &&
         a.lun == b.lun && SameBytes(a.sense, b.sense);
}

// AER_REQ:
//        0      1      2      3      4      5      6      7
//   00 | 82   | SOLNT| reserved      | REQUEST LIMIT DELTA      |
//   08 | TAG                                                    |
//   10 | reserved                    | LUN                      |
//   18 | LUN                         | SENSE DATA LENGTH (n)    |
//   20 | reserved                    | sense data, n bytes
Result<AerReq, ParseError> ParseAerReq(Bytes iu) {
  if (const auto error = CheckFixedPart(iu, Opcode::kAerReq, kAerReqBytes)) return Err{*error};
  Reader r(iu);
  const std::uint64_t sense_bytes = r.Be32(kSenseLenAt);
  if (kAerReqBytes + sense_bytes > iu.size()) return Err{ParseError::kLengthMismatch};
  AerReq req;
  req.solnt = (r.U8(kSolNotAt) & kSolntBit) != 0;
  req.req_lim_delta = static_cast<std::int32_t>(r.Be32(kDeltaAt));
  req.tag.bytes = r.Array<kTagBytes>(kTagAt);
  req.lun.bytes = r.Array<kLunBytes>(kLunAt);
  req.sense = r.Sub(kSenseAt, sense_bytes);
  SRPT_CHECK(r.ok());
  return req;
}

// AER_RSP:
//        0      1      2      3      4      5      6      7
//   00 | 42   | reserved                                        |
//   08 | TAG                                                    |
Result<AerRsp, ParseError> ParseAerRsp(Bytes iu) {
  if (const auto error = CheckFixedPart(iu, Opcode::kAerRsp, kAerRspBytes)) return Err{*error};
  return AerRsp{Tag{Reader(iu).Array<kTagBytes>(kTagAt)}};
}

std::size_t SerializedBytes(const AerReq& req) { return kAerReqBytes + req.sense.size(); }

std::size_t SerializeAerReq(const AerReq& req, MutableBytes out) {
  const std::size_t length = SerializedBytes(req);
  Writer w = Begin(out, length, Opcode::kAerReq);
  w.U8(kSolNotAt, req.solnt ? kSolntBit : std::uint8_t{0});
  w.Be32(kDeltaAt, static_cast<std::uint32_t>(req.req_lim_delta));
  w.Copy(kTagAt, req.tag.bytes);
  w.Copy(kLunAt, req.lun.bytes);
  w.Be32(kSenseLenAt, static_cast<std::uint32_t>(req.sense.size()));
  w.Copy(kSenseAt, req.sense);
  return length;
}

std::size_t SerializeAerRsp(const AerRsp& rsp, MutableBytes out) {
  Writer w = Begin(out, kAerRspBytes, Opcode::kAerRsp);
  w.Copy(kTagAt, rsp.tag.bytes);
  return kAerRspBytes;
}

}  // namespace srpt::wire
