// The unit attentions that one nexus was told, by which channels. A response whose completion did
// not come before its channel died may be told once more by another channel: the target cannot know
// that it arrived. But only then.
#ifndef SIM_WORKLOAD_TOLD_H_
#define SIM_WORKLOAD_TOLD_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/base/types.h"

namespace srpt::sim {

class Told {
 public:
  struct By {
    std::uint32_t channel = 0;
    std::uint64_t login = 0;  // Of the channel's logins, the how many-th.
    friend bool operator==(const By&, const By&) = default;
  };

  void Add(std::uint32_t unit, By by) {
    if (told_.size() == kKept) told_.erase(told_.begin());
    told_.push_back({unit, by});
  }
  // One comes by `by` that was told before. False: by no other channel.
  bool Again(std::uint32_t unit, By by, Time now) {
    for (std::size_t i = 0; i < told_.size(); ++i) {
      if (told_[i].unit != unit || told_[i].by == by) continue;
      dying_.push_back({told_[i].by, now + kDies});
      told_.erase(told_.begin() + static_cast<std::ptrdiff_t>(i));
      return true;
    }
    return false;
  }
  // A command of `by` was answered. True: what this channel had told was told again, and it lives.
  bool Lives(By by, Time now) const {
    for (const Dying& dying : dying_) {
      if (dying.by == by && dying.until < now) return true;
    }
    return false;
  }

 private:
  static constexpr std::size_t kKept = 64;
  static constexpr Duration kDies = Seconds(1);  // Until what is on the wire has arrived.
  struct One {
    std::uint32_t unit = 0;
    By by;
  };
  struct Dying {
    By by;
    Time until;
  };
  std::vector<One> told_;
  std::vector<Dying> dying_;
};

}  // namespace srpt::sim

#endif  // SIM_WORKLOAD_TOLD_H_
