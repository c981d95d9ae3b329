// SCSI status and sense data: what a command's failure says, and its 18 bytes on the wire.
//
// Codes and their meaning: SPC-4 4.5 and annex D. Where SCST and LIO answer a fault differently,
// the constant says what we chose.
#ifndef CORE_SCSI_SENSE_H_
#define CORE_SCSI_SENSE_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/base/bytes.h"
#include "core/base/limits.h"
#include "core/base/types.h"

namespace srpt::scsi {

enum class Status : std::uint8_t {  // SAM-5 5.3.1
  kGood = 0x00,
  kCheckCondition = 0x02,
  kBusy = 0x08,
  kReservationConflict = 0x18,
  kTaskSetFull = 0x28,
  kTaskAborted = 0x40,
};

// Sense keys (SPC-4 table 27).
inline constexpr std::uint8_t kKeyNoSense = 0x0;
inline constexpr std::uint8_t kKeyNotReady = 0x2;
inline constexpr std::uint8_t kKeyMediumError = 0x3;
inline constexpr std::uint8_t kKeyHardwareError = 0x4;
inline constexpr std::uint8_t kKeyIllegalRequest = 0x5;
inline constexpr std::uint8_t kKeyUnitAttention = 0x6;
inline constexpr std::uint8_t kKeyDataProtect = 0x7;
inline constexpr std::uint8_t kKeyAbortedCommand = 0xb;

// Which bit of the CDB was wrong: byte offset, and the field's leftmost bit (7 is the highest).
struct FieldPointer {
  std::uint16_t byte = 0;
  std::uint8_t bit = 0;
  friend constexpr bool operator==(const FieldPointer&, const FieldPointer&) = default;
};

// A value. `information` is the LBA of the block in trouble; `field` points into the CDB.
struct Sense {
  std::uint8_t key = 0;
  std::uint8_t asc = 0;
  std::uint8_t ascq = 0;
  std::optional<std::uint64_t> information = std::nullopt;
  std::optional<FieldPointer> field = std::nullopt;

  // The same condition, wherever it was found.
  constexpr bool Is(const Sense& other) const {
    return key == other.key && asc == other.asc && ascq == other.ascq;
  }
  friend constexpr bool operator==(const Sense&, const Sense&) = default;
};

inline constexpr Sense kNoSense{kKeyNoSense, 0x00, 0x00};

// --- The request is wrong.
inline constexpr Sense kInvalidOpcode{kKeyIllegalRequest, 0x20, 0x00};
inline constexpr Sense kLbaOutOfRange{kKeyIllegalRequest, 0x21, 0x00};
inline constexpr Sense kInvalidFieldInCdb{kKeyIllegalRequest, 0x24, 0x00};
inline constexpr Sense kLunNotSupported{kKeyIllegalRequest, 0x25, 0x00};
inline constexpr Sense kInvalidFieldInParameters{kKeyIllegalRequest, 0x26, 0x00};
inline constexpr Sense kParameterListLength{kKeyIllegalRequest, 0x1a, 0x00};
inline constexpr Sense kSavingNotSupported{kKeyIllegalRequest, 0x39, 0x00};

// --- The medium cannot do it.
inline constexpr Sense kWriteProtected{kKeyDataProtect, 0x27, 0x00};
inline constexpr Sense kSpaceAllocFailed{kKeyDataProtect, 0x27, 0x07};
inline constexpr Sense kReadError{kKeyMediumError, 0x11, 0x00};
inline constexpr Sense kWriteError{kKeyMediumError, 0x0c, 0x00};  // SCST says 3/03/00 here.
inline constexpr Sense kInternalTargetFailure{kKeyHardwareError, 0x44, 0x00};
inline constexpr Sense kMediumNotPresent{kKeyNotReady, 0x3a, 0x00};

// --- The path or the unit is not ready (ALUA, SPC-4 5.15.2.4).
inline constexpr Sense kTransitioning{kKeyNotReady, 0x04, 0x0a};
inline constexpr Sense kStandby{kKeyNotReady, 0x04, 0x0b};
inline constexpr Sense kUnavailable{kKeyNotReady, 0x04, 0x0c};
inline constexpr Sense kOffline{kKeyNotReady, 0x04, 0x12};

// --- The transport.
inline constexpr Sense kOverlappedCommands{kKeyAbortedCommand, 0x4e, 0x00};
// DATA-OUT could not be fetched: the command was aborted, nothing of the failed piece was written.
inline constexpr Sense kDataPhaseError{kKeyAbortedCommand, 0x4b, 0x00};

// --- Unit attentions.
inline constexpr Sense kUaPowerOn{kKeyUnitAttention, 0x29, 0x00};  // New nexus, restart.
// SAM-5 table 42: a LUN RESET establishes BUS DEVICE RESET FUNCTION OCCURRED for every other nexus.
inline constexpr Sense kUaLunReset{kKeyUnitAttention, 0x29, 0x03};
inline constexpr Sense kUaNexusLoss{kKeyUnitAttention, 0x29, 0x07};
inline constexpr Sense kUaModeParametersChanged{kKeyUnitAttention, 0x2a, 0x01};
inline constexpr Sense kUaReservationsPreempted{kKeyUnitAttention, 0x2a, 0x03};
inline constexpr Sense kUaReservationsReleased{kKeyUnitAttention, 0x2a, 0x04};
inline constexpr Sense kUaRegistrationsPreempted{kKeyUnitAttention, 0x2a, 0x05};
inline constexpr Sense kUaAluaStateChanged{kKeyUnitAttention, 0x2a, 0x06};
inline constexpr Sense kUaCapacityChanged{kKeyUnitAttention, 0x2a, 0x09};
inline constexpr Sense kUaCommandsCleared{kKeyUnitAttention, 0x2f, 0x00};
inline constexpr Sense kUaInquiryDataChanged{kKeyUnitAttention, 0x3f, 0x03};
inline constexpr Sense kUaReportedLunsChanged{kKeyUnitAttention, 0x3f, 0x0e};
inline constexpr Sense kUaMediumChanged{kKeyUnitAttention, 0x28, 0x00};

// INVALID FIELD IN CDB that says which field.
constexpr Sense InvalidField(std::uint16_t byte, std::uint8_t bit = 7) {
  Sense sense = kInvalidFieldInCdb;
  sense.field = FieldPointer{byte, bit};
  return sense;
}
constexpr Sense AtLba(Sense sense, Lba lba) {
  sense.information = lba.v;
  return sense;
}

// Fixed format, current (SPC-4 4.5.3):
//   0: 0xf0 if `information` is given and fits 32 bits, else 0x70     2: key
//   3: information:4     7: 10     12: asc     13: ascq
//   15: SKSV 0x80 | C/D 0x40 | BPV 0x08 | bit     16: field:2  (all zero without `field`)
inline constexpr std::size_t kFixedSenseBytes = 18;
static_assert(kFixedSenseBytes == limits::kSenseBytesMax);

// Writes the sense data and returns the bytes written: 18, or out.size() if that is less (what fits
// of a response IU, of an allocation length). Bytes behind them are left alone.
std::size_t WriteFixedSense(const Sense& sense, MutableBytes out);

}  // namespace srpt::scsi

#endif  // CORE_SCSI_SENSE_H_
