// Asymmetric logical unit access: which commands a path in a given state takes, and
// REPORT TARGET PORT GROUPS.
#ifndef CORE_SCSI_ALUA_H_
#define CORE_SCSI_ALUA_H_

#include <optional>

#include "core/base/bytes.h"
#include "core/scsi/cdb.h"
#include "core/scsi/control.h"
#include "core/scsi/lu.h"
#include "core/scsi/sense.h"

namespace srpt::scsi {

// Nothing if the command may go on, else the sense to answer with. As LIO does and SPC-4 5.15.2.4
// asks; READ CAPACITY is taken in standby too, so that Linux attaches the disk on a passive path.
// TEST UNIT READY is not: path checkers read its 2/04/0B as "passive". Unknown opcodes go on,
// Decode refuses them in every state.
//
//                    INQUIRY, REPORT LUNS,   MODE SENSE,      everything
//                    REQUEST SENSE, RTPG     READ CAPACITY    else
//   active, nonopt.         yes                  yes            yes
//   standby                 yes                  yes          2/04/0B
//   unavailable             yes                2/04/0C        2/04/0C
//   offline                 yes                2/04/12        2/04/12
//   transitioning           yes                2/04/0A        2/04/0A
std::optional<Sense> AluaCheck(AluaState state, Bytes cdb);

// SPC-4 6.37. 5/24/00 for a unit without ALUA.
ControlAnswer ReportTargetPortGroups(const Control& control, const LuView& lu, MutableBytes out);

}  // namespace srpt::scsi

#endif  // CORE_SCSI_ALUA_H_
