// AER_REQ and AER_RSP: the target reports an asynchronous event, the initiator acknowledges it.
// Linux ignores the content, so what must be known is said by a unit attention as well.
#ifndef CORE_WIRE_AER_H_
#define CORE_WIRE_AER_H_

#include <cstddef>
#include <cstdint>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/base/types.h"
#include "core/wire/opcode.h"

namespace srpt::wire {

inline constexpr std::size_t kAerReqBytes = 36;  // The fixed part.
inline constexpr std::size_t kAerRspBytes = 16;

struct AerReq {
  bool solnt = false;
  std::int32_t req_lim_delta = 0;
  Tag tag;
  RawLun lun;
  Bytes sense;  // A view.

  // Compares the viewed bytes, not where they are.
  friend bool operator==(const AerReq& a, const AerReq& b);
};

struct AerRsp {
  Tag tag;  // That of the AER_REQ.
  friend bool operator==(const AerRsp&, const AerRsp&) = default;
};

// kTooShort, kWrongOpcode; AER_REQ: kLengthMismatch if the sense data runs past the end.
Result<AerReq, ParseError> ParseAerReq(Bytes iu);
Result<AerRsp, ParseError> ParseAerRsp(Bytes iu);

// The length that SerializeAerReq() will return.
std::size_t SerializedBytes(const AerReq& req);
// `out` must have room; they return the length.
std::size_t SerializeAerReq(const AerReq& req, MutableBytes out);
std::size_t SerializeAerRsp(const AerRsp& rsp, MutableBytes out);

}  // namespace srpt::wire

#endif  // CORE_WIRE_AER_H_
