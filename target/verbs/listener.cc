#include "target/verbs/listener.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "core/base/check.h"
#include "target/verbs/address.h"
#include "target/verbs/cm_context.h"
#include "target/verbs/seam.h"

namespace srpt::target {

Listener::~Listener() {
  // The kernel sends a REJ for whatever is still open.
  for (auto& [conn, pending] : pending_) ids_.Destroy(pending.cm);
  for (rdma_cm_id* id : listening_) ids_.Destroy(id);
  ids_.Finish();  // The event channel goes next.
}

void Listener::AddPort(const ListenerPort& port) {
  ports_.push_back(port);
  if (std::find(contexts_.begin(), contexts_.end(), port.context) != contexts_.end()) return;
  contexts_.push_back(port.context);
  const int flags = fcntl(port.context->async_fd, F_GETFL);
  fcntl(port.context->async_fd, F_SETFL, flags | O_NONBLOCK);
}

std::string Listener::Listen(std::uint16_t port) {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(port);
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  v6.sin6_addr = in6addr_any;
  // Two ids, because siw's kernel side answers only the family that it was asked for.
  std::string failed = ListenOn(reinterpret_cast<const sockaddr*>(&v4), false);
  if (failed.empty()) {
    failed = ListenOn(reinterpret_cast<const sockaddr*>(&v6), true);
    if (!failed.empty() && errno == EAFNOSUPPORT) {
      spdlog::warn("no IPv6 here: listening on IPv4 only");
      return "";
    }
  }
  return failed.empty() ? ""
                        : "cannot listen on rdma_cm_port " + std::to_string(port) + ": " + failed;
}

std::string Listener::ListenOn(const sockaddr* address, bool v6_only) {
  rdma_cm_id* id = nullptr;
  if (verbs::CreateId(channel_.get(), &id, nullptr, RDMA_PS_TCP) != 0)
    return Because("rdma_create_id");
  listening_.push_back(id);
  int on = 1;
  if (v6_only && verbs::SetOption(id, RDMA_OPTION_ID, RDMA_OPTION_ID_AFONLY, &on, sizeof on) != 0) {
    return Because("RDMA_OPTION_ID_AFONLY");
  }
  if (verbs::BindAddr(id, const_cast<sockaddr*>(address)) != 0) return Because("rdma_bind_addr");
  // [R-CM-09]
  if (verbs::Listen(id, kBacklog) != 0) return Because("rdma_listen");
  return "";
}

const ListenerPort* Listener::PortOf(const rdma_cm_id* id) const {
  for (const ListenerPort& port : ports_) {
    if (!port.gone && port.context == id->verbs && port.port == id->port_num) return &port;
  }
  return nullptr;
}

// No login comes through it any more.
void Listener::Leave(DeviceIndex device, const char* why) {
  for (ListenerPort& port : ports_) {
    if (port.device != device || port.gone) continue;
    port.gone = true;
    spdlog::error("{} port {} {}", verbs::NameOf(port.context), port.port, why);
  }
}

bool Listener::lost() const {
  return std::all_of(ports_.begin(), ports_.end(), [](const ListenerPort& p) { return p.gone; });
}

std::vector<int> Listener::fds() const {
  std::vector<int> fds = {channel_.fd()};
  for (const ibv_context* context : contexts_) fds.push_back(context->async_fd);
  return fds;
}

// --- Actions ------------------------------------------------------------------------------------

bool Listener::Carry(const action::Reject& reject) {
  const auto found = pending_.find(reject.conn.v);
  if (found == pending_.end()) return false;
  rdma_cm_id* const cm = found->second.cm;
  pending_.erase(found);
  verbs::Reject(cm, reject.length == 0 ? nullptr : reject.private_data.data(), reject.length);
  ids_.Destroy(cm);
  return true;
}

std::optional<ConnectionRequest> Listener::HandOver(ConnId conn, ShardId shard) {
  const auto found = pending_.find(conn.v);
  if (found == pending_.end()) return std::nullopt;
  const Pending pending = found->second;
  SRPT_CHECK(shard.v < shards_.size());
  if (verbs::MigrateId(pending.cm, shards_[shard.v]->get()) != 0) {
    spdlog::warn("connection request {} cannot move to shard {}: {}", conn.v, shard.v,
                 std::strerror(errno));
    return std::nullopt;  // The shard will not find it, and the director rejects it here.
  }
  pending_.erase(found);
  return ConnectionRequest{conn, pending.cm, pending.port->device, pending.read_depth};
}

// --- Events -------------------------------------------------------------------------------------

std::size_t Listener::PollConnections(ListenerSink& sink) {
  for (ibv_context* context : contexts_) PollAsync(context, sink);
  std::size_t seen = 0;
  for (rdma_cm_event* raw = nullptr; verbs::GetCmEvent(channel_.get(), &raw) == 0; ++seen) {
    const rdma_cm_event event = *raw;
    std::array<std::uint8_t, 256> private_data;
    std::size_t length = 0;
    if (event.event == RDMA_CM_EVENT_CONNECT_REQUEST && event.param.conn.private_data != nullptr) {
      length = event.param.conn.private_data_len;
      std::memcpy(private_data.data(), event.param.conn.private_data, length);
    }
    const void* const context = event.id->context;
    verbs::AckCmEvent(raw);
    if (context == cm_context::Nobody()) continue;
    if (event.event == RDMA_CM_EVENT_CONNECT_REQUEST) {
      OnRequest(event, Bytes(private_data.data(), length), sink);
    } else if (context == nullptr) {
      spdlog::warn("listener: {} (status {})", verbs::TextOf(event.event), event.status);
    } else {
      OnPendingEvent(event.event, cm_context::RequestOf(context), sink);
    }
  }
  return seen;
}

void Listener::OnRequest(const rdma_cm_event& event, Bytes private_data, ListenerSink& sink) {
  rdma_cm_id* const cm = event.id;
  const PeerAddress source = ToPeerAddress(verbs::PeerOf(cm));
  const ListenerPort* const port = PortOf(cm);
  if (port == nullptr || pending_.size() >= kLoginsPendingMax) {
    spdlog::warn("login from {} refused: {}", AddressText(source),
                 port == nullptr ? "it came through a port that srpt does not serve"
                                 : "too many logins at once");
    verbs::Reject(cm, nullptr, 0);
    ids_.Destroy(cm);
    return;
  }
  const ConnId conn(next_conn_++);
  const std::uint8_t read_depth = event.param.conn.initiator_depth;
  cm->context = cm_context::Of(conn);
  pending_[conn.v] = {cm, port, read_depth};
  event::LoginRequested login;
  login.conn = conn;
  login.port = port->id;
  login.form = LoginForm::kRdmaCm;
  login.iwarp = port->iwarp;
  login.source = source;
  login.rdma_read_depth = read_depth;
  login.private_data = private_data;
  sink.OnEvent(login);
}

void Listener::OnPendingEvent(rdma_cm_event_type type, ConnId conn, ListenerSink& sink) {
  const auto found = pending_.find(conn.v);
  if (found == pending_.end()) return;
  spdlog::info("connection request {} is gone: {}", conn.v, verbs::TextOf(type));
  rdma_cm_id* const cm = found->second.cm;
  pending_.erase(found);
  ids_.Destroy(cm);
  sink.OnEvent(event::ConnectionGone{conn});
}

// A device that failed is treated like one that was removed: if its driver resets it, it comes back
// as another one. [R-FAULT-26]
void Listener::OnDeviceFatal(const ibv_context* context, ListenerSink& sink) {
  for (const ListenerPort& port : ports_) {
    if (port.context != context || port.gone) continue;
    Leave(port.device, "failed");
    sink.OnDeviceFailed(port.device);
  }
}

// What is for the log only comes through the CM too (a device that goes, a path that moves) or as a
// failed work request. All must be taken: destroying a queue pair waits for its events.
void Listener::PollAsync(ibv_context* context, ListenerSink& sink) {
  ibv_async_event event;
  while (verbs::GetAsyncEvent(context, &event) == 0) {
    const char* const name = verbs::NameOf(context);
    switch (event.event_type) {
      case IBV_EVENT_DEVICE_FATAL:
        spdlog::error("{}: {}", name, verbs::TextOf(event.event_type));
        OnDeviceFatal(context, sink);
        break;
      // [R-FAULT-09]
      case IBV_EVENT_CQ_ERR:
        spdlog::error("{}: {}", name, verbs::TextOf(event.event_type));
        sink.OnQueueFailed(event.element.cq);
        break;
      case IBV_EVENT_SRQ_ERR:
        spdlog::error("{}: {}", name, verbs::TextOf(event.event_type));
        sink.OnQueueFailed(event.element.srq);
        break;
      case IBV_EVENT_SRQ_LIMIT_REACHED:
        sink.OnSharedLow(event.element.srq);
        break;
      case IBV_EVENT_PORT_ACTIVE:
      case IBV_EVENT_PORT_ERR:
      case IBV_EVENT_GID_CHANGE:
        spdlog::warn("{} port {}: {}", name, event.element.port_num,
                     verbs::TextOf(event.event_type));
        break;
      default:
        spdlog::debug("{}: {}", name, verbs::TextOf(event.event_type));
    }
    verbs::AckAsyncEvent(&event);
  }
}

}  // namespace srpt::target
