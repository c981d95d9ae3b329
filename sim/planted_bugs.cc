// Each planted bug: what it does wrong, and which invariants may say so.
#include "sim/planted_bugs.h"

#include <array>
#include <cstddef>

#include "core/base/check.h"

namespace srpt::sim {
namespace {

constexpr std::size_t kBugs = static_cast<std::size_t>(PlantedBug::kCount);

constexpr std::array<PlantedRule, kBugs> kRules = {{
    // clang-format off
    {PlantedBug::kNone, "none", "", {}},
    {PlantedBug::kResponseTwice, "ResponseTwice", "of a command that failed two responses are sent",
     {1, 2, 8}},
    {PlantedBug::kResponseNever, "ResponseNever", "a response that finds four entries before it on the wire queue is forgotten",
     {1, 34, 35, 36, 45}},
    {PlantedBug::kResponseWrongTag, "ResponseWrongTag", "a command that failed is answered with the tag of the channel's oldest one",
     {1, 2, 3, 8, 28}},
    {PlantedBug::kResponseReservedByte, "ResponseReservedByte", "byte 16 of a task management response is not zero",
     {3}},
    {PlantedBug::kResponseTooLong, "ResponseTooLong", "a response with sense is sent with what lies behind it",
     {15}},
    {PlantedBug::kResponseBeforeWrite, "ResponseBeforeWrite", "the response of a READ is posted ahead of its RDMA WRITE",
     {4, 16, 22, 25}},
    {PlantedBug::kWriteAfterResponse, "WriteAfterResponse", "the RDMA WRITE of a READ is posted a second time, behind the response",
     {4, 16}},
    {PlantedBug::kFirstChunkIsAll, "FirstChunkIsAll", "a piece whose RDMA READs need two chunks goes to disk after the first",
     {5, 22, 25, 26}},
    {PlantedBug::kGoodAfterWriteError, "GoodAfterWriteError", "what the disk refused to write is answered GOOD",
     {5, 25, 30}},
    {PlantedBug::kFuaLies, "FuaLies", "FUA is not passed on to the disk",
     {5}},
    {PlantedBug::kWriteThroughLies, "WriteThroughLies", "a unit without a write cache is written to as if it had one",
     {5}},
    {PlantedBug::kSyncLies, "SyncLies", "SYNCHRONIZE CACHE is answered without asking the disk",
     {30}},
    {PlantedBug::kAttentionTwice, "AttentionTwice", "a unit attention stays in its queue after it was told",
     {7}},
    {PlantedBug::kAttentionLost, "AttentionLost", "nobody asks whether a unit attention is pending",
     {7}},
    {PlantedBug::kDeltaTooHigh, "DeltaTooHigh", "a response that gives back more than one credit says one too many",
     {8, 14}},
    {PlantedBug::kCreditTwice, "CreditTwice", "the end of an aborted command owes two credits",
     {8, 9, 49}},
    {PlantedBug::kCreditLost, "CreditLost", "the end of an aborted command owes none",
     {9, 10, 11}},
    {PlantedBug::kCreditWithoutReceive, "CreditWithoutReceive", "a credit is owed for a receive that was not posted",
     {10, 21}},
    {PlantedBug::kCreditWithheld, "CreditWithheld", "credits that come free without a response are kept until there is one",
     {11, 45}},
    {PlantedBug::kAnswerTakesCredit, "AnswerTakesCredit", "a CRED_RSP takes a credit",
     {9, 12}},
    {PlantedBug::kSecondRequest, "SecondRequest", "a request of the target counts as answered when it was delivered",
     {13, 14}},
    {PlantedBug::kRequestRepeated, "RequestRepeated", "a request of the target is sent twice",
     {13}},
    {PlantedBug::kOverrunServed, "OverrunServed", "a command without a credit is served",
     {9, 10, 21, 49}},
    {PlantedBug::kPromiseKept, "PromiseKept", "a channel that ends gives back no promise of shared receives",
     {10, 36, 39, 45, 49}},
    {PlantedBug::kDescriptorTooLong, "DescriptorTooLong", "512 bytes more than a descriptor has are moved there",
     {16, 17, 22, 25, 26}},
    {PlantedBug::kKeyOfFirst, "KeyOfFirst", "all of a list's descriptors are accessed with the first one's key",
     {16}},
    {PlantedBug::kKeyOfNeighbour, "KeyOfNeighbour", "a READ's data go to the key of another nexus's command",
     {19, 16}},
    {PlantedBug::kEmptyDescriptorEnds, "EmptyDescriptorEnds", "a descriptor of length 0 ends the list",
     {14, 36, 45}},
    {PlantedBug::kMovesAllOffered, "MovesAllOffered", "a READ fills the buffer whatever the CDB says",
     {17, 22, 25, 28, 29}},
    {PlantedBug::kParsesStaleBytes, "ParsesStaleBytes", "an IU is parsed as if it filled its receive buffer",
     {18, 49}},
    {PlantedBug::kLogsStaleByte, "LogsStaleByte", "the log of a CMD shows the byte behind it",
     {18}},
    {PlantedBug::kBufferReusedEarly, "BufferReusedEarly", "a data buffer is free when its RDMA WRITE was posted",
     {21, 22, 25, 26}},
    {PlantedBug::kBufferFreedTwice, "BufferFreedTwice", "the buffer of an aborted command is freed twice",
     {21, 49}},
    {PlantedBug::kSendQueueOverfull, "SendQueueOverfull", "a SEND gives back one slot more than it took",
     {23}},
    {PlantedBug::kPiecesUnbounded, "PiecesUnbounded", "a command takes all the buffers that it can use",
     {47, 43}},
    {PlantedBug::kAnswerWithStaleTail, "AnswerWithStaleTail", "an answer is as long as the initiator's buffer",
     {3, 17, 22, 28, 49}},
    {PlantedBug::kGoodAfterShortRead, "GoodAfterShortRead", "what a short read did not bring is sent all the same",
     {22, 25}},
    {PlantedBug::kPieceMisplaced, "PieceMisplaced", "the second piece of a WRITE lands at half its offset",
     {25, 26}},
    {PlantedBug::kImmediateMisplaced, "ImmediateMisplaced", "immediate data begins four bytes too early",
     {22, 25, 26}},
    {PlantedBug::kXorForgotten, "XorForgotten", "XDWRITEREAD returns what was there",
     {22, 25}},
    {PlantedBug::kResidualTooSmall, "ResidualTooSmall", "a residual is one byte short",
     {3, 28}},
    {PlantedBug::kResidualFlagWrong, "ResidualFlagWrong", "an underflow is told as an overflow",
     {3, 28}},
    {PlantedBug::kRangeOffByOne, "RangeOffByOne", "one block beyond the last is served",
     {29}},
    {PlantedBug::kLbaWraps, "LbaWraps", "LBA plus length is compared with the unit's size",
     {24}},
    {PlantedBug::kOldWritesForgotten, "OldWritesForgotten", "a new session does not wait for its predecessor's writes",
     {25, 46}},
    {PlantedBug::kAbortIgnoresDisk, "AbortIgnoresDisk", "ABORT TASK is answered while the disk still has the write",
     {25, 31}},
    {PlantedBug::kAbortIgnoresWire, "AbortIgnoresWire", "ABORT TASK is answered while its RDMA is under way",
     {16, 31}},
    {PlantedBug::kAbortSearchesNexus, "AbortSearchesNexus", "ABORT TASK finds its tag on the nexus's other channels",
     {32, 35}},
    {PlantedBug::kAbortOfAnsweredFails, "AbortOfAnsweredFails", "ABORT TASK of a command that was answered fails",
     {32}},
    {PlantedBug::kFenceLeaks, "FenceLeaks", "a reset forgets commands that wait for a buffer",
     {31, 33, 35}},
    {PlantedBug::kFenceAsksOneShard, "FenceAsksOneShard", "a reset asks one shard only",
     {25, 31}},
    {PlantedBug::kFenceNeverExpires, "FenceNeverExpires", "task management waits for a hanging disk for 400 s",
     {34}},
    {PlantedBug::kResetMissesChannels, "ResetMissesChannels", "a reset ends the commands of the channel that it came by",
     {16, 31}},
    {PlantedBug::kResetHitsOtherUnits, "ResetHitsOtherUnits", "a reset ends commands of other units, too",
     {33, 35}},
    {PlantedBug::kResetTellsNobody, "ResetTellsNobody", "a reset gives nobody a unit attention",
     {7, 33}},
    {PlantedBug::kBufferKeptAtDrain, "BufferKeptAtDrain", "data buffers on the wire queue are kept when the channel ends",
     {21, 36, 46, 49}},
    {PlantedBug::kPostsAfterDisconnect, "PostsAfterDisconnect", "a probe is posted after the disconnect",
     {37}},
    {PlantedBug::kNexusKept, "NexusKept", "a nexus without channels is kept",
     {36}},
    {PlantedBug::kTakeoverSparesOne, "TakeoverSparesOne", "a login takes over all channels but the second",
     {36, 38, 44}},
    {PlantedBug::kEveryLoginTakesOver, "EveryLoginTakesOver", "a MULTI login ends the nexus's other channels",
     {14, 38, 45}},
    {PlantedBug::kLoginResultSwapped, "LoginResultSwapped", "LOGIN_RSP says maintained for terminated",
     {38}},
    {PlantedBug::kRefusedLoginKeepsPlace, "RefusedLoginKeepsPlace", "a login that failed keeps its place on the shard",
     {39}},
    {PlantedBug::kGrantByNexus, "GrantByNexus", "the request limit of a login depends on how many came before",
     {43}},
    {PlantedBug::kIuBeforeLiveLost, "IuBeforeLiveLost", "an IU that overtakes RTU is dropped",
     {1, 9, 11, 35, 40, 45}},
    {PlantedBug::kUnmappedLunServed, "UnmappedLunServed", "a LUN that is not mapped is LUN 0",
     {41}},
    {PlantedBug::kPoolForTheFirst, "PoolForTheFirst", "whoever asks first gets all data buffers",
     {43, 46, 35}},
    {PlantedBug::kWaiterTakesOthers, "WaiterTakesOthers", "a command that waits for a buffer no more takes those behind it along",
     {46, 49}},
    {PlantedBug::kSendDoneWakesNobody, "SendDoneWakesNobody", "room on the send queue wakes nobody",
     {1, 35, 36, 45}},
    {PlantedBug::kWatchdogAsleep, "WatchdogAsleep", "a completion that is missing is not missed",
     {1, 36, 45, 46}},
    {PlantedBug::kLateRtuMoves, "LateRtuMoves", "a late RTU moves a live channel",
     {49}},
    {PlantedBug::kRemembersEarlierRuns, "RemembersEarlierRuns", "a static variable counts the steps of all runs",
     {48}},
    // clang-format on
}};

constexpr bool InOrder() {
  for (std::size_t i = 0; i < kRules.size(); ++i) {
    if (kRules[i].bug != static_cast<PlantedBug>(i)) return false;
  }
  return true;
}
static_assert(InOrder(), "the rules are in the order of PlantedBug, one for each");

}  // namespace

const PlantedRule& RuleOf(PlantedBug bug) {
  SRPT_CHECK(bug < PlantedBug::kCount);
  return kRules[static_cast<std::size_t>(bug)];
}

PlantedBug PlantedBugOf(std::string_view name) {
  for (const PlantedRule& rule : kRules) {
    if (rule.name == name) return rule.bug;
  }
  return PlantedBug::kCount;
}

bool MayCatch(PlantedBug bug, Invariant invariant) {
  for (const int number : RuleOf(bug).caught_by) {
    if (number == Number(invariant) && number != 0) return true;
  }
  return false;
}

}  // namespace srpt::sim
