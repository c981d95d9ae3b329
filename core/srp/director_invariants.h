// What always holds in the director's books, checked after every step in tests. O(everything).
#ifndef CORE_SRP_DIRECTOR_INVARIANTS_H_
#define CORE_SRP_DIRECTOR_INVARIANTS_H_

#include <string>

#include "core/srp/director.h"

namespace srpt {

class DirectorInvariants {
 public:
  // Empty, or the first one that does not hold, as an English sentence.
  static std::string Broken(const Director& director);
};

}  // namespace srpt

#endif  // CORE_SRP_DIRECTOR_INVARIANTS_H_
