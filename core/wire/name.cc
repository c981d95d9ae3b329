#include "core/wire/name.h"

#include <algorithm>

namespace srpt::wire {
namespace {

constexpr std::string_view kDigits = "0123456789abcdef";

template <std::size_t N>
void AppendHex(FixedText<N>& text, std::uint8_t byte) {
  text.Append(kDigits[byte >> 4]);
  text.Append(kDigits[byte & 0x0f]);
}

template <std::size_t N>
void AppendDecimal(FixedText<N>& text, std::uint8_t byte) {
  if (byte >= 100) text.Append(kDigits[byte / 100]);
  if (byte >= 10) text.Append(kDigits[byte / 10 % 10]);
  text.Append(kDigits[byte % 10]);
}

std::optional<std::uint8_t> HexDigit(char c) {
  if (c >= '0' && c <= '9') return static_cast<std::uint8_t>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<std::uint8_t>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<std::uint8_t>(c - 'A' + 10);
  return std::nullopt;
}

constexpr std::array<std::uint8_t, 12> kIpv4Prefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

}  // namespace

// [R-PARAM-09]
GidText FormatGid(const std::array<std::uint8_t, 16>& gid) {
  GidText text;
  for (std::size_t i = 0; i < gid.size(); ++i) {
    if (i != 0 && i % 2 == 0) text.Append(':');
    AppendHex(text, gid[i]);
  }
  return text;
}

std::optional<std::array<std::uint8_t, 16>> ParseGid(std::string_view text) {
  std::array<std::uint8_t, 16> gid{};
  constexpr std::size_t kGroup = 5;  // Four digits and a colon.
  if (text.size() != 8 * kGroup - 1) return std::nullopt;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::size_t group = i / kGroup;
    const std::size_t place = i % kGroup;
    if (place == kGroup - 1) {
      if (text[i] != ':') return std::nullopt;
      continue;
    }
    const auto digit = HexDigit(text[i]);
    if (!digit) return std::nullopt;
    std::uint8_t& byte = gid[2 * group + place / 2];
    byte = static_cast<std::uint8_t>((byte << 4) | *digit);
  }
  return gid;
}

AddressText FormatPeerAddress(const PeerAddress& address) {
  if (!std::equal(kIpv4Prefix.begin(), kIpv4Prefix.end(), address.bytes.begin())) {
    return FormatGid(address.bytes);
  }
  AddressText text;
  for (std::size_t i = kIpv4Prefix.size(); i < address.bytes.size(); ++i) {
    if (i != kIpv4Prefix.size()) text.Append('.');
    AppendDecimal(text, address.bytes[i]);
  }
  return text;
}

PeerAddress MapIpv4(const std::array<std::uint8_t, 4>& address) {
  PeerAddress mapped;
  std::copy(kIpv4Prefix.begin(), kIpv4Prefix.end(), mapped.bytes.begin());
  std::copy(address.begin(), address.end(), mapped.bytes.begin() + kIpv4Prefix.size());
  return mapped;
}

GuidText FormatGuid(std::uint64_t guid) {
  GuidText text;
  text.Append("0x");
  for (int shift = 56; shift >= 0; shift -= 8) {
    AppendHex(text, static_cast<std::uint8_t>(guid >> shift));
  }
  return text;
}

PortIdText FormatPortId(const PortId& id) {
  PortIdText text;
  text.Append("0x");
  for (const std::uint8_t byte : id.bytes) AppendHex(text, byte);
  return text;
}

}  // namespace srpt::wire
