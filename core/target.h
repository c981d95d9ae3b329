// Start reading here: what a driver needs in order to run the whole target.
//
// A driver owns one Director and one Shard a reactor. It turns what the world does into events
// (event.h), calls Step, and carries out the actions (action.h) in order; it carries messages
// (message.h) between the director and the shards; and it calls Step with DeadlineReached when
// NextDeadline() says so. It lends memory through a MemoryPort (ports.h). Nothing else goes in or
// out: the simulator (//sim) and the verbs daemon (//target) are both such drivers.
#ifndef CORE_TARGET_H_
#define CORE_TARGET_H_

#include "core/action.h"        // IWYU pragma: export
#include "core/admin.h"         // IWYU pragma: export
#include "core/config.h"        // IWYU pragma: export
#include "core/event.h"         // IWYU pragma: export
#include "core/ports.h"         // IWYU pragma: export
#include "core/srp/director.h"  // IWYU pragma: export
#include "core/srp/shard.h"     // IWYU pragma: export

#endif  // CORE_TARGET_H_
