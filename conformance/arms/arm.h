// One way to reach an SRP target as an initiator does: connections, memory, events, time. Two arms
// implement it, so that one test body runs on both: the simulated fabric (sim_arm.h) and real verbs
// (verbs_arm.h). It knows no SRP: private data and IUs are bytes.
//
// For tests and tools: allocates freely, one thread.
#ifndef CONFORMANCE_ARMS_ARM_H_
#define CONFORMANCE_ARMS_ARM_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/base/types.h"

namespace srpt::arms {

// A connection of this arm, from Connect to Close; never used again.
using ConnectionId = Strong<struct ConnectionIdTag, std::uint32_t>;

struct ConnectOptions {
  std::vector<std::uint8_t> private_data;  // The LOGIN_REQ; padded by the transport.
  // The native InfiniBand CM and its 64-byte LOGIN_REQ, instead of RDMA/CM with 56 bytes.
  bool native_cm = false;
  std::string source;                    // Our address ("10.0.1.1"); empty: the arm's own choice.
  std::uint8_t responder_resources = 4;  // RDMA READs of the target that we take at once.
  std::uint32_t receives = 144;          // Kept posted.
  std::uint32_t receive_bytes = 4096;    // A longer IU is an error at both ends.
};

struct Event {
  enum class Kind : std::uint8_t {
    kConnected,     // bytes: private data of the REP.
    kRejected,      // reason: the CM's (28: by the consumer); bytes: private data of the REJ.
    kUnreachable,   // No answer to the REQ.
    kIu,            // bytes: what the target sent.
    kSendFailed,    // A SEND of ours failed; the queue pair is in error. At most one.
    kQpError,       // The queue pair went to error for another cause. At most one.
    kDisconnected,  // The last event.
  };
  Kind kind = Kind::kDisconnected;
  std::vector<std::uint8_t> bytes;
  std::uint16_t reason = 0;
  bool solicited = false;  // kIu, if the arm can tell.
  std::string detail;      // In words, for failure messages.
};
std::string_view ToString(Event::Kind kind);

namespace access {  // Of a memory region, a bit mask.
inline constexpr std::uint32_t kRemoteRead = 1;
inline constexpr std::uint32_t kRemoteWrite = 2;
}  // namespace access

// Memory of ours that a target may reach. All connections of an arm share their regions.
struct Region {
  RemoteAddr va;
  RKey rkey;
  std::uint32_t bytes = 0;
};

class Arm {
 public:
  virtual ~Arm() = default;

  // Sends a CM REQ; its outcome is the connection's first event. An error, in words, if it could
  // not be sent.
  virtual Result<ConnectionId, std::string> Connect(const ConnectOptions& options) = 0;
  // The connection's next event, or nothing if none came within that time: virtual on the simulated
  // fabric, of the wall clock on verbs.
  virtual std::optional<Event> NextEvent(ConnectionId connection, Duration within) = 0;
  // False: not connected (any more), or longer than the arm can send.
  virtual bool Send(ConnectionId connection, Bytes iu, bool solicited) = 0;
  // DREQ. kDisconnected follows.
  virtual void Disconnect(ConnectionId connection) = 0;
  // Lets go of the connection, disconnecting first if need be. No more events. Twice is harmless.
  virtual void Close(ConnectionId connection) = 0;

  // Zeroes, with `rights` of access::. The connection says where (host, device).
  virtual Result<Region, std::string> Register(ConnectionId connection, std::uint32_t bytes,
                                               std::uint32_t rights) = 0;
  virtual void Deregister(const Region& region) = 0;  // Twice is harmless.
  // False: not inside a region.
  virtual bool WriteMemory(const Region& region, std::uint64_t offset, Bytes bytes) = 0;
  virtual bool ReadMemory(const Region& region, std::uint64_t offset, MutableBytes bytes) const = 0;

  // The arm's clock; only differences mean something.
  virtual Time Now() const = 0;
  virtual void Sleep(Duration duration) = 0;
};

}  // namespace srpt::arms

#endif  // CONFORMANCE_ARMS_ARM_H_
