#include "target/verbs/verbs_fabric.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "target/verbs/seam.h"

namespace srpt::target {

VerbsFabric::VerbsFabric(const Parameters& parameters)
    : connections_(parameters.channels_per_shard),
      memory_(parameters.data_buffers_per_shard, parameters.channels_per_shard),
      datapath_(memory_, connections_),
      listener_(datapath_, memory_, connections_) {}

VerbsFabric::~VerbsFabric() = default;

Result<std::unique_ptr<VerbsFabric>, std::string> VerbsFabric::Create(
    const Parameters& parameters, const std::vector<FabricPort>& ports) {
  std::unique_ptr<VerbsFabric> fabric(new VerbsFabric(parameters));
  if (!fabric->memory_.AllocatePool()) {
    return Err{std::string("not enough memory for the data buffers")};
  }
  const std::string failed = fabric->listener_.Start();
  if (!failed.empty()) return Err{failed};
  const std::uint32_t channels = parameters.channels_per_shard;
  std::uint32_t recvs = channels * (parameters.credits + limits::kReceivesBeyondCredits);
  if (parameters.use_srq) recvs = std::max(recvs, parameters.srpt_srq_size);
  fabric->uses_srq_ = parameters.use_srq;
  DeviceIndex index = 0;
  for (const FabricPort& port : ports) {
    ibv_context* const context = port.device->context;
    if (fabric->contexts_.empty() || fabric->contexts_.back() != context) {
      Result<DeviceIndex, std::string> added =
          fabric->datapath_.AddDevice(*port.device, channels * parameters.srpt_sq_size, recvs);
      if (!added.ok()) return Err{added.error()};
      index = *added;
      fabric->contexts_.push_back(context);
      if (fabric->uses_srq_) {
        const std::string failed_srq =
            fabric->datapath_.AddShared(parameters.srpt_srq_size, parameters.srp_max_req_size);
        if (!failed_srq.empty()) {
          spdlog::warn("no shared receive queue, every channel has receives of its own: {}",
                       failed_srq);
          fabric->datapath_.DropShared();
          fabric->uses_srq_ = false;
        }
      }
      const int flags = fcntl(context->async_fd, F_GETFL);
      fcntl(context->async_fd, F_SETFL, flags | O_NONBLOCK);
    }
    fabric->listener_.AddPort(
        {context, port.port->port, port.id, index, port.port->transport == Transport::kIwarp});
  }
  return fabric;
}

void VerbsFabric::Carry(const action::Disconnect& disconnect) {
  datapath_.Flush();  // What core posted before comes first.
  listener_.Carry(disconnect);
}

std::size_t VerbsFabric::Poll(EventSink& sink) {
  const std::size_t owed = listener_.owes() ? listener_.DeliverOwed(sink) : 0;
  return owed + datapath_.Poll(sink);
}

std::size_t VerbsFabric::PollConnections(EventSink& sink) {
  for (ibv_context* context : contexts_) PollAsync(context);
  return listener_.Poll(sink);
}

std::vector<int> VerbsFabric::connection_fds() const {
  std::vector<int> fds = {listener_.fd()};
  for (const ibv_context* context : contexts_) fds.push_back(context->async_fd);
  return fds;
}

// Everything that matters comes through the CM too (a device that goes, a path that moves) or as a
// failed work request; these are for the log. They must be taken: destroying a queue pair waits for
// its events.
void VerbsFabric::PollAsync(ibv_context* context) {
  ibv_async_event event;
  while (verbs::GetAsyncEvent(context, &event) == 0) {
    const char* const name = verbs::NameOf(context);
    switch (event.event_type) {
      case IBV_EVENT_DEVICE_FATAL:
      case IBV_EVENT_CQ_ERR:
        spdlog::error("{}: {}", name, verbs::TextOf(event.event_type));
        break;
      case IBV_EVENT_SRQ_ERR:
        spdlog::error("{}: {}", name, verbs::TextOf(event.event_type));
        break;
      case IBV_EVENT_SRQ_LIMIT_REACHED:
        datapath_.OnSharedLow(context);
        break;
      case IBV_EVENT_PORT_ACTIVE:
      case IBV_EVENT_PORT_ERR:
      case IBV_EVENT_GID_CHANGE:
        spdlog::warn("{} port {}: {}", name, event.element.port_num,
                     verbs::TextOf(event.event_type));
        break;
      default:
        spdlog::debug("{}: {}", name, verbs::TextOf(event.event_type));
    }
    verbs::AckAsyncEvent(&event);
  }
}

}  // namespace srpt::target
