#include "core/srp/abort.h"

#include <algorithm>

#include "core/base/planted.h"
#include "core/srp/channel.h"
#include "core/srp/command.h"
#include "core/srp/command_context.h"
#include "core/srp/requests.h"
#include "core/srp/tags.h"
#include "core/srp/takeover.h"
#include "core/srp/task_management.h"
#include "core/srp/wire_queue.h"

namespace srpt::abort {
namespace {

using namespace command_state;  // NOLINT: the states are this file's vocabulary.

// [R-FAULT-29, R-TSK-11]
bool HasEffects(const Aborting& a) {
  if (Planted(PlantedBug::kAbortIgnoresDisk)) return a.on_wire > 0;
  if (Planted(PlantedBug::kAbortIgnoresWire)) return a.write && a.in_backend > 0;
  return a.on_wire > 0 || (a.write && a.in_backend > 0);
}
bool InUse(const Aborting& a) { return a.on_wire > 0 || a.in_backend > 0; }

// The peer may use the tag again, and whoever waited is told.
// [R-FAULT-32, R-TSK-10, R-INV-31]
void EffectsEnded(ShardState& s, std::uint32_t index) {
  Command& c = s.commands[index];
  c.As<Aborting>().effects = false;
  tags::Unlink(s, s.channels[c.channel], index);
  std::uint32_t aborter = std::exchange(c.aborter, kNone);
  while (aborter != kNone) {
    const std::uint32_t next = std::exchange(s.commands[aborter].aborter_next, kNone);
    task_management::OnAborted(s, aborter);
    aborter = next;
  }
  if (s.fences_open > 0) task_management::TellFences(s, index);
}

void EndAborted(ShardState& s, std::uint32_t index) {
  Channel& channel = s.channels[s.ChannelOf(index)];
  command::End(s, channel, index, CommandCause::kDrained);
  if (channel.Is<channel_state::Live>()) {
    if (Planted(PlantedBug::kCreditTwice)) ++channel.owed;
    if (Planted(PlantedBug::kCreditLost)) --channel.owed;
  }
  requests::Look(s, channel);
  channel::Progress(s, channel);
}

// A unit attention in a response that will not be sent: the nexus's next command is told instead.
// (A channel that dies with more of them than a step has room for loses the rest.)
void GiveBackAttention(ShardState& s, std::uint32_t index, const Responding& r) {
  if (r.status != scsi::Status::kCheckCondition || r.sense.key != scsi::kKeyUnitAttention) return;
  if (!s.Room(4)) return;
  const Command& c = s.commands[index];
  s.Do(action::ToDirector{message::ReturnUnitAttention{
      s.channels[s.ChannelOf(index)].nexus, c.lu, {r.sense.asc, r.sense.ascq}}});
}

void BecomeAborting(ShardState& s, std::uint32_t index, Aborting a) {
  Command& c = s.commands[index];
  a.effects = HasEffects(a);
  c.Become(CommandCause::kAborted, a);
  if (!a.effects) tags::Unlink(s, s.channels[c.channel], index);
}

}  // namespace

bool Abort(ShardState& s, std::uint32_t index, std::uint32_t aborter) {
  Command& c = s.commands[index];
  SRPT_CHECK(!c.Is<Free>());
  if (!c.Is<Aborting>()) {
    ++s.channels[s.ChannelOf(index)].counters.aborted;
    Aborting a;
    if (const Moving* m = std::get_if<Moving>(&c.state)) {
      a.write = m->write && !m->keep;
      a.on_wire = m->on_wire;
      a.in_backend = m->in_backend;
      wire_queue::Drop(s, index);
    } else if (const Backend* b = std::get_if<Backend>(&c.state)) {
      a.write = b->write;
      a.in_backend = 1;
    } else if (const Responding* r = std::get_if<Responding>(&c.state)) {
      GiveBackAttention(s, index, *r);
      wire_queue::Drop(s, index);
    }
    BecomeAborting(s, index, a);
  }
  if (c.As<Aborting>().effects) {
    if (aborter != kNone) {
      s.commands[aborter].aborter_next = c.aborter;
      c.aborter = aborter;
    }
    return false;
  }
  if (!InUse(c.As<Aborting>())) EndAborted(s, index);
  return true;
}

void AbortChannel(ShardState& s, Channel& channel) {
  wire_queue::Clear(s, channel);
  // Those that wait for another command of this channel send nothing either.
  for (std::uint32_t i = channel.first_command; i != kNone; i = s.commands[i].next) {
    s.commands[i].aborter = s.commands[i].aborter_next = kNone;
  }
  for (std::uint32_t i = channel.first_command; i != kNone;) {
    Command& c = s.commands[i];
    const std::uint32_t next = c.next;
    if (!Abort(s, i, kNone)) {
      const Aborting& a = c.As<Aborting>();
      if (a.write && a.in_backend > 0 && !c.old_write) takeover::Note(s, i);
    }
    i = next;
  }
}

void Progress(ShardState& s, std::uint32_t index) {
  Command& c = s.commands[index];
  const Aborting a = c.As<Aborting>();
  if (c.old_write && a.in_backend == 0) takeover::Ended(s, index);
  if (a.effects && !HasEffects(a)) EffectsEnded(s, index);
  if (!InUse(a)) EndAborted(s, index);
}

}  // namespace srpt::abort
