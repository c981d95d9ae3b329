// A property that must fail, and the counterexample that RapidCheck shrinks it to.
#ifndef SIM_MODELS_SHRUNK_H_
#define SIM_MODELS_SHRUNK_H_

#include <functional>
#include <string>

namespace srpt::sim::models {

struct Shrunk {
  std::string steps;  // As shown, a line each. Empty: the property held.
  std::string why;    // What did not hold.
};

// Always with the same seed, whatever RC_PARAMS says.
Shrunk Shrink(const std::function<void()>& property);

}  // namespace srpt::sim::models

#endif  // SIM_MODELS_SHRUNK_H_
