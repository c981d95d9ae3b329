#include "target/verbs/verbs_fabric.h"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace srpt::target {
namespace {

// The first port of each device: in the order of DeviceIndex.
std::vector<FabricPort> FirstPorts(const std::vector<FabricPort>& ports) {
  std::vector<FabricPort> firsts;
  for (const FabricPort& port : ports) {
    if (firsts.empty() || firsts.back().device != port.device) firsts.push_back(port);
  }
  return firsts;
}

}  // namespace

void AddPorts(Listener& listener, const std::vector<FabricPort>& ports) {
  DeviceIndex device = 0;
  for (std::size_t i = 0; i < ports.size(); ++i) {
    const FabricPort& port = ports[i];
    if (i > 0 && ports[i - 1].device != port.device) ++device;
    listener.AddPort({port.device->context, port.port->port, port.id, device,
                      port.port->transport == Transport::kIwarp});
  }
}

VerbsFabric::VerbsFabric(const Parameters& parameters, IdDestroyer& ids)
    : connections_(parameters.channels_per_shard),
      memory_(parameters.data_buffers_per_shard, parameters.channels_per_shard),
      datapath_(memory_, connections_),
      cm_(datapath_, memory_, connections_, ids) {}

VerbsFabric::~VerbsFabric() = default;

Result<std::unique_ptr<VerbsFabric>, std::string> VerbsFabric::Create(
    const Parameters& parameters, const std::vector<FabricPort>& ports,
    const std::vector<int>& vectors, IdDestroyer& ids) {
  std::unique_ptr<VerbsFabric> fabric(new VerbsFabric(parameters, ids));
  if (!fabric->memory_.AllocatePool()) {
    return Err{std::string("not enough memory for the data buffers")};
  }
  const std::string failed = fabric->cm_.Start();
  if (!failed.empty()) return Err{failed};
  const std::uint32_t channels = parameters.channels_per_shard;
  std::uint32_t recvs = channels * (parameters.credits + limits::kReceivesBeyondCredits);
  if (parameters.use_srq) recvs = std::max(recvs, parameters.srpt_srq_size);
  fabric->uses_srq_ = parameters.use_srq;
  const std::vector<FabricPort> firsts = FirstPorts(ports);
  SRPT_CHECK(vectors.size() == firsts.size());
  for (std::size_t i = 0; i < firsts.size(); ++i) {
    const FabricPort& port = firsts[i];
    Result<DeviceIndex, std::string> added = fabric->datapath_.AddDevice(
        *port.device, channels * parameters.srpt_sq_size, recvs, vectors[i]);
    if (!added.ok()) return Err{added.error()};
    if (!fabric->uses_srq_) continue;
    const std::string failed_srq =
        fabric->datapath_.AddShared(parameters.srpt_srq_size, parameters.srp_max_req_size);
    if (failed_srq.empty()) continue;
    spdlog::warn("no shared receive queue, every channel has receives of its own: {}", failed_srq);
    fabric->datapath_.DropShared();
    fabric->uses_srq_ = false;
  }
  return fabric;
}

void VerbsFabric::Carry(const action::Disconnect& disconnect) {
  datapath_.Flush();  // What core posted before comes first.
  cm_.Carry(disconnect);
}

std::size_t VerbsFabric::Poll(EventSink& sink) {
  const std::size_t owed = cm_.owes() ? cm_.Poll(sink) : 0;
  return owed + datapath_.Poll(sink);
}

}  // namespace srpt::target
