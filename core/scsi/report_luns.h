// REPORT LUNS (SPC-4 6.33):  0: list length:4    8: LUNs of 8 bytes each
#ifndef CORE_SCSI_REPORT_LUNS_H_
#define CORE_SCSI_REPORT_LUNS_H_

#include "core/base/bytes.h"
#include "core/scsi/control.h"
#include "core/scsi/lun_inventory.h"

namespace srpt::scsi {

// SELECT REPORT 0 and 2: the inventory; 1: the well-known units, of which there are none.
ControlAnswer ReportLuns(const Control& control, const LunInventory& inventory, MutableBytes out);

}  // namespace srpt::scsi

#endif  // CORE_SCSI_REPORT_LUNS_H_
