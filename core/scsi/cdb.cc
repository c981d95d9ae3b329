#include "core/scsi/cdb.h"

#include "core/scsi/opcodes.h"

namespace srpt::scsi {
namespace {

constexpr std::uint8_t kNaca = 0x04;  // In the CONTROL byte (SAM-5 5.2).

}  // namespace

Result<Request, Sense> Decode(Bytes cdb, const LuView* lu) {
  const OpcodeMatch match = FindOpcode(cdb);
  const OpcodeRow* row = match.row;
  if (lu == nullptr && (row == nullptr || row->scope != Scope::kAnyLun)) {
    return Err{kLunNotSupported};
  }
  if (cdb.empty()) return Err{kInvalidFieldInCdb};
  if (row == nullptr) {
    if (!match.opcode_known) return Err{kInvalidOpcode};
    return cdb[0] == kVariableLength ? Err{InvalidField(8)} : Err{InvalidField(1, 4)};
  }
  if (cdb.size() < row->cdb_bytes) return Err{kInvalidFieldInCdb};
  if ((cdb[row->control_at] & kNaca) != 0) return Err{InvalidField(row->control_at, 2)};
  if (row->medium != Medium::kNone && lu->block_count == 0) return Err{kMediumNotPresent};
  if (row->medium == Medium::kSound && lu->failed) return Err{kInternalTargetFailure};
  return row->decode(cdb.data(), lu);
}

bool BypassesUnitAttention(std::uint8_t opcode) {
  const OpcodeRow* row = FindOpcode(Bytes(&opcode, 1)).row;
  return row != nullptr && row->scope == Scope::kAnyLun;
}

std::string_view CommandName(Bytes cdb) {
  const OpcodeRow* row = FindOpcode(cdb).row;
  return row != nullptr ? row->name : "unknown";
}

}  // namespace srpt::scsi
