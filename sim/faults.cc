#include "sim/faults.h"

namespace srpt::sim {

std::string_view ToString(FaultKind kind) {
  switch (kind) {
    case FaultKind::kWireSlow:
      return "wire slow";
    case FaultKind::kRetryExceeded:
      return "retry exceeded";
    case FaultKind::kPeerRetryExceeded:
      return "peer's retry exceeded";
    case FaultKind::kLostCompletion:
      return "lost completion";
    case FaultKind::kLateCompletion:
      return "late completion";
    case FaultKind::kReqLost:
      return "REQ lost";
    case FaultKind::kReqGone:
      return "REQ withdrawn";
    case FaultKind::kRepLost:
      return "REP lost";
    case FaultKind::kRtuLost:
      return "RTU lost";
    case FaultKind::kRtuLate:
      return "RTU late";
    case FaultKind::kAcceptFails:
      return "accept fails";
    case FaultKind::kDreqLost:
      return "DREQ lost";
    case FaultKind::kNoTimewaitExit:
      return "no timewait exit";
    case FaultKind::kDisconnect:
      return "disconnect";
    case FaultKind::kVanish:
      return "peer vanishes";
    case FaultKind::kRkeyRevoked:
      return "rkey revoked";
    case FaultKind::kReadError:
      return "read EIO";
    case FaultKind::kWriteError:
      return "write EIO";
    case FaultKind::kNoSpace:
      return "ENOSPC";
    case FaultKind::kShort:
      return "short read";
    case FaultKind::kFlushError:
      return "flush EIO";
    case FaultKind::kDiskSlow:
      return "disk slow";
    case FaultKind::kDiskHang:
      return "disk hangs";
    case FaultKind::kMessageSlow:
      return "message slow";
    case FaultKind::kLateRead:
      return "late RDMA READ";
    case FaultKind::kCount:
      break;
  }
  return "unknown fault";
}

bool Faults::Strikes(FaultKind kind, Lineage entity, std::uint64_t ordinal) {
  if (healed_) return false;
  const std::size_t i = Index(kind);
  if (injected_[i] > 0) {
    --injected_[i];
    ++struck_[i];
    return true;
  }
  if (rates_[i] == 0) return false;
  const std::uint32_t site =
      static_cast<std::uint32_t>(Site::kFault) + static_cast<std::uint32_t>(kind);
  if (decisions_->Draw(site, entity, ordinal) % 1000000 >= rates_[i]) return false;
  ++struck_[i];
  return true;
}

Duration Faults::Length(FaultKind kind, Lineage entity, std::uint64_t ordinal, Duration low,
                        Duration high) const {
  const std::uint32_t site =
      static_cast<std::uint32_t>(Site::kFaultSize) + static_cast<std::uint32_t>(kind);
  return {low.ns + decisions_->Draw(site, entity, ordinal) % (high.ns - low.ns + 1)};
}

}  // namespace srpt::sim
