// What must always hold: the numbered list of the reference page on faults and invariants, each
// with its sentence and the moment at which the simulator looks. Whoever finds one broken says
// which (World::Broke), so that failures have a name and can be told apart.
//
// invariants.cc has the table; sim/planted_bugs.cc says which mistake each one was seen to catch.
#ifndef SIM_INVARIANTS_H_
#define SIM_INVARIANTS_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace srpt::sim {

enum class Invariant : std::uint8_t {
  kNone = 0,
  // Once and in order
  kOneResponse = 1,
  kKnownTag = 2,
  kResponseAgrees = 3,
  kDataBeforeResponse = 4,
  kGoodIsTrue = 5,
  kTaskAttributes = 6,
  kAttentionOnce = 7,
  // Credits
  kCreditsWithinGrant = 8,
  kCreditsCounted = 9,
  kReceivesPosted = 10,
  kCreditsComeBack = 11,
  kAnswersTakeNone = 12,
  kOneTargetRequest = 13,
  kViolatorAlone = 14,
  kWithinPeersMaximum = 15,
  // Memory and RDMA
  kInsideDescriptor = 16,
  kNoMoreThanAsked = 17,
  kNoStaleInput = 18,
  kOwnKeysOnly = 19,
  kNoRemoteAccess = 20,
  kBufferUsedOnce = 21,
  kNoForeignBytes = 22,
  kDepthsRespected = 23,
  kNothingWraps = 24,
  // Data
  kReadsExplained = 25,
  kFailedWriteContained = 26,
  kAtomicChecks = 27,
  kResidualRight = 28,
  kRangeRespected = 29,
  kDurable = 30,
  // Task management
  kNothingAfterAnswer = 31,
  kAnsweredStays = 32,
  kResetOneUnit = 33,
  kAnsweredInTime = 34,
  kLaterUntouched = 35,
  // Sessions
  kNothingRemains = 36,
  kSilentAfterDisconnect = 37,
  kSessionsCounted = 38,
  kRefusedLeavesNothing = 39,
  kLiveBeforeIus = 40,
  kUnmappedIsAbsent = 41,
  kRegistrations = 42,
  kOthersUntouched = 43,
  kShutdownDrains = 44,
  // Liveness and determinism
  kHonestCompletes = 45,
  kNoQuietWork = 46,
  kMemoryBounded = 47,
  kSameFingerprint = 48,
  kNoIllegalMove = 49,
  kEveryPathReached = 50,
};
inline constexpr int kInvariants = 50;

struct InvariantRule {
  Invariant invariant;
  std::string_view sentence;
  std::string_view checked;  // When, and by what. Empty: not yet (`why` it is not).
  std::string_view why;
};
const InvariantRule& RuleOf(Invariant invariant);
inline int Number(Invariant invariant) { return static_cast<int>(invariant); }
// kNone for a number that is none.
Invariant InvariantOf(int number);

// One thing that did not hold.
struct Breach {
  Invariant invariant = Invariant::kNone;
  std::string what;  // Empty: nothing broke.

  bool empty() const { return what.empty(); }
  // "invariant 9 (granted = ...): what".
  std::string Text() const;
  // What is the same in every run that breaks in this way: `what` without its numbers.
  std::string Signature() const;
};
// Of a sentence of core's own ("9: granted = ... (channel 3)"); without a number: kNoIllegalMove's.
Breach BreachOf(const std::string& sentence);

}  // namespace srpt::sim

#endif  // SIM_INVARIANTS_H_
