// Which faults strike, and when. A fault has an opportunity wherever the simulator could go wrong
// that way; it strikes there because a test asked for it (Inject), or by the seed's rate.
//
// Which of them an initiator survives without losing its connection, and why:
//   yes  slow wire, late RTU, lost RTU (the first IU implies it), late completions, late reads,
//   slow
//        messages, slow disk, EIO, ENOSPC, short read, a hang that ends: nothing is lost but time,
//        or one command ends with its sense
//   no   lost completion (the watchdog ends the channel after 80 s), retry exceeded, revoked rkey,
//        disconnect, vanished peer, lost REP, failed accept: the connection goes; it logs in again
#ifndef SIM_FAULTS_H_
#define SIM_FAULTS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/base/types.h"
#include "sim/decisions.h"

namespace srpt::sim {

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
  kRtuLate,         // The first IUs overtake it.
  kAcceptFails,     // The target's driver could not make the queue pair.
  kDreqLost,        // The other side never hears that we disconnected.
  kNoTimewaitExit,  // The CM never says that timewait is over.
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
  kCount,
};
inline constexpr std::size_t kFaultKinds = static_cast<std::size_t>(FaultKind::kCount);
std::string_view ToString(FaultKind kind);

// Strikes in a million opportunities.
using FaultRates = std::array<std::uint32_t, kFaultKinds>;

class Faults {
 public:
  Faults(const Decisions* decisions, const FaultRates& rates)
      : decisions_(decisions), rates_(rates) {}

  // The next `count` opportunities of this kind, whoever they concern.
  void Inject(FaultKind kind, std::uint32_t count) { injected_[Index(kind)] += count; }
  // No more strikes, injected or drawn.
  void Heal() { healed_ = true; }
  bool healed() const { return healed_; }

  bool Strikes(FaultKind kind, Lineage entity, std::uint64_t ordinal);
  // For how long a fault that struck lasts: `low` to `high`, in virtual time.
  Duration Length(FaultKind kind, Lineage entity, std::uint64_t ordinal, Duration low,
                  Duration high) const;

  std::uint64_t struck(FaultKind kind) const { return struck_[Index(kind)]; }
  const std::array<std::uint64_t, kFaultKinds>& struck() const { return struck_; }

 private:
  static std::size_t Index(FaultKind kind) { return static_cast<std::size_t>(kind); }
  const Decisions* decisions_;
  FaultRates rates_;
  std::array<std::uint32_t, kFaultKinds> injected_{};
  std::array<std::uint64_t, kFaultKinds> struck_{};
  bool healed_ = false;
};

}  // namespace srpt::sim

#endif  // SIM_FAULTS_H_
