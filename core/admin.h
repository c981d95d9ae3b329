// What an administrator may ask of the director. The configuration file and the admin socket both
// come down to these.
#ifndef CORE_ADMIN_H_
#define CORE_ADMIN_H_

#include <cstdint>
#include <string>
#include <variant>

#include "core/base/types.h"
#include "core/scsi/lu.h"

namespace srpt::admin {

enum class Status : std::uint8_t { kOk, kNotFound, kExists, kInvalid, kBusy };

// A unit that the driver has opened a backing store for. `lu.id` is chosen by the driver and never
// used again.
struct AddLu {
  scsi::LuView lu;
};
// Ends when no shard uses the unit any more; then action::ReleaseLu follows. kBusy while a LUN map
// names it.
struct RemoveLu {
  std::string device;
};
// The backing store has changed its size already (growth), or will after this (shrinking).
struct ResizeLu {
  std::string device;
  std::uint64_t blocks = 0;
};
struct ClearFailedLu {
  std::string device;
};
struct EnableTarget {
  std::string target;
  bool enabled = true;
};
// `group` empty: the target's default LUNs.
struct AddLun {
  std::string target;
  std::string group;
  LunNumber lun;
  std::string device;
  bool read_only = false;
};
struct RemoveLun {
  std::string target;
  std::string group;
  LunNumber lun;
};
// Initiator groups (LUN masking): the first group, in order of creation, with a matching pattern
// gives the LUNs. Patterns: *, ?, case-insensitive; a leading ! inverts the rest.
struct AddGroup {
  std::string target;
  std::string group;
};
struct AddInitiator {
  std::string target;
  std::string group;
  std::string pattern;
};
// ALUA: a device group holds devices and target groups; a target group holds targets and a state.
struct AddDeviceGroup {
  std::string group;
};
struct AddDeviceToGroup {
  std::string group;
  std::string device;
};
struct AddTargetGroup {
  std::string group;
  std::string target_group;
  std::uint16_t group_id = 0;
};
struct AddTargetToGroup {
  std::string group;
  std::string target_group;
  std::string target;
  std::uint16_t rel_tgt_id = 0;  // Of another host's target; of ours it is known.
};
struct SetAluaState {
  std::string group;
  std::string target_group;
  scsi::AluaState state{};
};
struct SetAluaPreferred {
  std::string group;
  std::string target_group;
  bool preferred = false;
};
// Ends every channel of the session (nexus) of this name.
struct CloseSession {
  std::string target;
  std::string session;
};
// Refuse logins and end every session; ends when the last channel is gone.
struct Shutdown {};

using Request =
    std::variant<AddLu, RemoveLu, ResizeLu, ClearFailedLu, EnableTarget, AddLun, RemoveLun,
                 AddGroup, AddInitiator, AddDeviceGroup, AddDeviceToGroup, AddTargetGroup,
                 AddTargetToGroup, SetAluaState, SetAluaPreferred, CloseSession, Shutdown>;

}  // namespace srpt::admin

#endif  // CORE_ADMIN_H_
