#include "target/config/values.h"

#include <charconv>

namespace srpt::config {
namespace {

std::optional<std::uint64_t> Digits(std::string_view word, int base) {
  std::uint64_t value = 0;
  const char* end = word.data() + word.size();
  const auto [last, error] = std::from_chars(word.data(), end, value, base);
  if (error != std::errc{} || last != end || word.empty()) return std::nullopt;
  return value;
}

bool IsHex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// Groups of four hex digits with colons between.
bool IsGrouped(std::string_view word, std::size_t groups) {
  if (word.size() != groups * 5 - 1) return false;
  for (std::size_t i = 0; i < word.size(); ++i) {
    if (i % 5 == 4 ? word[i] != ':' : !IsHex(word[i])) return false;
  }
  return true;
}

}  // namespace

std::optional<std::uint64_t> ParseNumber(std::string_view word) {
  if (word.substr(0, 2) == "0x" || word.substr(0, 2) == "0X") return Digits(word.substr(2), 16);
  return Digits(word, 10);
}

std::optional<std::uint64_t> ParseNumber(std::string_view word, std::uint64_t min,
                                         std::uint64_t max) {
  const auto value = ParseNumber(word);
  if (!value || *value < min || *value > max) return std::nullopt;
  return value;
}

std::optional<bool> ParseFlag(std::string_view word) {
  if (word == "0") return false;
  if (word == "1") return true;
  return std::nullopt;
}

std::optional<bool> ParseModuleBool(std::string_view word) {
  if (word == "0" || word == "n" || word == "N") return false;
  if (word == "1" || word == "y" || word == "Y") return true;
  return std::nullopt;
}

std::optional<std::uint64_t> ParseHex64(std::string_view word) {
  if (IsGrouped(word, 4)) {
    std::string plain;
    for (const char c : word) {
      if (c != ':') plain += c;
    }
    return Digits(plain, 16);
  }
  if (word.substr(0, 2) == "0x" || word.substr(0, 2) == "0X") word.remove_prefix(2);
  if (word.size() != 16) return std::nullopt;
  return Digits(word, 16);
}

std::optional<std::string> ParseTargetName(std::string_view word) {
  if (!IsGrouped(word, 8)) return std::nullopt;
  return LowerCase(word);
}

bool IsControl(char c) {
  const auto u = static_cast<unsigned char>(c);
  return (u < 0x20 && c != '\t' && c != '\r') || u == 0x7f;
}

bool IsPrintableAscii(std::string_view word) {
  for (const char c : word) {
    if (c < 0x20 || c > 0x7e) return false;
  }
  return true;
}

std::string LowerCase(std::string_view word) {
  std::string out(word);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

}  // namespace srpt::config
