// SRPT_CHECK: an assertion about our own code, on in every build. A peer's mistake is never one.
//
// A failed check calls the handler that the driver installed (to print its last events) and then
// stops the program. The handler must not return into core.
#ifndef CORE_BASE_CHECK_H_
#define CORE_BASE_CHECK_H_

namespace srpt {

using CheckHandler = void (*)(const char* file, int line, const char* what);

// Installs `handler` for the whole process and returns the earlier one. Null restores the default,
// which stops the program at once.
CheckHandler SetCheckHandler(CheckHandler handler);

[[noreturn]] void CheckFailed(const char* file, int line, const char* what);

}  // namespace srpt

#define SRPT_CHECK(condition)                        \
  (__builtin_expect(static_cast<bool>(condition), 1) \
       ? static_cast<void>(0)                        \
       : ::srpt::CheckFailed(__FILE__, __LINE__, #condition))
#define SRPT_UNREACHABLE(what) ::srpt::CheckFailed(__FILE__, __LINE__, what)

#endif  // CORE_BASE_CHECK_H_
