// The director's logins and channels.
#include <algorithm>
#include <utility>

#include "core/base/planted.h"
#include "core/srp/director_state.h"
#include "core/wire/login_rsp.h"
#include "core/wire/name.h"

namespace srpt {

using wire::LoginRejReason;

void Director::State::On(const event::LoginRequested& login) {
  if (openings.count(login.conn) != 0) {
    outbox.Log(LogLevel::kError, "a connection request came twice; the second is ignored");
    return;
  }
  const SnapshotTarget* target = FindTarget(login.port);
  if (target == nullptr) {
    LoginRefusal refusal;
    refusal.why = "there is no such target port";
    return Refuse(login, nullptr, refusal);
  }
  const LoginTerms terms{&parameters, target->port.name, target->port.enabled, shutting_down};
  const auto judged = JudgeLogin(terms, login);
  if (!judged.ok()) return Refuse(login, target, judged.error());

  const wire::LoginReq& req = judged->req;
  const Nexus* nexus = nexuses.Find(KeyOf(login, req));
  const bool single = req.multichannel() == wire::MultichannelAction::kSingle;
  std::vector<std::uint32_t> coming;
  if (nexus != nullptr) {
    coming = ComingBackFor(*nexus, target->port.srq, single || Surviving(*nexus) == 0);
  }
  const auto place = room.Find(target->port.srq, coming);
  ChannelTerms found;
  found.beside = nexus == nullptr || single ? 0 : Surviving(*nexus);
  found.in_all = nexus == nullptr ? 0 : nexus->channels.size() + nexus->opening;
  found.nexuses_full = nexus == nullptr && nexuses.full();
  found.shards_full = !place.has_value();
  if (!place) found.srq_size = room.SizeNeeded(target->port.srq);
  // Before anything is ended: a refused login leaves the sessions that there are untouched.
  // [R-FAULT-21]
  if (const auto refusal = JudgeChannel(parameters, req, found)) {
    return Refuse(login, target, *refusal);
  }
  Open(login, *target, *judged, *place);
}

// [R-INV-39]
void Director::State::Refuse(const event::LoginRequested& login, const SnapshotTarget* target,
                             const LoginRefusal& refusal) {
  const std::string_view name =
      target == nullptr ? std::string_view("an unknown target") : target->port.name;
  outbox.Log(
      LogLevel::kWarning,
      DescribeRefusal(DescribeLogin(login.source, name, refusal.req ? &*refusal.req : nullptr),
                      refusal));
  outbox.Add(MakeReject(login.conn, refusal.reason, refusal.tag));
}

void Director::State::Open(const event::LoginRequested& login, const SnapshotTarget& target,
                           const LoginGrant& grant, const ShardRoom::Place& place) {
  const wire::LoginReq& req = grant.req;
  const NexusKey key = KeyOf(login, req);
  const std::string address(wire::FormatPeerAddress(login.source).view());
  const bool single = req.multichannel() == wire::MultichannelAction::kSingle;

  auto result = wire::MultichannelResult::kNoneExisted;
  std::string before;  // What became of earlier channels, for the log.
  Nexus* nexus = nexuses.Find(key);
  const bool is_new = nexus == nullptr;
  const std::size_t surviving = is_new ? 0 : Surviving(*nexus);
  const bool takeover =
      !is_new && (single || surviving == 0 || Planted(PlantedBug::kEveryLoginTakesOver));
  if (surviving != 0) {
    // [R-NEXUS-02, R-NEXUS-03]
    result = single != Planted(PlantedBug::kLoginResultSwapped)
                 ? wire::MultichannelResult::kTerminated
                 : wire::MultichannelResult::kMaintained;
    before = ", " + std::to_string(surviving) + (single ? " earlier ended" : " earlier kept");
  }
  if (is_new) nexus = &nexuses.Add(key, address);
  // [R-FAULT-20, R-NEXUS-04, R-INV-38]
  if (takeover) {
    CloseAll(*nexus, CloseReason::kReplaced);
    TakeOver(*nexus);
  }
  ++nexus->opening;
  const bool moved = takeover && nexus->initiator_name != address;
  if (moved) nexuses.Rename(*nexus, address);
  if (is_new || moved) Refresh(is_new ? nexus : nullptr);
  if (takeover) {
    for (const LunMap::Entry& entry : snapshot->MapOf(nexus->id).entries()) {
      Establish(*nexus, entry.lu.id, kUaNexusLoss);
    }
  }

  const std::string text = DescribeLogin(login.source, target.port.name, &req);
  if (req.initiator_port == PortId{}) {
    outbox.Log(LogLevel::kWarning,
               text +
                   ": i_port_id is all zero, so hosts are told apart by their addresses; set "
                   "initiator_ext on each");
  }
  if (grant.rdma_read_depth == 0) {
    outbox.Log(LogLevel::kWarning,
               text + ": the initiator takes no RDMA READ; only immediate data can be written");
  }
  const ShardId shard = place.shard;
  room.Take(place, target.port.srq);
  const bool put_off = place.credits < place.credits_later;
  Opening opening;
  if (put_off) {
    opening.state.Become(LoginCause::kPutOff, LoginPhase::kHeld);
  } else {
    opening.state.Become(LoginCause::kGranted, LoginPhase::kOpening);
  }
  opening.nexus = nexus->id;
  opening.shard = shard;
  opening.srq = target.port.srq;
  opening.receives = place.receives;
  opening.tag = req.tag;
  opening.login = text;
  opening.session =
      "session " + nexus->name + ", shard " + std::to_string(shard.v) +
      (single ? ", single channel" : ", multichannel") + before +
      (grant.imm_data_offset != 0 ? ", immediate data at " + std::to_string(grant.imm_data_offset)
                                  : std::string(", no immediate data"));
  openings.emplace(login.conn, std::move(opening));

  message::OpenChannel open;
  open.conn = login.conn;
  open.nexus = nexus->id;
  open.port = login.port;
  open.login_tag = req.tag;
  open.max_it_iu_len = parameters.srp_max_req_size;
  // [R-FAULT-27, R-LOGIN-16]
  open.max_ti_iu_len = parameters.srp_max_rsp_size;
  open.credits = place.credits;
  if (Planted(PlantedBug::kGrantByNexus) && open.credits > 8) {
    open.credits = static_cast<std::uint16_t>(open.credits - nexus->id.v % 4);
  }
  open.imm_data_offset = grant.imm_data_offset;
  open.sq_size = parameters.srpt_sq_size;
  open.srq = target.port.srq;
  open.solicited = req.flags & wire::kLoginReqSolicitedMask;
  open.rdma_read_depth = grant.rdma_read_depth;
  open.login_rsp_flags =
      static_cast<std::uint8_t>(grant.login_rsp_flags | static_cast<std::uint8_t>(result));
  if (put_off) {
    Hold(open);
  } else {
    Send(open);
  }
}

void Director::State::Send(const message::OpenChannel& open) {
  const Opening& opening = openings.at(open.conn);
  if (open.credits < parameters.credits) {
    outbox.Log(LogLevel::kWarning,
               opening.login + ": only " + std::to_string(open.credits) + " credits instead of " +
                   std::to_string(parameters.credits) +
                   ": the shared receive queue is nearly promised away (a larger srpt_srq_size "
                   "would do)");
  }
  outbox.ToShard(opening.shard, open);
}

std::size_t Director::State::Surviving(const Nexus& nexus) const {
  std::size_t n = 0;
  for (const NexusChannel& channel : nexus.channels) n += channel.state.stays() ? 1 : 0;
  if (nexus.opening == 0) return n;
  for (const auto& [conn, opening] : openings) {
    if (opening.nexus == nexus.id && opening.state.stays()) ++n;
  }
  return n;
}

std::size_t Director::State::CloseAll(Nexus& nexus, CloseReason reason) {
  std::size_t n = 0;
  for (NexusChannel& channel : nexus.channels) {
    if (!channel.state.stays()) continue;
    if (Planted(PlantedBug::kTakeoverSparesOne) && n == 1) continue;
    channel.state.Become(LoginCause::kEnded,
                         channel.state.live() ? LoginPhase::kClosing : LoginPhase::kClosedEarly);
    outbox.ToShard(channel.shard, message::CloseChannel{channel.channel, reason});
    ++n;
  }
  for (auto at = openings.begin(); at != openings.end();) {
    const ConnId conn = at->first;
    Opening& opening = (at++)->second;  // It may be dropped.
    if (opening.nexus != nexus.id || !opening.state.stays()) continue;
    if (DropHeld(conn, LoginCause::kEnded)) {
      ++n;
      continue;
    }
    opening.state.Become(LoginCause::kEnded, LoginPhase::kDoomed);
    opening.close = reason;
    ++n;
  }
  return n;
}

void Director::State::ForgetIfEmpty(NexusId id) {
  const Nexus* nexus = nexuses.Find(id);
  if (nexus == nullptr || !nexus->IsEmpty() || Planted(PlantedBug::kNexusKept)) return;
  outbox.Log(LogLevel::kInfo,
             "session " + nexus->name + " on " + targets.at(nexus->key.port).port.name + " ended");
  outbox.ToAllShards(message::ForgetNexus{id});
  nexuses.Remove(id);
  TellIfDown();
}

void Director::State::On(const event::ConnectionGone& gone) {
  // The shard hears of it from its own driver.
  const auto at = openings.find(gone.conn);
  if (at != openings.end()) {
    at->second.gone = true;
    const NexusId nexus = at->second.nexus;
    if (DropHeld(gone.conn, LoginCause::kGone)) {
      SupplyHeld(nexus);
      ForgetIfEmpty(nexus);
    }
    return;
  }
  for (auto& [slot, nexus] : nexuses.all()) {
    for (NexusChannel& channel : nexus.channels) {
      if (channel.conn == gone.conn) channel.gone = true;
    }
  }
}

void Director::State::OnMessage(ShardId shard, const message::ChannelOpened& opened) {
  const auto at = openings.find(opened.conn);
  if (at == openings.end()) return;
  Opening opening = std::move(at->second);
  openings.erase(at);
  Nexus* nexus = nexuses.Find(opening.nexus);
  SRPT_CHECK(nexus != nullptr && nexus->opening > 0);
  --nexus->opening;
  NexusChannel channel;
  channel.conn = opened.conn;
  channel.shard = shard;
  channel.channel = opened.channel;
  channel.srq = opening.srq;
  channel.receives = opening.receives;
  channel.tag = opening.tag;
  channel.gone = opening.gone;
  channel.login = std::move(opening.login);
  channel.session = std::move(opening.session);
  channel.state = opening.state;
  // [R-NEXUS-05]
  if (opening.state.phase() == LoginPhase::kDoomed) {
    channel.state.Become(LoginCause::kOpened, LoginPhase::kClosedEarly);
    outbox.ToShard(shard, message::CloseChannel{opened.channel, opening.close});
  } else {
    channel.state.Become(LoginCause::kOpened, LoginPhase::kOpened);
  }
  nexus->channels.push_back(std::move(channel));
}

// Either at once, for want of room, or after ChannelOpened: the driver could not accept.
void Director::State::OnMessage(ShardId shard, const message::ChannelRefused& refused) {
  Nexus* nexus = nexuses.Find(refused.nexus);
  if (nexus == nullptr) return;
  Tag tag;
  bool gone = false;
  std::string login;
  const auto at = openings.find(refused.conn);
  const auto channel = std::find_if(nexus->channels.begin(), nexus->channels.end(),
                                    [&](const auto& c) { return c.conn == refused.conn; });
  std::string why = "shard " + std::to_string(shard.v);
  if (at != openings.end()) {
    tag = at->second.tag;
    gone = at->second.gone;
    login = std::move(at->second.login);
    // (Not that this was to be expected: there was room.)
    why = DescribeNoRoom(std::move(why), refused.srq_size);
    DropOpening(at, LoginCause::kRefused);
  } else if (channel != nexus->channels.end() && !channel->state.live()) {
    tag = channel->tag;
    gone = channel->gone;
    login = std::move(channel->login);
    why +=
        " could not make its queue pair; a smaller srpt_sq_size or fewer channels (ch_count) "
        "would let it in";
    channel->state.Become(LoginCause::kRefused, LoginPhase::kFree);
    room.ReceivesBack(shard, channel->srq, channel->receives);
    nexus->channels.erase(channel);
    room.ChannelBack(shard);
  } else {
    return;
  }
  SupplyHeld(nexus->id);
  if (refused.rejected || gone) {
    outbox.Log(LogLevel::kWarning,
               login + " came to nothing: the initiator gave up or its device went away");
  } else {
    const LoginRefusal refusal{LoginRejReason::kInsufficientResources, tag, {}, std::move(why)};
    outbox.Log(LogLevel::kWarning, DescribeRefusal(login, refusal));
    outbox.Add(MakeReject(refused.conn, refusal.reason, tag));
  }
  ForgetIfEmpty(refused.nexus);
}

void Director::State::OnMessage(ShardId shard, const message::ChannelLive& live) {
  Nexus* nexus = nexuses.Find(live.nexus);
  if (nexus == nullptr) return;
  for (NexusChannel& channel : nexus->channels) {
    if (channel.shard != shard || channel.channel != live.channel || channel.state.live()) continue;
    channel.state.Become(LoginCause::kLive,
                         channel.state.stays() ? LoginPhase::kLive : LoginPhase::kClosing);
    outbox.Log(LogLevel::kInfo, channel.login + " accepted: " + channel.session);
    channel.login.clear();
    channel.session.clear();
  }
}

void Director::State::OnMessage(ShardId shard, const message::ChannelClosed& closed) {
  Nexus* nexus = nexuses.Find(closed.nexus);
  if (nexus == nullptr) return;
  const auto at = std::find_if(nexus->channels.begin(), nexus->channels.end(), [&](const auto& c) {
    return c.shard == shard && c.channel == closed.channel;
  });
  if (at == nexus->channels.end()) return;
  if (!at->state.live()) {
    outbox.Log(LogLevel::kWarning,
               at->login + " was accepted, but its connection ended before it was established");
  }
  at->state.Become(LoginCause::kClosed, LoginPhase::kFree);
  room.ReceivesBack(shard, at->srq, at->receives);
  nexus->channels.erase(at);
  room.ChannelBack(shard);
  SupplyHeld(nexus->id);
  ForgetIfEmpty(closed.nexus);
}

void Director::State::OnMessage(ShardId shard, const message::ReceivesBack& back) {
  Nexus* nexus = nexuses.Find(back.nexus);
  if (nexus == nullptr) return;
  for (NexusChannel& channel : nexus->channels) {
    if (channel.shard != shard || channel.channel != back.channel) continue;
    SRPT_CHECK(channel.receives >= back.receives);
    channel.receives -= back.receives;
    channel.settled = true;
    room.ReceivesBack(shard, channel.srq, back.receives);
  }
  SupplyHeld(nexus->id);
}

void Director::State::DropOpening(std::map<ConnId, Opening>::iterator at, LoginCause cause) {
  Opening& opening = at->second;
  Nexus* nexus = nexuses.Find(opening.nexus);
  SRPT_CHECK(nexus != nullptr && nexus->opening > 0);
  --nexus->opening;
  room.ReceivesBack(opening.shard, opening.srq, opening.receives);
  if (!Planted(PlantedBug::kRefusedLoginKeepsPlace)) room.ChannelBack(opening.shard);
  opening.state.Become(cause, LoginPhase::kFree);
  openings.erase(at);
}

}  // namespace srpt
