#include "sim/disk.h"

#include <algorithm>

#include "core/base/check.h"

namespace srpt::sim {

Disk::Disk(LuId id, std::string name, scsi::HandlerKind handler, std::uint32_t block_bytes,
           std::uint64_t blocks, Content::Form form)
    : id_(id),
      name_(std::move(name)),
      handler_(handler),
      block_bytes_(block_bytes),
      blocks_(blocks),
      form_(form) {
  SRPT_CHECK(block_bytes % kGranuleBytes == 0 && kChunkBytes % block_bytes == 0);
  if (handler_ == scsi::HandlerKind::kNullio) return;
  Resize(blocks);
}

void Disk::Resize(std::uint64_t blocks) {
  blocks_ = blocks;
  if (handler_ == scsi::HandlerKind::kNullio) return;
  const std::uint64_t chunks = (bytes() + kChunkBytes - 1) / kChunkBytes;
  visible_.resize(chunks);
  durable_.resize(chunks);
  is_dirty_.resize(blocks);
}

Content& Disk::Chunk(Chunks& chunks, std::uint64_t index) const {
  SRPT_CHECK(index < chunks.size());
  if (chunks[index].empty()) chunks[index].Reset(form_, kChunkBytes, kZeroLabel);
  return chunks[index];
}

std::uint64_t Disk::LabelIn(const Chunks& chunks, std::uint64_t granule) const {
  if (handler_ == scsi::HandlerKind::kNullio) return kZeroLabel;
  const std::uint64_t at = granule * kGranuleBytes;
  SRPT_CHECK(at < bytes());
  const Content& chunk = chunks[at / kChunkBytes];
  return chunk.empty() ? kZeroLabel : chunk.label(at % kChunkBytes / kGranuleBytes);
}

void Disk::Read(std::uint64_t offset, Content& to, std::uint64_t to_offset, std::uint64_t n) const {
  SRPT_CHECK(offset <= bytes() && n <= bytes() - offset);
  static const Content kZeroes(Content::Form::kLabels, kChunkBytes);
  while (n > 0) {
    const std::uint64_t within = offset % kChunkBytes;
    const std::uint64_t part = std::min(n, kChunkBytes - within);
    const Content* from = &kZeroes;
    if (handler_ != scsi::HandlerKind::kNullio && !visible_[offset / kChunkBytes].empty()) {
      from = &visible_[offset / kChunkBytes];
    }
    Content::Copy(*from, within, to, to_offset, part);
    offset += part;
    to_offset += part;
    n -= part;
  }
}

void Disk::CopyIn(Chunks& chunks, std::uint64_t offset, const Content& from,
                  std::uint64_t from_offset, std::uint64_t n) {
  while (n > 0) {
    const std::uint64_t within = offset % kChunkBytes;
    const std::uint64_t part = std::min(n, kChunkBytes - within);
    Content::Copy(from, from_offset, Chunk(chunks, offset / kChunkBytes), within, part);
    offset += part;
    from_offset += part;
    n -= part;
  }
}

void Disk::Write(std::uint64_t offset, const Content& from, std::uint64_t from_offset,
                 std::uint64_t n, bool durable) {
  SRPT_CHECK(offset <= bytes() && n <= bytes() - offset);
  SRPT_CHECK(offset % block_bytes_ == 0 && n % block_bytes_ == 0);
  if (handler_ == scsi::HandlerKind::kNullio) return;
  CopyIn(visible_, offset, from, from_offset, n);
  if (durable) CopyIn(durable_, offset, from, from_offset, n);
  for (std::uint64_t block = offset / block_bytes_; block < (offset + n) / block_bytes_; ++block) {
    if (durable) {
      dirty_count_ -= is_dirty_[block] ? 1 : 0;
      is_dirty_[block] = false;
    } else if (!is_dirty_[block]) {
      is_dirty_[block] = true;
      dirty_.push_back(block);
      ++dirty_count_;
    }
  }
}

void Disk::CopyBlock(const Chunks& from, Chunks& to, std::uint64_t block) {
  const std::uint64_t at = block * block_bytes_;
  const Content& source = from[at / kChunkBytes];
  if (source.empty() && to[at / kChunkBytes].empty()) return;
  Content& target = Chunk(to, at / kChunkBytes);
  if (source.empty()) {
    const Content zeroes(Content::Form::kLabels, block_bytes_);
    Content::Copy(zeroes, 0, target, at % kChunkBytes, block_bytes_);
  } else {
    Content::Copy(source, at % kChunkBytes, target, at % kChunkBytes, block_bytes_);
  }
}

void Disk::Flush(std::uint64_t mark) {
  if (mark <= flushed_) return;
  const std::size_t count = std::min<std::uint64_t>(mark - flushed_, dirty_.size());
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t block = dirty_[i];
    if (block >= blocks_ || !is_dirty_[block]) continue;
    CopyBlock(visible_, durable_, block);
    is_dirty_[block] = false;
    --dirty_count_;
  }
  dirty_.erase(dirty_.begin(), dirty_.begin() + static_cast<std::ptrdiff_t>(count));
  flushed_ += count;
}

std::vector<std::uint64_t> Disk::Unsynced() const {
  std::vector<std::uint64_t> blocks;
  for (const std::uint64_t block : dirty_) {
    if (block < blocks_ && is_dirty_[block]) blocks.push_back(block);
  }
  return blocks;
}

void Disk::Crash(const Decisions& decisions, std::uint64_t which) {
  const Lineage entity = Lineage{id_.v}.Child(which);
  for (const std::uint64_t block : dirty_) {
    if (block >= blocks_ || !is_dirty_[block]) continue;
    if (decisions.Draw(Site::kDiskCrash, entity, block) % 2 == 0) {
      CopyBlock(durable_, visible_, block);
    } else {
      CopyBlock(visible_, durable_, block);
    }
    is_dirty_[block] = false;
  }
  flushed_ += dirty_.size();
  dirty_.clear();
  dirty_count_ = 0;
}

void Disk::Peek(std::uint64_t offset, MutableBytes out) const {
  SRPT_CHECK(offset <= bytes() && out.size() <= bytes() - offset);
  for (std::size_t done = 0; done < out.size();) {
    const std::uint64_t at = offset + done;
    const std::uint64_t within = at % kChunkBytes;
    const std::size_t n = std::min<std::uint64_t>(out.size() - done, kChunkBytes - within);
    const MutableBytes part = out.subspan(done, n);
    if (handler_ == scsi::HandlerKind::kNullio || visible_[at / kChunkBytes].empty()) {
      std::fill(part.begin(), part.end(), std::uint8_t{0});
    } else {
      visible_[at / kChunkBytes].ReadBytes(within, part);
    }
    done += n;
  }
}

void Disk::Poke(std::uint64_t offset, Bytes in) {
  SRPT_CHECK(offset <= bytes() && in.size() <= bytes() - offset);
  if (handler_ == scsi::HandlerKind::kNullio || in.empty()) return;
  Content from(Content::Form::kBytes, in.size());
  from.WriteBytes(0, in);
  CopyIn(visible_, offset, from, 0, in.size());
  CopyIn(durable_, offset, from, 0, in.size());
}

}  // namespace srpt::sim
