#include "core/snapshot.h"

#include "core/base/check.h"

namespace srpt {

LunMap::LunMap(std::vector<Entry> entries) : entries_(std::move(entries)) {
  if (entries_.empty()) return;
  index_.assign(std::size_t{entries_.back().lun.v} + 1, kAbsent);
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    SRPT_CHECK(i == 0 || entries_[i - 1].lun < entries_[i].lun);
    index_[entries_[i].lun.v] = static_cast<std::uint16_t>(i);
  }
}

const LunMap& Snapshot::EmptyMap() {
  static const LunMap kEmpty;
  return kEmpty;
}

}  // namespace srpt
