// LuView: what a command may know about its logical unit.
//
// An immutable value, one per logical unit and target port, held by a shard's snapshot. Everything
// that decoding and the control commands need is here, so both are pure functions.
#ifndef CORE_SCSI_LU_H_
#define CORE_SCSI_LU_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/types.h"

namespace srpt::scsi {

// Text of at most N bytes inside a value. What does not fit is cut: who takes names from people
// checks their length first.
template <std::size_t N>
class FixedText {
 public:
  static_assert(N <= 255);
  static constexpr std::size_t kBytesMax = N;

  constexpr FixedText() = default;
  constexpr FixedText(std::string_view text) { Append(text); }  // NOLINT: implicit by design
  constexpr FixedText(const char* text) { Append(text); }       // NOLINT

  constexpr void Append(std::string_view text) {
    for (const char c : text.substr(0, N - size_)) chars_[size_++] = c;
  }
  constexpr std::string_view view() const { return {chars_.data(), size_}; }
  constexpr bool empty() const { return size_ == 0; }
  friend constexpr bool operator==(const FixedText&, const FixedText&) = default;

 private:
  std::array<char, N> chars_{};
  std::uint8_t size_ = 0;
};

using DeviceName = FixedText<64>;

// SCST's handlers; the kind chooses the default T10 vendor only, core treats all alike.
enum class HandlerKind : std::uint8_t { kFileio, kBlockio, kNullio };

// What INQUIRY and its VPD pages say. It must be the same after a restart, on every path.
struct Identity {
  FixedText<8> t10_vend_id;
  FixedText<16> prod_id;  // Default: the device name, cut.
  FixedText<4> prod_rev_lvl;
  FixedText<32> usn;                  // VPD 80: unit serial number.
  FixedText<64> t10_dev_id;           // VPD 83: follows the vendor id in the T10 designator.
  std::array<std::uint8_t, 8> naa{};  // VPD 83: the first nibble is the NAA type.
  friend constexpr bool operator==(const Identity&, const Identity&) = default;
};

// Asymmetric access states, as REPORT TARGET PORT GROUPS encodes them (SPC-4 table 253).
enum class AluaState : std::uint8_t {
  kActive = 0x0,
  kNonoptimized = 0x1,
  kStandby = 0x2,
  kUnavailable = 0x3,
  kOffline = 0xe,
  kTransitioning = 0xf,
};

// One target port group as REPORT TARGET PORT GROUPS lists it; local and remote ports alike.
struct TargetPortGroup {
  std::uint16_t group_id = 0;
  AluaState state = AluaState::kActive;
  bool preferred = false;
  std::span<const std::uint16_t> rel_tgt_ids;  // Storage: the snapshot's. At most 255 are listed.
};

// The view of one target port. `present` is false if the device is in no device group: then there
// is no ALUA at all, TPGS is 0 and the state is active.
struct Alua {
  bool present = false;
  AluaState state = AluaState::kActive;
  std::uint16_t group_id = 0;
  bool preferred = false;
  // All groups of the device. Storage: the snapshot's, which outlives every use of this view. If
  // empty while `present`, the group above, with this port alone, is reported.
  std::span<const TargetPortGroup> groups;
};

struct LuView {
  LuId id;
  DeviceName name;
  HandlerKind handler = HandlerKind::kFileio;

  // Capacity. block_count 0 is a unit without medium: commands that need one say 2/3A/00.
  std::uint32_t block_bytes = 512;  // A power of two, limits::kBlockBytesMin..Max.
  std::uint64_t block_count = 0;
  std::uint8_t physical_block_exp = 0;  // Logical blocks per physical one: 2^n.

  bool read_only = false;
  bool write_cache = true;  // WCE: an answered write may be lost until SYNCHRONIZE CACHE or FUA.
  bool nv_cache = false;    // The cache survives power loss (and then write_cache is false).
  bool dpofua = true;       // DPO and FUA are served; if not, a CDB that sets them is refused.
  bool rotational = true;
  bool removable = false;
  bool thin = false;

  // A backend error that makes every answer doubtful (a failed flush): commands that touch the
  // medium end with 4/44/00 until an administrator clears the device.
  bool failed = false;

  Identity identity;
  std::uint16_t rel_tgt_id = 1;  // Relative target port identifier of this port.
  Alua alua;
};

// The caching attributes as SCST's vdisk handlers take them.
struct CachePolicy {
  bool write_through = false;
  bool nv_cache = false;
};
// WCE = !write_through && !nv_cache.
void SetCachePolicy(LuView& lu, CachePolicy policy);

// Sets block_bytes, block_count (whole blocks of `bytes`; a rest is not visible), and 4096-byte
// physical blocks for smaller logical ones. `block_bytes` is in range: configuration checked it.
void SetCapacity(LuView& lu, std::uint32_t block_bytes, std::uint64_t bytes);

// 64-bit FNV-1a, stable for ever: identities depend on it.
std::uint64_t StableHash(std::string_view text, std::uint64_t salt = 0);

// The identity of a device about which the administrator said nothing, derived from its name:
//   vendor   SCST_FIO, or SCST_BIO for blockio
//   product  the name
//   usn      16 hex digits of StableHash(name, setup_id)
//   t10      usn, "-", name
//   naa      type 3 (locally assigned: we own no OUI), 60 bits of the same hash
// Two targets that export different disks under one name need different `setup_id`s, as in SCST;
// with the same one a multipath initiator takes the two for one disk.
Identity DeriveIdentity(HandlerKind handler, std::string_view name, std::uint64_t setup_id = 0);

}  // namespace srpt::scsi

#endif  // CORE_SCSI_LU_H_
