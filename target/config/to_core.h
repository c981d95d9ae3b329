// What the configuration means to core and to the storage engine.
#ifndef TARGET_CONFIG_TO_CORE_H_
#define TARGET_CONFIG_TO_CORE_H_

#include <cstdint>
#include <span>
#include <vector>

#include "core/admin.h"
#include "core/config.h"
#include "core/scsi/lu.h"
#include "target/config/configuration.h"
#include "target/config/parameters.h"
#include "target/storage/device_spec.h"

namespace srpt::config {

// Sizes (shards, channels, buffers, credits) keep their defaults. `node_guid` is used unless
// srpt_service_guid is set.
Parameters ToParameters(const IbSrptParameters& parameters, std::uint64_t node_guid);

// Ids in file order; rel_tgt_id as given, else the lowest free from 1. All disabled: the requests
// below enable them last.
std::vector<TargetPort> ToTargetPorts(const Configuration& configuration);

target::DeviceSpec ToDeviceSpec(const Device& device);
// The unit as core presents it, once its store was opened and has `bytes`. The identity depends on
// the device's name and attributes and on setup_id alone, so it is the same after a restart.
scsi::LuView ToLuView(const Device& device, std::uint64_t setup_id, LuId id, std::uint64_t bytes,
                      bool store_rotational);

// Everything to ask of the director, in order, once the devices are open (`units`, one per device,
// in file order): devices; targets' LUNs, groups, initiators; ALUA; enable.
std::vector<admin::Request> ToRequests(const Configuration& configuration,
                                       std::span<const scsi::LuView> units);

}  // namespace srpt::config

#endif  // TARGET_CONFIG_TO_CORE_H_
