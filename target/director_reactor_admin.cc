// What administrators ask: of the director through events, of the daemon directly.
#include <spdlog/spdlog.h>

#include <optional>
#include <utility>

#include "target/director_reactor.h"
#include "target/reactor_time.h"

namespace srpt::target {
namespace {

const char* ToString(admin::Status status) {
  switch (status) {
    case admin::Status::kOk:
      return "done";
    case admin::Status::kNotFound:
      return "not found";
    case admin::Status::kExists:
      return "exists already";
    case admin::Status::kInvalid:
      return "invalid";
    case admin::Status::kBusy:
      return "in use";
  }
  return "?";
}

}  // namespace

void DirectorReactor::Submit(AdminId id, admin::Request request) {
  OnEvent(DirectorEvent(event::AdminRequested{id, std::move(request)}));
}

std::string DirectorReactor::Apply(admin::Request request) {
  applying_ = AdminId(next_admin_++);
  refusal_.clear();
  now_ = Now();
  Submit(applying_, std::move(request));
  while (applying_.v != 0) {
    Round();
    for (ShardReactor* shard : parts_.shards) {
      if (!shard->has_thread()) shard->Round();
    }
  }
  return refusal_;
}

void DirectorReactor::Carry(const action::AdminDone& action) {
  answers_.Push({action.id, action.status, std::string(action.text)});
}

std::size_t DirectorReactor::AnswerAdmin() {
  std::size_t answered = 0;
  for (; !answers_.empty(); ++answered) {
    const AdminAnswer answer = answers_.Pop();
    if (answer.id == applying_) {
      applying_ = AdminId(0);
      if (answer.status != admin::Status::kOk) {
        refusal_ = answer.text.empty() ? ToString(answer.status) : answer.text;
      }
    } else if (admin_ != nullptr) {
      admin_->OnAdminDone(answer.id, answer.status, answer.text);
    }
  }
  return answered;
}

const ShardFacts& DirectorReactor::Facts(ShardId shard) const {
  Known& known = known_.at(shard.v);
  if (known.facts == nullptr || known.at != now_) {
    known.facts = &parts_.shards[shard.v]->Facts();
    known.at = now_;
  }
  return *known.facts;
}

std::vector<ChannelInfo> DirectorReactor::Channels(ShardId shard) const {
  return Facts(shard).channels;
}

std::vector<DeviceFacts> DirectorReactor::Devices() const {
  std::vector<DeviceFacts> facts;
  for (const DeviceTable::Entry& entry : parts_.devices->entries()) {
    facts.push_back({entry.id, entry.device, entry.bytes});
  }
  return facts;
}

std::vector<std::pair<std::string, std::uint64_t>> DirectorReactor::Counters() const {
  ShardFacts all;
  for (std::uint32_t i = 0; i < parts_.shards.size(); ++i) {
    const ShardFacts& one = Facts(ShardId(i));
    all.counters.rounds += one.counters.rounds;
    all.counters.empty_rounds += one.counters.empty_rounds;
    all.counters.sleeps += one.counters.sleeps;
    all.counters.completions += one.counters.completions;
    all.counters.storage_operations += one.counters.storage_operations;
    all.counters.connection_events += one.counters.connection_events;
    all.counters.shard_steps += one.counters.shard_steps;
    all.copied_transfers += one.copied_transfers;
    all.srq_limit_events += one.srq_limit_events;
    all.open_connections += one.open_connections;
    all.free_data_buffers += one.free_data_buffers;
    all.active_commands += one.active_commands;
  }
  return {
      {"rounds", all.counters.rounds},
      {"empty_rounds", all.counters.empty_rounds},
      {"sleeps", all.counters.sleeps},
      {"completions", all.counters.completions},
      {"storage_operations", all.counters.storage_operations},
      {"connection_events", all.counters.connection_events + connection_events_},
      {"shard_steps", all.counters.shard_steps},
      {"director_steps", steps_},
      {"copied_transfers", all.copied_transfers},
      {"srq_limit_events", all.srq_limit_events},
      {"open_connections", all.open_connections},
      {"free_data_buffers", all.free_data_buffers},
      {"active_commands", all.active_commands},
  };
}

void DirectorReactor::OpenDevice(AdminId id, const config::Device& device) {
  opener_.Open(id, device, parts_.devices->shards());
}

void DirectorReactor::AddOpenedDevices() {
  while (std::optional<DeviceOpener::Opened> opened = opener_.Take()) {
    OpenedStores& stores = opened->stores;
    const Result<scsi::LuView, std::string> unit =
        stores.ok() ? parts_.devices->Add(opened->device, std::move(stores.value()))
                    : Err{stores.error()};
    admin_->OnDeviceOpened(opened->id, unit);
  }
}

void DirectorReactor::ForgetDevice(LuId id) { parts_.devices->Close(id); }

Result<std::uint64_t, std::string> DirectorReactor::ResizeDevice(const std::string& name,
                                                                 std::uint64_t bytes) {
  return parts_.devices->Resize(name, bytes);
}

}  // namespace srpt::target
