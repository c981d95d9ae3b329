// What a command is, from its IU to its response, and the pieces of its transfer. A part of the
// shard's state (shard_state.h).
#ifndef CORE_SRP_COMMAND_DATA_H_
#define CORE_SRP_COMMAND_DATA_H_

#include <cstdint>
#include <optional>
#include <variant>

#include "core/base/check.h"
#include "core/base/limits.h"
#include "core/base/types.h"
#include "core/scsi/sense.h"
#include "core/srp/command_states.h"
#include "core/wire/data_descriptor.h"
#include "core/wire/rsp.h"

namespace srpt {

inline constexpr std::uint32_t kNone = 0xffffffffu;

// --- Pieces -------------------------------------------------------------------------------------

enum class PieceStage : std::uint8_t {
  kFree,
  kBackend,   // A BlockRead or BlockWrite is in flight.
  kQueued,    // Waits in its channel's wire queue (or between two chunks of work requests).
  kOnWire,    // Its signaled work request is in flight.
  kAttached,  // Its unsignaled WRITEs are posted; the response's completion ends it.
  kTable,     // Holds its command's descriptor table until the command ends.
};

// Where a piece of a bidirectional command is on its way (bidirectional.h); others stay at kFetch.
enum class Leg : std::uint8_t {
  kFetch,  // Data-out: from the peer's memory.
  kRead,   // The old data: from the backend.
  kWrite,  // Data-out: to the backend.
  kSend,   // Data-in: to the peer's memory.
};

// What one data buffer is doing: a stretch of one command's data.
struct Piece {
  PieceStage stage = PieceStage::kFree;  // Changed by data_buffers::SetStage only.
  bool to_unit = false;                  // Data of a WRITE: the unit's, once it is here.
  Leg leg = Leg::kFetch;
  std::uint32_t unit = 0;            // Whom kBackend is charged to: its index in the pool.
  std::uint32_t nexus = 0;           // Whom the others are charged to: its slot.
  std::uint32_t command = kNone;     // Index of the command, which may have ended (kAttached),
  std::uint32_t channel = kNone;     // and of its channel.
  std::uint32_t offset = 0;          // In the transfer.
  std::uint32_t length = 0;          // Bytes on the wire.
  std::uint32_t backend_length = 0;  // Whole blocks: >= length.
  std::uint32_t posted = 0;          // Bytes that work requests were posted for.
  std::uint32_t descriptor = 0;      // Where the next work request starts.
  std::uint32_t descriptor_at = 0;
  std::uint16_t slots = 0;          // Send queue slots that the work request in flight holds.
  std::uint32_t in_descriptor = 0;  // Bidirectional: where its data-in starts.
  Time posted_at;
  std::uint32_t next = kNone;  // In the list of its send buffer (kAttached).
  std::uint32_t in_descriptor_at = 0;
};

// --- Commands -----------------------------------------------------------------------------------

enum class ParkReason : std::uint8_t { kUnitAttention, kTakeover };

namespace command_state {

struct Free {};
// Waits before it starts; admission begins anew afterwards.
struct Parked {
  ParkReason reason = ParkReason::kUnitAttention;
  Time until = kNever;  // kTakeover: BUSY then.
  bool resume = false;  // kTakeover: over, in the shard's queue of those to admit.
};
// Data moves through pieces; or an answer of core's own waits for a data buffer.
struct Moving {
  bool write = false;    // DATA-OUT.
  bool control = false;  // The answer is made by core once it has a buffer.
  bool table = false;    // What moves is the descriptor table; admission begins anew with it.
  bool fua = false;
  bool queued = false;         // Waits for a data buffer.
  bool bidirectional = false;  // DATA-IN, too.
  bool keep = false;           // Bidirectional: nothing is written (DISABLE WRITE).
  bool in_table = false;       // Bidirectional: DATA-IN's descriptors are in the fetched table.
  std::uint64_t at = 0;        // First byte on the unit.
  std::uint32_t piece_bytes = limits::kDataBufferBytes;  // The most that one piece moves.
  std::uint32_t total = 0;                               // Bytes to move over the wire.
  std::uint32_t backend_total = 0;                       // Bytes of whole blocks.
  std::uint32_t cut = 0;                                 // Bytes given to pieces so far.
  std::uint32_t descriptor = 0;                          // Where the next piece starts.
  std::uint32_t descriptor_at = 0;
  // Bidirectional: where DATA-IN's descriptors lie, and where the next piece starts.
  std::uint32_t in_at = 0;
  std::uint32_t in_count = 0;
  std::uint32_t in_descriptor = 0;
  std::uint32_t in_descriptor_at = 0;
  std::uint16_t pieces = 0;   // In flight.
  std::uint16_t on_wire = 0;  // Of them, with a work request in flight.
  std::uint16_t in_backend = 0;
  bool failed = false;  // No new piece starts; `sense` is the answer.
  scsi::Sense sense;
};
// One backend operation without a data buffer.
struct Backend {
  bool write = false;  // Immediate data; else a flush.
};
// Waits in the wire queue for its response to be posted.
struct Responding {
  scsi::Status status = scsi::Status::kGood;
  scsi::Sense sense;                  // kCheckCondition
  std::optional<wire::RspCode> code;  // Of a task management request.
};
// A task management request that waits: for an aborted command, or for the director's fence.
struct Managing {
  bool fence = false;
};
// Aborted: no response of its own. Waits until nothing has an effect any more, and after that until
// nothing uses its memory.
struct Aborting {
  bool write = false;
  bool effects = true;  // RDMA to the peer's memory, or a write at the backend, is in flight.
  std::uint16_t on_wire = 0;
  std::uint16_t in_backend = 0;
};

}  // namespace command_state

using CommandState = std::variant<command_state::Free, command_state::Parked, command_state::Moving,
                                  command_state::Backend, command_state::Responding,
                                  command_state::Managing, command_state::Aborting>;
static_assert(std::variant_size_v<CommandState> == static_cast<std::size_t>(CommandPhase::kCount));

// What Begin sets anew.
struct CommandFacts {
  std::uint32_t channel = kNone;  // Index of the one that brought it.
  LuId lu{kNone};                 // kNone: no unit (task management, an unmapped LUN).
  std::uint64_t arrival = 0;      // In the order in which the shard's commands came.
  Tag tag{};
  std::uint8_t sol_not = 0;
  bool attention_checked = false;  // A unit attention was asked for: do not ask again.
  bool old_write = false;          // Counted in its nexus's old writes.
  bool overlapped = false;         // Two requests had this tag: both end with this one response.
  bool task_management = false;
  // A partial list: the piece that holds the table, once it was fetched.
  bool fetches_table = false;  // Counted in the shard's `tables`.
  std::uint32_t table_piece = kNone;
  // Where the descriptors of the direction in use lie, from the start of the IU, or of the table.
  // (Both in use: those of DATA-OUT, and these are in the IU if `out_in_iu`; DATA-IN's: Moving.)
  std::uint32_t descriptors_at = 0;
  std::uint32_t descriptor_count = 0;
  std::uint32_t immediate_at = 0;   // 0: not immediate.
  wire::Direct first_descriptor{};  // A copy: most commands have no other.
  // For the residuals: what the initiator offered, what the CDB asked for, what moved.
  std::uint32_t out_length = 0;
  std::uint32_t in_length = 0;
  std::uint32_t needed = 0;
  std::uint32_t moved = 0;
  bool needed_out = false;
  bool both = false;  // What is needed is needed each way, and `moved` is data-out.
  bool out_in_iu = false;
  // Who waits for the end of its effects.
  std::uint32_t aborter = kNone;       // A task management request, or the overlapping command.
  std::uint32_t aborter_next = kNone;  // This one waits for the same command as that one.
  std::uint32_t buffer_next = kNone;   // The next of its unit that waits for a data buffer.
  // Chain of the channel's tag table, and the list of its active commands.
  std::uint32_t tag_next = kNone;
  std::uint32_t prev = kNone;
  std::uint32_t next = kNone;
};

struct Command : CommandFacts {
  CommandState state;  // Moved by Become only.
  std::uint32_t generation = 0;

  CommandPhase phase() const { return static_cast<CommandPhase>(state.index()); }
  // Along the table of command_states.h, or the program stops.
  template <class S>
  S& Become(CommandCause cause) {
    constexpr auto kTo = static_cast<CommandPhase>(CommandState(S{}).index());
    // [R-INV-49]
    SRPT_CHECK(kCommandMoves.Allows(phase(), cause, kTo));
    return state.template emplace<S>();
  }
  template <class S>
  S& Become(CommandCause cause, const S& next) {
    return Become<S>(cause) = next;
  }
  template <class S>
  bool Is() const {
    return std::holds_alternative<S>(state);
  }
  template <class S>
  S& As() {
    S* s = std::get_if<S>(&state);
    SRPT_CHECK(s != nullptr);
    return *s;
  }
};

}  // namespace srpt

#endif  // CORE_SRP_COMMAND_DATA_H_
