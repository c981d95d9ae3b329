// The daemon, from its configuration to its exit status.
#ifndef TARGET_DAEMON_H_
#define TARGET_DAEMON_H_

#include <cstdint>
#include <string>

#include "target/config/load.h"

namespace srpt::target {

inline constexpr char kAdminSocketDefault[] = "/run/srpt.sock";
inline constexpr std::uint32_t kPollBudgetDefault = 2;
inline constexpr std::uint32_t kShardsMax = 64;
inline constexpr int kExitFailed = 1;  // No usable device, a port or socket that is taken, ...
inline constexpr int kExitConfiguration = 2;  // Nothing was started.

struct DaemonOptions {
  config::Sources sources;
  std::string admin_socket = kAdminSocketDefault;
  std::uint32_t poll_budget = kPollBudgetDefault;
  std::uint32_t shards = 1;  // 1 to kShardsMax: threads that serve channels.
};

// Runs until a signal ends it. The answer is the exit status; the reason is on stderr.
int RunDaemon(const DaemonOptions& options);

}  // namespace srpt::target

#endif  // TARGET_DAEMON_H_
