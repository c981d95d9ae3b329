// The director: login decisions, and whatever spans shards: nexuses, LUN maps, unit attentions,
// fences, ALUA states, the administrator's changes. A deterministic value machine like a shard; it
// never sees a command's data.
#ifndef CORE_SRP_DIRECTOR_H_
#define CORE_SRP_DIRECTOR_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/action.h"
#include "core/base/fingerprint.h"
#include "core/config.h"
#include "core/event.h"
#include "core/srp/login_states.h"

namespace srpt {

// What an administrator reads. Copies: they stay true when the director goes on.
struct LunInfo {
  LunNumber lun;
  std::string device;
  bool read_only = false;
};
struct GroupInfo {
  std::string name;
  std::vector<std::string> initiators;
  std::vector<LunInfo> luns;
};
struct TargetInfo {
  TargetPortId id;
  std::string name;
  bool enabled = false;
  std::uint16_t rel_tgt_id = 0;
  std::vector<LunInfo> luns;
  std::vector<GroupInfo> groups;
};
struct SessionChannel {
  ShardId shard;
  ChannelId channel;
  bool live = false;
};
struct SessionInfo {
  TargetPortId port;
  std::string target;
  std::string name;            // The initiator's address; `_1`, `_2`, ... when taken.
  std::string initiator_name;  // Without the suffix: what masking matches.
  PortId initiator_port;
  PortId target_port;
  std::string group;  // Empty: the target's default LUNs.
  std::vector<LunInfo> luns;
  std::vector<SessionChannel> channels;
};
struct DeviceInfo {
  scsi::LuView lu;
  std::vector<std::string> exported;  // "TARGET[/GROUP]:LUN"
};
struct TargetGroupInfo {
  std::string device_group;
  std::string name;
  std::uint16_t group_id = 0;
  scsi::AluaState state{};
  bool preferred = false;
  std::vector<std::string> targets;
};

class Director {
 public:
  Director(const Parameters& parameters, std::vector<TargetPort> ports);
  ~Director();
  Director(const Director&) = delete;
  Director& operator=(const Director&) = delete;

  // Appends at most limits::kActionsPerStepMax actions to `actions`, which the caller has cleared.
  // Work left over makes NextDeadline() == now.
  void Step(Time now, const DirectorEvent& event, Actions& actions);
  // The driver calls Step with DeadlineReached at this time at the latest. kNever: nothing waits.
  Time NextDeadline() const;

  std::vector<TargetInfo> Targets() const;
  std::vector<SessionInfo> Sessions() const;
  std::vector<DeviceInfo> Devices() const;
  std::vector<TargetGroupInfo> TargetGroups() const;
  // Where the login that came by this connection is. kFree: there is none (any more).
  LoginPhase PhaseOf(ConnId conn) const;
  // Is what `other` is from now on: for fuzzers, which start a million times from one state.
  void Become(const Director& other);
  // True when a Shutdown was asked and no channel remains.
  bool IsDown() const;
  // Of all events and actions so far; 0 unless Parameters::fingerprint.
  std::uint64_t fingerprint() const;

 private:
  friend class DirectorInvariants;
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace srpt

#endif  // CORE_SRP_DIRECTOR_H_
