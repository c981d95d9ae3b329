// What memory and disks hold: real bytes, or in most seeds one 8-byte label for each 512 bytes,
// which stands for the 512 bytes that ExpandLabel makes of it. Copies between the two forms
// convert, so a label that went through real bytes comes back only if none of them was touched.
#ifndef SIM_CONTENT_H_
#define SIM_CONTENT_H_

#include <cstdint>
#include <vector>

#include "core/base/bytes.h"

namespace srpt::sim {

inline constexpr std::uint32_t kGranuleBytes = 512;
inline constexpr std::uint64_t kZeroLabel = 0;  // 512 zero bytes: what was never written.
// 512 bytes that no label makes: torn, or not ours.
inline constexpr std::uint64_t kTornLabel = 0xffffffffffffffffu;
// What memory holds before anybody put anything there.
inline constexpr std::uint64_t kPoisonLabel = 0xfffffffffffffffeu;

// `out` has kGranuleBytes.
void ExpandLabel(std::uint64_t label, std::uint8_t* out);
std::uint64_t LabelOf(const std::uint8_t* bytes);

class Content {
 public:
  enum class Form : std::uint8_t { kBytes, kLabels };

  Content() = default;
  // Zeroes. Labels need a whole number of granules.
  Content(Form form, std::uint64_t size) { Reset(form, size, kZeroLabel); }
  // The same memory again, where it suffices.
  void Reset(Form form, std::uint64_t size, std::uint64_t label);

  // The same, but what it holds is nobody's: poison, or older bytes as memory keeps them.
  void ForgetInto(Form form, std::uint64_t size);

  Form form() const { return form_; }
  std::uint64_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  // Turns labels into bytes if need be; valid until the next Copy into this content.
  MutableBytes bytes();
  std::uint64_t label(std::uint64_t granule) const;
  void set_label(std::uint64_t granule, std::uint64_t label);

  // Whole granules go into labels as labels; anything else turns `to` into bytes for good (Reset
  // turns it back).
  static void Copy(const Content& from, std::uint64_t from_offset, Content& to,
                   std::uint64_t to_offset, std::uint64_t n);
  void ReadBytes(std::uint64_t offset, MutableBytes out) const;
  void WriteBytes(std::uint64_t offset, Bytes in);

 private:
  void ToBytes();
  Form form_ = Form::kBytes;
  std::uint64_t size_ = 0;
  std::vector<std::uint8_t> bytes_;
  std::vector<std::uint64_t> labels_;
};

}  // namespace srpt::sim

#endif  // SIM_CONTENT_H_
