// Decoders of the commands that core answers itself. Each has the shape OpcodeRow::DecodeFn; the
// table has checked the CDB's length. Field values that no unit takes are refused here, those that
// depend on the unit (a mode page, a VPD page) by the command's own file.
#ifndef CORE_SCSI_DECODE_CONTROL_H_
#define CORE_SCSI_DECODE_CONTROL_H_

#include "core/scsi/opcodes.h"

namespace srpt::scsi::decode {

Result<Request, Sense> TestUnitReady(const std::uint8_t* cdb, const LuView* lu);
Result<Request, Sense> RequestSense(const std::uint8_t* cdb, const LuView* lu);
Result<Request, Sense> Inquiry(const std::uint8_t* cdb, const LuView* lu);
Result<Request, Sense> ModeSense6(const std::uint8_t* cdb, const LuView* lu);
Result<Request, Sense> ModeSense10(const std::uint8_t* cdb, const LuView* lu);
Result<Request, Sense> ReadCapacity10(const std::uint8_t* cdb, const LuView* lu);
Result<Request, Sense> ReadCapacity16(const std::uint8_t* cdb, const LuView* lu);
Result<Request, Sense> ReportLuns(const std::uint8_t* cdb, const LuView* lu);
Result<Request, Sense> ReportTargetGroups(const std::uint8_t* cdb, const LuView* lu);

}  // namespace srpt::scsi::decode

#endif  // CORE_SCSI_DECODE_CONTROL_H_
