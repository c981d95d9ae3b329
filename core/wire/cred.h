// CRED_REQ and CRED_RSP: the target changes the request limit outside a response, and the initiator
// acknowledges it. At most one of CRED_REQ and AER_REQ is unanswered on a channel.
#ifndef CORE_WIRE_CRED_H_
#define CORE_WIRE_CRED_H_

#include <cstddef>
#include <cstdint>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/base/types.h"
#include "core/wire/opcode.h"

namespace srpt::wire {

inline constexpr std::size_t kCredReqBytes = 16;
inline constexpr std::size_t kCredRspBytes = 16;

struct CredReq {
  bool solnt = false;
  std::int32_t req_lim_delta = 0;
  Tag tag;
  friend bool operator==(const CredReq&, const CredReq&) = default;
};

struct CredRsp {
  Tag tag;  // That of the CRED_REQ.
  friend bool operator==(const CredRsp&, const CredRsp&) = default;
};

// kTooShort, kWrongOpcode.
Result<CredReq, ParseError> ParseCredReq(Bytes iu);
Result<CredRsp, ParseError> ParseCredRsp(Bytes iu);

// `out` must have room for 16 bytes, the length that they return.
std::size_t SerializeCredReq(const CredReq& req, MutableBytes out);
std::size_t SerializeCredRsp(const CredRsp& rsp, MutableBytes out);

}  // namespace srpt::wire

#endif  // CORE_WIRE_CRED_H_
