// A sans-I/O SRP initiator: the other end of every test, on every arm. Builds the IUs that an
// initiator sends and reads those that a target sends; keeps one channel's credits and outstanding
// tags; and names each rule that the target broke. It owns no connection and no memory: the
// caller carries the bytes. A well-behaved peer; misbehaviour is written by hand with core/wire.
//
// Pure and deterministic; after construction nothing is allocated.
#ifndef CORE_INITIATOR_INITIATOR_H_
#define CORE_INITIATOR_INITIATOR_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/base/types.h"
#include "core/wire/cmd.h"
#include "core/wire/data_descriptor.h"
#include "core/wire/login_rej.h"
#include "core/wire/login_req.h"
#include "core/wire/login_rsp.h"
#include "core/wire/logout.h"
#include "core/wire/rsp.h"
#include "core/wire/tsk_mgmt.h"

namespace srpt::initiator {

// What a target did that it never may: each is an invariant of what must always hold, by its number
// (docs: "What must always hold").
enum class Violation : std::uint8_t {
  kNone,
  kUnreadable,           // 3: not an IU that a target sends, or its lengths run past its end.
  kReservedNotZero,      // 3
  kInconsistent,         // 3: flags, lengths and residuals of a RSP do not agree.
  kSolicited,            // 3: SOLNT where it was not asked for, or missing where it was.
  kUnknownTag,           // 2: a RSP for a tag that is not outstanding on this channel.
  kAnsweredAfterAbort,   // 31: a RSP for a command after the RSP of its abort.
  kCreditsAboveGrant,    // 8: more credits at once than were granted at login.
  kCreditsNegative,      // 8: a delta that takes the limit below zero.
  kSecondTargetRequest,  // 13: CRED_REQ or AER_REQ while one is unanswered.
  kTooLong,              // 15: longer than the max_ti_iu_len of the login.
  kResidualTooLarge,     // 28: an underflow of more than the buffer.
  kResponseCode,         // 1: a task management RSP without a code, or a CMD's RSP with one.
  kAfterLogout,          // 37: an IU after T_LOGOUT.
};
std::string_view to_string(Violation violation);
int InvariantNumber(Violation violation);  // 0 for kNone.

// One direction of a command's data. A view: nothing is kept after the call.
struct Buffer {
  wire::BufferFormat format = wire::BufferFormat::kNone;
  std::span<const wire::Direct> list;  // Direct: exactly one. Indirect: those inline in the IU.
  wire::Direct table;                  // Indirect: the whole list in our memory (16 bytes each).
                       // More of it than `list`: a partial list, the target fetches.
  std::uint32_t total_length = 0;  // Indirect.
  Bytes immediate;                 // Immediate (DATA-OUT only): copied into the IU.

  static Buffer None() { return {}; }
  static Buffer Direct(const wire::Direct& one) {
    return {wire::BufferFormat::kDirect, {&one, 1}, {}, 0, {}};
  }
  // total_length is the sum of `list`; `table` of the same length.
  static Buffer Indirect(std::span<const wire::Direct> list, RemoteAddr table_va, RKey table_rkey);
  static Buffer Immediate(Bytes data) { return {wire::BufferFormat::kImmediate, {}, {}, 0, data}; }
  // What the buffer holds: the bytes that may move.
  std::uint64_t bytes() const;
};

struct Command {
  Tag tag;  // Not outstanding on this channel.
  RawLun lun;
  Bytes cdb;   // 6 to 268 bytes.
  Buffer out;  // Initiator to target.
  Buffer in;   // Target to initiator.
  std::uint8_t task_attr = 0;
  std::uint8_t sol_not = 0;
  std::uint64_t cookie = 0;  // Comes back in the Completion.
};

struct TaskManagement {
  Tag tag;
  RawLun lun;
  wire::TskMgmtFunction function = wire::TskMgmtFunction::kAbortTask;
  Tag task_tag;
  std::uint8_t sol_not = 0;
  std::uint64_t cookie = 0;
};

// What an IU of the target said. Spans point into the IU.
namespace received {

// A RSP.
struct Completion {
  Tag tag;
  std::uint64_t cookie = 0;
  bool task_management = false;
  std::uint8_t status = 0;  // SCSI status of a CMD.
  std::uint8_t flags = 0;   // wire::kRspvalid ... kDiunder.
  std::uint32_t out_residual = 0;
  std::uint32_t in_residual = 0;
  // Bytes that moved, by the residuals: the buffer's but for an underflow.
  std::uint64_t out_moved = 0;
  std::uint64_t in_moved = 0;
  std::int32_t req_lim_delta = 0;
  std::optional<wire::RspCode> rsp_code;  // Of task management.
  Bytes sense;
  // ABORT TASK, or what ends all commands at a LUN, complete: its command, or commands of its LUN
  // that this channel had sent before, were still outstanding and will never be answered. Their
  // tags are free.
  bool aborted_outstanding = false;
};
// Answer with BuildCredRsp().
struct CreditRequest {
  Tag tag;
  std::int32_t req_lim_delta = 0;
};
// Answer with BuildAerRsp().
struct AsyncEvent {
  Tag tag;
  std::int32_t req_lim_delta = 0;
  RawLun lun;
  Bytes sense;
};
// A disconnect follows. No more may be sent.
struct Logout {
  wire::TLogoutReason reason = wire::TLogoutReason::kNone;
};
// Nothing that could be read or matched; see the violation.
struct Nothing {};

}  // namespace received

struct Received {
  std::variant<received::Nothing, received::Completion, received::CreditRequest,
               received::AsyncEvent, received::Logout>
      what;
  // The first rule that this IU broke. `what` is filled in as far as it can be read, and credits
  // count as the IU says.
  Violation violation = Violation::kNone;
};

// The answer to a login: the private data of the CM's REP or REJ.
struct LoginAccepted {
  wire::LoginRsp rsp;
  // Fewer than 2 credits, another tag, or immediate data that was not asked for are violations.
  Violation violation = Violation::kNone;
};

PortId MakePortId(std::uint64_t high, std::uint64_t low);
Tag MakeTag(std::uint64_t n);   // Big-endian.
RawLun MakeLun(LunNumber lun);  // Peripheral addressing up to 255, flat above.

// One channel. Build... functions write one IU to the start of `out`, which must have room
// (limits: max_it_iu_len of the login), count it as sent, and return its length.
class Channel {
 public:
  // `outstanding_max`: commands and task management together; also the most credits that are used.
  explicit Channel(std::uint32_t outstanding_max = 256);

  // --- Login ----------------------------------------------------------------------------------
  // Forgets everything and begins anew. The form says which of the two layouts.
  std::size_t BuildLoginCm(const wire::LoginReq& req, MutableBytes out);  // 56 bytes.
  std::size_t BuildLogin64(const wire::LoginReq& req, MutableBytes out);
  // The REP's private data. From then on the channel is live.
  Result<LoginAccepted, wire::ParseError> OnLoginRsp(Bytes private_data);

  // --- Sending --------------------------------------------------------------------------------
  bool live() const { return live_; }
  std::int64_t credits() const { return credits_; }   // What may be sent now.
  std::uint32_t granted() const { return granted_; }  // At login.
  std::size_t outstanding() const { return slots_.size(); }
  // Credits that neither we hold nor an outstanding request does: they should come back.
  std::int64_t credits_missing() const {
    return std::int64_t{granted_} - credits_ - static_cast<std::int64_t>(slots_.size());
  }
  // As Linux: a command leaves one credit for task management.
  bool CanSendCmd() const;
  bool CanSendTskMgmt() const;
  bool IsOutstanding(const Tag& tag) const;
  const wire::LoginRsp& login_rsp() const { return login_rsp_; }
  std::uint16_t imm_data_offset() const { return imm_data_offset_; }  // 0: not agreed.

  // Where the descriptors end; immediate data lies behind that, or it is our own bug.
  std::size_t CmdHeaderBytes(const Command& command) const;
  // Length of the IU that BuildCmd will write.
  std::size_t CmdBytes(const Command& command) const;
  // Without a credit, or with an outstanding tag: our own bug. The last credit may be used.
  std::size_t BuildCmd(const Command& command, MutableBytes out);
  std::size_t BuildTskMgmt(const TaskManagement& request, MutableBytes out);
  // Uses a credit if there is one; the channel takes no more of our IUs.
  std::size_t BuildILogout(const Tag& tag, MutableBytes out);
  // Each uses no credit.
  std::size_t BuildCredRsp(const Tag& tag, MutableBytes out);
  std::size_t BuildAerRsp(const Tag& tag, MutableBytes out);

  // --- Receiving ------------------------------------------------------------------------------
  Received OnIu(Bytes iu);

  // The command will never be answered (LUN RESET, or a caller that gave up): its tag is free. A
  // RSP that still comes for it is kAnsweredAfterAbort. False if it was not outstanding.
  bool Forget(const Tag& tag);
  // All outstanding commands of one LUN, after its reset on another channel; returns how many.
  std::size_t ForgetLun(const RawLun& lun);

 private:
  struct Slot {
    Tag tag;
    std::uint64_t cookie = 0;
    RawLun lun;
    Tag task_tag;
    std::uint64_t out_bytes = 0;
    std::uint64_t in_bytes = 0;
    std::uint8_t sol_not = 0;
    bool task_management = false;
    wire::TskMgmtFunction function{};
  };
  void Begin(const wire::LoginReq& req);
  std::vector<Slot>::iterator Find(const Tag& tag);
  Slot& Start(const Tag& tag);
  std::size_t ForgetFirst(std::size_t count, const RawLun& lun);  // Of the oldest `count`.
  void Remember(const Tag& tag);
  bool WasForgotten(const Tag& tag) const;
  Violation AddDelta(std::int32_t delta);
  Received OnRsp(Bytes iu);
  Received OnCredReq(Bytes iu);
  Received OnAerReq(Bytes iu);
  Received OnTLogout(Bytes iu);

  static constexpr std::size_t kForgottenMax = 64;
  std::vector<Slot> slots_;  // In order of sending. Capacity is fixed.
  std::size_t outstanding_max_;
  std::array<Tag, kForgottenMax> forgotten_{};
  std::size_t forgotten_count_ = 0;
  wire::LoginReq login_req_;
  wire::LoginRsp login_rsp_;
  std::int64_t credits_ = 0;
  std::uint32_t granted_ = 0;
  std::uint16_t imm_data_offset_ = 0;
  bool live_ = false;
  bool logged_out_ = false;
  bool target_request_open_ = false;
};

}  // namespace srpt::initiator

#endif  // CORE_INITIATOR_INITIATOR_H_
