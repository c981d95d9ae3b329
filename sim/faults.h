// Which faults strike, and when. A fault has an opportunity wherever the simulator could go wrong
// that way; it strikes there because a test asked for it (Inject), or by the seed's rate.
//
// fault_rules.cc has one line for each kind: its name, how often a seed may draw it, what an
// initiator must survive of it, and why.
#ifndef SIM_FAULTS_H_
#define SIM_FAULTS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/base/types.h"
#include "sim/clock.h"
#include "sim/decisions.h"

namespace srpt::sim {

class Script;
class Story;

enum class FaultKind : std::uint8_t {
  // Wire: one opportunity a packet, or a work request of the target.
  kWireSlow,           // A packet takes long; those behind it wait.
  kRetryExceeded,      // The target's work request is never acknowledged: its queue pair fails.
  kPeerRetryExceeded,  // The initiator's.
  kLostCompletion,     // The target's send queue goes silent; the peer has everything.
  kLateCompletion,     // A completion comes long after the peer's next command.
  // Connections: one opportunity a login.
  kReqLost,  // The CM gives up: the peer sees kUnreachable, the target nothing.
  kReqGone,  // The peer gives up before the answer.
  kRepLost,  // Accepted; the peer never knows; the target sees no RTU.
  kRtuLost,
  kRtuLate,           // The first IUs overtake it.
  kAcceptFails,       // The target's driver could not make the queue pair.
  kSendQueueRefused,  // The device has no room for a send queue this long.
  kDreqLost,          // The other side never hears that we disconnected.
  kNoTimewaitExit,    // The CM never says that timewait is over.
  // Peer: one opportunity a command.
  kDisconnect,
  kVanish,       // Power loss: no DREQ.
  kRkeyRevoked,  // A region goes away under a running command.
  // Disks: one opportunity an operation.
  kReadError,
  kWriteError,
  kNoSpace,
  kShort,
  kFlushError,
  kDiskSlow,
  kDiskHang,  // Until healed, or for a time.
  // Between director and shards: one opportunity a message.
  kMessageSlow,
  // Wire, again: one opportunity an RDMA READ of the target. Its data are fetched when what was
  // posted behind it has long arrived: without a fence a SEND may overtake a READ (InfiniBand
  // Architecture, volume 1, ordering of work requests), and a READ whose answer was lost is
  // repeated.
  kLateRead,
  // Connections, again. The CM finds messages that it had before by their ids.
  kCmTwice,       // A message of the CM (REQ, REP, RTU, REJ, DREQ, DREP) arrives a second time.
  kRejLost,       // The peer hears nothing, and gives up.
  kDrepLost,      // The one that disconnects waits in vain.
  kRepRefused,    // The peer answers the REP with a REJ.
  kStaleReq,      // A REQ of a login that the peer has given up arrives ahead of the one it means.
  kCrossingDreq,  // The peer disconnects as we do.
  // The host's verbs: one opportunity a work request.
  kPostRefused,  // Out of memory: it waits in the driver, and all behind it.
  kCoalesced,    // The interrupt comes late: completions arrive in one bunch.
  // Disks, again.
  kTorn,  // A write fails, and of its blocks any may have landed.
  // What befalls the whole target: one opportunity every few milliseconds (sim/weather.cc).
  kPortDown,     // Nothing passes for a while.
  kGidChange,    // The address moved: what was connected through it is never acknowledged again.
  kDeviceGone,   // Removed, and plugged in again after a while.
  kCqOverrun,    // The completion queue of one shard is lost, and its queue pairs with it.
  kThreadPause,  // The director, or one shard, is not run for a while.
  kClockJump,    // The machine slept: nothing of the target ran, and the clock went on.
  kKill,         // The process is killed and started again: only the disks stay.
  kPowerLoss,    // The machine is: what was not synced may be lost, block by block.
  // The administrator: one opportunity every few milliseconds (sim/workload/administrator.cc).
  kConfigChange,
  // A peer that breaks the rules (sim/workload/hostile.cc): one opportunity every few milliseconds.
  kBadLogin,        // A LOGIN_REQ with anything in it.
  kBadIu,           // Unknown, too short or too long, unasked for, or with bytes changed.
  kBadDescriptors,  // Of every kind.
  kTagTwice,        // The tag of a command that is under way.
  kCreditOverrun,   // More commands than credits.
  kKeyGone,         // Its memory's key is taken back under a command.
  kLogoutBusy,      // I_LOGOUT with commands under way.
  kRivalLogin,      // A second login with its own ids, with any multichannel action.
  kHostileSilent,   // It takes nothing and answers nothing for a while.
  kCount,
};
inline constexpr std::size_t kFaultKinds = static_cast<std::size_t>(FaultKind::kCount);

// What is left of an initiator's commands and connection when the fault has struck.
enum class Survival : std::uint8_t {
  kAll,         // Nothing is lost but time.
  kNotCommand,  // A command may fail, with the sense for it; the connection stays.
  kNotLogin,    // A login may fail; no connection that was there is touched.
  kNothing,     // The connection may go; the initiator logs in again, and its data are as synced.
};

struct FaultRule {
  FaultKind kind;
  std::string_view name;
  std::uint32_t per_million_max;  // The most that a seed draws.
  Survival survival;
  std::string_view why;
};
const FaultRule& RuleOf(FaultKind kind);
// What a hostile peer does.
inline bool IsHostile(FaultKind kind) {
  return kind >= FaultKind::kBadLogin && kind <= FaultKind::kHostileSilent;
}
inline bool IsOfDisks(FaultKind kind) {
  return (kind >= FaultKind::kReadError && kind <= FaultKind::kDiskHang) ||
         kind == FaultKind::kTorn;
}
inline std::string_view ToString(FaultKind kind) { return RuleOf(kind).name; }

// Strikes in a million opportunities.
using FaultRates = std::array<std::uint32_t, kFaultKinds>;

class Faults {
 public:
  // `script`: what may happen; null: whatever is drawn.
  Faults(const Decisions* decisions, const FaultRates& rates, Script* script = nullptr);

  // Whom to tell of each strike.
  void SetStory(Story* story, const Clock* clock) {
    story_ = story;
    clock_ = clock;
  }

  // The next `count` opportunities of this kind, whoever they concern.
  void Inject(FaultKind kind, std::uint32_t count) {
    injected_[Index(kind)] += count;
    possible_[Index(kind)] = true;
  }
  // No more strikes, injected or drawn.
  void Heal() { healed_ = true; }
  bool healed() const { return healed_; }

  // (Asked many times for each IU, and most kinds never strike in a run.)
  bool Strikes(FaultKind kind, Lineage entity, std::uint64_t ordinal) {
    return possible_[Index(kind)] && StrikesNow(kind, entity, ordinal);
  }
  // For how long a fault that struck lasts: `low` to `high`, in virtual time.
  Duration Length(FaultKind kind, Lineage entity, std::uint64_t ordinal, Duration low,
                  Duration high) const;

  std::uint64_t struck(FaultKind kind) const { return struck_[Index(kind)]; }
  const std::array<std::uint64_t, kFaultKinds>& struck() const { return struck_; }

 private:
  static std::size_t Index(FaultKind kind) { return static_cast<std::size_t>(kind); }
  bool StrikesNow(FaultKind kind, Lineage entity, std::uint64_t ordinal);
  void Struck(FaultKind kind);
  const Decisions* decisions_;
  Script* script_;
  Story* story_ = nullptr;
  const Clock* clock_ = nullptr;
  FaultRates rates_;
  std::array<bool, kFaultKinds> possible_{};  // Drawn or listed ever, or injected once.
  std::array<std::uint32_t, kFaultKinds> injected_{};
  std::array<std::uint64_t, kFaultKinds> struck_{};
  bool healed_ = false;
};

}  // namespace srpt::sim

#endif  // SIM_FAULTS_H_
