// The sim arm: the same interface over the simulated fabric, with the whole of core behind it. Time
// is virtual, and so every wait is exact and free.
#ifndef CONFORMANCE_ARMS_SIM_ARM_H_
#define CONFORMANCE_ARMS_SIM_ARM_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conformance/arms/arm.h"
#include "core/admin.h"
#include "core/base/types.h"
#include "sim/world.h"

namespace srpt::arms {

struct SimDisk {
  std::string name;
  std::string handler;  // "vdisk_fileio" or "vdisk_nullio"
  std::uint32_t block_bytes = 512;
  std::uint64_t blocks = 0;
};

struct SimOptions {
  std::uint64_t seed = 1;
  std::uint64_t service_guid = 0;
  std::vector<SimDisk> disks;  // LUN 0, 1, ... in this order.
  std::uint32_t srq_size = 0;  // use_srq with this srpt_srq_size; 0: not.
  std::uint32_t shards = 1;
  std::uint32_t data_buffers = 0;   // Of each shard; 0: the default.
  std::uint16_t sq_size = 0;        // srpt_sq_size; 0: the default.
  std::uint32_t max_rdma_size = 0;  // srp_max_rdma_size; 0: the default.
};

// One session, as an administrator sees it.
struct SessionState {
  std::string target;
  std::string name;
  PortId initiator_port;
  std::uint32_t channels = 0;
  std::int64_t req_lim = 0;  // Of all channels.
  std::uint64_t active_commands = 0;
  std::uint64_t commands = 0;  // Since login.
};

class SimArm : public Arm {
 public:
  explicit SimArm(const SimOptions& options);

  Result<ConnectionId, std::string> Connect(const ConnectOptions& options) override;
  std::optional<Event> NextEvent(ConnectionId connection, Duration within) override;
  bool Send(ConnectionId connection, Bytes iu, bool solicited) override;
  void Disconnect(ConnectionId connection) override;
  void Close(ConnectionId connection) override;
  Result<Region, std::string> Register(ConnectionId connection, std::uint32_t bytes,
                                       std::uint32_t rights) override;
  void Deregister(const Region& region) override;
  bool WriteMemory(const Region& region, std::uint64_t offset, Bytes bytes) override;
  bool ReadMemory(const Region& region, std::uint64_t offset, MutableBytes bytes) const override;
  Time Now() const override;
  void Sleep(Duration duration) override;

  // What an administrator can ask. Empty if it was done, else why not.
  std::string Admin(admin::Request request);
  std::vector<TargetInfo> Targets() const { return world_.director().Targets(); }
  std::vector<SessionState> Sessions() const;

  // The next `count` opportunities of this fault (its name: sim/faults.h) strike. False: no such
  // name.
  bool Inject(std::string_view fault, std::uint32_t count);
  // What befalls the whole target, by its name, now and for that long; `shard` as World::Befall has
  // it. False: no such name.
  bool Befall(std::string_view fault, Duration length, std::optional<std::uint32_t> shard);
  // Power loss of the initiator: nothing more is heard of this connection, at either end.
  void Vanish(ConnectionId connection);
  // For a connection made with receives=0.
  void PostReceives(ConnectionId connection, std::uint32_t count);
  // What lies on a disk, synced or not. Empty: no such disk, or not inside it.
  std::vector<std::uint8_t> Peek(std::string_view disk, std::uint64_t offset, std::uint32_t bytes);
  // Times that an initiator's IU found no receive of the target.
  std::uint64_t rnr_at_target() const { return world_.rnr_at_target(); }
  std::optional<std::uint32_t> ShardOf(ConnectionId connection);
  // No more faults; what hangs ends.
  void Heal() { world_.Heal(); }

  // Empty, or the invariant that does not hold.
  std::string Broken() { return world_.Sweep(); }
  // One line a thing that is not finished yet.
  std::vector<std::string> Pending() const { return world_.Pending(); }

 private:
  struct Connection {
    sim::PeerId peer;
    bool closed = false;  // Its last event was given out.
  };
  Connection* Find(ConnectionId connection);

  sim::World world_;
  sim::HostId host_;  // All connections share it, and so their regions.
  std::map<ConnectionId, Connection> connections_;
  std::uint32_t last_connection_ = 0;
};

}  // namespace srpt::arms

#endif  // CONFORMANCE_ARMS_SIM_ARM_H_
