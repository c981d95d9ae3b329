#include "core/srp/trace.h"

#include <cstdarg>
#include <cstdio>
#include <string>

#include "core/wire/to_string.h"

namespace srpt::trace {
namespace {

// What a step keeps for its actions.
constexpr std::size_t kReserve = 48;

const char* NameOf(Category category) {
  switch (category) {
    case Category::kDebug:
      return "debug";
    case Category::kSg:
      return "sg";
    case Category::kOutOfMem:
      return "out_of_mem";
    case Category::kMgmt:
      return "mgmt";
    case Category::kMgmtDebug:
      return "mgmt_dbg";
    case Category::kScsi:
      return "scsi";
    case Category::kFlowControl:
      return "flow_control";
  }
  return "?";
}

}  // namespace

void Say(ShardState& s, const Channel& channel, Category category, const char* format, ...) {
  if (s.actions->room() < kReserve) return;
  char text[256];
  va_list args;
  va_start(args, format);
  std::vsnprintf(text, sizeof text, format, args);
  va_end(args);
  s.Log(LogLevel::kInfo, channel, "[%s] %s", NameOf(category), text);
}

void SayIu(ShardState& s, const Channel& channel, bool came, Bytes iu) {
  Say(s, channel, Category::kDebug, "%s %s", came ? "received" : "sends",
      wire::DescribeIu(iu).c_str());
}

}  // namespace srpt::trace
