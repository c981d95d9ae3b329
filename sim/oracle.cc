#include "sim/oracle.h"

#include <algorithm>
#include <cstdio>

#include "core/base/check.h"
#include "sim/decisions.h"

namespace srpt::sim {
namespace {

std::string Text(const char* format, unsigned long long a, unsigned long long b,
                 unsigned long long c, unsigned long long d) {
  char text[256];
  std::snprintf(text, sizeof text, format, a, b, c, d);
  return text;
}

}  // namespace

void Oracle::AddUnit(std::uint64_t blocks, std::uint32_t block_bytes) {
  Unit unit;
  unit.granules = block_bytes / kGranuleBytes;
  unit.blocks.resize(blocks);
  units_.push_back(std::move(unit));
}

std::uint64_t Oracle::Label(WriteId write, std::uint32_t unit, std::uint64_t granule) {
  const std::uint64_t check =
      Mix((std::uint64_t{write} << 32) ^ (std::uint64_t{unit} << 56) ^ granule);
  return (std::uint64_t{write} << 32) | (check & 0xffffffffu);
}

Oracle::WriteId Oracle::BeginWrite(std::uint32_t unit, std::uint64_t lba, std::uint32_t blocks,
                                   std::uint32_t nexus) {
  SRPT_CHECK(unit < units_.size() && lba + blocks <= units_[unit].blocks.size());
  Write write;
  write.unit = unit;
  write.nexus = nexus;
  write.lba = lba;
  write.blocks = blocks;
  write.begun = clock_++;
  writes_.push_back(write);
  SRPT_CHECK(writes_.size() < 0xfffffff0u);
  return static_cast<WriteId>(writes_.size() - 1);
}

void Oracle::Fill(WriteId write, Content& content) const {
  const Write& w = writes_[write];
  const std::uint64_t first = w.lba * units_[w.unit].granules;
  const std::uint64_t count = std::uint64_t{w.blocks} * units_[w.unit].granules;
  for (std::uint64_t i = 0; i < count; ++i) {
    content.set_label(i, Label(write, w.unit, first + i));
  }
}

void Oracle::Remember(Block& block, WriteId write) {
  const Write& now = writes_[write];
  const Stamp oldest = OldestRead();
  // An earlier one is of no use once every read to come is bound by a later one.
  std::uint32_t kept = 0;
  for (std::uint32_t i = 0; i < block.count; ++i) {
    const Write& old = writes_[block.good[i]];
    if (old.begun <= now.begun && now.ended < oldest) continue;
    block.good[kept++] = block.good[i];
  }
  block.count = kept;
  if (block.count == Block::kMax) {
    WriteId* weakest = std::min_element(block.good, block.good + kept, [&](WriteId a, WriteId b) {
      return writes_[a].begun < writes_[b].begun;
    });
    *weakest = block.good[--block.count];
  }
  block.good[block.count++] = write;
}

void Oracle::EndGood(WriteId write) {
  Write& w = writes_[write];
  SRPT_CHECK(w.state == State::kOpen);
  w.state = State::kGood;
  w.ended = clock_++;
  Unit& unit = units_[w.unit];
  for (std::uint32_t i = 0; i < w.blocks; ++i) Remember(unit.blocks[w.lba + i], write);
}

void Oracle::EndRefused(WriteId write) {
  Write& w = writes_[write];
  SRPT_CHECK(w.state == State::kOpen);
  w.state = State::kRefused;
  w.ended = clock_++;
}

void Oracle::EndUnknown(WriteId write) {
  Write& w = writes_[write];
  SRPT_CHECK(w.state == State::kOpen);
  w.state = State::kUnknown;
  w.ended = clock_++;
}

void Oracle::EndForNexus(WriteId write) {
  Write& w = writes_[write];
  SRPT_CHECK(w.state == State::kOpen);
  if (w.ended_for_nexus == kOpen) w.ended_for_nexus = clock_++;
}

void Oracle::SettleAll() {
  for (WriteId i = 1; i < writes_.size(); ++i) {
    if (writes_[i].state == State::kOpen) EndUnknown(i);
  }
}

Oracle::Stamp Oracle::BeginRead() {
  const Stamp stamp = clock_++;
  reads_.push_back({stamp, false});
  return stamp;
}

void Oracle::EndRead(Stamp read) {
  const auto it = std::lower_bound(reads_.begin(), reads_.end(), read,
                                   [](const Read& r, Stamp s) { return r.stamp < s; });
  SRPT_CHECK(it != reads_.end() && it->stamp == read && !it->over);
  it->over = true;
  while (!reads_.empty() && reads_.front().over) reads_.pop_front();
}

Breach Oracle::ExplainLabel(Stamp read, std::uint32_t unit, std::uint64_t granule,
                            std::uint64_t label) const {
  const std::uint64_t lba = granule / units_[unit].granules;
  const auto where = [&](Invariant invariant, const std::string& what) {
    return Breach{invariant, what + Text(" (unit %llu, LBA %llu, granule %llu, label %llx)", unit,
                                         lba, granule, label)};
  };
  using enum Invariant;
  if (label == kTornLabel) {
    return where(kFailedWriteContained, "torn: not 512 bytes of any one write");
  }
  if (label == kPoisonLabel) {
    return where(kNoForeignBytes, "poison: memory that nothing was put into");
  }
  const WriteId id = static_cast<WriteId>(label >> 32);
  if (id >= writes_.size()) return where(kNoForeignBytes, "no such write");
  const Write& v = writes_[id];
  if (id == 0) {
    if (label != kZeroLabel) return where(kNoForeignBytes, "no write's label");
  } else {
    if (v.unit != unit || lba < v.lba || lba - v.lba >= v.blocks) {
      return where(kReadsExplained, "data of a write to another place" +
                                        Text(" (write %llu: unit %llu, LBA %llu, %llu blocks)", id,
                                             v.unit, v.lba, v.blocks));
    }
    if (label != Label(id, unit, granule)) {
      return where(kReadsExplained, "data of another block of the same write");
    }
    if (v.state == State::kRefused) {
      return where(kFailedWriteContained, "a write that was refused has landed");
    }
  }
  const Block& block = units_[unit].blocks[lba];
  for (std::uint32_t i = 0; i < block.count; ++i) {
    const Write& w = writes_[block.good[i]];
    if (block.good[i] != id && w.ended < read && EndedBefore(v, w)) {
      return where(kReadsExplained,
                   Text("old data: write %llu had ended when write %llu began, which was "
                        "answered GOOD before the read at stamp %llu (%llu)",
                        id, block.good[i], read, w.ended));
    }
  }
  return {};
}

Breach Oracle::Explain(Stamp read, std::uint32_t unit, std::uint64_t lba, std::uint64_t blocks,
                       const Content& content, std::uint64_t first) const {
  const std::uint32_t granules = units_[unit].granules;
  for (std::uint64_t b = 0; b < blocks; ++b) {
    ++checked_;
    const std::uint64_t at = (lba + b) * granules;
    const std::uint64_t label = content.label(first + b * granules);
    Breach why = ExplainLabel(read, unit, at, label);
    if (!why.empty()) return why;
    // A block is written whole or not at all: its other granules are the same write's.
    const WriteId id = static_cast<WriteId>(label >> 32);
    for (std::uint32_t g = 1; g < granules; ++g) {
      const std::uint64_t expected = id == 0 ? kZeroLabel : Label(id, unit, at + g);
      const std::uint64_t found = content.label(first + b * granules + g);
      if (found == expected) continue;
      return {Invariant::kFailedWriteContained,
              Text("a block of two writes: label %llx beside %llx (unit %llu, LBA %llu)", found,
                   label, unit, lba + b)};
    }
  }
  return {};
}

Breach Oracle::ExplainDurable(WriteId write, std::uint64_t granule, std::uint64_t label) const {
  const Write& w = writes_[write];
  const WriteId id = static_cast<WriteId>(label >> 32);
  if (id == write) return {};
  const bool known = id < writes_.size() && label != kTornLabel && label != kPoisonLabel;
  if (known && !EndedBefore(writes_[id], w)) return {};
  return {Invariant::kGoodIsTrue,
          Text("unit %llu, granule %llu: write %llu was answered GOOD with FUA, but stable storage "
               "holds older data, label %llx",
               w.unit, granule, write, label)};
}

}  // namespace srpt::sim
