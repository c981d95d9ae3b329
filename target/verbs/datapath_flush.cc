// Posting what was gathered, and what becomes of work that the device refuses.
//
// Out of memory is no failure: the device may take it later. [R-FAULT-08] What it refused waits in
// order, what is gathered meanwhile stands behind it, and every Flush tries again. What waits
// counts as open in its send queue, so that never more waits than the queue has room for. Sends
// wait as long as receives of theirs do.
//
// Refused for another reason, or for kRefusedMax, it fails: the queue pair goes to error, and what
// waited is reported as flushed once what stood before it has ended.
#include <spdlog/spdlog.h>

#include <bit>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "target/verbs/datapath.h"
#include "target/verbs/seam.h"

namespace srpt::target {
namespace {

// (siw's are negative.)
bool IsTransient(int error) {
  const int number = std::abs(error);
  return number == ENOMEM || number == EAGAIN;
}

std::string TextOf(int error) { return std::strerror(std::abs(error)); }

}  // namespace

bool Datapath::MayWait(Refusal& refusal, int error, bool some_taken) {
  if (!IsTransient(error)) return false;
  const Time now = now_();
  if (!refusal.refused || some_taken) {
    refusal = {true, now, polls_};
    return true;
  }
  return now < refusal.since + kRefusedMax || polls_ - refusal.polls < kRefusedPollsMin;
}

bool Datapath::MayWait(Connection& connection, Refusal& refusal, int error, bool some_taken) {
  if (connection.broken || connection.failed) return false;  // It is to be reported, soon.
  if (MayWait(refusal, error, some_taken)) return true;
  spdlog::warn("channel {}: {} takes no work requests ({}{}): its queue pair ends",
               connection.id.slot(), devices_[connection.device].name, TextOf(error),
               IsTransient(error) ? ", for too long" : "");
  return false;
}

void Datapath::Flush() {
  for (DevicePath& device : devices_) {
    if (device.ended || device.shared.first == nullptr) continue;
    const int error = FlushShared(device);
    if (error != 0) FailForGood(device, "its shared queue takes no receives: " + TextOf(error));
  }
  std::size_t waiting = 0;
  for (Connection* connection : gathered_) {
    FlushRecvs(*connection);
    FlushSends(*connection);
    connection->gathered = connection->recv_first != nullptr || connection->send_first != nullptr;
    if (connection->gathered) gathered_[waiting++] = connection;
  }
  gathered_.resize(waiting);
  rdma_used_ = 0;
}

// What the device does not take waits; the answer is the error if it is not to.
int Datapath::FlushShared(DevicePath& device) {
  SharedRecvs& shared = device.shared;
  ibv_recv_wr* bad = nullptr;
  const int error = verbs::PostSrqRecv(shared.srq, shared.first, &bad);
  const bool some_taken = bad != shared.first;
  shared.first = error == 0 ? nullptr : bad;
  if (!shared.armed) ArmShared(device);
  if (error == 0) {
    shared.refusal = Refusal();
    return 0;
  }
  return MayWait(shared.refusal, error, some_taken) ? 0 : error;
}

void Datapath::FlushRecvs(Connection& connection) {
  if (connection.recv_first == nullptr) return;
  ibv_recv_wr* bad = nullptr;
  int error = ENODEV;
  if (connection.qp == nullptr) {  // Abandoned.
    bad = connection.recv_first;
  } else {
    error = verbs::PostRecv(connection.qp, connection.recv_first, &bad);
  }
  if (error == 0) {
    connection.recv_refusal = Refusal();
    connection.recv_first = nullptr;
    return;
  }
  if (bad == nullptr) Break(connection);  // It has them all, and cannot go on.
  const bool some_taken = bad != connection.recv_first;
  connection.recv_first = bad;
  if (MayWait(connection, connection.recv_refusal, error, some_taken)) return;
  for (; bad != nullptr; bad = bad->next) Unpost(connection, bad->wr_id);
  connection.recv_first = nullptr;
}

void Datapath::FlushSends(Connection& connection) {
  if (connection.send_first == nullptr) return;
  if (ReceivesWait(connection)) return Keep(connection);
  ibv_send_wr* bad = nullptr;
  int error = ENODEV;
  if (connection.qp == nullptr) {
    bad = connection.send_first;
  } else {
    error = verbs::PostSend(connection.qp, connection.send_first, &bad);
  }
  if (error == 0) {
    connection.send_refusal = Refusal();
    connection.send_first = nullptr;
    return;
  }
  if (bad == nullptr) Break(connection);  // As above: the doorbell failed.
  const bool some_taken = bad != connection.send_first;
  connection.send_first = bad;
  if (MayWait(connection, connection.send_refusal, error, some_taken)) return Keep(connection);
  for (; bad != nullptr; bad = bad->next) {
    Unpost(connection, bad->wr_id);
    --connection.sq_head;
  }
  connection.send_first = nullptr;
}

// A credit must never be granted without a receive.
bool Datapath::ReceivesWait(const Connection& connection) const {
  if (connection.broken || connection.failed) return false;
  const bool shares = connection.recvs.empty();
  return shares ? devices_[connection.device].shared.first != nullptr
                : connection.recv_first != nullptr;
}

// RDMA that waits makes room for what is gathered next: it moves to a place of the connection's
// own, by its sequence. (Made in its first shortage: most connections never have one.)
void Datapath::Keep(Connection& connection) {
  const std::size_t room = std::bit_ceil(std::size_t{connection.sq_size});
  if (connection.kept.empty()) connection.kept.resize(room);
  for (ibv_send_wr** link = &connection.send_first; *link != nullptr; link = &(*link)->next) {
    ibv_send_wr& wr = **link;
    const WrId id = DecodeWrId(wr.wr_id);
    if (id.kind != WrKind::kRdma && id.kind != WrKind::kRdmaQuiet) continue;
    Rdma& kept = connection.kept[id.sequence & (room - 1)];
    if (&wr == &kept.wr) continue;
    kept.wr = wr;
    kept.sge = *wr.sg_list;
    kept.wr.sg_list = &kept.sge;
    *link = &kept.wr;
    if (connection.send_last == &wr) connection.send_last = &kept.wr;
  }
}

// The first that could not be posted failed; those behind it are as good as flushed.
void Datapath::Unpost(Connection& connection, std::uint64_t wr_id) {
  const bool fails = !connection.broken && !connection.failed;
  if (connection.unposted.empty()) {
    Break(connection);
    ++unposted_connections_;
    connection.unposted_age = 0;
  }
  connection.unposted.push_back({wr_id, fails ? WorkStatus::kOther : WorkStatus::kFlushed});
}

}  // namespace srpt::target
