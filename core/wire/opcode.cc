#include "core/wire/opcode.h"

#include "core/wire/codec.h"

namespace srpt::wire {

std::string_view to_string(Opcode opcode) {
  switch (opcode) {
    case Opcode::kLoginReq:
      return "SRP_LOGIN_REQ";
    case Opcode::kTskMgmt:
      return "SRP_TSK_MGMT";
    case Opcode::kCmd:
      return "SRP_CMD";
    case Opcode::kILogout:
      return "SRP_I_LOGOUT";
    case Opcode::kCredRsp:
      return "SRP_CRED_RSP";
    case Opcode::kAerRsp:
      return "SRP_AER_RSP";
    case Opcode::kTLogout:
      return "SRP_T_LOGOUT";
    case Opcode::kCredReq:
      return "SRP_CRED_REQ";
    case Opcode::kAerReq:
      return "SRP_AER_REQ";
    case Opcode::kLoginRsp:
      return "SRP_LOGIN_RSP";
    case Opcode::kRsp:
      return "SRP_RSP";
    case Opcode::kLoginRej:
      return "SRP_LOGIN_REJ";
  }
  return "unknown opcode";
}

std::string_view to_string(ParseError error) {
  switch (error) {
    case ParseError::kTooShort:
      return "shorter than its fixed part";
    case ParseError::kWrongOpcode:
      return "another opcode than expected";
    case ParseError::kUnknownOpcode:
      return "unknown opcode";
    case ParseError::kLengthMismatch:
      return "a length inside runs past the end";
    case ParseError::kAdditionalCdbTruncated:
      return "additional CDB bytes run past the end";
  }
  return "unknown error";
}

Result<Opcode, ParseError> PeekOpcode(Bytes iu) {
  if (iu.empty()) return Err{ParseError::kTooShort};
  const auto opcode = static_cast<Opcode>(iu[internal::kOpcodeAt]);
  switch (opcode) {
    case Opcode::kLoginReq:
    case Opcode::kTskMgmt:
    case Opcode::kCmd:
    case Opcode::kILogout:
    case Opcode::kCredRsp:
    case Opcode::kAerRsp:
    case Opcode::kTLogout:
    case Opcode::kCredReq:
    case Opcode::kAerReq:
    case Opcode::kLoginRsp:
    case Opcode::kRsp:
    case Opcode::kLoginRej:
      return opcode;
  }
  return Err{ParseError::kUnknownOpcode};
}

std::optional<Tag> PeekTag(Bytes iu) {
  if (iu.size() < internal::kTagEnd) return std::nullopt;
  return Tag{Reader(iu).Array<internal::kTagBytes>(internal::kTagAt)};
}

}  // namespace srpt::wire
