// LOGIN_REJ: the channel is refused. Private data of the CM's REJ (reason 28, consumer defined).
#ifndef CORE_WIRE_LOGIN_REJ_H_
#define CORE_WIRE_LOGIN_REJ_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/base/types.h"
#include "core/wire/opcode.h"

namespace srpt::wire {

inline constexpr std::size_t kLoginRejBytes = 32;

enum class LoginRejReason : std::uint32_t {  // Other values are kept as they come.
  kUnspecified = 0x00010000,
  kInsufficientResources = 0x00010001,
  kReqItIuLengthTooLarge = 0x00010002,
  kCannotAssociateChannel = 0x00010003,
  kUnsupportedBufFmt = 0x00010004,
  kMultichannelUnsupported = 0x00010005,
  kChannelLimitReached = 0x00010006,
};
std::string_view to_string(LoginRejReason reason);  // In words; "unknown reason" for others.

struct LoginRej {
  LoginRejReason reason = LoginRejReason::kUnspecified;
  Tag tag;
  std::uint16_t buf_fmt = 0;  // Supported formats: kBufFmt... bits of login_req.h.
  friend bool operator==(const LoginRej&, const LoginRej&) = default;
};

// Accepts trailing bytes (private data is padded). kTooShort, kWrongOpcode.
Result<LoginRej, ParseError> ParseLoginRej(Bytes private_data);

// `out` must have room for kLoginRejBytes; returns it.
std::size_t SerializeLoginRej(const LoginRej& rej, MutableBytes out);

}  // namespace srpt::wire

#endif  // CORE_WIRE_LOGIN_REJ_H_
