// Result<T, E>: a value or the reason there is none. (std::expected is not in g++ 12 or clang 14.)
#ifndef CORE_BASE_RESULT_H_
#define CORE_BASE_RESULT_H_

#include <utility>
#include <variant>

#include "core/base/check.h"

namespace srpt {

template <class E>
struct Err {
  E error;
};
template <class E>
Err(E) -> Err<E>;

template <class T, class E>
class [[nodiscard]] Result {
 public:
  Result(T value) : v_(std::in_place_index<0>, std::move(value)) {}  // NOLINT: implicit by design
  // A default value, to be filled in where it lies.
  explicit Result(std::in_place_t) : v_(std::in_place_index<0>) {}
  template <class F>
  Result(Err<F> e) : v_(std::in_place_index<1>, std::move(e.error)) {}  // NOLINT

  bool ok() const { return v_.index() == 0; }
  explicit operator bool() const { return ok(); }
  const T& value() const {
    SRPT_CHECK(ok());
    return *std::get_if<0>(&v_);
  }
  T& value() {
    SRPT_CHECK(ok());
    return *std::get_if<0>(&v_);
  }
  const E& error() const {
    SRPT_CHECK(!ok());
    return *std::get_if<1>(&v_);
  }
  const T& operator*() const { return value(); }
  const T* operator->() const { return &value(); }

 private:
  std::variant<T, E> v_;
};

}  // namespace srpt

#endif  // CORE_BASE_RESULT_H_
