// What the reactors need of the network: the director's listener, and the connections and queue
// pairs of one shard. listener.h and verbs_fabric.h are the real ones; tests have others.
//
// A connection request arrives at the listener. When the director gives the login to a shard, the
// request goes there too: from then on nobody but the shard touches it.
//
// The calls named after actions carry out that action (core/action.h) and never block. What they
// promise comes as events from Poll or PollConnections, never from within the call. Posts are
// gathered until Flush.
#ifndef TARGET_VERBS_FABRIC_H_
#define TARGET_VERBS_FABRIC_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/action.h"
#include "core/event.h"
#include "core/ports.h"

struct rdma_cm_id;

namespace srpt::target {

// Which RDMA device: the order is that of the ports that listener and fabrics were made with.
using DeviceIndex = std::uint32_t;

// A connection request on its way from the listener to a shard.
struct ConnectionRequest {
  ConnId conn;
  rdma_cm_id* cm = nullptr;
  DeviceIndex device = 0;
  std::uint8_t read_depth = 0;  // RDMA READs that the peer lets us have open.
};

// Where the listener's events go: the reactor steps core with each before it returns.
class ListenerSink {
 public:
  virtual ~ListenerSink() = default;
  virtual void OnEvent(const DirectorEvent& event) = 0;
  // A shared receive queue ran low; which one, the fabric that has it knows.
  virtual void OnSharedLow(const void* queue) = 0;
  // A completion queue ran over, or a shared receive queue failed; a device did. The fabrics are to
  // know.
  virtual void OnQueueFailed(const void* queue) = 0;
  virtual void OnDeviceFailed(DeviceIndex device) = 0;
};

class ConnectionListener {
 public:
  virtual ~ConnectionListener() = default;

  // False: there is no such request here (any more).
  virtual bool Carry(const action::Reject& reject) = 0;
  // The request is the shard's from now on: Fabric::Take is next. Nothing: it is gone, or stays.
  virtual std::optional<ConnectionRequest> HandOver(ConnId conn, ShardId shard) = 0;
  // Delivers what happened. A system call: not on every round.
  virtual std::size_t PollConnections(ListenerSink& sink) = 0;
  // Readable when PollConnections has something to do.
  virtual std::vector<int> fds() const = 0;
  // A shard heard it of one of its connections.
  virtual void OnDeviceGone(DeviceIndex device) = 0;
  // Every device went away (unplugged, or its driver unloaded, which waits for us to let go of it).
  virtual bool lost() const = 0;
  // Too much that ended is not gone yet: PollConnections has to wait.
  virtual bool backed_up() const { return false; }
};

// Where a fabric's events go: the reactor steps core with each before it returns.
class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual void OnEvent(const ShardEvent& event) = 0;
  // For the director (event::ConnectionGone), and for the listener.
  virtual void OnConnectionGone(ConnId conn) = 0;
  virtual void OnDeviceGone(DeviceIndex device) = 0;
};

class Fabric {
 public:
  virtual ~Fabric() = default;

  // Before the action that names it.
  virtual void Take(const ConnectionRequest& request) = 0;
  virtual void Carry(const action::Accept& accept) = 0;
  // Of a request that it took; any other is ignored.
  virtual void Carry(const action::Reject& reject) = 0;
  virtual void Carry(const action::NotifyEstablished& notify) = 0;
  virtual void Carry(const action::Disconnect& disconnect) = 0;
  virtual void Carry(const action::DestroyQp& destroy) = 0;
  virtual void Carry(const action::PostRecv& post) = 0;
  virtual void Carry(const action::SendIu& send) = 0;
  virtual void Carry(const action::RdmaWrite& write) = 0;
  virtual void Carry(const action::RdmaRead& read) = 0;
  virtual void Carry(const action::Probe& probe) = 0;

  // Nothing of the channel remains in core: its memory may go.
  virtual void Forget(ChannelId channel) = 0;
  virtual MemoryPort& memory() = 0;
  // Where a backend reads or writes.
  virtual MutableBytes At(const MemRef& memory) = 0;

  // Hands what was gathered to the queue pairs: per queue pair one post of all its receives, then
  // one of all its sends.
  virtual void Flush() = 0;

  // Delivers what ended, a batch at most; answers how many completions it saw. 0: nothing waited.
  virtual std::size_t Poll(EventSink& sink) = 0;
  // Delivers what happened to connections. A system call: not on every round.
  virtual std::size_t PollConnections(EventSink& sink) = 0;

  // Before the loop sleeps: has fds() become readable with the next completion. Poll once more
  // after it. False: do not sleep, something waits that no descriptor will tell of.
  virtual bool Arm() = 0;
  // Sleep a moment at most: sends are outstanding whose completions alone wake nobody, or work was
  // refused that the next Flush tries again.
  virtual bool LazySends() const = 0;
  // Readable when Arm's promise comes true, or when PollConnections has something to do.
  virtual std::vector<int> completion_fds() const = 0;
  virtual std::vector<int> connection_fds() const = 0;
  // A completion_fds() was readable.
  virtual void OnWake() = 0;

  virtual std::size_t open_connections() const = 0;
  // Times that a shared receive queue ran low.
  virtual std::uint64_t shared_low_events() const { return 0; }
  virtual void OnSharedLow(const void* queue) = 0;
  // Its channels end at once; Poll says so. `queue`: whoever has it.
  virtual void OnQueueFailed(const void* queue) = 0;
  virtual void OnDeviceFailed(DeviceIndex device) = 0;
};

}  // namespace srpt::target

#endif  // TARGET_VERBS_FABRIC_H_
