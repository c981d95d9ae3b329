// A shard's side of connection management: accepts the connection requests that the director handed
// over, and ends connections. On an event channel of its own, used by the shard's thread only.
#ifndef TARGET_VERBS_SHARD_CONNECTIONS_H_
#define TARGET_VERBS_SHARD_CONNECTIONS_H_

#include <rdma/rdma_cma.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "core/action.h"
#include "target/verbs/connection.h"
#include "target/verbs/datapath.h"
#include "target/verbs/event_channel.h"
#include "target/verbs/fabric.h"
#include "target/verbs/id_destroyer.h"

namespace srpt::target {

class ShardConnections {
 public:
  // All outlive it.
  ShardConnections(Datapath& datapath, ShardMemory& memory, std::vector<Connection>& connections,
                   IdDestroyer& ids);
  ~ShardConnections();
  ShardConnections(const ShardConnections&) = delete;
  ShardConnections& operator=(const ShardConnections&) = delete;

  // Makes the event channel. Empty, or what failed.
  std::string Start() { return channel_.Open(); }
  EventChannel& channel() { return channel_; }
  int fd() const { return channel_.fd(); }

  // The CM's events, then those that the calls below owe.
  std::size_t Poll(EventSink& sink);

  void Take(const ConnectionRequest& request);
  void Carry(const action::Accept& accept);
  void Carry(const action::Reject& reject);
  void Carry(const action::NotifyEstablished& notify);
  void Carry(const action::Disconnect& disconnect);
  void Carry(const action::DestroyQp& destroy);

  // Nobody on it answers any more: Poll ends its connections.
  void OnDeviceFailed(DeviceIndex device) { failed_devices_.push_back(device); }

  bool owes() const {
    return !owed_.empty() || !owed_gone_.empty() || !failed_accepts_.empty() ||
           !failed_devices_.empty();
  }
  std::size_t open_connections() const { return open_; }

 private:
  void OnRequestEvent(rdma_cm_event_type type, ConnId conn, EventSink& sink);
  void OnChannelEvent(rdma_cm_event_type type, int status, ChannelId channel, EventSink& sink);
  void ReportDisconnected(Connection& connection, EventSink& sink);
  void ReportDead(Connection& connection, EventSink& sink);
  Connection* Find(ChannelId channel);
  std::size_t DeliverOwed(EventSink& sink);
  void FailAccept(const action::Accept& accept, const char* reason, bool sq_refused);

  Datapath& datapath_;
  ShardMemory& memory_;
  std::vector<Connection>& connections_;
  IdDestroyer& ids_;
  EventChannel channel_;
  std::map<std::uint64_t, ConnectionRequest> requests_;  // By ConnId; not accepted yet.
  // Requests whose end was heard before Take: the event channel is faster than the director.
  std::map<std::uint64_t, rdma_cm_event_type> ended_early_;
  std::deque<ShardEvent> owed_;
  std::deque<ConnId> owed_gone_;
  struct FailedAccept {
    ConnId conn;
    event::AcceptFailed event;
  };
  std::deque<FailedAccept> failed_accepts_;
  std::vector<DeviceIndex> failed_devices_;
  std::size_t open_ = 0;
};

}  // namespace srpt::target

#endif  // TARGET_VERBS_SHARD_CONNECTIONS_H_
