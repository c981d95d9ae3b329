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
#include "target/verbs/id_destroyer.h"
#include "target/verbs/listener.h"
#include "target/verbs/memory.h"
#include "target/verbs/shard_connections.h"

namespace srpt::target {

// The target port that each port of a device is; a device's ports stand together, and listener and
// fabrics get the same ones.
struct FabricPort {
  const Device* device = nullptr;
  const DevicePort* port = nullptr;
  TargetPortId id;
};

void AddPorts(Listener& listener, const std::vector<FabricPort>& ports);

class VerbsFabric final : public Fabric {
 public:
  // Opens the devices that have a port here, the completions of each on `vectors[i]` of the i-th.
  // The error is a message for the user.
  static Result<std::unique_ptr<VerbsFabric>, std::string> Create(
      const Parameters& parameters, const std::vector<FabricPort>& ports,
      const std::vector<int>& vectors, IdDestroyer& ids);
  ~VerbsFabric() override;

  // Where the connection requests that are for this shard go.
  EventChannel& event_channel() { return cm_.channel(); }
  // Parameters::use_srq, unless a device could not: then every channel has its own receives.
  bool uses_srq() const { return uses_srq_; }
  // Not in this shard either, because another one could not. Before the first channel.
  void DropShared() {
    datapath_.DropShared();
    uses_srq_ = false;
  }
  ShardMemory& shard_memory() { return memory_; }

  void Take(const ConnectionRequest& request) override { cm_.Take(request); }
  void Carry(const action::Accept& accept) override { cm_.Carry(accept); }
  void Carry(const action::Reject& reject) override { cm_.Carry(reject); }
  void Carry(const action::NotifyEstablished& notify) override { cm_.Carry(notify); }
  void Carry(const action::Disconnect& disconnect) override;
  void Carry(const action::DestroyQp& destroy) override { cm_.Carry(destroy); }
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
  std::size_t PollConnections(EventSink& sink) override { return cm_.Poll(sink); }
  bool Arm() override { return !cm_.owes() && datapath_.Arm(); }
  bool LazySends() const override { return datapath_.LazySends(); }
  std::vector<int> completion_fds() const override { return datapath_.completion_fds(); }
  std::vector<int> connection_fds() const override { return {cm_.fd()}; }
  void OnWake() override { datapath_.OnWake(); }
  std::size_t open_connections() const override { return cm_.open_connections(); }
  std::uint64_t shared_low_events() const override { return datapath_.shared_low_events(); }
  void OnSharedLow(const void* queue) override { datapath_.OnSharedLow(queue); }
  void OnQueueFailed(const void* queue) override { datapath_.OnQueueFailed(queue); }
  void OnDeviceFailed(DeviceIndex device) override {
    datapath_.OnDeviceFailed(device);
    cm_.OnDeviceFailed(device);
  }

 private:
  VerbsFabric(const Parameters& parameters, IdDestroyer& ids);

  std::vector<Connection> connections_;
  ShardMemory memory_;
  Datapath datapath_;
  ShardConnections cm_;
  bool uses_srq_ = false;
};

}  // namespace srpt::target

#endif  // TARGET_VERBS_VERBS_FABRIC_H_
