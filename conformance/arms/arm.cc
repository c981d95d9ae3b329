#include "conformance/arms/arm.h"

namespace srpt::arms {

std::string_view ToString(Event::Kind kind) {
  switch (kind) {
    case Event::Kind::kConnected:
      return "connected";
    case Event::Kind::kRejected:
      return "rejected";
    case Event::Kind::kUnreachable:
      return "unreachable";
    case Event::Kind::kIu:
      return "iu";
    case Event::Kind::kSendFailed:
      return "send_failed";
    case Event::Kind::kQpError:
      return "qp_error";
    case Event::Kind::kDisconnected:
      return "disconnected";
  }
  return "unknown event";
}

}  // namespace srpt::arms
