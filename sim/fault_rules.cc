// Each kind of fault: how often a seed may draw it, what must survive it, and why.
#include <array>

#include "core/base/check.h"
#include "sim/faults.h"

namespace srpt::sim {
namespace {

using enum FaultKind;
using enum Survival;

constexpr std::array<FaultRule, kFaultKinds> kRules = {{
    // clang-format off
    {kWireSlow, "wire slow", 2000, kAll,
     "a reliable connection delivers late, in order"},
    {kRetryExceeded, "retry exceeded", 150, kNothing,
     "the queue pair is in error once its retries are used up"},
    {kPeerRetryExceeded, "peer's retry exceeded", 300, kNothing,
     "the same at the initiator's end"},
    {kLostCompletion, "lost completion", 150, kNothing,
     "the watchdog ends the channel after 80 s"},
    {kLateCompletion, "late completion", 3000, kAll,
     "nothing waits for a completion of a SEND but its buffer"},
    {kReqLost, "REQ lost", 200000, kNotLogin,
     "the CM gives up; the initiator tries again"},
    {kReqGone, "REQ withdrawn", 200000, kNotLogin,
     "the initiator gave up before our answer"},
    {kRepLost, "REP lost", 100000, kNotLogin,
     "the half-open connection is dropped after its time"},
    {kRtuLost, "RTU lost", 400000, kAll,
     "the first IU implies it"},
    {kRtuLate, "RTU late", 500000, kAll,
     "IUs that overtake it are processed, once and in order"},
    {kAcceptFails, "accept fails", 200000, kNotLogin,
     "no memory for the queue pair or its buffers: the login is refused"},
    {kSendQueueRefused, "send queue refused", 300000, kNotLogin,
     "a shorter one is asked for; below the shortest the login is refused, as above"},
    {kDreqLost, "DREQ lost", 300000, kAll,
     "concerns only a connection that was to end: its own time ends it, or the next login"},
    {kNoTimewaitExit, "no timewait exit", 400000, kAll,
     "as DREQ lost"},
    {kDisconnect, "disconnect", 3000, kNothing,
     "the initiator's own wish, under I/O"},
    {kVanish, "peer vanishes", 2000, kNothing,
     "power loss of the initiator; its next login, or the keepalive, ends the rest"},
    {kRkeyRevoked, "rkey revoked", 2000, kNothing,
     "a remote access error puts both ends into error"},
    {kReadError, "read EIO", 10000, kNotCommand,
     "MEDIUM ERROR, 11/00"},
    {kWriteError, "write EIO", 10000, kNotCommand,
     "MEDIUM ERROR, 0C/00"},
    {kNoSpace, "ENOSPC", 10000, kNotCommand,
     "DATA PROTECT, 27/07"},
    {kShort, "short read", 10000, kNotCommand,
     "what was not read is not sent: MEDIUM ERROR, 11/00"},
    {kFlushError, "flush EIO", 50000, kNotCommand,
     "HARDWARE ERROR, and so for all commands of the unit until an administrator acts"},
    {kDiskSlow, "disk slow", 5000, kAll,
     "commands wait"},
    {kDiskHang, "disk hangs", 1500, kNotCommand,
     "the initiator aborts, resets, and at worst logs in anew, as its own patience ends"},
    {kMessageSlow, "message slow", 50000, kAll,
     "director and shards wait for each other's messages, in order"},
    {kLateRead, "late RDMA READ", 400000, kAll,
     "what needs the data is fenced, or waits for the completion"},
    {kCmTwice, "CM message twice", 200000, kAll,
     "the CM knows what it had before"},
    {kRejLost, "REJ lost", 200000, kNotLogin,
     "a refusal that is heard as silence"},
    {kDrepLost, "DREP lost", 300000, kAll,
     "the one that waits for it gives up after the CM's time"},
    {kRepRefused, "REP refused", 100000, kNotLogin,
     "the initiator changed its mind: nothing of the login remains"},
    {kStaleReq, "stale REQ", 100000, kNothing,
     "it looks like a login of the nexus: a SINGLE one ends the nexus's other channels"},
    {kCrossingDreq, "crossing DREQs", 300000, kAll,
     "both ends have ended; each takes the other's as the answer"},
    {kPostRefused, "post refused", 2000, kAll,
     "the driver keeps it in order and tries again"},
    {kCoalesced, "completions coalesced", 20000, kAll,
     "all are handled, in order"},
    {kTorn, "torn write", 5000, kNotCommand,
     "MEDIUM ERROR, 0C/00; each block is old or new, whole"},
    {kPortDown, "port down", 5000, kNothing,
     "short ones are bridged by retries; longer ones use them up"},
    {kGidChange, "GID change", 1500, kNothing,
     "a queue pair keeps the address it was made with"},
    {kDeviceGone, "device removal", 1500, kNothing,
     "its queue pairs are gone; logins come when it is back"},
    {kCqOverrun, "completion queue overrun", 1500, kNothing,
     "fatal for the queue pairs of that shard, and for no other"},
    {kThreadPause, "thread pause", 20000, kAll,
     "shorter than any timer of the peer's: all waits"},
    {kClockJump, "clock jump", 1500, kNothing,
     "timers of both ends may have run out meanwhile"},
    {kKill, "kill", 1500, kNothing,
     "the operating system ends the connections; a new process knows nothing of them"},
    {kPowerLoss, "power loss", 1500, kNothing,
     "as kill, and only what was synced or written with FUA must be there"},
    {kConfigChange, "configuration change", 20000, kNothing,
     "a port that is disabled or a session that is closed ends connections; the rest does not"},
    // Of what a hostile peer does only the peer itself may feel anything.
    {kBadLogin, "hostile: bad login", 20000, kAll,
     "refused with its reason; no state remains"},
    {kBadIu, "hostile: bad IU", 20000, kAll,
     "T_LOGOUT, or a clear answer, for this channel only"},
    {kBadDescriptors, "hostile: bad descriptors", 100000, kAll,
     "CHECK CONDITION, nothing moved; or its own remote access error"},
    {kTagTwice, "hostile: tag twice", 50000, kAll,
     "overlapped commands: both end"},
    {kCreditOverrun, "hostile: credit overrun", 10000, kAll,
     "the channel is ended"},
    {kKeyGone, "hostile: key gone", 10000, kAll,
     "its own remote access error"},
    {kLogoutBusy, "hostile: logout under I/O", 10000, kAll,
     "its commands are aborted without responses"},
    {kRivalLogin, "hostile: rival login", 10000, kAll,
     "the nexus is its own: taken over, or joined, or refused"},
    {kHostileSilent, "hostile: silence", 20000, kAll,
     "what it holds is bounded by its share; the watchdog ends it"},
    // clang-format on
}};

constexpr bool InOrder() {
  for (std::size_t i = 0; i < kRules.size(); ++i) {
    if (kRules[i].kind != static_cast<FaultKind>(i)) return false;
  }
  return true;
}
static_assert(InOrder(), "the rules are in the order of FaultKind, one for each");

}  // namespace

const FaultRule& RuleOf(FaultKind kind) {
  SRPT_CHECK(kind < FaultKind::kCount);
  return kRules[static_cast<std::size_t>(kind)];
}

}  // namespace srpt::sim
