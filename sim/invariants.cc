// The table of invariants: what each says, and where it is looked at.
#include "sim/invariants.h"

#include <array>
#include <cstddef>

#include "core/base/check.h"

namespace srpt::sim {
namespace {

using enum Invariant;

constexpr std::string_view kDisks = "it needs commands that core does not have yet";

constexpr std::array<InvariantRule, kInvariants + 1> kRules = {{
    // clang-format off
    {kNone, "", "", ""},
    {kOneResponse, "each CMD and TSK_MGMT tag gets exactly one RSP, unless its channel died or it was aborted",
     "when an initiator's patience with a command ends; each RSP against what is outstanding", ""},
    {kKnownTag, "no RSP for a tag that is not outstanding on that channel",
     "each RSP", ""},
    {kResponseAgrees, "flags, lengths and residuals of a RSP agree; reserved bytes are zero",
     "each IU of the target", ""},
    {kDataBeforeResponse, "data WRITEs are posted before the RSP on the same queue pair, none after",
     "each RDMA access: an answered command's memory is gone", ""},
    {kGoodIsTrue, "GOOD only after all data was read and the backend took it (FUA: durable)",
     "each GOOD of a FUA or write-through write, against stable storage", ""},
    {kTaskAttributes, "ORDERED and HEAD OF QUEUE are respected, across the nexus's channels",
     "", kDisks},
    {kAttentionOnce, "a unit attention is reported exactly once per nexus, before other commands except the three that bypass",
     "each CHECK CONDITION; at the end of each session", ""},
    {kCreditsWithinGrant, "the peer's view is never negative for an honest peer, never above what was granted",
     "each IU with a delta", ""},
    {kCreditsCounted, "granted - received equals the target's counter",
     "each sweep inside the shard; between both ends when all is quiet", ""},
    {kReceivesPosted, "posted receives are enough for the granted credits and two more",
     "each SEND that finds none; each sweep", ""},
    {kCreditsComeBack, "every consumed credit comes back within a bound",
     "between both ends when all is quiet", ""},
    {kAnswersTakeNone, "CRED_RSP and AER_RSP consume none",
     "each sweep; between both ends when all is quiet", ""},
    {kOneTargetRequest, "at most one unanswered target request per channel",
     "each CRED_REQ and AER_REQ", ""},
    {kViolatorAlone, "a violator loses its channel; nobody else's counters change",
     "each channel that ends although no fault struck", ""},
    {kWithinPeersMaximum, "nothing longer than the peer's maximum",
     "each IU of the target", ""},
    {kInsideDescriptor, "every RDMA lies inside one descriptor of that command, with its key and direction",
     "each RDMA access, against the descriptors that are outstanding", ""},
    {kNoMoreThanAsked, "total <= min(the CDB's need, the descriptors' sum), no overlap",
     "each READ: memory beyond its data; each GOOD's residual", ""},
    {kNoStaleInput, "bytes past the received length never influence any output",
     "the same seed again with other bytes there", ""},
    {kOwnKeysOnly, "no key or address of one nexus is used on another's queue pair",
     "each RDMA access, by protection domain", ""},
    {kNoRemoteAccess, "no memory region or queue pair of ours grants remote access, but the sinks of RDMA READs on iWARP",
     "", "core registers no memory: the target's tests look at what its driver registers"},
    {kBufferUsedOnce, "no buffer is reused while a work request names it",
     "each action on a buffer; each sweep", ""},
    {kNoForeignBytes, "no uninitialised or foreign bytes in data, sense or response",
     "each byte of each READ; a hostile peer's memory", ""},
    {kDepthsRespected, "queue depths and the peer's RDMA READ depth are respected",
     "each post", ""},
    {kNothingWraps, "no arithmetic wraps",
     "the sanitizers' runs of the same seeds; each block operation's place", ""},
    {kReadsExplained, "reads are explained by some legal order of overlapping commands",
     "each block of each READ, and of all units at the end", ""},
    {kFailedWriteContained, "a failed or aborted write changes only its own blocks, block-atomic",
     "each block of each READ", ""},
    {kAtomicChecks, "COMPARE AND WRITE and reservation checks are atomic against all nexuses",
     "", kDisks},
    {kResidualRight, "residual = |requested - moved|, right flag and direction",
     "each GOOD", ""},
    {kRangeRespected, "beyond the end touches nothing: LBA OUT OF RANGE",
     "each command that reaches beyond the end; each block operation's place", ""},
    {kDurable, "after a crash every acknowledged synced or FUA write is there",
     "each SYNCHRONIZE CACHE, against stable storage; each block after a power loss", ""},
    {kNothingAfterAnswer, "after its response, no response, RDMA or backend effect of an affected command",
     "each RSP, each RDMA access, each block that is read later", ""},
    {kAnsweredStays, "ABORT of an answered command changes nothing",
     "each RSP", ""},
    {kResetOneUnit, "LUN RESET touches one LU and tells every other nexus",
     "each command that is not answered; at the end of each session", ""},
    {kAnsweredInTime, "answered within 4 s even if the backend hangs, except ABORT TASK of a write that cannot be recalled",
     "when an initiator's patience with task management ends and only disks misbehave", ""},
    {kLaterUntouched, "later commands are not aborted",
     "each command that is not answered", ""},
    {kNothingRemains, "channel gone => after the drain no task, buffer, queue pair, timer or id remains",
     "each sweep; when all initiators have logged out", ""},
    {kSilentAfterDisconnect, "nothing on a channel after its disconnect",
     "each post; each IU after T_LOGOUT", ""},
    {kSessionsCounted, "session count = logins - ends; TERMINATE kills exactly the same nexus's channels on that target port",
     "each step of the director; each LOGIN_RSP", ""},
    {kRefusedLeavesNothing, "refused => no state, the right reason",
     "each LOGIN_REJ; each step of the director", ""},
    {kLiveBeforeIus, "no IU before live; those before RTU once and in order",
     "between both ends when all is quiet", ""},
    {kUnmappedIsAbsent, "an unmapped LUN looks like an absent one",
     "each command to a LUN that is not mapped", ""},
    {kRegistrations, "registrations follow the port id and survive relogin; APTPL survives restart",
     "", kDisks},
    {kOthersUntouched, "an honest session's trace is unchanged, but for time, by any hostile peer",
     "each command and channel when only a hostile peer disturbs", ""},
    {kShutdownDrains, "shutdown drains",
     "the end of each run", ""},
    {kHonestCompletes, "after faults stop, every honest command completes within a stated virtual time",
     "the phases after the faults", ""},
    {kNoQuietWork, "no quiet state with work outstanding",
     "each sweep; when nothing is left to happen", ""},
    {kMemoryBounded, "memory within its cap; nothing allocated after login",
     "each sweep; the allocation counts of core_bench", ""},
    {kSameFingerprint, "same seed, same fingerprint, across compilers and optimisation levels",
     "the same seed twice; ./dev fingerprints", ""},
    {kNoIllegalMove, "an illegal transition stops the program, also in production",
     "each transition, and each of core's own checks", ""},
    {kEveryPathReached, "every error path was reached at least once across the nightly seeds",
     "the end of a campaign", ""},
    // clang-format on
}};

constexpr bool InOrder() {
  for (std::size_t i = 0; i < kRules.size(); ++i) {
    if (kRules[i].invariant != static_cast<Invariant>(i)) return false;
  }
  return true;
}
static_assert(InOrder(), "the rules are in the order of their numbers, one for each");

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

const InvariantRule& RuleOf(Invariant invariant) {
  return kRules[static_cast<std::size_t>(invariant)];
}

Invariant InvariantOf(int number) {
  return number < 1 || number > kInvariants ? kNone : static_cast<Invariant>(number);
}

std::string Breach::Text() const {
  if (empty()) return "";
  return "invariant " + std::to_string(Number(invariant)) + " (" +
         std::string(RuleOf(invariant).sentence) + "): " + what;
}

std::string Breach::Signature() const {
  std::string text = std::to_string(Number(invariant)) + ":";
  bool in_number = false;
  for (const char c : what) {
    const bool digit = IsDigit(c) || (in_number && ((c >= 'a' && c <= 'f') || c == 'x'));
    if (digit && !in_number) text += '#';
    if (!digit) text += c;
    in_number = digit;
  }
  return text;
}

Breach BreachOf(const std::string& sentence) {
  std::size_t i = 0;
  int number = 0;
  while (i < sentence.size() && IsDigit(sentence[i]) && number <= kInvariants) {
    number = number * 10 + (sentence[i++] - '0');
  }
  const bool numbered = i > 0 && sentence.compare(i, 2, ": ") == 0;
  const Invariant invariant = numbered ? InvariantOf(number) : kNone;
  if (invariant == kNone) return {kNoIllegalMove, sentence};
  return {invariant, sentence.substr(i + 2)};
}

}  // namespace srpt::sim
