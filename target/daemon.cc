#include "target/daemon.h"

#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include "core/target.h"
#include "target/admin/server.h"
#include "target/admin/socket.h"
#include "target/config/to_core.h"
#include "target/director_reactor.h"
#include "target/machine_ports.h"
#include "target/reactor_trace.h"
#include "target/shard_reactor.h"
#include "target/storage/device_table.h"
#include "target/storage/storage.h"
#include "target/verbs/device.h"
#include "target/verbs/id_destroyer.h"
#include "target/verbs/listener.h"
#include "target/verbs/memory.h"
#include "target/verbs/verbs_fabric.h"

namespace srpt::target {
namespace {

int Fail(int status, const std::string& what) {
  std::fprintf(stderr, "srpt: %s\n", what.c_str());
  return status;
}

// Opens every device of the configuration. The error says what is wrong on which line.
Result<std::vector<scsi::LuView>, std::string> OpenDevices(
    const config::Sources& sources, const config::Configuration& configuration,
    DeviceTable& table) {
  std::vector<scsi::LuView> units;
  for (const config::Device& device : configuration.devices) {
    Result<scsi::LuView, std::string> unit = table.Open(device);
    if (!unit.ok()) {
      return Err{sources.scst_conf + ":" + std::to_string(device.line) + ": " + unit.error()};
    }
    units.push_back(*unit);
  }
  return units;
}

std::string DescribeLocks(std::uint64_t bytes) {
  return bytes == RLIM_INFINITY ? "unlimited" : std::to_string(bytes >> 20) + " MiB";
}

// All of a shard, in the order in which it comes to be. The network outlives the storage, whose
// operations may still use its memory.
struct OneShard {
  std::unique_ptr<VerbsFabric> fabric;
  std::unique_ptr<StorageEngine> engine;
  std::unique_ptr<ShardStores> stores;
  std::unique_ptr<Shard> shard;
  std::unique_ptr<ShardReactor> reactor;
};

// Empty, or what failed.
std::string MakeStorage(const Parameters& parameters, OneShard& shard) {
  auto storage = StorageEngine::Create(StorageOptionsFor(parameters));
  if (!storage.ok()) return storage.error();
  shard.engine = std::move(storage.value());
  shard.stores = std::make_unique<ShardStores>(*shard.engine);
  return "";
}

std::string MakeNetwork(const Parameters& parameters, const std::vector<FabricPort>& ports,
                        const std::vector<int>& vectors, IdDestroyer& ids, OneShard& shard) {
  auto made = VerbsFabric::Create(parameters, ports, vectors, ids);
  if (!made.ok()) return made.error();
  shard.fabric = std::move(made.value());
  ShardMemory& memory = shard.fabric->shard_memory();
  shard.engine->RegisterMemory(memory.pool(), limits::kDataBufferBytes);
  memory.SetDataObserver(
      [](void* context, const void* address) {
        static_cast<StorageEngine*>(context)->Touched(address);
      },
      shard.engine.get());
  return "";
}

// The threads of the shards end before anything that they use.
class RunningShards {
 public:
  explicit RunningShards(std::vector<OneShard>& shards) : shards_(shards) {}
  ~RunningShards() { Stop(kExitFailed); }
  void Start() {
    for (OneShard& shard : shards_) shard.reactor->StartThread();
  }
  // `status`: the process's, if a thread hangs and there is no way but out.
  void Stop(int status) {
    for (OneShard& shard : shards_) {
      if (shard.reactor == nullptr || shard.reactor->StopThread()) continue;
      spdlog::error("a shard's thread does not answer: ending without it");
      spdlog::shutdown();
      std::_Exit(status);
    }
  }

 private:
  std::vector<OneShard>& shards_;
};

}  // namespace

int RunDaemon(const DaemonOptions& options) {
  InstallCheckHandler();
  BlockSignals();
  Result<config::Loaded, config::ConfigError> loaded = config::Load(options.sources);
  if (!loaded.ok()) return Fail(kExitConfiguration, loaded.error().ToString());
  const config::Configuration& configuration = loaded->configuration;
  for (const config::Warning& warning : loaded->warnings) spdlog::warn("{}", warning.ToString());

  // What the administrator wrote comes before what the machine has: a mistake is told as a mistake
  // wherever it is made.
  Parameters parameters = config::ToParameters(loaded->parameters, 0);
  parameters.shards = options.shards;
  spdlog::info("locked memory: {}", DescribeLocks(RaiseMemoryLock()));
  IdDestroyer ids;
  std::vector<OneShard> shards(options.shards);
  Listener listener(ids);
  std::vector<Stores*> stores;
  for (OneShard& shard : shards) {
    const std::string failed = MakeStorage(parameters, shard);
    if (!failed.empty()) return Fail(kExitFailed, failed);
    stores.push_back(shard.stores.get());
  }
  spdlog::info("storage: {}", shards.front().engine->description());
  DeviceTable table(stores, configuration.setup_id);
  const Result<std::vector<scsi::LuView>, std::string> units =
      OpenDevices(options.sources, configuration, table);
  if (!units.ok()) return Fail(kExitConfiguration, units.error());
  Result<ListeningSocket, ListenError> socket = ListeningSocket::Open(options.admin_socket);
  if (!socket.ok()) {
    return Fail(socket.error().taken ? kExitFailed : kExitConfiguration,
                "command line: --admin-socket: " + socket.error().text);
  }

  Result<std::vector<Device>, std::string> devices = FindDevices();
  if (!devices.ok()) return Fail(kExitFailed, devices.error());
  for (const Device& device : *devices) {
    const std::string caution = Caution(device);
    if (!caution.empty()) spdlog::warn("{}", caution);
  }
  Ports ports = MatchPorts(configuration, *devices);
  const auto vectors = AllowedVectors(options.sources.scst_conf, configuration, *devices);
  if (!vectors.ok()) return Fail(kExitConfiguration, vectors.error());
  TellVectors(options.shards, *devices, *vectors, ports.facts);
  parameters = config::ToParameters(loaded->parameters, devices->front().node_guid);
  parameters.shards = options.shards;
  FitToDevices(parameters, *devices);

  std::string failed = listener.Start();
  if (!failed.empty()) return Fail(kExitFailed, failed);
  AddPorts(listener, ports.fabric);
  bool shared = parameters.use_srq;
  for (std::uint32_t i = 0; i < options.shards; ++i) {
    failed = MakeNetwork(parameters, ports.fabric, VectorsOf(i, *vectors), ids, shards[i]);
    if (!failed.empty()) return Fail(kExitFailed, failed);
    listener.AddShard(shards[i].fabric->event_channel());
    shared = shared && shards[i].fabric->uses_srq();
  }
  for (OneShard& shard : shards) {
    if (!shared) shard.fabric->DropShared();  // All or none: core has one rule for all of them.
  }
  parameters.use_srq = shared;

  Director director(parameters, ports.targets);
  Wakeup wakeup;
  DirectorParts parts;
  parts.director = &director;
  parts.listener = &listener;
  parts.wakeup = &wakeup;
  parts.devices = &table;
  parts.parameters = loaded->parameters;
  parts.service_guid = parameters.service_guid;
  parts.ports = ports.facts;
  for (std::uint32_t i = 0; i < options.shards; ++i) {
    OneShard& one = shards[i];
    one.shard = std::make_unique<Shard>(parameters, ShardId(i), &one.fabric->shard_memory());
    one.reactor = std::make_unique<ShardReactor>(
        ShardParts{ShardId(i), one.shard.get(), one.fabric.get(), one.engine.get()},
        options.poll_budget, wakeup);
    one.stores->SetReactor(one.reactor.get());
    failed = one.reactor->Start();
    if (!failed.empty()) return Fail(kExitFailed, failed);
    parts.shards.push_back(one.reactor.get());
  }
  DirectorReactor reactor(parts);
  failed = reactor.Start();
  if (!failed.empty()) return Fail(kExitFailed, failed);
  RunningShards running(shards);
  running.Start();
  for (admin::Request& request : config::ToRequests(configuration, *units)) {
    failed = reactor.Apply(std::move(request));
    if (!failed.empty()) {
      return Fail(kExitConfiguration, options.sources.scst_conf + ": " + failed);
    }
  }

  Result<std::unique_ptr<AdminServer>, std::string> server =
      AdminServer::Serve(std::move(socket.value()), reactor);
  if (!server.ok()) return Fail(kExitFailed, server.error());
  reactor.SetAdminServer(server.value().get());
  const std::uint16_t port = loaded->parameters.rdma_cm_port;
  if (port == 0) {
    spdlog::warn("rdma_cm_port is 0: nobody can log in through RDMA/CM");
  } else {
    failed = listener.Listen(port);
    if (!failed.empty()) return Fail(kExitFailed, failed);
  }
  std::fprintf(stderr,
               "srpt ready: rdma_cm_port %u, service GUID %016llx, shards %u, poll budget %u\n",
               unsigned{port}, static_cast<unsigned long long>(parameters.service_guid),
               options.shards, options.poll_budget);
  const int status = reactor.Run();
  running.Stop(status);
  spdlog::info("srpt ends with status {}", status);
  return status;
}

}  // namespace srpt::target
