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

std::vector<std::uint32_t> Director::State::ComingBack(const Nexus& nexus, std::uint32_t srq,
                                                       bool all) const {
  std::vector<std::uint32_t> coming;
  if (!parameters.use_srq) return coming;
  coming.resize(parameters.shards);
  for (const NexusChannel& channel : nexus.channels) {
    if (channel.srq == srq && (all || !channel.state.stays())) {
      coming[channel.shard.v] += channel.receives;
    }
  }
  if (nexus.opening == 0) return coming;
  for (const auto& [conn, opening] : openings) {
    if (opening.nexus == nexus.id && opening.srq == srq && (all || !opening.state.stays())) {
      coming[opening.shard.v] += opening.receives;
    }
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
    const bool waits =
        !all && ComingBack(*nexuses.Find(id), opening.srq, false)[opening.shard.v] > 0;
    if (waits || !Enough(opening)) {
      ++i;
    } else {
      Supply(i);
    }
  }
}

void Director::State::Supply(std::size_t i) {
  const HeldLogin login = held[i];
  held.erase(held.begin() + static_cast<std::ptrdiff_t>(i));
  Opening& opening = openings.at(login.open.conn);
  opening.state.Become(LoginCause::kSupplied, LoginPhase::kOpening);
  message::OpenChannel open = login.open;
  open.credits = static_cast<std::uint16_t>(opening.receives - limits::kReceivesBeyondCredits);
  Send(open);
}

void Director::State::ExpireHeld() {
  // (The first was the first to come, and all wait equally long.)
  while (!held.empty() && held.front().until <= now) {
    const message::OpenChannel open = held.front().open;
    Opening& opening = openings.at(open.conn);
    opening.receives += room.TakeMore(opening.shard, opening.srq, opening.receives);
    if (Enough(opening)) {
      Supply(0);
      continue;
    }
    DropHeld(open.conn, LoginCause::kTooLate);
    ForgetIfEmpty(open.nexus);
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
  if (cause == LoginCause::kTooLate) {
    refusal.why =
        DescribeNoRoom("shard " + std::to_string(opening.shard.v), room.SizeNeeded(opening.srq));
  } else {
    refusal.why =
        "its session was ended while it waited for receives; another login would be let in";
  }
  outbox.Log(LogLevel::kWarning, DescribeRefusal(opening.login, refusal));
  outbox.Add(MakeReject(conn, refusal.reason, refusal.tag));
  return true;
}

}  // namespace srpt
