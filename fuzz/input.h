// A fuzzer's input, read front to back; zeroes behind its end.
#ifndef FUZZ_INPUT_H_
#define FUZZ_INPUT_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "core/base/bytes.h"

namespace srpt::fuzz {

class Input {
 public:
  explicit Input(Bytes bytes) : bytes_(bytes) {}
  bool empty() const { return at_ >= bytes_.size(); }
  std::uint8_t U8() { return empty() ? std::uint8_t{0} : bytes_[at_++]; }
  std::uint16_t U16() {
    const std::uint8_t high = U8();
    return static_cast<std::uint16_t>((high << 8) | U8());
  }
  // Below n (n > 0).
  std::uint32_t Below(std::uint32_t n) { return n <= 256 ? U8() % n : U16() % n; }
  Bytes Take(std::size_t n) {
    const std::size_t from = std::min(at_, bytes_.size());
    n = std::min(n, bytes_.size() - from);
    at_ += n;
    return bytes_.subspan(from, n);
  }

 private:
  Bytes bytes_;
  std::size_t at_ = 0;
};

}  // namespace srpt::fuzz

#endif  // FUZZ_INPUT_H_
