// For tests: an AdminHost that is a real director and one shard that does as it is told. One
// target, devices disk0 (LUN 0) and null0, an ALUA group, and Login() for sessions.
#ifndef TARGET_ADMIN_FAKE_HOST_H_
#define TARGET_ADMIN_FAKE_HOST_H_

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/base/check.h"
#include "core/wire/login_req.h"
#include "target/admin/host.h"
#include "target/config/to_core.h"

namespace srpt::target {

inline constexpr char kFakeTarget[] = "fe80:0000:0000:0000:0000:00ff:fe00:0101";

class FakeHost : public AdminHost {
 public:
  static constexpr std::uint64_t kGuid = 0x5e0;

  FakeHost() {
    Parameters core;
    core.service_guid = kGuid;
    director_ = std::make_unique<Director>(
        core, std::vector<TargetPort>{{TargetPortId(0), kFakeTarget, 1, true}});
    for (const char* name : {"disk0", "null0"}) {
      config::Device device;
      device.name = name;
      if (name == std::string("disk0")) device.filename = "/srv/disk0.img";
      if (name == std::string("null0")) device.handler = scsi::HandlerKind::kNullio;
      device.size_bytes = 1 << 20;
      const auto unit = AddDevice(device);
      SRPT_CHECK(unit.ok());
      Apply(admin::AddLu{*unit});
    }
    Apply(admin::AddLun{kFakeTarget, "", LunNumber(0), "disk0", false});
    Apply(admin::AddDeviceGroup{"dg"});
    Apply(admin::AddDeviceToGroup{"dg", "disk0"});
    Apply(admin::AddTargetGroup{"dg", "tg", 1});
    Apply(admin::AddTargetToGroup{"dg", "tg", kFakeTarget, 0});
  }

  // A session of initiator n with one channel.
  void Login(std::uint8_t n) {
    wire::LoginReq req;
    req.req_it_iu_len = 8260;
    req.req_buf_fmt = wire::kBufFmtDirect | wire::kBufFmtIndirect;
    req.initiator_port.bytes[15] = n;
    for (std::size_t half : {7u, 15u}) req.target_port.bytes[half] = kGuid & 0xff;
    for (std::size_t half : {6u, 14u}) req.target_port.bytes[half] = kGuid >> 8;
    std::vector<std::uint8_t> bytes(wire::kLoginReqCmBytes);
    wire::SerializeLoginReqCm(req, bytes);
    event::LoginRequested login;
    login.conn = ConnId(++last_conn_);
    login.source.bytes = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, n};
    login.rdma_read_depth = 4;
    login.private_data = bytes;
    Give(login);
  }

  // While true, AdminDone is kept back; Release() hands it on.
  bool hold = false;
  std::function<void(AdminId, admin::Status, std::string)> on_done;
  void Release() {
    hold = false;
    while (!held_.empty()) {
      const Done done = held_.front();
      held_.pop_front();
      if (on_done) on_done(done.id, done.status, done.text);
    }
  }
  std::size_t held() const { return held_.size(); }
  // While true, opens are kept back; ReleaseOpens() tells their end.
  bool hold_opens = false;
  std::function<void(AdminId, const Result<scsi::LuView, std::string>&)> on_opened;
  void ReleaseOpens() {
    hold_opens = false;
    for (const auto& [id, device] : std::exchange(held_opens_, {})) OpenDevice(id, device);
  }
  std::vector<std::string> forgotten;  // ForgetDevice's.
  std::vector<ChannelInfo> channels;

  // --- AdminHost --------------------------------------------------------------------------------
  void Submit(AdminId id, admin::Request request) override {
    Give(event::AdminRequested{id, std::move(request)});
  }
  const Director& director() const override { return *director_; }
  std::uint32_t shard_count() const override { return 1; }
  std::vector<ChannelInfo> Channels(ShardId) const override { return channels; }
  std::vector<PortFacts> Ports() const override {
    PortFacts port;
    port.id = TargetPortId(0);
    port.device = "rxe0";
    port.link_layer = "Ethernet";
    port.comp_v_mask = 0xa;
    port.comp_vectors = {3};
    port.gid = {0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xfe, 0, 1, 1};
    return {port};
  }
  std::vector<DeviceFacts> Devices() const override { return devices_; }
  const config::IbSrptParameters& parameters() const override { return parameters_; }
  std::uint64_t service_guid() const override { return kGuid; }
  std::vector<std::pair<std::string, std::uint64_t>> Counters() const override {
    return {{"rounds", 42}};
  }
  void OpenDevice(AdminId id, const config::Device& device) override {
    if (hold_opens) {
      held_opens_.emplace_back(id, device);
    } else {
      on_opened(id, AddDevice(device));
    }
  }
  Result<scsi::LuView, std::string> AddDevice(const config::Device& device) {
    if (device.filename == "/absent") return Err{std::string("cannot open /absent")};
    const LuId id(next_lu_++);
    const std::uint64_t bytes = device.size_bytes != 0 ? device.size_bytes : 1 << 20;
    devices_.push_back({id, device, bytes});
    return config::ToLuView(device, 0, id, bytes, false);
  }
  void ForgetDevice(LuId id) override {
    for (std::size_t i = 0; i < devices_.size(); ++i) {
      if (devices_[i].id != id) continue;
      forgotten.push_back(devices_[i].device.name);
      devices_.erase(devices_.begin() + static_cast<std::ptrdiff_t>(i));
      return;
    }
  }
  Result<std::uint64_t, std::string> ResizeDevice(const std::string& name,
                                                  std::uint64_t bytes) override {
    for (DeviceFacts& device : devices_) {
      if (device.device.name != name) continue;
      if (bytes != 0) device.bytes = bytes;
      return device.bytes / 512;
    }
    return Err{"device " + name + " does not exist"};
  }

 private:
  struct Done {
    AdminId id;
    admin::Status status;
    std::string text;
  };

  void Apply(admin::Request request) {
    auto refused = std::exchange(on_done, [](AdminId, admin::Status status, std::string) {
      SRPT_CHECK(status == admin::Status::kOk);
    });
    Submit(AdminId(1), std::move(request));
    on_done = std::move(refused);
  }

  // Steps the director until it has nothing left to do, the shard answering at once.
  void Give(const DirectorEvent& event) {
    Step(event);
    while (!to_director_.empty() || director_->NextDeadline() <= now_) {
      if (to_director_.empty()) {
        Step(event::DeadlineReached{});
        continue;
      }
      const message::ToDirector message = to_director_.front();
      to_director_.pop_front();
      Step(event::FromShard{ShardId(0), message});
    }
  }
  void Step(const DirectorEvent& event) {
    actions_->Clear();
    director_->Step(now_, event, *actions_);
    std::deque<Done> done;
    for (const Action& action : *actions_) {
      if (const auto* to_shard = std::get_if<action::ToShard>(&action)) {
        OnMessage(to_shard->message);
      } else if (const auto* ended = std::get_if<action::AdminDone>(&action)) {
        done.push_back({ended->id, ended->status, std::string(ended->text)});
      } else if (const auto* release = std::get_if<action::ReleaseLu>(&action)) {
        ForgetDevice(release->lu);
      }
    }
    // The actions are done with: what follows may bring the next Step.
    for (const Done& d : done) {
      if (hold) {
        held_.push_back(d);
      } else if (on_done) {
        on_done(d.id, d.status, d.text);
      }
    }
  }
  void OnMessage(const message::ToShard& message) {
    if (const auto* open = std::get_if<message::OpenChannel>(&message)) {
      ChannelInfo channel;
      channel.channel = ChannelId::Make(static_cast<std::uint32_t>(channels.size()), 1);
      channel.nexus = open->nexus;
      channel.state = ChannelState::kLive;
      channel.req_lim = open->credits;
      channel.counters.commands = 10;
      channel.counters.read_bytes = 4096;
      channels.push_back(channel);
      to_director_.push_back(message::ChannelOpened{open->conn, channel.nexus, channel.channel});
      to_director_.push_back(message::ChannelLive{channel.nexus, channel.channel});
    } else if (const auto* close = std::get_if<message::CloseChannel>(&message)) {
      for (const ChannelInfo& channel : channels) {
        if (channel.channel != close->channel) continue;
        to_director_.push_back(message::ChannelClosed{channel.nexus, channel.channel});
      }
    } else if (const auto* retire = std::get_if<message::RetireLu>(&message)) {
      to_director_.push_back(message::LuIdle{retire->lu});
    }
  }

  std::unique_ptr<Director> director_;
  const Time now_{1};
  config::IbSrptParameters parameters_;
  std::vector<DeviceFacts> devices_;
  std::deque<message::ToDirector> to_director_;
  std::deque<Done> held_;
  std::vector<std::pair<AdminId, config::Device>> held_opens_;
  const std::unique_ptr<Actions> actions_ = std::make_unique<Actions>();
  std::uint32_t next_lu_ = 0;
  std::uint64_t last_conn_ = 0;
};

}  // namespace srpt::target

#endif  // TARGET_ADMIN_FAKE_HOST_H_
