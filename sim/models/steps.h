// What the steps of all models share: how one is compared with what came, and shown.
#ifndef SIM_MODELS_STEPS_H_
#define SIM_MODELS_STEPS_H_

#include <rapidcheck.h>
#include <rapidcheck/state.h>

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

// One of them, or `other`: for a tag that may be there or not.
template <class Map>
std::uint64_t AnyKeyOr(const Map& map, std::uint64_t other) {
  std::vector<std::uint64_t> keys{other};
  for (const auto& [key, value] : map) keys.push_back(key);
  return *rc::gen::elementOf(keys);
}

}  // namespace srpt::sim::models

#endif  // SIM_MODELS_STEPS_H_
