// The RDMA devices of this machine and their ports: each port is one SCST target.
#ifndef TARGET_VERBS_DEVICE_H_
#define TARGET_VERBS_DEVICE_H_

#include <infiniband/verbs.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "core/base/result.h"

namespace srpt::target {

enum class Transport : std::uint8_t { kInfiniBand, kRoce, kIwarp };
const char* ToString(Transport transport);

// What one queue pair, and the device, can do; from ibv_query_device.
struct DeviceLimits {
  std::uint32_t qp_wr_max = 0;  // Work requests on one queue.
  std::uint32_t sge_max = 0;
  std::uint32_t read_depth_max = 0;  // RDMA READs that we may have outstanding as requester.
  std::uint32_t cqe_max = 0;
  std::uint32_t srq_max = 0;  // 0: no shared receive queues.
  std::uint32_t srq_wr_max = 0;
};

struct DevicePort {
  std::string device;       // "mlx5_0"
  std::uint8_t port = 1;    // From 1.
  std::string target_name;  // GID 0: what scst.conf calls the target.
  std::array<std::uint8_t, 16> gid{};
  Transport transport = Transport::kInfiniBand;
  const char* link_layer = "InfiniBand";  // As sysfs spells it: InfiniBand or Ethernet.
  bool active = false;
  std::uint16_t pkey = 0xffff;  // Index 0.
};

struct Device {
  std::string name;
  ibv_context* context = nullptr;  // librdmacm's own, alive as long as the process.
  std::uint64_t node_guid = 0;
  DeviceLimits limits;
  std::vector<DevicePort> ports;
};

// What the administrator should know about using the device, as a line for the log; empty: nothing.
std::string Caution(const Device& device);

// All devices that librdmacm can use, in its order (the kernel's). An error is a whole message for
// the user: what was looked for, what is missing, and what to do.
Result<std::vector<Device>, std::string> FindDevices();

}  // namespace srpt::target

#endif  // TARGET_VERBS_DEVICE_H_
