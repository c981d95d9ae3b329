// One RDMA channel as verbs see it: the connection, its queue pair and its prebuilt work requests.
#ifndef TARGET_VERBS_CONNECTION_H_
#define TARGET_VERBS_CONNECTION_H_

#include <infiniband/verbs.h>
#include <rdma/rdma_cma.h>

#include <cstdint>
#include <vector>

#include "core/base/types.h"
#include "core/event.h"
#include "target/verbs/memory.h"

namespace srpt::target {

struct Rdma {
  ibv_send_wr wr{};
  ibv_sge sge{};
};

// Since when a queue takes nothing of what is posted to it.
struct Refusal {
  bool refused = false;
  Time since;
  std::uint64_t polls = 0;  // Of the datapath, until then.
};

struct Connection {
  ChannelId id;  // Invalid: the slot is free.
  rdma_cm_id* cm = nullptr;
  ibv_qp* qp = nullptr;
  DeviceIndex device = 0;

  // Connection management (shard_connections.cc).
  bool established = false;   // ESTABLISHED came, or COMM_EST was told.
  bool disconnected = false;  // Disconnected was reported.
  bool ending = false;        // Shared receives: ReceivesOver is due when the queue was seen empty.
  bool dead = false;          // The CM gave it up, or the device went: nobody answers a DREQ.

  // Prebuilt, by RecvId and SendId; only links, lengths and sequences change.
  struct Recv {
    ibv_recv_wr wr{};
    ibv_sge sge{};
    bool posted = false;
  };
  struct Send {
    ibv_send_wr wr{};
    ibv_sge sge{};
    bool posted = false;
  };
  Send probe;               // Nothing to send: for an RDMA WRITE or READ of no bytes.
  std::vector<Recv> recvs;  // Empty: it receives from its device's shared queue.
  std::vector<Send> sends;
  std::uint32_t inline_bytes = 0;

  // Gathered for the next Flush, or refused by the last one. (Without a first there is no last.)
  ibv_recv_wr* recv_first = nullptr;
  ibv_recv_wr* recv_last = nullptr;
  ibv_send_wr* send_first = nullptr;
  ibv_send_wr* send_last = nullptr;
  bool gathered = false;  // In the datapath's list.
  Refusal recv_refusal;
  Refusal send_refusal;
  std::vector<Rdma> kept;  // RDMA that was refused, by its sequence. Empty before the first.

  // The send queue, in work requests: [tail, head) is posted and not known to have ended.
  std::uint16_t sq_size = 0;
  std::uint16_t sq_head = 0;
  std::uint16_t sq_tail = 0;
  std::uint16_t sends_open = 0;  // Signaled sends.
  std::uint16_t rdma_open = 0;   // Signaled RDMA.
  bool broken = false;           // We put the queue pair into error.
  bool failed = false;           // The queue pair is in error and core knows it.

  // Work requests that could not be posted; reported once those before them have ended.
  struct Unposted {
    std::uint64_t wr_id = 0;
    WorkStatus status = WorkStatus::kFlushed;
  };
  std::vector<Unposted> unposted;
  std::uint32_t unposted_age = 0;  // Polls since.

  std::uint16_t sq_open() const { return static_cast<std::uint16_t>(sq_head - sq_tail); }
};

}  // namespace srpt::target

#endif  // TARGET_VERBS_CONNECTION_H_
