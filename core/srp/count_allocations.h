// Linking this replaces operator new and counts its calls.
#ifndef CORE_SRP_COUNT_ALLOCATIONS_H_
#define CORE_SRP_COUNT_ALLOCATIONS_H_

#include <cstdint>

namespace srpt {

// Since the program's start. For programs of one thread.
std::uint64_t AllocationsSoFar();

}  // namespace srpt

#endif  // CORE_SRP_COUNT_ALLOCATIONS_H_
