#include "core/scsi/request_sense.h"

#include <array>

#include "core/scsi/answer.h"

namespace srpt::scsi {

ControlAnswer RequestSense(const Control& control, const Sense& sense, MutableBytes out) {
  Writer w(Allowed(control, out), Writer::Mode::kTruncate);
  if (control.descriptor) {
    w.U8(0, 0x72);
    w.U8(1, sense.key);
    w.U8(2, sense.asc);
    w.U8(3, sense.ascq);
    w.Extend(8);
  } else {
    std::array<std::uint8_t, kFixedSenseBytes> fixed;
    WriteFixedSense(sense, fixed);
    w.Copy(0, fixed);
  }
  return Good(w);
}

}  // namespace srpt::scsi
