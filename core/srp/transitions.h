// Tables of legal transitions. A state machine's table is data: its one setter looks the move up
// and stops the program at an illegal one (invariant 49, also in production),
// docs/state-machines.md is drawn from it, and a golden test walks every state and event
// (golden_table.h).
#ifndef CORE_SRP_TRANSITIONS_H_
#define CORE_SRP_TRANSITIONS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace srpt {

// `State` and `Cause` are enumerations that count from 0 and end with kCount.
template <class State, class Cause>
struct Transition {
  State from;
  Cause cause;
  State to;
  std::string_view does;  // What goes with it, for the reader.
};

// The same as bits, for the setter: one load and a shift.
template <class State, class Cause>
class Moves {
 public:
  static constexpr std::size_t kStates = static_cast<std::size_t>(State::kCount);
  static constexpr std::size_t kCauses = static_cast<std::size_t>(Cause::kCount);
  static_assert(kStates <= 16);

  template <std::size_t N>
  explicit constexpr Moves(const std::array<Transition<State, Cause>, N>& table) {
    for (const auto& t : table) {
      bits_[Index(t.cause)][Index(t.from)] |= static_cast<std::uint16_t>(1u << Index(t.to));
    }
  }
  constexpr bool Allows(State from, Cause cause, State to) const {
    return ((bits_[Index(cause)][Index(from)] >> Index(to)) & 1u) != 0;
  }

 private:
  template <class E>
  static constexpr std::size_t Index(E e) {
    return static_cast<std::size_t>(e);
  }
  std::array<std::array<std::uint16_t, kStates>, kCauses> bits_{};
};

}  // namespace srpt

#endif  // CORE_SRP_TRANSITIONS_H_
