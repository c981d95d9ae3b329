// LOGIN_REQ: asks for a new RDMA channel. Two forms carry the same fields: the SRP IU (64 bytes, in
// the private data of a native InfiniBand CM REQ) and Linux's RDMA/CM form (56 bytes, what is left
// of the private data there).
#ifndef CORE_WIRE_LOGIN_REQ_H_
#define CORE_WIRE_LOGIN_REQ_H_

#include <cstddef>
#include <cstdint>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/base/types.h"
#include "core/wire/opcode.h"

namespace srpt::wire {

inline constexpr std::size_t kLoginReq64Bytes = 64;
inline constexpr std::size_t kLoginReqCmBytes = 56;

// Data buffer descriptor formats, a bit mask: in LOGIN_REQ required, in LOGIN_RSP and LOGIN_REJ
// supported.
inline constexpr std::uint16_t kBufFmtDirect = 0x0002;
inline constexpr std::uint16_t kBufFmtIndirect = 0x0004;

// What is to happen to channels that the same I_T nexus already has (flags bits 1:0).
enum class MultichannelAction : std::uint8_t {
  kSingle = 0,  // Terminate them.
  kMulti = 1,   // Independent operation: they stay.
  kReserved2 = 2,
  kReserved3 = 3,
};
inline constexpr std::uint8_t kLoginReqMultichannelMask = 0x03;
inline constexpr std::uint8_t kLoginReqLosolnt = 0x10;  // Solicited notification of T_LOGOUT.
inline constexpr std::uint8_t kLoginReqCrsolnt = 0x20;  // ... of CRED_REQ.
inline constexpr std::uint8_t kLoginReqAesolnt = 0x40;  // ... of AER_REQ.
inline constexpr std::uint8_t kLoginReqSolicitedMask =
    kLoginReqLosolnt | kLoginReqCrsolnt | kLoginReqAesolnt;
inline constexpr std::uint8_t kLoginReqImmediate = 0x80;  // Asks for immediate data (Linux).

struct LoginReq {
  Tag tag;
  std::uint32_t req_it_iu_len = 0;    // The longest IU the initiator wants to send, bytes.
  std::uint16_t req_buf_fmt = 0;      // kBufFmt... bits.
  std::uint8_t flags = 0;             // kLoginReq... bits.
  std::uint16_t imm_data_offset = 0;  // From the IU's start; counts if kLoginReqImmediate is set.
  PortId initiator_port;
  PortId target_port;

  MultichannelAction multichannel() const {
    return static_cast<MultichannelAction>(flags & kLoginReqMultichannelMask);
  }
  bool wants_immediate() const { return (flags & kLoginReqImmediate) != 0; }
  friend bool operator==(const LoginReq&, const LoginReq&) = default;
};

// Both accept trailing bytes (private data arrives zero-padded to its full size) and fail with
// kTooShort or kWrongOpcode.
Result<LoginReq, ParseError> ParseLoginReq64(Bytes private_data);
Result<LoginReq, ParseError> ParseLoginReqCm(Bytes private_data);

// `out` must have room for kLoginReq64Bytes or kLoginReqCmBytes, the length that they return.
std::size_t SerializeLoginReq64(const LoginReq& req, MutableBytes out);
std::size_t SerializeLoginReqCm(const LoginReq& req, MutableBytes out);

}  // namespace srpt::wire

#endif  // CORE_WIRE_LOGIN_REQ_H_
