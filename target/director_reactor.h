// The director's thread, which is the daemon's own: drives the director of core, listens for
// logins, serves administrators, opens and closes devices, and looks after the shards' threads
// (shard_reactor.h).
//
// A round polls the world in a fixed order (connections, mail of the shards in their order, admin,
// opened devices, answers, signals, deadlines) and steps core with each thing that happened. Then
// it sleeps: nothing here is in a hurry.
//
// It may wait for a shard's thread, for a moment and only for administrators; no shard ever waits
// for it.
#ifndef TARGET_DIRECTOR_REACTOR_H_
#define TARGET_DIRECTOR_REACTOR_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/target.h"
#include "target/admin/host.h"
#include "target/admin/server.h"
#include "target/poller.h"
#include "target/reactor_queue.h"
#include "target/reactor_trace.h"
#include "target/shard_reactor.h"
#include "target/storage/device_opener.h"
#include "target/storage/device_table.h"
#include "target/verbs/fabric.h"
#include "target/wakeup.h"

namespace srpt::target {

// What it drives and tells of; all outlive it.
struct DirectorParts {
  Director* director = nullptr;
  ConnectionListener* listener = nullptr;
  std::vector<ShardReactor*> shards;  // By ShardId.
  Wakeup* wakeup = nullptr;           // What the shards were made with.
  DeviceTable* devices = nullptr;
  OpenStores open_stores = DeviceTable::OpenAll;  // For tests.
  config::IbSrptParameters parameters;            // For administrators to read.
  std::uint64_t service_guid = 0;
  std::vector<PortFacts> ports;
};

// Has this thread, and those that it starts from now on, leave SIGTERM and SIGINT to the director's
// reactor. Before anything starts a thread.
void BlockSignals();

class DirectorReactor final : private ListenerSink, public AdminHost {
 public:
  explicit DirectorReactor(const DirectorParts& parts);
  ~DirectorReactor() override;

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

  // AdminHost.
  void Submit(AdminId id, admin::Request request) override;
  const Director& director() const override { return *parts_.director; }
  std::uint32_t shard_count() const override {
    return static_cast<std::uint32_t>(parts_.shards.size());
  }
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
  enum class Source : std::uint32_t { kConnections, kMail, kAdmin, kOpener, kSignals };

  // ListenerSink.
  void OnEvent(const DirectorEvent& event) override;
  void OnSharedLow(const void* queue) override { TellShards(mail::SharedLow{queue}); }
  void OnQueueFailed(const void* queue) override { TellShards(mail::QueueFailed{queue}); }
  void OnDeviceFailed(DeviceIndex device) override { TellShards(mail::DeviceFailed{device}); }
  template <class Mail>
  void TellShards(const Mail& mail) {
    for (ShardReactor* shard : parts_.shards) shard->to_shard().Push(ShardMail(mail));
  }

  bool Watch(int fd, Source source);
  void CarryOut();
  void Carry(const action::Reject& reject);
  void Carry(const action::Log& log);
  void Carry(const action::ToShard& action);
  void Carry(const action::AdminDone& action);
  void Carry(const action::ReleaseLu& action);
  std::size_t ReadMail();
  // A shard does not read as fast as it is written to.
  bool BackedUp() const;
  void Flush();
  std::size_t AnswerAdmin();
  void AddOpenedDevices();
  std::size_t MeetDeadlines();
  void Look(int timeout_ms);
  void Sleep();
  int SleepMs() const;
  void OnSignals();
  void Stop(int status);
  bool ShutdownIsOver();
  // The facts of a shard, asked once a round.
  const ShardFacts& Facts(ShardId shard) const;

  DirectorParts parts_;
  AdminServer* admin_ = nullptr;
  Time now_;
  Poller poller_;
  int signals_ = -1;
  bool connections_due_ = false;
  bool admin_due_ = false;
  bool opened_due_ = false;
  bool signals_due_ = false;
  bool woken_ = false;

  Actions actions_;
  ReactorQueue<AdminAnswer> answers_;
  DeviceOpener opener_;
  ReactorTrace trace_;
  std::uint64_t steps_ = 0;
  std::uint64_t connection_events_ = 0;

  struct Known {
    Time at = kNever;
    const ShardFacts* facts = nullptr;
  };
  mutable std::vector<Known> known_;

  AdminId applying_;  // The request of Apply; 0: none.
  std::string refusal_;
  std::uint64_t next_admin_ = 1;
  bool stopping_ = false;
  int status_ = 0;
  Time stop_by_;
  int signals_seen_ = 0;
};

}  // namespace srpt::target

#endif  // TARGET_DIRECTOR_REACTOR_H_
