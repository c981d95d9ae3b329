#include "target/verbs/listener.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>

#include "target/verbs/address.h"
#include "target/verbs/seam.h"

namespace srpt::target {
namespace {

// rdma_cm_id::context says what an id is: a channel (even) or a connection request (odd).
void* ContextOf(ChannelId channel) {
  return std::bit_cast<void*>((std::uintptr_t{channel.v} << 1) + 2);
}
void* ContextOf(ConnId conn) {
  return std::bit_cast<void*>((static_cast<std::uintptr_t>(conn.v) << 1) | 1);
}
bool IsRequest(const void* context) { return reinterpret_cast<std::uintptr_t>(context) & 1; }
ConnId RequestOf(const void* context) {
  return ConnId(reinterpret_cast<std::uintptr_t>(context) >> 1);
}
ChannelId ChannelOf(const void* context) {
  return ChannelId(
      static_cast<std::uint32_t>((reinterpret_cast<std::uintptr_t>(context) - 2) >> 1));
}
static_assert(sizeof(void*) == 8, "a channel id and a tag fit a pointer");

std::string Because(const char* what) { return std::string(what) + ": " + std::strerror(errno); }

}  // namespace

Listener::Listener(Datapath& datapath, ShardMemory& memory, std::vector<Connection>& connections)
    : datapath_(datapath), memory_(memory), connections_(connections) {}

Listener::~Listener() {
  // The kernel sends a DREQ or a REJ for whatever is still open.
  for (Connection& connection : connections_) {
    if (connection.cm == nullptr) continue;
    rdma_cm_id* const cm = connection.cm;
    datapath_.Close(connection);
    verbs::DestroyId(cm);
  }
  for (auto& [conn, pending] : pending_) verbs::DestroyId(pending.cm);
  for (rdma_cm_id* id : listening_) verbs::DestroyId(id);
  if (channel_ != nullptr) verbs::DestroyEventChannel(channel_);
}

std::string Listener::Start() {
  channel_ = verbs::CreateEventChannel();
  if (channel_ == nullptr) return Because("cannot open an RDMA/CM event channel");
  const int flags = fcntl(channel_->fd, F_GETFL);
  if (flags < 0 || fcntl(channel_->fd, F_SETFL, flags | O_NONBLOCK) != 0) {
    return Because("cannot make the RDMA/CM event channel non-blocking");
  }
  return "";
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
  if (verbs::CreateId(channel_, &id, nullptr, RDMA_PS_TCP) != 0) return Because("rdma_create_id");
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
    if (port.context == id->verbs && port.port == id->port_num) return &port;
  }
  return nullptr;
}

void Listener::OnDeviceGone(const ibv_context* context) {
  for (ListenerPort& port : ports_) {
    if (port.context != context || port.gone) continue;
    port.gone = true;
    spdlog::error("{} port {} was removed", verbs::NameOf(context), port.port);
  }
}

bool Listener::lost() const {
  return std::all_of(ports_.begin(), ports_.end(), [](const ListenerPort& p) { return p.gone; });
}

Connection* Listener::Find(ChannelId channel) {
  if (channel.slot() >= connections_.size()) return nullptr;
  Connection& connection = connections_[channel.slot()];
  return connection.id == channel && connection.cm != nullptr ? &connection : nullptr;
}

// --- Actions ------------------------------------------------------------------------------------

void Listener::FailAccept(const action::Accept& accept, const char* reason, bool sq_refused) {
  owed_.emplace_back(event::AcceptFailed{accept.channel, reason, sq_refused});
}

void Listener::Carry(const action::Accept& accept) {
  const auto found = pending_.find(accept.conn.v);
  if (found == pending_.end()) return FailAccept(accept, "the initiator gave up", false);
  const Pending pending = found->second;
  SRPT_CHECK(accept.channel.slot() < connections_.size());
  Connection& connection = connections_[accept.channel.slot()];
  SRPT_CHECK(connection.cm == nullptr);
  connection.cm = pending.cm;
  connection.device = pending.port->device;
  bool sq_refused = false;
  if (const char* failed = datapath_.Open(connection, accept, sq_refused)) {
    connection = Connection();
    return FailAccept(accept, failed,
                      sq_refused);  // Still pending: core tries again or rejects it.
  }
  pending.cm->context = ContextOf(accept.channel);
  rdma_conn_param param{};
  param.private_data = accept.login_rsp.data();
  param.private_data_len = static_cast<std::uint8_t>(accept.login_rsp.size());
  // How many RDMA READs we may have open; it never answers any of the peer's.
  param.initiator_depth = std::min(accept.rdma_read_depth, pending.read_depth);
  param.responder_resources = 0;
  param.retry_count = 7;
  // [R-CM-01]
  param.rnr_retry_count = 7;
  if (verbs::Accept(pending.cm, &param) != 0) {
    spdlog::warn("rdma_accept: {}", std::strerror(errno));
    datapath_.Close(connection);
    memory_.ForgetChannel(accept.channel);
    connection = Connection();
    pending.cm->context = ContextOf(accept.conn);
    return FailAccept(accept, "the connection could not be accepted", false);
  }
  pending_.erase(found);
  ++open_;
}

void Listener::Carry(const action::Reject& reject) {
  const auto found = pending_.find(reject.conn.v);
  if (found == pending_.end()) return;
  rdma_cm_id* const cm = found->second.cm;
  pending_.erase(found);
  verbs::Reject(cm, reject.length == 0 ? nullptr : reject.private_data.data(), reject.length);
  verbs::DestroyId(cm);
}

void Listener::Carry(const action::NotifyEstablished& notify) {
  Connection* const connection = Find(notify.channel);
  if (connection == nullptr || connection->established) return;
  connection->established = true;
  verbs::Notify(connection->cm, IBV_EVENT_COMM_EST);
}

void Listener::Carry(const action::Disconnect& disconnect) {
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

void Listener::Carry(const action::DestroyQp& destroy) {
  Connection* const connection = Find(destroy.channel);
  SRPT_CHECK(connection != nullptr);
  rdma_cm_id* const cm = connection->cm;
  datapath_.Close(*connection);
  verbs::DestroyId(cm);
  --open_;
  owed_.emplace_back(event::QpDestroyed{destroy.channel});
}

std::size_t Listener::DeliverOwed(EventSink& sink) {
  std::size_t delivered = 0;
  for (; !owed_.empty(); ++delivered) {
    const ShardEvent event = std::move(owed_.front());
    owed_.pop_front();
    sink.OnEvent(event);
  }
  return delivered;
}

// --- Events -------------------------------------------------------------------------------------

std::size_t Listener::Poll(EventSink& sink) {
  std::size_t seen = 0;
  for (rdma_cm_event* raw = nullptr; verbs::GetCmEvent(channel_, &raw) == 0; ++seen) {
    const rdma_cm_event event = *raw;
    std::array<std::uint8_t, 256> private_data;
    std::size_t length = 0;
    if (event.event == RDMA_CM_EVENT_CONNECT_REQUEST && event.param.conn.private_data != nullptr) {
      length = event.param.conn.private_data_len;
      std::memcpy(private_data.data(), event.param.conn.private_data, length);
    }
    const void* const context = event.id->context;
    verbs::AckCmEvent(raw);
    if (event.event == RDMA_CM_EVENT_CONNECT_REQUEST) {
      OnRequest(event, Bytes(private_data.data(), length), sink);
    } else if (context == nullptr) {
      spdlog::warn("listener: {} (status {})", verbs::TextOf(event.event), event.status);
    } else if (IsRequest(context)) {
      OnPendingEvent(event.event, RequestOf(context), sink);
    } else {
      OnChannelEvent(event.event, event.status, ChannelOf(context), sink);
    }
  }
  return seen + DeliverOwed(sink);
}

void Listener::OnRequest(const rdma_cm_event& event, Bytes private_data, EventSink& sink) {
  rdma_cm_id* const cm = event.id;
  const PeerAddress source = ToPeerAddress(verbs::PeerOf(cm));
  const ListenerPort* const port = PortOf(cm);
  if (port == nullptr || pending_.size() >= kLoginsPendingMax) {
    spdlog::warn("login from {} refused: {}", AddressText(source),
                 port == nullptr ? "it came through a port that srpt does not serve"
                                 : "too many logins at once");
    verbs::Reject(cm, nullptr, 0);
    verbs::DestroyId(cm);
    return;
  }
  const ConnId conn(next_conn_++);
  const std::uint8_t read_depth = event.param.conn.initiator_depth;
  cm->context = ContextOf(conn);
  pending_[conn.v] = {cm, port, read_depth};
  event::LoginRequested login;
  login.conn = conn;
  login.port = port->id;
  login.form = LoginForm::kRdmaCm;
  login.iwarp = port->iwarp;
  login.source = source;
  login.rdma_read_depth = read_depth;
  login.private_data = private_data;
  sink.OnEvent(DirectorEvent(login));
}

void Listener::OnPendingEvent(rdma_cm_event_type type, ConnId conn, EventSink& sink) {
  const auto found = pending_.find(conn.v);
  if (found == pending_.end()) return;
  spdlog::info("connection request {} is gone: {}", conn.v, verbs::TextOf(type));
  rdma_cm_id* const cm = found->second.cm;
  pending_.erase(found);
  verbs::DestroyId(cm);
  sink.OnEvent(DirectorEvent(event::ConnectionGone{conn}));
}

void Listener::ReportDisconnected(Connection& connection, EventSink& sink) {
  if (connection.disconnected) return;
  connection.disconnected = true;
  sink.OnEvent(ShardEvent(event::Disconnected{connection.id}));
}

void Listener::OnChannelEvent(rdma_cm_event_type type, int status, ChannelId channel,
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
      OnDeviceGone(connection->cm->verbs);
      [[fallthrough]];
    case RDMA_CM_EVENT_CONNECT_ERROR:
    case RDMA_CM_EVENT_UNREACHABLE:
    case RDMA_CM_EVENT_REJECTED:
      // Nothing was connected, or nothing is there any more: there is no timewait to wait for.
      connection->dead = true;
      datapath_.Break(*connection);
      ReportDisconnected(*connection, sink);
      if (Find(channel) != nullptr) sink.OnEvent(ShardEvent(event::TimewaitOver{channel}));
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
