// Logins that wait for receives. A relogin's channels are to have the credits that the ones before
// had, but a shared queue can promise receives anew only when the old queue pairs take none any
// more, which is a moment later.
//
// What a nexus gives back goes to its own logins first, in the order in which they came. A login
// waits while there is something to come and limits::kReceivesWait is not over; then it has to do
// with what there is. Its place on the shard is taken from the start.
#include <algorithm>

#include "core/srp/director_state.h"

namespace srpt {
namespace {

bool Enough(const Opening& opening) {
  return opening.receives >= limits::kCreditsMin + limits::kReceivesBeyondCredits;
}

}  // namespace

std::vector<std::uint32_t> Director::State::ComingBack(const Nexus& nexus,
                                                       std::uint32_t srq) const {
  std::vector<std::uint32_t> coming(parameters.shards);
  for (const NexusChannel& channel : nexus.channels) {
    if (channel.srq == srq && !channel.state.stays()) coming[channel.shard.v] += channel.receives;
  }
  for (const auto& [conn, opening] : openings) {
    if (opening.nexus == nexus.id && opening.srq == srq && !opening.state.stays()) {
      coming[opening.shard.v] += opening.receives;
    }
  }
  return coming;
}

std::vector<std::uint32_t> Director::State::ComingBackFor(const Nexus& nexus, std::uint32_t srq,
                                                          bool takeover) const {
  if (!parameters.use_srq) return {};
  std::vector<std::uint32_t> coming(parameters.shards);
  for (const NexusChannel& channel : nexus.channels) {
    if (channel.srq != srq || channel.settled || (channel.state.stays() && !takeover)) continue;
    coming[channel.shard.v] += channel.receives;
  }
  if (nexus.opening == 0) return coming;
  for (const auto& [conn, opening] : openings) {
    if (opening.nexus != nexus.id || opening.srq != srq) continue;
    if (takeover || !opening.state.stays()) coming[opening.shard.v] += opening.receives;
  }
  if (takeover) return coming;
  for (const HeldLogin& login : held) {  // They come first.
    const Opening& opening = openings.at(login.open.conn);
    if (opening.nexus != nexus.id || opening.srq != srq) continue;
    const std::uint32_t all = parameters.credits + limits::kReceivesBeyondCredits;
    std::uint32_t& there = coming[opening.shard.v];
    there -= std::min(there, all - opening.receives);
  }
  return coming;
}

void Director::State::Hold(const message::OpenChannel& open) {
  held.push_back({open, now + limits::kReceivesWait});
  SupplyHeld(open.nexus);  // Earlier ones that were held, too, gave theirs back just now.
}

// [R-NEXUS-11]
void Director::State::SupplyHeld(NexusId id) {
  for (std::size_t i = 0; i < held.size();) {
    if (held[i].open.nexus != id) {
      ++i;
      continue;
    }
    Opening& opening = openings.at(held[i].open.conn);
    opening.receives += room.TakeMore(opening.shard, opening.srq, opening.receives);
    const bool all = opening.receives == parameters.credits + limits::kReceivesBeyondCredits;
    if (!all && ComingBack(*nexuses.Find(id), opening.srq)[opening.shard.v] > 0) {
      ++i;
    } else {
      EndWait(i);
    }
  }
}

void Director::State::EndWait(std::size_t i) {
  const HeldLogin login = held[i];
  Opening& opening = openings.at(login.open.conn);
  if (!Enough(opening)) {
    DropHeld(login.open.conn, LoginCause::kTooFew);
    return;
  }
  held.erase(held.begin() + static_cast<std::ptrdiff_t>(i));
  opening.state.Become(LoginCause::kSupplied, LoginPhase::kOpening);
  message::OpenChannel open = login.open;
  open.credits = static_cast<std::uint16_t>(opening.receives - limits::kReceivesBeyondCredits);
  Send(open);
}

void Director::State::ExpireHeld() {
  // (The first was the first to come, and all wait equally long.)
  while (!held.empty() && held.front().until <= now) {
    const NexusId nexus = held.front().open.nexus;
    EndWait(0);
    SupplyHeld(nexus);  // It may have given back what it had.
    ForgetIfEmpty(nexus);
  }
}

bool Director::State::DropHeld(ConnId conn, LoginCause cause) {
  const auto login = std::find_if(held.begin(), held.end(),
                                  [conn](const HeldLogin& h) { return h.open.conn == conn; });
  if (login == held.end()) return false;
  held.erase(login);
  const auto at = openings.find(conn);
  const Opening opening = at->second;
  DropOpening(at, cause);
  if (cause == LoginCause::kGone) {
    outbox.Log(LogLevel::kWarning, opening.login + " came to nothing: the initiator gave up");
    return true;
  }
  LoginRefusal refusal;
  refusal.reason = wire::LoginRejReason::kInsufficientResources;
  refusal.tag = opening.tag;
  if (cause == LoginCause::kTooFew) {
    refusal.why =
        "the channels that it replaces gave too few receives of the shared queue back (a backend "
        "hangs?); a larger srpt_srq_size would let it in";
  } else {
    refusal.why =
        "its session was ended while it waited for receives; another login would be let in";
  }
  outbox.Log(LogLevel::kWarning, DescribeRefusal(opening.login, refusal));
  outbox.Add(MakeReject(conn, refusal.reason, refusal.tag));
  return true;
}

}  // namespace srpt
