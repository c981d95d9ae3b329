// Connection management through librdmacm: listens, answers, and ends connections.
//
// One event channel for everything, non-blocking. An event is copied and acknowledged before core
// sees it: core may ask to destroy the connection at once, and rdma_destroy_id waits for
// unacknowledged events. (With more shards, an accepted id moves to its shard's channel:
// rdma_migrate_id.)
#ifndef TARGET_VERBS_LISTENER_H_
#define TARGET_VERBS_LISTENER_H_

#include <rdma/rdma_cma.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "core/action.h"
#include "core/base/result.h"
#include "target/verbs/connection.h"
#include "target/verbs/datapath.h"
#include "target/verbs/fabric.h"

namespace srpt::target {

// A port on which logins may arrive.
struct ListenerPort {
  ibv_context* context = nullptr;
  std::uint8_t port = 1;
  TargetPortId id;
  DeviceIndex device = 0;
  bool iwarp = false;
  bool gone = false;  // Its device was removed.
};

inline constexpr int kBacklog = 128;
inline constexpr std::size_t kLoginsPendingMax = 256;

class Listener {
 public:
  Listener(Datapath& datapath, ShardMemory& memory, std::vector<Connection>& connections);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  void AddPort(const ListenerPort& port) { ports_.push_back(port); }
  // Makes the event channel. Empty, or what failed.
  std::string Start();
  // Listens on `port` at every address, IPv4 and IPv6 apart. Empty, or what failed.
  std::string Listen(std::uint16_t port);

  std::size_t Poll(EventSink& sink);
  int fd() const { return channel_->fd; }

  void Carry(const action::Accept& accept);
  void Carry(const action::Reject& reject);
  void Carry(const action::NotifyEstablished& notify);
  void Carry(const action::Disconnect& disconnect);
  void Carry(const action::DestroyQp& destroy);

  // Events that the calls above owe; Poll delivers them too.
  std::size_t DeliverOwed(EventSink& sink);
  bool owes() const { return !owed_.empty(); }
  std::size_t open_connections() const { return open_; }
  // The device of every port was removed.
  bool lost() const;

 private:
  struct Pending {
    rdma_cm_id* cm = nullptr;
    const ListenerPort* port = nullptr;
    std::uint8_t read_depth = 0;
  };

  std::string ListenOn(const sockaddr* address, bool v6_only);
  void OnRequest(const rdma_cm_event& event, Bytes private_data, EventSink& sink);
  void OnPendingEvent(rdma_cm_event_type type, ConnId conn, EventSink& sink);
  void OnChannelEvent(rdma_cm_event_type type, int status, ChannelId channel, EventSink& sink);
  void ReportDisconnected(Connection& connection, EventSink& sink);
  const ListenerPort* PortOf(const rdma_cm_id* id) const;
  Connection* Find(ChannelId channel);
  void OnDeviceGone(const ibv_context* context);
  void FailAccept(const action::Accept& accept, const char* reason, bool sq_refused);

  Datapath& datapath_;
  ShardMemory& memory_;
  std::vector<Connection>& connections_;
  std::vector<ListenerPort> ports_;
  rdma_event_channel* channel_ = nullptr;
  std::vector<rdma_cm_id*> listening_;
  std::map<std::uint64_t, Pending> pending_;  // By ConnId; logins that nobody has answered yet.
  std::uint64_t next_conn_ = 1;
  std::deque<ShardEvent> owed_;
  std::size_t open_ = 0;
};

}  // namespace srpt::target

#endif  // TARGET_VERBS_LISTENER_H_
