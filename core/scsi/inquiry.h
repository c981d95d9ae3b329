// Standard INQUIRY data (SPC-4 6.6.2): 96 bytes.
//    0: qualifier and type, 0x7f for a LUN without a unit     1: RMB     2: version 6 (SPC-4)
//    3: HISUP, data format 2     4: additional length     5: TPGS     6: MULTIP     7: CMDQUE
//    8: vendor:8    16: product:16    32: revision:4    58: version descriptors:4*2
#ifndef CORE_SCSI_INQUIRY_H_
#define CORE_SCSI_INQUIRY_H_

#include "core/base/bytes.h"
#include "core/scsi/control.h"
#include "core/scsi/lu.h"

namespace srpt::scsi {

// `lu` may be null. With EVPD the answer is vpd.h's.
ControlAnswer StandardInquiry(const Control& control, const LuView* lu, MutableBytes out);

}  // namespace srpt::scsi

#endif  // CORE_SCSI_INQUIRY_H_
