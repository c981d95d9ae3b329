// Vital product data pages (SPC-4 7.8, SBC-3 6.6): 00 supported pages, 80 serial number, 83 device
// identification, 86 extended INQUIRY, B0 block limits, B1 block device characteristics, B2 logical
// block provisioning (only of a thin unit).
//    0: qualifier and type     1: page code     2: page length:2     4: the page
#ifndef CORE_SCSI_VPD_H_
#define CORE_SCSI_VPD_H_

#include "core/base/bytes.h"
#include "core/scsi/control.h"
#include "core/scsi/lu.h"

namespace srpt::scsi {

// INQUIRY with EVPD. A null `lu` has page 00 alone. 5/24/00 for a page that the unit has not.
ControlAnswer VitalProductData(const Control& control, const LuView* lu, MutableBytes out);

}  // namespace srpt::scsi

#endif  // CORE_SCSI_VPD_H_
