#include "sim/content.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "core/base/check.h"
#include "sim/decisions.h"

namespace srpt::sim {
namespace {

// Big-endian, so that a granule is the same on every machine.
std::uint64_t Swapped(std::uint64_t x) {
  return std::endian::native == std::endian::big ? x : __builtin_bswap64(x);
}

// The words of a granule behind its label are a progression that the label begins.
constexpr std::uint64_t kFirst = 0xd6e8feb86659fd93u;
constexpr std::uint64_t kStep = 0x9e3779b97f4a7c15u;

}  // namespace

void ExpandLabel(std::uint64_t label, std::uint8_t* out) {
  if (label == kZeroLabel) {
    std::memset(out, 0, kGranuleBytes);
    return;
  }
  std::array<std::uint64_t, kGranuleBytes / 8> words;
  words[0] = Swapped(label);
  std::uint64_t word = label ^ kFirst;
  for (std::size_t i = 1; i < words.size(); ++i) words[i] = Swapped(word += kStep);
  std::memcpy(out, words.data(), kGranuleBytes);
}

std::uint64_t LabelOf(const std::uint8_t* bytes) {
  std::array<std::uint64_t, kGranuleBytes / 8> words;
  std::memcpy(words.data(), bytes, kGranuleBytes);
  const std::uint64_t label = Swapped(words[0]);
  const std::uint64_t step = label == kZeroLabel ? 0 : kStep;
  std::uint64_t word = label == kZeroLabel ? 0 : label ^ kFirst;
  std::uint64_t wrong = 0;
  for (std::size_t i = 1; i < words.size(); ++i) wrong |= words[i] ^ Swapped(word += step);
  return wrong == 0 ? label : kTornLabel;
}

namespace {

const std::array<std::uint8_t, kGranuleBytes>& Poison() {
  static const auto granule = [] {
    std::array<std::uint8_t, kGranuleBytes> bytes{};
    ExpandLabel(kPoisonLabel, bytes.data());
    return bytes;
  }();
  return granule;
}

}  // namespace

void Content::Reset(Form form, std::uint64_t size, std::uint64_t label) {
  form_ = form;
  size_ = size;
  if (form == Form::kLabels) {
    SRPT_CHECK(size % kGranuleBytes == 0);
    labels_.assign(size / kGranuleBytes, label);
    return;
  }
  if (label == kZeroLabel) {
    bytes_.assign(size, 0);
    return;
  }
  bytes_.resize(size);
  std::uint8_t granule[kGranuleBytes];
  const std::uint8_t* what = granule;
  if (label == kPoisonLabel) {  // Of every table, and of most memory of real bytes.
    what = Poison().data();
  } else {
    ExpandLabel(label, granule);
  }
  for (std::uint64_t at = 0; at < size; at += kGranuleBytes) {
    std::memcpy(bytes_.data() + at, what, std::min<std::uint64_t>(kGranuleBytes, size - at));
  }
}

void Content::ForgetInto(Form form, std::uint64_t size) {
  if (form == Form::kLabels) return Reset(form, size, kPoisonLabel);
  form_ = form;
  size_ = size;
  bytes_.resize(size);
}

void Content::ToBytes() {
  if (form_ == Form::kBytes) return;
  bytes_.resize(size_);
  for (std::uint64_t i = 0; i < labels_.size(); ++i) {
    ExpandLabel(labels_[i], bytes_.data() + i * kGranuleBytes);
  }
  form_ = Form::kBytes;
}

MutableBytes Content::bytes() {
  ToBytes();
  return {bytes_.data(), bytes_.size()};
}

std::uint64_t Content::label(std::uint64_t granule) const {
  if (form_ == Form::kLabels) {
    SRPT_CHECK(granule < labels_.size());
    return labels_[granule];
  }
  SRPT_CHECK((granule + 1) * kGranuleBytes <= size_);
  return LabelOf(bytes_.data() + granule * kGranuleBytes);
}

void Content::set_label(std::uint64_t granule, std::uint64_t label) {
  SRPT_CHECK((granule + 1) * kGranuleBytes <= size_);
  if (form_ == Form::kLabels) {
    labels_[granule] = label;
  } else {
    ExpandLabel(label, bytes_.data() + granule * kGranuleBytes);
  }
}

void Content::Copy(const Content& from, std::uint64_t from_offset, Content& to,
                   std::uint64_t to_offset, std::uint64_t n) {
  SRPT_CHECK(from_offset <= from.size_ && n <= from.size_ - from_offset);
  SRPT_CHECK(to_offset <= to.size_ && n <= to.size_ - to_offset);
  const bool aligned = (from_offset | to_offset | n) % kGranuleBytes == 0;
  if (to.form_ == Form::kLabels && aligned) {
    const std::uint64_t first = to_offset / kGranuleBytes;
    const std::uint64_t count = n / kGranuleBytes;
    const std::uint64_t source = from_offset / kGranuleBytes;
    if (from.form_ == Form::kLabels) {
      std::copy_n(from.labels_.begin() + static_cast<std::ptrdiff_t>(source), count,
                  to.labels_.begin() + static_cast<std::ptrdiff_t>(first));
      return;
    }
    for (std::uint64_t i = 0; i < count; ++i) to.labels_[first + i] = from.label(source + i);
    return;
  }
  if (from.form_ == Form::kBytes) {
    to.WriteBytes(to_offset, Bytes{from.bytes_.data() + from_offset, n});
    return;
  }
  to.ToBytes();
  from.ReadBytes(from_offset, MutableBytes{to.bytes_.data() + to_offset, n});
}

void Content::ReadBytes(std::uint64_t offset, MutableBytes out) const {
  SRPT_CHECK(offset <= size_ && out.size() <= size_ - offset);
  if (out.empty()) return;
  if (form_ == Form::kBytes) {
    std::memcpy(out.data(), bytes_.data() + offset, out.size());
    return;
  }
  std::uint8_t granule[kGranuleBytes];
  std::size_t done = 0;
  while (done < out.size()) {
    const std::uint64_t at = offset + done;
    const std::uint64_t within = at % kGranuleBytes;
    const std::size_t n = std::min<std::size_t>(kGranuleBytes - within, out.size() - done);
    ExpandLabel(labels_[at / kGranuleBytes], granule);
    std::memcpy(out.data() + done, granule + within, n);
    done += n;
  }
}

void Content::WriteBytes(std::uint64_t offset, Bytes in) {
  SRPT_CHECK(offset <= size_ && in.size() <= size_ - offset);
  ToBytes();
  if (!in.empty()) std::memcpy(bytes_.data() + offset, in.data(), in.size());
}

}  // namespace srpt::sim
