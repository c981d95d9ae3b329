#include "core/base/check.h"

namespace srpt {
namespace {
CheckHandler g_handler = nullptr;  // Set before any shard runs; read only on the way down.
}  // namespace

CheckHandler SetCheckHandler(CheckHandler handler) {
  CheckHandler old = g_handler;
  g_handler = handler;
  return old;
}

void CheckFailed(const char* file, int line, const char* what) {
  if (g_handler != nullptr) g_handler(file, line, what);
  __builtin_trap();
}

}  // namespace srpt
