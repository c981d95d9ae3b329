#include "core/wire/logout.h"

#include "core/wire/codec.h"

namespace srpt::wire {
namespace {

using namespace internal;  // NOLINT: the offsets that all IUs share.

static_assert(kTagEnd == kILogoutBytes);
static_assert(kTagEnd == kTLogoutBytes);
constexpr std::size_t kReasonAt = 4;

}  // namespace

std::string_view to_string(TLogoutReason reason) {
  switch (reason) {
    case TLogoutReason::kNone:
      return "no reason";
    case TLogoutReason::kInactive:
      return "inactive channel";
    case TLogoutReason::kInvalidIuType:
      return "invalid IU type";
    case TLogoutReason::kSpuriousInitiatorResponse:
      return "response without an outstanding request";
    case TLogoutReason::kMultichannelAction:
      return "ended by the multichannel action of another login";
    case TLogoutReason::kUnsupportedOutFormat:
      return "unsupported DATA-OUT buffer format";
    case TLogoutReason::kUnsupportedInFormat:
      return "unsupported DATA-IN buffer format";
    case TLogoutReason::kInvalidIuLength:
      return "invalid IU length";
  }
  return "unknown reason";
}

// I_LOGOUT:
//        0      1      2      3      4      5      6      7
//   00 | 03   | reserved                                        |
//   08 | TAG                                                    |
Result<ILogout, ParseError> ParseILogout(Bytes iu) {
  if (const auto error = CheckFixedPart(iu, Opcode::kILogout, kILogoutBytes)) return Err{*error};
  return ILogout{Tag{Reader(iu).Array<kTagBytes>(kTagAt)}};
}

// T_LOGOUT:
//        0      1      2      3      4      5      6      7
//   00 | 80   | SOLNT| reserved      | REASON                   |
//   08 | TAG                                                    |
Result<TLogout, ParseError> ParseTLogout(Bytes iu) {
  if (const auto error = CheckFixedPart(iu, Opcode::kTLogout, kTLogoutBytes)) return Err{*error};
  Reader r(iu);
  TLogout logout;
  logout.solnt = (r.U8(kSolNotAt) & kSolntBit) != 0;
  logout.reason = static_cast<TLogoutReason>(r.Be32(kReasonAt));
  logout.tag.bytes = r.Array<kTagBytes>(kTagAt);
  SRPT_CHECK(r.ok());
  return logout;
}

std::size_t SerializeILogout(const ILogout& logout, MutableBytes out) {
  Writer w = Begin(out, kILogoutBytes, Opcode::kILogout);
  w.Copy(kTagAt, logout.tag.bytes);
  return kILogoutBytes;
}

std::size_t SerializeTLogout(const TLogout& logout, MutableBytes out) {
  Writer w = Begin(out, kTLogoutBytes, Opcode::kTLogout);
  w.U8(kSolNotAt, logout.solnt ? kSolntBit : std::uint8_t{0});
  w.Be32(kReasonAt, static_cast<std::uint32_t>(logout.reason));
  w.Copy(kTagAt, logout.tag.bytes);
  return kTLogoutBytes;
}

}  // namespace srpt::wire
