// The inside of the network within the process: fake_verbs.cc has its objects and connections,
// fake_queues.cc its queues. Everything is guarded by one lock.
#ifndef TARGET_VERBS_FAKE_NETWORK_H_
#define TARGET_VERBS_FAKE_NETWORK_H_

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "target/verbs/fake_verbs.h"
#include "target/verbs/seam.h"

namespace srpt::target::fake {

struct Device {
  DeviceOptions options;
  ibv_context context{};
  ibv_device device{};
  std::uint8_t number = 0;
  std::deque<ibv_async_event> events;
};
struct Pd : ibv_pd {
  Device* device = nullptr;
  int users = 0;
};
struct Mr : ibv_mr {
  unsigned access = 0;
};
struct Completion {
  ibv_wc wc{};
  bool of_send = false;
  std::uint64_t retires = 0;  // Work requests up to this one leave the send queue.
};
struct Cq : ibv_cq {
  std::deque<Completion> completions;
  bool armed = false;
  bool over = false;  // It takes no more: it ran over, or its device failed.
  int users = 0;
};
struct CompChannel : ibv_comp_channel {
  std::deque<Cq*> events;
};
struct Recv {
  std::uint64_t wr_id = 0;
  ibv_sge sge{};
};
struct Srq : ibv_srq {
  std::deque<Recv> recvs;
  std::size_t room = 0;
  int users = 0;
};
struct Peer {
  PeerId id = 0;
  struct Id* cm = nullptr;  // Of the target; null once that is destroyed.
  bool up = false;
  bool over = false;  // Its last event was given.
  std::deque<PeerEvent> events;
  std::deque<std::vector<std::uint8_t>> to_target;
};
struct Qp : ibv_qp {
  Peer* peer = nullptr;
  std::deque<Recv> recvs;
  ibv_qp_cap cap{};
  std::uint64_t posted = 0;
  std::uint64_t retired = 0;
  bool error = false;
};
struct CmEvent : rdma_cm_event {
  std::vector<std::uint8_t> data;
};
struct EventChannel : rdma_event_channel {
  std::deque<CmEvent*> events;
};
struct Id : rdma_cm_id {
  bool listening = false;
  bool answered = false;
  bool down = false;  // DISCONNECTED was said, or needs not be.
  bool timewait = false;
  int unacknowledged = 0;
  Peer* peer = nullptr;
};

// Of the next `posts`, after the first `taken` work requests of each.
struct Refusal {
  std::uint32_t posts = 0;
  int error = 0;
  std::uint32_t taken = 0;
};

struct World {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::unique_ptr<Device>> devices;
  std::vector<Id*> listening;
  std::map<std::uint32_t, Mr*> regions;  // By key.
  std::map<std::uint32_t, Qp*> qps;      // By number.
  std::map<PeerId, Peer> peers;
  std::vector<std::uint8_t> memory = std::vector<std::uint8_t>(kPeerBytes);
  std::set<int> vectors;  // Of all completion queues that were made.
  std::uint32_t next_key = 1;
  std::uint32_t next_qp = 1;
  PeerId next_peer = 1;
  Refusal refuse_sends;
  Refusal refuse_recvs;
  bool hold_ids = false;  // Who destroys one waits.
  std::string broken;

  void Broke(const std::string& what) {
    if (broken.empty()) broken = what;
  }
  void Tell(Peer& peer, PeerEvent::Kind kind, const void* bytes, std::size_t length);
  // The peer's last event, unless it had it.
  void TellOver(Peer& peer, PeerEvent::Kind kind, const void* bytes = nullptr,
                std::size_t length = 0);
  void Queue(Id& id, rdma_cm_event_type type, Bytes data = {});
};
World& TheWorld();
using Lock = std::lock_guard<std::mutex>;

void Tell(Device& device, const ibv_async_event& event);

// An eventfd that is readable while something is queued: one count each.
int NewCounter();
void Raise(int fd);
bool Take(int fd);  // False, and EAGAIN: it is zero.

// fake_queues.cc
void SetOps(ibv_context& context);
void ToError(World& w, Qp& qp);
void DeliverToTarget(World& w, Qp& qp);

}  // namespace srpt::target::fake

#endif  // TARGET_VERBS_FAKE_NETWORK_H_
