// What the configuration says, put together with the RDMA ports that the machine has.
#ifndef TARGET_MACHINE_PORTS_H_
#define TARGET_MACHINE_PORTS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/config.h"
#include "core/target.h"
#include "target/admin/host.h"
#include "target/config/configuration.h"
#include "target/verbs/device.h"
#include "target/verbs/verbs_fabric.h"

namespace srpt::target {

// The configuration's targets and the machine's ports, put together.
struct Ports {
  std::vector<TargetPort> targets;  // For core: those of the file, then ports it does not name.
  std::vector<FabricPort> fabric;
  std::vector<PortFacts> facts;
};

Ports MatchPorts(const config::Configuration& configuration, const std::vector<Device>& devices);

// What the devices can do bounds what core may ask for; what is lowered is logged.
void FitToDevices(Parameters& parameters, const std::vector<Device>& devices);

// The completion vectors of each device that the configuration (`file`) allows, in order. The error
// says which line allows none.
using VectorsByDevice = std::vector<std::vector<int>>;
Result<VectorsByDevice, std::string> AllowedVectors(const std::string& file,
                                                    const config::Configuration& configuration,
                                                    const std::vector<Device>& devices);
// One of each device for a shard: the shards go round them.
std::vector<int> VectorsOf(std::uint32_t shard, const VectorsByDevice& allowed);
// What administrators are told of them.
void TellVectors(std::uint32_t shards, const std::vector<Device>& devices,
                 const VectorsByDevice& allowed, std::vector<PortFacts>& ports);

}  // namespace srpt::target

#endif  // TARGET_MACHINE_PORTS_H_
