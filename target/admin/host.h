// What the admin server asks of the daemon around it. The reactor implements it.
#ifndef TARGET_ADMIN_HOST_H_
#define TARGET_ADMIN_HOST_H_

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/admin.h"
#include "core/base/result.h"
#include "core/srp/director.h"
#include "core/srp/shard.h"
#include "target/config/configuration.h"
#include "target/config/parameters.h"

namespace srpt::target {

// What the daemon knows of a target's RDMA port beyond core.
struct PortFacts {
  TargetPortId id;
  std::string device;                  // "rxe0"
  std::uint32_t port = 1;              // `port_id`: the port's number on its device.
  std::string link_layer;              // "InfiniBand" or "Ethernet"
  std::array<std::uint8_t, 16> gid{};  // Index 0.
  std::uint16_t pkey = 0xffff;         // Index 0.
  std::uint64_t comp_v_mask = 0;       // Its device's completion vectors that are used, a bit each.
  std::vector<int> comp_vectors;       // Which of them each shard uses.
};

// What the daemon knows of a device beyond core.
struct DeviceFacts {
  LuId id;
  config::Device device;
  std::uint64_t bytes = 0;  // As presented.
};

// Called from within AdminServer's calls only, on its thread.
class AdminHost {
 public:
  virtual ~AdminHost() = default;

  // Hands the request to the director (event::AdminRequested). Its action::AdminDone goes to
  // AdminServer::OnAdminDone, later or from within this call.
  virtual void Submit(AdminId id, admin::Request request) = 0;

  virtual const Director& director() const = 0;
  virtual std::uint32_t shard_count() const = 0;
  virtual std::vector<ChannelInfo> Channels(ShardId shard) const = 0;
  virtual std::vector<PortFacts> Ports() const = 0;
  virtual std::vector<DeviceFacts> Devices() const = 0;
  virtual const config::IbSrptParameters& parameters() const = 0;
  virtual std::uint64_t service_guid() const = 0;
  // Counters of the whole daemon, by name, in the order in which to show them.
  virtual std::vector<std::pair<std::string, std::uint64_t>> Counters() const = 0;

  // Opens a store for `device` and describes the unit to AdminServer::OnDeviceOpened, later or from
  // within this call. The server then submits AddLu, and on its refusal calls ForgetDevice. (A
  // device that was removed is let go by action::ReleaseLu.)
  virtual void OpenDevice(AdminId id, const config::Device& device) = 0;
  virtual void ForgetDevice(LuId id) = 0;
  // Makes the store hold `bytes` (0: takes the store's own size; see StorageEngine::Resize) and
  // answers the unit's blocks; the server then submits ResizeLu.
  virtual Result<std::uint64_t, std::string> ResizeDevice(const std::string& name,
                                                          std::uint64_t bytes) = 0;
};

}  // namespace srpt::target

#endif  // TARGET_ADMIN_HOST_H_
