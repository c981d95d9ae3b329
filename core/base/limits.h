// Every bound of the program, and how they hang together.
#ifndef CORE_BASE_LIMITS_H_
#define CORE_BASE_LIMITS_H_

#include <cstddef>
#include <cstdint>

#include "core/base/types.h"

namespace srpt::limits {

// --- Sizes of IUs -----------------------------------------------------------------------------
// The smallest maximum IU length that a login may ask for (SCST refuses less with reason 2).
inline constexpr std::uint32_t kItIuBytesMin = 64;
// srp_max_req_size: default takes Linux's 8260; minimum and maximum of the parameter.
inline constexpr std::uint32_t kMaxReqSizeDefault = 8276;
inline constexpr std::uint32_t kMaxReqSizeMin = 996;
inline constexpr std::uint32_t kMaxReqSizeMax = 65536;
// srp_max_rsp_size.
inline constexpr std::uint32_t kMaxRspSizeDefault = 256;
inline constexpr std::uint32_t kMaxRspSizeMin = 40;
inline constexpr std::uint32_t kMaxRspSizeMax = 4096;

// --- Data transfer ----------------------------------------------------------------------------
// One data buffer of a shard's pool, and so the largest piece that moves at once.
inline constexpr std::uint32_t kDataBufferBytes = 65536;
// srp_max_rdma_size: the most that one RDMA READ or WRITE carries.
inline constexpr std::uint32_t kMaxRdmaSizeDefault = 65536;
inline constexpr std::uint32_t kMaxRdmaSizeMin = 256;
inline constexpr std::uint32_t kMaxRdmaSizeMax = 1u << 24;
// The largest transfer of one command. Larger ones are refused with 05/24/00.
inline constexpr std::uint32_t kTransferBytesMax = 16u << 20;
// Inline descriptors of one command: what fits the largest IU, and the count field (8 bits).
inline constexpr std::uint32_t kDescriptorsMax = 255;
// Pieces of one command in flight at once; the rest waits its turn.
inline constexpr std::uint32_t kPiecesInFlightMax = 8;
// One piece of a command that moves data both ways: the data-out and the data-in share a buffer.
inline constexpr std::uint32_t kBidirectionalPieceBytes = kDataBufferBytes / 2;
// Answers that core writes itself (INQUIRY, MODE SENSE, ...) fit one data buffer.
inline constexpr std::uint32_t kControlBytesMax = kDataBufferBytes;
// A descriptor needs no more work requests than this at the smallest srp_max_rdma_size.
static_assert(kTransferBytesMax / kMaxRdmaSizeMin <= 65536);

// --- Channels ---------------------------------------------------------------------------------
inline constexpr std::uint32_t kCreditsMax = 128;  // As SCST and LIO grant.
inline constexpr std::uint32_t kCreditsMin = 2;    // ib_srp issues no command below 2.
// One receive for an answer to a request of ours, one to catch an overrun (invariant 10).
inline constexpr std::uint32_t kReceivesBeyondCredits = 2;
inline constexpr std::uint32_t kRecvPerChannelMax = kCreditsMax + kReceivesBeyondCredits;
// Send (IU) buffers: every command may owe one response, and three for our own requests.
inline constexpr std::uint32_t kSendPerChannelMax = kRecvPerChannelMax + 3;
inline constexpr std::uint32_t kSqSizeDefault = 256;
inline constexpr std::uint32_t kSqSizeMin = 16;
inline constexpr std::uint32_t kSqSizeMax = 16384;
// srpt_srq_size: receives of a shared receive queue.
inline constexpr std::uint32_t kSrqSizeDefault = 4095;
inline constexpr std::uint32_t kSrqSizeMin = 4;
inline constexpr std::uint32_t kSrqSizeMax = 65535;
static_assert(kSrqSizeMin >= kCreditsMin + kReceivesBeyondCredits, "one channel at least");
inline constexpr std::uint32_t kChannelsPerNexusMax = 32;
// Of one nexus, those that are ending included: in timewait, or with a read that hangs. A host may
// come back at once with as many channels as it had; one that comes back over and over while its
// old channels cannot end does not take all the channels there are.
inline constexpr std::uint32_t kChannelsPerNexusInAllMax = 2 * kChannelsPerNexusMax;
inline constexpr std::uint32_t kChannelsDefault = 128;  // Of one shard; those in timewait count.
static_assert(kChannelsPerNexusInAllMax < kChannelsDefault, "others get in");
inline constexpr std::uint32_t kNexusesMax = 4096;
inline constexpr std::uint32_t kCommandsPerChannel = kRecvPerChannelMax;
inline constexpr std::uint32_t kDataBuffersDefault = 256;  // 16 MiB a shard.
// Commands of one nexus at one unit that may wait for a data buffer of a shard; those beyond are
// answered TASK SET FULL (fault 28). They hold nothing but their receive buffers, so it is not
// memory that this bounds, but how much stands behind a disk or a host that hangs. ib_srp keeps 62
// commands at a unit unless told otherwise, so no pool is so small that such a host hears of it; of
// one that keeps more, these go on while its SCSI layer lowers the depth. Counted for each nexus,
// so that nobody is refused for what another one has in the queue.
inline constexpr std::uint32_t kBufferWaitsMax = 64;
static_assert(kBufferWaitsMax >= 1, "whoever waits for nothing yet may wait: all get on");
// Events that wait for their AER_REQ, a channel; more are told by unit attentions alone.
inline constexpr std::uint32_t kAsyncEventsMax = 4;
inline constexpr std::uint32_t kRdmaReadDepth = 4;  // As SCST's max_rd_atomic.

// --- Logical units ----------------------------------------------------------------------------
inline constexpr std::uint32_t kLunNumberMax = 16383;
inline constexpr std::uint32_t kLusMax = 1024;
inline constexpr std::uint32_t kTargetPortsMax = 64;
inline constexpr std::uint32_t kBlockBytesMin = 512;
inline constexpr std::uint32_t kBlockBytesMax = 65536;
inline constexpr std::uint32_t kSenseBytesMax = 18;  // Fixed format, as we send it.
static_assert(kBlockBytesMax <= kDataBufferBytes, "a piece holds at least one block");

// --- Time -------------------------------------------------------------------------------------
// Longer than the worst acknowledge time retry * 4 * T_tr (60.1 s), as SCST's.
inline constexpr Duration kCompletionWatchdog = Seconds(80);
// A peer that was not heard of for this long is asked for a sign of life (fault 24). One that is
// dead is noticed when the sign does not come: by the transport's retries, at last by the watchdog,
// which looks every kWatchEvery.
inline constexpr Duration kKeepaliveInterval = Seconds(60);
inline constexpr Duration kWatchEvery = Seconds(10);
inline constexpr Duration kDeadPeerNoticed = Seconds(150);
// A connection that was accepted and is not established by then is dropped.
inline constexpr Duration kEstablishTimeout = Seconds(30);
// After the queue pair went to error: flushes that have not come by then never will.
inline constexpr Duration kDrainTimeout = Seconds(5);
// A queue pair is kept this long for its timewait, should nobody say that it is over.
inline constexpr Duration kTimewaitMax = Seconds(10);
// The answer to a CRED_REQ or AER_REQ, counted from the completion of its SEND: the peer has it, so
// no retry of the transport is in between, and an initiator answers from its receive handler. Much
// shorter than kCompletionWatchdog, which waits for the transport.
inline constexpr Duration kTargetRequestTimeout = Seconds(20);
// What is owed to a peer without credits waits this long for a response that carries it.
inline constexpr Duration kOwedCreditsWait = Seconds(1);
// Linux waits 5 s for the answer to a task management request (invariant 34).
inline constexpr Duration kTaskManagementTimeout = Milliseconds(3500);
// A login waits this long for receives that the channels it replaces give back.
inline constexpr Duration kReceivesWait = Seconds(5);
// Commands of a new session wait this long for writes of the session that it replaced.
inline constexpr Duration kTakeoverWait = Seconds(3);

// --- Steps ------------------------------------------------------------------------------------
// Actions of one step; what is left over makes NextDeadline() == now.
inline constexpr std::size_t kActionsPerStepMax = 128;
// Work requests that one pump of a channel emits before it leaves the rest to the next step.
inline constexpr std::uint32_t kWorkRequestsPerPump = 64;
inline constexpr std::size_t kLogTextPerStep = 4096;

static_assert(kItIuBytesMin <= kMaxReqSizeMin);
static_assert(kMaxReqSizeDefault >= 8260, "Linux's ib_srp asks for 8260");
static_assert(kMaxRspSizeMin >= 36 + 4, "a response with response data");
static_assert(kTaskManagementTimeout < Seconds(4));
static_assert(kKeepaliveInterval.ns + kCompletionWatchdog.ns + kWatchEvery.ns <=
              kDeadPeerNoticed.ns);

}  // namespace srpt::limits

#endif  // CORE_BASE_LIMITS_H_
