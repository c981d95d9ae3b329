// The whole daemon on the network within the process, with completion queues that run over and a
// device that fails: what is lost, how soon, and what goes on.
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <sstream>
#include <string>

#include "target/fake_daemon.h"
#include "target/fake_session.h"
#include "target/log.h"
#include "target/verbs/failing_seam.h"
#include "target/verbs/fake_verbs.h"

namespace srpt::target {
namespace {

// Well below the watchdog that would notice at last.
constexpr std::chrono::seconds kSoon(5);

void EndsSoon(Session& session, const char* what) {
  const auto began = std::chrono::steady_clock::now();
  session.AwaitEnd();
  EXPECT_LT(std::chrono::steady_clock::now() - began, kSoon) << what;
}

// Two sessions, each on a shard of its own. A completion queue of one runs over: expect that
// session to end at once, the other to go on, and the next login to the same shard to work.
// [R-FAULT-09] Then the device fails: expect all sessions to end, and the daemon, which has no
// other. [R-FAULT-26]
void UseDevicesThatFail(bool use_srq) {
  InitLog("info");
  std::ostringstream log;
  spdlog::default_logger()->sinks() = {std::make_shared<spdlog::sinks::ostream_sink_mt>(log)};
  DaemonOptions options;
  options.shards = 2;
  options.sources.overrides.emplace_back("use_srq", use_srq ? "Y" : "N");
  FakeDaemon daemon(options);

  Session other(1);
  {
    Session first(0);
    ASSERT_TRUE(first.Login() && first.Transfer(true));
    ASSERT_TRUE(other.Login() && other.Transfer(true));
    Network::RunOver(first.peer(), true);
    EndsSoon(first, "the queue for sends ran over");
    EXPECT_TRUE(other.Transfer(false));
  }
  {
    Session second(0);
    ASSERT_TRUE(second.Login() && second.Transfer(true));
    Network::RunOver(second.peer(), false);
    EndsSoon(second, "the queue for receives ran over");
    EXPECT_TRUE(other.Transfer(false));
  }
  Session third(0);
  ASSERT_TRUE(third.Login() && third.Transfer(true) && third.Transfer(false));
  Network::FailDevice();
  EndsSoon(third, "the device failed");
  EndsSoon(other, "the device failed");
  EXPECT_EQ(daemon.Join(), 1) << "no device is left";
  EXPECT_NE(log.str().find("the completion queue for sends ran over"), std::string::npos)
      << log.str();
  EXPECT_EQ(log.str().find("did not drain"), std::string::npos) << log.str();
  EXPECT_EQ(Network::broken(), "");
  EXPECT_EQ(verbs::FailurePoints::Alive(), "");
}

// One process has one network: each in a process of its own.
void InAProcess(bool use_srq) {
  EXPECT_EXIT(
      {
        UseDevicesThatFail(use_srq);
        std::_Exit(testing::Test::HasFailure() ? 1 : 0);
      },
      testing::ExitedWithCode(0), "");
}

TEST(DeviceFailure, EndsWhatItConcernsAtOnce) { InAProcess(false); }

TEST(DeviceFailure, EndsWhatItConcernsAtOnceWithASharedReceiveQueue) { InAProcess(true); }

}  // namespace
}  // namespace srpt::target
