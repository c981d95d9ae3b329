// What a read may see. Knows every write that was ever begun and, for each block, which answered
// writes are so late that older data must not be seen any more.
//
// A label names its write and its place, so each granule that is read tells where it came from. A
// value of write v at a block is legal for a read begun at time r unless some write w of the block
// was answered GOOD before r, and v had ended before w began. A write that was not answered, was
// aborted or failed may or may not have landed, each block for itself; one that was refused must
// not. Times are the oracle's own stamps: they count beginnings and ends.
#ifndef SIM_ORACLE_H_
#define SIM_ORACLE_H_

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "sim/content.h"
#include "sim/invariants.h"

namespace srpt::sim {

class Oracle {
 public:
  using WriteId = std::uint32_t;  // 0: what was there in the beginning (zeroes).
  using Stamp = std::uint64_t;
  static constexpr Stamp kOpen = ~Stamp{0};

  // Units are numbered from 0 in this order.
  void AddUnit(std::uint64_t blocks, std::uint32_t block_bytes);

  WriteId BeginWrite(std::uint32_t unit, std::uint64_t lba, std::uint32_t blocks,
                     std::uint32_t nexus);
  static std::uint64_t Label(WriteId write, std::uint32_t unit, std::uint64_t granule);
  // Puts the write's labels for its blocks at the start of `content`.
  void Fill(WriteId write, Content& content) const;
  void EndGood(WriteId write);
  void EndRefused(WriteId write);  // It never ran.
  // Nobody knows whether it landed, but it will not any more.
  void EndUnknown(WriteId write);
  // As EndUnknown, but only for later writes of the same nexus: to others it may still land.
  void EndForNexus(WriteId write);
  // All that are open: nothing runs any more.
  void SettleAll();
  bool IsOpen(WriteId write) const { return writes_[write].state == State::kOpen; }

  // A power loss may have reverted this block: what was answered and not synced binds nobody.
  void Revert(std::uint32_t unit, std::uint64_t lba) { units_[unit].blocks[lba].count = 0; }

  // Every read that was begun is ended by one of the two.
  Stamp BeginRead();
  void EndRead(Stamp read);

  // Empty, or why what `content` holds from granule `first` on cannot be what a read begun at
  // `read` finds at [lba, lba + blocks).
  Breach Explain(Stamp read, std::uint32_t unit, std::uint64_t lba, std::uint64_t blocks,
                 const Content& content, std::uint64_t first) const;
  // The same for the label of one granule.
  Breach ExplainLabel(Stamp read, std::uint32_t unit, std::uint64_t granule,
                      std::uint64_t label) const;
  // Empty, or why `label` cannot be on stable storage after the FUA write `write` was answered.
  Breach ExplainDurable(WriteId write, std::uint64_t granule, std::uint64_t label) const;

  std::uint64_t blocks(std::uint32_t unit) const { return units_[unit].blocks.size(); }
  std::uint32_t granules_per_block(std::uint32_t unit) const { return units_[unit].granules; }
  std::uint64_t checked_blocks() const { return checked_; }

 private:
  enum class State : std::uint8_t { kOpen, kGood, kRefused, kUnknown };
  struct Write {
    std::uint32_t unit = 0;
    std::uint32_t nexus = 0;
    std::uint64_t lba = 0;
    std::uint32_t blocks = 0;
    State state = State::kOpen;
    Stamp begun = 0;
    Stamp ended = kOpen;
    Stamp ended_for_nexus = kOpen;
  };
  // The answered writes of one block that may supersede others; the strongest few. Forgetting one
  // only makes the oracle milder.
  struct Block {
    static constexpr std::uint32_t kMax = 4;
    std::uint32_t count = 0;
    WriteId good[kMax] = {};
  };
  struct Unit {
    std::uint32_t granules = 1;
    std::vector<Block> blocks;
  };
  bool EndedBefore(const Write& v, const Write& w) const {
    return v.ended < w.begun || (v.nexus == w.nexus && v.ended_for_nexus < w.begun);
  }
  Stamp OldestRead() const { return reads_.empty() ? clock_ : reads_.front().stamp; }
  void Remember(Block& block, WriteId write);

  std::vector<Unit> units_;
  std::vector<Write> writes_{Write{0, 0, 0, 0, State::kGood, 0, 0, 0}};
  struct Read {
    Stamp stamp;
    bool over;
  };
  std::deque<Read> reads_;  // In order of stamps; the front is not over.
  Stamp clock_ = 1;
  mutable std::uint64_t checked_ = 0;
};

}  // namespace srpt::sim

#endif  // SIM_ORACLE_H_
