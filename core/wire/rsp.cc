#include "core/wire/rsp.h"

#include "core/wire/codec.h"

namespace srpt::wire {
namespace {

using namespace internal;  // NOLINT: the offsets that all IUs share.

//        0      1      2      3      4      5      6      7
//   00 | C1   | SOLNT| reserved      | REQUEST LIMIT DELTA      |
//   08 | TAG                                                    |
//   10 | reserved    | FLAGS| STATUS | DATA-OUT RESIDUAL        |
//   18 | DATA-IN RESIDUAL            | SENSE DATA LENGTH (n)    |
//   20 | RESPONSE DATA LENGTH (m)    | response data, m bytes;
//        sense data, n bytes
constexpr std::size_t kDeltaAt = 4;
constexpr std::size_t kFlagsAt = 18;
constexpr std::size_t kStatusAt = 19;
constexpr std::size_t kOutResidualAt = 20;
constexpr std::size_t kInResidualAt = 24;
constexpr std::size_t kSenseLenAt = 28;
constexpr std::size_t kResponseLenAt = 32;
constexpr std::size_t kResponseDataAt = 36;
constexpr std::size_t kRspCodeAt = 3;  // Within the response data.
static_assert(kTagEnd + 2 == kFlagsAt);
static_assert(kResponseLenAt + 4 == kResponseDataAt);
static_assert(kResponseDataAt == kRspBytes);
static_assert(kRspCodeAt < kResponseDataBytes);

}  // namespace

std::string_view to_string(RspCode code) {
  switch (code) {
    case RspCode::kComplete:
      return "complete";
    case RspCode::kFieldsInvalid:
      return "fields invalid";
    case RspCode::kFunctionNotSupported:
      return "function not supported";
    case RspCode::kFunctionFailed:
      return "function failed";
  }
  return "unknown code";
}

bool operator==(const Rsp& a, const Rsp& b) {
  return a.solnt == b.solnt && a.req_lim_delta == b.req_lim_delta && a.tag == b.tag &&
         a.flags == b.flags && a.status == b.status && a.out_residual == b.out_residual &&
         a.in_residual == b.in_residual && SameBytes(a.response_data, b.response_data) &&
         SameBytes(a.sense, b.sense);
}

std::optional<RspCode> ResponseCode(const Rsp& rsp) {
  if ((rsp.flags & kRspvalid) == 0 || rsp.response_data.size() < kResponseDataBytes) {
    return std::nullopt;
  }
  return static_cast<RspCode>(rsp.response_data[kRspCodeAt]);
}

bool IsConsistent(const Rsp& rsp) {
  const auto has = [&rsp](std::uint8_t bits) { return (rsp.flags & bits) != 0; };
  if (has(kRspvalid) ? rsp.response_data.size() != kResponseDataBytes
                     : !rsp.response_data.empty()) {
    return false;
  }
  if (has(kSnsvalid) == rsp.sense.empty()) return false;
  if (has(kDoover) && has(kDounder)) return false;
  if (has(kDiover) && has(kDiunder)) return false;
  return has(kDoover | kDounder) == (rsp.out_residual != 0) &&
         has(kDiover | kDiunder) == (rsp.in_residual != 0);
}

// [R-RSP-03, R-INV-15]
void TruncateSense(Rsp& rsp, std::size_t iu_bytes_max) {
  const std::size_t before = kRspBytes + rsp.response_data.size();
  const std::size_t room = iu_bytes_max > before ? iu_bytes_max - before : 0;
  if (rsp.sense.size() <= room) return;
  rsp.sense = rsp.sense.first(room);
  if (room == 0) rsp.flags = static_cast<std::uint8_t>(rsp.flags & ~kSnsvalid);
}

Result<Rsp, ParseError> ParseRsp(Bytes iu) {
  if (const auto error = CheckFixedPart(iu, Opcode::kRsp, kRspBytes)) return Err{*error};
  Reader r(iu);
  const std::uint64_t response_bytes = r.Be32(kResponseLenAt);
  const std::uint64_t sense_bytes = r.Be32(kSenseLenAt);
  if (kRspBytes + response_bytes + sense_bytes > iu.size()) {
    return Err{ParseError::kLengthMismatch};
  }
  Rsp rsp;
  rsp.solnt = (r.U8(kSolNotAt) & kSolntBit) != 0;
  rsp.req_lim_delta = static_cast<std::int32_t>(r.Be32(kDeltaAt));
  rsp.tag.bytes = r.Array<kTagBytes>(kTagAt);
  rsp.flags = r.U8(kFlagsAt);
  rsp.status = r.U8(kStatusAt);
  rsp.out_residual = r.Be32(kOutResidualAt);
  rsp.in_residual = r.Be32(kInResidualAt);
  rsp.response_data = r.Sub(kResponseDataAt, response_bytes);
  rsp.sense = r.Sub(kResponseDataAt + response_bytes, sense_bytes);
  SRPT_CHECK(r.ok());
  return rsp;
}

std::size_t SerializedBytes(const Rsp& rsp) {
  return kRspBytes + rsp.response_data.size() + rsp.sense.size();
}

// [R-RSP-01, R-INV-03]
std::size_t SerializeRsp(const Rsp& rsp, MutableBytes out) {
  const std::size_t length = SerializedBytes(rsp);
  SRPT_CHECK(out.size() >= length);
  FixedWriter<kRspBytes> w(out.first<kRspBytes>());
  w.U8<kOpcodeAt>(static_cast<std::uint8_t>(Opcode::kRsp));
  w.U8<kSolNotAt>(rsp.solnt ? kSolntBit : std::uint8_t{0});
  w.Be32<kDeltaAt>(static_cast<std::uint32_t>(rsp.req_lim_delta));
  w.Copy<kTagAt>(rsp.tag.bytes);
  w.U8<kFlagsAt>(rsp.flags);
  w.U8<kStatusAt>(rsp.status);
  w.Be32<kOutResidualAt>(rsp.out_residual);
  w.Be32<kInResidualAt>(rsp.in_residual);
  if (length == kRspBytes) return length;
  w.Be32<kSenseLenAt>(static_cast<std::uint32_t>(rsp.sense.size()));
  w.Be32<kResponseLenAt>(static_cast<std::uint32_t>(rsp.response_data.size()));
  Writer rest(out.subspan(kRspBytes, length - kRspBytes));
  rest.Copy(0, rsp.response_data);
  rest.Copy(rsp.response_data.size(), rsp.sense);
  return length;
}

}  // namespace srpt::wire
