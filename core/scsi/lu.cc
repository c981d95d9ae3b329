#include "core/scsi/lu.h"

#include "core/base/check.h"
#include "core/base/limits.h"

namespace srpt::scsi {
namespace {

constexpr std::uint32_t kPhysicalBlockBytes = 4096;

// Identity fields are ASCII graphic characters and spaces (SPC-4 4.3.1); a name may hold more.
DeviceName Printable(std::string_view name) {
  DeviceName out;
  for (const char c : name.substr(0, DeviceName::kBytesMax)) {
    const char printable = c >= 0x20 && c <= 0x7e ? c : '_';
    out.Append({&printable, 1});
  }
  return out;
}

FixedText<16> Hex(std::uint64_t x) {
  FixedText<16> out;
  for (int shift = 60; shift >= 0; shift -= 4) {
    out.Append(std::string_view("0123456789abcdef").substr((x >> shift) & 0xf, 1));
  }
  return out;
}

}  // namespace

void SetCachePolicy(LuView& lu, CachePolicy policy) {
  lu.nv_cache = policy.nv_cache;
  lu.write_cache = !policy.write_through && !policy.nv_cache;
}

void SetCapacity(LuView& lu, std::uint32_t block_bytes, std::uint64_t bytes) {
  SRPT_CHECK(block_bytes >= limits::kBlockBytesMin && block_bytes <= limits::kBlockBytesMax);
  SRPT_CHECK((block_bytes & (block_bytes - 1)) == 0);
  lu.block_bytes = block_bytes;
  lu.block_count = bytes / block_bytes;
  lu.physical_block_exp = 0;
  while ((block_bytes << lu.physical_block_exp) < kPhysicalBlockBytes) ++lu.physical_block_exp;
}

std::uint64_t StableHash(std::string_view text, std::uint64_t salt) {
  constexpr std::uint64_t kPrime = 0x100000001b3;
  std::uint64_t hash = 0xcbf29ce484222325;
  const auto mix = [&hash](std::uint8_t byte) { hash = (hash ^ byte) * kPrime; };
  for (const char c : text) mix(static_cast<std::uint8_t>(c));
  // Without salt this is plain FNV-1a.
  for (; salt != 0; salt >>= 8) mix(static_cast<std::uint8_t>(salt));
  return hash;
}

Identity DeriveIdentity(HandlerKind handler, std::string_view name, std::uint64_t setup_id) {
  constexpr std::uint64_t kNaaLocallyAssigned = 3;
  const std::uint64_t hash = StableHash(name, setup_id);
  const FixedText<16> hex = Hex(hash);
  const DeviceName printable = Printable(name);

  Identity id;
  id.t10_vend_id = handler == HandlerKind::kBlockio ? "SCST_BIO" : "SCST_FIO";
  id.prod_id = printable.view();
  id.prod_rev_lvl = "0100";
  id.usn = hex.view();
  id.t10_dev_id.Append(hex.view());
  id.t10_dev_id.Append("-");
  id.t10_dev_id.Append(printable.view());
  const std::uint64_t naa = (kNaaLocallyAssigned << 60) | (hash & 0x0fffffffffffffff);
  Writer(id.naa).Be64(0, naa);
  return id;
}

}  // namespace srpt::scsi
