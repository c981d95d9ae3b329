#include "core/wire/tsk_mgmt.h"

#include "core/wire/codec.h"

namespace srpt::wire {
namespace {

using namespace internal;  // NOLINT: the offsets that all IUs share.

//        0      1      2      3      4      5      6      7
//   00 | 01   | SOLNT| reserved                                 |
//   08 | TAG                                                    |
//   10 | reserved                    | LUN                      |
//   18 | LUN                         | reserved    | FUNC |resvd|
//   20 | TAG OF THE TASK TO BE MANAGED                          |
//   28 | reserved                                               |
constexpr std::size_t kLunAt = 20;
constexpr std::size_t kFunctionAt = 30;
constexpr std::size_t kTaskTagAt = 32;
static_assert(kLunAt + kLunBytes + 2 == kFunctionAt);
static_assert(kTaskTagAt + kTagBytes + 8 == kTskMgmtBytes);

}  // namespace

std::string_view to_string(TskMgmtFunction function) {
  switch (function) {
    case TskMgmtFunction::kAbortTask:
      return "ABORT TASK";
    case TskMgmtFunction::kAbortTaskSet:
      return "ABORT TASK SET";
    case TskMgmtFunction::kClearTaskSet:
      return "CLEAR TASK SET";
    case TskMgmtFunction::kLunReset:
      return "LUN RESET";
    case TskMgmtFunction::kClearAca:
      return "CLEAR ACA";
  }
  return "unknown function";
}

// [R-TSK-01]
Result<TskMgmt, ParseError> ParseTskMgmt(Bytes iu) {
  if (const auto error = CheckFixedPart(iu, Opcode::kTskMgmt, kTskMgmtBytes)) return Err{*error};
  Reader r(iu);
  TskMgmt request;
  request.sol_not = r.U8(kSolNotAt);
  request.tag.bytes = r.Array<kTagBytes>(kTagAt);
  request.lun.bytes = r.Array<kLunBytes>(kLunAt);
  request.function = static_cast<TskMgmtFunction>(r.U8(kFunctionAt));
  request.task_tag.bytes = r.Array<kTagBytes>(kTaskTagAt);
  SRPT_CHECK(r.ok());
  return request;
}

std::size_t SerializeTskMgmt(const TskMgmt& request, MutableBytes out) {
  Writer w = Begin(out, kTskMgmtBytes, Opcode::kTskMgmt);
  w.U8(kSolNotAt, request.sol_not);
  w.Copy(kTagAt, request.tag.bytes);
  w.Copy(kLunAt, request.lun.bytes);
  w.U8(kFunctionAt, static_cast<std::uint8_t>(request.function));
  w.Copy(kTaskTagAt, request.task_tag.bytes);
  return kTskMgmtBytes;
}

}  // namespace srpt::wire
