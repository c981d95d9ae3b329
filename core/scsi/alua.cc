#include "core/scsi/alua.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "core/base/check.h"
#include "core/scsi/answer.h"
#include "core/scsi/opcodes.h"

namespace srpt::scsi {
namespace {

constexpr std::uint8_t kPref = 0x80;
// T_SUP, O_SUP, U_SUP, S_SUP, AN_SUP, AO_SUP: every state of AluaState.
constexpr std::uint8_t kSupportedStates = 0x80 | 0x40 | 0x08 | 0x04 | 0x02 | 0x01;
constexpr std::uint8_t kExtendedHeader = 0x10;
constexpr std::size_t kPortsPerGroupMax = 255;  // Its count is one byte.

//   0: PREF, state:4    1: supported states    2: group:2    5: status code    7: port count
//   8: ports of 4 bytes each, the identifier in the last 2
std::size_t WriteGroup(const TargetPortGroup& group, Writer& w, std::size_t at) {
  const std::size_t ports = std::min(group.rel_tgt_ids.size(), kPortsPerGroupMax);
  w.U8(at, static_cast<std::uint8_t>((group.preferred ? kPref : 0) |
                                     static_cast<std::uint8_t>(group.state)));
  w.U8(at + 1, kSupportedStates);
  w.Be16(at + 2, group.group_id);
  w.U8(at + 7, static_cast<std::uint8_t>(ports));
  at += 8;
  for (std::size_t i = 0; i < ports; ++i, at += 4) w.Be16(at + 2, group.rel_tgt_ids[i]);
  w.Extend(at);
  return at;
}

}  // namespace

std::optional<Sense> AluaCheck(AluaState state, Bytes cdb) {
  if (state == AluaState::kActive || state == AluaState::kNonoptimized) return std::nullopt;
  const OpcodeRow* row = FindOpcode(cdb).row;
  if (row == nullptr || row->access == Access::kEveryState) return std::nullopt;
  switch (state) {
    case AluaState::kStandby:
      if (row->access == Access::kStandby) return std::nullopt;
      return kStandby;
    case AluaState::kUnavailable:
      return kUnavailable;
    case AluaState::kOffline:
      return kOffline;
    case AluaState::kTransitioning:
      return kTransitioning;
    case AluaState::kActive:
    case AluaState::kNonoptimized:
      break;
  }
  SRPT_UNREACHABLE("ALUA state");
}

ControlAnswer ReportTargetPortGroups(const Control& control, const LuView& lu, MutableBytes out) {
  if (!lu.alua.present) return Refuse(InvalidField(1, 4));
  Writer w(Allowed(control, out), Writer::Mode::kTruncate);
  std::size_t at = 4;  // The list's length, written last.
  if (control.extended) {
    w.U8(at, kExtendedHeader);  // Implicit transition time 0: no statement.
    at += 4;
  }
  w.Extend(at);
  if (lu.alua.groups.empty()) {
    const std::uint16_t ports[] = {lu.rel_tgt_id};
    at = WriteGroup({lu.alua.group_id, lu.alua.state, lu.alua.preferred, ports}, w, at);
  }
  for (const TargetPortGroup& group : lu.alua.groups) at = WriteGroup(group, w, at);
  w.Be32(0, static_cast<std::uint32_t>(at - 4));
  return Good(w);
}

}  // namespace srpt::scsi
