#include "sim/paths.h"

#include <dlfcn.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <utility>
#include <vector>

namespace srpt::sim {
namespace {

// One executable, so one range of flags, and one of addresses, in the same order (clang's
// documentation: SanitizerCoverage, inline-bool-flag and pc-table).
struct PcEntry {
  std::uintptr_t pc;
  std::uintptr_t flags;
};
const bool* flags_begin = nullptr;
const bool* flags_end = nullptr;
const PcEntry* pcs_begin = nullptr;

std::size_t Blocks() { return static_cast<std::size_t>(flags_end - flags_begin); }

std::string Executable() {
  std::array<char, 4096> name{};
  const ssize_t n = readlink("/proc/self/exe", name.data(), name.size() - 1);
  return n > 0 ? std::string(name.data(), static_cast<std::size_t>(n)) : std::string();
}

}  // namespace

bool PathsAreCounted() { return Blocks() != 0 && pcs_begin != nullptr; }

PathCounts CountPaths() {
  PathCounts counts;
  counts.blocks = Blocks();
  for (const bool* flag = flags_begin; flag != flags_end; ++flag) counts.reached += *flag ? 1 : 0;
  return counts;
}

bool WritePaths(const std::string& name) {
  Dl_info where{};
  if (dladdr(pcs_begin, &where) == 0) return false;
  const auto base = reinterpret_cast<std::uintptr_t>(where.dli_fbase);
  std::FILE* const file = std::fopen(name.c_str(), "w");
  if (file == nullptr) return false;
  std::fprintf(file, "srpt-paths 1 %s\n", Executable().c_str());
  for (std::size_t i = 0; i < Blocks(); ++i) {
    std::fprintf(file, "%s %jx\n", flags_begin[i] ? "reached" : "missed",
                 static_cast<std::uintmax_t>(pcs_begin[i].pc - base));
  }
  const bool written = std::ferror(file) == 0;
  return std::fclose(file) == 0 && written;
}

}  // namespace srpt::sim

// What clang's instrumentation calls before main; nobody does in other builds. The names are its.
// NOLINTBEGIN(bugprone-reserved-identifier)
extern "C" void __sanitizer_cov_bool_flag_init(bool* begin, bool* end);
extern "C" void __sanitizer_cov_pcs_init(const std::uintptr_t* begin, const std::uintptr_t* end);

extern "C" void __sanitizer_cov_bool_flag_init(bool* begin, bool* end) {
  srpt::sim::flags_begin = begin;
  srpt::sim::flags_end = end;
}

extern "C" void __sanitizer_cov_pcs_init(const std::uintptr_t* begin, const std::uintptr_t* end) {
  static_cast<void>(end);
  srpt::sim::pcs_begin = reinterpret_cast<const srpt::sim::PcEntry*>(begin);
}
// NOLINTEND(bugprone-reserved-identifier)
