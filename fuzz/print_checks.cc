// Linked into a program of tests, prints which check of ours failed before the program stops; core
// itself writes nothing.
#include <cstdio>

#include "core/base/check.h"

namespace {

void Print(const char* file, int line, const char* what) {
  std::fprintf(stderr, "%s:%d: check failed: %s\n", file, line, what);
}

[[maybe_unused]] const srpt::CheckHandler g_earlier = srpt::SetCheckHandler(Print);

}  // namespace
