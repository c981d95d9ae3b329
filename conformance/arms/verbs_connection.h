// One reliable connection over librdmacm: CM events and completions become arms::Event, in the
// order in which an SRP initiator may see them: nothing before kConnected, what arrived before the
// DREQ before kDisconnected.
#ifndef CONFORMANCE_ARMS_VERBS_CONNECTION_H_
#define CONFORMANCE_ARMS_VERBS_CONNECTION_H_

#include <infiniband/verbs.h>
#include <rdma/rdma_cma.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "conformance/arms/arm.h"
#include "conformance/arms/verbs_address.h"
#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/base/types.h"

namespace srpt::arms {

// The longest IU that can be sent, on purpose above what any target takes by default.
inline constexpr std::uint32_t kVerbsSendBytes = 65536;

template <class T, int (*Destroy)(T*)>
struct VerbsDeleter {
  void operator()(T* p) const { Destroy(p); }
};
using PdPtr = std::unique_ptr<ibv_pd, VerbsDeleter<ibv_pd, ibv_dealloc_pd>>;
using MrPtr = std::unique_ptr<ibv_mr, VerbsDeleter<ibv_mr, ibv_dereg_mr>>;
using CqPtr = std::unique_ptr<ibv_cq, VerbsDeleter<ibv_cq, ibv_destroy_cq>>;
using CompChannelPtr =
    std::unique_ptr<ibv_comp_channel, VerbsDeleter<ibv_comp_channel, ibv_destroy_comp_channel>>;
struct EventChannelDeleter {
  void operator()(rdma_event_channel* p) const { rdma_destroy_event_channel(p); }
};
using EventChannelPtr = std::unique_ptr<rdma_event_channel, EventChannelDeleter>;
struct CmIdDeleter {
  void operator()(rdma_cm_id* p) const {
    if (p->qp != nullptr) rdma_destroy_qp(p);
    rdma_destroy_id(p);
  }
};
using CmIdPtr = std::unique_ptr<rdma_cm_id, CmIdDeleter>;

// An id whose address and route are resolved, so that it names a device.
struct ResolvedId {
  EventChannelPtr channel;  // Outlives the id.
  CmIdPtr id;
};
Result<ResolvedId, std::string> Resolve(SocketAddress target, std::optional<SocketAddress> source);

class VerbsConnection {
 public:
  // Takes over a resolved id, posts the receives and sends the REQ. `pd` outlives the connection.
  static Result<std::unique_ptr<VerbsConnection>, std::string> Open(ResolvedId resolved, ibv_pd* pd,
                                                                    const ConnectOptions& options);
  ~VerbsConnection();
  VerbsConnection(const VerbsConnection&) = delete;
  VerbsConnection& operator=(const VerbsConnection&) = delete;

  std::optional<Event> NextEvent(Duration within);
  bool Send(Bytes iu, bool solicited);
  void Disconnect();
  // From now on the destructor sends no DREQ: the queue pair goes first, then the id (for which the
  // kernel's CM sends one, as for a program that was killed).
  void Abandon();
  ibv_pd* pd() const { return pd_; }

 private:
  VerbsConnection() = default;
  std::string Setup(const ConnectOptions& options);  // What failed; empty if nothing did.
  bool PostReceive(std::uint32_t i);
  void Pump();
  void PollCompletions();
  void OnCompletion(const ibv_wc& wc);
  void OnCmEvent(const rdma_cm_event& event);
  void Fail(Event::Kind kind, std::string detail);
  void Wait(int timeout_ms);
  std::optional<std::uint32_t> TakeSendSlot();

  enum class State : std::uint8_t { kConnecting, kConnected, kClosing, kClosed };

  // Destroyed in reverse: the queue pair with the id, before the queues and memory it uses.
  EventChannelPtr events_channel_;
  ibv_pd* pd_ = nullptr;
  CompChannelPtr completions_channel_;
  CqPtr cq_;
  std::vector<std::uint8_t> receive_memory_;
  std::vector<std::uint8_t> send_memory_;
  MrPtr receive_mr_;
  MrPtr send_mr_;
  CmIdPtr id_;

  std::uint32_t receive_bytes_ = 0;
  std::vector<std::uint32_t> free_sends_;
  std::deque<Event> events_;
  State state_ = State::kConnecting;
  bool failed_ = false;  // The queue pair is in error.
};

}  // namespace srpt::arms

#endif  // CONFORMANCE_ARMS_VERBS_CONNECTION_H_
