// Who changes the configuration while initiators work: closes sessions, disables the target for a
// while, maps another unit and takes it away again. Ends with the faults, with all as it was.
#ifndef SIM_WORKLOAD_ADMINISTRATOR_H_
#define SIM_WORKLOAD_ADMINISTRATOR_H_

#include <cstdint>
#include <string>

#include "sim/workload/scene.h"

namespace srpt::sim {

class Administrator : public PeerSink {
 public:
  explicit Administrator(Scene* scene) : scene_(*scene), world_(scene->world) {}

  // Nothing, if the seed wants no changes.
  void Start();

  void OnPeerEvent(PeerId, const PeerEvent&, Bytes) override {}
  void OnTimer(std::uint64_t cookie) override;

 private:
  void Change(std::uint64_t which);
  void CloseSession(std::uint64_t which);
  void MapExtra(bool mapped);
  std::string TargetName() const { return world_.director().Targets().front().name; }

  Scene& scene_;
  World& world_;
  std::uint64_t ticks_ = 0;
  LuId extra_;
  bool has_extra_ = false;
};

}  // namespace srpt::sim

#endif  // SIM_WORKLOAD_ADMINISTRATOR_H_
