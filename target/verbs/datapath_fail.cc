// What becomes of a device of which no completion comes any more. [R-FAULT-09]
//
// A completion queue that ran over tells nothing of what ends from then on, and neither does a
// device that failed. So nothing is waited for: all queue pairs on it are destroyed, after which no
// work request touches any memory, and all that was open is reported as flushed. Then the device
// gets new queues on this shard, unless it is of no more use there.
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "target/verbs/datapath.h"
#include "target/verbs/seam.h"

namespace srpt::target {

void Datapath::OnQueueFailed(const void* queue) {
  for (DevicePath& device : devices_) {
    if (queue == device.send.cq) {
      Fail(device, "the completion queue for sends ran over");
    } else if (queue == device.recv.cq) {
      Fail(device, "the completion queue for receives ran over");
    } else if (queue == device.shared.srq) {
      Fail(device, "the shared receive queue failed");
    }
  }
}

void Datapath::OnDeviceFailed(DeviceIndex device) {
  SRPT_CHECK(device < devices_.size());
  FailForGood(devices_[device], "the device failed");
}

void Datapath::Fail(DevicePath& device, const std::string& why) {
  if (device.ended || device.fail_due) return;
  device.fail_due = true;
  spdlog::error("{}: {}: its channels on this shard end", device.name, why);
}

void Datapath::FailForGood(DevicePath& device, const std::string& why) {
  if (device.ended) return;
  device.ended = device.fail_due = true;
  spdlog::error(
      "{}: {}: its channels on this shard end, and the shard takes no more logins through it until "
      "srpt is started again",
      device.name, why);
}

void Datapath::ReportFailure(DevicePath& device, EventSink& sink) {
  device.fail_due = false;
  const auto concerned = [&](const Connection& c) {
    return c.id.valid() && &devices_[c.device] == &device;
  };
  for (Connection& connection : connections_) {
    if (concerned(connection) && connection.qp != nullptr) Abandon(device, connection);
  }
  device.early.clear();
  if (!device.ended) Renew(device);
  for (Connection& connection : connections_) {
    if (!concerned(connection) || connection.qp != nullptr || connection.failed) continue;
    connection.failed = true;
    sink.OnEvent(ShardEvent(event::QpFailed{connection.id, WorkStatus::kOther}));
  }
}

// The queue pair goes, and what was open comes back, in the order in which it was posted.
void Datapath::Abandon(DevicePath& device, Connection& connection) {
  if (connection.recvs.empty()) device.shared.channels.Remove(connection.qp->qp_num);
  Break(connection);
  verbs::DestroyQp(connection.cm);
  connection.qp = nullptr;
  connection.recv_first = nullptr;
  connection.send_first = nullptr;

  std::vector<Connection::Unposted> open;
  const auto add = [&](std::uint64_t wr_id) { open.push_back({wr_id, WorkStatus::kFlushed}); };
  for (const Connection::Send& send : connection.sends) {
    if (send.posted) add(send.wr.wr_id);
  }
  if (connection.probe.posted) add(connection.probe.wr.wr_id);
  for (const std::uint64_t rdma : due_rdma_) {
    if (rdma != 0 && DecodeWrId(rdma).channel == connection.id) add(rdma);
  }
  const auto place = [&](const Connection::Unposted& work) {
    return static_cast<std::uint16_t>(DecodeWrId(work.wr_id).sequence - connection.sq_tail);
  };
  std::ranges::sort(open, {}, place);
  for (const Connection::Recv& recv : connection.recvs) {
    if (recv.posted) add(recv.wr.wr_id);
  }
  connection.sq_tail = connection.sq_head;
  if (!connection.unposted.empty()) --unposted_connections_;
  if (!open.empty()) ++unposted_connections_;
  connection.unposted = std::move(open);
}

// No queue pair is on the queues any more. Old ones go last, so that a new one is at another
// address: what is still heard of an old one must not meet it.
void Datapath::Renew(DevicePath& device) {
  const auto failed = [&](const char* what) {
    FailForGood(device, std::string("cannot make a new ") + what + ": " + std::strerror(errno));
    device.fail_due = false;
  };
  SharedRecvs& shared = device.shared;
  if (shared.srq != nullptr) {
    ibv_srq_init_attr attr{};
    attr.attr.max_wr = static_cast<std::uint32_t>(shared.recvs.size());
    attr.attr.max_sge = 1;
    ibv_srq* const srq = verbs::CreateSrq(device.pd, &attr);
    if (srq == nullptr) return failed("shared receive queue");
    verbs::DestroySrq(std::exchange(shared.srq, srq));
    shared.first = nullptr;
    shared.posted = 0;
    shared.refusal = Refusal();
    shared.armed = false;
    // All that core does not hold.
    for (std::uint32_t i = 0; i < shared.recvs.size(); ++i) {
      if (std::exchange(shared.recvs[i].posted, false)) PostShared(device, i);
    }
  }
  for (Queue* queue : {&device.send, &device.recv}) {
    ibv_cq* const cq = verbs::CreateCq(device.context, static_cast<int>(queue->entries),
                                       device.channel, device.vector);
    if (cq == nullptr) return failed("completion queue");
    verbs::DestroyCq(std::exchange(queue->cq, cq));
    queue->armed = false;
    queue->returning = 0;
  }
  spdlog::warn("{}: has new queues, and takes logins again", device.name);
}

}  // namespace srpt::target
