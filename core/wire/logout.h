// I_LOGOUT and T_LOGOUT: one side ends the channel. No answer is defined; a disconnect follows.
#ifndef CORE_WIRE_LOGOUT_H_
#define CORE_WIRE_LOGOUT_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/base/types.h"
#include "core/wire/opcode.h"

namespace srpt::wire {

inline constexpr std::size_t kILogoutBytes = 16;
inline constexpr std::size_t kTLogoutBytes = 16;

struct ILogout {
  Tag tag;
  friend bool operator==(const ILogout&, const ILogout&) = default;
};

// The numbers are those of illumos COMSTAR; other readings of the standard number 5 to 9
// differently. Linux only logs them.
enum class TLogoutReason : std::uint32_t {  // Other values are kept as they come.
  kNone = 0,
  kInactive = 1,
  kInvalidIuType = 2,
  kSpuriousInitiatorResponse = 3,
  kMultichannelAction = 4,
  kUnsupportedOutFormat = 6,
  kUnsupportedInFormat = 7,
  kInvalidIuLength = 8,
};
std::string_view to_string(TLogoutReason reason);

struct TLogout {
  bool solnt = false;
  TLogoutReason reason = TLogoutReason::kNone;
  Tag tag;
  friend bool operator==(const TLogout&, const TLogout&) = default;
};

// kTooShort, kWrongOpcode.
Result<ILogout, ParseError> ParseILogout(Bytes iu);
Result<TLogout, ParseError> ParseTLogout(Bytes iu);

// `out` must have room for 16 bytes, the length that they return.
std::size_t SerializeILogout(const ILogout& logout, MutableBytes out);
std::size_t SerializeTLogout(const TLogout& logout, MutableBytes out);

}  // namespace srpt::wire

#endif  // CORE_WIRE_LOGOUT_H_
