// TSK_MGMT: a task management request. Its answer is a RSP with response data (rsp.h).
#ifndef CORE_WIRE_TSK_MGMT_H_
#define CORE_WIRE_TSK_MGMT_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/base/types.h"
#include "core/wire/opcode.h"

namespace srpt::wire {

inline constexpr std::size_t kTskMgmtBytes = 48;

enum class TskMgmtFunction : std::uint8_t {  // Other values are kept as they come.
  kAbortTask = 0x01,
  kAbortTaskSet = 0x02,
  kClearTaskSet = 0x04,
  kLunReset = 0x08,
  kClearAca = 0x40,
};
std::string_view to_string(TskMgmtFunction function);

struct TskMgmt {
  std::uint8_t sol_not = 0;  // kScsolnt, kUcsolnt of cmd.h.
  Tag tag;
  RawLun lun;
  TskMgmtFunction function = TskMgmtFunction::kAbortTask;
  Tag task_tag;  // ABORT TASK only: the tag of the command to abort.
  friend bool operator==(const TskMgmt&, const TskMgmt&) = default;
};

// kTooShort, kWrongOpcode.
Result<TskMgmt, ParseError> ParseTskMgmt(Bytes iu);

// `out` must have room for kTskMgmtBytes; returns it.
std::size_t SerializeTskMgmt(const TskMgmt& request, MutableBytes out);

}  // namespace srpt::wire

#endif  // CORE_WIRE_TSK_MGMT_H_
