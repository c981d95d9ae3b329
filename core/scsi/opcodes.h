// The table of commands: one row each, with everything that is decided by the opcode alone.
#ifndef CORE_SCSI_OPCODES_H_
#define CORE_SCSI_OPCODES_H_

#include <array>
#include <cstdint>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/scsi/cdb.h"
#include "core/scsi/lu.h"
#include "core/scsi/sense.h"

namespace srpt::scsi {

// Whom the command needs.
enum class Scope : std::uint8_t {
  kUnit,    // A logical unit; a pending unit attention comes first.
  kAnyLun,  // Also answered where there is no unit, and before a unit attention.
};

// What of the medium it needs.
enum class Medium : std::uint8_t {
  kNone,
  kPresent,  // A capacity above 0, else 2/3A/00.
  kSound,    // And a device that has not failed, else 4/44/00.
};

// The last ALUA states that still take it.
enum class Access : std::uint8_t { kEveryState, kStandby, kActive };

struct OpcodeRow {
  // `cdb` holds at least cdb_bytes; `lu` is null only with Scope::kAnyLun.
  using DecodeFn = Result<Request, Sense> (*)(const std::uint8_t* cdb, const LuView* lu);

  static constexpr std::uint8_t kNoAction = 0xff;

  std::uint8_t opcode;
  std::uint8_t action;  // Service action, or kNoAction if the opcode has none. None is larger.
  std::uint8_t cdb_bytes;
  Scope scope;
  Access access;
  Medium medium;
  DecodeFn decode;
  std::string_view name;
  std::uint8_t control_at = static_cast<std::uint8_t>(cdb_bytes - 1);  // Its CONTROL byte.
};

// The operation code of variable-length CDBs (SPC-4 4.2.3): CONTROL in byte 1, the number of bytes
// behind byte 7 in byte 7, the service action in bytes 8 and 9.
inline constexpr std::uint8_t kVariableLength = 0x7f;

struct OpcodeMatch {
  const OpcodeRow* row = nullptr;  // Null: not a command of ours.
  bool opcode_known = false;       // True without a row: the service action is not ours.
};

// Opcode -> its first row, or null.
extern const std::array<const OpcodeRow*, 256> kFirstRow;

// The row of this opcode, of which `first` is the first, and of the CDB's service action.
OpcodeMatch FindAction(Bytes cdb, const OpcodeRow* first);

inline OpcodeMatch FindOpcode(Bytes cdb) {
  if (cdb.empty()) return {};
  const OpcodeRow* first = kFirstRow[cdb[0]];
  if (first == nullptr || first->action == OpcodeRow::kNoAction) return {first, first != nullptr};
  return FindAction(cdb, first);
}

}  // namespace srpt::scsi

#endif  // CORE_SCSI_OPCODES_H_
