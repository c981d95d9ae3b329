#include "core/scsi/report_luns.h"

#include <cstddef>
#include <cstdint>

#include "core/scsi/answer.h"

namespace srpt::scsi {

ControlAnswer ReportLuns(const Control& control, const LunInventory& inventory, MutableBytes out) {
  constexpr std::uint8_t kWellKnownOnly = 1;
  constexpr std::size_t kHeaderBytes = 8;
  const std::size_t count = control.select == kWellKnownOnly ? 0 : inventory.size();
  Writer w(Allowed(control, out), Writer::Mode::kTruncate);
  w.Be32(0, static_cast<std::uint32_t>(count * sizeof(RawLun)));
  w.Extend(kHeaderBytes);
  for (std::size_t i = 0; i < count; ++i) {
    w.Copy(kHeaderBytes + i * sizeof(RawLun),
           wire::EncodeLun(inventory[i], inventory.addressing()).bytes);
  }
  return Good(w);
}

}  // namespace srpt::scsi
