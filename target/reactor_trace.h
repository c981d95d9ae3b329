// The last events that core was given, for the moment in which a check fails.
//
// Recording is a few stores; words are made only when somebody asks.
#ifndef TARGET_REACTOR_TRACE_H_
#define TARGET_REACTOR_TRACE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "core/event.h"

namespace srpt::target {

class ReactorTrace {
 public:
  static constexpr std::size_t kEvents = 64;

  void Record(Time now, const ShardEvent& event);
  void Record(Time now, const DirectorEvent& event);

  // Oldest first, one line an event.
  std::string ToString() const;

 private:
  struct Entry {
    std::uint64_t time_ns = 0;
    const char* name = nullptr;  // Null: never used.
    std::uint32_t channel = 0;
    std::uint32_t status = 0;
    std::uint64_t what = 0;
    std::uint64_t more = 0;
  };
  void Add(const Entry& entry) { entries_[next_++ % kEvents] = entry; }

  std::array<Entry, kEvents> entries_{};
  std::size_t next_ = 0;
};

// Has a failed SRPT_CHECK print the check, and the trace of the thread in which it failed, to
// stderr before it aborts.
void InstallCheckHandler();
// This thread's trace from now on; null: none.
void TraceThisThread(const ReactorTrace* trace);

}  // namespace srpt::target

#endif  // TARGET_REACTOR_TRACE_H_
