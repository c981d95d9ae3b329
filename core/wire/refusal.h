// Why a parser refused, as something a test can compare and print. For tests only.
#ifndef CORE_WIRE_REFUSAL_H_
#define CORE_WIRE_REFUSAL_H_

#include <optional>
#include <ostream>

#include "core/base/result.h"
#include "core/wire/data_descriptor.h"
#include "core/wire/lun.h"
#include "core/wire/opcode.h"

namespace srpt::wire {

// Nothing if it was taken.
template <class T, class E>
std::optional<E> Refusal(const Result<T, E>& result) {
  return result.ok() ? std::nullopt : std::optional<E>(result.error());
}

// GoogleTest finds these.
inline void PrintTo(ParseError error, std::ostream* out) { *out << to_string(error); }
inline void PrintTo(DescriptorError error, std::ostream* out) { *out << to_string(error); }
inline void PrintTo(LunError error, std::ostream* out) { *out << to_string(error); }

}  // namespace srpt::wire

#endif  // CORE_WIRE_REFUSAL_H_
