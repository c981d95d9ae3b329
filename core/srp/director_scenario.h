// A small language for the director's tests: a Director and shards that do as they are told, with
// everything that the director says kept for the test to look at. After every event all that is due
// now is drained, the bound on actions is checked, and the invariants.
#ifndef CORE_SRP_DIRECTOR_SCENARIO_H_
#define CORE_SRP_DIRECTOR_SCENARIO_H_

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/srp/director.h"
#include "core/wire/login_rej.h"
#include "core/wire/login_req.h"

namespace srpt {

inline constexpr std::uint64_t kGuid = 0x0002c90300bb0001;
inline constexpr char kTargetName[] = "fe80:0000:0000:0000:0002:c903:00bb:0001";
inline constexpr char kOtherTargetName[] = "fe80:0000:0000:0000:0002:c903:00bb:0002";

// A login, with every field a test may want to spoil.
struct TestLogin {
  TargetPortId port{0};
  PeerAddress source;
  LoginForm form = LoginForm::kRdmaCm;
  bool iwarp = false;
  std::uint8_t rdma_read_depth = 4;
  wire::LoginReq req;
  std::optional<std::vector<std::uint8_t>> raw;  // Instead of `req`.
};
// A good single-channel login of initiator `n`: 10.0.0.n, i_port_id 0 || n.
TestLogin LoginOf(std::uint8_t n);
TestLogin Multi(TestLogin login);

class Scenario {
 public:
  struct Said {  // One message to one shard.
    ShardId shard;
    message::ToShard message;
  };
  struct Done {
    AdminId id;
    admin::Status status;
    std::string text;
  };

  explicit Scenario(std::uint32_t shards = 1, Parameters parameters = {});

  // --- What happens -----------------------------------------------------------------------------
  ConnId Login(const TestLogin& login);  // Shards open it at once if `shards_open`.
  void Give(const DirectorEvent& event);
  void FromShard(std::uint32_t shard, const message::ToDirector& message);
  // Answers the OpenChannel of a login; returns the new channel's id.
  ChannelId Opened(ConnId conn);
  void Refused(ConnId conn, bool rejected = false);
  void Closed(ConnId conn);
  admin::Status Admin(const admin::Request& request);  // Of what is answered at once.
  AdminId AdminLater(const admin::Request& request);
  void Advance(Duration by);  // And DeadlineReached, if it is due.
  // For a command of the nexus's session as it is, or of an earlier one.
  message::UnitAttentionAnswer AskAttention(std::uint32_t shard, NexusId nexus, LuId lu) {
    return AskAttention(shard, nexus, lu, SessionOf(nexus));
  }
  message::UnitAttentionAnswer AskAttention(std::uint32_t shard, NexusId nexus, LuId lu,
                                            std::uint32_t session);
  std::uint32_t SessionOf(NexusId nexus) const {
    const auto at = sessions_.find(nexus);
    return at == sessions_.end() ? 0 : at->second;
  }
  // What a nexus is told about a unit if shard 0 asks until there is no more: "29/00 3f/0e".
  std::string Attentions(NexusId nexus, LuId lu);

  // Two enabled targets; devices 1 and 2 of 1000 blocks, "disk1" and "disk2".
  void AddDisk(std::uint32_t id);
  admin::Status AddLun(std::uint16_t lun, std::uint32_t disk, std::string group = "");

  // --- What the director said -------------------------------------------------------------------
  std::vector<Said> said;  // A test clears what it is done with.
  std::vector<std::string> logs;
  std::vector<Done> done;
  std::vector<LuId> released;
  std::map<ConnId, action::Reject> rejects;
  bool shards_open = true;
  bool check_invariants = true;

  std::optional<wire::LoginRej> RejectOf(ConnId conn) const;
  const message::OpenChannel& OpenOf(ConnId conn) const;
  ShardId ShardOf(ConnId conn) const { return shard_of_.at(conn); }
  ChannelId ChannelOf(ConnId conn) const { return channels_.at(conn); }
  NexusId NexusOf(ConnId conn) const { return OpenOf(conn).nexus; }
  const Snapshot& snapshot() const { return *snapshot_; }
  // "0:disk1 1:disk2(ro)", of the last snapshot.
  std::string Sees(NexusId nexus) const;
  // Messages of one kind, in order.
  template <class M>
  std::vector<M> All() const {
    std::vector<M> found;
    for (const Said& s : said) {
      if (const M* m = std::get_if<M>(&s.message)) found.push_back(*m);
    }
    return found;
  }
  std::string LastLog() const { return logs.empty() ? "" : logs.back(); }

  Director& director() { return *director_; }
  Time now{1};

 private:
  void StepOnce(const DirectorEvent& event);

  Parameters parameters_;
  std::unique_ptr<Director> director_;
  std::unique_ptr<Actions> actions_ = std::make_unique<Actions>();
  std::uint64_t next_conn_ = 1;
  std::uint64_t next_admin_ = 1;
  std::uint32_t next_channel_ = 0;
  std::uint32_t next_command_ = 0;
  std::vector<ConnId> to_open_;
  std::map<ConnId, message::OpenChannel> opens_;
  std::map<ConnId, ShardId> shard_of_;
  std::map<ConnId, ChannelId> channels_;
  std::map<NexusId, std::uint32_t> sessions_;
  std::shared_ptr<const Snapshot> snapshot_;
};

}  // namespace srpt

#endif  // CORE_SRP_DIRECTOR_SCENARIO_H_
