#include "sim/workload/hostile.h"

#include <algorithm>

#include "core/initiator/initiator.h"
#include "core/wire/login_rsp.h"
#include "sim/trace.h"

namespace srpt::sim {
namespace {

constexpr Lineage kHostile{0x686f7374};
constexpr std::uint64_t kTicksMax = 1500;
constexpr std::uint32_t kReceives = 8;

// In this order within a tick.
constexpr FaultKind kKinds[] = {
    FaultKind::kBadLogin,      FaultKind::kRivalLogin,    FaultKind::kBadDescriptors,
    FaultKind::kTagTwice,      FaultKind::kKeyGone,       FaultKind::kBadIu,
    FaultKind::kCreditOverrun, FaultKind::kHostileSilent, FaultKind::kLogoutBusy,
};

}  // namespace

Hostile::Hostile(Scene* scene)
    : scene_(*scene),
      world_(scene->world),
      lineage_(kHostile),
      host_(scene->world.NewHost()),
      iu_(16384) {}

void Hostile::Start() {
  if (!scene_.swarm.hostile || scene_.swarm.hostile_silent) return;
  NewRegion();
  world_.SetTimer(world_.now() + Milliseconds(1), this, 0);
}

void Hostile::OnTimer(std::uint64_t) {
  if (world_.faults().healed()) return Leave();
  if (world_.now() < silent_until_) {
    return world_.SetTimer(std::min(silent_until_, world_.now() + Milliseconds(500)), this, 0);
  }
  if (tick_ == kTicksMax) return Leave();
  ++tick_;
  picks_ = 0;
  Tick();
  world_.SetTimer(world_.now() + Microseconds(200 + Pick(4000)), this, 0);
}

void Hostile::Tick() {
  for (Link& link : links_) {
    if (link.up) world_.PostReceives(link.peer, link.withheld);
    link.withheld = 0;
  }
  if (!links_[0].up && Pick(4) == 0) LogIn(links_[0], wire::MultichannelAction::kSingle);
  for (Link& link : links_) Work(link);
  for (const FaultKind kind : kKinds) {
    if (world_.faults().Strikes(kind, lineage_, tick_)) Do(kind);
  }
}

void Hostile::Do(FaultKind kind) {
  Link& link = links_[links_[1].live ? Pick(2) : 0];
  world_.trace().Add(world_.now(), link.peer.v, "hostile: fault kind",
                     static_cast<std::uint64_t>(kind));
  switch (kind) {
    case FaultKind::kBadLogin:
      return BadLogin();
    case FaultKind::kRivalLogin: {
      if (links_[1].up) return world_.Disconnect(links_[1].peer);
      return LogIn(links_[1], static_cast<wire::MultichannelAction>(Pick(4)));
    }
    case FaultKind::kHostileSilent:  // With all the commands that it may have.
      for (Link& each : links_) {
        while (each.live && each.credits > 0) Work(each);
      }
      silent_until_ = world_.now() +
                      world_.faults().Length(kind, lineage_, tick_, Milliseconds(1), Seconds(60));
      return;
    default:
      break;
  }
  if (!link.live) return;
  switch (kind) {
    case FaultKind::kBadIu:
      return BadIu(link);
    case FaultKind::kBadDescriptors:
      return BadDescriptors(link);
    case FaultKind::kTagTwice:
      for (int i = 0; i < 2; ++i) {
        Work(link);
        --tags_;
      }
      ++tags_;
      return;
    case FaultKind::kKeyGone:
      Work(link);
      CheckRegion();
      world_.Deregister(region_.rkey);
      return NewRegion();
    case FaultKind::kCreditOverrun: {
      // Shared receives are promised to others beyond the two that a channel has above its credits.
      const std::uint64_t beyond = world_.parameters().use_srq ? 1 : 1 + Pick(20);
      const std::int64_t before = link.credits;
      link.credits += static_cast<std::int64_t>(beyond);
      while (link.live && link.credits > 0) Work(link);
      link.credits = before <= 0 ? before : 0;
      return;
    }
    default: {  // kLogoutBusy
      Work(link);
      const std::array<std::uint8_t, 16> logout{0x03};
      return Send(link, logout);
    }
  }
}

// --- Coming and going ---------------------------------------------------------------------------

std::vector<std::uint8_t> Hostile::LoginBytes(wire::MultichannelAction action) {
  wire::LoginReq req;
  req.tag = initiator::MakeTag(++logins_);
  req.req_it_iu_len = 8260;
  req.req_buf_fmt = wire::kBufFmtDirect | wire::kBufFmtIndirect;
  req.flags = static_cast<std::uint8_t>(action);
  req.initiator_port = initiator::MakePortId(0, 0xbad);
  const std::uint64_t guid = world_.parameters().service_guid;
  req.target_port = initiator::MakePortId(guid, guid);
  std::vector<std::uint8_t> bytes(wire::kLoginReqCmBytes);
  wire::SerializeLoginReqCm(req, bytes);
  return bytes;
}

PeerId Hostile::Connect(Bytes private_data) {
  ConnectOptions options;
  options.form = LoginForm::kRdmaCm;
  options.private_data.assign(private_data.begin(), private_data.end());
  options.port = TargetPortId(1);
  options.source = PeerAddress{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 0xba}};
  options.host = host_;
  options.receives = 0;
  options.overruns = true;
  options.lineage = lineage_.Child(logins_);
  options.sink = this;
  return world_.Connect(options);
}

void Hostile::LogIn(Link& link, wire::MultichannelAction action) {
  link = Link{};
  link.up = true;
  link.peer = Connect(LoginBytes(action));
  world_.PostReceives(link.peer, kReceives);
}

void Hostile::Leave() {
  if (left_) return;
  left_ = true;
  CheckRegion();
  for (Link& link : links_) {
    if (link.up) world_.Disconnect(link.peer);
  }
}

// Poison, and rights for both directions.
void Hostile::NewRegion() {
  region_ = world_.RegisterAs(host_, 64 * kGranuleBytes, access::kRemoteRead | access::kRemoteWrite,
                              world_.form(), lineage_.Child(tick_));
}

// Its disk holds zeroes, and what answers INQUIRY is no granule of a disk.
void Hostile::CheckRegion() {
  const Content* memory = world_.MemoryOf(region_.rkey);
  if (memory == nullptr) return;
  for (std::uint64_t i = 0; i < memory->size() / kGranuleBytes; ++i) {
    const std::uint64_t label = memory->label(i);
    if (label == kZeroLabel || label == kPoisonLabel || label == kTornLabel) continue;
    return scene_.Fail(links_[0].peer, Invariant::kNoForeignBytes,
                       "a hostile peer was given data of others");
  }
}

void Hostile::OnPeerEvent(PeerId peer, const PeerEvent& event, Bytes bytes) {
  Link* link = nullptr;
  for (Link& candidate : links_) {
    if (candidate.up && candidate.peer == peer) link = &candidate;
  }
  if (link == nullptr || left_) {
    // A bad login that was none, or one that was given up meanwhile.
    if (event.kind != PeerEvent::Kind::kDisconnected) world_.Disconnect(peer);
    return;
  }
  switch (event.kind) {
    case PeerEvent::Kind::kConnected: {
      const auto rsp = wire::ParseLoginRsp(bytes);
      link->live = rsp.ok();
      if (rsp.ok()) link->credits = rsp->req_lim_delta;
      return;
    }
    case PeerEvent::Kind::kIu:
      if (world_.now() < silent_until_) {
        ++link->withheld;
      } else {
        world_.PostReceives(peer, 1);
      }
      if (bytes.size() < 16) return;
      if (bytes[0] == 0xc1 || bytes[0] == 0x81 || bytes[0] == 0x82) {  // RSP, CRED_REQ, AER_REQ
        link->credits += static_cast<std::int32_t>(LoadBe32(bytes.data() + 4));
      }
      return;
    default:
      world_.Disconnect(peer);
      *link = Link{};
      return;
  }
}

}  // namespace srpt::sim
