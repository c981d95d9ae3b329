// The 8-byte LUN field (SAM-5 4.7), single level. All three addressing methods that can name a unit
// of a single level are understood and name the same unit; which one REPORT LUNS uses is the
// administrator's choice (SCST's addr_method).
#ifndef CORE_WIRE_LUN_H_
#define CORE_WIRE_LUN_H_

#include <cstdint>
#include <string_view>

#include "core/base/result.h"
#include "core/base/types.h"

namespace srpt::wire {

enum class LunAddressing : std::uint8_t {
  kPeripheral,   // Method 00b, bus 0: LUN 0..255.
  kFlat,         // Method 01b: 0..16383.
  kLogicalUnit,  // Method 10b, bus 0, target 0: 0..31.
};

enum class LunError : std::uint8_t {  // All answered 05/25/00, INQUIRY with 7Fh.
  kUnknownMethod,                     // Extended addressing (11b).
  kOtherBus,      // Peripheral or logical unit addressing of another bus or target.
  kDeeperLevels,  // Bytes 2..7 are not zero.
};
std::string_view to_string(LunError error);

Result<LunNumber, LunError> DecodeLun(const RawLun& raw);

// LUN 0 is always all zeroes (as SCST has it, and Linux scans it once). A number that the wanted
// method cannot carry is sent as flat. Above 16383 is our own bug.
RawLun EncodeLun(LunNumber lun, LunAddressing addressing);

}  // namespace srpt::wire

#endif  // CORE_WIRE_LUN_H_
