// The two ways an executor ends, for the command files of this folder.
#ifndef CORE_SCSI_ANSWER_H_
#define CORE_SCSI_ANSWER_H_

#include <algorithm>

#include "core/base/bytes.h"
#include "core/scsi/control.h"

namespace srpt::scsi {

// The part of `out` that the allocation length allows.
inline MutableBytes Allowed(const Control& control, MutableBytes out) {
  return out.first(std::min<std::size_t>(out.size(), control.alloc_len));
}

// The answer in `w`, a truncating writer over Allowed(). The span beyond it is zeroed by the way.
inline ControlAnswer Good(const Writer& w) { return {Status::kGood, kNoSense, w.written()}; }

inline ControlAnswer Refuse(const Sense& sense) { return {Status::kCheckCondition, sense, 0}; }

}  // namespace srpt::scsi

#endif  // CORE_SCSI_ANSWER_H_
