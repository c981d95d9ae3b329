// CDBs as an initiator writes them, and the sense data that it reads. Values only.
#ifndef CORE_INITIATOR_CDB_H_
#define CORE_INITIATOR_CDB_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/base/bytes.h"
#include "core/base/types.h"
#include "core/scsi/sense.h"

namespace srpt::initiator {

// A CDB of 6, 10, 12, 16 or 32 bytes, by value.
struct Cdb {
  std::array<std::uint8_t, 32> bytes{};
  std::size_t size = 0;

  Bytes view() const { return {bytes.data(), size}; }
  friend bool operator==(const Cdb&, const Cdb&) = default;
};

// Flags of READ and WRITE (10), (12), (16), (32).
inline constexpr std::uint8_t kFua = 0x08;
inline constexpr std::uint8_t kDpo = 0x10;

Cdb TestUnitReady();
Cdb RequestSense(std::uint8_t allocation, bool descriptor_format = false);
// Standard data; with a page the vital product data of it.
Cdb Inquiry(std::uint16_t allocation, std::optional<std::uint8_t> vpd_page = std::nullopt);
Cdb ReadCapacity10();
Cdb ReadCapacity16(std::uint32_t allocation = 32);
// `page_control`: 0 current, 1 changeable, 2 default, 3 saved.
Cdb ModeSense6(std::uint8_t page, std::uint8_t subpage, std::uint8_t allocation,
               std::uint8_t page_control = 0, bool dbd = false);
Cdb ModeSense10(std::uint8_t page, std::uint8_t subpage, std::uint16_t allocation,
                std::uint8_t page_control = 0, bool dbd = false);
Cdb ReportLuns(std::uint32_t allocation, std::uint8_t select = 0);
Cdb ReportTargetPortGroups(std::uint32_t allocation, bool extended = false);

// `blocks` == 256 is written as 0. More than the field carries (21 bits of LBA, 256 blocks) is our
// own bug, here and below.
Cdb Read6(Lba lba, std::uint32_t blocks);
Cdb Write6(Lba lba, std::uint32_t blocks);
// The (10), (12), (16) and (32) forms: 0 blocks is legal and moves nothing.
Cdb Read10(Lba lba, std::uint32_t blocks, std::uint8_t flags = 0);
Cdb Write10(Lba lba, std::uint32_t blocks, std::uint8_t flags = 0);
Cdb Read12(Lba lba, std::uint32_t blocks, std::uint8_t flags = 0);
Cdb Write12(Lba lba, std::uint32_t blocks, std::uint8_t flags = 0);
Cdb Read16(Lba lba, std::uint32_t blocks, std::uint8_t flags = 0);
Cdb Write16(Lba lba, std::uint32_t blocks, std::uint8_t flags = 0);
Cdb Read32(Lba lba, std::uint32_t blocks, std::uint8_t flags = 0);
Cdb Write32(Lba lba, std::uint32_t blocks, std::uint8_t flags = 0);
// XDWRITEREAD: flags as of WRITE, and
inline constexpr std::uint8_t kDisableWrite = 0x04;
Cdb XdWriteRead10(Lba lba, std::uint32_t blocks, std::uint8_t flags = 0);
Cdb XdWriteRead32(Lba lba, std::uint32_t blocks, std::uint8_t flags = 0);
// 0 blocks: to the end of the medium.
Cdb SynchronizeCache10(Lba lba = Lba(0), std::uint32_t blocks = 0);
Cdb SynchronizeCache16(Lba lba = Lba(0), std::uint32_t blocks = 0);

// Reads fixed and descriptor format sense data, current errors only: key, code, qualifier, and
// the information field where it is valid. Nothing if the bytes are too few or of another format.
std::optional<scsi::Sense> ParseSense(Bytes sense);

}  // namespace srpt::initiator

#endif  // CORE_INITIATOR_CDB_H_
