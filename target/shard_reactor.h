// A shard's thread: drives one shard of core with its network and its storage.
//
// A round polls the world in a fixed order (completions, storage, connections, mail, deadlines),
// steps core with each thing that happened and carries out its actions in order; then it posts all
// that was gathered at once. Storage is asked again before the post, so that a read whose data were
// at hand leaves in the same post as the others.
//
// After `poll_budget` empty rounds in a row it arms the completion queues and sleeps in epoll.
// Polling buys latency with CPU time; where the initiator shares the CPU, that time is its own.
//
// It shares nothing with other threads but two pipes with the director's (mail.h): no lock, and
// nothing that it ever waits for. What is called from the director's thread says so.
#ifndef TARGET_SHARD_REACTOR_H_
#define TARGET_SHARD_REACTOR_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "core/target.h"
#include "target/mail.h"
#include "target/message_pipe.h"
#include "target/poller.h"
#include "target/reactor_trace.h"
#include "target/storage/stores.h"
#include "target/verbs/fabric.h"
#include "target/wakeup.h"

namespace srpt::target {

struct ShardCounters {
  std::uint64_t rounds = 0;
  std::uint64_t empty_rounds = 0;
  std::uint64_t sleeps = 0;
  std::uint64_t completions = 0;
  std::uint64_t storage_operations = 0;
  std::uint64_t connection_events = 0;
  std::uint64_t shard_steps = 0;
};

// What administrators may know of a shard, of one moment.
struct ShardFacts {
  std::vector<ChannelInfo> channels;
  std::uint32_t active_commands = 0;
  std::uint32_t free_data_buffers = 0;
  std::size_t open_connections = 0;
  std::uint64_t copied_transfers = 0;
  std::uint64_t srq_limit_events = 0;
  ShardCounters counters;
};

// What it drives; all outlive it.
struct ShardParts {
  ShardId id;
  Shard* shard = nullptr;
  Fabric* fabric = nullptr;
  StorageEngine* storage = nullptr;
};

class ShardReactor final : private EventSink {
 public:
  // `director`: the director's thread's, woken when there is mail for it.
  ShardReactor(const ShardParts& parts, std::uint32_t poll_budget, Wakeup& director);
  ~ShardReactor() override;

  // --- The director's thread ---

  // Makes the epoll set. Empty, or what failed.
  std::string Start();
  // Until StopThread the rest is the new thread's, which inherits the caller's signal mask.
  void StartThread();
  // Ends the thread and waits for it. False: it does not answer (a call into the kernel or a file
  // system hangs): leave the process without it.
  bool StopThread();
  bool has_thread() const { return thread_.joinable(); }

  MessagePipe<ShardMail>& to_shard() { return to_shard_; }
  MessagePipe<DirectorMail>& to_director() { return to_director_; }
  // Has the shard's thread do it, after what was mailed before. Without a thread it is done here
  // and now. `task` owns what it uses: nobody waits for it.
  void Do(mail::Task task);
  // The same, and waits for it. False: the thread does not answer in kPatience.
  bool DoAndWait(mail::Task task);
  // As it is now; as it was last if the thread does not answer.
  const ShardFacts& Facts();

  // --- The shard's thread, or a test without one ---

  // One round, true if there was something to do; and a look at the descriptors.
  bool Round();
  void Look(int timeout_ms);

 private:
  enum class Source : std::uint32_t { kCompletions, kStorage, kConnections, kMail };

  // EventSink.
  void OnEvent(const ShardEvent& event) override;
  void OnConnectionGone(ConnId conn) override;
  void OnDeviceGone(DeviceIndex device) override;

  void Run();
  void Sleep();
  int SleepMs() const;
  std::size_t ReapStorage();
  std::size_t ReadMail();
  std::size_t MeetDeadlines();
  ShardFacts Gather() const;
  // Actions that are not the fabric's.
  void Carry(const action::RdmaRead& read);
  void Carry(const action::BlockRead& read);
  void Carry(const action::BlockWrite& write);
  void Carry(const action::BlockFlush& flush);
  void Carry(const action::Log& log);
  void Carry(const action::ToDirector& action);

  const ShardParts parts_;
  const std::uint32_t poll_budget_;
  Time now_;
  Time looked_;  // When the descriptors were last looked at.
  bool connections_due_ = false;
  bool woken_ = false;
  Poller poller_;
  Actions actions_;
  ReactorTrace trace_;
  ShardCounters counters_;
  bool stop_ = false;

  Wakeup wakeup_;
  MessagePipe<ShardMail> to_shard_;
  MessagePipe<DirectorMail> to_director_;

  // The director's thread's.
  std::thread thread_;
  ShardFacts facts_;
};

// Where the device table puts a shard's stores: straight into its engine as long as there is no
// reactor, through its thread from then on. The director's thread's.
class ShardStores final : public Stores {
 public:
  explicit ShardStores(StorageEngine& engine) : engine_(engine) {}
  void SetReactor(ShardReactor* reactor) { reactor_ = reactor; }

  void Open(LuId lu, const DeviceSpec& spec, BackingFile file) override;
  void Close(LuId lu) override;
  Result<std::uint64_t, std::string> Resize(LuId lu, std::uint64_t bytes) override;

 private:
  StorageEngine& engine_;
  ShardReactor* reactor_ = nullptr;
};

}  // namespace srpt::target

#endif  // TARGET_SHARD_REACTOR_H_
