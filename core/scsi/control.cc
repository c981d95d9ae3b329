#include "core/scsi/control.h"

#include "core/base/check.h"
#include "core/scsi/alua.h"
#include "core/scsi/capacity.h"
#include "core/scsi/inquiry.h"
#include "core/scsi/mode_sense.h"
#include "core/scsi/report_luns.h"
#include "core/scsi/request_sense.h"
#include "core/scsi/vpd.h"

namespace srpt::scsi {

ControlAnswer Execute(const Control& control, const LuView* lu, const LunInventory& inventory,
                      MutableBytes out) {
  switch (control.op) {  // These three are answered for an unmapped LUN too.
    case ControlOp::kInquiry:
      return control.evpd ? VitalProductData(control, lu, out) : StandardInquiry(control, lu, out);
    case ControlOp::kReportLuns:
      return ReportLuns(control, inventory, out);
    case ControlOp::kRequestSense:
      return RequestSense(control, lu == nullptr ? kLunNotSupported : kNoSense, out);
    default:
      break;
  }
  SRPT_CHECK(lu != nullptr);  // Decode let nothing else pass.
  switch (control.op) {
    case ControlOp::kTestUnitReady:
      return {};
    case ControlOp::kReadCapacity10:
      return ReadCapacity10(control, *lu, out);
    case ControlOp::kReadCapacity16:
      return ReadCapacity16(control, *lu, out);
    case ControlOp::kModeSense6:
    case ControlOp::kModeSense10:
      return ModeSense(control, *lu, out);
    case ControlOp::kReportTargetPortGroups:
      return ReportTargetPortGroups(control, *lu, out);
    default:
      break;
  }
  SRPT_UNREACHABLE("control op");
}

}  // namespace srpt::scsi
