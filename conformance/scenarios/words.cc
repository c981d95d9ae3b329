#include "conformance/scenarios/words.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <utility>

namespace srpt::scenarios {
namespace {

constexpr std::string_view kBlanks = " \t\r";

std::string Quoted(std::string_view text) { return '"' + std::string(text) + '"'; }

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

Words::Words(std::string_view line) {
  std::size_t at = line.find_first_not_of(kBlanks);
  while (at != std::string_view::npos) {
    const std::size_t end = std::min(line.find_first_of(kBlanks, at), line.size());
    words_.push_back(line.substr(at, end - at));
    at = line.find_first_not_of(kBlanks, end);
  }
}

void Words::Wrong(std::string complaint) {
  if (wrong_.empty()) wrong_ = std::move(complaint);
}

bool Words::TakeIf(std::string_view word) {
  if (empty() || words_[next_] != word) return false;
  ++next_;
  return true;
}

std::string_view Words::Take(std::string_view what) {
  if (empty()) {
    Wrong(std::string(what) + " is missing");
    return {};
  }
  return words_[next_++];
}

std::uint64_t Words::Number(std::string_view what, std::uint64_t low, std::uint64_t high) {
  const std::string_view word = Take(what);
  const auto number = ParseNumber(word);
  if (number && *number >= low && *number <= high) return *number;
  Wrong(std::string(what) + " is a number from " + std::to_string(low) + " to " +
        std::to_string(high) + ", not " + Quoted(word));
  return low;
}

Duration Words::Span(std::string_view what) {
  const std::string_view word = Take(what);
  if (const auto span = ParseDuration(word)) return *span;
  Wrong(std::string(what) + " is a number and s, ms, us or ns (\"1.5ms\"), not " + Quoted(word));
  return {};
}

std::vector<std::uint8_t> Words::Hex(std::string_view what, std::size_t bytes_max) {
  const std::string_view word = Take(what);
  auto bytes = ParseHex(word);
  if (bytes && !bytes->empty() && bytes->size() <= bytes_max) return *std::move(bytes);
  Wrong(std::string(what) + " is 1 to " + std::to_string(bytes_max) +
        " bytes, two hexadecimal digits each, not " + Quoted(word.substr(0, 80)));
  return {};
}

std::uint8_t Words::Byte(std::string_view what) {
  const std::vector<std::uint8_t> bytes = Hex(what, 1);
  return bytes.empty() ? std::uint8_t{0} : bytes[0];
}

void Words::End() {
  if (!empty()) Wrong("nothing is expected where " + Quoted(Peek()) + " is");
}

std::optional<std::uint64_t> ParseNumber(std::string_view text) {
  const bool hex = text.substr(0, 2) == "0x";
  if (hex) text.remove_prefix(2);
  std::uint64_t number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, hex ? 16 : 10);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<Duration> ParseDuration(std::string_view text) {
  struct Unit {
    std::string_view name;
    std::uint64_t ns;
  };
  // Longer names first: "s" ends them all.
  constexpr std::array<Unit, 4> kUnits = {
      {{"ms", 1000000}, {"us", 1000}, {"ns", 1}, {"s", 1000000000}}};
  constexpr std::uint64_t kMost = 1000000;  // Seconds.
  for (const Unit& unit : kUnits) {
    if (!text.ends_with(unit.name)) continue;
    text.remove_suffix(unit.name.size());
    const std::size_t dot = std::min(text.find('.'), text.size());
    const auto whole = ParseNumber(text.substr(0, dot));
    if (!whole || text.starts_with("0x") || *whole > kMost * (1000000000 / unit.ns)) {
      return std::nullopt;
    }
    std::uint64_t ns = *whole * unit.ns;
    if (dot == text.size()) return Duration{ns};
    const std::string_view fraction = text.substr(dot + 1);
    if (fraction.empty()) return std::nullopt;
    std::uint64_t place = unit.ns;
    for (const char c : fraction) {
      place /= 10;
      if (c < '0' || c > '9' || place == 0) return std::nullopt;
      ns += place * static_cast<std::uint64_t>(c - '0');
    }
    return Duration{ns};
  }
  return std::nullopt;
}

std::optional<std::vector<std::uint8_t>> ParseHex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::vector<std::uint8_t> bytes;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = HexDigit(text[i]);
    const int low = HexDigit(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes.push_back(static_cast<std::uint8_t>(high * 16 + low));
  }
  return bytes;
}

std::string NameOf(sim::FaultKind kind) {
  std::string name(sim::ToString(kind));
  std::replace(name.begin(), name.end(), ' ', '-');
  return name;
}

std::optional<sim::FaultKind> ParseFault(std::string_view text) {
  for (std::size_t i = 0; i < sim::kFaultKinds; ++i) {
    const auto kind = static_cast<sim::FaultKind>(i);
    if (NameOf(kind) == text) return kind;
  }
  return std::nullopt;
}

bool CanBefall(sim::FaultKind kind) {
  return kind >= sim::FaultKind::kPortDown && kind <= sim::FaultKind::kPowerLoss;
}

bool CanBeInjected(sim::FaultKind kind) {
  using enum sim::FaultKind;
  // What only a workload or the weather asks for has no opportunity here.
  if (CanBefall(kind) || sim::IsHostile(kind)) return false;
  return kind != kConfigChange && kind != kDisconnect && kind != kVanish && kind != kRkeyRevoked;
}

namespace {

constexpr std::array<CdbWord, 20> kCdbs = {{
    {"tur", Direction::kNone},
    {"request-sense", Direction::kIn},
    {"inquiry", Direction::kIn},
    {"read-capacity10", Direction::kIn},
    {"read-capacity16", Direction::kIn},
    {"mode-sense6", Direction::kIn},
    {"report-luns", Direction::kIn},
    {"read6", Direction::kIn, true},
    {"write6", Direction::kOut, true},
    {"read", Direction::kIn, true},
    {"write", Direction::kOut, true},
    {"read12", Direction::kIn, true},
    {"write12", Direction::kOut, true},
    {"read16", Direction::kIn, true},
    {"write16", Direction::kOut, true},
    {"read32", Direction::kIn, true},
    {"write32", Direction::kOut, true},
    {"xdwriteread", Direction::kBoth, true},
    {"xdwriteread32", Direction::kBoth, true},
    {"sync", Direction::kNone},
}};

// How many bits of LBA and of blocks the CDB has room for.
bool Fits(std::string_view name, const CdbFields& f) {
  if (name == "read6" || name == "write6") {
    return f.lba < (1u << 21) && f.blocks >= 1 && f.blocks <= 256;
  }
  const bool ten = name == "read" || name == "write" || name == "xdwriteread";
  if (ten) return f.lba <= 0xffffffffu && f.blocks <= 0xffff;
  if (name == "read12" || name == "write12") return f.lba <= 0xffffffffu;
  if (name == "mode-sense6" || name == "request-sense") return f.allocation <= 255;
  return true;
}

}  // namespace

const CdbWord* FindCdb(std::string_view name) {
  const auto* found =
      std::find_if(kCdbs.begin(), kCdbs.end(), [&](const CdbWord& w) { return w.name == name; });
  return found == kCdbs.end() ? nullptr : found;
}

std::string CdbNames() {
  std::string names;
  for (const CdbWord& word : kCdbs) names += (names.empty() ? "" : ", ") + std::string(word.name);
  return names;
}

std::optional<initiator::Cdb> MakeCdb(std::string_view name, const CdbFields& f) {
  if (FindCdb(name) == nullptr || !Fits(name, f)) return std::nullopt;
  const auto byte = static_cast<std::uint8_t>(f.allocation);
  const Lba lba(f.lba);
  if (name == "tur") return initiator::TestUnitReady();
  if (name == "request-sense") return initiator::RequestSense(byte);
  if (name == "inquiry") return initiator::Inquiry(f.allocation, f.page);
  if (name == "read-capacity10") return initiator::ReadCapacity10();
  if (name == "read-capacity16") return initiator::ReadCapacity16(f.allocation);
  if (name == "mode-sense6") return initiator::ModeSense6(f.page.value_or(0x3f), 0, byte);
  if (name == "report-luns") return initiator::ReportLuns(f.allocation);
  if (name == "read6") return initiator::Read6(lba, f.blocks);
  if (name == "write6") return initiator::Write6(lba, f.blocks);
  if (name == "read") return initiator::Read10(lba, f.blocks, f.flags);
  if (name == "write") return initiator::Write10(lba, f.blocks, f.flags);
  if (name == "read12") return initiator::Read12(lba, f.blocks, f.flags);
  if (name == "write12") return initiator::Write12(lba, f.blocks, f.flags);
  if (name == "read16") return initiator::Read16(lba, f.blocks, f.flags);
  if (name == "write16") return initiator::Write16(lba, f.blocks, f.flags);
  if (name == "read32") return initiator::Read32(lba, f.blocks, f.flags);
  if (name == "write32") return initiator::Write32(lba, f.blocks, f.flags);
  if (name == "xdwriteread") return initiator::XdWriteRead10(lba, f.blocks, f.flags);
  if (name == "xdwriteread32") return initiator::XdWriteRead32(lba, f.blocks, f.flags);
  return initiator::SynchronizeCache10();
}

}  // namespace srpt::scenarios
