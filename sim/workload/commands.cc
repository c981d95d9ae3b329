// What is sent: each command is drawn from the seed, its initiator, its channel and its number.
#include <algorithm>

#include "core/base/check.h"
#include "core/base/limits.h"
#include "sim/trace.h"
#include "sim/workload/initiator.h"

namespace srpt::sim {
namespace {

constexpr std::uint64_t kVerifyTag = 0x40000000u;
constexpr std::uint32_t kControlBytes = 1024;
constexpr std::uint16_t kAbsentLun = 201;

// How long a command waits that was refused, or could not be sent, so often.
Duration Patience(std::uint32_t times) {
  return Milliseconds(std::uint64_t{1} << std::min(times, 9u));
}

}  // namespace

LunNumber Initiator::LunOf(const Task& task) {
  return task.kind == Kind::kAbsent ? LunNumber(kAbsentLun) : LunOf(task.unit);
}

void Initiator::Note(const Channel& c, std::uint64_t number) {
  if (!world_.script().writes()) return;
  world_.script().SetNote("initiator " + std::to_string(index_) + " channel " +
                          std::to_string(c.index) + " command " + std::to_string(number));
}

Initiator::Task* Initiator::Find(Channel& c, std::uint64_t number) {
  for (Task& task : c.tasks) {
    if (task.busy && task.number == number) return &task;
  }
  return nullptr;
}

Initiator::Task& Initiator::NewTask(Channel& c, std::uint64_t number) {
  Task* task = nullptr;
  for (Task& candidate : c.tasks) {
    if (!candidate.busy) {
      task = &candidate;
      break;
    }
  }
  if (task == nullptr) {
    SRPT_CHECK(c.tasks.size() < 128);
    c.tasks.reserve(128);  // Tasks keep their places.
    task = &c.tasks.emplace_back();
  }
  *task = Task{};
  task->busy = true;
  task->number = number;
  ++c.active;
  return *task;
}

void Initiator::EndTask(Channel& c, Task& task) {
  SRPT_CHECK(task.busy);
  if (task.has_data) world_.Deregister(task.data.rkey);
  if (task.has_more) world_.Deregister(task.more.rkey);
  if (task.has_table) world_.Deregister(task.table.rkey);
  if (task.has_back) world_.Deregister(task.back.rkey);
  if (task.read != 0) scene_.oracle.EndRead(task.read);
  task.busy = false;
  --c.active;
}

void Initiator::Pump(Channel& c) {
  if (c.link != Link::kLive || c.thinking) return;
  if (mode_ == Mode::kVerify) {
    if (c.index == 0 && c.active == 0 && c.srp.CanSendCmd()) IssueVerify(c);
    return;
  }
  if (mode_ != Mode::kWork) return;
  while (c.issued < swarm_.commands && c.active < swarm_.depth && c.srp.CanSendCmd()) {
    if (!Issue(c)) return;
  }
}

void Initiator::Choose(Channel& c, Task& task) {
  const Lineage l = task.lineage;
  task.unit = static_cast<std::uint32_t>(Draw(Site::kCommandLun, l) % scene_.units.size());
  const Unit& unit = scene_.units[task.unit];
  if (Does(Whim::kOther, l, Draw(Site::kCommandKind, l) % 100 < swarm_.other_percent)) {
    constexpr Kind kOthers[] = {Kind::kSync,      Kind::kSync,         Kind::kTestUnitReady,
                                Kind::kInquiry,   Kind::kReadCapacity, Kind::kReportLuns,
                                Kind::kModeSense, Kind::kBeyond,       Kind::kAbsent};
    task.kind = kOthers[Draw(Site::kCommandKind, l, 1) % std::size(kOthers)];
    if (task.kind == Kind::kBeyond) {
      task.blocks = static_cast<std::uint32_t>(1 + Draw(Site::kCommandBlocks, l) % 4);
      task.lba = unit.blocks - task.blocks + 1 + Draw(Site::kCommandLba, l) % 2;
      // At the end of what a READ (16) can name.
      if (Draw(Site::kCommandLba, l, 2) % 4 == 0) task.lba = ~std::uint64_t{0} - task.blocks + 1;
      task.wanted = task.buffer = task.blocks * unit.block_bytes;
    }
    return;
  }
  task.kind =
      Draw(Site::kCommandKind, l, 2) % 100 < swarm_.write_percent ? Kind::kWrite : Kind::kRead;
  const std::uint64_t most =
      std::clamp<std::uint64_t>(swarm_.bytes_max / unit.block_bytes, 1, unit.blocks);
  // Small ones are the many: the exponent is drawn first.
  std::uint32_t exponents = 1;
  while ((std::uint64_t{1} << exponents) <= most) ++exponents;
  const std::uint64_t e = std::min(Draw(Site::kCommandBlocks, l) % exponents,
                                   Draw(Site::kCommandBlocks, l, 2) % exponents);
  task.blocks = static_cast<std::uint32_t>(1 + Draw(Site::kCommandBlocks, l, 1) %
                                                   std::min(most, std::uint64_t{1} << e));
  if (!Does(Whim::kWide, l, task.blocks > 1)) task.blocks = 1;
  std::uint64_t places = unit.blocks - task.blocks + 1;
  if (Draw(Site::kCommandLba, l, 1) % 2 == 0) places = std::min<std::uint64_t>(places, 48);
  task.lba = Draw(Site::kCommandLba, l) % places;
  task.fua = Does(Whim::kFua, l, Draw(Site::kCommandFlags, l) % 100 < swarm_.fua_percent);
  task.wanted = task.blocks * unit.block_bytes;
  task.buffer = task.wanted;
  std::uint64_t odd = Draw(Site::kBufferSize, l) % 16;
  if (!Does(Whim::kOddBuffer, l, odd < 2)) odd = 2;
  if (odd == 0) {
    task.buffer +=
        unit.block_bytes * static_cast<std::uint32_t>(1 + Draw(Site::kBufferSize, l, 1) % 3);
  } else if (odd == 1 && task.blocks > 1) {
    task.buffer = unit.block_bytes *
                  static_cast<std::uint32_t>(1 + Draw(Site::kBufferSize, l, 1) % (task.blocks - 1));
  }
  if (task.kind == Kind::kWrite && swarm_.bidirectional &&
      unit.block_bytes <= limits::kBidirectionalPieceBytes &&
      Does(Whim::kBothWays, l, Draw(Site::kCommandKind, l, 3) % 8 == 0)) {
    task.kind = Kind::kXdWriteRead;
    task.keep = Draw(Site::kCommandFlags, l, 3) % 8 == 0;
    task.back_bytes = task.wanted;
    const std::uint64_t uneven = Draw(Site::kBufferSize, l, 2) % 8;
    if (uneven == 0) {
      task.back_bytes += static_cast<std::uint32_t>(1 + Draw(Site::kBufferSize, l, 3) % 5000);
    } else if (uneven == 1) {
      task.back_bytes = static_cast<std::uint32_t>(1 + Draw(Site::kBufferSize, l, 3) % task.wanted);
    }
  }
  (void)c;
}

void Initiator::CutSlices(Task& task) {
  const Lineage l = task.lineage;
  const std::uint32_t step = world_.form() == Content::Form::kLabels ? kGranuleBytes : 1;
  const std::uint64_t units = task.buffer / step;
  const std::uint32_t most = static_cast<std::uint32_t>(
      std::min<std::uint64_t>(units, 1 + Draw(Site::kDescriptorSplit, l) % (kSlicesMax - 1)));
  std::array<std::uint32_t, kSlicesMax> cuts{};
  for (std::uint32_t i = 0; i + 1 < most; ++i) {
    cuts[i] =
        static_cast<std::uint32_t>(Draw(Site::kDescriptorSplit, l, 1 + i) % (units + 1)) * step;
  }
  const std::uint32_t n = std::max(most, 1u);
  cuts[n - 1] = task.buffer;
  std::sort(cuts.begin(), cuts.begin() + n);
  // In memory the slices lie in another order than their data. Equal cuts make empty ones: legal.
  const std::uint32_t turn = static_cast<std::uint32_t>(Draw(Site::kDescriptorSplit, l, 100) % n);
  task.slice_count = n;
  std::uint32_t at = 0;
  for (std::uint32_t i = 0; i < n; ++i) {
    const std::uint32_t which = (i + turn) % n;
    const std::uint32_t begin = which == 0 ? 0 : cuts[which - 1];
    task.slices[which] = Slice{at, cuts[which] - begin};
    at += cuts[which] - begin;
  }
}

// Memory for the data-in of a bidirectional command, in one to three pieces.
void Initiator::OfferBack(Task& task, initiator::Command& command,
                          std::array<wire::Direct, 3>& list) {
  const Lineage l = task.lineage;
  task.back = world_.RegisterAs(host_, task.back_bytes, access::kRemoteWrite, Content::Form::kBytes,
                                l.Child(2));
  task.has_back = true;
  const std::size_t n = 1 + Draw(Site::kDescriptorSplit, l, 200) % list.size();
  std::uint32_t at = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint32_t left = task.back_bytes - at;
    const std::uint32_t bytes =
        i + 1 == n
            ? left
            : static_cast<std::uint32_t>(Draw(Site::kDescriptorSplit, l, 201 + i) % (left + 1));
    list[i] = wire::Direct{RemoteAddr(task.back.va.v + at), task.back.rkey, bytes};
    at += bytes;
  }
  command.in =
      n == 1 ? initiator::Buffer::Direct(list[0])
             : initiator::Buffer::Indirect(std::span(list).first(n), task.back.va, task.back.rkey);
}

bool Initiator::Issue(Channel& c) {
  const Lineage lineage = c.lineage.Child(c.issued);
  Note(c, c.issued + 1);
  Task probe;
  probe.lineage = lineage;
  Choose(c, probe);
  if (quiesced_[probe.unit]) return false;  // Until its reset is over.
  const std::uint64_t number = ++c.issued;
  if (!Does(Whim::kCommand, lineage, true)) return true;
  Task& task = NewTask(c, number);
  probe.busy = true;
  probe.number = number;
  task = probe;
  if (!SendTask(c, task)) return false;

  if (Does(Whim::kAbort, lineage,
           Draw(Site::kAbort, lineage) % 1000000 < swarm_.abort_per_million)) {
    SetTimer(Duration{Draw(Site::kAbort, lineage, 1) % 300000}, Timer::kAbort, c.index, number);
  }
  if (Does(Whim::kReset, lineage,
           Draw(Site::kAbort, lineage, 2) % 1000000 < swarm_.reset_per_million)) {
    constexpr wire::TskMgmtFunction kFunctions[] = {
        wire::TskMgmtFunction::kLunReset, wire::TskMgmtFunction::kAbortTaskSet,
        wire::TskMgmtFunction::kClearTaskSet, wire::TskMgmtFunction::kAbortTaskSet};
    StartReset(task.unit, kFunctions[Draw(Site::kAbort, lineage, 4) % std::size(kFunctions)]);
  }
  if (Does(Whim::kClearAca, lineage,
           Draw(Site::kAbort, lineage, 5) % 1000000 < swarm_.reset_per_million)) {
    SendClearAca(c, task.unit);
  }
  if (task.has_data && world_.faults().Strikes(FaultKind::kRkeyRevoked, lineage, 0)) {
    SetTimer(Duration{1000 + Draw(Site::kAbort, lineage, 3) % 30000}, Timer::kRevoke, c.index,
             number);
  }
  if (swarm_.manual_receives && !c.stalled &&
      Does(Whim::kStall, lineage,
           Draw(Site::kStall, lineage) % 1000000 < swarm_.stall_per_million)) {
    c.stalled = true;
    SetTimer(Duration{1000000 + Draw(Site::kStall, lineage, 1) % 4000000000u}, Timer::kStallOver,
             c.index, c.tries & 0xffff);
  }
  if (world_.faults().Strikes(FaultKind::kDisconnect, lineage, 0)) {
    ReLogIn(false);
    return false;
  }
  if (world_.faults().Strikes(FaultKind::kVanish, lineage, 0)) {
    ReLogIn(true);
    return false;
  }
  if (Does(Whim::kThink, lineage, Draw(Site::kThink, lineage) % 100 < swarm_.think_percent)) {
    c.thinking = true;
    SetTimer(Duration{1000 + Draw(Site::kThink, lineage, 1) % swarm_.think_max.ns}, Timer::kThink,
             c.index, 0);
    return false;
  }
  return true;
}

// BUSY and TASK SET FULL: the same command again, as Linux does it, after longer and longer: its
// unit may be held by a write that a backend never ends.
void Initiator::Postpone(Channel& c, const Task& task) {
  c.refused.push_back({task.number, task.refusals + 1});
  SetTimer(Patience(task.refusals), Timer::kAgain, c.index, task.number);
}

void Initiator::SendAgain(Channel& c, std::uint64_t number) {
  const auto at = std::find_if(c.refused.begin(), c.refused.end(),
                               [number](const Refused& r) { return r.number == number; });
  if (at == c.refused.end()) return;  // It ended with its channel.
  Task probe;
  probe.lineage = c.lineage.Child(number - 1);  // Issue()'s: it is chosen as it was.
  Choose(c, probe);
  // While an ABORT TASK may still be answered that names it, its tag is not used again.
  const bool aborting =
      std::any_of(c.managements.begin(), c.managements.end(), [number](const Management& m) {
        return m.busy && m.function == wire::TskMgmtFunction::kAbortTask && m.task == number;
      });
  if (aborting || quiesced_[probe.unit] || c.active >= swarm_.depth || !c.srp.CanSendCmd()) {
    return SetTimer(Patience(at->refusals + at->tries++), Timer::kAgain, c.index, number);
  }
  probe.busy = true;
  probe.number = number;
  probe.refusals = at->refusals;
  c.refused.erase(at);
  Task& task = NewTask(c, number);
  task = probe;
  SendTask(c, task);
}

bool Initiator::SendTask(Channel& c, Task& task) {
  const Lineage l = task.lineage;
  const Content::Form form = world_.form();
  initiator::Command command;
  command.tag = initiator::MakeTag(task.number);
  command.lun = initiator::MakeLun(LunOf(task));
  command.cookie = static_cast<std::uint64_t>(&task - c.tasks.data());
  initiator::Cdb cdb;
  std::array<wire::Direct, kSlicesMax> list{};
  const Lba lba(task.lba);
  const std::uint8_t flags = task.fua ? initiator::kFua : 0;
  const bool long_form = Does(Whim::kLongCdb, l, Draw(Site::kCommandFlags, l, 1) % 4 == 0);
  // Additional CDB bytes.
  const bool longest = Does(Whim::kLongestCdb, l, Draw(Site::kCommandFlags, l, 2) % 8 == 0);

  switch (task.kind) {
    case Kind::kRead:
      cdb = longest     ? initiator::Read32(lba, task.blocks, flags)
            : long_form ? initiator::Read16(lba, task.blocks, flags)
                        : initiator::Read10(lba, task.blocks, flags);
      task.read = scene_.oracle.BeginRead();
      ++scene_.stats.reads;
      break;
    case Kind::kWrite:
      cdb = longest     ? initiator::Write32(lba, task.blocks, flags)
            : long_form ? initiator::Write16(lba, task.blocks, flags)
                        : initiator::Write10(lba, task.blocks, flags);
      ++scene_.stats.writes;
      break;
    case Kind::kXdWriteRead: {
      const auto all =
          static_cast<std::uint8_t>(flags | (task.keep ? initiator::kDisableWrite : 0));
      cdb = long_form ? initiator::XdWriteRead32(lba, task.blocks, all)
                      : initiator::XdWriteRead10(lba, task.blocks, all);
      task.read = scene_.oracle.BeginRead();
      ++scene_.stats.bidirectional;
      break;
    }
    case Kind::kSync:
      cdb = long_form ? initiator::SynchronizeCache16() : initiator::SynchronizeCache10();
      task.read = scene_.oracle.BeginRead();
      break;
    case Kind::kTestUnitReady:
    case Kind::kAbsent:
      cdb = initiator::TestUnitReady();
      break;
    case Kind::kBeyond:
      cdb = long_form || task.lba >> 32 != 0 ? initiator::Read16(lba, task.blocks, flags)
                                             : initiator::Read10(lba, task.blocks, flags);
      break;
    case Kind::kInquiry:
      task.wanted = 96;
      cdb = initiator::Inquiry(96);
      break;
    case Kind::kReadCapacity:
      task.wanted = long_form ? 32 : 8;
      cdb = long_form ? initiator::ReadCapacity16() : initiator::ReadCapacity10();
      break;
    case Kind::kReportLuns:
      task.wanted = kControlBytes;
      cdb = initiator::ReportLuns(kControlBytes);
      break;
    case Kind::kModeSense:
      task.wanted = 255;
      cdb = initiator::ModeSense6(0x3f, 0, 255);
      break;
  }
  command.cdb = cdb.view();

  const bool bulk = task.kind == Kind::kRead || task.kind == Kind::kBeyond || Writes(task.kind);
  std::array<wire::Direct, 3> back{};
  if (task.kind == Kind::kXdWriteRead) OfferBack(task, command, back);
  std::uint32_t inline_count = 0;
  if (bulk) {
    const bool write = Writes(task.kind);
    const std::uint32_t block_bytes = scene_.units[task.unit].block_bytes;
    if (write) {
      // What lands is what the shorter of CDB and buffer covers.
      const std::uint32_t moved = std::min(task.wanted, task.buffer);
      task.write = scene_.oracle.BeginWrite(task.unit, task.lba, moved / block_bytes, index_);
      scratch_.Reset(form, task.buffer, kPoisonLabel);
      scene_.oracle.Fill(task.write, scratch_);
    }
    const std::uint16_t imm = c.srp.imm_data_offset();
    const bool fits = imm >= c.srp.CmdHeaderBytes(command) + wire::kImmediateBytes &&
                      imm + task.buffer <= c.srp.login_rsp().max_it_iu_len &&
                      imm + task.buffer <= 8260;
    const std::uint64_t choice = Draw(Site::kDescriptorForm, l) % 8;
    const bool many = Does(Whim::kManySlices, l, choice >= 3);
    const bool immediate = Does(Whim::kImmediate, l, write && fits && choice < 5);
    if (write && fits && immediate) {
      const MutableBytes data = MutableBytes(iu_).subspan(iu_.size() / 2, task.buffer);
      scratch_.ReadBytes(0, data);
      command.out = initiator::Buffer::Immediate(data);
    } else {
      if (!many) {
        task.slice_count = 1;
        task.slices[0] = Slice{0, task.buffer};
      } else {
        CutSlices(task);
      }
      task.data = world_.RegisterAs(host_, task.buffer,
                                    write ? access::kRemoteRead : access::kRemoteWrite, form, l);
      task.has_data = true;
      if (task.slice_count > 1 &&
          Does(Whim::kTwoRegions, l, Draw(Site::kDescriptorSplit, l, 300) % 4 == 0)) {
        task.more =
            world_.RegisterAs(host_, task.buffer,
                              write ? access::kRemoteRead : access::kRemoteWrite, form, l.Child(3));
        task.has_more = true;
      }
      std::uint32_t at = 0;
      for (std::uint32_t i = 0; i < task.slice_count; ++i) {
        const Slice& slice = task.slices[i];
        const Region& region = RegionOf(task, i);
        if (write) {
          Content::Copy(scratch_, at, *world_.MemoryOf(region.rkey), slice.offset, slice.bytes);
        }
        list[i] = wire::Direct{RemoteAddr(region.va.v + slice.offset), region.rkey, slice.bytes};
        at += slice.bytes;
      }
      initiator::Buffer buffer;
      if (!many) {
        buffer = initiator::Buffer::Direct(list[0]);
      } else {
        std::array<std::uint8_t, kSlicesMax * wire::kDirectBytes> table{};
        for (std::uint32_t i = 0; i < task.slice_count; ++i) {
          wire::SerializeDirect(list[i], MutableBytes(table).subspan(i * wire::kDirectBytes));
        }
        const std::uint32_t bytes = task.slice_count * wire::kDirectBytes;
        task.table =
            world_.RegisterAs(host_, bytes, access::kRemoteRead, Content::Form::kBytes, l.Child(1));
        task.has_table = true;
        world_.WriteMemory(task.table, 0, Bytes(table).first(bytes));
        inline_count = task.slice_count;
        if (Does(Whim::kPartial, l, choice == 7 && swarm_.partial_tables)) {
          inline_count =
              static_cast<std::uint32_t>(Draw(Site::kDescriptorForm, l, 1) % task.slice_count);
        }
        buffer.format = wire::BufferFormat::kIndirect;
        buffer.list = std::span<const wire::Direct>(list.data(), inline_count);
        buffer.table = wire::Direct{task.table.va, task.table.rkey, bytes};
        buffer.total_length = task.buffer;
      }
      (write ? command.out : command.in) = buffer;
    }
  } else if (task.wanted > 0) {
    task.buffer = task.wanted;
    task.slice_count = 1;
    task.slices[0] = Slice{0, task.buffer};
    task.data =
        world_.RegisterAs(host_, task.buffer, access::kRemoteWrite, Content::Form::kBytes, l);
    task.has_data = true;
    list[0] = wire::Direct{task.data.va, task.data.rkey, task.buffer};
    command.in = initiator::Buffer::Direct(list[0]);
  }

  task.sent = now();
  task.deadline = now() + swarm_.command_timeout;
  StartTicking();
  const std::size_t n = c.srp.BuildCmd(command, MutableBytes(iu_).first(iu_.size() / 2));
  world_.trace().Add(now(), c.peer.v,
                     task.kind == Kind::kRead ? "peer: READ tag, lba"
                     : Writes(task.kind)      ? "peer: WRITE tag, lba"
                                              : "peer: CMD tag, lba",
                     task.number, task.lba);
  task.ordinal = c.ius + 1;
  return SendIu(c, n);
}

// One command at a time: everything to stable storage, then every block of every unit.
void Initiator::IssueVerify(Channel& c) {
  constexpr std::uint32_t kBytes = 256 * 1024;
  while (verify_unit_ < scene_.units.size() && verify_synced_ &&
         verify_lba_ >= scene_.units[verify_unit_].blocks) {
    ++verify_unit_;
    verify_lba_ = 0;
    verify_synced_ = false;
  }
  if (verify_unit_ == scene_.units.size()) {
    mode_ = Mode::kVerified;
    return;
  }
  const Unit& unit = scene_.units[verify_unit_];
  const std::uint64_t number = kVerifyTag | c.next_verify++;
  Task& task = NewTask(c, number);
  task.lineage = c.lineage.Child(number);
  task.verify = true;
  task.unit = verify_unit_;
  task.kind = verify_synced_ ? Kind::kRead : Kind::kSync;
  if (task.kind == Kind::kRead) {
    task.lba = verify_lba_;
    task.blocks = static_cast<std::uint32_t>(
        std::min<std::uint64_t>(kBytes / unit.block_bytes, unit.blocks - verify_lba_));
    task.wanted = task.buffer = task.blocks * unit.block_bytes;
  }
  SendTask(c, task);
}

}  // namespace srpt::sim
