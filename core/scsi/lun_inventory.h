// What REPORT LUNS lists.
#ifndef CORE_SCSI_LUN_INVENTORY_H_
#define CORE_SCSI_LUN_INVENTORY_H_

#include <cstddef>
#include <type_traits>

#include "core/base/check.h"
#include "core/base/types.h"
#include "core/wire/lun.h"

namespace srpt::scsi {

using wire::LunAddressing;

// The logical units that one nexus sees, in ascending order, and how REPORT LUNS writes them. A
// view of a span or vector whose elements are LunNumbers or have a member `lun`; the storage is the
// snapshot's.
class LunInventory {
 public:
  LunInventory() = default;
  template <class Entries>
  explicit LunInventory(const Entries& entries,
                        LunAddressing addressing = LunAddressing::kPeripheral)
      : entries_(entries.data()),
        size_(entries.size()),
        at_(&At<typename Entries::value_type>),
        addressing_(addressing) {}

  std::size_t size() const { return size_; }
  LunAddressing addressing() const { return addressing_; }
  LunNumber operator[](std::size_t i) const {
    SRPT_CHECK(i < size_);
    return at_(entries_, i);
  }

 private:
  template <class Entry>
  static LunNumber At(const void* entries, std::size_t i) {
    const Entry& entry = static_cast<const Entry*>(entries)[i];
    if constexpr (std::is_same_v<Entry, LunNumber>) {
      return entry;
    } else {
      return entry.lun;
    }
  }
  const void* entries_ = nullptr;
  std::size_t size_ = 0;
  LunNumber (*at_)(const void*, std::size_t) = nullptr;
  LunAddressing addressing_ = LunAddressing::kPeripheral;
};

}  // namespace srpt::scsi

#endif  // CORE_SCSI_LUN_INVENTORY_H_
