// Which channel a queue pair is: for completions of a shared receive queue, whose wr_id cannot say
// it. Bounded, no allocation after the start; one table a device, for numbers are a device's.
#ifndef TARGET_VERBS_QP_TABLE_H_
#define TARGET_VERBS_QP_TABLE_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/base/check.h"
#include "core/base/types.h"

namespace srpt::target {

class QpTable {
 public:
  // For `most` queue pairs at once.
  explicit QpTable(std::size_t most = 1) : entries_(std::bit_ceil(2 * most)) {}

  void Add(std::uint32_t qp_num, ChannelId channel) {
    SRPT_CHECK(channel.valid() && used_ < entries_.size() / 2);
    std::size_t at = Home(qp_num);
    for (; entries_[at].channel.valid(); at = Next(at)) SRPT_CHECK(entries_[at].qp_num != qp_num);
    entries_[at] = {qp_num, channel};
    ++used_;
  }
  // None: no such queue pair.
  ChannelId Find(std::uint32_t qp_num) const {
    for (std::size_t at = Home(qp_num); entries_[at].channel.valid(); at = Next(at)) {
      if (entries_[at].qp_num == qp_num) return entries_[at].channel;
    }
    return ChannelId();
  }
  void Remove(std::uint32_t qp_num) {
    std::size_t hole = Home(qp_num);
    for (; entries_[hole].qp_num != qp_num || !entries_[hole].channel.valid(); hole = Next(hole)) {
      SRPT_CHECK(entries_[hole].channel.valid());
    }
    --used_;
    // What was pushed past the hole moves back into it, so that every search finds an unbroken row.
    for (std::size_t at = Next(hole); entries_[at].channel.valid(); at = Next(at)) {
      const std::size_t from_home = (at - Home(entries_[at].qp_num)) & (entries_.size() - 1);
      if (from_home < ((at - hole) & (entries_.size() - 1))) continue;
      entries_[hole] = entries_[at];
      hole = at;
    }
    entries_[hole] = Entry();
  }

 private:
  struct Entry {
    std::uint32_t qp_num = 0;
    ChannelId channel;  // None: free.
  };
  // Numbers come one after another: neighbours are homes of neighbours.
  std::size_t Home(std::uint32_t qp_num) const { return qp_num & (entries_.size() - 1); }
  std::size_t Next(std::size_t at) const { return (at + 1) & (entries_.size() - 1); }

  std::vector<Entry> entries_;
  std::size_t used_ = 0;
};

}  // namespace srpt::target

#endif  // TARGET_VERBS_QP_TABLE_H_
