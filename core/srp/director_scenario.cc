#include "core/srp/director_scenario.h"

#include <algorithm>
#include <utility>

#include "core/base/bytes.h"
#include "core/srp/director_invariants.h"
#include "core/wire/name.h"
#include "gtest/gtest.h"

namespace srpt {
namespace {

PortId PortIdOf(std::uint64_t first, std::uint64_t second) {
  PortId id;
  Writer w(id.bytes);
  w.Be64(0, first);
  w.Be64(8, second);
  return id;
}

std::string Hex(std::uint8_t x) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  return {kDigits[x >> 4], kDigits[x & 15]};
}

}  // namespace

TestLogin LoginOf(std::uint8_t n) {
  TestLogin login;
  login.source = wire::MapIpv4({10, 0, 0, n});
  login.req.tag.bytes = {0, 0, 0, 0, 0, 0, 0, n};
  login.req.req_it_iu_len = 8260;
  login.req.req_buf_fmt = wire::kBufFmtDirect | wire::kBufFmtIndirect;
  login.req.flags = wire::kLoginReqImmediate;
  login.req.imm_data_offset = 68;
  login.req.initiator_port = PortIdOf(0, n);
  login.req.target_port = PortIdOf(kGuid, kGuid);
  return login;
}

TestLogin Multi(TestLogin login) {
  login.req.flags |= static_cast<std::uint8_t>(wire::MultichannelAction::kMulti);
  return login;
}

Scenario::Scenario(std::uint32_t shards, Parameters parameters) : parameters_(parameters) {
  parameters_.shards = shards;
  parameters_.service_guid = kGuid;
  parameters_.fingerprint = true;
  director_ = std::make_unique<Director>(
      parameters_, std::vector<TargetPort>{{TargetPortId(0), kTargetName, 0, true},
                                           {TargetPortId(1), kOtherTargetName, 0, true}});
}

void Scenario::StepOnce(const DirectorEvent& event) {
  actions_->Clear();
  director_->Step(now, event, *actions_);
  if (check_invariants) {
    EXPECT_EQ(DirectorInvariants::Broken(*director_), "");
  }
  for (const Action& action : *actions_) {
    if (const auto* to = std::get_if<action::ToShard>(&action)) {
      if (const auto* publish = std::get_if<message::Publish>(&to->message)) {
        EXPECT_TRUE(snapshot_ == nullptr || to->shard.v != 0 ||
                    snapshot_->version < publish->snapshot->version);
        snapshot_ = publish->snapshot;
      }
      if (const auto* open = std::get_if<message::OpenChannel>(&to->message)) {
        opens_[open->conn] = *open;
        shard_of_[open->conn] = to->shard;
        to_open_.push_back(open->conn);
      }
      if (const auto* taken = std::get_if<message::TakeOver>(&to->message)) {
        sessions_[taken->nexus] = taken->session;
      }
      said.push_back({to->shard, to->message});
    } else if (const auto* log = std::get_if<action::Log>(&action)) {
      logs.emplace_back(log->text);
    } else if (const auto* admin = std::get_if<action::AdminDone>(&action)) {
      done.push_back({admin->id, admin->status, std::string(admin->text)});
    } else if (const auto* release = std::get_if<action::ReleaseLu>(&action)) {
      released.push_back(release->lu);
    } else if (const auto* reject = std::get_if<action::Reject>(&action)) {
      EXPECT_TRUE(rejects.emplace(reject->conn, *reject).second) << "rejected twice";
    } else {
      ADD_FAILURE() << "a director does not say this: kind " << action.index();
    }
  }
}

void Scenario::Give(const DirectorEvent& event) {
  StepOnce(event);
  int steps = 0;
  while (director_->NextDeadline() <= now) {
    ASSERT_LT(++steps, 10000) << "the director never comes to rest";
    StepOnce(event::DeadlineReached{});
  }
  std::vector<ConnId> open;
  if (shards_open) open.swap(to_open_);
  for (const ConnId conn : open) Opened(conn);
}

ConnId Scenario::Login(const TestLogin& login) {
  const ConnId conn(next_conn_++);
  std::array<std::uint8_t, wire::kLoginReq64Bytes> bytes{};
  std::size_t length = login.form == LoginForm::kRdmaCm
                           ? wire::SerializeLoginReqCm(login.req, bytes)
                           : wire::SerializeLoginReq64(login.req, bytes);
  Bytes data = Bytes(bytes).first(length);
  if (login.raw) data = *login.raw;
  Give(event::LoginRequested{conn, login.port, login.form, login.iwarp, login.source,
                             login.rdma_read_depth, data});
  return conn;
}

void Scenario::FromShard(std::uint32_t shard, const message::ToDirector& message) {
  Give(event::FromShard{ShardId(shard), message});
}

ChannelId Scenario::Opened(ConnId conn) {
  const ChannelId channel = ChannelId::Make(next_channel_++, 0);
  channels_[conn] = channel;
  FromShard(ShardOf(conn).v, message::ChannelOpened{conn, NexusOf(conn), channel});
  return channel;
}

void Scenario::Refused(ConnId conn, bool rejected) {
  FromShard(ShardOf(conn).v, message::ChannelRefused{conn, NexusOf(conn), rejected});
}

void Scenario::Closed(ConnId conn) {
  FromShard(ShardOf(conn).v, message::ChannelClosed{NexusOf(conn), ChannelOf(conn)});
}

AdminId Scenario::AdminLater(const admin::Request& request) {
  const AdminId id(next_admin_++);
  Give(event::AdminRequested{id, request});
  return id;
}

admin::Status Scenario::Admin(const admin::Request& request) {
  const AdminId id = AdminLater(request);
  EXPECT_TRUE(!done.empty() && done.back().id == id) << "not answered at once";
  return done.empty() ? admin::Status::kBusy : done.back().status;
}

void Scenario::Advance(Duration by) {
  now = now + by;
  if (director_->NextDeadline() <= now) Give(event::DeadlineReached{});
}

message::UnitAttentionAnswer Scenario::AskAttention(std::uint32_t shard, NexusId nexus, LuId lu,
                                                    std::uint32_t session) {
  const CommandId command = CommandId::Make(next_command_++, 0);
  FromShard(shard, message::AskUnitAttention{command, nexus, lu, session});
  const auto answers = All<message::UnitAttentionAnswer>();
  EXPECT_FALSE(answers.empty());
  EXPECT_EQ(answers.back().command, command);
  EXPECT_EQ(said.back().shard, ShardId(shard));
  return answers.back();
}

std::string Scenario::Attentions(NexusId nexus, LuId lu) {
  std::string text;
  for (bool more = true; more;) {
    const auto answer = AskAttention(0, nexus, lu);
    EXPECT_TRUE(answer.has || !answer.more);
    if (answer.has) {
      text +=
          (text.empty() ? "" : " ") + Hex(answer.attention.asc) + "/" + Hex(answer.attention.ascq);
    }
    more = answer.more;
  }
  return text;
}

void Scenario::AddDisk(std::uint32_t id) {
  admin::AddLu add;
  add.lu.id = LuId(id);
  add.lu.name = scsi::DeviceName("disk" + std::to_string(id));
  add.lu.block_count = 1000;
  EXPECT_EQ(Admin(add), admin::Status::kOk);
}

admin::Status Scenario::AddLun(std::uint16_t lun, std::uint32_t disk, std::string group) {
  return Admin(admin::AddLun{kTargetName, std::move(group), LunNumber(lun),
                             "disk" + std::to_string(disk), false});
}

std::optional<wire::LoginRej> Scenario::RejectOf(ConnId conn) const {
  const auto at = rejects.find(conn);
  if (at == rejects.end()) return std::nullopt;
  const auto rej = wire::ParseLoginRej(Bytes(at->second.private_data).first(at->second.length));
  if (!rej.ok()) return std::nullopt;
  return *rej;
}

const message::OpenChannel& Scenario::OpenOf(ConnId conn) const {
  const auto at = opens_.find(conn);
  SRPT_CHECK(at != opens_.end());
  return at->second;
}

std::string Scenario::Sees(NexusId nexus) const {
  std::string text;
  for (const LunMap::Entry& entry : snapshot_->MapOf(nexus).entries()) {
    text += (text.empty() ? "" : " ") + std::to_string(entry.lun.v) + ":";
    text += entry.lu.name.view();
    if (entry.lu.read_only) text += "(ro)";
  }
  return text;
}

}  // namespace srpt
