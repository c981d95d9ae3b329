#include "target/verbs/failing_seam.h"

#include <poll.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "target/verbs/seam.h"

namespace srpt::target::below {

#include "target/verbs/seam_calls.inc"

}  // namespace srpt::target::below

namespace srpt::target::verbs {
namespace {

enum Kind : std::size_t {
  kPds,
  kRegions,
  kCompletionChannels,
  kCqs,
  kSrqs,
  kQps,
  kEventChannels,
  kIds,
  kCmEvents,
  kCqEvents,
  kAsyncEvents,
  kKinds
};
constexpr std::array<const char*, kKinds> kNames = {"protection domain",
                                                    "memory region",
                                                    "completion channel",
                                                    "completion queue",
                                                    "shared receive queue",
                                                    "queue pair",
                                                    "event channel",
                                                    "id",
                                                    "unacknowledged CM event",
                                                    "unacknowledged CQ event",
                                                    "unacknowledged async event"};

struct State {
  std::map<std::string, std::uint64_t> calls;  // By name.
  std::uint64_t countdown = 0;                 // Calls until the one that fails, itself included.
  std::string name;                            // Only of this name; empty: of any.
  std::string failed;
  std::atomic<Failure> how{Failure::kTransient};
  std::array<std::atomic<std::int64_t>, kKinds> alive{};
  // The ops of each context before ours. Filled before there is a second thread.
  std::vector<std::pair<ibv_context*, ibv_context_ops>> ops;
  std::mutex mutex;
  std::map<std::uint32_t, ibv_qp*> qps;         // By number.
  std::map<ibv_cq*, std::vector<ibv_wc>> held;  // What a failing poll did not give.
  std::atomic<bool> holds{false};
};
State& Global() {
  static State state;
  return state;
}

// Counts a call. True: it is the one that fails.
bool Point(const char* name) {
  State& s = Global();
  const std::lock_guard lock(s.mutex);
  ++s.calls[name];
  if (s.countdown == 0 || (!s.name.empty() && s.name != name) || --s.countdown != 0) return false;
  s.failed = name;
  return true;
}
bool Hard() { return Global().how == Failure::kHard; }
int Number() { return Hard() ? EINVAL : ENOMEM; }
void Made(Kind kind) { ++Global().alive[kind]; }
void Ended(Kind kind) { --Global().alive[kind]; }
bool Readable(int fd) {
  pollfd p{fd, POLLIN, 0};
  return poll(&p, 1, 0) == 1;
}

// Null and errno if the call fails.
template <class Make>
auto Maker(const char* name, Kind kind, Make make) -> decltype(make()) {
  if (Point(name)) {
    errno = Number();
    return nullptr;
  }
  const auto made = make();
  if (made != nullptr) Made(kind);
  return made;
}
// -1 and errno, as of the calls of librdmacm.
template <class Call>
int Asker(const char* name, Call call) {
  if (!Point(name)) return call();
  errno = Number();
  return -1;
}
// The error's number, as of the calls of libibverbs.
template <class Call>
int Teller(const char* name, Call call) {
  return Point(name) ? errno = Number() : call();
}
template <class Call>
int Ender(const char* name, Kind kind, Call call) {
  const bool fails = Point(name);
  const int result = call();
  if (result == 0) Ended(kind);
  return fails ? errno = EIO : result;
}

// --- Data: in the place of a context's ops ---

const ibv_context_ops& Ops(const ibv_context* context) {
  for (const auto& [known, ops] : Global().ops) {
    if (known == context) return ops;
  }
  abort();
}

// Posts what stands before the middle one of a chain and refuses that one and the rest.
template <class Wr, class Post>
int RefuseMiddle(Wr* first, Wr** bad, Post post) {
  std::size_t length = 0;
  for (Wr* wr = first; wr != nullptr; wr = wr->next) ++length;
  Wr* last = nullptr;
  Wr* middle = first;
  for (std::size_t i = 0; i < length / 2; ++i) {
    last = middle;
    middle = middle->next;
  }
  if (last != nullptr) {
    last->next = nullptr;
    const int error = post(first, bad);
    last->next = middle;
    if (error != 0) return error;
  }
  *bad = middle;
  return Number();
}

int PostSendOp(ibv_qp* qp, ibv_send_wr* first, ibv_send_wr** bad) {
  const auto post = [&](ibv_send_wr* w, ibv_send_wr** b) {
    return Ops(qp->context).post_send(qp, w, b);
  };
  return Point("ibv_post_send") ? RefuseMiddle(first, bad, post) : post(first, bad);
}
int PostRecvOp(ibv_qp* qp, ibv_recv_wr* first, ibv_recv_wr** bad) {
  const auto post = [&](ibv_recv_wr* w, ibv_recv_wr** b) {
    return Ops(qp->context).post_recv(qp, w, b);
  };
  return Point("ibv_post_recv") ? RefuseMiddle(first, bad, post) : post(first, bad);
}
int PostSrqRecvOp(ibv_srq* srq, ibv_recv_wr* first, ibv_recv_wr** bad) {
  const auto post = [&](ibv_recv_wr* w, ibv_recv_wr** b) {
    return Ops(srq->context).post_srq_recv(srq, w, b);
  };
  return Point("ibv_post_srq_recv") ? RefuseMiddle(first, bad, post) : post(first, bad);
}

int PollCqOp(ibv_cq* cq, int entries, ibv_wc* completions) {
  State& s = Global();
  if (s.holds) {
    const std::lock_guard lock(s.mutex);
    const auto held = s.held.find(cq);
    if (held != s.held.end()) {
      const auto n = static_cast<int>(held->second.size());
      if (n > entries) abort();  // Every poll asks for as many.
      std::copy(held->second.begin(), held->second.end(), completions);
      s.held.erase(held);
      s.holds = !s.held.empty();
      return n;
    }
  }
  const int n = Ops(cq->context).poll_cq(cq, entries, completions);
  if (n <= 0 || !Point("ibv_poll_cq")) return n;
  const std::lock_guard lock(s.mutex);
  if (Hard()) {
    ibv_wc& first = completions[0];
    first.status = IBV_WC_GENERAL_ERR;
    const auto qp = s.qps.find(first.qp_num);
    ibv_qp_attr attr{};
    attr.qp_state = IBV_QPS_ERR;
    if (qp != s.qps.end()) (void)below::ModifyQp(qp->second, &attr, IBV_QP_STATE);
    return n;
  }
  s.held[cq].assign(completions, completions + n);
  s.holds = true;
  return -1;
}

int ReqNotifyCqOp(ibv_cq* cq, int solicited_only) {
  return Teller("ibv_req_notify_cq",
                [&] { return Ops(cq->context).req_notify_cq(cq, solicited_only); });
}

}  // namespace

void FailurePoints::Fail(std::uint64_t n, Failure how, const std::string& name) {
  State& s = Global();
  const std::lock_guard lock(s.mutex);
  s.how = how;
  s.countdown = n;
  s.name = name;
}
std::map<std::string, std::uint64_t> FailurePoints::calls() {
  const std::lock_guard lock(Global().mutex);
  return Global().calls;
}
std::string FailurePoints::failed() {
  const std::lock_guard lock(Global().mutex);
  return Global().failed;
}
std::string FailurePoints::Alive() {
  std::string text;
  for (std::size_t i = 0; i < kKinds; ++i) {
    const std::int64_t n = Global().alive[i];
    if (n == 0) continue;
    if (!text.empty()) text += ", ";
    text += std::to_string(n) + " " + kNames[i] + (n == 1 ? "" : "s");
  }
  return text;
}

// --- Devices ---

bool LooksUsable() { return !Point("LooksUsable") && below::LooksUsable(); }
ibv_context** GetDevices(int* count) {
  if (Point("rdma_get_devices")) {
    errno = Number();
    return nullptr;
  }
  ibv_context** const devices = below::GetDevices(count);
  for (int i = 0; devices != nullptr && i < *count; ++i) {
    ibv_context_ops& ops = devices[i]->ops;
    if (ops.post_send == PostSendOp) continue;
    Global().ops.emplace_back(devices[i], ops);
    ops.post_send = PostSendOp;
    ops.post_recv = PostRecvOp;
    ops.post_srq_recv = PostSrqRecvOp;
    ops.poll_cq = PollCqOp;
    ops.req_notify_cq = ReqNotifyCqOp;
  }
  return devices;
}
void FreeDevices(ibv_context** devices) { below::FreeDevices(devices); }
int QueryDevice(ibv_context* context, ibv_device_attr* attr) {
  return Teller("ibv_query_device", [&] { return below::QueryDevice(context, attr); });
}
int QueryPort(ibv_context* context, std::uint8_t port, ibv_port_attr* attr) {
  return Teller("ibv_query_port", [&] { return below::QueryPort(context, port, attr); });
}
int QueryGid(ibv_context* context, std::uint8_t port, int index, ibv_gid* gid) {
  return Asker("ibv_query_gid", [&] { return below::QueryGid(context, port, index, gid); });
}
int QueryPkey(ibv_context* context, std::uint8_t port, int index, __be16* pkey) {
  return Asker("ibv_query_pkey", [&] { return below::QueryPkey(context, port, index, pkey); });
}
int GetAsyncEvent(ibv_context* context, ibv_async_event* event) {
  if (Readable(context->async_fd) && Point("ibv_get_async_event")) {
    errno = Number();
    return -1;
  }
  const int result = below::GetAsyncEvent(context, event);
  if (result == 0) Made(kAsyncEvents);
  return result;
}
void AckAsyncEvent(ibv_async_event* event) {
  below::AckAsyncEvent(event);
  Ended(kAsyncEvents);
}

// --- Objects ---

ibv_pd* AllocPd(ibv_context* context) {
  return Maker("ibv_alloc_pd", kPds, [&] { return below::AllocPd(context); });
}
int DeallocPd(ibv_pd* pd) {
  return Ender("ibv_dealloc_pd", kPds, [&] { return below::DeallocPd(pd); });
}
ibv_mr* RegMr(ibv_pd* pd, void* address, std::size_t bytes, unsigned access) {
  return Maker("ibv_reg_mr", kRegions, [&] { return below::RegMr(pd, address, bytes, access); });
}
int DeregMr(ibv_mr* mr) {
  return Ender("ibv_dereg_mr", kRegions, [&] { return below::DeregMr(mr); });
}
ibv_comp_channel* CreateCompChannel(ibv_context* context) {
  return Maker("ibv_create_comp_channel", kCompletionChannels,
               [&] { return below::CreateCompChannel(context); });
}
int DestroyCompChannel(ibv_comp_channel* channel) {
  return Ender("ibv_destroy_comp_channel", kCompletionChannels,
               [&] { return below::DestroyCompChannel(channel); });
}
ibv_cq* CreateCq(ibv_context* context, int entries, ibv_comp_channel* channel, int vector) {
  return Maker("ibv_create_cq", kCqs,
               [&] { return below::CreateCq(context, entries, channel, vector); });
}
int DestroyCq(ibv_cq* cq) {
  return Ender("ibv_destroy_cq", kCqs, [&] { return below::DestroyCq(cq); });
}
int GetCqEvent(ibv_comp_channel* channel, ibv_cq** cq) {
  if (Readable(channel->fd) && Point("ibv_get_cq_event")) {
    errno = Number();
    return -1;
  }
  const int result = below::GetCqEvent(channel, cq);
  if (result == 0) Made(kCqEvents);
  return result;
}
void AckCqEvents(ibv_cq* cq, unsigned count) {
  below::AckCqEvents(cq, count);
  for (unsigned i = 0; i < count; ++i) Ended(kCqEvents);
}
ibv_srq* CreateSrq(ibv_pd* pd, ibv_srq_init_attr* attr) {
  return Maker("ibv_create_srq", kSrqs, [&] { return below::CreateSrq(pd, attr); });
}
int ModifySrq(ibv_srq* srq, ibv_srq_attr* attr, int mask) {
  return Teller("ibv_modify_srq", [&] { return below::ModifySrq(srq, attr, mask); });
}
int DestroySrq(ibv_srq* srq) {
  return Ender("ibv_destroy_srq", kSrqs, [&] { return below::DestroySrq(srq); });
}
int CreateQp(rdma_cm_id* id, ibv_pd* pd, ibv_qp_init_attr* attr) {
  return Asker("rdma_create_qp", [&] {
    const int result = below::CreateQp(id, pd, attr);
    if (result == 0) {
      Made(kQps);
      const std::lock_guard lock(Global().mutex);
      Global().qps[id->qp->qp_num] = id->qp;
    }
    return result;
  });
}
int ModifyQp(ibv_qp* qp, ibv_qp_attr* attr, int mask) {
  return Teller("ibv_modify_qp", [&] { return below::ModifyQp(qp, attr, mask); });
}
void DestroyQp(rdma_cm_id* id) {
  if (id->qp != nullptr) {
    const std::lock_guard lock(Global().mutex);
    Global().qps.erase(id->qp->qp_num);
    Ended(kQps);
  }
  below::DestroyQp(id);
}

// --- Connections ---

rdma_event_channel* CreateEventChannel() {
  return Maker("rdma_create_event_channel", kEventChannels,
               [&] { return below::CreateEventChannel(); });
}
void DestroyEventChannel(rdma_event_channel* channel) {
  below::DestroyEventChannel(channel);
  Ended(kEventChannels);
}
int GetCmEvent(rdma_event_channel* channel, rdma_cm_event** event) {
  if (Readable(channel->fd) && Point("rdma_get_cm_event")) {
    errno = Number();
    return -1;
  }
  const int result = below::GetCmEvent(channel, event);
  if (result == 0) {
    Made(kCmEvents);
    if ((*event)->event == RDMA_CM_EVENT_CONNECT_REQUEST) Made(kIds);
  }
  return result;
}
int AckCmEvent(rdma_cm_event* event) {
  return Ender("rdma_ack_cm_event", kCmEvents, [&] { return below::AckCmEvent(event); });
}
int CreateId(rdma_event_channel* channel, rdma_cm_id** id, void* context, rdma_port_space space) {
  return Asker("rdma_create_id", [&] {
    const int result = below::CreateId(channel, id, context, space);
    if (result == 0) Made(kIds);
    return result;
  });
}
int DestroyId(rdma_cm_id* id) {
  return Ender("rdma_destroy_id", kIds, [&] { return below::DestroyId(id); });
}
int SetOption(rdma_cm_id* id, int level, int name, void* value, std::size_t bytes) {
  return Asker("rdma_set_option", [&] { return below::SetOption(id, level, name, value, bytes); });
}
int BindAddr(rdma_cm_id* id, sockaddr* address) {
  return Asker("rdma_bind_addr", [&] { return below::BindAddr(id, address); });
}
int Listen(rdma_cm_id* id, int backlog) {
  return Asker("rdma_listen", [&] { return below::Listen(id, backlog); });
}
int MigrateId(rdma_cm_id* id, rdma_event_channel* channel) {
  return Asker("rdma_migrate_id", [&] { return below::MigrateId(id, channel); });
}
int Accept(rdma_cm_id* id, rdma_conn_param* param) {
  return Asker("rdma_accept", [&] { return below::Accept(id, param); });
}
int Reject(rdma_cm_id* id, const void* private_data, std::uint8_t bytes) {
  return Asker("rdma_reject", [&] { return below::Reject(id, private_data, bytes); });
}
int Notify(rdma_cm_id* id, ibv_event_type event) {
  return Asker("rdma_notify", [&] { return below::Notify(id, event); });
}
int Disconnect(rdma_cm_id* id) {
  return Asker("rdma_disconnect", [&] { return below::Disconnect(id); });
}

}  // namespace srpt::target::verbs
