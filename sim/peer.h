// The initiator's end of one connection, as the simulator offers it: what one can ask of it, and
// what happens to it.
#ifndef SIM_PEER_H_
#define SIM_PEER_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/types.h"
#include "core/event.h"
#include "sim/decisions.h"

namespace srpt::sim {

using PeerId = Strong<struct PeerIdTag, std::uint32_t>;
// A protection domain: keys registered in it are good on every connection of the same host.
using HostId = Strong<struct HostIdTag, std::uint32_t>;

class PeerSink;

struct ConnectOptions {
  LoginForm form = LoginForm::kRdmaCm;
  // The LOGIN_REQ. Zero-padded on its way to what a CM REQ carries (92 or 56 bytes), unless iwarp.
  std::vector<std::uint8_t> private_data;
  TargetPortId port;
  PeerAddress source;
  HostId host;                       // Connections with the same number share their memory regions.
  std::uint8_t initiator_depth = 4;  // RDMA READs of the target that we take at once.
  bool iwarp = false;
  // Receives that the initiator keeps posted; every IU is taken at once and its receive posted
  // again. With 0 PostReceives gives each one by hand: without one, what the target sends waits
  // (RNR).
  std::uint32_t receives = 130;
  std::uint32_t receive_bytes = 65536;  // A longer IU fails at both ends.
  bool overruns = false;     // It may send more than it has credits for: RNR then is its own doing.
  Lineage lineage;           // Of the choices that concern this connection.
  PeerSink* sink = nullptr;  // Null: events wait for World::NextEvent.
};

struct PeerEvent {
  enum class Kind : std::uint8_t {
    kConnected,     // bytes: the private data of REP (LOGIN_RSP).
    kRejected,      // reason: that of the CM (28: consumer); bytes: private data (LOGIN_REJ).
    kUnreachable,   // No answer to the REQ.
    kIu,            // bytes: an IU of the target.
    kSendFailed,    // status: why a SEND of ours failed; the queue pair is in error.
    kQpError,       // The target's work request failed here; the queue pair is in error.
    kDisconnected,  // DREQ came, or our own disconnect was answered or timed out. The last event.
  };
  Kind kind = Kind::kDisconnected;
  Time at;
  std::vector<std::uint8_t> bytes;
  std::uint16_t reason = 0;
  bool solicited = false;
  WorkStatus status = WorkStatus::kOk;
  RKey refused;  // kQpError: the key of the access that was refused.
};
std::string_view ToString(PeerEvent::Kind kind);

inline constexpr std::uint16_t kCmRejectConsumer = 28;
inline constexpr std::uint16_t kCmRejectTimeout = 4;

// For workloads: called as things happen. It may call World from there, but not NextEvent or
// RunFor.
class PeerSink {
 public:
  virtual ~PeerSink() = default;
  // `bytes` is borrowed for the call.
  virtual void OnPeerEvent(PeerId peer, const PeerEvent& event, Bytes bytes) = 0;
  virtual void OnTimer(std::uint64_t cookie) = 0;
};

namespace access {  // Of a memory region, a bit mask.
inline constexpr std::uint32_t kRemoteRead = 1;
inline constexpr std::uint32_t kRemoteWrite = 2;
}  // namespace access

struct Region {
  RemoteAddr va;
  RKey rkey;
  std::uint32_t bytes = 0;
};

}  // namespace srpt::sim

#endif  // SIM_PEER_H_
