// Walks the failure points of the seam (target/verbs/seam.h): the whole daemon runs on the network
// within the process, once for each N, with the N-th call of verbs or the CM failing: start,
// listen, login, write, read, abort, logout, login again, stop. Whatever fails, expect that it ends
// cleanly: either the daemon says why it cannot start, or it goes on, a login or a session being
// all that was lost; and that nothing it made is left. [R-INV-36] [R-INV-50]
//
// Each run is a process of its own, so that one that crashes or hangs is seen.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "target/daemon.h"
#include "target/fake_session.h"
#include "target/log.h"
#include "target/verbs/failing_seam.h"
#include "target/verbs/fake_verbs.h"

namespace srpt::target {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using verbs::Failure;
using verbs::FailurePoints;

constexpr int kClean = 0;
constexpr int kNotReached = 3;  // The run has fewer calls than N.

// Everything of one run. What the N-th call broke may cost one session, not two. Answers how many
// it did.
int UseTarget(std::uint32_t send_queue) {
  int lost = 0;
  const auto again = [&](const char* what) {
    if (++lost > 1) Unclean(std::string("lost a second session: ") + what);
  };
  MutableBytes memory = Network::memory();
  for (std::size_t i = 0; i < kDataBytes; ++i) memory[i] = static_cast<std::uint8_t>(i * 7 + 1);
  for (bool done = false; !done;) {
    Session session;
    done = session.Login() && session.Transfer(true) && session.Transfer(false) && session.Abort();
    if (done) session.Logout();
    if (!done) again("login, write, read, abort");
  }
  if (!std::equal(memory.begin(), memory.begin() + kDataBytes, memory.begin() + kReadAt)) {
    Unclean("what was read is not what was written");
  }
  for (bool done = false; !done;) {
    Session session;
    done = session.Login() && session.Transfer(false);
    if (!done) again("login and read after the logout");
    const std::vector<std::uint32_t> queues = Network::SendQueues();
    if (send_queue != 0 && (queues.empty() || queues.back() != send_queue)) {
      Unclean("the send queue has another length than " + std::to_string(send_queue));
    }
  }
  return lost;
}

struct OneRun {
  std::string name;  // The n-th call of this name fails.
  std::uint64_t n = 0;
  Failure how = Failure::kTransient;
  bool iwarp = false;
  std::uint32_t shards = 1;
  int send_queue_max = fake::DeviceOptions().send_queue_max;
  std::uint32_t send_queue = 0;  // What a queue pair is expected to get; 0: whatever.
};

int RunOnce(const OneRun& run, const std::string& folder) {
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, nullptr);
  fake::DeviceOptions device;
  device.iwarp = run.iwarp;
  device.send_queue_max = run.send_queue_max;
  Network::AddDevice(device);
  DaemonOptions options;
  options.sources.scst_conf = folder + "/scst.conf";
  options.sources.overrides.emplace_back("srpt_service_guid", "00000000000005e0");
  options.admin_socket = folder + "/socket";
  options.shards = run.shards;
  InitLog("info");
  FailurePoints::Fail(run.n, run.how, run.name);
  std::atomic<int> status{-1};
  std::thread daemon([&] { status = RunDaemon(options); });
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (status == -1 && Network::Listening() < 2) {  // IPv4 and IPv6.
    if (std::chrono::steady_clock::now() > until) Unclean("it neither listens nor ends");
    std::this_thread::sleep_for(milliseconds(1));
  }
  if (status == -1) {
    const int lost = UseTarget(run.send_queue);
    // [R-FAULT-08]
    if (lost > 0 && run.name == "ibv_post_send" && run.how == Failure::kTransient) {
      Unclean("work that the device did not take for now cost a session");
    }
    kill(getpid(), SIGTERM);
  }
  daemon.join();
  const std::string failed = FailurePoints::failed();
  std::fprintf(stderr, "status %d, failed call: %s\n", status.load(), failed.c_str());
  for (const auto& [name, count] : FailurePoints::calls()) {
    std::fprintf(stderr, "called %llu times: %s\n", static_cast<unsigned long long>(count),
                 name.c_str());
  }
  if (run.n != 0 && failed.empty()) return kNotReached;
  if (!Network::broken().empty()) Unclean(Network::broken());
  if (!FailurePoints::Alive().empty()) Unclean("left: " + FailurePoints::Alive());
  return kClean;
}

struct Outcome {
  int status = -1;
  std::string text;    // Of its stderr.
  std::string failed;  // The call that failed.
};

class FailureWalk : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/srpt-walk-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    folder_ = name;
    std::ofstream(folder_ + "/disk") << std::string(1 << 20, '\0');
    std::ofstream(folder_ + "/scst.conf")
        << "HANDLER vdisk_fileio {\n  DEVICE disk0 {\n    filename " << folder_
        << "/disk\n    nv_cache 1\n  }\n}\nTARGET_DRIVER ib_srpt {\n  rdma_cm_port 5555\n"
           "  TARGET fe80:0000:0000:0000:0002:c903:00aa:0001 {\n    LUN 0 disk0\n    enabled 1\n"
           "  }\n}\n";
  }
  void TearDown() override {
    for (const char* name : {"/disk", "/scst.conf", "/socket", "/log"}) {
      unlink((folder_ + name).c_str());
    }
    rmdir(folder_.c_str());
  }

  Outcome InChild(const OneRun& run) {
    const std::string log = folder_ + "/log";
    std::fflush(nullptr);
    const pid_t child = fork();
    if (child == 0) {
      const int fd = open(log.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600);
      dup2(fd, 1);
      dup2(fd, 2);
      const int status = RunOnce(run, folder_);
      std::fflush(nullptr);
      _exit(status);
    }
    Outcome outcome;
    int status = 0;
    for (int ms = 0; waitpid(child, &status, WNOHANG) == 0; ms += 2) {
      if (ms > 60000) {
        kill(child, SIGKILL);
        waitpid(child, &status, 0);
        outcome.text = "it hung; ";
        break;
      }
      usleep(2000);
    }
    std::ifstream in(log);
    outcome.text += std::string(std::istreambuf_iterator<char>(in), {});
    outcome.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return outcome;
  }

  // The calls that a run makes, by name.
  std::set<std::string> Names(bool iwarp, std::uint32_t shards = 1) {
    const Outcome outcome = InChild({"", 0, Failure::kTransient, iwarp, shards});
    EXPECT_EQ(outcome.status, kClean) << outcome.text;
    EXPECT_NE(outcome.text.find("status 0,"), std::string::npos) << outcome.text;
    std::set<std::string> names;
    std::istringstream lines(outcome.text);
    const std::string mark = " times: ";
    for (std::string line; std::getline(lines, line);) {
      const std::size_t at = line.find(mark);
      if (line.rfind("called ", 0) == 0 && at != std::string::npos) {
        names.insert(line.substr(at + mark.size()));
      }
    }
    return names;
  }

  // Each call in its turn, to the last of each name.
  void Walk(Failure how, bool iwarp, std::uint32_t shards = 1) {
    std::uint64_t walked = 0;
    for (const std::string& name : Names(iwarp, shards)) {
      int unclean = 0;
      // How many polls find something is not the same each time: go on a little.
      for (std::uint64_t n = 1, beyond = 0; beyond < 2 && unclean < 3; ++n) {
        const Outcome outcome = InChild({name, n, how, iwarp, shards});
        if (outcome.status == kNotReached) {
          ++beyond;
          continue;
        }
        beyond = 0;
        ++walked;
        if (outcome.status != kClean) {
          ++unclean;
          ADD_FAILURE() << name << ", the " << n << "th, status " << outcome.status << ":\n"
                        << outcome.text;
        } else if (outcome.text.find("\nstatus 0,") == std::string::npos) {
          // A daemon that does not start says why.
          EXPECT_NE(outcome.text.find("srpt: "), std::string::npos) << outcome.text;
        }
      }
    }
    EXPECT_GT(walked, 80u);
    std::printf("%llu calls were made to fail\n", static_cast<unsigned long long>(walked));
  }

  std::string folder_;
};

// [R-CM-05, R-CM-06, R-CM-09]
TEST_F(FailureWalk, ARunMakesEveryCallThereIs) {
  const std::set<std::string> names = Names(false);
  for (const char* name : {"LooksUsable",
                           "ibv_alloc_pd",
                           "ibv_create_comp_channel",
                           "ibv_create_cq",
                           "ibv_dealloc_pd",
                           "ibv_dereg_mr",
                           "ibv_destroy_comp_channel",
                           "ibv_destroy_cq",
                           "ibv_modify_qp",
                           "ibv_poll_cq",
                           "ibv_post_recv",
                           "ibv_post_send",
                           "ibv_query_device",
                           "ibv_query_gid",
                           "ibv_query_pkey",
                           "ibv_query_port",
                           "ibv_reg_mr",
                           "ibv_req_notify_cq",
                           "rdma_accept",
                           "rdma_ack_cm_event",
                           "rdma_bind_addr",
                           "rdma_create_event_channel",
                           "rdma_create_id",
                           "rdma_create_qp",
                           "rdma_destroy_id",
                           "rdma_disconnect",
                           "rdma_get_cm_event",
                           "rdma_get_devices",
                           "rdma_listen",
                           "rdma_migrate_id",
                           "rdma_set_option"}) {
    EXPECT_TRUE(names.count(name)) << name;
  }
}

// [R-PARAM-04] srpt_sq_size is 256. Expect a queue pair with the first half that the device takes,
// and everything to work with it.
TEST_F(FailureWalk, ASendQueueThatIsTooLongIsHalved) {
  for (const auto& [most, got] :
       {std::pair(16384, 256u), std::pair(255, 128u), std::pair(20, 16u)}) {
    OneRun run;
    run.send_queue_max = most;
    run.send_queue = got;
    const Outcome outcome = InChild(run);
    EXPECT_EQ(outcome.status, kClean) << outcome.text;
    EXPECT_NE(outcome.text.find("status 0,"), std::string::npos) << outcome.text;
  }
}

TEST_F(FailureWalk, EachCallFailsForNow) { Walk(Failure::kTransient, false); }

TEST_F(FailureWalk, EachCallFailsForGood) { Walk(Failure::kHard, false); }

TEST_F(FailureWalk, EachCallFailsWithTwoShards) { Walk(Failure::kTransient, false, 2); }

TEST_F(FailureWalk, EachCallFailsOnIwarp) { Walk(Failure::kTransient, true); }

}  // namespace
}  // namespace srpt::target
