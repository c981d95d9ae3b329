// The loop of production: one thread that drives the director and one shard.
//
// A round polls the world in a fixed order (completions, storage, connections, messages, admin,
// signals, deadlines), steps core with each thing that happened and carries out its actions in
// order; then it posts all that was gathered at once. Storage is asked again before the post, so
// that a read whose data were at hand leaves in the same post as the others.
//
// After `poll_budget` empty rounds in a row it arms the completion queues and sleeps in epoll.
// Polling buys latency with CPU time; where the initiator shares the CPU, that time is its own.
//
// More shards will be more reactors, each with its own fabric and storage, and the director will
// have one of its own. What they say to each other goes through pipes made for that, already now.
#ifndef TARGET_REACTOR_H_
#define TARGET_REACTOR_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/target.h"
#include "target/admin/host.h"
#include "target/admin/server.h"
#include "target/message_pipe.h"
#include "target/reactor_queue.h"
#include "target/reactor_trace.h"
#include "target/storage/device_opener.h"
#include "target/storage/device_table.h"
#include "target/storage/storage.h"
#include "target/verbs/fabric.h"

namespace srpt::target {

struct ReactorOptions {
  std::uint32_t poll_budget = 0;                  // Empty rounds before it sleeps.
  OpenStores open_stores = DeviceTable::OpenAll;  // For tests.
};

// What the reactor drives; all outlive it.
struct ReactorParts {
  Director* director = nullptr;
  Shard* shard = nullptr;
  ConnectionListener* listener = nullptr;
  Fabric* fabric = nullptr;
  StorageEngine* storage = nullptr;
  DeviceTable* devices = nullptr;
  config::IbSrptParameters parameters;  // For administrators to read.
  std::uint64_t service_guid = 0;
  std::vector<PortFacts> ports;
};

struct ReactorCounters {
  std::uint64_t rounds = 0;
  std::uint64_t empty_rounds = 0;
  std::uint64_t sleeps = 0;
  std::uint64_t completions = 0;
  std::uint64_t storage_operations = 0;
  std::uint64_t connection_events = 0;
  std::uint64_t shard_steps = 0;
  std::uint64_t director_steps = 0;
};

class Reactor final : private EventSink, private ListenerSink, public AdminHost {
 public:
  Reactor(const ReactorParts& parts, const ReactorOptions& options);
  ~Reactor() override;

  // Makes the epoll set and takes over SIGTERM and SIGINT. Empty, or what failed.
  std::string Start();
  // Asks the director for `request` and runs until it is done. Before Run. Empty, or the refusal.
  std::string Apply(admin::Request request);
  // Serves this socket from now on. It outlives Run.
  void SetAdminServer(AdminServer* server);
  // Until a signal ends it: the first one shuts down cleanly, within kShutdownMax; a second one
  // ends it at once. So does the loss of the last device. The daemon's exit status.
  int Run();
  // For tests: one round, true if there was something to do; and a look at the descriptors.
  bool Round();
  void LookForTest() { Look(0); }

  const ReactorTrace& trace() const { return trace_; }
  const ReactorCounters& counters() const { return counters_; }

  // AdminHost.
  void Submit(AdminId id, admin::Request request) override;
  const Director& director() const override { return *parts_.director; }
  std::uint32_t shard_count() const override { return 1; }
  std::vector<ChannelInfo> Channels(ShardId shard) const override;
  std::vector<PortFacts> Ports() const override { return parts_.ports; }
  std::vector<DeviceFacts> Devices() const override;
  const config::IbSrptParameters& parameters() const override { return parts_.parameters; }
  std::uint64_t service_guid() const override { return parts_.service_guid; }
  std::vector<std::pair<std::string, std::uint64_t>> Counters() const override;
  void OpenDevice(AdminId id, const config::Device& device) override;
  void ForgetDevice(LuId id) override;
  Result<std::uint64_t, std::string> ResizeDevice(const std::string& name,
                                                  std::uint64_t bytes) override;

 private:
  // An AdminDone on its way: who takes it may ask for more, which must not happen within a step.
  struct AdminAnswer {
    AdminId id;
    admin::Status status = admin::Status::kOk;
    std::string text;
  };
  enum class Source : std::uint32_t {
    kCompletions,
    kStorage,
    kConnections,
    kAdmin,
    kOpener,
    kSignals
  };

  // EventSink.
  void OnEvent(const ShardEvent& event) override;
  void OnConnectionGone(ConnId conn) override;
  void OnDeviceGone(DeviceIndex device) override;
  // ListenerSink.
  void OnEvent(const DirectorEvent& event) override;
  void OnSharedLow(const void* queue) override;

  bool Watch(int fd, Source source);
  void CarryOut();
  // Actions that are not the fabric's.
  void Carry(const action::Reject& reject);
  void Carry(const action::RdmaRead& read);
  void Carry(const action::BlockRead& read);
  void Carry(const action::BlockWrite& write);
  void Carry(const action::BlockFlush& flush);
  void Carry(const action::Log& log);
  void Carry(const action::ToDirector& action);
  void Carry(const action::ToShard& action);
  void Carry(const action::AdminDone& action);
  void Carry(const action::ReleaseLu& action);
  std::size_t ReapStorage();
  std::size_t PumpMessages();
  std::size_t AnswerAdmin();
  void AddOpenedDevices();
  std::size_t MeetDeadlines();
  void Look(int timeout_ms);
  void Sleep();
  int SleepMs() const;
  void OnSignals();
  void Stop(int status);
  bool ShutdownIsOver();

  ReactorParts parts_;
  ReactorOptions options_;
  AdminServer* admin_ = nullptr;
  Time now_;
  Time looked_;  // When the descriptors were last looked at.
  int epoll_ = -1;
  int signals_ = -1;
  bool connections_due_ = false;
  bool admin_due_ = false;
  bool opened_due_ = false;
  bool signals_due_ = false;

  Actions actions_;
  Wakeup wakeup_;
  MessagePipe<message::ToShard> to_shard_;
  MessagePipe<message::ToDirector> to_director_;
  ReactorQueue<AdminAnswer> answers_;
  DeviceOpener opener_;
  ReactorTrace trace_;
  ReactorCounters counters_;

  AdminId applying_;  // The request of Apply; 0: none.
  std::string refusal_;
  std::uint64_t next_admin_ = 1;
  bool stopping_ = false;
  int status_ = 0;
  Time stop_by_;
  int signals_seen_ = 0;
};

}  // namespace srpt::target

#endif  // TARGET_REACTOR_H_
