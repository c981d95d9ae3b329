// Mistakes that somebody could have made, one switch each: they prove that what checks us can fail.
//
// Only `--config=planted` builds contain them (bazel; SRPT_PLANTED). In every other build Planted()
// is a constant false, and no code of theirs remains. At most one is on, for one thread at a time:
// the simulator switches it on for a run (`srpt_sim --plant`, `./dev planted`). What each one
// breaks and which invariants catch it stands in sim/planted_bugs.cc.
#ifndef CORE_BASE_PLANTED_H_
#define CORE_BASE_PLANTED_H_

#include <cstdint>

namespace srpt {

enum class PlantedBug : std::uint8_t {
  kNone,
  // Once and in order
  kResponseTwice,
  kResponseNever,
  kResponseWrongTag,
  kResponseReservedByte,
  kResponseTooLong,
  kResponseBeforeWrite,
  kWriteAfterResponse,
  kFirstChunkIsAll,
  kGoodAfterWriteError,
  kFuaLies,
  kWriteThroughLies,
  kSyncLies,
  kAttentionTwice,
  kAttentionLost,
  // Credits
  kDeltaTooHigh,
  kCreditTwice,
  kCreditLost,
  kCreditWithoutReceive,
  kCreditWithheld,
  kAnswerTakesCredit,
  kSecondRequest,
  kRequestRepeated,
  kOverrunServed,
  kPromiseKept,
  // Memory and RDMA
  kDescriptorTooLong,
  kKeyOfFirst,
  kKeyOfNeighbour,
  kEmptyDescriptorEnds,
  kMovesAllOffered,
  kParsesStaleBytes,
  kLogsStaleByte,
  kBufferReusedEarly,
  kBufferFreedTwice,
  kSendQueueOverfull,
  kPiecesUnbounded,
  kAnswerWithStaleTail,
  kGoodAfterShortRead,
  // Data
  kPieceMisplaced,
  kImmediateMisplaced,
  kXorForgotten,
  kResidualTooSmall,
  kResidualFlagWrong,
  kRangeOffByOne,
  kLbaWraps,
  kOldWritesForgotten,
  // Task management
  kAbortIgnoresDisk,
  kAbortIgnoresWire,
  kAbortSearchesNexus,
  kAbortOfAnsweredFails,
  kFenceLeaks,
  kFenceAsksOneShard,
  kFenceNeverExpires,
  kResetMissesChannels,
  kResetHitsOtherUnits,
  kResetTellsNobody,
  // Sessions
  kBufferKeptAtDrain,
  kPostsAfterDisconnect,
  kNexusKept,
  kTakeoverSparesOne,
  kEveryLoginTakesOver,
  kLoginResultSwapped,
  kRefusedLoginKeepsPlace,
  kGrantByNexus,
  kIuBeforeLiveLost,
  kUnmappedLunServed,
  kPoolForTheFirst,
  // Liveness and determinism
  kWaiterTakesOthers,
  kSendDoneWakesNobody,
  kWatchdogAsleep,
  kLateRtuMoves,
  kRemembersEarlierRuns,
  kCount,
};

#ifdef SRPT_PLANTED
inline constexpr bool kPlantable = true;
inline thread_local PlantedBug planted_here = PlantedBug::kNone;
inline bool Planted(PlantedBug bug) { return planted_here == bug; }
inline void Plant(PlantedBug bug) { planted_here = bug; }
#else
inline constexpr bool kPlantable = false;
constexpr bool Planted(PlantedBug) { return false; }
constexpr void Plant(PlantedBug) {}
#endif

}  // namespace srpt

#endif  // CORE_BASE_PLANTED_H_
