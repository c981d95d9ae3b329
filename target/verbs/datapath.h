// The queue pairs and completion queues of one shard.
//
// Posting: work requests are prebuilt and gathered per queue pair; Flush hands each queue pair all
// its receives in one post, then all its sends in one. On Soft-RoCE every ibv_post_send is a system
// call, so this decides the speed. Receives go first: a credit must never be granted without one.
// What a device refuses for want of memory waits for the next Flush (datapath_flush.cc).
//
// Completions: two queues a device, one for sends and one for receives. Only the receive queue
// wakes a sleeping loop always. The end of a SEND alone gives nobody anything to do, so the send
// queue is armed only while an RDMA with a signal is open (somebody waits for its data), or while
// many sends are; else the loop looks at it with the next receive, or after kLazySendsMs. Each poll
// looks at the sends first: a response's end is seen before the command that follows it.
//
// A shared receive queue (one a device) keeps its receives when a queue pair fails. Its completions
// are told apart by the number of the queue pair. What a queue pair that is gone took is posted
// again here; core never hears of it.
//
// Neither queue can overrun: a queue pair is opened only if all that it may post fits.
#ifndef TARGET_VERBS_DATAPATH_H_
#define TARGET_VERBS_DATAPATH_H_

#include <infiniband/verbs.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/action.h"
#include "core/base/limits.h"
#include "core/base/result.h"
#include "target/reactor_time.h"
#include "target/verbs/connection.h"
#include "target/verbs/device.h"
#include "target/verbs/fabric.h"
#include "target/verbs/memory.h"
#include "target/verbs/qp_table.h"
#include "target/verbs/wr_id.h"

namespace srpt::target {

inline constexpr int kPollBatch = 64;           // Completions of one queue in one poll.
inline constexpr std::size_t kGatherMax = 512;  // RDMA work requests gathered before they must go.
inline constexpr std::uint32_t kInlineBytes = 64;  // A response without sense data fits.
inline constexpr std::uint32_t kSendsOpenLazily = 24;
inline constexpr int kLazySendsMs = 2;
// Polls after which what could not be posted is reported although earlier work has not ended.
inline constexpr std::uint32_t kUnpostedPollsMax = 4096;

// What is refused for so long fails: so long does core wait for the transport. But no sooner than
// after this many polls, each of which may have made room: the thread may have stood still.
inline constexpr Duration kRefusedMax = limits::kCompletionWatchdog;
inline constexpr std::uint64_t kRefusedPollsMin = 64;

WorkStatus ToWorkStatus(ibv_wc_status status);
// What a receive brought.
std::uint32_t BytesOf(const ibv_wc& wc);

class Datapath {
 public:
  using Clock = Time (*)();

  // Slots of `connections` are channel slots; the vector belongs to the caller and never moves.
  Datapath(ShardMemory& memory, std::vector<Connection>& connections, Clock now = Now);
  ~Datapath();
  Datapath(const Datapath&) = delete;
  Datapath& operator=(const Datapath&) = delete;

  // Makes protection domain and completion queues for `send_entries` and `recv_entries` work
  // requests (less where the device's limit is lower), and registers the pool.
  Result<DeviceIndex, std::string> AddDevice(const Device& device, std::uint32_t send_entries,
                                             std::uint32_t recv_entries, int vector);

  // Gives the device that was added last a shared receive queue of `count` buffers of `recv_bytes`,
  // all posted. Empty, or what failed.
  std::string AddShared(std::uint32_t count, std::uint32_t recv_bytes);
  // No device has one after all.
  void DropShared();
  // A shared receive queue ran low (IBV_EVENT_SRQ_LIMIT_REACHED); if it is ours, it is counted.
  void OnSharedLow(const void* queue);
  std::uint64_t shared_low_events() const;
  // A completion queue ran over, or a shared receive queue failed (IBV_EVENT_CQ_ERR, SRQ_ERR): if
  // it is ours, the channels of its device end, and it gets new queues.
  void OnQueueFailed(const void* queue);
  // The same of a whole device (IBV_EVENT_DEVICE_FATAL), for good.
  void OnDeviceFailed(DeviceIndex device);

  // Makes the queue pair of `connection` (whose cm and device are set) and posts its receives.
  // Null, or a static string: what failed; then nothing is left of it, and `sq_refused` says
  // whether a shorter send queue may do.
  const char* Open(Connection& connection, const action::Accept& accept, bool& sq_refused);
  // Queue pair to error: all posted work comes back.
  void Break(Connection& connection);
  // Core asked Disconnect: it is told when the last receive has been (event::ReceivesOver).
  void EndReceives(Connection& connection);
  // Destroys the queue pair and deregisters its memory. Completions that name it are dropped.
  void Close(Connection& connection);

  void Post(const action::PostRecv& post);
  void Post(const action::SendIu& send);
  void Post(const action::RdmaWrite& write);
  void Post(const action::RdmaRead& read);
  void Post(const action::Probe& probe);
  void Flush();

  std::size_t Poll(EventSink& sink);
  bool Arm();
  bool LazySends() const;
  std::vector<int> completion_fds() const;
  void OnWake();

 private:
  struct Queue {
    ibv_cq* cq = nullptr;
    std::uint32_t entries = 0;
    std::uint32_t promised = 0;   // To open queue pairs.
    std::uint32_t returning = 0;  // Of closed ones, until the queue was seen empty.
    bool armed = false;
  };
  // One of a device; the receives by their index in it.
  struct SharedRecvs {
    ibv_srq* srq = nullptr;
    std::vector<Connection::Recv> recvs;
    QpTable channels;
    ibv_recv_wr* first = nullptr;  // Gathered, or refused by the last post.
    ibv_recv_wr* last = nullptr;
    Refusal refusal;
    std::uint32_t posted = 0;
    std::uint32_t ending = 0;  // Connections whose ReceivesOver is due.
    bool armed = false;        // The limit event, which comes once.
    std::uint64_t low = 0;     // Times it came.
  };
  struct DevicePath {
    std::string name;
    DeviceLimits limits;
    ibv_context* context = nullptr;
    int vector = 0;
    ibv_pd* pd = nullptr;
    ibv_comp_channel* channel = nullptr;
    Queue send;
    Queue recv;
    SharedRecvs shared;
    std::vector<ibv_wc> early;  // Receives that were polled when a queue pair went.
    bool iwarp = false;
    bool signal_all = false;  // See AddDevice.
    std::uint32_t sends_open = 0;
    std::uint32_t rdma_open = 0;
    bool fail_due = false;  // Its channels are to end.
    bool ended = false;     // And nothing comes after them.
  };

  Connection& Of(ChannelId channel);
  Connection* Find(ChannelId channel);
  void Remember(Connection& connection);
  void Prebuild(Connection& connection, const action::Accept& accept);
  void Gather(Connection& connection, ibv_send_wr& wr, WrKind kind, std::uint32_t index);
  template <class Action>
  void GatherRdma(const Action& action, ibv_wr_opcode opcode, std::uint32_t lkey);
  void PostShared(DevicePath& device, std::uint32_t index);
  int FlushShared(DevicePath& device);
  void ArmShared(DevicePath& device);
  void CompleteShared(DevicePath& device, const ibv_wc& wc, EventSink& sink);
  void TakeBack(DevicePath& device, const Connection& connection);
  void ReportReceivesOver(DevicePath& device, EventSink& sink);
  void FlushRecvs(Connection& connection);
  void FlushSends(Connection& connection);
  bool ReceivesWait(const Connection& connection) const;
  void Keep(Connection& connection);
  // Whether what was refused waits for another try.
  bool MayWait(Refusal& refusal, int error, bool some_taken);
  bool MayWait(Connection& connection, Refusal& refusal, int error, bool some_taken);
  void Fail(DevicePath& device, const std::string& why);
  void FailForGood(DevicePath& device, const std::string& why);
  void ReportFailure(DevicePath& device, EventSink& sink);
  void Abandon(DevicePath& device, Connection& connection);
  void Renew(DevicePath& device);
  void Unpost(Connection& connection, std::uint64_t wr_id);
  std::size_t PollQueue(DevicePath& device, Queue& queue, EventSink& sink);
  void Deliver(DevicePath& device, const ibv_wc& wc, bool receive, EventSink& sink);
  void Complete(std::uint64_t wr_id, WorkStatus status, std::uint32_t bytes, EventSink& sink);
  void ReportUnposted(EventSink& sink);

  ShardMemory& memory_;
  std::vector<Connection>& connections_;
  const Clock now_;
  std::uint64_t polls_ = 0;
  std::vector<DevicePath> devices_;
  std::vector<Connection*> gathered_;  // After Flush: those of which something waits.
  std::vector<Rdma> rdma_;
  std::size_t rdma_used_ = 0;
  // By BufferId: the wr_id of the signaled RDMA that is open for it; 0: none. Linux's siw, when it
  // flushes a queue pair, reports an RDMA READ twice that it had begun to send.
  std::vector<std::uint64_t> due_rdma_;
  std::size_t unposted_connections_ = 0;
};

}  // namespace srpt::target

#endif  // TARGET_VERBS_DATAPATH_H_
