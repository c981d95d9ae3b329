// A disk as a file with a write cache: what was written is visible at once and durable only after a
// flush, or when it was written with FUA. A null disk reads zeroes and forgets what is written.
//
// The disk holds the bytes; when an operation ends, and how, is the world's business (world.cc),
// which calls Write, Read and Flush at that time.
#ifndef SIM_DISK_H_
#define SIM_DISK_H_

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/types.h"
#include "core/scsi/lu.h"
#include "sim/content.h"
#include "sim/decisions.h"

namespace srpt::sim {

class Disk {
 public:
  Disk(LuId id, std::string name, scsi::HandlerKind handler, std::uint32_t block_bytes,
       std::uint64_t blocks, Content::Form form);

  LuId id() const { return id_; }
  const std::string& name() const { return name_; }
  scsi::HandlerKind handler() const { return handler_; }
  std::uint32_t block_bytes() const { return block_bytes_; }
  std::uint64_t blocks() const { return blocks_; }
  std::uint64_t bytes() const { return blocks_ * block_bytes_; }

  // [offset, offset + n) lies within the disk: core may ask for nothing else (our bug if it does).
  void Read(std::uint64_t offset, Content& to, std::uint64_t to_offset, std::uint64_t n) const;
  void Write(std::uint64_t offset, const Content& from, std::uint64_t from_offset, std::uint64_t n,
             bool durable);
  // `mark` is what FlushMark said when the flush began; writes that ended since may stay volatile.
  std::uint64_t FlushMark() const { return flushed_ + dirty_.size(); }
  void Flush(std::uint64_t mark);

  // Blocks whose last writes are not durable.
  std::vector<std::uint64_t> Unsynced() const;
  // Power loss: each volatile block keeps its new content or falls back to the durable one.
  void Crash(const Decisions& decisions, std::uint64_t which);

  // Growth shows zeroes; shrinking forgets.
  void Resize(std::uint64_t blocks);

  std::uint64_t label(std::uint64_t granule) const { return LabelIn(visible_, granule); }
  std::uint64_t durable_label(std::uint64_t granule) const { return LabelIn(durable_, granule); }
  // A test's own look and touch: both copies.
  void Peek(std::uint64_t offset, MutableBytes out) const;
  void Poke(std::uint64_t offset, Bytes in);
  std::uint64_t dirty_blocks() const { return dirty_count_; }

 private:
  using Chunks = std::vector<Content>;  // Empty chunks are zeroes.
  static constexpr std::uint64_t kChunkBytes = 1 << 20;
  std::uint64_t LabelIn(const Chunks& chunks, std::uint64_t granule) const;
  Content& Chunk(Chunks& chunks, std::uint64_t index) const;
  void CopyIn(Chunks& chunks, std::uint64_t offset, const Content& from, std::uint64_t from_offset,
              std::uint64_t n);
  void CopyBlock(const Chunks& from, Chunks& to, std::uint64_t block);

  LuId id_;
  std::string name_;
  scsi::HandlerKind handler_;
  std::uint32_t block_bytes_;
  std::uint64_t blocks_;
  Content::Form form_;
  Chunks visible_;
  Chunks durable_;
  // Blocks written since the last flush, in the order of their first write; is_dirty_ by block.
  std::vector<std::uint64_t> dirty_;
  std::uint64_t flushed_ = 0;  // Entries that dirty_ has shed.
  std::vector<bool> is_dirty_;
  std::uint64_t dirty_count_ = 0;
};

}  // namespace srpt::sim

#endif  // SIM_DISK_H_
