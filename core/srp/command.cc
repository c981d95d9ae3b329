// Theory of operation: the table of command_states.h. Task management requests are commands, too
// (task_management.cc); what moves data stands in transfer.cc, what ends a command early in
// abort.cc.
#include "core/srp/command.h"

#include <algorithm>

#include "core/base/planted.h"
#include "core/scsi/alua.h"
#include "core/scsi/cdb.h"
#include "core/scsi/control.h"
#include "core/srp/abort.h"
#include "core/srp/bidirectional.h"
#include "core/srp/command_context.h"
#include "core/srp/receives.h"
#include "core/srp/tags.h"
#include "core/srp/takeover.h"
#include "core/srp/task_management.h"
#include "core/srp/trace.h"
#include "core/srp/transfer.h"
#include "core/srp/wire_queue.h"
#include "core/wire/cmd.h"
#include "core/wire/lun.h"

namespace srpt::command {
namespace {

using namespace command_state;  // NOLINT: the states are this file's vocabulary.

// [R-INV-41]
const scsi::LuView* FindUnit(const ShardState& s, Channel& channel, const RawLun& raw) {
  // The same unit again, mostly; a view lives as long as its snapshot.
  UnitFound& last = channel.last_unit;
  const std::uint64_t key = LoadBe64(raw.bytes.data());
  if (last.lu != nullptr && last.raw == key && last.publication == s.publications) return last.lu;
  const auto lun = wire::DecodeLun(raw);
  const scsi::LuView* lu = lun ? s.LunMapOf(channel).Find(*lun) : nullptr;
  if (Planted(PlantedBug::kUnmappedLunServed) && lu == nullptr) {
    lu = s.LunMapOf(channel).Find(LunNumber(0));
  }
  last = {key, s.publications, lu};
  return lu;
}

bool AttentionPending(const NexusView& nexus, LuId lu) {
  return std::find(nexus.attentions.begin(), nexus.attentions.end(), lu) != nexus.attentions.end();
}

void Park(ShardState& s, std::uint32_t index, Parked parked) {
  s.WakeAt(parked.until);
  s.commands[index].Become(CommandCause::kAdmitted, parked);
}

// Whether the command's nexus has another one in its unit's task set, as far as this shard knows.
bool HasOtherTask(const ShardState& s, std::uint32_t index) {
  const Command& c = s.commands[index];
  const NexusId nexus = s.channels[c.channel].nexus;
  if (c.lu == LuId(kNone)) return false;
  for (const Channel& channel : s.channels) {
    if (!channel.Is<channel_state::Live>() || channel.nexus != nexus) continue;
    for (std::uint32_t i = channel.first_command; i != kNone; i = s.commands[i].next) {
      if (i != index && s.commands[i].lu == c.lu && !s.commands[i].Is<Aborting>()) return true;
    }
  }
  return false;
}

void SayFailure(ShardState& s, std::uint32_t index, scsi::Status status, const scsi::Sense& sense) {
  const bool flow = status == scsi::Status::kBusy || status == scsi::Status::kTaskSetFull;
  const auto category = flow ? trace::Category::kFlowControl : trace::Category::kScsi;
  if (!trace::On(s, category)) return;
  const Bytes iu = receives::IuIn(s, index);
  const auto cmd = wire::ParseCmd(iu);
  trace::Say(s, s.channels[s.ChannelOf(index)], category,
             "operation code %02x at LU %d: status %02x, sense %02x/%02x/%02x",
             cmd ? unsigned{cmd->cdb[0]} : 0u, static_cast<int>(s.commands[index].lu.v),
             static_cast<unsigned>(status), sense.key, sense.asc, sense.ascq);
}

// The buffers of the command as the response's residuals count them.
void NoteBuffers(Command& c, const wire::Buffers& buffers) {
  c.out_length = buffers.out.length;
  c.in_length = buffers.in.length;
}

// `bytes`: the IU, or the fetched table.
void UseLayout(Command& c, const wire::BufferLayout& layout, Bytes bytes) {
  c.descriptor_count = layout.descriptor_count;
  c.first_descriptor = layout.first;
  c.descriptors_at = layout.descriptors.empty()
                         ? 0
                         : static_cast<std::uint32_t>(layout.descriptors.data() - bytes.data());
  c.immediate_at = layout.format == wire::BufferFormat::kImmediate ? layout.immediate_offset : 0;
}

// A partial list (fault 16): the table is fetched before anything moves, and what it says is
// checked like what an IU says. True: `layout` is complete, its descriptors lie in the table.
// False: the command waits for the table, or was answered.
// [R-DESC-03, R-FAULT-16]
bool CompleteTable(ShardState& s, std::uint32_t index, wire::BufferLayout& layout, Bytes iu) {
  Command& c = s.commands[index];
  if (c.table_piece != kNone) {
    const auto complete = wire::CompleteLayout(layout, transfer::TableOf(s, c));
    if (!complete) {
      Fail(s, index, CommandCause::kRefused, scsi::kInvalidFieldInCdb);
      return false;
    }
    layout = *complete;
    return true;
  }
  // The table's own descriptor stands right before the inline ones, 20 bytes with the total length.
  const std::ptrdiff_t list = layout.descriptors.data() - iu.data();
  c.descriptors_at = static_cast<std::uint32_t>(list) - wire::kIndirectHeaderBytes;
  c.descriptor_count = 1;
  c.first_descriptor = layout.table;
  c.immediate_at = 0;
  if (!transfer::StartTable(s, index, layout.table.len)) RefuseFull(s, index);
  return false;
}

// `layout` is complete; its descriptors lie in `list`, the IU or the fetched table.
inline void MoveData(ShardState& s, std::uint32_t index, const scsi::Transfer& t,
                     const scsi::LuView& lu, const wire::BufferLayout& layout, Bytes list) {
  Command& c = s.commands[index];
  Channel& channel = s.channels[s.ChannelOf(index)];
  ++(t.write ? channel.counters.writes : channel.counters.reads);
  c.needed = static_cast<std::uint32_t>(t.bytes);
  c.needed_out = t.write;
  UseLayout(c, layout, list);
  // [R-INV-17]
  auto bytes = static_cast<std::uint32_t>(std::min<std::uint64_t>(t.bytes, layout.length));
  if (Planted(PlantedBug::kMovesAllOffered) && !t.write) {
    bytes = static_cast<std::uint32_t>(layout.length);
  }
  // Of a write that brings less than it should, whole blocks are written; of a read, all that fits
  // is sent.
  if (t.write) bytes -= bytes % lu.block_bytes;
  if (bytes == 0) {
    Respond(s, index, CommandCause::kRefused, scsi::Status::kGood);
    return;
  }
  const std::uint64_t at = t.lba.v * lu.block_bytes;
  // [R-INV-30]
  const bool asked = t.fua && !Planted(PlantedBug::kFuaLies);
  const bool through = !lu.write_cache && !Planted(PlantedBug::kWriteThroughLies);
  const bool fua = t.write && (asked || through);
  if (c.immediate_at != 0) {
    channel.counters.immediate_bytes += bytes;
    c.Become(CommandCause::kAdmitted, Backend{true});
    c.moved = bytes;
    MemRef memory;
    memory.kind = MemRef::Kind::kRecv;
    memory.channel = receives::OwnerOf(s, index);
    memory.recv = receives::IdOf(s, index);
    memory.offset = c.immediate_at;
    if (Planted(PlantedBug::kImmediateMisplaced) && bytes > lu.block_bytes) {
      memory.offset -= 4;
    }
    memory.length = bytes;
    s.Do(action::BlockWrite{transfer::OpOfCommand(index), lu.id, at, memory, fua});
    return;
  }
  const std::uint32_t blocks = (bytes + lu.block_bytes - 1) / lu.block_bytes;
  Moving& m = c.Become<Moving>(CommandCause::kAdmitted);
  m.write = t.write;
  m.fua = fua;
  m.at = at;
  m.total = bytes;
  m.backend_total = blocks * lu.block_bytes;
  transfer::MoveOn(s, index, m);
}

void StartTransfer(ShardState& s, std::uint32_t index, const scsi::Transfer& t,
                   const scsi::LuView& lu, wire::Buffers& buffers, Bytes iu) {
  wire::BufferLayout& layout = t.write ? buffers.out : buffers.in;
  const wire::BufferLayout& other = t.write ? buffers.in : buffers.out;
  if (t.bytes > 0 && layout.length == 0 && other.length > 0) {
    Fail(s, index, CommandCause::kRefused,
         scsi::kInvalidFieldInCdb);  // The data would go the wrong way (fault 17).
    return;
  }
  Bytes list = iu;
  if (t.bytes > 0 && layout.partial) {
    if (!CompleteTable(s, index, layout, iu)) return;
    Command& c = s.commands[index];
    (t.write ? c.out_length : c.in_length) = layout.length;
    list = transfer::TableOf(s, c);
  }
  MoveData(s, index, t, lu, layout, list);
}

void StartControl(ShardState& s, std::uint32_t index, const scsi::Control& control,
                  const scsi::LuView* lu, const wire::Buffers& buffers, Bytes iu) {
  Command& c = s.commands[index];
  if (control.alloc_len == 0) {
    ++s.channels[s.ChannelOf(index)].counters.others;
    const scsi::LunInventory inventory(s.LunMapOf(s.channels[s.ChannelOf(index)]).entries());
    const scsi::ControlAnswer answer = scsi::Execute(control, lu, inventory, {});
    Respond(s, index, CommandCause::kRefused, answer.status, answer.sense);
    return;
  }
  if (buffers.in.length == 0 && buffers.out.length > 0) {
    Fail(s, index, CommandCause::kRefused, scsi::kInvalidFieldInCdb);
    return;
  }
  wire::BufferLayout layout = buffers.in;
  if (layout.partial) {
    if (!CompleteTable(s, index, layout, iu)) return;
    c.in_length = layout.length;
    iu = transfer::TableOf(s, c);
  }
  ++s.channels[s.ChannelOf(index)].counters.others;
  UseLayout(c, layout, iu);
  transfer::StartControl(s, index);
}

// `cmd` is the parsed IU of this command, whose tag is not active otherwise.
void Admit(ShardState& s, std::uint32_t index, const wire::Cmd& cmd, Bytes iu) {
  Command& c = s.commands[index];
  Channel& channel = s.channels[s.ChannelOf(index)];
  const scsi::LuView* lu = FindUnit(s, channel, cmd.lun);
  c.lu = lu != nullptr ? lu->id : LuId(kNone);

  auto buffers = wire::ParseBuffers(cmd, iu, channel.imm_data_offset);
  if (!buffers) {
    Fail(s, index, CommandCause::kRefused, scsi::kInvalidFieldInCdb);
    return;
  }
  NoteBuffers(c, *buffers);

  if (lu != nullptr) {
    const NexusView& nexus = s.nexuses[channel.nexus.slot()];
    if (!c.attention_checked && !nexus.attentions.empty() && AttentionPending(nexus, lu->id) &&
        !scsi::BypassesUnitAttention(cmd.cdb[0]) && !Planted(PlantedBug::kAttentionLost)) {
      Park(s, index, {ParkReason::kUnitAttention, kNever});
      s.Do(action::ToDirector{
          message::AskUnitAttention{s.IdOfCommand(index), channel.nexus, lu->id, channel.session}});
      return;
    }
    if (nexus.waits && takeover::Waits(nexus, lu->id)) {
      // [R-NEXUS-10]
      Park(s, index, {ParkReason::kTakeover, s.now + limits::kTakeoverWait});
      return;
    }
    if (lu->alua.present) {
      if (const auto sense = scsi::AluaCheck(lu->alua.state, cmd.cdb)) {
        Fail(s, index, CommandCause::kRefused, *sense);
        return;
      }
    }
  }

  const auto request = scsi::Decode(cmd.cdb, lu);
  if (!request) {
    Fail(s, index, CommandCause::kRefused, request.error());
    return;
  }
  if (const auto* t = std::get_if<scsi::Transfer>(&request->op)) {
    StartTransfer(s, index, *t, *lu, buffers.value(), iu);
  } else if (const auto* control = std::get_if<scsi::Control>(&request->op)) {
    StartControl(s, index, *control, lu, *buffers, iu);
  } else if (const auto* x = std::get_if<scsi::XdWriteRead>(&request->op)) {
    bidirectional::Start(s, index, *x, *lu, *buffers, iu);
  } else {
    ++channel.counters.others;
    if (Planted(PlantedBug::kSyncLies)) {
      return Respond(s, index, CommandCause::kRefused, scsi::Status::kGood);
    }
    c.Become(CommandCause::kAdmitted, Backend{false});
    s.Do(action::BlockFlush{transfer::OpOfCommand(index), lu->id});
  }
}

// The CMD's CDB goes on past the IU (fault 18). Too short was found before.
void RefuseCut(ShardState& s, Channel& channel, std::uint32_t index, Bytes iu) {
  const auto tag = wire::PeekTag(iu);
  SRPT_CHECK(tag.has_value());
  Begin(s, channel, index, *tag);
  Fail(s, index, CommandCause::kRefused, scsi::kInvalidFieldInCdb);
}

}  // namespace

// [R-INV-07]
bool IsAnother(const Command& c, const scsi::LuView* lu) {
  return lu != nullptr && c.lu.v != kNone && lu->id != c.lu;
}

void Readmit(ShardState& s, std::uint32_t index) {
  const Bytes iu = receives::IuIn(s, index);
  const auto cmd = wire::ParseCmd(iu);
  SRPT_CHECK(cmd.ok());  // It was when it came.
  const scsi::LuView* lu = FindUnit(s, s.channels[s.ChannelOf(index)], cmd->lun);
  if (IsAnother(s.commands[index], lu)) {
    Fail(s, index, CommandCause::kRefused, scsi::kLunNotSupported);
    return;
  }
  Admit(s, index, *cmd, iu);
}

void OnCmd(ShardState& s, Channel& channel, std::uint32_t index, Bytes iu) {
  ++channel.counters.commands;
  if (Planted(PlantedBug::kParsesStaleBytes)) iu = Bytes(iu.data(), channel.max_it_iu_len);
  if (Planted(PlantedBug::kLogsStaleByte) && iu.size() < channel.max_it_iu_len) {
    s.Log(LogLevel::kDebug, channel, "CMD, and then %u", unsigned{iu.data()[iu.size()]});
  }
  const auto cmd = wire::ParseCmd(iu);
  if (!cmd) return RefuseCut(s, channel, index, iu);
  Begin(s, channel, index, cmd->tag);
  Command& c = s.commands[index];
  c.sol_not = cmd->sol_not;
  const std::uint32_t older = tags::Find(s, channel, c.tag);
  tags::Link(s, channel, index);
  if (older == kNone) {
    Admit(s, index, *cmd, iu);
    return;
  }
  // Overlapped commands (fault 11, SAM-5 5.11): both end, with this one's response. If the older
  // one is a task management request, both end with its response, once it has done what it does.
  s.Log(LogLevel::kWarning, channel, "overlapped command: tag %02x%02x%02x%02x%02x%02x%02x%02x",
        c.tag.bytes[0], c.tag.bytes[1], c.tag.bytes[2], c.tag.bytes[3], c.tag.bytes[4],
        c.tag.bytes[5], c.tag.bytes[6], c.tag.bytes[7]);
  // [R-FAULT-11]
  c.overlapped = true;
  if (s.commands[older].overlapped) {
    Fail(s, index, CommandCause::kRefused, scsi::kOverlappedCommands);
    return;
  }
  c.Become(CommandCause::kManagement, Managing{});
  if (s.commands[older].task_management) {
    task_management::Overlap(s, older);
    abort::Abort(s, index, kNone);
    return;
  }
  if (abort::Abort(s, older, index)) {
    Fail(s, index, CommandCause::kDone, scsi::kOverlappedCommands);
  }
}

void OnAttentionAnswer(ShardState& s, const message::UnitAttentionAnswer& answer) {
  if (answer.command.slot() >= s.commands.size()) SRPT_UNREACHABLE("an answer for no command");
  const std::uint32_t index = answer.command.slot();
  Command& c = s.commands[index];
  const Parked* parked = std::get_if<Parked>(&c.state);
  if (c.generation != answer.command.generation() || parked == nullptr ||
      parked->reason != ParkReason::kUnitAttention) {
    // Aborted meanwhile: the next command of the nexus is told instead.
    if (answer.has) {
      s.Do(action::ToDirector{
          message::ReturnUnitAttention{answer.nexus, answer.lu, answer.attention}});
    }
    return;
  }
  if (!answer.more) {
    auto& pending = s.nexuses[s.channels[s.ChannelOf(index)].nexus.slot()].attentions;
    std::erase(pending, c.lu);
  }
  if (answer.has) {
    Fail(s, index, CommandCause::kRefused,
         scsi::Sense{scsi::kKeyUnitAttention, answer.attention.asc, answer.attention.ascq});
    return;
  }
  c.attention_checked = true;
  Readmit(s, index);
}

void OnTime(ShardState& s, Channel& channel) {
  for (std::uint32_t i = channel.first_command; i != kNone;) {
    const std::uint32_t next = s.commands[i].next;
    if (const Parked* parked = std::get_if<Parked>(&s.commands[i].state)) {
      if (parked->until <= s.now) {
        Respond(s, i, CommandCause::kRefused, scsi::Status::kBusy);
      } else {
        s.WakeAt(parked->until);
      }
    }
    i = next;
  }
}

void Respond(ShardState& s, std::uint32_t index, CommandCause cause, scsi::Status status,
             const scsi::Sense& sense) {
  Responding& responding = s.commands[index].Become<Responding>(cause);
  responding.status = status;
  responding.sense = sense;
  if (status == scsi::Status::kCheckCondition) {
    ++s.channels[s.ChannelOf(index)].counters.check_conditions;
  }
  if (status != scsi::Status::kGood) SayFailure(s, index, status, sense);
  wire_queue::QueueResponse(s, index);
}

void RefuseFull(ShardState& s, std::uint32_t index) {
  Respond(s, index, CommandCause::kRefused,
          HasOtherTask(s, index) ? scsi::Status::kTaskSetFull : scsi::Status::kBusy);
}

}  // namespace srpt::command
