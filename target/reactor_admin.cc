// What administrators ask: of the director through events, of the daemon directly.
#include <spdlog/spdlog.h>

#include <optional>
#include <utility>

#include "target/reactor.h"
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

void Reactor::Submit(AdminId id, admin::Request request) {
  OnEvent(DirectorEvent(event::AdminRequested{id, std::move(request)}));
}

std::string Reactor::Apply(admin::Request request) {
  applying_ = AdminId(next_admin_++);
  refusal_.clear();
  now_ = Now();
  Submit(applying_, std::move(request));
  while (applying_.v != 0) Round();
  return refusal_;
}

void Reactor::Carry(const action::AdminDone& action) {
  answers_.Push({action.id, action.status, std::string(action.text)});
}

std::size_t Reactor::AnswerAdmin() {
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

std::vector<ChannelInfo> Reactor::Channels(ShardId shard) const {
  SRPT_CHECK(shard == ShardId(0));
  return parts_.shard->Channels();
}

std::vector<DeviceFacts> Reactor::Devices() const {
  std::vector<DeviceFacts> facts;
  for (const DeviceTable::Entry& entry : parts_.devices->entries()) {
    facts.push_back({entry.id, entry.device, entry.bytes});
  }
  return facts;
}

std::vector<std::pair<std::string, std::uint64_t>> Reactor::Counters() const {
  return {
      {"rounds", counters_.rounds},
      {"empty_rounds", counters_.empty_rounds},
      {"sleeps", counters_.sleeps},
      {"completions", counters_.completions},
      {"storage_operations", counters_.storage_operations},
      {"connection_events", counters_.connection_events},
      {"shard_steps", counters_.shard_steps},
      {"director_steps", counters_.director_steps},
      {"copied_transfers", parts_.storage->copied()},
      {"srq_limit_events", parts_.fabric->shared_low_events()},
      {"open_connections", parts_.fabric->open_connections()},
      {"free_data_buffers", parts_.shard->free_data_buffers()},
      {"active_commands", parts_.shard->active_commands()},
  };
}

void Reactor::OpenDevice(AdminId id, const config::Device& device) {
  opener_.Open(id, device, parts_.devices->engines());
}

void Reactor::AddOpenedDevices() {
  while (std::optional<DeviceOpener::Opened> opened = opener_.Take()) {
    OpenedStores& stores = opened->stores;
    const Result<scsi::LuView, std::string> unit =
        stores.ok() ? parts_.devices->Add(opened->device, std::move(stores.value()))
                    : Err{stores.error()};
    admin_->OnDeviceOpened(opened->id, unit);
  }
}

void Reactor::ForgetDevice(LuId id) { parts_.devices->Close(id); }

Result<std::uint64_t, std::string> Reactor::ResizeDevice(const std::string& name,
                                                         std::uint64_t bytes) {
  return parts_.devices->Resize(name, bytes);
}

}  // namespace srpt::target
