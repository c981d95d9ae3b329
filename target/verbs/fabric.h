// What the reactor needs of the network: the connections and queue pairs of one shard.
// verbs_fabric.h is the real one; tests have another.
//
// The calls named after actions carry out that action (core/action.h) and never block. What they
// promise comes as events from Poll or PollConnections, never from within the call. Posts are
// gathered until Flush.
#ifndef TARGET_VERBS_FABRIC_H_
#define TARGET_VERBS_FABRIC_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/action.h"
#include "core/event.h"
#include "core/ports.h"

namespace srpt::target {

// Where events go: the reactor steps core with each before it returns.
class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual void OnEvent(const ShardEvent& event) = 0;
  virtual void OnEvent(const DirectorEvent& event) = 0;
};

class Fabric {
 public:
  virtual ~Fabric() = default;

  virtual void Carry(const action::Accept& accept) = 0;
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
  // Sends are outstanding whose completions alone wake nobody: sleep this short at most.
  virtual bool LazySends() const = 0;
  // Readable when Arm's promise comes true, or when PollConnections has something to do.
  virtual std::vector<int> completion_fds() const = 0;
  virtual std::vector<int> connection_fds() const = 0;
  // A completion_fds() was readable.
  virtual void OnWake() = 0;

  virtual std::size_t open_connections() const = 0;
  // Times that a shared receive queue ran low.
  virtual std::uint64_t shared_low_events() const { return 0; }
  // Every device went away (unplugged, or its driver unloaded, which waits for us to let go of it).
  virtual bool lost() const = 0;
};

}  // namespace srpt::target

#endif  // TARGET_VERBS_FABRIC_H_
