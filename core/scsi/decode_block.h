// Decoders of the commands that touch the medium (SBC-3): READ, WRITE, XDWRITEREAD, SYNCHRONIZE
// CACHE. Each has the shape OpcodeRow::DecodeFn; the table has checked the CDB's length, the unit
// and its medium.
#ifndef CORE_SCSI_DECODE_BLOCK_H_
#define CORE_SCSI_DECODE_BLOCK_H_

#include "core/scsi/opcodes.h"

namespace srpt::scsi::decode {

Result<Request, Sense> Read6(const std::uint8_t* cdb, const LuView* lu);
Result<Request, Sense> Read10(const std::uint8_t* cdb, const LuView* lu);
Result<Request, Sense> Read12(const std::uint8_t* cdb, const LuView* lu);
Result<Request, Sense> Read16(const std::uint8_t* cdb, const LuView* lu);
Result<Request, Sense> Read32(const std::uint8_t* cdb, const LuView* lu);
Result<Request, Sense> Write6(const std::uint8_t* cdb, const LuView* lu);
Result<Request, Sense> Write10(const std::uint8_t* cdb, const LuView* lu);
Result<Request, Sense> Write12(const std::uint8_t* cdb, const LuView* lu);
Result<Request, Sense> Write16(const std::uint8_t* cdb, const LuView* lu);
Result<Request, Sense> Write32(const std::uint8_t* cdb, const LuView* lu);
Result<Request, Sense> XdWriteRead10(const std::uint8_t* cdb, const LuView* lu);
Result<Request, Sense> XdWriteRead32(const std::uint8_t* cdb, const LuView* lu);
Result<Request, Sense> SyncCache10(const std::uint8_t* cdb, const LuView* lu);
Result<Request, Sense> SyncCache16(const std::uint8_t* cdb, const LuView* lu);

}  // namespace srpt::scsi::decode

#endif  // CORE_SCSI_DECODE_BLOCK_H_
