#include "core/wire/login_rej.h"

#include "core/wire/codec.h"

namespace srpt::wire {
namespace {

using namespace internal;  // NOLINT: the offsets that all IUs share.

//        0      1      2      3      4      5      6      7
//   00 | C2   | reserved             | REASON                   |
//   08 | TAG                                                    |
//   10 | reserved                                               |
//   18 | BUFFER FORMAT| reserved                                |
constexpr std::size_t kReasonAt = 4;
constexpr std::size_t kBufFmtAt = 24;
static_assert(kTagEnd + 8 == kBufFmtAt);
static_assert(kBufFmtAt + 8 == kLoginRejBytes);

}  // namespace

std::string_view to_string(LoginRejReason reason) {
  switch (reason) {
    case LoginRejReason::kUnspecified:
      return "unable to establish the channel, no reason specified";
    case LoginRejReason::kInsufficientResources:
      return "insufficient channel resources";
    case LoginRejReason::kReqItIuLengthTooLarge:
      return "requested maximum initiator to target IU length not supported";
    case LoginRejReason::kCannotAssociateChannel:
      return "unable to associate the channel with an I_T nexus";
    case LoginRejReason::kUnsupportedBufFmt:
      return "data buffer descriptor format not supported";
    case LoginRejReason::kMultichannelUnsupported:
      return "multiple channels for an I_T nexus not supported";
    case LoginRejReason::kChannelLimitReached:
      return "no more channels for this I_T nexus";
  }
  return "unknown reason";
}

Result<LoginRej, ParseError> ParseLoginRej(Bytes private_data) {
  if (const auto error = CheckFixedPart(private_data, Opcode::kLoginRej, kLoginRejBytes)) {
    return Err{*error};
  }
  Reader r(private_data);
  LoginRej rej;
  rej.reason = static_cast<LoginRejReason>(r.Be32(kReasonAt));
  rej.tag.bytes = r.Array<kTagBytes>(kTagAt);
  rej.buf_fmt = r.Be16(kBufFmtAt);
  SRPT_CHECK(r.ok());
  return rej;
}

std::size_t SerializeLoginRej(const LoginRej& rej, MutableBytes out) {
  Writer w = Begin(out, kLoginRejBytes, Opcode::kLoginRej);
  w.Be32(kReasonAt, static_cast<std::uint32_t>(rej.reason));
  w.Copy(kTagAt, rej.tag.bytes);
  w.Be16(kBufFmtAt, rej.buf_fmt);
  return kLoginRejBytes;
}

}  // namespace srpt::wire
