// Posting, executing and completing work requests of the network within the process.
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>

#include "target/verbs/fake_network.h"

namespace srpt::target::fake {
namespace {

// The bytes that a scatter-gather entry names; null if its key does not cover them.
std::uint8_t* Covered(World& w, const ibv_pd* pd, const ibv_sge& sge, unsigned access) {
  const auto found = w.regions.find(sge.lkey);
  if (found == w.regions.end()) return nullptr;
  const Mr& mr = *found->second;
  const auto first = reinterpret_cast<std::uintptr_t>(mr.addr);
  const bool inside = sge.addr >= first && sge.addr + sge.length <= first + mr.length;
  if (!inside || mr.pd != pd || (mr.access & access) != access) return nullptr;
  return reinterpret_cast<std::uint8_t*>(sge.addr);
}

void Push(World& w, ibv_cq* raw, const Completion& completion) {
  Cq& cq = static_cast<Cq&>(*raw);
  if (cq.over) return;
  if (cq.completions.size() >= static_cast<std::size_t>(cq.cqe))
    w.Broke("a completion queue ran over");
  cq.completions.push_back(completion);
  if (!cq.armed) return;
  cq.armed = false;
  static_cast<CompChannel*>(cq.channel)->events.push_back(&cq);
  Raise(cq.channel->fd);
}

void CompleteSend(World& w, Qp& qp, const ibv_send_wr& wr, ibv_wc_status status) {
  Completion c;
  c.wc.wr_id = wr.wr_id;
  c.wc.status = status;
  c.wc.qp_num = qp.qp_num;
  c.of_send = true;
  c.retires = qp.posted;
  Push(w, qp.send_cq, c);
}

void CompleteRecv(World& w, Qp& qp, const Recv& recv, ibv_wc_status status, std::size_t bytes) {
  Completion c;
  c.wc.wr_id = recv.wr_id;
  c.wc.status = status;
  c.wc.qp_num = qp.qp_num;
  c.wc.opcode = IBV_WC_RECV;
  c.wc.byte_len = static_cast<std::uint32_t>(bytes);
  Push(w, qp.recv_cq, c);
}

bool IsIwarp(const Qp& qp) { return static_cast<Pd*>(qp.pd)->device->options.iwarp; }

ibv_wc_status Execute(World& w, Qp& qp, const ibv_send_wr& wr) {
  if (qp.peer == nullptr || !qp.peer->up) return IBV_WC_RETRY_EXC_ERR;
  std::vector<std::uint8_t> bytes;
  const bool read = wr.opcode == IBV_WR_RDMA_READ;
  if (read && wr.num_sge > 1) w.Broke("an RDMA READ with more than one entry");
  std::size_t length = 0;
  for (int i = 0; i < wr.num_sge; ++i) {
    const ibv_sge& sge = wr.sg_list[i];
    unsigned access = 0;
    if (read) access |= IBV_ACCESS_LOCAL_WRITE;
    if (read && IsIwarp(qp)) access |= IBV_ACCESS_REMOTE_WRITE;
    const std::uint8_t* const at = (wr.send_flags & IBV_SEND_INLINE) != 0
                                       ? reinterpret_cast<const std::uint8_t*>(sge.addr)
                                       : Covered(w, qp.pd, sge, access);
    if (at == nullptr) {
      w.Broke("a work request's key does not cover its buffer");
      return IBV_WC_LOC_PROT_ERR;
    }
    length += sge.length;
    if (!read) bytes.insert(bytes.end(), at, at + sge.length);
  }
  if (wr.opcode == IBV_WR_SEND) {
    w.Tell(*qp.peer, PeerEvent::Kind::kIu, bytes.data(), bytes.size());
    return IBV_WC_SUCCESS;
  }
  if (length == 0) return IBV_WC_SUCCESS;
  const std::uint64_t remote = wr.wr.rdma.remote_addr;
  if (wr.wr.rdma.rkey != kPeerKey || remote > kPeerBytes || length > kPeerBytes - remote) {
    return IBV_WC_REM_ACCESS_ERR;
  }
  if (read) {
    std::memcpy(reinterpret_cast<void*>(wr.sg_list[0].addr), w.memory.data() + remote, length);
  } else {
    std::memcpy(w.memory.data() + remote, bytes.data(), length);
  }
  return IBV_WC_SUCCESS;
}

// Of the post that begins: none, if it is taken whole.
std::optional<Refusal> Counted(Refusal& refusal) {
  if (refusal.posts == 0) return std::nullopt;
  --refusal.posts;
  return refusal;
}

int PostSend(ibv_qp* raw, ibv_send_wr* first, ibv_send_wr** bad) {
  World& w = TheWorld();
  const Lock lock(w.mutex);
  Qp& qp = static_cast<Qp&>(*raw);
  const std::optional<Refusal> refusal = Counted(w.refuse_sends);
  std::uint32_t taken = 0;
  for (ibv_send_wr* wr = first; wr != nullptr; wr = wr->next, ++taken) {
    if (refusal && taken == refusal->taken) {
      *bad = wr;
      return refusal->error;
    }
    if (qp.posted - qp.retired >= qp.cap.max_send_wr) {
      w.Broke("a send queue ran over");
      *bad = wr;
      return ENOMEM;
    }
    ++qp.posted;
    if (qp.error) {
      CompleteSend(w, qp, *wr, IBV_WC_WR_FLUSH_ERR);
      continue;
    }
    const ibv_wc_status status = Execute(w, qp, *wr);
    if (status != IBV_WC_SUCCESS || (wr->send_flags & IBV_SEND_SIGNALED) != 0) {
      CompleteSend(w, qp, *wr, status);
    }
    if (status != IBV_WC_SUCCESS) ToError(w, qp);
  }
  return refusal && taken == refusal->taken ? refusal->error : 0;
}

// Posts a list of receives, as far as nothing refuses them. `take` gets one; false: the queue ran
// over.
template <class Take>
int PostRecvs(World& w, const char* queue, ibv_recv_wr* first, ibv_recv_wr** bad, Take take) {
  const std::optional<Refusal> refusal = Counted(w.refuse_recvs);
  std::uint32_t taken = 0;
  for (ibv_recv_wr* wr = first; wr != nullptr; wr = wr->next, ++taken) {
    *bad = wr;
    if (refusal && taken == refusal->taken) return refusal->error;
    if (take(Recv{wr->wr_id, wr->sg_list[0]})) continue;
    w.Broke(std::string(queue) + " ran over");
    return ENOMEM;
  }
  return 0;
}

int PostRecv(ibv_qp* raw, ibv_recv_wr* first, ibv_recv_wr** bad) {
  World& w = TheWorld();
  const Lock lock(w.mutex);
  Qp& qp = static_cast<Qp&>(*raw);
  const int error = PostRecvs(w, "a receive queue", first, bad, [&](const Recv& recv) {
    if (qp.srq != nullptr || qp.recvs.size() >= qp.cap.max_recv_wr) return false;
    if (qp.error) {
      CompleteRecv(w, qp, recv, IBV_WC_WR_FLUSH_ERR, 0);
    } else {
      qp.recvs.push_back(recv);
    }
    return true;
  });
  DeliverToTarget(w, qp);
  return error;
}

int PostSrqRecv(ibv_srq* raw, ibv_recv_wr* first, ibv_recv_wr** bad) {
  World& w = TheWorld();
  const Lock lock(w.mutex);
  Srq& srq = static_cast<Srq&>(*raw);
  const int error = PostRecvs(w, "a shared receive queue", first, bad, [&](const Recv& recv) {
    if (srq.recvs.size() >= srq.room) return false;
    srq.recvs.push_back(recv);
    return true;
  });
  for (auto& [number, qp] : w.qps) {
    if (qp->srq == raw) DeliverToTarget(w, *qp);
  }
  return error;
}

int PollCq(ibv_cq* raw, int entries, ibv_wc* completions) {
  World& w = TheWorld();
  const Lock lock(w.mutex);
  Cq& cq = static_cast<Cq&>(*raw);
  int n = 0;
  for (; n < entries && !cq.completions.empty(); ++n) {
    const Completion& c = cq.completions.front();
    completions[n] = c.wc;
    const auto qp = w.qps.find(c.wc.qp_num);
    if (c.of_send && qp != w.qps.end()) qp->second->retired = c.retires;
    cq.completions.pop_front();
  }
  return n;
}

int ReqNotifyCq(ibv_cq* raw, int) {
  const Lock lock(TheWorld().mutex);
  static_cast<Cq*>(raw)->armed = true;
  return 0;
}

}  // namespace

void SetOps(ibv_context& context) {
  context.ops.post_send = PostSend;
  context.ops.post_recv = PostRecv;
  context.ops.post_srq_recv = PostSrqRecv;
  context.ops.poll_cq = PollCq;
  context.ops.req_notify_cq = ReqNotifyCq;
}

void ToError(World& w, Qp& qp) {
  if (qp.error) return;
  qp.error = true;
  for (const Recv& recv : qp.recvs) CompleteRecv(w, qp, recv, IBV_WC_WR_FLUSH_ERR, 0);
  qp.recvs.clear();
}

// IUs of the peer meet receives.
void DeliverToTarget(World& w, Qp& qp) {
  if (qp.peer == nullptr) return;
  std::deque<Recv>& recvs = qp.srq != nullptr ? static_cast<Srq*>(qp.srq)->recvs : qp.recvs;
  std::deque<std::vector<std::uint8_t>>& ius = qp.peer->to_target;
  while (!qp.error && !ius.empty() && !recvs.empty()) {
    const std::vector<std::uint8_t> iu = ius.front();
    const Recv recv = recvs.front();
    ius.pop_front();
    recvs.pop_front();
    std::uint8_t* const at = Covered(w, qp.pd, recv.sge, IBV_ACCESS_LOCAL_WRITE);
    if (at == nullptr) {
      w.Broke("a receive's key does not cover its buffer");
      CompleteRecv(w, qp, recv, IBV_WC_LOC_PROT_ERR, 0);
      return ToError(w, qp);
    }
    if (iu.size() > recv.sge.length) {
      CompleteRecv(w, qp, recv, IBV_WC_LOC_LEN_ERR, 0);
      return ToError(w, qp);
    }
    std::copy(iu.begin(), iu.end(), at);
    CompleteRecv(w, qp, recv, IBV_WC_SUCCESS, iu.size());
  }
}

}  // namespace srpt::target::fake
