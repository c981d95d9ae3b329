// LUN addressing (SAM-5 4.7): the 8 bytes on the wire and our number 0..16383.
#ifndef CORE_SCSI_LUN_H_
#define CORE_SCSI_LUN_H_

#include <cstdint>
#include <optional>
#include <span>

#include "core/base/types.h"

namespace srpt::scsi {

enum class LunAddressing : std::uint8_t { kPeripheral = 0, kFlat = 1, kLogicalUnit = 2 };

// The logical units that one nexus sees, in ascending order, and how REPORT LUNS writes them.
// A view: the storage is the snapshot's.
struct LunInventory {
  std::span<const LunNumber> luns;
  LunAddressing addressing = LunAddressing::kPeripheral;
};

// Single-level LUNs by peripheral, flat or logical-unit addressing all name the same unit; the
// number is the low 14 bits of the first two bytes, as in SCST. Nothing for a second level or the
// extended method: such a LUN is answered as unmapped.
std::optional<LunNumber> DecodeLun(const RawLun& raw);

// Peripheral addressing reaches 255; larger numbers are written flat.
RawLun EncodeLun(LunNumber lun, LunAddressing addressing);

}  // namespace srpt::scsi

#endif  // CORE_SCSI_LUN_H_
