// MODE SENSE (6) and (10) (SPC-4 6.11, 7.5). Pages 01, 02, 08, 0A, 1C, and 3F for all of them.
//   (6)   0: length    1: medium type    2: WP 0x80, DPOFUA 0x10    3: descriptor length
//   (10)  0: length:2  2: medium type    3: WP, DPOFUA   4: LONGLBA   6: descriptor length:2
// then the block descriptor (8 bytes, 16 with LONGLBA, none with DBD), then the pages. No value can
// be changed or saved: PC 1 gives pages of zeroes, PC 3 is 5/39/00.
#ifndef CORE_SCSI_MODE_SENSE_H_
#define CORE_SCSI_MODE_SENSE_H_

#include "core/base/bytes.h"
#include "core/scsi/control.h"
#include "core/scsi/lu.h"

namespace srpt::scsi {

ControlAnswer ModeSense(const Control& control, const LuView& lu, MutableBytes out);

}  // namespace srpt::scsi

#endif  // CORE_SCSI_MODE_SENSE_H_
