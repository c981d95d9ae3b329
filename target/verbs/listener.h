// The director's side of connection management: listens, takes connection requests, hands them over
// to shards or rejects them, and watches the devices.
//
// An event channel of its own, non-blocking. An event is copied and acknowledged before anybody
// sees it: it may have the id destroyed or moved, and both wait for unacknowledged events.
//
// A request that goes to a shard moves to the shard's event channel first (rdma_migrate_id): no
// event of it can come here any more, so no two threads ever touch an id.
#ifndef TARGET_VERBS_LISTENER_H_
#define TARGET_VERBS_LISTENER_H_

#include <rdma/rdma_cma.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/action.h"
#include "target/verbs/event_channel.h"
#include "target/verbs/fabric.h"
#include "target/verbs/id_destroyer.h"

namespace srpt::target {

// A port on which logins may arrive.
struct ListenerPort {
  ibv_context* context = nullptr;
  std::uint8_t port = 1;
  TargetPortId id;
  DeviceIndex device = 0;
  bool iwarp = false;
  bool gone = false;  // Its device was removed, or failed.
};

inline constexpr int kBacklog = 128;
inline constexpr std::size_t kLoginsPendingMax = 256;

class Listener final : public ConnectionListener {
 public:
  explicit Listener(IdDestroyer& ids) : ids_(ids) {}
  ~Listener() override;
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  void AddPort(const ListenerPort& port);
  // Requests for shard 0, 1, ... go to these; they outlive the listener.
  void AddShard(EventChannel& channel) { shards_.push_back(&channel); }
  // Makes the event channel. Empty, or what failed.
  std::string Start() { return channel_.Open(); }
  // Listens on `port` at every address, IPv4 and IPv6 apart. Empty, or what failed.
  std::string Listen(std::uint16_t port);

  bool Carry(const action::Reject& reject) override;
  std::optional<ConnectionRequest> HandOver(ConnId conn, ShardId shard) override;
  std::size_t PollConnections(ListenerSink& sink) override;
  std::vector<int> fds() const override;
  void OnDeviceGone(DeviceIndex device) override { Leave(device, "was removed"); }
  bool lost() const override;
  bool backed_up() const override { return ids_.backed_up(); }

 private:
  struct Pending {
    rdma_cm_id* cm = nullptr;
    const ListenerPort* port = nullptr;
    std::uint8_t read_depth = 0;
  };

  std::string ListenOn(const sockaddr* address, bool v6_only);
  void OnRequest(const rdma_cm_event& event, Bytes private_data, ListenerSink& sink);
  void OnPendingEvent(rdma_cm_event_type type, ConnId conn, ListenerSink& sink);
  const ListenerPort* PortOf(const rdma_cm_id* id) const;
  void Leave(DeviceIndex device, const char* why);
  void PollAsync(ibv_context* context, ListenerSink& sink);
  void OnDeviceFatal(const ibv_context* context, ListenerSink& sink);

  IdDestroyer& ids_;
  EventChannel channel_;
  std::vector<ListenerPort> ports_;
  std::vector<ibv_context*> contexts_;  // Of the ports' devices.
  std::vector<EventChannel*> shards_;
  std::vector<rdma_cm_id*> listening_;
  std::map<std::uint64_t, Pending> pending_;  // By ConnId; logins that nobody has answered yet.
  std::uint64_t next_conn_ = 1;
};

}  // namespace srpt::target

#endif  // TARGET_VERBS_LISTENER_H_
