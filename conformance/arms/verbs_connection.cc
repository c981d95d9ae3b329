#include "conformance/arms/verbs_connection.h"

#include <fcntl.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "core/base/check.h"

namespace srpt::arms {
namespace {

constexpr int kResolveTimeoutMs = 2000;
constexpr std::uint32_t kSendSlots = 16;
constexpr std::uint64_t kSendBit = std::uint64_t{1} << 32;  // Of wr_id: a send, not a receive.
constexpr int kPollBatch = 32;

std::string Errno(const char* what) { return std::string(what) + ": " + std::strerror(errno); }

bool SetNonBlocking(int fd) {
  const int flags = fcntl(fd, F_GETFL);
  return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0;
}

// Waits for one CM event, which must be `wanted`. What failed; empty if nothing did.
std::string AwaitCmEvent(rdma_event_channel* channel, rdma_cm_event_type wanted) {
  rdma_cm_event* event = nullptr;
  if (rdma_get_cm_event(channel, &event) != 0) return Errno("rdma_get_cm_event");
  std::string problem;
  if (event->event != wanted) {
    problem =
        std::string(rdma_event_str(event->event)) + ", status " + std::to_string(event->status);
  }
  rdma_ack_cm_event(event);
  return problem;
}

}  // namespace

Result<ResolvedId, std::string> Resolve(SocketAddress target, std::optional<SocketAddress> source) {
  ResolvedId resolved;
  resolved.channel.reset(rdma_create_event_channel());
  if (resolved.channel == nullptr) {
    return Err{Errno("rdma_create_event_channel (is the module rdma_ucm loaded?)")};
  }
  rdma_cm_id* id = nullptr;
  if (rdma_create_id(resolved.channel.get(), &id, nullptr, RDMA_PS_TCP) != 0) {
    return Err{Errno("rdma_create_id")};
  }
  resolved.id.reset(id);
  sockaddr* from = source ? source->get() : nullptr;
  if (rdma_resolve_addr(id, from, target.get(), kResolveTimeoutMs) != 0) {
    return Err{Errno("rdma_resolve_addr")};
  }
  std::string problem = AwaitCmEvent(resolved.channel.get(), RDMA_CM_EVENT_ADDR_RESOLVED);
  if (!problem.empty()) return Err{"no RDMA device reaches the target: " + problem};
  if (rdma_resolve_route(id, kResolveTimeoutMs) != 0) return Err{Errno("rdma_resolve_route")};
  problem = AwaitCmEvent(resolved.channel.get(), RDMA_CM_EVENT_ROUTE_RESOLVED);
  if (!problem.empty()) return Err{"no route: " + problem};
  return resolved;
}

Result<std::unique_ptr<VerbsConnection>, std::string> VerbsConnection::Open(
    ResolvedId resolved, ibv_pd* pd, const ConnectOptions& options) {
  std::unique_ptr<VerbsConnection> connection(new VerbsConnection);
  connection->events_channel_ = std::move(resolved.channel);
  connection->id_ = std::move(resolved.id);
  connection->pd_ = pd;
  std::string problem = connection->Setup(options);
  if (!problem.empty()) return Err{std::move(problem)};
  return connection;
}

std::string VerbsConnection::Setup(const ConnectOptions& options) {
  completions_channel_.reset(ibv_create_comp_channel(id_->verbs));
  if (completions_channel_ == nullptr) return Errno("ibv_create_comp_channel");
  if (!SetNonBlocking(completions_channel_->fd) || !SetNonBlocking(events_channel_->fd)) {
    return Errno("fcntl");
  }
  cq_.reset(ibv_create_cq(id_->verbs, static_cast<int>(options.receives + kSendSlots), nullptr,
                          completions_channel_.get(), 0));
  if (cq_ == nullptr) return Errno("ibv_create_cq");

  receive_bytes_ = options.receive_bytes;
  receive_memory_.resize(std::size_t{options.receives} * receive_bytes_);
  send_memory_.resize(std::size_t{kSendSlots} * kVerbsSendBytes);
  const int access = IBV_ACCESS_LOCAL_WRITE;
  receive_mr_.reset(ibv_reg_mr(pd_, receive_memory_.data(), receive_memory_.size(), access));
  send_mr_.reset(ibv_reg_mr(pd_, send_memory_.data(), send_memory_.size(), access));
  if (receive_mr_ == nullptr || send_mr_ == nullptr) return Errno("ibv_reg_mr");

  ibv_qp_init_attr attr{};
  attr.send_cq = cq_.get();
  attr.recv_cq = cq_.get();
  attr.qp_type = IBV_QPT_RC;
  attr.sq_sig_all = 1;
  attr.cap.max_send_wr = kSendSlots;
  attr.cap.max_recv_wr = options.receives;
  attr.cap.max_send_sge = 1;
  attr.cap.max_recv_sge = 1;
  if (rdma_create_qp(id_.get(), pd_, &attr) != 0) return Errno("rdma_create_qp");
  for (std::uint32_t i = 0; i < options.receives; ++i) {
    if (!PostReceive(i)) return Errno("ibv_post_recv");
  }
  for (std::uint32_t i = 0; i < kSendSlots; ++i) free_sends_.push_back(i);

  rdma_conn_param param{};
  param.private_data = options.private_data.data();
  param.private_data_len = static_cast<std::uint8_t>(options.private_data.size());
  param.responder_resources = options.responder_resources;
  param.initiator_depth = 0;  // We send no RDMA.
  param.retry_count = 7;
  param.rnr_retry_count = 7;
  if (rdma_connect(id_.get(), &param) != 0) return Errno("rdma_connect");
  return "";
}

VerbsConnection::~VerbsConnection() {
  if (state_ == State::kConnected) rdma_disconnect(id_.get());
}

bool VerbsConnection::PostReceive(std::uint32_t i) {
  ibv_sge sge{};
  sge.addr =
      reinterpret_cast<std::uintptr_t>(receive_memory_.data()) + std::uint64_t{i} * receive_bytes_;
  sge.length = receive_bytes_;
  sge.lkey = receive_mr_->lkey;
  ibv_recv_wr wr{};
  wr.wr_id = i;
  wr.sg_list = &sge;
  wr.num_sge = 1;
  ibv_recv_wr* bad = nullptr;
  return ibv_post_recv(id_->qp, &wr, &bad) == 0;
}

std::optional<Event> VerbsConnection::NextEvent(Duration within) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::nanoseconds(within.ns);
  for (;;) {
    Pump();
    if (!events_.empty()) {
      Event event = std::move(events_.front());
      events_.pop_front();
      return event;
    }
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
                          deadline - std::chrono::steady_clock::now())
                          .count();
    if (left < 0 || state_ == State::kClosed) return std::nullopt;
    Wait(static_cast<int>(std::min<std::int64_t>(left + 1, 1000)));
  }
}

// Sleeps until the CM or the completion queue has something, or for `timeout_ms`.
void VerbsConnection::Wait(int timeout_ms) {
  if (ibv_req_notify_cq(cq_.get(), 0) != 0) return;
  PollCompletions();  // What came before the queue was armed.
  if (!events_.empty()) return;
  std::array<pollfd, 2> fds = {
      {{events_channel_->fd, POLLIN, 0}, {completions_channel_->fd, POLLIN, 0}}};
  poll(fds.data(), fds.size(), timeout_ms);
  ibv_cq* cq = nullptr;
  void* context = nullptr;
  while (ibv_get_cq_event(completions_channel_.get(), &cq, &context) == 0) {
    ibv_ack_cq_events(cq, 1);
  }
}

void VerbsConnection::Pump() {
  PollCompletions();
  rdma_cm_event* event = nullptr;
  while (rdma_get_cm_event(events_channel_.get(), &event) == 0) {
    OnCmEvent(*event);
    rdma_ack_cm_event(event);
  }
}

void VerbsConnection::PollCompletions() {
  if (state_ == State::kConnecting) return;  // IUs wait until we know that we are connected.
  std::array<ibv_wc, kPollBatch> wc;
  int n = 0;
  do {
    n = ibv_poll_cq(cq_.get(), kPollBatch, wc.data());
    for (int i = 0; i < n; ++i) OnCompletion(wc[static_cast<std::size_t>(i)]);
  } while (n == kPollBatch);
}

void VerbsConnection::OnCompletion(const ibv_wc& wc) {
  const auto slot = static_cast<std::uint32_t>(wc.wr_id);
  const bool send = (wc.wr_id & kSendBit) != 0;
  if (wc.status != IBV_WC_SUCCESS) {
    // After DREQ both ends flush: that is not news.
    const bool flushed = wc.status == IBV_WC_WR_FLUSH_ERR;
    if (!flushed || state_ == State::kConnected) {
      Fail(send ? Event::Kind::kSendFailed : Event::Kind::kQpError, ibv_wc_status_str(wc.status));
    }
    return;
  }
  if (send) {
    free_sends_.push_back(slot);
    return;
  }
  Event event;
  event.kind = Event::Kind::kIu;
  const std::uint8_t* from = receive_memory_.data() + std::size_t{slot} * receive_bytes_;
  event.bytes.assign(from, from + wc.byte_len);
  events_.push_back(std::move(event));
  if (!failed_ && !PostReceive(slot)) Fail(Event::Kind::kQpError, Errno("ibv_post_recv"));
}

void VerbsConnection::Fail(Event::Kind kind, std::string detail) {
  if (failed_) return;
  failed_ = true;
  Event event;
  event.kind = kind;
  event.detail = std::move(detail);
  events_.push_back(std::move(event));
}

void VerbsConnection::OnCmEvent(const rdma_cm_event& cm) {
  Event event;
  event.detail = std::string(rdma_event_str(cm.event)) + ", status " + std::to_string(cm.status);
  if (cm.param.conn.private_data != nullptr) {
    const auto* bytes = static_cast<const std::uint8_t*>(cm.param.conn.private_data);
    event.bytes.assign(bytes, bytes + cm.param.conn.private_data_len);
  }
  switch (cm.event) {
    case RDMA_CM_EVENT_ESTABLISHED:
      event.kind = Event::Kind::kConnected;
      state_ = State::kConnected;
      break;
    case RDMA_CM_EVENT_REJECTED:
      event.kind = Event::Kind::kRejected;
      event.reason = static_cast<std::uint16_t>(cm.status);
      state_ = State::kClosed;
      break;
    case RDMA_CM_EVENT_UNREACHABLE:
    case RDMA_CM_EVENT_CONNECT_ERROR:
      event.kind = Event::Kind::kUnreachable;
      state_ = State::kClosed;
      break;
    case RDMA_CM_EVENT_DISCONNECTED:
    case RDMA_CM_EVENT_DEVICE_REMOVAL:
      PollCompletions();  // What came before the DREQ.
      if (state_ == State::kConnected) rdma_disconnect(id_.get());
      state_ = State::kClosed;
      event.kind = Event::Kind::kDisconnected;
      event.bytes.clear();
      break;
    default:  // TIMEWAIT_EXIT, ADDR_CHANGE: nothing to an initiator.
      return;
  }
  events_.push_back(std::move(event));
}

std::optional<std::uint32_t> VerbsConnection::TakeSendSlot() {
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (free_sends_.empty()) {
    PollCompletions();
    if (failed_ || state_ != State::kConnected) return std::nullopt;
    if (std::chrono::steady_clock::now() > give_up) return std::nullopt;
  }
  const std::uint32_t slot = free_sends_.back();
  free_sends_.pop_back();
  return slot;
}

bool VerbsConnection::Send(Bytes iu, bool solicited) {
  if (iu.size() > kVerbsSendBytes || state_ != State::kConnected || failed_) return false;
  const auto slot = TakeSendSlot();
  if (!slot) return false;
  std::uint8_t* to = send_memory_.data() + std::size_t{*slot} * kVerbsSendBytes;
  std::copy(iu.begin(), iu.end(), to);
  ibv_sge sge{};
  sge.addr = reinterpret_cast<std::uintptr_t>(to);
  sge.length = static_cast<std::uint32_t>(iu.size());
  sge.lkey = send_mr_->lkey;
  ibv_send_wr wr{};
  wr.wr_id = kSendBit | *slot;
  wr.opcode = IBV_WR_SEND;
  wr.send_flags = solicited ? static_cast<unsigned>(IBV_SEND_SOLICITED) : 0u;
  wr.sg_list = &sge;
  wr.num_sge = iu.empty() ? 0 : 1;
  ibv_send_wr* bad = nullptr;
  if (ibv_post_send(id_->qp, &wr, &bad) != 0) {
    Fail(Event::Kind::kSendFailed, Errno("ibv_post_send"));
    return false;
  }
  return true;
}

void VerbsConnection::Disconnect() {
  if (state_ != State::kConnected) return;
  PollCompletions();
  state_ = State::kClosing;
  rdma_disconnect(id_.get());
}

void VerbsConnection::Abandon() {
  if (state_ == State::kConnected) state_ = State::kClosing;
}

}  // namespace srpt::arms
