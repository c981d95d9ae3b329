#include "conformance/arms/sim_arm.h"

#include <algorithm>
#include <sstream>
#include <string_view>
#include <utility>

namespace srpt::arms {
namespace {

// How long Close waits for the end of a disconnect before it lets go anyway.
constexpr Duration kCloseWait = Seconds(5);

sim::WorldOptions ToWorld(const SimOptions& options) {
  sim::WorldOptions out;
  out.seed = options.seed;
  out.parameters.service_guid = options.service_guid;
  out.parameters.use_srq = options.srq_size != 0;
  if (options.srq_size != 0) out.parameters.srpt_srq_size = options.srq_size;
  out.parameters.shards = options.shards;
  if (options.data_buffers != 0) out.parameters.data_buffers_per_shard = options.data_buffers;
  if (options.sq_size != 0) out.parameters.srpt_sq_size = options.sq_size;
  if (options.max_rdma_size != 0) out.parameters.srp_max_rdma_size = options.max_rdma_size;
  out.sweep_every = 1;  // These runs are short: look at everything after each step.
  for (const SimDisk& disk : options.disks) {
    const auto handler =
        disk.handler == "vdisk_nullio" ? scsi::HandlerKind::kNullio : scsi::HandlerKind::kFileio;
    sim::DiskOptions to;
    to.name = disk.name;
    to.handler = handler;
    to.block_bytes = disk.block_bytes;
    to.blocks = disk.blocks;
    out.disks.push_back(to);
  }
  return out;
}

// "10.0.0.1" mapped into IPv6. Empty: 10.0.0.1.
std::optional<PeerAddress> ParseIpv4(const std::string& text) {
  PeerAddress out;
  out.bytes[10] = 0xff;
  out.bytes[11] = 0xff;
  std::istringstream in(text.empty() ? "10.0.0.1" : text);
  for (std::size_t i = 0; i < 4; ++i) {
    unsigned part = 256;
    if (i > 0 && in.get() != '.') return std::nullopt;
    if (!(in >> part) || part > 255) return std::nullopt;
    out.bytes[12 + i] = static_cast<std::uint8_t>(part);
  }
  return out;
}

Event::Kind ToKind(sim::PeerEvent::Kind kind) {
  using From = sim::PeerEvent::Kind;
  switch (kind) {
    case From::kConnected:
      return Event::Kind::kConnected;
    case From::kRejected:
      return Event::Kind::kRejected;
    case From::kUnreachable:
      return Event::Kind::kUnreachable;
    case From::kIu:
      return Event::Kind::kIu;
    case From::kSendFailed:
      return Event::Kind::kSendFailed;
    case From::kQpError:
      return Event::Kind::kQpError;
    case From::kDisconnected:
      return Event::Kind::kDisconnected;
  }
  return Event::Kind::kDisconnected;
}

std::string_view Name(admin::Status status) {
  switch (status) {
    case admin::Status::kOk:
      return "ok";
    case admin::Status::kNotFound:
      return "not found";
    case admin::Status::kExists:
      return "exists";
    case admin::Status::kInvalid:
      return "invalid";
    case admin::Status::kBusy:
      return "busy";
  }
  return "unknown status";
}

std::optional<sim::FaultKind> FaultOf(std::string_view name) {
  for (std::size_t i = 0; i < sim::kFaultKinds; ++i) {
    const auto kind = static_cast<sim::FaultKind>(i);
    if (sim::ToString(kind) == name) return kind;
  }
  return std::nullopt;
}

sim::Region ToSim(const Region& region) { return {region.va, region.rkey, region.bytes}; }

}  // namespace

SimArm::SimArm(const SimOptions& options) : world_(ToWorld(options)), host_(world_.NewHost()) {}

Result<ConnectionId, std::string> SimArm::Connect(const ConnectOptions& options) {
  const auto source = ParseIpv4(options.source);
  if (!source) return Err{"'" + options.source + "' is not an IPv4 address"};
  sim::ConnectOptions to;
  to.form = options.native_cm ? LoginForm::kIbCm : LoginForm::kRdmaCm;
  to.private_data = options.private_data;
  to.source = *source;
  to.host = host_;
  to.initiator_depth = options.responder_resources;
  to.receives = options.receives;
  to.receive_bytes = options.receive_bytes;
  const ConnectionId id(++last_connection_);
  to.lineage = sim::Lineage{}.Child(id.v);
  connections_[id].peer = world_.Connect(to);
  return id;
}

SimArm::Connection* SimArm::Find(ConnectionId connection) {
  const auto it = connections_.find(connection);
  return it == connections_.end() ? nullptr : &it->second;
}

std::optional<Event> SimArm::NextEvent(ConnectionId connection, Duration within) {
  Connection* found = Find(connection);
  if (found == nullptr || found->closed) return std::nullopt;
  auto from = world_.NextEvent(found->peer, within);
  if (!from) return std::nullopt;
  Event event;
  event.kind = ToKind(from->kind);
  event.bytes = std::move(from->bytes);
  event.reason = from->reason;
  event.solicited = from->solicited;
  using Kind = sim::PeerEvent::Kind;
  found->closed = from->kind == Kind::kDisconnected || from->kind == Kind::kRejected ||
                  from->kind == Kind::kUnreachable;
  return event;
}

bool SimArm::Send(ConnectionId connection, Bytes iu, bool solicited) {
  Connection* found = Find(connection);
  return found != nullptr && !found->closed && world_.Send(found->peer, iu, solicited);
}

void SimArm::Disconnect(ConnectionId connection) {
  Connection* found = Find(connection);
  if (found != nullptr && !found->closed) world_.Disconnect(found->peer);
}

void SimArm::Close(ConnectionId connection) {
  Connection* found = Find(connection);
  if (found == nullptr) return;
  if (!found->closed) {
    world_.Disconnect(found->peer);
    const Time until = world_.now() + kCloseWait;
    while (!found->closed && world_.now() < until && NextEvent(connection, kCloseWait)) {
    }
  }
  connections_.erase(connection);
}

Result<Region, std::string> SimArm::Register(ConnectionId connection, std::uint32_t bytes,
                                             std::uint32_t rights) {
  static_assert(access::kRemoteRead == sim::access::kRemoteRead);
  static_assert(access::kRemoteWrite == sim::access::kRemoteWrite);
  if (Find(connection) == nullptr) return Err{std::string("no such connection")};
  const sim::Region region = world_.Register(host_, bytes, rights);
  return Region{region.va, region.rkey, region.bytes};
}

void SimArm::Deregister(const Region& region) { world_.Deregister(region.rkey); }

bool SimArm::WriteMemory(const Region& region, std::uint64_t offset, Bytes bytes) {
  return world_.WriteMemory(ToSim(region), offset, bytes);
}

bool SimArm::ReadMemory(const Region& region, std::uint64_t offset, MutableBytes bytes) const {
  return world_.ReadMemory(ToSim(region), offset, bytes);
}

Time SimArm::Now() const { return world_.now(); }

void SimArm::Sleep(Duration duration) { world_.RunFor(duration); }

std::string SimArm::Admin(admin::Request request) {
  const auto answer = world_.Admin(std::move(request));
  if (!answer) return "no answer";
  if (answer->status == admin::Status::kOk) return "";
  return std::string(Name(answer->status)) + ": " + answer->text;
}

bool SimArm::Inject(std::string_view fault, std::uint32_t count) {
  const auto kind = FaultOf(fault);
  if (!kind) return false;
  world_.Inject(*kind, count);
  return true;
}

bool SimArm::Befall(std::string_view fault, Duration length, std::optional<std::uint32_t> shard) {
  const auto kind = FaultOf(fault);
  if (!kind || *kind < sim::FaultKind::kPortDown || *kind > sim::FaultKind::kPowerLoss)
    return false;
  world_.Befall(*kind, length, shard);
  return true;
}

void SimArm::Vanish(ConnectionId connection) {
  Connection* found = Find(connection);
  if (found == nullptr) return;
  world_.Vanish(found->peer);
  found->closed = true;
}

void SimArm::PostReceives(ConnectionId connection, std::uint32_t count) {
  Connection* found = Find(connection);
  if (found != nullptr) world_.PostReceives(found->peer, count);
}

std::optional<std::uint32_t> SimArm::ShardOf(ConnectionId connection) {
  Connection* found = Find(connection);
  return found == nullptr ? std::nullopt : world_.ShardOf(found->peer);
}

std::vector<std::uint8_t> SimArm::Peek(std::string_view disk, std::uint64_t offset,
                                       std::uint32_t bytes) {
  const sim::Disk* found = world_.disk(disk);
  if (found == nullptr || offset > found->bytes() || bytes > found->bytes() - offset) return {};
  std::vector<std::uint8_t> out(bytes);
  found->Peek(offset, out);
  return out;
}

std::vector<SessionState> SimArm::Sessions() const {
  std::vector<SessionState> out;
  for (const SessionInfo& session : world_.director().Sessions()) {
    SessionState state;
    state.target = session.target;
    state.name = session.name;
    state.initiator_port = session.initiator_port;
    state.channels = static_cast<std::uint32_t>(session.channels.size());
    for (const SessionChannel& of : session.channels) {
      for (const ChannelInfo& info : world_.shard(of.shard.v).Channels()) {
        if (info.channel != of.channel) continue;
        state.req_lim += info.req_lim;
        state.active_commands += info.active_commands;
        state.commands += info.counters.commands;
      }
    }
    out.push_back(state);
  }
  return out;
}

}  // namespace srpt::arms
