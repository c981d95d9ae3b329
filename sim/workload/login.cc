// Channels come and go: channel 0 logs in alone (SINGLE), the others join it (MULTI).
#include <algorithm>

#include "core/base/check.h"
#include "core/wire/login_rej.h"
#include "sim/workload/initiator.h"

namespace srpt::sim {
namespace {

constexpr std::uint32_t kFailuresMax = 60;  // Logins in a row, once the faults are over.
constexpr Lineage kInitiators{0x696e69};

}  // namespace

Initiator::Initiator(Scene* scene, std::uint32_t index)
    : scene_(*scene),
      world_(scene->world),
      swarm_(scene->swarm),
      index_(index),
      lineage_(kInitiators.Child(index)),
      host_(scene->world.NewHost()),
      quiesced_(scene->units.size()),
      reset_with_(scene->units.size()),
      resets_sent_(scene->units.size()),
      told_at_(scene->units.size()),
      iu_(65536) {
  for (std::uint32_t i = 0; i < swarm_.channels; ++i) {
    channels_.push_back(std::make_unique<Channel>());
    channels_.back()->index = i;
    channels_.back()->lineage = lineage_.Child(i);
  }
}

void Initiator::SetTimer(Duration after, Timer timer, std::uint32_t channel,
                         std::uint64_t payload) {
  SRPT_CHECK(payload < (std::uint64_t{1} << 40));
  world_.SetTimer(
      now() + after, this,
      (static_cast<std::uint64_t>(timer) << 56) | (std::uint64_t{channel} << 48) | payload);
}

Initiator::Channel* Initiator::Of(PeerId peer) {
  for (const auto& c : channels_) {
    if (c->peer == peer && c->link != Link::kDown) return c.get();
  }
  return nullptr;
}

void Initiator::LogIn() {
  if (mode_ == Mode::kLogOut || logging_in_) return;
  logging_in_ = true;
  Connect(*channels_[0]);
}

void Initiator::Connect(Channel& c) {
  ++c.tries;
  wire::LoginReq req;
  req.tag = initiator::MakeTag(c.tries);
  req.req_it_iu_len = 8260;
  req.req_buf_fmt = wire::kBufFmtDirect | wire::kBufFmtIndirect;
  req.flags = static_cast<std::uint8_t>(c.index == 0 ? wire::MultichannelAction::kSingle
                                                     : wire::MultichannelAction::kMulti);
  if (swarm_.immediate) {
    req.flags |= wire::kLoginReqImmediate;
    req.imm_data_offset = 68;
  }
  req.initiator_port = initiator::MakePortId(0, 0x1000 + index_);
  const std::uint64_t guid = world_.parameters().service_guid;
  req.target_port = initiator::MakePortId(guid, guid);

  ConnectOptions options;
  const bool native = index_ % 2 == 1;  // Both forms of login.
  options.form = native ? LoginForm::kIbCm : LoginForm::kRdmaCm;
  options.private_data.resize(native ? wire::kLoginReq64Bytes : wire::kLoginReqCmBytes);
  if (native) {
    c.srp.BuildLogin64(req, options.private_data);
  } else {
    c.srp.BuildLoginCm(req, options.private_data);
  }
  options.source = PeerAddress{
      {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, static_cast<std::uint8_t>(index_ + 1)}};
  options.host = host_;
  options.lineage = c.lineage.Child(0x6c6f67).Child(c.tries);
  options.sink = this;
  if (swarm_.manual_receives) options.receives = 0;
  c.link = Link::kConnecting;
  c.ius = 0;
  c.revoked = false;
  c.stalled = false;
  c.withheld = 0;
  c.peer = world_.Connect(options);
  if (swarm_.manual_receives) world_.PostReceives(c.peer, 2 * swarm_.depth + 16);
}

void Initiator::OnConnected(Channel& c, Bytes login_rsp) {
  const auto accepted = c.srp.OnLoginRsp(login_rsp);
  if (!accepted.ok())
    return scene_.Fail(c.peer, Invariant::kResponseAgrees, "unreadable LOGIN_RSP");
  if (accepted->violation != initiator::Violation::kNone) {
    scene_.Fail(c.peer, InvariantOf(initiator::InvariantNumber(accepted->violation)),
                "LOGIN_RSP: " + std::string(to_string(accepted->violation)));
  }
  const wire::MultichannelResult result = accepted->rsp.multichannel();
  if (c.index == 0 && result == wire::MultichannelResult::kMaintained) {
    scene_.Fail(c.peer, Invariant::kSessionsCounted,
                "LOGIN_RSP says that channels were maintained at a SINGLE login");
  }
  if (c.index > 0 && result == wire::MultichannelResult::kTerminated) {
    scene_.Fail(c.peer, Invariant::kSessionsCounted,
                "LOGIN_RSP says that channels were terminated at a MULTI login");
  }
  if (!world_.parameters().use_srq) {  // (Shared receives may be promised to others.)
    Fingerprint told;
    told.AddBytes(login_rsp);
    scene_.heard += Mix(c.lineage.v ^ told.value());
  }
  ++scene_.stats.logins;
  failures_ = 0;
  c.link = Link::kLive;
  // A new nexus is told so once, by each unit. (A MULTI login makes one, too, if the target has
  // ended the others without our knowing.)
  // (So may a stale REQ, or a sibling that a new process of the target took for the first.)
  const auto struck = [&](FaultKind kind) { return world_.faults().struck(kind) > 0; };
  const bool others = struck(FaultKind::kStaleReq) || struck(FaultKind::kKill) ||
                      struck(FaultKind::kPowerLoss) || struck(FaultKind::kDeviceGone);
  if (c.index == 0 || result == wire::MultichannelResult::kNoneExisted || others) {
    for (std::uint32_t& left : scene_.attentions[index_]) ++left;
  }
  if (c.index == 0) {
    const bool alone = result == wire::MultichannelResult::kNoneExisted;
    fresh_.assign(scene_.units.size(), Fresh{alone, false, false});
    // A new session: the old one's writes do not land after ours, on whatever shards they are.
    for (const Oracle::WriteId write : stale_) {
      if (scene_.oracle.IsOpen(write)) scene_.oracle.EndForNexus(write);
    }
    stale_.clear();
    std::fill(quiesced_.begin(), quiesced_.end(), false);
    logging_in_ = false;
    has_logged_in_ = true;
    for (std::size_t i = 1; i < channels_.size(); ++i) {
      if (channels_[i]->link == Link::kDown) Connect(*channels_[i]);
    }
  }
  Pump(c);
}

void Initiator::OnLoginFailed(Channel& c, const PeerEvent& event, Bytes bytes) {
  ++scene_.stats.rejects;
  ++failures_;
  if (event.kind == PeerEvent::Kind::kRejected) {
    const auto rej = wire::ParseLoginRej(bytes);
    if (!rej.ok()) {
      scene_.Fail(c.peer, Invariant::kRefusedLeavesNothing, "REJ without a readable LOGIN_REJ");
    } else if (rej->reason != wire::LoginRejReason::kInsufficientResources &&
               rej->reason != wire::LoginRejReason::kChannelLimitReached) {
      scene_.Fail(c.peer, Invariant::kRefusedLeavesNothing,
                  "login refused: " + std::string(to_string(rej->reason)));
    }
  }
  if (world_.faults().healed() && failures_ > kFailuresMax) {
    scene_.Fail(c.peer, Invariant::kHonestCompletes, "cannot log in although the faults are over");
  }
  c.link = Link::kDown;
  if (c.index == 0) {
    logging_in_ = false;
    SetTimer(Seconds(1), Timer::kLogIn, 0, session_);
  } else {
    SetTimer(Seconds(1), Timer::kLogInChannel, c.index, session_);
  }
}

// The connection is over, whoever ended it. Nothing of its commands will be answered; their writes
// may still land.
void Initiator::DropChannel(Channel& c) {
  for (Task& task : c.tasks) {
    if (!task.busy) continue;
    ++scene_.stats.lost;
    if (Writes(task.kind) && task.write != 0) stale_.push_back(task.write);
    EndTask(c, task);
  }
  scene_.stats.lost += c.refused.size();
  c.refused.clear();
  for (Management& m : c.managements) m.busy = false;
  c.link = Link::kDown;
  c.thinking = false;
  c.stalled = false;
}

void Initiator::CheckFresh() {
  for (std::size_t unit = 0; unit < fresh_.size(); ++unit) {
    const Fresh& f = fresh_[unit];
    bool waits = false;  // It may be the one that is told.
    for (const auto& c : channels_) {
      for (const Task& task : c->tasks) waits = waits || (task.busy && task.unit == unit);
    }
    if (!f.expected || f.told || !f.used || waits) continue;
    scene_.Fail(
        channels_[0]->peer, Invariant::kAttentionOnce,
        "unit " + std::to_string(unit) + " took commands of a new nexus without a unit attention");
  }
  fresh_.clear();
}

void Initiator::ChannelLost(Channel& c) {
  // Invariants 14 and 43.
  if (!swarm_.Disturbed() && mode_ != Mode::kLogOut)
    scene_.Fail(c.peer, Invariant::kViolatorAlone, "its channel is gone, although no fault struck");
  fresh_.clear();  // What was told may have been lost with it.
  const PeerId peer = c.peer;
  DropChannel(c);
  world_.Disconnect(peer);
  if (mode_ == Mode::kLogOut) return;
  // One channel may come back alone; without the first, all log in anew.
  if (c.index > 0 && !logging_in_ && channels_[0]->link == Link::kLive &&
      Draw(Site::kRelogin, c.lineage, c.tries) % 2 == 0) {
    SetTimer(Milliseconds(100 + Draw(Site::kRelogin, c.lineage, c.tries + (1ull << 32)) % 2000),
             Timer::kLogInChannel, c.index, session_);
    return;
  }
  ReLogIn(false);
}

void Initiator::ReLogIn(bool vanish) {
  CheckFresh();
  ++session_;
  logging_in_ = false;
  for (const auto& c : channels_) {
    if (c->link == Link::kDown) continue;
    const PeerId peer = c->peer;
    DropChannel(*c);
    if (vanish) {
      world_.Vanish(peer);
    } else {
      world_.Disconnect(peer);
    }
  }
  if (mode_ == Mode::kLogOut) return;
  const std::uint64_t wait = Draw(Site::kRelogin, lineage_, session_) % 3000;
  SetTimer(Milliseconds(10 + wait), Timer::kLogIn, 0, session_);
}

void Initiator::OnPeerEvent(PeerId peer, const PeerEvent& event, Bytes bytes) {
  scene_.saw.Add(now().ns);
  scene_.saw.Add((std::uint64_t{peer.v} << 8) | static_cast<std::uint64_t>(event.kind));
  Channel* c = Of(peer);
  if (c == nullptr) return;  // Of an earlier login.
  switch (event.kind) {
    case PeerEvent::Kind::kConnected:
      return OnConnected(*c, bytes);
    case PeerEvent::Kind::kRejected:
    case PeerEvent::Kind::kUnreachable:
      return OnLoginFailed(*c, event, bytes);
    case PeerEvent::Kind::kIu:
      return OnIu(*c, bytes);
    case PeerEvent::Kind::kSendFailed:
      if (event.status == WorkStatus::kRnrExceeded) {
        scene_.Fail(peer, Invariant::kReceivesPosted,
                    "an IU within the request limit found no receive posted");
      }
      return ChannelLost(*c);
    case PeerEvent::Kind::kQpError:
      if (event.status == WorkStatus::kRemoteAccess && !c->revoked) {
        Invariant invariant = Invariant::kInsideDescriptor;
        for (const auto& [key, broken] : used_keys_) {
          if (key == event.refused) invariant = broken;
        }
        scene_.Fail(peer, invariant, "RDMA to memory that no outstanding command names");
      }
      return ChannelLost(*c);
    case PeerEvent::Kind::kDisconnected:
      return ChannelLost(*c);
  }
}

// --- What the runner asks
// -------------------------------------------------------------------------

bool Initiator::IsIssued() const {
  for (const auto& c : channels_) {
    if (c->issued < swarm_.commands || !c->refused.empty()) return false;
  }
  return true;
}

bool Initiator::IsIdle() const {
  for (const auto& c : channels_) {
    if (c->link != Link::kLive || c->active != 0) return false;
    for (const Management& m : c->managements) {
      if (m.busy) return false;
    }
  }
  return std::find(quiesced_.begin(), quiesced_.end(), true) == quiesced_.end();
}

void Initiator::StartVerify() {
  mode_ = Mode::kVerify;
  Pump(*channels_[0]);
}

void Initiator::StartLogOut() {
  CheckFresh();
  mode_ = Mode::kLogOut;
  for (const auto& c : channels_) {
    if (c->link == Link::kDown) continue;
    const PeerId peer = c->peer;
    DropChannel(*c);
    world_.Disconnect(peer);
  }
}

void Initiator::ExpectShutdown() {
  CheckFresh();
  mode_ = Mode::kLogOut;
}

bool Initiator::IsLoggedOut() const {
  return std::all_of(channels_.begin(), channels_.end(),
                     [](const auto& c) { return c->link == Link::kDown; });
}

Breach Initiator::CompareCredits() const {
  for (const auto& c : channels_) {
    if (c->link != Link::kLive) continue;
    const auto channel = world_.ChannelOf(c->peer);
    const auto shard = world_.ShardOf(c->peer);
    if (!channel || !shard) continue;
    for (const ChannelInfo& info : world_.shard(*shard).Channels()) {
      if (info.channel != *channel) continue;
      if (static_cast<std::int64_t>(info.req_lim) != c->srp.credits() ||
          info.req_lim + info.req_lim_delta != c->srp.granted()) {
        return {Invariant::kCreditsCounted,
                "peer " + std::to_string(c->peer.v) + ": a quiet channel has " +
                    std::to_string(c->srp.credits()) + " credits of " +
                    std::to_string(c->srp.granted()) + "; the target counts " +
                    std::to_string(info.req_lim) + " and owes " +
                    std::to_string(info.req_lim_delta)};
      }
    }
  }
  return {};
}

std::vector<std::string> Initiator::Pending() const {
  std::vector<std::string> lines;
  for (const auto& c : channels_) {
    const char* link = c->link == Link::kLive   ? "live"
                       : c->link == Link::kDown ? "down"
                                                : "connecting";
    std::string line = "initiator " + std::to_string(index_) + " channel " +
                       std::to_string(c->index) + " (peer " + std::to_string(c->peer.v) +
                       "): " + link + ", " + std::to_string(c->active) + " commands outstanding, " +
                       std::to_string(c->issued) + " sent, " + std::to_string(c->refused.size()) +
                       " to be sent again, " + std::to_string(c->srp.credits()) + " credits";
    for (const Task& task : c->tasks) {
      if (task.busy)
        line += ", tag " + std::to_string(task.number) + (task.aborting ? " (aborting)" : "");
    }
    lines.push_back(line);
  }
  return lines;
}

}  // namespace srpt::sim
