// REQUEST SENSE (SPC-4 6.39): the sense data as ordinary data, with status GOOD.
#ifndef CORE_SCSI_REQUEST_SENSE_H_
#define CORE_SCSI_REQUEST_SENSE_H_

#include "core/base/bytes.h"
#include "core/scsi/control.h"
#include "core/scsi/sense.h"

namespace srpt::scsi {

// Fixed format, or the 8 bytes of descriptor format without descriptors if the CDB asks for it.
ControlAnswer RequestSense(const Control& control, const Sense& sense, MutableBytes out);

}  // namespace srpt::scsi

#endif  // CORE_SCSI_REQUEST_SENSE_H_
