// READ CAPACITY (10) and (16) (SBC-3 5.15, 5.16).
//   (10)  0: last LBA:4, ffffffff if it needs more     4: block length:4
//   (16)  0: last LBA:8    8: block length:4    13: physical block exponent    14: LBPME
#ifndef CORE_SCSI_CAPACITY_H_
#define CORE_SCSI_CAPACITY_H_

#include "core/base/bytes.h"
#include "core/scsi/control.h"
#include "core/scsi/lu.h"

namespace srpt::scsi {

// `lu` has a medium: Decode saw to it.
ControlAnswer ReadCapacity10(const Control& control, const LuView& lu, MutableBytes out);
ControlAnswer ReadCapacity16(const Control& control, const LuView& lu, MutableBytes out);

}  // namespace srpt::scsi

#endif  // CORE_SCSI_CAPACITY_H_
