// Completions: what ended, and how the loop learns of it when it sleeps.
#include <array>
#include <utility>

#include "target/verbs/datapath.h"
#include "target/verbs/seam.h"

namespace srpt::target {

WorkStatus ToWorkStatus(ibv_wc_status status) {
  switch (status) {
    case IBV_WC_SUCCESS:
      return WorkStatus::kOk;
    case IBV_WC_WR_FLUSH_ERR:
      return WorkStatus::kFlushed;
    case IBV_WC_LOC_LEN_ERR:
      return WorkStatus::kLocalLength;
    case IBV_WC_REM_ACCESS_ERR:
    case IBV_WC_REM_INV_REQ_ERR:
    case IBV_WC_REM_OP_ERR:
      return WorkStatus::kRemoteAccess;
    case IBV_WC_RETRY_EXC_ERR:
      return WorkStatus::kRetryExceeded;
    case IBV_WC_RNR_RETRY_EXC_ERR:
      return WorkStatus::kRnrExceeded;
    default:
      return WorkStatus::kOther;
  }
}

std::uint32_t BytesOf(const ibv_wc& wc) {
  // An RDMA WRITE with immediate data takes a receive too, but brings no bytes to it.
  return wc.status == IBV_WC_SUCCESS && wc.opcode == IBV_WC_RECV ? wc.byte_len : 0;
}

std::size_t Datapath::Poll(EventSink& sink) {
  std::size_t seen = 0;
  ++polls_;
  for (DevicePath& device : devices_) {
    if (device.fail_due) ReportFailure(device, sink);
    if (device.ended) {  // Nothing comes any more.
      if (device.shared.ending > 0) ReportReceivesOver(device, sink);
      continue;
    }
    seen += PollQueue(device, device.send, sink);
    for (const ibv_wc& wc : std::exchange(device.early, {})) Deliver(device, wc, true, sink);
    const std::size_t received = PollQueue(device, device.recv, sink);
    if (received < kPollBatch && device.shared.ending > 0) ReportReceivesOver(device, sink);
    seen += received;
  }
  if (unposted_connections_ > 0) ReportUnposted(sink);
  return seen;
}

std::size_t Datapath::PollQueue(DevicePath& device, Queue& queue, EventSink& sink) {
  std::array<ibv_wc, kPollBatch> batch;
  const int n = verbs::PollCq(queue.cq, kPollBatch, batch.data());
  if (n <= 0) {  // Negative: the device is gone; the CM or its fatal event says so.
    queue.returning = 0;
    return 0;
  }
  for (int i = 0; i < n; ++i) {
    Deliver(device, batch[static_cast<std::size_t>(i)], &queue == &device.recv, sink);
  }
  return static_cast<std::size_t>(n);
}

void Datapath::Deliver(DevicePath& device, const ibv_wc& wc, bool receive, EventSink& sink) {
  if (receive && device.shared.srq != nullptr) return CompleteShared(device, wc, sink);
  Complete(wc.wr_id, ToWorkStatus(wc.status), receive ? BytesOf(wc) : 0, sink);
}

void Datapath::Complete(std::uint64_t wr_id, WorkStatus status, std::uint32_t bytes,
                        EventSink& sink) {
  // [R-FAULT-07]
  const WrId id = DecodeWrId(wr_id);
  Connection* const found = Find(id.channel);
  if (found == nullptr) return;  // Of a queue pair that was destroyed.
  Connection& connection = *found;
  DevicePath& device = devices_[connection.device];
  const bool first_failure = status != WorkStatus::kOk && !connection.failed;
  if (first_failure) connection.failed = true;

  if (id.kind == WrKind::kRecv) {
    SRPT_CHECK(id.index < connection.recvs.size() && connection.recvs[id.index].posted);
    connection.recvs[id.index].posted = false;
    const RecvId recv(id.index);
    if (status == WorkStatus::kOk) {
      memory_.SetReceived(id.channel, recv, bytes);
      sink.OnEvent(ShardEvent(
          event::IuReceived{id.channel, recv, {memory_.RecvAddress(id.channel, recv), bytes}}));
    } else {
      sink.OnEvent(ShardEvent(event::RecvFailed{id.channel, recv, status}));
    }
    return;
  }

  const auto behind = static_cast<std::uint16_t>(id.sequence - connection.sq_tail);
  if (behind < connection.sq_open()) {  // Else one that was never posted (Unpost).
    connection.sq_tail = static_cast<std::uint16_t>(id.sequence + 1);
  }
  switch (id.kind) {
    case WrKind::kSend:
      SRPT_CHECK(id.index < connection.sends.size() && connection.sends[id.index].posted);
      connection.sends[id.index].posted = false;
      --connection.sends_open;
      --device.sends_open;
      sink.OnEvent(ShardEvent(event::SendDone{id.channel, SendId(id.index), status}));
      return;
    case WrKind::kRdma:
      SRPT_CHECK(id.index < memory_.data_buffers());
      if (due_rdma_[id.index] != wr_id) return;  // Reported already.
      due_rdma_[id.index] = 0;
      SRPT_CHECK(connection.rdma_open > 0);
      --connection.rdma_open;
      --device.rdma_open;
      sink.OnEvent(ShardEvent(event::RdmaDone{id.channel, BufferId(id.index), status}));
      return;
    case WrKind::kProbe:
      if (!connection.probe.posted) return;  // Reported already, as above.
      connection.probe.posted = false;
      --connection.rdma_open;
      --device.rdma_open;
      sink.OnEvent(ShardEvent(event::ProbeDone{id.channel, status}));
      return;
    case WrKind::kRdmaQuiet:
      // Where it is not signaled only a failing one comes back. The first failure tells core; those
      // behind it are implied.
      if (first_failure) sink.OnEvent(ShardEvent(event::QpFailed{id.channel, status}));
      return;
    default:
      SRPT_UNREACHABLE("a completion that names no work request of ours");
  }
}

void Datapath::ReportUnposted(EventSink& sink) {
  for (Connection& connection : connections_) {
    if (connection.unposted.empty()) continue;
    if (connection.sq_open() != 0 && ++connection.unposted_age < kUnpostedPollsMax) continue;
    const ChannelId id = connection.id;
    const std::vector<Connection::Unposted> unposted = std::move(connection.unposted);
    connection.unposted.clear();
    --unposted_connections_;
    // Core may destroy the queue pair in the middle: Complete finds out by itself.
    for (const Connection::Unposted& work : unposted) {
      if (Find(id) != nullptr) Complete(work.wr_id, work.status, 0, sink);
    }
  }
}

bool Datapath::Arm() {
  if (unposted_connections_ > 0) return false;
  for (DevicePath& device : devices_) {
    if (device.fail_due || device.shared.ending > 0 || !device.early.empty()) return false;
    if (device.ended) continue;
    if (!device.recv.armed) {
      if (verbs::ReqNotifyCq(device.recv.cq, false) != 0) return false;
      device.recv.armed = true;
    }
    if (!device.send.armed && (device.rdma_open > 0 || device.sends_open >= kSendsOpenLazily)) {
      if (verbs::ReqNotifyCq(device.send.cq, false) != 0) return false;
      device.send.armed = true;
    }
  }
  return true;
}

bool Datapath::LazySends() const {
  if (!gathered_.empty()) return true;
  for (const DevicePath& device : devices_) {
    if (device.shared.first != nullptr && !device.ended) return true;
    if (device.sends_open > 0 && !device.send.armed) return true;
  }
  return false;
}

void Datapath::OnWake() {
  for (DevicePath& device : devices_) {
    ibv_cq* cq = nullptr;
    // An armed queue makes one event: no more system calls than that.
    while ((device.send.armed || device.recv.armed) &&
           verbs::GetCqEvent(device.channel, &cq) == 0) {
      Queue& queue = cq == device.send.cq ? device.send : device.recv;
      queue.armed = false;
      verbs::AckCqEvents(cq, 1);
    }
  }
}

std::vector<int> Datapath::completion_fds() const {
  std::vector<int> fds;
  for (const DevicePath& device : devices_) fds.push_back(device.channel->fd);
  return fds;
}

}  // namespace srpt::target
