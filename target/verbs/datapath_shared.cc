// Shared receive queues.
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "target/verbs/datapath.h"
#include "target/verbs/seam.h"

namespace srpt::target {
namespace {

// With fewer posted than this part of the queue, the administrator is told.
constexpr std::uint32_t kLowPart = 16;

std::uint32_t LimitOf(std::size_t count) {
  return std::max(1u, static_cast<std::uint32_t>(count) / kLowPart);
}

}  // namespace

std::string Datapath::AddShared(std::uint32_t count, std::uint32_t recv_bytes) {
  DevicePath& device = devices_.back();
  SharedRecvs& shared = device.shared;
  if (device.limits.srq_max == 0) return device.name + " has none";
  if (count > device.recv.entries) return device.name + ": its completion queue is too short";
  ibv_srq_init_attr attr{};
  attr.attr.max_wr = count;
  attr.attr.max_sge = 1;
  shared.srq = verbs::CreateSrq(device.pd, &attr);
  if (shared.srq == nullptr) return device.name + ": " + std::strerror(errno);
  if (const char* failed = memory_.AddShared(count, recv_bytes, device.pd)) {
    return device.name + ": " + failed;
  }
  const auto index = static_cast<DeviceIndex>(devices_.size() - 1);
  const std::uint32_t lkey = memory_.SharedKey(index);
  shared.channels = QpTable(connections_.size());
  shared.recvs.assign(count, {});
  for (std::uint32_t i = 0; i < count; ++i) {
    Connection::Recv& recv = shared.recvs[i];
    const std::uint8_t* const at = memory_.RecvAddress(ChannelId(), RecvId(index * count + i));
    recv.sge = {reinterpret_cast<std::uintptr_t>(at), recv_bytes, lkey};
    recv.wr.wr_id = EncodeWrId({WrKind::kSharedRecv, ChannelId::Make(0, 0), i, 0});
    recv.wr.sg_list = &recv.sge;
    recv.wr.num_sge = 1;
    PostShared(device, i);
  }
  (void)FlushShared(device);
  return shared.first == nullptr ? "" : device.name + ": its receives cannot be posted";
}

void Datapath::DropShared() {
  for (DevicePath& device : devices_) {
    if (device.shared.srq != nullptr) verbs::DestroySrq(device.shared.srq);
    device.shared = SharedRecvs();
  }
  memory_.DropShared();
}

void Datapath::PostShared(DevicePath& device, std::uint32_t index) {
  SharedRecvs& shared = device.shared;
  SRPT_CHECK(index < shared.recvs.size());
  Connection::Recv& recv = shared.recvs[index];
  SRPT_CHECK(!recv.posted);
  recv.posted = true;
  recv.wr.next = nullptr;
  (shared.first == nullptr ? shared.first : shared.last->next) = &recv.wr;
  shared.last = &recv.wr;
  ++shared.posted;
}

// Once the queue has recovered, so that one shortage is one event.
void Datapath::ArmShared(DevicePath& device) {
  SharedRecvs& shared = device.shared;
  const std::uint32_t limit = LimitOf(shared.recvs.size());
  if (shared.posted < 2 * limit) return;
  ibv_srq_attr attr{};
  attr.srq_limit = limit;
  // A device without the event does without.
  shared.armed = true;
  if (verbs::ModifySrq(shared.srq, &attr, IBV_SRQ_LIMIT) != 0) {
    spdlog::debug("{}: no limit event of the shared receive queue", device.name);
  }
}

void Datapath::OnSharedLow(const void* queue) {
  for (DevicePath& device : devices_) {
    if (device.shared.srq == nullptr || device.shared.srq != queue) continue;
    ++device.shared.low;
    device.shared.armed = false;
    spdlog::warn(
        "{}: fewer than {} of the {} receives of the shared receive queue are posted (a larger "
        "srpt_srq_size would help)",
        device.name, LimitOf(device.shared.recvs.size()), device.shared.recvs.size());
  }
}

std::uint64_t Datapath::shared_low_events() const {
  std::uint64_t n = 0;
  for (const DevicePath& device : devices_) n += device.shared.low;
  return n;
}

void Datapath::CompleteShared(DevicePath& device, const ibv_wc& wc, EventSink& sink) {
  SharedRecvs& shared = device.shared;
  const WrId id = DecodeWrId(wc.wr_id);
  SRPT_CHECK(id.kind == WrKind::kSharedRecv && id.index < shared.recvs.size());
  SRPT_CHECK(shared.recvs[id.index].posted);
  shared.recvs[id.index].posted = false;
  --shared.posted;
  Connection* const connection = Find(shared.channels.Find(wc.qp_num));
  if (connection == nullptr) return PostShared(device, id.index);  // Its queue pair is gone.
  const auto queue = static_cast<std::uint32_t>(&device - devices_.data());
  const RecvId recv(queue * static_cast<std::uint32_t>(shared.recvs.size()) + id.index);
  if (wc.status != IBV_WC_SUCCESS) {
    connection->failed = true;
    sink.OnEvent(ShardEvent(event::RecvFailed{connection->id, recv, ToWorkStatus(wc.status)}));
    return;
  }
  const std::uint32_t bytes = BytesOf(wc);
  memory_.SetReceived(ChannelId(), recv, bytes);
  sink.OnEvent(ShardEvent(
      event::IuReceived{connection->id, recv, {memory_.RecvAddress(ChannelId(), recv), bytes}}));
}

void Datapath::EndReceives(Connection& connection) {
  if (!connection.recvs.empty() || connection.ending) return;
  connection.ending = true;
  ++devices_[connection.device].shared.ending;
}

// The queue was seen empty after the queue pairs went to error: they take nothing any more.
void Datapath::ReportReceivesOver(DevicePath& device, EventSink& sink) {
  for (Connection& connection : connections_) {
    if (!connection.ending || &devices_[connection.device] != &device) continue;
    connection.ending = false;
    --device.shared.ending;
    sink.OnEvent(ShardEvent(event::ReceivesOver{connection.id}));
  }
}

// Destroying a queue pair makes some providers forget its completions, and the receives with them:
// so all completions are taken first. (None is left, as a rule: it has been in error for long.)
void Datapath::TakeBack(DevicePath& device, const Connection& connection) {
  if (!connection.recvs.empty()) return;
  if (connection.ending) --device.shared.ending;
  if (connection.qp == nullptr) return;  // Abandoned.
  std::array<ibv_wc, kPollBatch> batch;
  for (int n = 0; (n = verbs::PollCq(device.recv.cq, kPollBatch, batch.data())) > 0;) {
    device.early.insert(device.early.end(), batch.begin(), batch.begin() + n);
  }
  // Now, because another queue pair may get its number before they are looked at.
  std::erase_if(device.early, [&](const ibv_wc& wc) {
    if (wc.qp_num != connection.qp->qp_num) return false;
    const std::uint32_t index = DecodeWrId(wc.wr_id).index;
    SRPT_CHECK(index < device.shared.recvs.size());
    device.shared.recvs[index].posted = false;
    --device.shared.posted;
    PostShared(device, index);
    return true;
  });
  device.shared.channels.Remove(connection.qp->qp_num);
}

}  // namespace srpt::target
