// What is verified: every IU of the target, and every byte of every read.
#include <algorithm>

#include "core/base/check.h"
#include "core/scsi/sense.h"
#include "sim/workload/initiator.h"

namespace srpt::sim {

void Initiator::OnIu(Channel& c, Bytes iu) {
  scene_.saw.AddBytes(iu.first(std::min<std::size_t>(iu.size(), 36)));
  if (swarm_.manual_receives) {
    if (c.stalled) {
      ++c.withheld;
    } else {
      world_.PostReceives(c.peer, 1);
    }
  }
  if (c.link != Link::kLive) return;
  const initiator::Received received = c.srp.OnIu(iu);
  if (received.violation != initiator::Violation::kNone) {
    scene_.Fail(c.peer, "the target broke invariant " +
                            std::to_string(InvariantNumber(received.violation)) + ": " +
                            std::string(to_string(received.violation)));
    return;
  }
  if (const auto* completion = std::get_if<initiator::received::Completion>(&received.what)) {
    ++scene_.stats.commands;
    if (completion->task_management) return OnManaged(c, *completion);
    return OnCompletion(c, *completion);
  }
  if (const auto* request = std::get_if<initiator::received::CreditRequest>(&received.what)) {
    const std::size_t n = c.srp.BuildCredRsp(request->tag, iu_);
    world_.Send(c.peer, Bytes(iu_).first(n));
    return Pump(c);
  }
  if (const auto* event = std::get_if<initiator::received::AsyncEvent>(&received.what)) {
    const std::size_t n = c.srp.BuildAerRsp(event->tag, iu_);
    world_.Send(c.peer, Bytes(iu_).first(n));
    return Pump(c);
  }
  if (const auto* logout = std::get_if<initiator::received::Logout>(&received.what)) {
    // Our own channels break no rule: the only reason is that the target gave up on us.
    if (logout->reason != wire::TLogoutReason::kInactive &&
        logout->reason != wire::TLogoutReason::kMultichannelAction &&
        logout->reason != wire::TLogoutReason::kNone) {
      scene_.Fail(c.peer, "T_LOGOUT: " + std::string(to_string(logout->reason)));
    }
    // A disconnect follows, or was lost.
    SetTimer(Seconds(1), Timer::kLoggedOut, c.index, c.tries & 0xffff);
  }
}

void Initiator::OnCompletion(Channel& c, const initiator::received::Completion& completion) {
  SRPT_CHECK(completion.cookie < c.tasks.size());
  Task& task = c.tasks[completion.cookie];
  SRPT_CHECK(task.busy && initiator::MakeTag(task.number) == completion.tag);
  if (told_.Lives({c.index, c.tries}, now())) {
    scene_.Fail(c.peer,
                "a unit attention was told by another channel, too, although this one lives");
  }
  if (completion.status == static_cast<std::uint8_t>(scsi::Status::kGood)) {
    OnGood(c, task, completion);
  } else {
    OnFailed(c, task, completion);
  }
  EndTask(c, task);
  Pump(c);
}

void Initiator::OnGood(Channel& c, Task& task, const initiator::received::Completion& completion) {
  ++scene_.stats.good;
  const bool bypasses = task.kind == Kind::kInquiry || task.kind == Kind::kReportLuns;
  if (task.unit < fresh_.size() && !bypasses) fresh_[task.unit].used = true;
  const bool write = Writes(task.kind);
  if (task.kind == Kind::kRead || write) {
    const std::uint32_t moved = std::min(task.wanted, task.buffer);
    CheckResidual(c, task, write, task.buffer, moved, completion);
    scene_.stats.bytes += moved;
    if (task.kind == Kind::kXdWriteRead) {
      const std::uint32_t back = std::min(moved, task.back_bytes);
      CheckResidual(c, task, false, task.back_bytes, back, completion);
      CheckXor(c, task, back);
    }
    if (task.keep) {
      scene_.oracle.EndRefused(task.write);  // None of it may ever be seen.
      task.write = 0;
    } else if (write) {
      scene_.oracle.EndGood(task.write);
      if (task.fua || scene_.units[task.unit].write_through) CheckDurable(c, task);
      task.write = 0;
    } else {
      CheckRead(c, task, moved);
    }
  } else if (task.kind == Kind::kSync) {
    CheckDurable(c, task);
  } else {
    CheckControl(c, task, completion.in_moved);
  }
  if (!task.verify) return;
  if (task.kind == Kind::kSync) {
    verify_synced_ = true;
  } else {
    verify_lba_ += task.blocks;
  }
}

// What is said about one direction of a command that ended GOOD.
void Initiator::CheckResidual(Channel& c, const Task& task, bool out, std::uint32_t offered,
                              std::uint32_t moved,
                              const initiator::received::Completion& completion) {
  const bool more = task.wanted > offered;
  const std::uint32_t rest = (more ? task.wanted : offered) - moved;
  const std::uint8_t under = out ? wire::kDounder : wire::kDiunder;
  const std::uint8_t over = out ? wire::kDoover : wire::kDiover;
  const std::uint8_t expected = rest == 0 ? std::uint8_t{0} : more ? over : under;
  const std::uint8_t flags = completion.flags & (under | over);
  const std::uint32_t residual = out ? completion.out_residual : completion.in_residual;
  if (flags == expected && residual == rest) return;
  scene_.Fail(c.peer, "tag " + std::to_string(task.number) + ": residual flags " +
                          std::to_string(flags) + ", residual " + std::to_string(residual) +
                          "; expected " + std::to_string(expected) + ", " + std::to_string(rest));
}

// Data-in of an XDWRITEREAD is what was there XOR what was sent: so without what was sent it is
// what a read may have seen, before this write.
void Initiator::CheckXor(Channel& c, Task& task, std::uint64_t moved) {
  const Unit& unit = scene_.units[task.unit];
  if (!unit.checked) return;
  const std::uint64_t blocks = moved / unit.block_bytes;
  if (blocks == 0) return;
  scratch_.Reset(Content::Form::kBytes, blocks * unit.block_bytes, kZeroLabel);
  const MutableBytes old = scratch_.bytes();
  if (!world_.ReadMemory(task.back, 0, old)) return;
  const auto fail = [&](const std::string& why) {
    scene_.Fail(c.peer, "XDWRITEREAD with tag " + std::to_string(task.number) + " of LBA " +
                            std::to_string(task.lba) + ", " + std::to_string(task.blocks) +
                            " blocks: " + why);
  };
  const std::uint64_t first = task.lba * unit.block_bytes / kGranuleBytes;
  std::array<std::uint8_t, kGranuleBytes> sent;
  for (std::uint64_t g = 0; g < old.size() / kGranuleBytes; ++g) {
    ExpandLabel(Oracle::Label(task.write, task.unit, first + g), sent.data());
    std::uint8_t* p = old.data() + g * kGranuleBytes;
    for (std::uint32_t i = 0; i < kGranuleBytes; ++i) p[i] ^= sent[i];
    if (LabelOf(p) >> 32 == task.write) return fail("it was written before it was read");
  }
  const std::string why =
      scene_.oracle.Explain(task.read, task.unit, task.lba, blocks, scratch_, 0);
  if (!why.empty()) fail(why);
}

void Initiator::CheckRead(Channel& c, Task& task, std::uint64_t moved) {
  const Unit& unit = scene_.units[task.unit];
  if (!unit.checked) return;
  Content* memory = world_.MemoryOf(task.data.rkey);
  if (memory == nullptr) return;  // Revoked under it.
  scratch_.Reset(world_.form(), task.buffer, kPoisonLabel);
  std::uint64_t at = 0;
  for (std::uint32_t i = 0; i < task.slice_count; ++i) {
    const Slice& slice = task.slices[i];
    Content::Copy(*memory, slice.offset, scratch_, at, slice.bytes);
    at += slice.bytes;
  }
  const std::string why =
      scene_.oracle.Explain(task.read, task.unit, task.lba, moved / unit.block_bytes, scratch_, 0);
  if (!why.empty()) {
    return scene_.Fail(c.peer, "READ with tag " + std::to_string(task.number) + " of LBA " +
                                   std::to_string(task.lba) + ", " + std::to_string(task.blocks) +
                                   " blocks: " + why);
  }
  // Beyond what moved nothing was touched.
  if (world_.form() != Content::Form::kLabels && task.slice_count != 1) return;
  for (std::uint64_t g = moved / kGranuleBytes; g < task.buffer / kGranuleBytes; ++g) {
    if (scratch_.label(g) == kPoisonLabel) continue;
    return scene_.Fail(
        c.peer, "READ with tag " + std::to_string(task.number) + " touched memory beyond its data");
  }
}

void Initiator::CheckControl(Channel& c, Task& task, std::uint64_t moved) {
  const Unit& unit = scene_.units[task.unit];
  std::array<std::uint8_t, 1024> data{};
  const std::size_t n = std::min<std::uint64_t>(moved, data.size());
  if (task.has_data && !world_.ReadMemory(task.data, 0, MutableBytes(data).first(n))) {
    return;  // Revoked under it.
  }
  const auto expect = [&](bool holds, const char* what) {
    if (!holds) scene_.Fail(c.peer, std::string("wrong answer: ") + what);
  };
  switch (task.kind) {
    case Kind::kInquiry:
      expect(n >= 36 && data[0] == 0, "INQUIRY: not a disk, or too short");
      break;
    case Kind::kReadCapacity:
      if (task.wanted == 8) {
        expect(n == 8 && LoadBe32(data.data()) == unit.blocks - 1 &&
                   LoadBe32(data.data() + 4) == unit.block_bytes,
               "READ CAPACITY (10)");
      } else {
        expect(n == 32 && LoadBe64(data.data()) == unit.blocks - 1 &&
                   LoadBe32(data.data() + 8) == unit.block_bytes,
               "READ CAPACITY (16)");
      }
      break;
    case Kind::kReportLuns: {
      // The administrator maps one more at times.
      const std::size_t more = world_.faults().struck(FaultKind::kConfigChange) > 0 ? 1 : 0;
      expect(n >= 8 && LoadBe32(data.data()) % 8 == 0 &&
                 LoadBe32(data.data()) >= 8 * scene_.units.size() &&
                 LoadBe32(data.data()) <= 8 * (scene_.units.size() + more),
             "REPORT LUNS");
    } break;
    case Kind::kModeSense:
      expect(n >= 4 && data[0] + 1u == n, "MODE SENSE: its own length");
      break;
    default:
      break;
  }
}

// What was answered must be on stable storage: all blocks of a FUA write, some of a whole unit.
void Initiator::CheckDurable(Channel& c, Task& task) {
  const Unit& unit = scene_.units[task.unit];
  if (!unit.checked) return;
  const std::uint32_t granules = unit.block_bytes / kGranuleBytes;
  if (Writes(task.kind)) {
    const std::uint64_t blocks = std::min(task.wanted, task.buffer) / unit.block_bytes;
    const std::uint64_t step = std::max<std::uint64_t>(1, blocks / 16);
    for (std::uint64_t b = 0; b < blocks; b += step) {
      const std::uint64_t granule = (task.lba + b) * granules;
      const std::string why =
          scene_.oracle.ExplainDurable(task.write, granule, unit.disk->durable_label(granule));
      if (!why.empty())
        return scene_.Fail(c.peer, "tag " + std::to_string(task.number) + ": " + why);
    }
    return;
  }
  const std::uint64_t samples =
      task.verify ? unit.blocks : std::min<std::uint64_t>(unit.blocks, 32);
  for (std::uint64_t i = 0; i < samples; ++i) {
    const std::uint64_t lba =
        task.verify ? i : Draw(Site::kCommandLba, task.lineage, 100 + i) % unit.blocks;
    const std::string why = scene_.oracle.ExplainLabel(task.read, task.unit, lba * granules,
                                                       unit.disk->durable_label(lba * granules));
    if (why.empty()) continue;
    return scene_.Fail(c.peer, "after SYNCHRONIZE CACHE with tag " + std::to_string(task.number) +
                                   " stable storage holds " + why);
  }
}

void Initiator::AskToClear(Channel& c, std::uint32_t unit) {
  if (!c.thinking) {
    c.thinking = true;
    SetTimer(Milliseconds(1), Timer::kThink, c.index, 0);
  }
  Unit& u = scene_.units[unit];
  if (u.clearing) return;
  u.clearing = true;
  // From the queue, not from within what core is doing.
  SetTimer(Microseconds(200), Timer::kClear, 0, unit);
}

void Initiator::OnFailed(Channel& c, Task& task,
                         const initiator::received::Completion& completion) {
  const auto fail = [&](const std::string& what) {
    scene_.Fail(c.peer, "tag " + std::to_string(task.number) + ": " + what);
  };
  const auto struck = [&](FaultKind kind) { return world_.faults().struck(kind) > 0; };
  // Refused before it ran, or ended in the middle?
  bool refused = true;
  switch (static_cast<scsi::Status>(completion.status)) {
    case scsi::Status::kBusy:
    case scsi::Status::kTaskSetFull:
      ++scene_.stats.busy;
      if (!task.verify) Postpone(c, task);
      break;
    case scsi::Status::kCheckCondition: {
      const auto sense = initiator::ParseSense(completion.sense);
      if (!sense) {
        fail("CHECK CONDITION without readable sense");
        break;
      }
      if (sense->key == scsi::kKeyUnitAttention) {
        ++scene_.stats.attentions;
        if (task.unit < fresh_.size()) fresh_[task.unit].told = true;
        std::uint32_t& left = scene_.attentions[index_][task.unit];
        const Told::By by{c.index, c.tries};
        if (left == 0 && !told_.Again(task.unit, by, now())) {
          fail("a unit attention that was reported before, " + std::to_string(sense->asc) + "/" +
               std::to_string(sense->ascq));
        } else if (left > 0) {
          --left;
        }
        told_.Add(task.unit, by);
        break;
      }
      ++scene_.stats.checks;
      refused = false;
      const bool disk_failed = struck(FaultKind::kReadError) || struck(FaultKind::kWriteError) ||
                               struck(FaultKind::kNoSpace) || struck(FaultKind::kShort) ||
                               struck(FaultKind::kTorn) || struck(FaultKind::kFlushError);
      if (sense->Is(scsi::kInternalTargetFailure) && disk_failed) {
        AskToClear(c, task.unit);
        break;
      }
      const bool medium = sense->Is(scsi::kReadError) || sense->Is(scsi::kWriteError) ||
                          sense->Is(scsi::kSpaceAllocFailed);
      if (medium && disk_failed) break;
      fail("unexpected sense " + std::to_string(sense->key) + "/" + std::to_string(sense->asc) +
           "/" + std::to_string(sense->ascq));
      break;
    }
    default:
      fail("unexpected status " + std::to_string(completion.status));
  }
  if (!Writes(task.kind) || task.write == 0) return;
  if (refused) {
    scene_.oracle.EndRefused(task.write);
  } else {
    scene_.oracle.EndUnknown(task.write);
  }
  task.write = 0;
}

}  // namespace srpt::sim
