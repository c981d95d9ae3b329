// The I_T nexuses (sessions) that exist, who they are and which channels they have.
//
// A nexus is one initiator port at one target port of ours: (SCST target, i_port_id, t_port_id).
// Over iWARP the GUID half of i_port_id is zero on every host, so there the source address is part
// of the identity. The id of an identity stays while any channel of it, closing ones included, or a
// login under way remains; a later login of the same identity is a new nexus.
#ifndef CORE_SRP_NEXUS_TABLE_H_
#define CORE_SRP_NEXUS_TABLE_H_

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/types.h"
#include "core/event.h"
#include "core/srp/login_states.h"
#include "core/srp/unit_attentions.h"
#include "core/wire/login_req.h"

namespace srpt {

struct NexusKey {
  TargetPortId port;
  PortId initiator;
  PortId target;
  PeerAddress source;  // All zero unless it is part of the identity.
  friend constexpr auto operator<=>(const NexusKey&, const NexusKey&) = default;
};
NexusKey KeyOf(const event::LoginRequested& login, const wire::LoginReq& req);

struct NexusChannel {
  ConnId conn;
  ShardId shard;
  ChannelId channel;
  std::uint32_t srq = 0;
  std::uint32_t receives = 0;  // Promised of that queue.
  bool settled = false;        // It takes no more: what it has still, its commands hold.
  LoginState state;
  // Until it is live, what its login was: the shard may still fail to accept it.
  Tag tag;
  bool gone = false;    // The peer gave up: there is nobody to reject.
  std::string login;    // DescribeLogin().
  std::string session;  // What became of it, for the log.
};

struct Nexus {
  NexusId id;
  NexusKey key;
  std::string initiator_name;          // What masking matches.
  std::string name;                    // Unique on its target: `_1`, `_2`, ... when taken.
  std::vector<NexusChannel> channels;  // In the order in which they opened.
  std::uint32_t opening = 0;           // Logins under way.
  std::uint32_t session = 0;           // Times that a login took it over.
  std::vector<ShardId> taking_over;    // Shards that have not answered the last one.
  std::map<LuId, std::vector<ShardId>>
      old_writes;  // Shards with writes of ended channels, by unit.
  UnitAttentions attentions;

  bool IsEmpty() const { return channels.empty() && opening == 0; }
};

class NexusTable {
 public:
  explicit NexusTable(std::size_t max) : max_(max) {}

  bool full() const { return nexuses_.size() == max_; }
  bool empty() const { return nexuses_.empty(); }

  // Null: no such nexus (any more).
  Nexus* Find(const NexusKey& key);
  Nexus* Find(NexusId id);
  // The table is not full and has no such key. The lowest free slot, its next generation.
  Nexus& Add(const NexusKey& key, std::string_view initiator_name);
  void Remove(NexusId id);
  // Gives a nexus the first free name for this initiator on its target.
  void Rename(Nexus& nexus, std::string_view initiator_name);

  // By slot.
  std::map<std::uint32_t, Nexus>& all() { return nexuses_; }
  const std::map<std::uint32_t, Nexus>& all() const { return nexuses_; }

 private:
  bool NameTaken(TargetPortId port, std::string_view name) const;

  std::size_t max_;
  std::map<std::uint32_t, Nexus> nexuses_;
  std::map<NexusKey, std::uint32_t> slots_;
  std::vector<std::uint32_t> next_generation_;  // By slot.
};

}  // namespace srpt

#endif  // CORE_SRP_NEXUS_TABLE_H_
