// What the administrator wrote, as values: SCST's scst.conf and ib_srpt's parameters.
//
// Nothing here opens a device or talks to core; to_core.h says what core and the storage engine are
// told. Names and ranges are SCST's (reference: scst-surface.md).
#ifndef TARGET_CONFIG_CONFIGURATION_H_
#define TARGET_CONFIG_CONFIGURATION_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/types.h"
#include "core/scsi/lu.h"

namespace srpt::config {

// What is wrong, where, and what would be right.
struct ConfigError {
  std::string file;
  int line = 0;  // 0: the file as a whole, or the command line.
  std::string what;
  std::string expected;
  // "FILE:LINE: what; expected ..."
  std::string ToString() const;
};
// Something that does not stop us, in the same form: "FILE:LINE: what".
struct Warning {
  std::string file;
  int line = 0;
  std::string what;
  std::string ToString() const;
};

// --- Devices ----------------------------------------------------------------------------------

struct Device {
  std::string name;
  scsi::HandlerKind handler = scsi::HandlerKind::kFileio;
  int line = 0;

  std::string filename;          // fileio.
  std::uint64_t size_bytes = 0;  // nullio; 2.5 TiB unless told.
  std::uint32_t block_bytes = 512;
  bool nv_cache = false;
  bool write_through = false;
  bool read_only = false;
  bool o_direct = false;
  bool removable = false;
  bool thin_provisioned = false;
  std::optional<bool> rotational;  // Else what the backing store says; SCST: 1.

  // Identity; what is absent is derived from the name.
  std::optional<std::string> t10_dev_id, usn, t10_vend_id, prod_id, prod_rev_lvl;
  std::optional<std::array<std::uint8_t, 8>> naa_id;
};

// "vdisk_fileio", "vdisk_nullio".
const char* HandlerName(scsi::HandlerKind handler);
inline constexpr std::uint64_t kNullioBytesDefault = (5ull << 40) / 2;  // SCST's 2.5 TiB.

// --- Targets ----------------------------------------------------------------------------------

struct Lun {
  LunNumber lun;
  std::string device;
  bool read_only = false;
  int line = 0;
};
struct Group {
  std::string name;
  std::vector<Lun> luns;
  std::vector<std::string> initiators;  // Patterns.
  int line = 0;
};
struct Target {
  std::string name;  // Lower case: "fe80:0000:0000:0000:0002:c903:0005:f34b".
  bool enabled = false;
  std::optional<std::uint16_t> rel_tgt_id;
  // The completion vectors of its device on which channels may be placed, a bit each; 0: all.
  std::uint64_t comp_v_mask = 0;
  int comp_v_mask_line = 0;
  std::vector<Lun> luns;  // For initiators that no group lists.
  std::vector<Group> groups;
  int line = 0;
};

// --- ALUA -------------------------------------------------------------------------------------

struct AluaTarget {
  std::string name;
  std::uint16_t rel_tgt_id = 0;  // Of another host's target; 0: one of ours.
};
struct TargetGroup {
  std::string name;
  std::uint16_t group_id = 0;
  bool preferred = false;
  scsi::AluaState state = scsi::AluaState::kActive;
  std::vector<AluaTarget> targets;
  int line = 0;
};
struct DeviceGroup {
  std::string name;
  std::vector<std::string> devices;
  std::vector<TargetGroup> target_groups;
  int line = 0;
};

// "active", "nonoptimized", "standby", "unavailable", "offline", "transitioning".
const char* AluaStateName(scsi::AluaState state);
std::optional<scsi::AluaState> ParseAluaState(const std::string& text);

// --- The whole --------------------------------------------------------------------------------

// One `name value` of ib_srpt's parameters, already checked; parameters.h applies it.
struct ParameterSetting {
  std::string name;
  std::string value;
  std::string file;
  int line = 0;
};

struct Configuration {
  std::uint64_t setup_id = 0;                // Tells the identities of two hosts' devices apart.
  std::vector<ParameterSetting> parameters;  // TARGET_DRIVER ib_srpt { name value }
  std::vector<Device> devices;               // In file order, as all below.
  std::vector<Target> targets;
  std::vector<DeviceGroup> device_groups;
  std::vector<Warning> warnings;
};

}  // namespace srpt::config

#endif  // TARGET_CONFIG_CONFIGURATION_H_
