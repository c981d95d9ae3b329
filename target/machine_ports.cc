#include "target/machine_ports.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "target/config/to_core.h"

namespace srpt::target {
namespace {

std::uint16_t FreeRelativeId(const std::vector<TargetPort>& targets) {
  std::uint16_t id = 1;
  while (std::any_of(targets.begin(), targets.end(),
                     [&](const TargetPort& t) { return t.rel_tgt_id == id; })) {
    ++id;
  }
  return id;
}

}  // namespace

Ports MatchPorts(const config::Configuration& configuration, const std::vector<Device>& devices) {
  Ports ports;
  ports.targets = config::ToTargetPorts(configuration);
  const std::size_t configured = ports.targets.size();
  std::vector<bool> found(configured, false);
  for (const Device& device : devices) {
    const auto index = static_cast<std::uint32_t>(&device - devices.data());
    for (const DevicePort& port : device.ports) {
      auto target = std::find_if(ports.targets.begin(), ports.targets.end(),
                                 [&](const TargetPort& t) { return t.name == port.target_name; });
      if (target == ports.targets.end()) {
        // As in SCST: every port is a target, disabled until somebody enables it.
        TargetPort unnamed;
        unnamed.id = TargetPortId(static_cast<std::uint32_t>(ports.targets.size()));
        unnamed.name = port.target_name;
        unnamed.rel_tgt_id = FreeRelativeId(ports.targets);
        target = ports.targets.insert(ports.targets.end(), unnamed);
        spdlog::warn("{} port {} is target {}, which the configuration does not name: disabled",
                     device.name, port.port, port.target_name);
      } else if (target->id.v < configured) {
        found[target->id.v] = true;
      }
      target->srq = index;
      ports.fabric.push_back({&device, &port, target->id});
      ports.facts.push_back(
          {target->id, device.name, port.port, port.link_layer, port.gid, port.pkey, 0, {}});
      spdlog::info("{} port {}: target {}, {}, {}", device.name, port.port, port.target_name,
                   ToString(port.transport), port.active ? "active" : "not active");
    }
  }
  for (std::size_t i = 0; i < configured; ++i) {
    if (!found[i]) spdlog::warn("target {} has no RDMA port here", ports.targets[i].name);
  }
  return ports;
}

void FitToDevices(Parameters& parameters, const std::vector<Device>& devices) {
  parameters.srq_count = static_cast<std::uint32_t>(devices.size());
  for (const Device& device : devices) {
    if (parameters.srpt_sq_size > device.limits.qp_wr_max) {
      spdlog::warn("srpt_sq_size {} is lowered to {}, the limit of {}", parameters.srpt_sq_size,
                   device.limits.qp_wr_max, device.name);
      parameters.srpt_sq_size = static_cast<std::uint16_t>(device.limits.qp_wr_max);
    }
    const std::uint32_t shared = std::min(device.limits.srq_wr_max, device.limits.cqe_max);
    if (parameters.use_srq && device.limits.srq_max != 0 && parameters.srpt_srq_size > shared) {
      spdlog::warn("srpt_srq_size {} is lowered to {}, the limit of {}", parameters.srpt_srq_size,
                   shared, device.name);
      parameters.srpt_srq_size = shared;
    }
    const std::uint32_t receives = parameters.credits + limits::kReceivesBeyondCredits;
    if (receives > device.limits.qp_wr_max && device.limits.qp_wr_max > 4) {
      // [R-LOGIN-15, R-CRED-07]
      parameters.credits =
          static_cast<std::uint16_t>(device.limits.qp_wr_max - limits::kReceivesBeyondCredits);
      spdlog::warn("credits are lowered to {}, the limit of {}", parameters.credits, device.name);
    }
  }
}

Result<VectorsByDevice, std::string> AllowedVectors(const std::string& file,
                                                    const config::Configuration& configuration,
                                                    const std::vector<Device>& devices) {
  VectorsByDevice allowed;
  for (const Device& device : devices) {
    const int count = std::clamp(device.context->num_comp_vectors, 1, 64);
    std::uint64_t mask = 0;
    int line = 0;
    for (const config::Target& target : configuration.targets) {
      const bool here = std::any_of(device.ports.begin(), device.ports.end(),
                                    [&](const auto& p) { return p.target_name == target.name; });
      if (!here || target.comp_v_mask == 0) continue;
      mask |= target.comp_v_mask;
      line = target.comp_v_mask_line;
    }
    std::vector<int>& vectors = allowed.emplace_back();
    for (int v = 0; v < count; ++v) {
      if (mask == 0 || (mask >> v & 1) != 0) vectors.push_back(v);
    }
    if (vectors.empty()) {
      return Err{file + ":" + std::to_string(line) + ": comp_v_mask: " + device.name + " has " +
                 std::to_string(count) + " completion vectors; expected one of the lowest " +
                 std::to_string(count) + " bits"};
    }
  }
  return allowed;
}

std::vector<int> VectorsOf(std::uint32_t shard, const VectorsByDevice& allowed) {
  std::vector<int> vectors;
  for (const std::vector<int>& one : allowed) vectors.push_back(one[shard % one.size()]);
  return vectors;
}

void TellVectors(std::uint32_t shards, const std::vector<Device>& devices,
                 const VectorsByDevice& allowed, std::vector<PortFacts>& ports) {
  for (PortFacts& port : ports) {
    const auto device = std::find_if(devices.begin(), devices.end(),
                                     [&](const Device& d) { return d.name == port.device; });
    const std::vector<int>& vectors =
        allowed.at(static_cast<std::size_t>(device - devices.begin()));
    for (const int v : vectors) port.comp_v_mask |= std::uint64_t{1} << v;
    for (std::uint32_t i = 0; i < shards; ++i) {
      port.comp_vectors.push_back(vectors[i % vectors.size()]);
    }
  }
}

}  // namespace srpt::target
