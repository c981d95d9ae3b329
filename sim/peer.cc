#include "sim/peer.h"

namespace srpt::sim {

std::string_view ToString(PeerEvent::Kind kind) {
  switch (kind) {
    case PeerEvent::Kind::kConnected:
      return "connected";
    case PeerEvent::Kind::kRejected:
      return "rejected";
    case PeerEvent::Kind::kUnreachable:
      return "unreachable";
    case PeerEvent::Kind::kIu:
      return "IU";
    case PeerEvent::Kind::kSendFailed:
      return "send failed";
    case PeerEvent::Kind::kQpError:
      return "queue pair error";
    case PeerEvent::Kind::kDisconnected:
      return "disconnected";
  }
  return "unknown";
}

}  // namespace srpt::sim
