// The whole daemon on the network within the process, and thousands of logins, of which some are
// cut: expect that the heap is no larger after them than before. (What the kernel and rdma-core
// hold for a login, conformance/guest/marathon.sh looks at.)
#include <gtest/gtest.h>
#include <malloc.h>
#include <spdlog/sinks/null_sink.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "target/fake_daemon.h"
#include "target/fake_session.h"
#include "target/log.h"

namespace srpt::target {
namespace {

constexpr int kWarmUp = 300;
constexpr int kLogins = 3000;
// What rings and tables may still grow by to their final size; a leak of 2 bytes a login is more.
// (The threads' own caches of free chunks would be counted too: they are switched off, see BUILD.)
constexpr long kGrowthBytesMax = 4096;

// Of all threads' arenas.
long HeapBytes() {
  const struct mallinfo2 info = mallinfo2();
  return static_cast<long>(info.uordblks + info.hblkhd);
}

// The sessions have ended, and what was made for them is gone.
void AwaitAlive(const std::string& alive) {
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (verbs::FailurePoints::Alive() != alive) {
    if (std::chrono::steady_clock::now() > until) {
      Unclean("left: " + verbs::FailurePoints::Alive());
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  Network::ForgetEnded();
}

void LogIn(int times) {
  for (int i = 0; i < times; ++i) {
    Session session(static_cast<std::uint8_t>(i % 4));
    if (!session.Login()) Unclean("a login was refused");
    if (i % 4 < 2 && !(session.Transfer(true) && session.Transfer(false) && session.Abort())) {
      Unclean("a session was lost");
    }
    // The others end when their initiator port logs in again: it replaces them.
    if (i % 2 == 0) session.Logout();
  }
  for (std::uint8_t host = 0; host < 4; ++host) {
    Session session(host);
    if (!session.Login()) Unclean("a login was refused");
    session.Logout();
  }
}

TEST(Logins, LeaveTheHeapAsLargeAsItWas) {
  InitLog("info");
  spdlog::default_logger()->sinks() = {std::make_shared<spdlog::sinks::null_sink_mt>()};
  DaemonOptions options;
  options.shards = 2;
  FakeDaemon daemon(options);

  const std::string alive = verbs::FailurePoints::Alive();
  LogIn(kWarmUp);
  AwaitAlive(alive);
  const long before = HeapBytes();
  LogIn(kLogins);
  AwaitAlive(alive);
  const long growth = HeapBytes() - before;
  EXPECT_LE(growth, kGrowthBytesMax) << "in " << kLogins << " logins";

  EXPECT_EQ(daemon.Stop(), 0);
  EXPECT_EQ(Network::broken(), "");
  EXPECT_EQ(verbs::FailurePoints::Alive(), "");
}

}  // namespace
}  // namespace srpt::target
