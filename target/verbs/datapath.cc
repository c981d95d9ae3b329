// Making queue pairs and gathering work for them. datapath_flush.cc posts it, datapath_poll.cc has
// the completions.
#include "target/verbs/datapath.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "target/verbs/seam.h"

namespace srpt::target {
namespace {

std::uintptr_t Number(const std::uint8_t* address) {
  return reinterpret_cast<std::uintptr_t>(address);
}

bool SetNonBlocking(int fd) {
  const int flags = fcntl(fd, F_GETFL);
  return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0;
}

}  // namespace

Datapath::Datapath(ShardMemory& memory, std::vector<Connection>& connections, Clock now)
    : memory_(memory),
      connections_(connections),
      now_(now),
      rdma_(kGatherMax),
      due_rdma_(memory.data_buffers()) {
  SRPT_CHECK(connections_.size() <= WrId::kChannelSlots);
  SRPT_CHECK(memory_.data_buffers() <= WrId::kIndices);
  gathered_.reserve(connections_.size());
  for (Rdma& rdma : rdma_) {
    rdma.wr.sg_list = &rdma.sge;
    rdma.wr.num_sge = 1;
  }
}

Datapath::~Datapath() {
  memory_.DeregisterAll();
  for (DevicePath& device : devices_) {
    if (device.shared.srq != nullptr) verbs::DestroySrq(device.shared.srq);
    if (device.send.cq != nullptr) verbs::DestroyCq(device.send.cq);
    if (device.recv.cq != nullptr) verbs::DestroyCq(device.recv.cq);
    if (device.channel != nullptr) verbs::DestroyCompChannel(device.channel);
    if (device.pd != nullptr) verbs::DeallocPd(device.pd);
  }
}

Result<DeviceIndex, std::string> Datapath::AddDevice(const Device& device,
                                                     std::uint32_t send_entries,
                                                     std::uint32_t recv_entries, int vector) {
  devices_.emplace_back();  // The destructor frees whatever got made.
  DevicePath& path = devices_.back();
  path.name = device.name;
  path.context = device.context;
  path.vector = vector;
  path.limits = device.limits;
  path.send.entries = std::min(send_entries, device.limits.cqe_max);
  path.recv.entries = std::min(recv_entries, device.limits.cqe_max);
  const auto failed = [&](const char* what) {
    return Err{device.name + ": cannot make a " + what + ": " + std::strerror(errno)};
  };
  path.pd = verbs::AllocPd(device.context);
  if (path.pd == nullptr) return failed("protection domain");
  path.channel = verbs::CreateCompChannel(device.context);
  if (path.channel == nullptr || !SetNonBlocking(path.channel->fd)) {
    return failed("completion channel");
  }
  path.send.cq =
      verbs::CreateCq(device.context, static_cast<int>(path.send.entries), path.channel, vector);
  if (path.send.cq == nullptr) return failed("completion queue");
  path.recv.cq =
      verbs::CreateCq(device.context, static_cast<int>(path.recv.entries), path.channel, vector);
  if (path.recv.cq == nullptr) return failed("completion queue");
  const bool iwarp = device.ports.front().transport == Transport::kIwarp;
  // siw sends the data of unsignaled work from where it lies, and completes what follows them when
  // TCP has taken it, not when it arrived: the buffer would be used again too early. It copies what
  // is signaled.
  path.iwarp = iwarp;
  path.signal_all = iwarp;
  Result<DeviceIndex, std::string> index = memory_.RegisterPool(path.pd, iwarp);
  SRPT_CHECK(!index.ok() || *index == devices_.size() - 1);
  return index;
}

const char* Datapath::Open(Connection& connection, const action::Accept& accept, bool& sq_refused) {
  DevicePath& device = devices_[connection.device];
  sq_refused = false;
  if (device.ended) return "the device failed on this shard";
  if (accept.recv_count > device.limits.qp_wr_max) {
    return "the device's receive queues are shorter than the channel needs";
  }
  // [R-FAULT-09]
  if (device.recv.promised + device.recv.returning + accept.recv_count > device.recv.entries) {
    return "the device's completion queue for receives is full: too many channels";
  }
  if (accept.sq_size > device.limits.qp_wr_max) {
    sq_refused = true;
    return "the device's send queues are shorter than srpt_sq_size";
  }
  if (device.send.promised + device.send.returning + accept.sq_size > device.send.entries) {
    sq_refused = true;
    return "the device's completion queue for sends is full: too many channels";
  }
  const ChannelGeometry geometry{accept.recv_count, accept.recv_bytes, accept.send_count,
                                 accept.send_bytes, accept.imm_data_offset};
  if (const char* failed = memory_.OpenChannel(accept.channel, geometry, device.pd)) return failed;

  ibv_qp_init_attr attr{};
  attr.qp_type = IBV_QPT_RC;
  attr.send_cq = device.send.cq;
  attr.recv_cq = device.recv.cq;
  attr.cap.max_send_wr = accept.sq_size;
  attr.cap.max_recv_wr = accept.recv_count;
  if (accept.recv_count == 0) attr.srq = device.shared.srq;
  attr.cap.max_send_sge = 1;
  attr.cap.max_recv_sge = 1;
  attr.cap.max_inline_data = kInlineBytes;
  int made = verbs::CreateQp(connection.cm, device.pd, &attr);
  if (made != 0 && errno == EINVAL) {  // A device without inline data.
    attr.cap.max_inline_data = 0;
    made = verbs::CreateQp(connection.cm, device.pd, &attr);
  }
  if (made != 0) {
    memory_.ForgetChannel(accept.channel);
    sq_refused = true;
    return "the device has no queue pair left, or none with so long a send queue";
  }
  connection.id = accept.channel;
  connection.qp = connection.cm->qp;
  connection.inline_bytes = attr.cap.max_inline_data;
  connection.sq_size = accept.sq_size;
  Prebuild(connection, accept);
  device.send.promised += accept.sq_size;
  device.recv.promised += accept.recv_count;

  if (accept.recv_count == 0) {
    device.shared.channels.Add(connection.qp->qp_num, accept.channel);
    return nullptr;
  }
  for (std::uint32_t i = 0; i < accept.recv_count; ++i) {
    Post(action::PostRecv{accept.channel, RecvId(i)});
  }
  ibv_recv_wr* bad = nullptr;
  const int error = verbs::PostRecv(connection.qp, connection.recv_first, &bad);
  connection.recv_first = nullptr;
  if (error != 0) {
    Close(connection);
    memory_.ForgetChannel(accept.channel);
    return "cannot post receives";
  }
  return nullptr;
}

void Datapath::Prebuild(Connection& connection, const action::Accept& accept) {
  const std::uint32_t lkey = memory_.ChannelKey(accept.channel);
  connection.recvs.assign(accept.recv_count, {});
  for (std::uint32_t i = 0; i < accept.recv_count; ++i) {
    Connection::Recv& recv = connection.recvs[i];
    recv.sge = {Number(memory_.RecvAddress(accept.channel, RecvId(i))), accept.recv_bytes, lkey};
    recv.wr.wr_id = EncodeWrId({WrKind::kRecv, accept.channel, i, 0});
    recv.wr.sg_list = &recv.sge;
    recv.wr.num_sge = 1;
  }
  connection.sends.assign(accept.send_count, {});
  for (std::uint32_t i = 0; i < accept.send_count; ++i) {
    Connection::Send& send = connection.sends[i];
    send.sge = {Number(memory_.SendBuffer(accept.channel, SendId(i)).data()), 0, lkey};
    send.wr.opcode = IBV_WR_SEND;
    send.wr.sg_list = &send.sge;
    send.wr.num_sge = 1;
  }
}

void Datapath::Break(Connection& connection) {
  connection.broken = true;
  if (connection.qp == nullptr) return;
  ibv_qp_attr attr{};
  attr.qp_state = IBV_QPS_ERR;
  verbs::ModifyQp(connection.qp, &attr, IBV_QP_STATE);  // Fails only if the device is gone.
}

void Datapath::Close(Connection& connection) {
  DevicePath& device = devices_[connection.device];
  // What was gathered for it must not be posted to a queue pair that is gone.
  std::erase(gathered_, &connection);
  if (!device.shared.recvs.empty()) TakeBack(device, connection);
  if (connection.qp != nullptr) verbs::DestroyQp(connection.cm);
  memory_.DeregisterChannel(connection.id);
  if (!connection.unposted.empty()) --unposted_connections_;
  device.sends_open -= connection.sends_open;
  device.rdma_open -= connection.rdma_open;
  device.send.promised -= connection.sq_size;
  device.send.returning += connection.sq_size;
  const auto recvs = static_cast<std::uint32_t>(connection.recvs.size());
  device.recv.promised -= recvs;
  device.recv.returning += recvs;
  connection = Connection();
}

Connection& Datapath::Of(ChannelId channel) {
  Connection* const connection = Find(channel);
  SRPT_CHECK(connection != nullptr);  // Core never posts after DestroyQp.
  return *connection;
}

Connection* Datapath::Find(ChannelId channel) {
  if (channel.slot() >= connections_.size()) return nullptr;
  Connection& connection = connections_[channel.slot()];
  return connection.id == channel ? &connection : nullptr;
}

void Datapath::Remember(Connection& connection) {
  if (connection.gathered) return;
  connection.gathered = true;
  gathered_.push_back(&connection);
}

void Datapath::Post(const action::PostRecv& post) {
  if (!post.channel.valid()) {
    const auto count = static_cast<std::uint32_t>(devices_[0].shared.recvs.size());
    SRPT_CHECK(count != 0 && post.recv.v / count < devices_.size());
    return PostShared(devices_[post.recv.v / count], post.recv.v % count);
  }
  Connection& connection = Of(post.channel);
  SRPT_CHECK(post.recv.v < connection.recvs.size());
  Connection::Recv& recv = connection.recvs[post.recv.v];
  SRPT_CHECK(!recv.posted);
  recv.posted = true;
  recv.wr.next = nullptr;
  if (connection.recv_first == nullptr) {
    connection.recv_first = &recv.wr;
    Remember(connection);
  } else {
    connection.recv_last->next = &recv.wr;
  }
  connection.recv_last = &recv.wr;
}

void Datapath::Gather(Connection& connection, ibv_send_wr& wr, WrKind kind, std::uint32_t index) {
  SRPT_CHECK(connection.sq_open() < connection.sq_size);  // Core accounts for the send queue.
  wr.wr_id = EncodeWrId({kind, connection.id, index, connection.sq_head});
  wr.next = nullptr;
  ++connection.sq_head;
  if (connection.send_first == nullptr) {
    connection.send_first = &wr;
    Remember(connection);
  } else {
    connection.send_last->next = &wr;
  }
  connection.send_last = &wr;
}

void Datapath::Post(const action::SendIu& post) {
  Connection& connection = Of(post.channel);
  SRPT_CHECK(post.send.v < connection.sends.size());
  Connection::Send& send = connection.sends[post.send.v];
  SRPT_CHECK(!send.posted);
  send.posted = true;
  send.sge.length = post.length;
  unsigned flags = IBV_SEND_SIGNALED;
  if (post.solicited) flags |= IBV_SEND_SOLICITED;
  if (post.length <= connection.inline_bytes) flags |= IBV_SEND_INLINE;
  send.wr.send_flags = flags;
  Gather(connection, send.wr, WrKind::kSend, post.send.v);
  ++connection.sends_open;
  ++devices_[connection.device].sends_open;
}

template <class Action>
void Datapath::GatherRdma(const Action& post, ibv_wr_opcode opcode, std::uint32_t lkey) {
  Connection& connection = Of(post.channel);
  SRPT_CHECK(post.buffer.v < memory_.data_buffers());
  SRPT_CHECK(post.offset <= limits::kDataBufferBytes &&
             post.length <= limits::kDataBufferBytes - post.offset);
  if (rdma_used_ == rdma_.size()) Flush();
  Rdma& rdma = rdma_[rdma_used_++];
  rdma.sge = {Number(memory_.DataAddress(post.buffer) + post.offset), post.length, lkey};
  rdma.wr.opcode = opcode;
  const bool signaled = post.signaled || devices_[connection.device].signal_all;
  rdma.wr.send_flags = signaled ? IBV_SEND_SIGNALED : 0;
  rdma.wr.wr.rdma.remote_addr = post.remote.v;
  rdma.wr.wr.rdma.rkey = post.rkey.v;
  Gather(connection, rdma.wr, post.signaled ? WrKind::kRdma : WrKind::kRdmaQuiet, post.buffer.v);
  if (post.signaled) {
    due_rdma_[post.buffer.v] = rdma.wr.wr_id;
    ++connection.rdma_open;
    ++devices_[connection.device].rdma_open;
  }
}

void Datapath::Post(const action::RdmaWrite& write) {
  GatherRdma(write, IBV_WR_RDMA_WRITE, memory_.PoolKey(Of(write.channel).device));
}

void Datapath::Post(const action::RdmaRead& read) {
  GatherRdma(read, IBV_WR_RDMA_READ, memory_.ReadSinkKey(Of(read.channel).device));
}

// No bytes, so no key and no address are looked at (InfiniBand C9-88, RFC 5040 5.2); siw wants an
// SGE for a READ all the same.
void Datapath::Post(const action::Probe& post) {
  Connection& connection = Of(post.channel);
  Connection::Send& probe = connection.probe;
  SRPT_CHECK(!probe.posted);
  probe.posted = true;
  DevicePath& device = devices_[connection.device];
  probe.wr.opcode = device.iwarp ? IBV_WR_RDMA_READ : IBV_WR_RDMA_WRITE;
  probe.wr.send_flags = IBV_SEND_SIGNALED;
  probe.sge = {};
  probe.wr.sg_list = &probe.sge;
  probe.wr.num_sge = 0;
  if (device.iwarp) {
    probe.sge.addr = Number(memory_.DataAddress(BufferId(0)));
    probe.sge.lkey = memory_.ReadSinkKey(connection.device);
    probe.wr.num_sge = 1;
  }
  Gather(connection, probe.wr, WrKind::kProbe, 0);
  ++connection.rdma_open;
  ++device.rdma_open;
}

}  // namespace srpt::target
