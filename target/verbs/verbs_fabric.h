// The network through libibverbs and librdmacm: one shard's.
#ifndef TARGET_VERBS_VERBS_FABRIC_H_
#define TARGET_VERBS_VERBS_FABRIC_H_

#include <memory>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/config.h"
#include "target/verbs/datapath.h"
#include "target/verbs/device.h"
#include "target/verbs/fabric.h"
#include "target/verbs/listener.h"
#include "target/verbs/memory.h"

namespace srpt::target {

// The target port that each port of a device is; in the order of the devices' ports.
struct FabricPort {
  const Device* device = nullptr;
  const DevicePort* port = nullptr;
  TargetPortId id;
};

class VerbsFabric final : public Fabric {
 public:
  // Opens the devices that have a port here. The error is a message for the user.
  static Result<std::unique_ptr<VerbsFabric>, std::string> Create(
      const Parameters& parameters, const std::vector<FabricPort>& ports);
  ~VerbsFabric() override;

  // Begins to take logins. Empty, or what failed.
  std::string Listen(std::uint16_t rdma_cm_port) { return listener_.Listen(rdma_cm_port); }
  // Parameters::use_srq, unless a device could not: then every channel has its own receives.
  bool uses_srq() const { return uses_srq_; }
  ShardMemory& shard_memory() { return memory_; }

  void Carry(const action::Accept& accept) override { listener_.Carry(accept); }
  void Carry(const action::Reject& reject) override { listener_.Carry(reject); }
  void Carry(const action::NotifyEstablished& notify) override { listener_.Carry(notify); }
  void Carry(const action::Disconnect& disconnect) override;
  void Carry(const action::DestroyQp& destroy) override { listener_.Carry(destroy); }
  void Carry(const action::PostRecv& post) override { datapath_.Post(post); }
  void Carry(const action::SendIu& send) override { datapath_.Post(send); }
  void Carry(const action::RdmaWrite& write) override { datapath_.Post(write); }
  void Carry(const action::RdmaRead& read) override { datapath_.Post(read); }
  void Carry(const action::Probe& probe) override { datapath_.Post(probe); }
  void Forget(ChannelId channel) override { memory_.ForgetChannel(channel); }
  MemoryPort& memory() override { return memory_; }
  MutableBytes At(const MemRef& memory) override { return memory_.At(memory); }
  void Flush() override { datapath_.Flush(); }
  std::size_t Poll(EventSink& sink) override;
  std::size_t PollConnections(EventSink& sink) override;
  bool Arm() override { return !listener_.owes() && datapath_.Arm(); }
  bool LazySends() const override { return datapath_.LazySends(); }
  std::vector<int> completion_fds() const override { return datapath_.completion_fds(); }
  std::vector<int> connection_fds() const override;
  void OnWake() override { datapath_.OnWake(); }
  std::size_t open_connections() const override { return listener_.open_connections(); }
  std::uint64_t shared_low_events() const override { return datapath_.shared_low_events(); }
  bool lost() const override { return listener_.lost(); }

 private:
  explicit VerbsFabric(const Parameters& parameters);
  void PollAsync(ibv_context* context);

  std::vector<Connection> connections_;
  ShardMemory memory_;
  Datapath datapath_;
  Listener listener_;
  bool uses_srq_ = false;
  std::vector<ibv_context*> contexts_;  // Of the devices in use.
};

}  // namespace srpt::target

#endif  // TARGET_VERBS_VERBS_FABRIC_H_
