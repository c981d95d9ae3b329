#include "core/srp/takeover.h"

#include <algorithm>

#include "core/base/planted.h"
#include "core/srp/channel.h"
#include "core/srp/command.h"

namespace srpt::takeover {
namespace {

using command_state::Parked;

NexusView& NexusOf(ShardState& s, const Command& c) {
  return s.nexuses[s.channels[c.channel].nexus.slot()];
}

OldWrites* Find(NexusView& nexus, LuId lu) {
  const auto at = std::find_if(nexus.old_writes.begin(), nexus.old_writes.end(),
                               [lu](const OldWrites& old) { return old.lu == lu; });
  return at == nexus.old_writes.end() ? nullptr : &*at;
}

// Something about the nexus is to be done by Pump.
void Due(ShardState& s, NexusView& nexus) {
  if (nexus.due) return;
  nexus.due = true;
  s.nexuses_due.Push(nexus.id.slot());
}

// What waited and need not any more is admitted by Pump.
void Resume(ShardState& s, const NexusView& nexus) {
  for (const Channel& channel : s.channels) {
    if (!channel.Is<channel_state::Live>() || channel.nexus != nexus.id) continue;
    for (std::uint32_t i = channel.first_command; i != kNone; i = s.commands[i].next) {
      Parked* parked = std::get_if<Parked>(&s.commands[i].state);
      if (parked == nullptr || parked->reason != ParkReason::kTakeover || parked->resume) continue;
      if (Waits(nexus, s.commands[i].lu)) continue;
      parked->resume = true;
      s.resume_queue.Push(i);
    }
  }
}

void Look(ShardState& s, NexusView& nexus) {
  nexus.waits = nexus.taken_over || !nexus.held.empty() ||
                std::any_of(nexus.old_writes.begin(), nexus.old_writes.end(),
                            [](const OldWrites& old) { return old.count > 0; });
  Resume(s, nexus);
}

bool EndEarlierChannels(ShardState& s, const NexusView& nexus) {
  for (const Channel& channel : s.channels) {
    if (channel.nexus != nexus.id || channel.session == nexus.session) continue;
    if (!channel.Is<channel_state::Live>() && !channel.Is<channel_state::Connecting>()) continue;
    if (!s.Room(16)) return false;
    channel::Close(s, {channel.id, CloseReason::kReplaced});
  }
  return true;
}

// All that the director is to know of one nexus.
bool PumpNexus(ShardState& s, NexusView& nexus) {
  if (!EndEarlierChannels(s, nexus)) return false;
  if (s.params.shards > 1) {
    for (OldWrites& old : nexus.old_writes) {
      const bool there = old.count > 0;
      if (old.told == there) continue;
      if (!s.Room(1)) return false;
      old.told = there;
      s.Do(action::ToDirector{message::OldWrites{nexus.id, old.lu, there}});
    }
    if (nexus.answer_due) {
      if (!s.Room(1)) return false;
      nexus.answer_due = false;
      s.Do(action::ToDirector{message::TakenOver{nexus.id, nexus.session}});
    }
  }
  std::erase_if(nexus.old_writes, [](const OldWrites& old) { return old.count == 0; });
  return true;
}

}  // namespace

bool Waits(const NexusView& nexus, LuId lu) {
  if (Planted(PlantedBug::kOldWritesForgotten)) return false;
  return nexus.taken_over ||
         std::find(nexus.held.begin(), nexus.held.end(), lu) != nexus.held.end() ||
         std::any_of(nexus.old_writes.begin(), nexus.old_writes.end(),
                     [lu](const OldWrites& old) { return old.lu == lu && old.count > 0; });
}

void Note(ShardState& s, std::uint32_t command) {
  Command& c = s.commands[command];
  SRPT_CHECK(!c.old_write);
  c.old_write = true;
  NexusView& nexus = NexusOf(s, c);
  OldWrites* old = Find(nexus, c.lu);
  if (old == nullptr) old = &nexus.old_writes.emplace_back(OldWrites{c.lu, 0, false});
  ++old->count;
  nexus.waits = true;
  if (old->count == 1) Due(s, nexus);
}

void Ended(ShardState& s, std::uint32_t command) {
  Command& c = s.commands[command];
  SRPT_CHECK(c.old_write);
  c.old_write = false;
  NexusView& nexus = NexusOf(s, c);
  OldWrites* old = Find(nexus, c.lu);
  SRPT_CHECK(old != nullptr && old->count > 0);
  if (--old->count > 0) return;
  Due(s, nexus);
  Look(s, nexus);
}

// [R-FAULT-20, R-NEXUS-10]
void OnTakeOver(ShardState& s, NexusView& nexus, const message::TakeOver& m) {
  nexus.session = m.session;
  // One shard alone knows all that there is to wait for.
  nexus.taken_over = nexus.answer_due = s.params.shards > 1;
  Look(s, nexus);
  Due(s, nexus);
}

void OnTakeoverOver(ShardState& s, NexusView& nexus, const message::TakeoverOver& m) {
  if (m.session != nexus.session) return;  // It was taken over again.
  nexus.taken_over = false;
  Look(s, nexus);
}

void OnHoldUnit(ShardState& s, NexusView& nexus, const message::HoldUnit& m) {
  std::erase(nexus.held, m.lu);
  if (m.hold) nexus.held.push_back(m.lu);
  Look(s, nexus);
}

bool Pump(ShardState& s) {
  while (!s.nexuses_due.empty()) {
    NexusView& nexus = s.nexuses[s.nexuses_due.Front()];
    if (nexus.id.valid() && !PumpNexus(s, nexus)) return false;
    nexus.due = false;
    s.nexuses_due.DropFront();
  }
  while (!s.resume_queue.empty()) {
    if (!s.Room(4)) return false;
    const std::uint32_t index = s.resume_queue.Pop();
    // It may have been aborted meanwhile, and its context taken again.
    const Parked* parked = std::get_if<Parked>(&s.commands[index].state);
    if (parked != nullptr && parked->resume) command::Readmit(s, index);
  }
  return true;
}

void Forget(NexusView& nexus) {
  for (const OldWrites& old : nexus.old_writes) SRPT_CHECK(old.count == 0);
  nexus.old_writes.clear();
  nexus.held.clear();
  nexus.taken_over = nexus.answer_due = nexus.waits = false;
}

}  // namespace srpt::takeover
