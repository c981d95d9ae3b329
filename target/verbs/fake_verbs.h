// A network within the process, behind the seam (seam.h): devices, queue pairs, completion queues,
// connections, and peers that a test plays. What the target posts happens at once; what it does
// against the rules of verbs (a key that does not cover a buffer, a queue that overruns, an id
// destroyed with events open) is remembered as broken().
//
// Not simulated: time, loss, order between queue pairs (//sim has all that, above verbs).
//
// Any thread may call anything. One network a process; a test that wants another one forks.
#ifndef TARGET_VERBS_FAKE_VERBS_H_
#define TARGET_VERBS_FAKE_VERBS_H_

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/base/bytes.h"

namespace srpt::target::fake {

using PeerId = std::uint32_t;  // From 1.

struct DeviceOptions {
  std::string name = "fake0";
  bool iwarp = false;
  int qp_wr_max = 16384;
  int send_queue_max = 16384;  // A queue pair with a longer send queue is refused (ENOMEM).
  int inline_max = 256;
};

struct PeerEvent {
  enum class Kind : std::uint8_t { kAccepted, kRejected, kIu, kDisconnected };
  Kind kind = Kind::kDisconnected;
  std::vector<std::uint8_t> bytes;  // An IU, or private data.
};

// Of the one region that all peers share.
inline constexpr std::uint32_t kPeerKey = 0x1234;
inline constexpr std::size_t kPeerBytes = 1u << 20;

class Network {
 public:
  // Its GID 0 is fe80::2:c903:aa:N, its node GUID 0x0002c90300aa000N, N from 1.
  static void AddDevice(const DeviceOptions& options);
  static std::size_t Listening();  // Ids that listen.
  // Sends a connection request through the first device. 0: nobody listens.
  static PeerId Connect(Bytes private_data);
  // Nothing: nothing came within that time.
  static std::optional<PeerEvent> Next(PeerId peer, std::chrono::milliseconds within);
  // False: not connected (any more).
  static bool Send(PeerId peer, Bytes iu);
  static void Disconnect(PeerId peer);
  // Keeps nothing of the peers for whom the target has nothing left. (Nobody may wait for them.)
  static void ForgetEnded();
  // The region, address 0 first. To be touched while the target has nothing under way only.
  static MutableBytes memory();
  // Send queues of the queue pairs there are: the longest that each may get.
  static std::vector<std::uint32_t> SendQueues();
  // The completion vectors that completion queues were made for.
  static std::set<int> CompletionVectors();
  // The next `n` posts to a send queue, or of receives (shared ones too), are refused after the
  // first `taken` work requests of each. If there are no more, it takes all and says that it
  // failed.
  static void RefusePosts(std::uint32_t n, int error = ENOMEM, std::uint32_t taken = 0);
  static void RefuseReceives(std::uint32_t n, int error = ENOMEM, std::uint32_t taken = 0);
  // The completion queue runs over that the peer's work is reported to: of its sends, or receives.
  static void RunOver(PeerId peer, bool sends);
  // The first device fails: nothing on it ever ends.
  static void FailDevice();
  // From now on, or no longer: destroying an id waits, as the kernel does for the CM's messages.
  static void HoldIds(bool hold);
  // Empty, or the first rule that the target broke.
  static std::string broken();
};

}  // namespace srpt::target::fake

#endif  // TARGET_VERBS_FAKE_VERBS_H_
