#include "sim/trace.h"

#include <algorithm>
#include <cinttypes>
#include <cstdio>

namespace srpt::sim {

std::string Trace::Line(const Record& record) const {
  char text[256];
  const double ms = static_cast<double>(record.at.ns) / 1e6;
  if (record.what == nullptr) {
    // The slot may hold a later text by now.
    const bool lost = record.y + kTexts < next_text_;
    std::snprintf(text, sizeof text, "%14.6f ms            ", ms);
    return std::string(text) + "core: " + (lost ? "(text dropped)" : texts_[record.x]);
  }
  char who[16] = "";
  if (record.peer != kNobody) std::snprintf(who, sizeof who, "peer %" PRIu32, record.peer);
  std::snprintf(text, sizeof text, "%14.6f ms  %-9s %-28s %#" PRIx64 " %#" PRIx64, ms, who,
                record.what, record.x, record.y);
  return text;
}

std::vector<std::string> Trace::Last(std::size_t count, std::uint32_t peer) const {
  std::vector<std::string> lines;
  const std::uint64_t oldest = next_ > records_.size() ? next_ - records_.size() : 0;
  for (std::uint64_t i = next_; i > oldest && lines.size() < count; --i) {
    const Record& record = records_[(i - 1) % records_.size()];
    if (peer != kNobody && record.peer != kNobody && record.peer != peer) continue;
    lines.push_back(Line(record));
  }
  std::reverse(lines.begin(), lines.end());
  return lines;
}

}  // namespace srpt::sim
