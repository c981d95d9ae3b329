#include "target/verbs/shard_connections.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "target/verbs/cm_context.h"
#include "target/verbs/seam.h"

namespace srpt::target {
namespace {

constexpr char kGaveUp[] = "the initiator gave up";

}  // namespace

ShardConnections::ShardConnections(Datapath& datapath, ShardMemory& memory,
                                   std::vector<Connection>& connections, IdDestroyer& ids)
    : datapath_(datapath), memory_(memory), connections_(connections), ids_(ids) {}

ShardConnections::~ShardConnections() {
  // The kernel sends a DREQ or a REJ for whatever is still open.
  for (Connection& connection : connections_) {
    if (connection.cm == nullptr) continue;
    rdma_cm_id* const cm = connection.cm;
    datapath_.Close(connection);
    ids_.Destroy(cm);
  }
  for (auto& [conn, request] : requests_) ids_.Destroy(request.cm);
  ids_.Finish();  // The event channel goes next.
}

Connection* ShardConnections::Find(ChannelId channel) {
  if (channel.slot() >= connections_.size()) return nullptr;
  Connection& connection = connections_[channel.slot()];
  return connection.id == channel && connection.cm != nullptr ? &connection : nullptr;
}

// --- Actions ------------------------------------------------------------------------------------

void ShardConnections::Take(const ConnectionRequest& request) {
  const auto ended = ended_early_.find(request.conn.v);
  if (ended == ended_early_.end()) {
    requests_[request.conn.v] = request;
    return;
  }
  spdlog::info("connection request {} is gone: {}", request.conn.v, verbs::TextOf(ended->second));
  ended_early_.erase(ended);
  ids_.Destroy(request.cm);
  owed_gone_.push_back(request.conn);
}

void ShardConnections::FailAccept(const action::Accept& accept, const char* reason,
                                  bool sq_refused) {
  failed_accepts_.push_back({accept.conn, {accept.channel, reason, sq_refused}});
}

void ShardConnections::Carry(const action::Accept& accept) {
  const auto found = requests_.find(accept.conn.v);
  if (found == requests_.end()) return FailAccept(accept, kGaveUp, false);
  const ConnectionRequest request = found->second;
  SRPT_CHECK(accept.channel.slot() < connections_.size());
  Connection& connection = connections_[accept.channel.slot()];
  SRPT_CHECK(connection.cm == nullptr);
  connection.cm = request.cm;
  connection.device = request.device;
  bool sq_refused = false;
  if (const char* failed = datapath_.Open(connection, accept, sq_refused)) {
    connection = Connection();
    return FailAccept(accept, failed,
                      sq_refused);  // It stays: core tries again or rejects it.
  }
  request.cm->context = cm_context::Of(accept.channel);
  rdma_conn_param param{};
  param.private_data = accept.login_rsp.data();
  param.private_data_len = static_cast<std::uint8_t>(accept.login_rsp.size());
  // How many RDMA READs we may have open; it never answers any of the peer's.
  param.initiator_depth = std::min(accept.rdma_read_depth, request.read_depth);
  param.responder_resources = 0;
  param.retry_count = 7;
  // [R-CM-01]
  param.rnr_retry_count = 7;
  if (verbs::Accept(request.cm, &param) != 0) {
    spdlog::warn("rdma_accept: {}", std::strerror(errno));
    datapath_.Close(connection);
    memory_.ForgetChannel(accept.channel);
    connection = Connection();
    request.cm->context = cm_context::Of(accept.conn);
    return FailAccept(accept, "the connection could not be accepted", false);
  }
  requests_.erase(found);
  ++open_;
}

void ShardConnections::Carry(const action::Reject& reject) {
  const auto found = requests_.find(reject.conn.v);
  if (found == requests_.end()) return;
  rdma_cm_id* const cm = found->second.cm;
  requests_.erase(found);
  verbs::Reject(cm, reject.length == 0 ? nullptr : reject.private_data.data(), reject.length);
  ids_.Destroy(cm);
}

void ShardConnections::Carry(const action::NotifyEstablished& notify) {
  Connection* const connection = Find(notify.channel);
  if (connection == nullptr || connection->established) return;
  connection->established = true;
  verbs::Notify(connection->cm, IBV_EVENT_COMM_EST);
}

void ShardConnections::Carry(const action::Disconnect& disconnect) {
  Connection* const connection = Find(disconnect.channel);
  if (connection == nullptr) return;  // Its accept failed: AcceptFailed is on its way to core.
  const bool asked = !connection->dead && verbs::Disconnect(connection->cm) == 0;
  datapath_.Break(*connection);
  datapath_.EndReceives(*connection);
  // The CM answers only if it asked the peer: not if the peer asked first, nor before RTU.
  if (!asked || connection->disconnected || !connection->established) {
    connection->disconnected = true;
    owed_.emplace_back(event::Disconnected{disconnect.channel});
  }
}

void ShardConnections::Carry(const action::DestroyQp& destroy) {
  Connection* const connection = Find(destroy.channel);
  SRPT_CHECK(connection != nullptr);
  rdma_cm_id* const cm = connection->cm;
  datapath_.Close(*connection);
  ids_.Destroy(cm);
  --open_;
  owed_.emplace_back(event::QpDestroyed{destroy.channel});
}

std::size_t ShardConnections::DeliverOwed(EventSink& sink) {
  std::size_t delivered = 0;
  for (; !owed_gone_.empty(); ++delivered) {
    const ConnId conn = owed_gone_.front();
    owed_gone_.pop_front();
    sink.OnConnectionGone(conn);
  }
  for (; !failed_accepts_.empty(); ++delivered) {
    FailedAccept failed = failed_accepts_.front();
    failed_accepts_.pop_front();
    // A request that was withdrawn gets no queue pair, however short: the CM has said so meanwhile.
    if (!requests_.contains(failed.conn.v)) {
      failed.event.reason = kGaveUp;
      failed.event.sq_refused = false;
    }
    sink.OnEvent(ShardEvent(failed.event));
  }
  for (; !owed_.empty(); ++delivered) {
    const ShardEvent event = std::move(owed_.front());
    owed_.pop_front();
    sink.OnEvent(event);
  }
  return delivered;
}

// --- Events -------------------------------------------------------------------------------------

std::size_t ShardConnections::Poll(EventSink& sink) {
  std::size_t seen = 0;
  for (rdma_cm_event* raw = nullptr; verbs::GetCmEvent(channel_.get(), &raw) == 0; ++seen) {
    const rdma_cm_event event = *raw;
    const void* const context = event.id->context;
    verbs::AckCmEvent(raw);  // Destroying the id waits for this.
    if (context == cm_context::Nobody()) continue;
    if (cm_context::IsRequest(context)) {
      OnRequestEvent(event.event, cm_context::RequestOf(context), sink);
    } else {
      OnChannelEvent(event.event, event.status, cm_context::ChannelOf(context), sink);
    }
  }
  for (const DeviceIndex device : std::exchange(failed_devices_, {})) {
    for (Connection& connection : connections_) {
      if (connection.cm == nullptr || connection.device != device) continue;
      ReportDead(connection, sink);
      ++seen;
    }
  }
  return seen + DeliverOwed(sink);
}

// It ended before it was accepted.
void ShardConnections::OnRequestEvent(rdma_cm_event_type type, ConnId conn, EventSink& sink) {
  const auto found = requests_.find(conn.v);
  if (found == requests_.end()) {
    ended_early_.emplace(conn.v, type);
    return;
  }
  spdlog::info("connection request {} is gone: {}", conn.v, verbs::TextOf(type));
  rdma_cm_id* const cm = found->second.cm;
  requests_.erase(found);
  ids_.Destroy(cm);
  sink.OnConnectionGone(conn);
}

void ShardConnections::ReportDisconnected(Connection& connection, EventSink& sink) {
  if (connection.disconnected) return;
  connection.disconnected = true;
  sink.OnEvent(ShardEvent(event::Disconnected{connection.id}));
}

// Nothing was connected, or nothing is there any more: there is no timewait to wait for.
void ShardConnections::ReportDead(Connection& connection, EventSink& sink) {
  if (connection.dead) return;  // A device that failed is removed too, as a rule.
  const ChannelId channel = connection.id;
  connection.dead = true;
  datapath_.Break(connection);
  ReportDisconnected(connection, sink);
  if (Find(channel) != nullptr) sink.OnEvent(ShardEvent(event::TimewaitOver{channel}));
}

void ShardConnections::OnChannelEvent(rdma_cm_event_type type, int status, ChannelId channel,
                                      EventSink& sink) {
  Connection* const connection = Find(channel);
  if (connection == nullptr) return;  // Destroyed while the event was on its way.
  spdlog::debug("channel {}: {} (status {})", channel.slot(), verbs::TextOf(type), status);
  switch (type) {
    case RDMA_CM_EVENT_ESTABLISHED:
      connection->established = true;
      sink.OnEvent(ShardEvent(event::Established{channel}));
      return;
    case RDMA_CM_EVENT_DISCONNECTED:
      ReportDisconnected(*connection, sink);
      return;
    case RDMA_CM_EVENT_TIMEWAIT_EXIT:
      sink.OnEvent(ShardEvent(event::TimewaitOver{channel}));
      return;
    // [R-CM-05]
    case RDMA_CM_EVENT_DEVICE_REMOVAL:
      sink.OnDeviceGone(connection->device);
      [[fallthrough]];
    case RDMA_CM_EVENT_CONNECT_ERROR:
    case RDMA_CM_EVENT_UNREACHABLE:
    case RDMA_CM_EVENT_REJECTED:
      ReportDead(*connection, sink);
      return;
    // [R-FAULT-26, R-CM-06]
    case RDMA_CM_EVENT_ADDR_CHANGE:
      spdlog::warn("channel {}: our address moved to another device; dropping it", channel.slot());
      ReportDisconnected(*connection, sink);
      return;
    default:
      spdlog::debug("channel {}: {} means nothing here", channel.slot(), verbs::TextOf(type));
      return;
  }
}

}  // namespace srpt::target
