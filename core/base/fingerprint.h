// A rolling hash over what went in and what came out: the name of a run. The same on every compiler
// and machine, so only values go in, least significant byte first, never memory as it lies.
#ifndef CORE_BASE_FINGERPRINT_H_
#define CORE_BASE_FINGERPRINT_H_

#include <cstdint>
#include <string_view>

#include "core/base/bytes.h"

namespace srpt {

class Fingerprint {
 public:
  // One round of a 64-bit multiply-xorshift per word.
  void Add(std::uint64_t x) {
    h_ ^= x;
    h_ *= 0x9e3779b97f4a7c15u;
    h_ ^= h_ >> 32;
  }
  void AddBytes(Bytes bytes) {
    Add(bytes.size());
    std::size_t i = 0;
    for (; i + 8 <= bytes.size(); i += 8) Add(LoadBe64(bytes.data() + i));
    std::uint64_t last = 0;
    for (; i < bytes.size(); ++i) last = (last << 8) | bytes[i];
    Add(last);
  }
  void AddText(std::string_view text) {
    AddBytes({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  }
  std::uint64_t value() const { return h_; }

 private:
  std::uint64_t h_ = 0xcbf29ce484222325u;
};

}  // namespace srpt

#endif  // CORE_BASE_FINGERPRINT_H_
