// CDB decoding: the bytes of a peer in, a checked request or the sense that refuses it out.
//
// Everything that the CDB and the logical unit alone decide is decided here: the opcode, reserved
// service actions, field values, the range, write protection. A Transfer that comes out of Decode
// lies inside the medium and is at most limits::kTransferBytesMax long. Not decided here, because
// they are states of the nexus: unit attentions, reservations, ALUA (alua.h), the task set.
#ifndef CORE_SCSI_CDB_H_
#define CORE_SCSI_CDB_H_

#include <cstdint>
#include <string_view>
#include <variant>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/base/types.h"
#include "core/scsi/lu.h"
#include "core/scsi/sense.h"

namespace srpt::scsi {

// READ and WRITE (6), (10), (12), (16), (32). bytes == blocks * block_bytes; 0 blocks is legal (but
// for the 6-byte forms, where 0 means 256) and moves nothing.
struct Transfer {
  bool write = false;
  Lba lba;
  std::uint32_t blocks = 0;
  bool fua = false;
  bool dpo = false;
  std::uint64_t bytes = 0;
};

// XDWRITEREAD (10), (32) (SBC-3 5.46): data both ways, `transfer.bytes` each. The blocks are read,
// then written with the data-out unless `disable_write` (then transfer.write is false), and what
// was read XOR the data-out is the data-in. A block fits limits::kBidirectionalPieceBytes.
struct XdWriteRead {
  Transfer transfer;
  bool disable_write = false;
};

// SYNCHRONIZE CACHE (10), (16). blocks == 0: from lba to the end of the medium. A target may do the
// whole of it before it answers also if `immed` is set.
struct SyncCache {
  Lba lba;
  std::uint32_t blocks = 0;
  bool immed = false;
};

enum class ControlOp : std::uint8_t {
  kTestUnitReady,
  kInquiry,
  kReadCapacity10,
  kReadCapacity16,
  kModeSense6,
  kModeSense10,
  kRequestSense,
  kReportLuns,
  kReportTargetPortGroups,
};

// A command that core answers by itself: Execute() of control.h.
struct Control {
  ControlOp op = ControlOp::kTestUnitReady;
  std::uint32_t alloc_len = 0;
  std::uint8_t page = 0;          // INQUIRY with evpd, MODE SENSE.
  std::uint8_t subpage = 0;       // MODE SENSE.
  std::uint8_t page_control = 0;  // MODE SENSE: 0 current, 1 changeable, 2 default.
  std::uint8_t select = 0;        // REPORT LUNS: SELECT REPORT, 0..2.
  bool evpd = false;              // INQUIRY.
  bool dbd = false;               // MODE SENSE: no block descriptor.
  bool llbaa = false;             // MODE SENSE (10): the long block descriptor.
  bool descriptor = false;        // REQUEST SENSE: descriptor format.
  bool extended = false;          // REPORT TARGET PORT GROUPS: extended header.
};

enum class Direction : std::uint8_t { kNone, kIn, kOut, kBoth };  // kIn: to the initiator.

// What the CDB asks to move: the exact count for a Transfer or an XdWriteRead, the allocation
// length, so an upper bound, for a Control (its answer says how much there really is).
struct Expect {
  Direction dir = Direction::kNone;
  std::uint64_t bytes = 0;
};

struct Request {
  std::variant<Transfer, SyncCache, Control, XdWriteRead> op;
  Expect expect;
};

// `cdb` is what the IU holds, over SRP 16 bytes and the additional ones; less is refused with
// 5/24/00 if the command needs it, more is ignored. `lu` is null for a LUN without a logical unit:
// only INQUIRY, REPORT LUNS and REQUEST SENSE pass then, everything else is 5/25/00.
Result<Request, Sense> Decode(Bytes cdb, const LuView* lu);

// True for INQUIRY, REPORT LUNS and REQUEST SENSE (SAM-5 5.14): a pending unit attention is neither
// reported by them nor cleared.
bool BypassesUnitAttention(std::uint8_t opcode);

// For logs: "READ(10)", or "unknown".
std::string_view CommandName(Bytes cdb);

}  // namespace srpt::scsi

#endif  // CORE_SCSI_CDB_H_
