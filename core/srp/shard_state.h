// Everything that a shard owns, as plain values. The rules that move them stand in the files beside
// this one: channel (life of a connection), command (admission and end), transfer (data), response,
// credits, task_management, abort.
//
// Who names whom: a command lives exactly as long as the receive buffer that brought it, so the two
// share an index, wherever the buffer belongs to: to a channel, or to a shared receive queue
// (receives.h). Its descriptors are read where they arrived. A data buffer and its piece of a
// transfer share an index too. A response that was posted has no command any more: what it still
// holds until its completion (buffers, send queue slots) belongs to its send buffer.
#ifndef CORE_SRP_SHARD_STATE_H_
#define CORE_SRP_SHARD_STATE_H_

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "core/action.h"
#include "core/base/fingerprint.h"
#include "core/base/ring.h"
#include "core/config.h"
#include "core/ports.h"
#include "core/scsi/sense.h"
#include "core/snapshot.h"
#include "core/srp/command_states.h"
#include "core/srp/request_states.h"
#include "core/srp/shard.h"
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

// --- Channels -----------------------------------------------------------------------------------

namespace channel_state {

struct Free {};
struct Connecting {
  Time until;
};
struct Live {};
struct LoggingOut {
  Time until;
};
struct Disconnecting {
  Time until;         // Then the drain is given up.
  bool gone = false;  // The CM said Disconnected.
};
struct Timewait {
  Time until;
};
struct Destroying {
  bool destroyed = false;  // Backends may hold buffers a while longer.
};

}  // namespace channel_state

using ChannelStateData =
    std::variant<channel_state::Free, channel_state::Connecting, channel_state::Live,
                 channel_state::LoggingOut, channel_state::Disconnecting, channel_state::Timewait,
                 channel_state::Destroying>;

enum class RecvStage : std::uint8_t { kUnposted, kPosted, kHeld };

// A shared receive queue (receives.h).
struct SharedQueue {
  std::uint32_t posted = 0;
  std::uint32_t promised = 0;  // Receives that channels may take, or whose commands hold them.
};

struct SendSlot {
  bool busy = false;
  std::uint16_t slots = 0;            // Send queue slots, its own and its WRITEs'.
  std::uint32_t first_piece = kNone;  // Buffers that its completion frees.
  Time posted_at;
  LuId lu{kNone};            // Of the response's command.
  std::uint64_t fences = 0;  // Those that wait for it, a bit each (Shard::State::fences).
};

// An entry of a channel's wire queue: what waits for the send queue, in order.
struct WireItem {
  enum class Kind : std::uint8_t { kPiece, kResponse, kTLogout, kRequest };
  Kind kind = Kind::kPiece;
  std::uint32_t index = 0;  // Piece, command, or reason.
};

// The one request of ours that waits to be posted or for its answer (requests.h).
enum class RequestKind : std::uint8_t { kCredReq, kAerReq };

namespace request_state {

struct Idle {};
struct Queued {  // In the wire queue.
  RequestKind kind = RequestKind::kCredReq;
};
struct Sent {
  RequestKind kind = RequestKind::kCredReq;
  std::uint32_t send = kNone;  // Its SEND is in flight.
};
struct Awaiting {
  RequestKind kind = RequestKind::kCredReq;
  Time until;
};

}  // namespace request_state

using RequestState = std::variant<request_state::Idle, request_state::Queued, request_state::Sent,
                                  request_state::Awaiting>;
static_assert(std::variant_size_v<RequestState> == static_cast<std::size_t>(RequestPhase::kCount));

struct TargetRequest {
  RequestState state;        // Moved by Become only.
  std::uint64_t number = 0;  // Its tag. Those that were answered are behind it.

  RequestPhase phase() const { return static_cast<RequestPhase>(state.index()); }
  // Along the table of request_states.h, or the program stops.
  template <class S>
  void Become(RequestCause cause, const S& next) {
    constexpr auto kTo = static_cast<RequestPhase>(RequestState(S{}).index());
    // [R-INV-49]
    SRPT_CHECK(kRequestMoves.Allows(phase(), cause, kTo));
    state.template emplace<S>(next);
  }
};

struct AsyncEvent {
  LunNumber lun;
  UnitAttention attention;
  friend bool operator==(const AsyncEvent&, const AsyncEvent&) = default;
};

inline constexpr std::uint32_t kTagBucketBits = 7;
inline constexpr std::uint32_t kTagBuckets = 1u << kTagBucketBits;

// What a channel's LUN field named last, in the snapshot of this publication.
struct UnitFound {
  std::uint64_t raw = 0;
  std::uint64_t publication = 0;
  const scsi::LuView* lu = nullptr;
};

struct Channel {
  ChannelStateData state;
  ChannelId id;  // Its place in Shard::State::channels; each use of the place has a generation.
  ConnId conn;
  NexusId nexus;
  TargetPortId port;
  std::uint32_t session = 0;  // Its nexus's, when it was opened (takeover.h).
  std::uint32_t max_it_iu_len = 0;
  std::uint32_t max_ti_iu_len = 0;
  std::uint16_t credits_granted = 0;
  std::uint16_t imm_data_offset = 0;
  std::uint16_t sq_size = 0;
  std::uint16_t recv_count = 0;  // 0: it receives from a shared queue.
  std::uint32_t srq = 0;         // Which one, and
  std::uint32_t promised = 0;    // how many of its receives are this channel's.
  std::uint32_t back = 0;        // No more so, and the director is to be told.
  bool receives_over = false;
  bool queue_pair = false;  // There is one: Accept was asked and did not fail.
  bool disconnect_asked = false;
  bool timewait_over = false;
  std::uint8_t solicited = 0;  // wire::kLoginReq...solnt bits of its login.
  TargetRequest request;
  Time starved_until = kNever;                               // Then a CRED_REQ brings what is owed.
  std::array<AsyncEvent, limits::kAsyncEventsMax> events{};  // To be told by AER_REQ.
  std::uint32_t event_count = 0;

  // Credits (credits.h).
  std::uint32_t remaining = 0;  // What the peer may still send.
  std::uint32_t owed = 0;       // Consumed, ended, not given back yet.

  std::uint32_t recv_posted = 0;  // Of its own.
  std::array<SendSlot, limits::kSendPerChannelMax> sends{};
  std::array<std::uint16_t, limits::kSendPerChannelMax> free_sends{};
  std::uint32_t free_send_count = 0;
  std::uint32_t sends_posted = 0;
  std::uint32_t rdma_posted = 0;  // Signaled RDMA operations in flight.
  std::uint32_t sq_free = 0;
  Time heard_at;         // The last IU, or answered probe (keepalive.h).
  bool probing = false;  // A probe is in flight.
  Time probed_at;
  Ring<WireItem> wire;
  bool dirty = false;  // In the shard's queue of channels to pump.
  UnitFound last_unit;

  std::array<std::uint32_t, kTagBuckets> tags{};
  std::uint32_t first_command = kNone;  // Active ones, in order of arrival.
  std::uint32_t last_command = kNone;
  std::uint32_t active = 0;
  ChannelCounters counters;
  action::Accept accept;  // As asked last, to be asked again with a shorter send queue.

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

// --- The shard ----------------------------------------------------------------------------------

// The pool of data buffers (data_buffers.h).
struct UnitBuffers {
  std::uint32_t held = 0;       // With its backend.
  std::uint32_t incoming = 0;   // Of WRITEs to it, still with a nexus.
  std::uint32_t first = kNone;  // Commands that wait for a buffer, in order.
  std::uint32_t last = kNone;
};
struct BufferPool {
  explicit BufferPool(std::uint32_t size)
      : guard(size / 8), reserve(std::min<std::uint32_t>(8, size / 16)) {}

  std::uint32_t guard;  // data_buffers.h
  std::uint32_t reserve;
  std::vector<std::uint32_t> free;
  // By LuId; the last one stands for what is no unit's data: descriptor tables, core's own answers.
  std::vector<UnitBuffers> units;
  Ring<std::uint32_t> turns;  // Those with a queue.
};

// Writes of ended channels of one nexus that are still with a unit's backend (takeover.h).
struct OldWrites {
  LuId lu;
  std::uint32_t count = 0;
  bool told = false;  // The director knows of some.
};

struct NexusView {
  NexusId id;
  std::vector<LuId> attentions;             // Units with a unit attention pending.
  std::uint32_t buffers = 0;                // Data buffers charged to it (data_buffers.h),
  std::uint32_t tables = 0;                 // and those with a descriptor table of its commands.
  std::vector<std::uint16_t> buffer_waits;  // Its commands that wait for one, by queue of the pool.

  // Takeovers (takeover.h).
  bool waits = false;  // There are units where its commands wait: of these three.
  bool taken_over = false;
  std::vector<LuId> held;
  std::vector<OldWrites> old_writes;
  std::uint32_t session = 0;  // Takeovers so far. Channels of earlier ones are to end.
  bool answer_due = false;
  bool due = false;  // In the shard's queue of nexuses to look at.
};

// Several may cover one command: each counts it when it scans it, and all that have counted it are
// told when its effects end.
struct Fence {
  bool open = false;
  FenceId id;
  LuId lu;
  NexusId nexus;                // Only this one's commands; invalid: those of all.
  std::uint64_t before = 0;     // Only commands that arrived before this one are aborted.
  std::uint32_t scan = 0;       // The next command to look at; all when == commands.size().
  std::uint32_t remaining = 0;  // Aborted commands that may still have effects.
  // Responses, with their WRITEs, that are on their way to the asker, but on another channel than
  // its answer, which does not come behind them.
  NexusId asked_by;
  std::uint32_t asker_channel = kNone;  // kNone: on another shard.
  bool marked = false;                  // They were looked for.
  std::uint32_t posted = 0;
};
inline constexpr std::size_t kFencesMax = 64;  // A bit each in SendSlot::fences.

struct Shard::State {
  State(const Parameters& parameters, ShardId id, MemoryPort* memory);

  Parameters params;
  ShardId id;
  MemoryPort* memory;
  std::shared_ptr<const Snapshot> snapshot;
  std::uint64_t publications = 0;  // Of snapshots, so far.

  std::vector<Channel> channels;
  std::vector<Command> commands;  // By receive buffer (receives.h).
  std::vector<RecvStage> receives;
  std::vector<SharedQueue> shared;  // Empty: every channel has receives of its own.
  Ring<std::uint32_t> to_post;      // Receives to go back to a shared queue.
  bool receives_back = false;       // The director is to be told of some channel's.
  std::vector<Piece> pieces;
  BufferPool pool;
  Ring<std::uint32_t> resume_queue;  // Parked commands to admit again.
  Ring<std::uint32_t> nexuses_due;   // For takeovers.
  Ring<std::uint32_t> dirty;         // Channels whose wire queue may move.
  std::vector<NexusView> nexuses;    // By slot.
  std::array<Fence, kFencesMax> fences;
  std::uint32_t fences_open = 0;
  std::vector<LuId> retiring;
  bool look_at_retiring = false;  // A command ended since the last look.
  std::uint64_t arrivals = 0;     // Commands so far.
  std::uint32_t active = 0;       // Commands that are not Free.
  std::uint32_t tables = 0;       // Commands with a descriptor table: at most half the pool.

  Time timer = kNever;  // No deadline is earlier.
  Time watch = kNever;  // The next look at what was posted long ago.

  // Of the step under way.
  Time now;
  Actions* actions = nullptr;
  Fingerprint fingerprint;

  // --- Names ---
  std::uint32_t ChannelOf(std::uint32_t command) const { return commands[command].channel; }
  CommandId IdOfCommand(std::uint32_t command) const {
    return CommandId::Make(command, commands[command].generation);
  }
  // Null for an id whose channel is gone.
  Channel* Find(ChannelId id) {
    if (id.slot() >= params.channels_per_shard) return nullptr;  // Also what is not valid.
    Channel& c = channels[id.slot()];
    return c.Is<channel_state::Free>() || c.id != id ? nullptr : &c;
  }
  std::uint32_t IndexOf(const Channel& channel) const { return channel.id.slot(); }
  const LunMap& LunMapOf(const Channel& channel) const { return snapshot->MapOf(channel.nexus); }

  // --- Small things everybody does ---
  template <class A>
  void Do(const A& action) {
    actions->Add(action);
  }
  void Log(LogLevel level, const Channel& channel, const char* format, ...)
      __attribute__((format(printf, 4, 5)));
  // Wakes the shard at `t` at the latest.
  void WakeAt(Time t) {
    if (t < timer) timer = t;
  }
  void MarkDirty(std::uint32_t channel) {
    if (channels[channel].dirty) return;
    channels[channel].dirty = true;
    dirty.Push(channel);
  }
  // Whether a step has room for `n` more actions and a few that follow from them.
  bool Room(std::size_t n) const { return actions->room() >= n + 8; }
};

using ShardState = Shard::State;

}  // namespace srpt

#endif  // CORE_SRP_SHARD_STATE_H_
