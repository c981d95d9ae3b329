#include "core/initiator/cdb.h"

#include "core/base/check.h"

namespace srpt::initiator {
namespace {

void PutBe(Cdb& cdb, std::size_t at, std::size_t width, std::uint64_t value) {
  SRPT_CHECK(width == 8 || value >> (8 * width) == 0);
  for (std::size_t i = 0; i < width; ++i) {
    cdb.bytes[at + width - 1 - i] = static_cast<std::uint8_t>(value >> (8 * i));
  }
}

Cdb Make(std::size_t size, std::uint8_t opcode, std::uint8_t byte1 = 0) {
  Cdb cdb;
  cdb.size = size;
  cdb.bytes[0] = opcode;
  cdb.bytes[1] = byte1;
  return cdb;
}

Cdb Transfer6(std::uint8_t opcode, Lba lba, std::uint32_t blocks) {
  SRPT_CHECK(lba.v < (1u << 21) && blocks >= 1 && blocks <= 256);
  Cdb cdb = Make(6, opcode);
  PutBe(cdb, 1, 3, lba.v);
  PutBe(cdb, 4, 1, blocks & 0xff);
  return cdb;
}
Cdb Transfer10(std::uint8_t opcode, Lba lba, std::uint32_t blocks, std::uint8_t flags) {
  Cdb cdb = Make(10, opcode, flags);
  PutBe(cdb, 2, 4, lba.v);
  PutBe(cdb, 7, 2, blocks);
  return cdb;
}
Cdb Transfer12(std::uint8_t opcode, Lba lba, std::uint32_t blocks, std::uint8_t flags) {
  Cdb cdb = Make(12, opcode, flags);
  PutBe(cdb, 2, 4, lba.v);
  PutBe(cdb, 6, 4, blocks);
  return cdb;
}
Cdb Transfer16(std::uint8_t opcode, Lba lba, std::uint32_t blocks, std::uint8_t flags) {
  Cdb cdb = Make(16, opcode, flags);
  PutBe(cdb, 2, 8, lba.v);
  PutBe(cdb, 10, 4, blocks);
  return cdb;
}

// A variable-length CDB (SPC-4 4.2.3) of 32 bytes.
Cdb Transfer32(std::uint16_t action, Lba lba, std::uint32_t blocks, std::uint8_t flags) {
  Cdb cdb = Make(32, 0x7f);
  PutBe(cdb, 7, 1, cdb.size - 8);
  PutBe(cdb, 8, 2, action);
  PutBe(cdb, 10, 1, flags);
  PutBe(cdb, 12, 8, lba.v);
  PutBe(cdb, 28, 4, blocks);
  return cdb;
}

constexpr std::uint8_t kReadServiceAction = 0x10;       // READ CAPACITY (16).
constexpr std::uint8_t kReportTargetPortGroups = 0x0a;  // Of MAINTENANCE IN.
constexpr std::uint8_t kExtendedHeader = 0x20;

}  // namespace

Cdb TestUnitReady() { return Make(6, 0x00); }

Cdb RequestSense(std::uint8_t allocation, bool descriptor_format) {
  Cdb cdb = Make(6, 0x03, descriptor_format ? 1 : 0);
  PutBe(cdb, 4, 1, allocation);
  return cdb;
}

Cdb Inquiry(std::uint16_t allocation, std::optional<std::uint8_t> vpd_page) {
  Cdb cdb = Make(6, 0x12, vpd_page ? 1 : 0);
  PutBe(cdb, 2, 1, vpd_page.value_or(0));
  PutBe(cdb, 3, 2, allocation);
  return cdb;
}

Cdb ReadCapacity10() { return Make(10, 0x25); }

Cdb ReadCapacity16(std::uint32_t allocation) {
  Cdb cdb = Make(16, 0x9e, kReadServiceAction);
  PutBe(cdb, 10, 4, allocation);
  return cdb;
}

Cdb ModeSense6(std::uint8_t page, std::uint8_t subpage, std::uint8_t allocation,
               std::uint8_t page_control, bool dbd) {
  Cdb cdb = Make(6, 0x1a, dbd ? 0x08 : 0);
  cdb.bytes[2] = static_cast<std::uint8_t>((page_control << 6) | (page & 0x3f));
  cdb.bytes[3] = subpage;
  cdb.bytes[4] = allocation;
  return cdb;
}

Cdb ModeSense10(std::uint8_t page, std::uint8_t subpage, std::uint16_t allocation,
                std::uint8_t page_control, bool dbd) {
  Cdb cdb = Make(10, 0x5a, dbd ? 0x08 : 0);
  cdb.bytes[2] = static_cast<std::uint8_t>((page_control << 6) | (page & 0x3f));
  cdb.bytes[3] = subpage;
  PutBe(cdb, 7, 2, allocation);
  return cdb;
}

Cdb ReportLuns(std::uint32_t allocation, std::uint8_t select) {
  Cdb cdb = Make(12, 0xa0);
  cdb.bytes[2] = select;
  PutBe(cdb, 6, 4, allocation);
  return cdb;
}

Cdb ReportTargetPortGroups(std::uint32_t allocation, bool extended) {
  const std::uint8_t action =
      static_cast<std::uint8_t>(kReportTargetPortGroups | (extended ? kExtendedHeader : 0));
  Cdb cdb = Make(12, 0xa3, action);
  PutBe(cdb, 6, 4, allocation);
  return cdb;
}

Cdb Read6(Lba lba, std::uint32_t blocks) { return Transfer6(0x08, lba, blocks); }
Cdb Write6(Lba lba, std::uint32_t blocks) { return Transfer6(0x0a, lba, blocks); }
Cdb Read10(Lba lba, std::uint32_t blocks, std::uint8_t flags) {
  return Transfer10(0x28, lba, blocks, flags);
}
Cdb Write10(Lba lba, std::uint32_t blocks, std::uint8_t flags) {
  return Transfer10(0x2a, lba, blocks, flags);
}
Cdb Read12(Lba lba, std::uint32_t blocks, std::uint8_t flags) {
  return Transfer12(0xa8, lba, blocks, flags);
}
Cdb Write12(Lba lba, std::uint32_t blocks, std::uint8_t flags) {
  return Transfer12(0xaa, lba, blocks, flags);
}
Cdb Read16(Lba lba, std::uint32_t blocks, std::uint8_t flags) {
  return Transfer16(0x88, lba, blocks, flags);
}
Cdb Write16(Lba lba, std::uint32_t blocks, std::uint8_t flags) {
  return Transfer16(0x8a, lba, blocks, flags);
}
Cdb Read32(Lba lba, std::uint32_t blocks, std::uint8_t flags) {
  return Transfer32(0x0009, lba, blocks, flags);
}
Cdb Write32(Lba lba, std::uint32_t blocks, std::uint8_t flags) {
  return Transfer32(0x000b, lba, blocks, flags);
}
Cdb XdWriteRead10(Lba lba, std::uint32_t blocks, std::uint8_t flags) {
  return Transfer10(0x53, lba, blocks, flags);
}
Cdb XdWriteRead32(Lba lba, std::uint32_t blocks, std::uint8_t flags) {
  return Transfer32(0x0007, lba, blocks, flags);
}
Cdb SynchronizeCache10(Lba lba, std::uint32_t blocks) { return Transfer10(0x35, lba, blocks, 0); }
Cdb SynchronizeCache16(Lba lba, std::uint32_t blocks) { return Transfer16(0x91, lba, blocks, 0); }

std::optional<scsi::Sense> ParseSense(Bytes sense) {
  if (sense.size() < 4) return std::nullopt;
  const std::uint8_t code = sense[0] & 0x7f;
  scsi::Sense out;
  if (code == 0x70) {  // Fixed format, current.
    if (sense.size() < 14) return std::nullopt;
    out.key = sense[2] & 0x0f;
    out.asc = sense[12];
    out.ascq = sense[13];
    if ((sense[0] & 0x80) != 0) out.information = LoadBe32(sense.data() + 3);
    return out;
  }
  if (code == 0x72) {  // Descriptor format, current.
    out.key = sense[1] & 0x0f;
    out.asc = sense[2];
    out.ascq = sense[3];
    // Descriptors from byte 8: type, additional length. Type 0 is the information.
    for (std::size_t at = 8; at + 12 <= sense.size(); at += std::size_t{2} + sense[at + 1]) {
      if (sense[at] != 0 || sense[at + 1] != 10) continue;
      if ((sense[at + 2] & 0x80) != 0) out.information = LoadBe64(sense.data() + at + 4);
      break;
    }
    return out;
  }
  return std::nullopt;
}

}  // namespace srpt::initiator
