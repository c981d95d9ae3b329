#include "target/limits_report.h"

#include <cstdint>
#include <cstdio>
#include <vector>

#include "core/base/limits.h"
#include "core/srp/footprint.h"
#include "target/verbs/connection.h"
#include "target/verbs/memory_layout.h"

namespace srpt::target {
namespace {

struct Line {
  const char* name;
  std::uint64_t value;
  const char* meaning;
};

std::uint64_t SecondsOf(Duration duration) { return duration.ns / 1000000000; }

std::vector<Line> Lines(const Parameters& p) {
  const MemoryNeed need = MemoryNeedOf(p);
  return {
      {"it_iu_bytes_min", limits::kItIuBytesMin, "bytes, smallest maximum IU a login may ask for"},
      {"it_iu_bytes_max", p.srp_max_req_size, "bytes, longest request IU (srp_max_req_size)"},
      {"ti_iu_bytes_max", p.srp_max_rsp_size, "bytes, longest response IU (srp_max_rsp_size)"},
      {"transfer_bytes_max", limits::kTransferBytesMax, "bytes, largest transfer of one command"},
      {"rdma_bytes_max", p.srp_max_rdma_size, "bytes of one RDMA READ or WRITE"},
      {"descriptors_max", limits::kDescriptorsMax, "descriptors of one command"},
      {"pieces_in_flight_max", limits::kPiecesInFlightMax, "data buffers of one command at once"},
      {"data_buffer_bytes", limits::kDataBufferBytes, "bytes, one data buffer"},
      {"data_buffers", p.data_buffers_per_shard, "data buffers of a shard"},
      {"credits_max", p.credits, "commands of a channel at once (request limit)"},
      {"receives_per_channel", p.use_srq ? 0 : p.credits + limits::kReceivesBeyondCredits,
       "receive buffers of a channel's own"},
      {"srq_size", p.use_srq ? p.srpt_srq_size : 0, "receives a device and shard (srpt_srq_size)"},
      {"sq_size", p.srpt_sq_size, "work requests on a send queue (srpt_sq_size)"},
      {"sq_size_min", limits::kSqSizeMin, "the least that a refused send queue is halved to"},
      {"rdma_read_depth", limits::kRdmaReadDepth, "RDMA READs of a channel at once"},
      {"shards", p.shards, "shards"},
      {"channels", p.channels_per_shard, "channels of a shard"},
      {"channels_per_session_max", limits::kChannelsPerNexusMax, "channels of one session"},
      {"sessions_max", limits::kNexusesMax, "sessions"},
      {"targets_max", limits::kTargetPortsMax, "target ports"},
      {"devices_max", limits::kLusMax, "devices"},
      {"lun_max", limits::kLunNumberMax, "highest LUN"},
      {"completion_watchdog", SecondsOf(limits::kCompletionWatchdog),
       "s, an RDMA or a SEND must have ended by then"},
      {"establish_timeout", SecondsOf(limits::kEstablishTimeout),
       "s, an accepted connection must be up by then"},
      {"target_request_timeout", SecondsOf(limits::kTargetRequestTimeout),
       "s, for the answer to a CRED_REQ or AER_REQ"},
      {"memory_channel_buffers", need.channel_buffers, "bytes registered for one channel"},
      {"memory_channel_state", need.channel_state, "bytes of state of one channel"},
      {"memory_channel", need.channel(), "bytes of one channel in all"},
      {"memory_data_buffers", need.data_buffers, "bytes registered for a shard's data buffers"},
      {"memory_shared_receives", need.shared_receives,
       "bytes registered for the receives that a device's channels share, a shard"},
      {"memory_shard", need.shard, "bytes of a shard with all its channels, one RDMA device"},
      {"memory_total", need.total, "bytes of all shards"},
  };
}

template <class... Args>
void Append(std::string& text, const char* format, Args... args) {
  char line[200];
  std::snprintf(line, sizeof line, format, args...);
  text += line;
}

}  // namespace

MemoryNeed MemoryNeedOf(const Parameters& p) {
  const ShardFootprint core = FootprintOf(p);
  const std::uint32_t receives = p.use_srq ? 0 : p.credits + limits::kReceivesBeyondCredits;
  ChannelGeometry geometry;
  geometry.recv_count = receives;
  geometry.recv_bytes = p.srp_max_req_size;
  geometry.send_count = limits::kSendPerChannelMax;
  geometry.send_bytes = p.srp_max_rsp_size;
  // Immediate data costs whole pages, most where the least of one lies before the data.
  geometry.imm_data_offset = 1;

  MemoryNeed need;
  need.channel_buffers = LayOut(geometry).total;
  const std::size_t driver = sizeof(Connection) + receives * sizeof(Connection::Recv) +
                             geometry.send_count * sizeof(Connection::Send);
  need.channel_state = core.channel + driver;
  need.data_buffers = std::size_t{p.data_buffers_per_shard} * limits::kDataBufferBytes;
  if (p.use_srq) {
    const std::size_t one = (p.srp_max_req_size + kCacheLineBytes - 1) & ~(kCacheLineBytes - 1);
    need.shared_receives = p.srpt_srq_size * one;
  }
  need.shard_state = core.total() + p.channels_per_shard * driver;
  need.shard = p.channels_per_shard * need.channel_buffers + need.data_buffers +
               need.shared_receives + need.shard_state;
  need.total = p.shards * need.shard;
  return need;
}

std::string DescribeLimits(const Parameters& parameters) {
  std::string text;
  for (const Line& line : Lines(parameters)) {
    Append(text, "%-26s %11llu  %s\n", line.name, static_cast<unsigned long long>(line.value),
           line.meaning);
  }
  return text;
}

std::string DescribeLimitsAsJson(const Parameters& parameters) {
  std::string text = "{";
  for (const Line& line : Lines(parameters)) {
    Append(text, "%s\"%s\":%llu", text.size() == 1 ? "" : ",", line.name,
           static_cast<unsigned long long>(line.value));
  }
  return text + "}\n";
}

}  // namespace srpt::target
