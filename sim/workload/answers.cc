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
    scene_.Fail(c.peer, InvariantOf(InvariantNumber(received.violation)),
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
    SendIu(c, n);
    return Pump(c);
  }
  if (const auto* event = std::get_if<initiator::received::AsyncEvent>(&received.what)) {
    const std::size_t n = c.srp.BuildAerRsp(event->tag, iu_);
    SendIu(c, n);
    return Pump(c);
  }
  if (const auto* logout = std::get_if<initiator::received::Logout>(&received.what)) {
    // Our own channels break no rule: the only reason is that the target gave up on us.
    if (logout->reason != wire::TLogoutReason::kInactive &&
        logout->reason != wire::TLogoutReason::kMultichannelAction &&
        logout->reason != wire::TLogoutReason::kNone) {
      scene_.Fail(c.peer, Invariant::kViolatorAlone,
                  "T_LOGOUT: " + std::string(to_string(logout->reason)));
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
    scene_.Fail(c.peer, Invariant::kAttentionOnce,
                "a unit attention was told by another channel, too, although this one lives");
  }
  if (completion.status == static_cast<std::uint8_t>(scsi::Status::kGood)) {
    OnGood(c, task, completion);
  } else {
    OnFailed(c, task, completion);
  }
  NoteKeys(task, Invariant::kDataBeforeResponse);
  EndTask(c, task);
  Pump(c);
}

void Initiator::NoteKeys(const Task& task, Invariant invariant) {
  constexpr std::size_t kKept = 256;
  if (used_keys_.size() + 3 > kKept) used_keys_.erase(used_keys_.begin(), used_keys_.begin() + 64);
  if (task.has_data) used_keys_.emplace_back(task.data.rkey, invariant);
  if (task.has_more) used_keys_.emplace_back(task.more.rkey, invariant);
  if (task.has_back) used_keys_.emplace_back(task.back.rkey, invariant);
}

void Initiator::OnGood(Channel& c, Task& task, const initiator::received::Completion& completion) {
  ++scene_.stats.good;
  if (task.kind == Kind::kBeyond) {
    return scene_.Fail(c.peer, Invariant::kRangeRespected, "a READ beyond the end ended GOOD");
  }
  if (task.kind == Kind::kAbsent) {
    return scene_.Fail(c.peer, Invariant::kUnmappedIsAbsent, "a LUN that is not mapped is ready");
  }
  const std::uint64_t said = (std::uint64_t{completion.flags} << 48) ^
                             (std::uint64_t{completion.out_residual} << 20) ^
                             completion.in_residual;
  scene_.heard += Mix(task.lineage.v ^ Mix(said));
  const bool bypasses = task.kind == Kind::kInquiry || task.kind == Kind::kReportLuns;
  if (task.unit < fresh_.size() && !bypasses) fresh_[task.unit].used = true;
  if (!bypasses) CheckTold(c, task);
  const bool write = Writes(task.kind);
  if (task.kind == Kind::kRead || write) {
    const std::uint32_t moved = std::min(task.wanted, task.buffer);
    if (!write) CheckBeyond(c, task, moved);
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
  if (!task.verify) return AbortAnswered(c, task);
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
  scene_.Fail(c.peer, Invariant::kResidualRight,
              "tag " + std::to_string(task.number) + ": residual flags " + std::to_string(flags) +
                  ", residual " + std::to_string(residual) + "; expected " +
                  std::to_string(expected) + ", " + std::to_string(rest));
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
  const auto fail = [&](const Breach& why) {
    scene_.Fail(c.peer,
                "XDWRITEREAD with tag " + std::to_string(task.number) + " of LBA " +
                    std::to_string(task.lba) + ", " + std::to_string(task.blocks) + " blocks: ",
                why);
  };
  const std::uint64_t first = task.lba * unit.block_bytes / kGranuleBytes;
  std::array<std::uint8_t, kGranuleBytes> sent;
  for (std::uint64_t g = 0; g < old.size() / kGranuleBytes; ++g) {
    ExpandLabel(Oracle::Label(task.write, task.unit, first + g), sent.data());
    std::uint8_t* p = old.data() + g * kGranuleBytes;
    for (std::uint32_t i = 0; i < kGranuleBytes; ++i) p[i] ^= sent[i];
    if (LabelOf(p) >> 32 == task.write)
      return fail({Invariant::kReadsExplained, "it was written before it was read"});
  }
  const Breach why = scene_.oracle.Explain(task.read, task.unit, task.lba, blocks, scratch_, 0);
  if (!why.empty()) fail(why);
}

// What its memory holds, in the order of the data.
void Initiator::TakeIn(const Task& task) {
  scratch_.Reset(world_.form(), task.buffer, kPoisonLabel);
  std::uint64_t at = 0;
  for (std::uint32_t i = 0; i < task.slice_count; ++i) {
    const Slice& slice = task.slices[i];
    Content::Copy(*world_.MemoryOf(RegionOf(task, i).rkey), slice.offset, scratch_, at,
                  slice.bytes);
    at += slice.bytes;
  }
}

void Initiator::CheckRead(Channel& c, Task& task, std::uint64_t moved) {
  const Unit& unit = scene_.units[task.unit];
  if (!unit.checked) return;
  if (world_.MemoryOf(task.data.rkey) == nullptr) return;  // Revoked under it.
  TakeIn(task);
  const Breach why =
      scene_.oracle.Explain(task.read, task.unit, task.lba, moved / unit.block_bytes, scratch_, 0);
  if (!why.empty()) {
    return scene_.Fail(c.peer,
                       "READ with tag " + std::to_string(task.number) + " of LBA " +
                           std::to_string(task.lba) + ", " + std::to_string(task.blocks) +
                           " blocks: ",
                       why);
  }
}

// Beyond what moved nothing was touched.
void Initiator::CheckBeyond(Channel& c, Task& task, std::uint64_t moved) {
  if (moved == task.buffer || !scene_.units[task.unit].checked) return;
  if (world_.MemoryOf(task.data.rkey) == nullptr) return;  // Revoked under it.
  if (world_.form() != Content::Form::kLabels && task.slice_count != 1) return;
  TakeIn(task);
  for (std::uint64_t g = moved / kGranuleBytes; g < task.buffer / kGranuleBytes; ++g) {
    if (scratch_.label(g) == kPoisonLabel) continue;
    return scene_.Fail(
        c.peer, Invariant::kNoMoreThanAsked,
        "READ with tag " + std::to_string(task.number) + " touched memory beyond its data");
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
    if (!holds)
      scene_.Fail(c.peer, Invariant::kNoForeignBytes, std::string("wrong answer: ") + what);
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
      const Breach why =
          scene_.oracle.ExplainDurable(task.write, granule, unit.disk->durable_label(granule));
      if (why.empty()) continue;
      // What is wrong even before it is synced has another name.
      const Breach seen =
          scene_.oracle.ExplainDurable(task.write, granule, unit.disk->label(granule));
      const Breach place =
          scene_.oracle.ExplainLabel(Oracle::kOpen, task.unit, granule, unit.disk->label(granule));
      return scene_.Fail(c.peer, "tag " + std::to_string(task.number) + ": ",
                         seen.empty() || place.empty() ? why : place);
    }
    return;
  }
  const std::uint64_t samples =
      task.verify ? unit.blocks : std::min<std::uint64_t>(unit.blocks, 32);
  for (std::uint64_t i = 0; i < samples; ++i) {
    const std::uint64_t lba =
        task.verify ? i : Draw(Site::kCommandLba, task.lineage, 100 + i) % unit.blocks;
    const Breach why = scene_.oracle.ExplainLabel(task.read, task.unit, lba * granules,
                                                  unit.disk->durable_label(lba * granules));
    if (why.empty()) continue;
    const Breach seen = scene_.oracle.ExplainLabel(task.read, task.unit, lba * granules,
                                                   unit.disk->label(lba * granules));
    const Invariant invariant = seen.empty() ? Invariant::kDurable : seen.invariant;
    return scene_.Fail(c.peer, invariant,
                       "after SYNCHRONIZE CACHE with tag " + std::to_string(task.number) +
                           " stable storage holds " + why.what);
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

void Initiator::OnAttention(Channel& c, const Task& task, const scsi::Sense& sense) {
  ++scene_.stats.attentions;
  if (task.kind == Kind::kInquiry || task.kind == Kind::kReportLuns) {
    scene_.Fail(c.peer, Invariant::kAttentionOnce,
                "a unit attention for a command that bypasses it");
  }
  if (task.unit < fresh_.size()) fresh_[task.unit].told = true;
  told_at_[task.unit] = now();
  std::uint32_t& left = scene_.attentions[index_][task.unit];
  const Told::By by{c.index, c.tries};
  if (left == 0 && !told_.Again(task.unit, by, now())) {
    scene_.Fail(c.peer, Invariant::kAttentionOnce,
                "tag " + std::to_string(task.number) +
                    ": a unit attention that was reported before, " + std::to_string(sense.asc) +
                    "/" + std::to_string(sense.ascq));
  } else if (left > 0) {
    --left;
  }
  told_.Add(task.unit, by);
}

bool Initiator::IsRefusal(Channel& c, const Task& task, const scsi::Sense& sense) {
  if (task.kind == Kind::kAbsent) return sense.Is(scsi::kLunNotSupported);
  if (task.kind != Kind::kBeyond || !sense.Is(scsi::kLbaOutOfRange)) return false;
  if (Accesses(task) != 0) {
    scene_.Fail(c.peer, Invariant::kRangeRespected, "data of a READ beyond the end moved");
  }
  return true;
}

// Another nexus's reset was answered before this command was sent: someone of ours was told.
void Initiator::CheckTold(Channel& c, const Task& task) {
  const Scene::Reset& reset = scene_.resets[task.unit];
  if (reset.answered == kNever || reset.except == index_) return;
  if (task.sent <= reset.answered || told_at_[task.unit] >= reset.sent) return;
  if (swarm_.Disturbed() || swarm_.abort_per_million != 0) return;  // It may be lost.
  if (OthersBusyAt(c, task.unit)) return;  // One of those may be the one that is told.
  scene_.Fail(c.peer, Invariant::kResetOneUnit,
              "tag " + std::to_string(task.number) + " ended GOOD at unit " +
                  std::to_string(task.unit) + ", but nobody of its nexus was told of the reset");
}

void Initiator::OnFailed(Channel& c, Task& task,
                         const initiator::received::Completion& completion) {
  const auto fail = [&](Invariant invariant, const std::string& what) {
    scene_.Fail(c.peer, invariant, "tag " + std::to_string(task.number) + ": " + what);
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
        fail(Invariant::kResponseAgrees, "CHECK CONDITION without readable sense");
        break;
      }
      if (sense->key == scsi::kKeyUnitAttention) {
        OnAttention(c, task, *sense);
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
      if (IsRefusal(c, task, *sense)) break;
      const bool medium = sense->Is(scsi::kReadError) || sense->Is(scsi::kWriteError) ||
                          sense->Is(scsi::kSpaceAllocFailed);
      if (medium && disk_failed) break;
      fail(Invariant::kResponseAgrees, "unexpected sense " + std::to_string(sense->key) + "/" +
                                           std::to_string(sense->asc) + "/" +
                                           std::to_string(sense->ascq));
      break;
    }
    default:
      fail(Invariant::kResponseAgrees, "unexpected status " + std::to_string(completion.status));
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
