// Words of a configuration as values. Nothing: the word does not have that form.
#ifndef TARGET_CONFIG_VALUES_H_
#define TARGET_CONFIG_VALUES_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace srpt::config {

// Decimal, or hexadecimal after 0x.
std::optional<std::uint64_t> ParseNumber(std::string_view word);
// ParseNumber within [min, max].
std::optional<std::uint64_t> ParseNumber(std::string_view word, std::uint64_t min,
                                         std::uint64_t max);
// 0 or 1.
std::optional<bool> ParseFlag(std::string_view word);
// As the kernel's module parameters: 0 1 n y N Y.
std::optional<bool> ParseModuleBool(std::string_view word);
// 16 hex digits, with or without 0x, or in four groups with colons.
std::optional<std::uint64_t> ParseHex64(std::string_view word);
// Eight groups of four hex digits; answers it in lower case.
std::optional<std::string> ParseTargetName(std::string_view word);

// A byte that no text has: a control character other than tab and carriage return.
bool IsControl(char c);
bool IsPrintableAscii(std::string_view word);
// '*' and '?' aside, without regard to case.
std::string LowerCase(std::string_view word);

}  // namespace srpt::config

#endif  // TARGET_CONFIG_VALUES_H_
