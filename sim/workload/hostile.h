// A peer that breaks the rules beside the honest initiators: bad logins, IUs and descriptors, tags
// and credits that it does not have, keys that go away, a rival of its own name, silence. Whatever
// the target does with it, nobody else may notice (invariants 14, 22 and 43): the honest ones go on
// checking everything, and this one looks whether any data of theirs comes to it.
//
// It logs in at a port of its own (swarm.cc) and uses a disk of its own, so that what it may do
// there, a LUN RESET for example, is its own business, too.
#ifndef SIM_WORKLOAD_HOSTILE_H_
#define SIM_WORKLOAD_HOSTILE_H_

#include <array>
#include <cstdint>
#include <vector>

#include "core/base/bytes.h"
#include "core/wire/cmd.h"
#include "core/wire/data_descriptor.h"
#include "core/wire/login_req.h"
#include "sim/workload/scene.h"

namespace srpt::sim {

class Hostile : public PeerSink {
 public:
  explicit Hostile(Scene* scene);

  // Nothing, if the seed wants no hostile peer. It leaves when the faults stop.
  void Start();

  void OnPeerEvent(PeerId peer, const PeerEvent& event, Bytes bytes) override;
  void OnTimer(std::uint64_t cookie) override;

 private:
  struct Link {
    bool up = false;  // Asked for, at least.
    bool live = false;
    PeerId peer{0xffffffffu};
    std::int64_t credits = 0;
    std::uint32_t withheld = 0;  // Receives not posted again while silent.
  };
  // One of this tick's choices, below n.
  std::uint64_t Pick(std::uint64_t n) {
    return world_.decisions().Below(n, Site::kHostile, lineage_, (tick_ << 8) | picks_++);
  }

  void Tick();
  void Do(FaultKind kind);
  void LogIn(Link& link, wire::MultichannelAction action);
  PeerId Connect(Bytes private_data);
  std::vector<std::uint8_t> LoginBytes(wire::MultichannelAction action);
  void Leave();
  void NewRegion();
  void CheckRegion();

  // hostile_ius.cc: each writes one IU and sends it.
  void Work(Link& link);  // What is allowed.
  void BadLogin();
  void BadIu(Link& link);
  void BadDescriptors(Link& link);
  void SendCmd(Link& link, const wire::Cmd& cmd, Bytes after = {});
  void Send(Link& link, Bytes iu);
  // A READ or WRITE of `blocks` blocks, without descriptors.
  wire::Cmd Transfer(bool write, std::uint16_t blocks);
  wire::Direct All(std::uint32_t bytes) const { return {region_.va, region_.rkey, bytes}; }

  Scene& scene_;
  World& world_;
  Lineage lineage_;
  HostId host_;
  Region region_;
  std::array<Link, 2> links_;  // The second one is the rival.
  std::uint64_t tick_ = 0;
  std::uint64_t picks_ = 0;
  std::uint64_t tags_ = 0;
  std::uint64_t logins_ = 0;
  Time silent_until_;
  bool left_ = false;
  std::array<std::uint8_t, 16> cdb_{};
  std::array<std::uint8_t, 256> descriptors_{};
  std::vector<std::uint8_t> iu_;
};

}  // namespace srpt::sim

#endif  // SIM_WORKLOAD_HOSTILE_H_
