// RSP: the answer to a CMD or a TSK_MGMT.
#ifndef CORE_WIRE_RSP_H_
#define CORE_WIRE_RSP_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/base/types.h"
#include "core/wire/opcode.h"

namespace srpt::wire {

inline constexpr std::size_t kRspBytes = 36;  // The fixed part.
inline constexpr std::size_t kResponseDataBytes = 4;

inline constexpr std::uint8_t kRspvalid = 0x01;  // There is response data.
inline constexpr std::uint8_t kSnsvalid = 0x02;  // There is sense data.
inline constexpr std::uint8_t kDoover = 0x04;    // DATA-OUT: the command asked for more than fits.
inline constexpr std::uint8_t kDounder = 0x08;   // DATA-OUT: less was moved than there is room.
inline constexpr std::uint8_t kDiover = 0x10;    // DATA-IN.
inline constexpr std::uint8_t kDiunder = 0x20;

// Byte 3 of the response data. ib_srp ignores it on the answer to a CMD: a command fails by its
// SCSI status only.
enum class RspCode : std::uint8_t {  // Other values are kept as they come.
  kComplete = 0x00,
  kFieldsInvalid = 0x02,
  kFunctionNotSupported = 0x04,
  kFunctionFailed = 0x05,
};
std::string_view to_string(RspCode code);

struct Rsp {
  bool solnt = false;  // Sent as a solicited event because the request asked for it.
  std::int32_t req_lim_delta = 0;
  Tag tag;
  std::uint8_t flags = 0;   // kRspvalid ... kDiunder.
  std::uint8_t status = 0;  // SCSI status.
  std::uint32_t out_residual = 0;
  std::uint32_t in_residual = 0;
  Bytes response_data;  // A view. Empty unless kRspvalid; ours have 4 bytes.
  Bytes sense;          // A view. Starts behind the response data.

  // Compares the viewed bytes, not where they are.
  friend bool operator==(const Rsp& a, const Rsp& b);
};

// The four bytes of response data that carry `code`; the caller keeps them alive for Rsp.
constexpr std::array<std::uint8_t, kResponseDataBytes> ResponseData(RspCode code) {
  return {0, 0, 0, static_cast<std::uint8_t>(code)};
}
// The code of an answer with kRspvalid and at least four bytes of response data.
std::optional<RspCode> ResponseCode(const Rsp& rsp);

// Whether flags, lengths and residuals agree (invariant 3): response data (4 bytes) if and only if
// kRspvalid, sense if and only if kSnsvalid, at most one of over and under for each direction, and
// a residual if and only if one of them is set. Everything we send is so.
bool IsConsistent(const Rsp& rsp);

// Cuts the sense data so that the IU is no longer than `iu_bytes_max` (the channel's
// max_ti_iu_len), and clears kSnsvalid if nothing is left of it.
void TruncateSense(Rsp& rsp, std::size_t iu_bytes_max);

// kTooShort, kWrongOpcode; kLengthMismatch if response and sense data run past the end. Takes the
// two lengths as they are, whatever the flags say, as ib_srp does.
Result<Rsp, ParseError> ParseRsp(Bytes iu);

// The length that SerializeRsp() will return.
std::size_t SerializedBytes(const Rsp& rsp);
// `out` must have room.
std::size_t SerializeRsp(const Rsp& rsp, MutableBytes out);

}  // namespace srpt::wire

#endif  // CORE_WIRE_RSP_H_
