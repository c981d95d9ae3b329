// What the steps of all models share: how one is compared with what came, and shown.
#ifndef SIM_MODELS_STEPS_H_
#define SIM_MODELS_STEPS_H_

#include <rapidcheck.h>
#include <rapidcheck/state.h>

#include <cstddef>
#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "sim/models/hand.h"

namespace srpt::sim::models {

// A step that says what it does in one line: that line is what a counterexample consists of.
template <class Model>
class Step : public rc::state::Command<Model, Hand> {
 public:
  virtual std::string Text() const = 0;
  void show(std::ostream& os) const override { os << Text(); }
};

// Waits, and compares what came with what the model says, and nothing else.
inline void Expect(Hand& hand, Duration time, const Answers& expected) {
  const Answers came = hand.Settle(time);
  RC_ASSERT(came == expected);
  const std::string complaint = hand.Complaint();
  RC_ASSERT(complaint == "");
}

// Shrinks to the first of those given, which gen::element() does not.
template <class T, std::size_t N>
T AnyOf(const T (&choices)[N]) {
  return choices[*rc::gen::inRange<std::size_t>(0, N)];
}
inline Ask AnyAsk() {
  constexpr Ask kAsks[] = {Ask::kTestUnitReady, Ask::kInquiry,        Ask::kRead,
                           Ask::kWrite,         Ask::kWriteImmediate, Ask::kSynchronize};
  return AnyOf(kAsks);
}

// One of them, or `other`: for a tag that may be there or not.
template <class Map>
std::uint64_t AnyKeyOr(const Map& map, std::uint64_t other) {
  std::vector<std::uint64_t> keys;
  for (const auto& [key, value] : map) keys.push_back(key);
  keys.push_back(other);
  return keys[*rc::gen::inRange<std::size_t>(0, keys.size())];
}

}  // namespace srpt::sim::models

#endif  // SIM_MODELS_STEPS_H_
