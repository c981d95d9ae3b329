// Information unit opcodes (SRP r16a, 6.1), and how a parse can fail.
//
// Start here in core/wire. Every IU has a file pair with a struct, Parse..., Serialize... and the
// layout. All of core/wire is pure functions over bytes that the caller lends: no state, no
// allocation; a parsed struct that holds `Bytes` points into the IU and lives only as long as it.
// Multi-byte fields are big-endian; reserved fields are sent as zero and ignored on receipt.
#ifndef CORE_WIRE_OPCODE_H_
#define CORE_WIRE_OPCODE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/base/types.h"

namespace srpt::wire {

enum class Opcode : std::uint8_t {
  kLoginReq = 0x00,  // Initiator to target.
  kTskMgmt = 0x01,
  kCmd = 0x02,
  kILogout = 0x03,
  kCredRsp = 0x41,
  kAerRsp = 0x42,
  kTLogout = 0x80,  // Target to initiator.
  kCredReq = 0x81,
  kAerReq = 0x82,
  kLoginRsp = 0xc0,
  kRsp = 0xc1,
  kLoginRej = 0xc2,
};

enum class ParseError : std::uint8_t {
  kTooShort,                // Fewer bytes than the IU's fixed part.
  kWrongOpcode,             // A known IU, but not the one that was asked for.
  kUnknownOpcode,           // No IU has this opcode.
  kLengthMismatch,          // A length inside the IU points past its end.
  kAdditionalCdbTruncated,  // CMD: the additional CDB bytes lie past the end. PeekTag() works.
};

// Name in the standard's spelling ("SRP_CMD"), "unknown opcode" for other values.
std::string_view to_string(Opcode opcode);
std::string_view to_string(ParseError error);

// The opcode of an IU (byte 0; not for the RDMA/CM form of LOGIN_REQ): kTooShort if there are no
// bytes, kUnknownOpcode if it is none of the above.
Result<Opcode, ParseError> PeekOpcode(Bytes iu);

// The tag of any IU of at least 16 bytes, whatever else is wrong with it, so that it can be
// answered. (Not for the RDMA/CM form of LOGIN_REQ.)
std::optional<Tag> PeekTag(Bytes iu);

}  // namespace srpt::wire

#endif  // CORE_WIRE_OPCODE_H_
