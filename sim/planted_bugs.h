// What is known of each planted bug (core/base/planted.h): its name for `--plant`, what it does
// wrong, and the invariants that catch it. A bug may show in several ways, depending on the seed;
// one that is caught by another invariant than those listed here fails `./dev planted`.
#ifndef SIM_PLANTED_BUGS_H_
#define SIM_PLANTED_BUGS_H_

#include <array>
#include <string_view>

#include "core/base/planted.h"
#include "sim/invariants.h"

namespace srpt::sim {

struct PlantedRule {
  PlantedBug bug;
  std::string_view name;
  std::string_view what;
  std::array<int, 6> caught_by;  // Numbers of invariants; 0: none.
};
const PlantedRule& RuleOf(PlantedBug bug);
// kCount: there is none of that name.
PlantedBug PlantedBugOf(std::string_view name);
bool MayCatch(PlantedBug bug, Invariant invariant);

}  // namespace srpt::sim

#endif  // SIM_PLANTED_BUGS_H_
