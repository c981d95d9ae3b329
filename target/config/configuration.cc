#include "target/config/configuration.h"

#include "core/base/check.h"

namespace srpt::config {
namespace {

std::string Place(const std::string& file, int line) {
  return line > 0 ? file + ":" + std::to_string(line) : file;
}

constexpr scsi::AluaState kStates[] = {scsi::AluaState::kActive,  scsi::AluaState::kNonoptimized,
                                       scsi::AluaState::kStandby, scsi::AluaState::kUnavailable,
                                       scsi::AluaState::kOffline, scsi::AluaState::kTransitioning};

}  // namespace

std::string ConfigError::ToString() const {
  return Place(file, line) + ": " + what + (expected.empty() ? "" : "; expected " + expected);
}
std::string Warning::ToString() const { return Place(file, line) + ": " + what; }

const char* HandlerName(scsi::HandlerKind handler) {
  switch (handler) {
    case scsi::HandlerKind::kFileio:
      return "vdisk_fileio";
    case scsi::HandlerKind::kBlockio:
      return "vdisk_blockio";
    case scsi::HandlerKind::kNullio:
      return "vdisk_nullio";
  }
  SRPT_UNREACHABLE("handler");
}

const char* AluaStateName(scsi::AluaState state) {
  switch (state) {
    case scsi::AluaState::kActive:
      return "active";
    case scsi::AluaState::kNonoptimized:
      return "nonoptimized";
    case scsi::AluaState::kStandby:
      return "standby";
    case scsi::AluaState::kUnavailable:
      return "unavailable";
    case scsi::AluaState::kOffline:
      return "offline";
    case scsi::AluaState::kTransitioning:
      return "transitioning";
  }
  SRPT_UNREACHABLE("ALUA state");
}

std::optional<scsi::AluaState> ParseAluaState(const std::string& text) {
  for (const scsi::AluaState state : kStates) {
    if (text == AluaStateName(state)) return state;
  }
  return std::nullopt;
}

}  // namespace srpt::config
