// LOGIN_RSP: the channel is accepted. Private data of the CM's REP.
#ifndef CORE_WIRE_LOGIN_RSP_H_
#define CORE_WIRE_LOGIN_RSP_H_

#include <cstddef>
#include <cstdint>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/base/types.h"
#include "core/wire/opcode.h"

namespace srpt::wire {

inline constexpr std::size_t kLoginRspBytes = 52;

// What happened to the nexus's earlier channels (flags bits 1:0).
enum class MultichannelResult : std::uint8_t {
  kNoneExisted = 0,
  kTerminated = 1,
  kMaintained = 2,
  kReserved3 = 3,
};
inline constexpr std::uint8_t kLoginRspMultichannelMask = 0x03;
inline constexpr std::uint8_t kLoginRspSolntsup = 0x10;   // Solicited notification is supported.
inline constexpr std::uint8_t kLoginRspImmediate = 0x80;  // Immediate data may be sent (Linux).

struct LoginRsp {
  std::int32_t req_lim_delta = 0;  // The initial request limit.
  Tag tag;
  std::uint32_t max_it_iu_len = 0;  // The longest IU that the target takes, bytes.
  std::uint32_t max_ti_iu_len = 0;  // The longest IU that the target sends, bytes.
  std::uint16_t buf_fmt = 0;        // kBufFmt... bits of login_req.h.
  std::uint8_t flags = 0;           // kLoginRsp... bits.

  MultichannelResult multichannel() const {
    return static_cast<MultichannelResult>(flags & kLoginRspMultichannelMask);
  }
  friend bool operator==(const LoginRsp&, const LoginRsp&) = default;
};

// Accepts trailing bytes (private data is padded). kTooShort, kWrongOpcode.
Result<LoginRsp, ParseError> ParseLoginRsp(Bytes private_data);

// `out` must have room for kLoginRspBytes; returns it.
std::size_t SerializeLoginRsp(const LoginRsp& rsp, MutableBytes out);

}  // namespace srpt::wire

#endif  // CORE_WIRE_LOGIN_RSP_H_
