// The last things that happened, for the failure report. Recording draws nothing and changes
// nothing, so a run is the same whether anybody looks or not.
#ifndef SIM_TRACE_H_
#define SIM_TRACE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/base/types.h"

namespace srpt::sim {

class Trace {
 public:
  static constexpr std::uint32_t kNobody = 0xffffffffu;

  explicit Trace(std::size_t records = 4096) : records_(records) {}

  // `what` is a string literal; `peer` a PeerId's value or kNobody.
  void Add(Time at, std::uint32_t peer, const char* what, std::uint64_t x = 0,
           std::uint64_t y = 0) {
    records_[next_ % records_.size()] = Record{at, what, x, y, peer};
    ++next_;
  }
  // A line of free text that concerns everybody: core's log.
  void AddText(Time at, std::string text) {
    const std::size_t slot = next_text_++ % kTexts;
    if (texts_.size() <= slot) texts_.resize(slot + 1);
    texts_[slot] = std::move(text);
    Add(at, kNobody, nullptr, slot, next_text_ - 1);
  }
  // The last `count` lines that concern `peer` or everybody; of all peers with kNobody.
  std::vector<std::string> Last(std::size_t count, std::uint32_t peer) const;

 private:
  static constexpr std::size_t kTexts = 512;
  struct Record {
    Time at;
    const char* what = nullptr;
    std::uint64_t x = 0;
    std::uint64_t y = 0;
    std::uint32_t peer = kNobody;
  };
  std::string Line(const Record& record) const;
  std::vector<Record> records_;
  std::vector<std::string> texts_;
  std::uint64_t next_ = 0;
  std::uint64_t next_text_ = 0;
};

}  // namespace srpt::sim

#endif  // SIM_TRACE_H_
