// What the codecs share; private to core/wire.
#ifndef CORE_WIRE_CODEC_H_
#define CORE_WIRE_CODEC_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>

#include "core/base/bytes.h"
#include "core/base/check.h"
#include "core/wire/opcode.h"

namespace srpt::wire::internal {

// Offsets that all IUs agree on.
inline constexpr std::size_t kOpcodeAt = 0;
inline constexpr std::size_t kSolNotAt = 1;
inline constexpr std::size_t kTagAt = 8;
inline constexpr std::size_t kTagBytes = 8;
inline constexpr std::size_t kTagEnd = kTagAt + kTagBytes;
inline constexpr std::size_t kLunBytes = 8;
inline constexpr std::size_t kPortIdBytes = 16;

inline constexpr std::uint8_t kSolntBit = 0x01;

// Why `iu` is not an IU `opcode` with a fixed part of `bytes`, if it is not. The opcode is looked
// at first: a short IU of another kind is not a short IU of this kind.
inline std::optional<ParseError> CheckFixedPart(Bytes iu, Opcode opcode, std::size_t bytes) {
  if (iu.empty()) return ParseError::kTooShort;
  if (iu[kOpcodeAt] != static_cast<std::uint8_t>(opcode)) return ParseError::kWrongOpcode;
  if (iu.size() < bytes) return ParseError::kTooShort;
  return std::nullopt;
}

// The first `bytes` of `out`, zeroed, with the opcode in place.
inline Writer Begin(MutableBytes out, std::size_t bytes, Opcode opcode) {
  SRPT_CHECK(out.size() >= bytes);
  Writer w(out.first(bytes));
  w.U8(kOpcodeAt, static_cast<std::uint8_t>(opcode));
  return w;
}

inline bool SameBytes(Bytes a, Bytes b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size()) == 0);
}

}  // namespace srpt::wire::internal

#endif  // CORE_WIRE_CODEC_H_
