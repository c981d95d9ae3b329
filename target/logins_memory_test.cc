// The whole daemon on the network within the process, and thousands of logins, of which some are
// cut: expect that the heap is no larger after them than before. (What the kernel and rdma-core
// hold for a login, conformance/guest/marathon.sh looks at.)
#include <gtest/gtest.h>
#include <malloc.h>
#include <spdlog/sinks/null_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <thread>

#include "target/daemon.h"
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
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  char name[] = "/tmp/srpt-logins-XXXXXX";  // Not in TEST_TMPDIR: a socket's path is short.
  ASSERT_NE(mkdtemp(name), nullptr);
  const std::string folder = name;
  std::ofstream(folder + "/disk") << std::string(1 << 20, '\0');
  std::ofstream(folder + "/scst.conf")
      << "HANDLER vdisk_fileio {\n  DEVICE disk0 {\n    filename " << folder
      << "/disk\n    nv_cache 1\n  }\n}\nTARGET_DRIVER ib_srpt {\n  rdma_cm_port 5555\n"
         "  TARGET fe80:0000:0000:0000:0002:c903:00aa:0001 {\n    LUN 0 disk0\n    enabled 1\n"
         "  }\n}\n";
  Network::AddDevice({});
  DaemonOptions options;
  options.sources.scst_conf = folder + "/scst.conf";
  options.sources.overrides.emplace_back("srpt_service_guid", "00000000000005e0");
  options.admin_socket = folder + "/socket";
  options.shards = 2;
  InitLog("info");
  spdlog::default_logger()->sinks() = {std::make_shared<spdlog::sinks::null_sink_mt>()};
  int status = -1;
  std::thread daemon([&] { status = RunDaemon(options); });
  while (Network::Listening() < 2) std::this_thread::sleep_for(std::chrono::milliseconds(1));

  const std::string alive = verbs::FailurePoints::Alive();
  LogIn(kWarmUp);
  AwaitAlive(alive);
  const long before = HeapBytes();
  LogIn(kLogins);
  AwaitAlive(alive);
  const long growth = HeapBytes() - before;
  EXPECT_LE(growth, kGrowthBytesMax) << "in " << kLogins << " logins";

  kill(getpid(), SIGTERM);
  daemon.join();
  EXPECT_EQ(status, 0);
  EXPECT_EQ(Network::broken(), "");
  EXPECT_EQ(verbs::FailurePoints::Alive(), "");
  for (const char* one : {"/disk", "/scst.conf", "/socket"}) {
    unlink((folder + one).c_str());
  }
  rmdir(folder.c_str());
}

}  // namespace
}  // namespace srpt::target
