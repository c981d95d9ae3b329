// Whose operation goes to the kernel next.
//
// The kernel takes `room` operations at once. A disk that hangs keeps the places that it has; so
// that it cannot keep those of the others, a device may always have one operation in the kernel,
// and takes what it has beyond that from places that are everybody's, at most half of them.
// Devices with operations that wait take turns, one operation a turn; those of one device go in the
// order in which they came.
//
// With N devices hanging for good, any other device still has its one place, and while fewer than
// two of them hang at least half of the common ones too. Nothing is allocated after AddDevice.
#ifndef TARGET_STORAGE_FAIR_QUEUE_H_
#define TARGET_STORAGE_FAIR_QUEUE_H_

#include <algorithm>
#include <cstdint>
#include <vector>

#include "core/base/check.h"
#include "core/base/limits.h"

namespace srpt::target {

class FairQueue {
 public:
  static constexpr std::uint32_t kNone = 0xffffffffu;

  // Operations are numbers below `operations_max`. Only a room of 2 * kLusMax or more keeps a place
  // for every device there may be.
  FairQueue(std::uint32_t operations_max, std::uint32_t room)
      : room_(room),
        common_max_(room - std::min(limits::kLusMax, room / 2)),
        share_max_(std::max(common_max_ / 2, 1u)),
        next_(operations_max, kNone) {
    SRPT_CHECK(room > 0);
  }

  // Devices are small numbers, too.
  void AddDevice(std::uint32_t device) {
    if (device >= devices_.size()) devices_.resize(device + 1);
  }

  void Wait(std::uint32_t device, std::uint32_t operation) {
    Device& d = devices_[device];
    next_[operation] = kNone;
    if (d.first == kNone) {
      d.first = operation;
      PushTurn(device);
    } else {
      next_[d.last] = operation;
    }
    d.last = operation;
  }

  // The operation whose turn it is, which has a place from now on; kNone: nobody's may go.
  std::uint32_t Next() {
    for (std::uint32_t turns = turns_; turns > 0; --turns) {
      const std::uint32_t device = PopTurn();
      Device& d = devices_[device];
      if (!MayGo(d)) {
        PushTurn(device);
        continue;
      }
      const std::uint32_t operation = d.first;
      d.first = next_[operation];
      if (d.first != kNone) PushTurn(device);
      if (d.in_kernel++ > 0) ++common_;
      ++in_kernel_;
      return operation;
    }
    return kNone;
  }

  // One of the device's operations is out of the kernel: its place is free.
  void Leave(std::uint32_t device) {
    Device& d = devices_[device];
    SRPT_CHECK(d.in_kernel > 0);
    if (--d.in_kernel > 0) --common_;
    --in_kernel_;
  }

 private:
  struct Device {
    std::uint32_t in_kernel = 0;
    std::uint32_t first = kNone;  // Of the operations that wait.
    std::uint32_t last = kNone;
    std::uint32_t next_turn = kNone;
  };

  bool MayGo(const Device& d) const {
    if (in_kernel_ >= room_) return false;
    return d.in_kernel == 0 || (common_ < common_max_ && d.in_kernel - 1 < share_max_);
  }
  void PushTurn(std::uint32_t device) {
    devices_[device].next_turn = kNone;
    (turns_ == 0 ? turn_first_ : devices_[turn_last_].next_turn) = device;
    turn_last_ = device;
    ++turns_;
  }
  std::uint32_t PopTurn() {
    const std::uint32_t device = turn_first_;
    turn_first_ = devices_[device].next_turn;
    --turns_;
    return device;
  }

  const std::uint32_t room_;
  const std::uint32_t common_max_;
  const std::uint32_t share_max_;    // Of one device, of the common places.
  std::vector<std::uint32_t> next_;  // By operation: the next of its device that waits.
  std::vector<Device> devices_;
  std::uint32_t in_kernel_ = 0;
  std::uint32_t common_ = 0;  // Common places that are taken.
  // Devices with operations that wait, in the order of their turns.
  std::uint32_t turn_first_ = kNone;
  std::uint32_t turn_last_ = kNone;
  std::uint32_t turns_ = 0;
};

}  // namespace srpt::target

#endif  // TARGET_STORAGE_FAIR_QUEUE_H_
