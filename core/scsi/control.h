// The commands that core answers by itself: identity, capacity, mode pages, inventory, ALUA.
#ifndef CORE_SCSI_CONTROL_H_
#define CORE_SCSI_CONTROL_H_

#include <cstddef>

#include "core/base/bytes.h"
#include "core/scsi/cdb.h"
#include "core/scsi/lu.h"
#include "core/scsi/lun_inventory.h"
#include "core/scsi/sense.h"

namespace srpt::scsi {

// `sense` matters only with kCheckCondition. `bytes` is what was written to the span: the data to
// send, at most the allocation length; it is 0 unless the status is good.
struct ControlAnswer {
  Status status = Status::kGood;
  Sense sense = kNoSense;
  std::size_t bytes = 0;
};

// Executes a Control that Decode made for the same `lu` (null: an unmapped LUN). Writes to at most
// min(out.size(), alloc_len) bytes of `out`, and every byte of the answer; length fields inside
// the answer describe the whole of it, also where it was cut (SPC-4 4.2.5.6).
ControlAnswer Execute(const Control& control, const LuView* lu, const LunInventory& inventory,
                      MutableBytes out);

}  // namespace srpt::scsi

#endif  // CORE_SCSI_CONTROL_H_
