// Bounds-checked big-endian reading and writing. Everything that touches a peer's bytes goes
// through these two; neither can reach outside its span.
#ifndef CORE_BASE_BYTES_H_
#define CORE_BASE_BYTES_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "core/base/check.h"

namespace srpt {

using Bytes = std::span<const std::uint8_t>;
using MutableBytes = std::span<std::uint8_t>;

constexpr std::uint16_t LoadBe16(const std::uint8_t* p) {
  return static_cast<std::uint16_t>((p[0] << 8) | p[1]);
}
constexpr std::uint32_t LoadBe24(const std::uint8_t* p) {
  return (std::uint32_t{p[0]} << 16) | (std::uint32_t{p[1]} << 8) | p[2];
}
constexpr std::uint32_t LoadBe32(const std::uint8_t* p) {
  return (std::uint32_t{p[0]} << 24) | LoadBe24(p + 1);
}
constexpr std::uint64_t LoadBe64(const std::uint8_t* p) {
  return (std::uint64_t{LoadBe32(p)} << 32) | LoadBe32(p + 4);
}

// Reads at absolute offsets of a span. A read that does not lie wholly inside gives zero and makes
// the reader fail for good: parse first, ask ok() once, use the values only if it says so.
class Reader {
 public:
  explicit constexpr Reader(Bytes bytes) : bytes_(bytes) {}

  constexpr std::size_t size() const { return bytes_.size(); }
  constexpr bool ok() const { return ok_; }

  constexpr std::uint8_t U8(std::size_t at) { return Has(at, 1) ? bytes_[at] : std::uint8_t{0}; }
  constexpr std::uint16_t Be16(std::size_t at) {
    return Has(at, 2) ? LoadBe16(bytes_.data() + at) : std::uint16_t{0};
  }
  constexpr std::uint32_t Be24(std::size_t at) {
    return Has(at, 3) ? LoadBe24(bytes_.data() + at) : 0;
  }
  constexpr std::uint32_t Be32(std::size_t at) {
    return Has(at, 4) ? LoadBe32(bytes_.data() + at) : 0;
  }
  constexpr std::uint64_t Be64(std::size_t at) {
    return Has(at, 8) ? LoadBe64(bytes_.data() + at) : 0;
  }
  template <std::size_t N>
  constexpr std::array<std::uint8_t, N> Array(std::size_t at) {
    std::array<std::uint8_t, N> out{};
    if (Has(at, N)) std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(at), N, out.begin());
    return out;
  }
  // Empty if [at, at + n) is not wholly inside.
  constexpr Bytes Sub(std::size_t at, std::size_t n) {
    return Has(at, n) ? bytes_.subspan(at, n) : Bytes{};
  }

 private:
  constexpr bool Has(std::size_t at, std::size_t n) {
    if (at > bytes_.size() || n > bytes_.size() - at) ok_ = false;
    return ok_;
  }
  Bytes bytes_;
  bool ok_ = true;
};

// Writes at absolute offsets of a span that the caller lends. The span is zeroed at construction,
// so reserved bytes are zero and no stale byte ever leaves. A write outside the span is our own bug
// when the caller sized the span (the default), or silently cut when made with kTruncate, as
// answers to an allocation length are; `wanted()` says how long the whole would have been.
class Writer {
 public:
  enum class Mode { kExact, kTruncate };

  explicit Writer(MutableBytes bytes, Mode mode = Mode::kExact) : bytes_(bytes), mode_(mode) {
    if (!bytes_.empty()) std::memset(bytes_.data(), 0, bytes_.size());
  }

  std::size_t size() const { return bytes_.size(); }
  std::size_t wanted() const { return wanted_; }  // Highest offset written, exclusive.
  std::size_t written() const { return std::min(wanted_, bytes_.size()); }

  void U8(std::size_t at, std::uint8_t x) { Put(at, &x, 1); }
  void Be16(std::size_t at, std::uint16_t x) {
    const std::uint8_t b[2] = {static_cast<std::uint8_t>(x >> 8), static_cast<std::uint8_t>(x)};
    Put(at, b, 2);
  }
  void Be24(std::size_t at, std::uint32_t x) {
    const std::uint8_t b[3] = {static_cast<std::uint8_t>(x >> 16),
                               static_cast<std::uint8_t>(x >> 8), static_cast<std::uint8_t>(x)};
    Put(at, b, 3);
  }
  void Be32(std::size_t at, std::uint32_t x) {
    const std::uint8_t b[4] = {static_cast<std::uint8_t>(x >> 24),
                               static_cast<std::uint8_t>(x >> 16),
                               static_cast<std::uint8_t>(x >> 8), static_cast<std::uint8_t>(x)};
    Put(at, b, 4);
  }
  void Be64(std::size_t at, std::uint64_t x) {
    Be32(at, static_cast<std::uint32_t>(x >> 32));
    Be32(at + 4, static_cast<std::uint32_t>(x));
  }
  void Copy(std::size_t at, Bytes from) {
    if (!from.empty()) Put(at, from.data(), from.size());
  }
  // ASCII, left-aligned, padded with spaces to `width`, cut at it (SPC-5 4.3.1).
  void Ascii(std::size_t at, std::string_view text, std::size_t width) {
    for (std::size_t i = 0; i < width; ++i) {
      U8(at + i, i < text.size() ? static_cast<std::uint8_t>(text[i]) : std::uint8_t{' '});
    }
  }
  // Zeroes up to here are part of the answer, although nothing was written there.
  void Extend(std::size_t to) { wanted_ = std::max(wanted_, to); }

 private:
  void Put(std::size_t at, const std::uint8_t* from, std::size_t n) {
    wanted_ = std::max(wanted_, at + n);
    if (at <= bytes_.size() && n <= bytes_.size() - at) {
      std::memcpy(bytes_.data() + at, from, n);
      return;
    }
    SRPT_CHECK(mode_ == Mode::kTruncate);
    if (at < bytes_.size()) std::memcpy(bytes_.data() + at, from, bytes_.size() - at);
  }
  MutableBytes bytes_;
  Mode mode_;
  std::size_t wanted_ = 0;
};

// Writes the fixed part of an IU: N bytes whose room was checked once. An offset that does not lie
// inside does not compile. Zeroed at construction, as by Writer.
template <std::size_t N>
class FixedWriter {
 public:
  explicit FixedWriter(std::span<std::uint8_t, N> bytes) : p_(bytes.data()) {
    std::memset(p_, 0, N);
  }
  template <std::size_t At>
  void U8(std::uint8_t x) {
    static_assert(At < N);
    p_[At] = x;
  }
  template <std::size_t At>
  void Be32(std::uint32_t x) {
    static_assert(At + 4 <= N);
    p_[At] = static_cast<std::uint8_t>(x >> 24);
    p_[At + 1] = static_cast<std::uint8_t>(x >> 16);
    p_[At + 2] = static_cast<std::uint8_t>(x >> 8);
    p_[At + 3] = static_cast<std::uint8_t>(x);
  }
  template <std::size_t At, std::size_t M>
  void Copy(const std::array<std::uint8_t, M>& from) {
    static_assert(At + M <= N);
    std::memcpy(p_ + At, from.data(), M);
  }

 private:
  std::uint8_t* p_;
};

}  // namespace srpt

#endif  // CORE_BASE_BYTES_H_
