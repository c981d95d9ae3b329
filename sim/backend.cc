// What the disks do with core's block operations: when each ends, how, and what has landed by then.
//
// A write's data are taken when it begins or when it ends, by choice: so both data that come too
// late and a buffer that is used again too early are seen. What it writes is visible when it ends.
#include <algorithm>

#include "core/base/check.h"
#include "sim/world_impl.h"

namespace srpt::sim {

std::uint32_t World::Impl::TakeOp() {
  if (free_ops.empty()) {
    free_ops.push_back(static_cast<std::uint32_t>(ops.size()));
    ops.emplace_back();
  }
  const std::uint32_t slot = free_ops.back();
  free_ops.pop_back();
  return slot;
}

void World::Impl::Do(std::uint32_t shard, const action::BlockRead& a) {
  const std::uint32_t slot = TakeOp();
  BlockOp& op = ops[slot];
  op.kind = BlockOp::Kind::kRead;
  op.op = a.op;
  op.shard = shard;
  op.lu = a.lu;
  op.offset = a.offset;
  op.memory = a.memory;
  op.fua = false;
  Begin(slot);
}

void World::Impl::Do(std::uint32_t shard, const action::BlockWrite& a) {
  const std::uint32_t slot = TakeOp();
  BlockOp& op = ops[slot];
  op.kind = BlockOp::Kind::kWrite;
  op.op = a.op;
  op.shard = shard;
  op.lu = a.lu;
  op.offset = a.offset;
  op.memory = a.memory;
  op.fua = a.fua;
  Begin(slot);
}

void World::Impl::Do(std::uint32_t shard, const action::BlockFlush& a) {
  const std::uint32_t slot = TakeOp();
  BlockOp& op = ops[slot];
  op.kind = BlockOp::Kind::kFlush;
  op.op = a.op;
  op.shard = shard;
  op.lu = a.lu;
  op.offset = 0;
  op.memory = MemRef{};
  op.fua = false;
  Begin(slot);
}

void World::Impl::Begin(std::uint32_t slot) {
  BlockOp& op = ops[slot];
  op.busy = true;
  ++op.generation;
  op.hanging = false;
  op.captured = false;
  op.torn = false;
  op.status = IoStatus::kOk;
  op.landed = op.memory.length;
  op.begun = clock.now();
  ++ops_in_flight;
  TellBlock(op, false);
  if (op.lu.v >= disks.size() || disks[op.lu.v].released) {
    Broke(Invariant::kNothingRemains, "a block operation on a unit that is not there");
    op.status = IoStatus::kDeviceGone;
    op.landed = 0;
    queue.Push(clock.now(), Happening::kBlockDone, slot, op.generation);
    return;
  }
  DiskSlot& d = disks[op.lu.v];
  const std::uint64_t n = op.memory.length;
  if (op.offset > d.disk->bytes() || n > d.disk->bytes() - op.offset ||
      op.offset % d.disk->block_bytes() != 0 || n % d.disk->block_bytes() != 0) {
    // (Where a sum wrapped, it is far outside.)
    const bool far = op.offset > (std::uint64_t{1} << 48);
    Broke(far ? Invariant::kNothingWraps : Invariant::kRangeRespected,
          "a block operation outside of its unit, or not of whole blocks");
    op.status = IoStatus::kIoError;
    op.landed = 0;
    queue.Push(clock.now(), Happening::kBlockDone, slot, op.generation);
    return;
  }
  if (op.memory.kind == MemRef::Kind::kRecv && n != 0) {
    op.arena = MemoryOf(op.shard).ArenaOf(op.memory.channel);
    SRPT_CHECK(op.memory.recv.v < op.arena->recv_count);
    if (op.memory.offset + n > op.arena->received[op.memory.recv.v]) {
      Broke(Invariant::kNoStaleInput, "a block write beyond the bytes that were received");
    }
  }
  op.mark = d.disk->FlushMark();

  const Lineage entity =
      Lineage{op.lu.v}.Child(op.offset).Child(static_cast<std::uint64_t>(op.kind));
  const std::uint64_t ordinal = d.ordinals[entity.v % d.ordinals.size()]++;
  Time at =
      clock.now() + options.latencies.disk.Draw(decisions, Site::kDiskLatency, entity, ordinal);
  if (faults.Strikes(FaultKind::kDiskSlow, entity, ordinal)) {
    at = at + faults.Length(FaultKind::kDiskSlow, entity, ordinal, Milliseconds(1), Seconds(2));
  }
  const auto fails = [&](FaultKind kind, IoStatus status) {
    if (op.status != IoStatus::kOk || !faults.Strikes(kind, entity, ordinal)) return;
    op.status = status;
    // Some of the blocks may have made it.
    const std::uint64_t blocks = n / d.disk->block_bytes();
    op.landed = decisions.Between(0, blocks, Site::kDiskCapture, entity, ordinal + (1ull << 32)) *
                d.disk->block_bytes();
  };
  switch (op.kind) {
    case BlockOp::Kind::kRead:
      fails(FaultKind::kReadError, IoStatus::kIoError);
      fails(FaultKind::kShort, IoStatus::kShort);
      break;
    case BlockOp::Kind::kWrite:
      fails(FaultKind::kWriteError, IoStatus::kIoError);
      fails(FaultKind::kNoSpace, IoStatus::kNoSpace);
      if (op.status == IoStatus::kOk) {
        fails(FaultKind::kTorn, IoStatus::kIoError);
        op.torn = op.status != IoStatus::kOk;
        if (op.torn) op.landed = n;
      }
      op.captured = decisions.Draw(Site::kDiskCapture, entity, ordinal) % 2 == 0;
      if (op.captured) Capture(op);
      break;
    case BlockOp::Kind::kFlush:
      fails(FaultKind::kFlushError, IoStatus::kIoError);
      break;
  }
  if (d.held) {
    op.hanging = true;
    return;
  }
  if (faults.Strikes(FaultKind::kDiskHang, entity, ordinal)) {
    const Duration length =
        faults.Length(FaultKind::kDiskHang, entity, ordinal, Milliseconds(200), Seconds(20));
    op.hanging = true;
    // Some never end by themselves.
    if (length.ns % 4 == 0) return;
    at = at + length;
  }
  queue.Push(at, Happening::kBlockDone, slot, op.generation);
}

void World::Impl::Capture(BlockOp& op) {
  const MemRef& m = op.memory;
  if (m.length == 0) return;
  if (m.kind == MemRef::Kind::kRecv) {
    op.data.Reset(Content::Form::kBytes, m.length, kZeroLabel);
    const std::size_t at = std::size_t{m.recv.v} * op.arena->recv_bytes + m.offset;
    SRPT_CHECK(at + m.length <= op.arena->recv.size());
    op.data.WriteBytes(0, Bytes{op.arena->recv.data() + at, m.length});
    return;
  }
  const Content& buffer = MemoryOf(op.shard).Data(m.buffer);
  op.data.Reset(buffer.form(), m.length, kPoisonLabel);
  Content::Copy(buffer, m.offset, op.data, 0, m.length);
}

void World::Impl::Land(BlockOp& op) {
  Disk& disk = *disks[op.lu.v].disk;
  if (op.kind == BlockOp::Kind::kFlush) {
    if (op.status == IoStatus::kOk) disk.Flush(op.mark);
    return;
  }
  // The unit may have shrunk under it.
  const std::uint64_t end = std::min(op.offset + op.landed, disk.bytes());
  const std::uint64_t n = end > op.offset ? end - op.offset : 0;
  if (op.kind == BlockOp::Kind::kRead) {
    ShardMemory& memory = MemoryOf(op.shard);
    Content& to = op.memory.offset == 0 ? memory.DataFor(op.memory.buffer, options.form)
                                        : memory.Data(op.memory.buffer);
    disk.Read(op.offset, to, op.memory.offset, n);
    return;
  }
  if (!op.captured) Capture(op);
  if (n == 0) return;
  if (!op.torn) return disk.Write(op.offset, op.data, 0, n, op.fua);
  const std::uint32_t bytes = disk.block_bytes();
  const Lineage entity = Lineage{op.lu.v}.Child(op.offset).Child(op.generation);
  for (std::uint64_t at = 0; at < n; at += bytes) {
    if (decisions.Draw(Site::kDiskCapture, entity, at) % 2 == 0) continue;
    disk.Write(op.offset + at, op.data, at, bytes, op.fua);
  }
}

// Its process is gone. What a write has brought to the disk by then, any block may be.
void World::Impl::Drop(BlockOp& op, std::uint64_t which) {
  if (op.kind == BlockOp::Kind::kWrite && op.landed != 0) {
    op.torn = true;
    op.fua = false;
    if (decisions.Draw(Site::kDiskCapture, Lineage{which}, op.generation) % 2 == 0) Land(op);
  }
  op.busy = false;
  op.hanging = false;
  op.arena.reset();
  --ops_in_flight;
}

void World::Impl::OnBlockDone(std::uint32_t slot, std::uint64_t generation) {
  BlockOp& op = ops[slot];
  if (!op.busy || op.generation != generation) return;  // It hung and was released.
  if (op.landed != 0 || op.kind == BlockOp::Kind::kFlush) Land(op);
  TellBlock(op, true);
  const event::BlockDone done{op.op, op.status};
  const std::uint32_t shard = op.shard;
  op.busy = false;
  op.hanging = false;
  op.arena.reset();
  --ops_in_flight;
  free_ops.push_back(slot);
  OnShardEvent(shard, done);
}

void World::Impl::HoldDisk(std::string_view name, bool hold) {
  for (DiskSlot& d : disks) {
    if (d.disk->name() != name) continue;
    d.held = hold;
    if (!hold) ReleaseHanging(d.disk->id());
  }
}

void World::Impl::ReleaseHanging(std::optional<LuId> of) {
  for (DiskSlot& d : disks) d.held = d.held && of.has_value();
  for (std::size_t slot = 0; slot < ops.size(); ++slot) {
    if (!ops[slot].busy || !ops[slot].hanging) continue;
    if (of.has_value() && ops[slot].lu != *of) continue;
    ops[slot].hanging = false;
    queue.Push(clock.now() + Microseconds(10), Happening::kBlockDone,
               static_cast<std::uint32_t>(slot), ops[slot].generation);
  }
}

}  // namespace srpt::sim
