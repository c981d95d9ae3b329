// The director's state and the verbs on it. Theory of operation:
//
// An event changes the books (nexuses, LUN mappings, devices, ALUA groups) and puts what follows in
// the outbox. Whatever changes who sees what ends in Refresh(): it builds the next snapshot, sends
// it to every shard, compares it nexus by nexus with the one before, and establishes the unit
// attentions that the difference calls for; no verb has to know who is concerned.
//
// A login: policy -> room -> nexus -> shard -> Publish -> UnitAttentionPending -> OpenChannel; the
// shard answers ChannelOpened or ChannelRefused. Messages of one pair stay in order, so a shard
// knows the nexus's units and attentions before its first command.
//
// A nexus lives while it has a channel, closing ones included, or a login under way; then the
// shards forget it. A login that finds it without any channel that stays (single-channel operation,
// or a relogin while the old queue pairs still rest in timewait) takes it over: the id stays, so
// that the shard can hold new commands behind old writes, and every unit reports I_T nexus loss
// (29/07) instead of the power on (29/00) of a new one.
#ifndef CORE_SRP_DIRECTOR_STATE_H_
#define CORE_SRP_DIRECTOR_STATE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/srp/alua_groups.h"
#include "core/srp/director.h"
#include "core/srp/director_outbox.h"
#include "core/srp/director_snapshot.h"
#include "core/srp/login_policy.h"
#include "core/srp/lu_fences.h"
#include "core/srp/lun_mapping.h"
#include "core/srp/nexus_table.h"
#include "core/srp/shard_room.h"

namespace srpt {

// A login that a shard was asked to accept.
struct Opening {
  NexusId nexus;
  ShardId shard;
  std::uint32_t srq = 0;
  std::uint32_t receives = 0;  // Promised of that queue.
  Tag tag;
  LoginState state;
  bool gone = false;    // The peer gave up: there is nobody to reject.
  CloseReason close{};  // If it is doomed.
  std::string login;    // DescribeLogin().
  std::string session;  // What becomes of it, for the log.
};

// A login whose OpenChannel waits for receives that are on their way back (director_held.cc).
struct HeldLogin {
  message::OpenChannel open;
  Time until;
};

struct AdminResult {
  admin::Status status = admin::Status::kOk;
  std::string text;
};

struct Director::State {
  State(const Parameters& parameters, std::vector<TargetPort> ports);

  // --- Events (director.cc; logins and channels: director_login.cc) -----------------------------
  void On(const event::DeadlineReached&) {}
  void On(const event::LoginRequested& login);
  void On(const event::ConnectionGone& gone);
  void On(const event::AdminRequested& asked);
  void On(const event::FromShard& from);

  void OnMessage(ShardId shard, const message::ChannelOpened& opened);
  void OnMessage(ShardId shard, const message::ChannelRefused& refused);
  void OnMessage(ShardId shard, const message::ChannelLive& live);
  void OnMessage(ShardId shard, const message::ChannelClosed& closed);
  void OnMessage(ShardId shard, const message::AskUnitAttention& ask);
  void OnMessage(ShardId shard, const message::ReturnUnitAttention& back);
  void OnMessage(ShardId shard, const message::AskTaskFence& ask);
  void OnMessage(ShardId shard, const message::FenceDone& done);
  void OnMessage(ShardId shard, const message::LuIdle& idle);
  void OnMessage(ShardId shard, const message::LuFailed& failed);
  void OnMessage(ShardId shard, const message::TakenOver& taken);
  void OnMessage(ShardId shard, const message::OldWrites& old);
  void OnMessage(ShardId shard, const message::ReceivesBack& back);

  // --- Logins and channels (director_login.cc) --------------------------------------------------
  void Refuse(const event::LoginRequested& login, const SnapshotTarget* target,
              const LoginRefusal& refusal);
  void Open(const event::LoginRequested& login, const SnapshotTarget& target,
            const LoginGrant& grant, const ShardRoom::Place& place);
  // Channels that will stay: neither closing nor, if they are under way, to be closed at once.
  std::size_t Surviving(const Nexus& nexus) const;
  // Ends every channel of a nexus, those under way too. Returns how many.
  std::size_t CloseAll(Nexus& nexus, CloseReason reason);
  // If nothing of it remains: the shards forget it.
  void ForgetIfEmpty(NexusId id);
  // An opening ends without a channel; what it was promised is free.
  void DropOpening(std::map<ConnId, Opening>::iterator at, LoginCause cause);

  // --- Logins that wait for receives (director_held.cc) -----------------------------------------
  // Receives of a shared queue that channels of the nexus which end still have, by shard.
  std::vector<std::uint32_t> ComingBack(const Nexus& nexus, std::uint32_t srq) const;
  // Those that a login to come may wait for: of all channels if it is a takeover, but nothing that
  // commands hold, perhaps for ever, or that goes to a login which is held already. Empty: there
  // are no shared queues.
  std::vector<std::uint32_t> ComingBackFor(const Nexus& nexus, std::uint32_t srq,
                                           bool takeover) const;
  void Hold(const message::OpenChannel& open);
  // What the nexus gave back goes to its logins that wait, in order. Who has nothing to wait for
  // any more gets what there is, or is refused.
  void SupplyHeld(NexusId nexus);
  void EndWait(std::size_t i);  // Of held[i].
  // The same for those that have waited long enough.
  void ExpireHeld();
  // It is to be ended, or nobody is there any more. False: this one is not held.
  bool DropHeld(ConnId conn, LoginCause cause);
  // Has the shard open it.
  void Send(const message::OpenChannel& open);

  // --- Takeovers (director_takeover.cc) ---------------------------------------------------------
  // Its channels so far end on every shard, and the commands of those to come wait for the old
  // writes there.
  void TakeOver(Nexus& nexus);

  // --- What spans shards (director.cc) ----------------------------------------------------------
  // `fresh`: nothing has changed but that this nexus came; its units report a power on.
  void Refresh(const Nexus* fresh = nullptr);
  void Establish(Nexus& nexus, LuId lu, UnitAttention attention);
  bool Sees(const Nexus& nexus, LuId lu) const;
  // Has one channel of the nexus, if it has a live one, tell the peer by AER_REQ.
  void Report(const Nexus& nexus, const MapChange::Event& event);
  void StartFence(const LuFences::Effect& effect);
  // Unit attentions, once everything was aborted.
  void TellOfFence(LuId lu, const LuFences::Asker& asker);
  void CarryOut(const LuFences::Effects& effects);
  void TellIfDown();

  // --- Administration (director_admin.cc, director_devices.cc) ----------------------------------
  // Nothing: AdminDone comes later.
  using Outcome = std::optional<AdminResult>;
  Outcome Do(AdminId id, const admin::AddLu& ask);
  Outcome Do(AdminId id, const admin::RemoveLu& ask);
  Outcome Do(AdminId id, const admin::ResizeLu& ask);
  Outcome Do(AdminId id, const admin::ClearFailedLu& ask);
  Outcome Do(AdminId id, const admin::EnableTarget& ask);
  Outcome Do(AdminId id, const admin::AddLun& ask);
  Outcome Do(AdminId id, const admin::RemoveLun& ask);
  Outcome Do(AdminId id, const admin::AddGroup& ask);
  Outcome Do(AdminId id, const admin::AddInitiator& ask);
  Outcome Do(AdminId id, const admin::AddDeviceGroup& ask);
  Outcome Do(AdminId id, const admin::AddDeviceToGroup& ask);
  Outcome Do(AdminId id, const admin::AddTargetGroup& ask);
  Outcome Do(AdminId id, const admin::AddTargetToGroup& ask);
  Outcome Do(AdminId id, const admin::SetAluaState& ask);
  Outcome Do(AdminId id, const admin::SetAluaPreferred& ask);
  Outcome Do(AdminId id, const admin::CloseSession& ask);
  Outcome Do(AdminId id, const admin::Shutdown& ask);

  SnapshotTarget* FindTarget(TargetPortId id);
  SnapshotTarget* FindTarget(std::string_view name);
  SnapshotDevice* FindDevice(std::string_view name);  // Not one that is being removed.
  AdminResult NoTarget(std::string_view name) const;
  AdminResult NoDevice(std::string_view name) const;
  AdminResult NoGroup(const SnapshotTarget& target, std::string_view name) const;
  AdminResult NoDeviceGroup(std::string_view name) const;
  AdminResult NoTargetGroup(const AluaDeviceGroup& group, std::string_view name) const;
  // "TARGET[/GROUP]:LUN" of every LUN that names the unit.
  std::vector<std::string> ExportsOf(LuId lu) const;

  // --- The books --------------------------------------------------------------------------------
  Parameters parameters;
  SnapshotTargets targets;
  SnapshotDevices devices;
  AluaGroups alua;
  NexusTable nexuses;
  std::map<ConnId, Opening> openings;
  std::vector<HeldLogin> held;  // Of the openings, in the order in which they came.
  ShardRoom room;
  std::shared_ptr<const Snapshot> snapshot;  // The last one published; null before the first.
  LuFences fences;
  struct Retiring {
    AdminId admin;
    std::vector<ShardId> waiting;
  };
  std::map<LuId, Retiring> retiring;  // Removed units that shards still use.
  bool shutting_down = false;
  std::vector<AdminId> shutdowns;  // Asked and not done.

  Time now;
  DirectorOutbox outbox;
  Fingerprint fingerprint;
};

}  // namespace srpt

#endif  // CORE_SRP_DIRECTOR_STATE_H_
