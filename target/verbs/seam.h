// Every call of libibverbs and librdmacm that srpt makes goes through here, and each is a point
// where a test can make it fail.
//
// Two kinds of calls, two ways to get between. Calls that make, ask for or end something are plain
// functions: production links seam.cc, a test links failing_seam.cc instead, which counts, fails
// the N-th, and else passes on to real verbs or to a network of its own (fake_verbs.h). Calls that
// move data are inline and cost nothing: verbs itself calls them through the `ops` of their
// context, and that is where the test gets between.
//
// The names of events and devices are texts, and an address is a field: they cannot fail. A lint
// (//tools/lint:seam_test) finds calls that go around the seam.
#ifndef TARGET_VERBS_SEAM_H_
#define TARGET_VERBS_SEAM_H_

#include <infiniband/verbs.h>
#include <rdma/rdma_cma.h>

#include <cstddef>
#include <cstdint>

namespace srpt::target::verbs {

#include "target/verbs/seam_calls.inc"

// --- Data ---
inline int PostSend(ibv_qp* qp, ibv_send_wr* first, ibv_send_wr** bad) {
  return ibv_post_send(qp, first, bad);
}
inline int PostRecv(ibv_qp* qp, ibv_recv_wr* first, ibv_recv_wr** bad) {
  return ibv_post_recv(qp, first, bad);
}
inline int PostSrqRecv(ibv_srq* srq, ibv_recv_wr* first, ibv_recv_wr** bad) {
  return ibv_post_srq_recv(srq, first, bad);
}
inline int PollCq(ibv_cq* cq, int entries, ibv_wc* completions) {
  return ibv_poll_cq(cq, entries, completions);
}
inline int ReqNotifyCq(ibv_cq* cq, bool solicited_only) {
  return ibv_req_notify_cq(cq, solicited_only ? 1 : 0);
}

// --- Texts and fields ---
inline const char* NameOf(const ibv_context* context) { return context->device->name; }
inline const char* TextOf(ibv_event_type event) { return ibv_event_type_str(event); }
inline const char* TextOf(rdma_cm_event_type event) { return rdma_event_str(event); }
inline sockaddr* PeerOf(rdma_cm_id* id) { return rdma_get_peer_addr(id); }
inline sockaddr* LocalOf(rdma_cm_id* id) { return rdma_get_local_addr(id); }

}  // namespace srpt::target::verbs

#endif  // TARGET_VERBS_SEAM_H_
