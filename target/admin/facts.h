// What an answer is made of, gathered once a request: copies of the director's and the shards'
// views, with each session's channels found on their shards.
#ifndef TARGET_ADMIN_FACTS_H_
#define TARGET_ADMIN_FACTS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "target/admin/host.h"

namespace srpt::target {

struct SessionFacts {
  SessionInfo info;
  std::vector<ChannelInfo> channels;  // Those that their shard still knows.

  // Over all channels of the nexus.
  std::int64_t req_lim = 0;
  std::uint64_t req_lim_delta = 0;
  std::uint64_t active_commands = 0;
  ChannelCounters counters;
  std::string ch_state;     // Of all channels: "live", or "live,disconnecting".
  std::string comp_vector;  // A completion vector for each channel: "0", or "0,1".
};

class Facts {
 public:
  explicit Facts(const AdminHost& host) : host_(host) {}

  const AdminHost& host() const { return host_; }
  std::vector<TargetInfo> Targets() const { return host_.director().Targets(); }
  std::vector<DeviceInfo> Devices() const { return host_.director().Devices(); }
  std::vector<TargetGroupInfo> TargetGroups() const { return host_.director().TargetGroups(); }
  std::vector<SessionFacts> Sessions() const;

  std::optional<TargetInfo> Target(const std::string& name) const;
  std::optional<PortFacts> Port(TargetPortId id) const;
  std::optional<DeviceFacts> Device(LuId id) const;
  // "tid_ext=...,ioc_guid=...,pkey=ffff,dgid=...,service_id=...": what the README's sed reads.
  std::string LoginInfo(const PortFacts& port) const;

 private:
  const AdminHost& host_;
};

// 16 hex digits a half, as SRP port identifiers are written: "0x...:0x...".
std::string PortIdText(const PortId& id);

}  // namespace srpt::target

#endif  // TARGET_ADMIN_FACTS_H_
