// What a driver tells core at the start: limits and parameters of the whole target, and the
// description of one unit.
#ifndef CORE_CONFIG_H_
#define CORE_CONFIG_H_

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/limits.h"
#include "core/base/types.h"
#include "core/scsi/lu.h"

namespace srpt {

namespace trace {
// Bits of trace_flag, as SCST has them; those that are missing here have no lines.
enum class Category : std::uint32_t {
  kDebug = 0x0001,      // Each IU that comes or goes.
  kSg = 0x0080,         // Each run of RDMA work requests.
  kOutOfMem = 0x0100,   // No channel left, no receives left.
  kMgmt = 0x0400,       // Answers to task management requests.
  kMgmtDebug = 0x0800,  // Each move of a channel's state, and why.
  kScsi = 0x1000,       // Each command that ends otherwise than GOOD.
  kFlowControl =
      0x4000,  // Waits for buffers and for the send queue, BUSY, TASK SET FULL, CRED_REQ.
};
}  // namespace trace

// ib_srpt's parameters that core acts on, and sizes. Set once; checked by the configuration room.
struct Parameters {
  std::uint32_t srp_max_req_size = limits::kMaxReqSizeDefault;
  std::uint32_t srp_max_rsp_size = limits::kMaxRspSizeDefault;
  std::uint32_t srp_max_rdma_size = limits::kMaxRdmaSizeDefault;
  std::uint16_t srpt_sq_size = limits::kSqSizeDefault;
  std::uint16_t credits = limits::kCreditsMax;  // min(128, what the device's queues take - 2).
  // Shared receive queues: `srq_count` in each shard (one a device), of `srpt_srq_size` receives.
  bool use_srq = false;
  std::uint32_t srpt_srq_size = limits::kSrqSizeDefault;
  std::uint32_t srq_count = 1;
  std::uint64_t service_guid = 0;  // Both halves of the t_port_id that we answer to.
  std::uint32_t shards = 1;
  std::uint32_t channels_per_shard = limits::kChannelsDefault;
  std::uint32_t data_buffers_per_shard = limits::kDataBuffersDefault;
  std::uint32_t buffer_waits_max = limits::kBufferWaitsMax;
  std::uint32_t trace_flag = 0;  // trace::Category bits.
  std::uint32_t sessions_max = limits::kNexusesMax;
  std::uint32_t devices_max = limits::kLusMax;
  bool fingerprint = false;

  // Receives, and so commands, that one channel has at most.
  std::uint32_t commands_per_channel() const {
    return std::uint32_t{credits} + limits::kReceivesBeyondCredits;
  }
};

// One target port (SCST: a target), known before the first event.
struct TargetPort {
  TargetPortId id;
  std::string name;  // "fe80:0000:0000:0000:0002:c903:0005:f34b"
  std::uint16_t rel_tgt_id = 0;
  bool enabled = false;
  std::uint32_t srq = 0;  // Which of Parameters::srq_count serves it.
};

}  // namespace srpt

#endif  // CORE_CONFIG_H_
