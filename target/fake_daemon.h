// The whole daemon with one disk, on the network within the process (target/verbs/fake_verbs.h),
// which has one device: for tests that then log in as a peer (target/fake_session.h). A process has
// one network, and so one of these at a time.
#ifndef TARGET_FAKE_DAEMON_H_
#define TARGET_FAKE_DAEMON_H_

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>

#include "target/daemon.h"
#include "target/fake_session.h"

namespace srpt::target {

class FakeDaemon {
 public:
  // Returns once it listens; ends the process if it does not. `options`: what the test asks for;
  // the rest is filled in. `more`: statements in the target's section.
  explicit FakeDaemon(DaemonOptions options, const std::string& more = "") {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    char name[] = "/tmp/srpt-fake-XXXXXX";  // Not in TEST_TMPDIR: a socket's path is short.
    if (mkdtemp(name) == nullptr) Unclean("no folder for the daemon");
    folder_ = name;
    std::ofstream(folder_ + "/disk") << std::string(1 << 20, '\0');
    std::ofstream(folder_ + "/scst.conf")
        << "HANDLER vdisk_fileio {\n  DEVICE disk0 {\n    filename " << folder_
        << "/disk\n    nv_cache 1\n  }\n}\nTARGET_DRIVER ib_srpt {\n  rdma_cm_port 5555\n"
           "  TARGET fe80:0000:0000:0000:0002:c903:00aa:0001 {\n    LUN 0 disk0\n    enabled 1\n"
        << more << "  }\n}\n";
    Network::AddDevice({});
    options.sources.scst_conf = folder_ + "/scst.conf";
    options.sources.overrides.emplace_back("srpt_service_guid", "00000000000005e0");
    options.admin_socket = socket();
    thread_ = std::thread([this, options] { status_ = RunDaemon(options); });
    while (status_ == -1 && Network::Listening() < 2) {  // IPv4 and IPv6.
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    if (status_ != -1) Unclean("the daemon did not start");
  }
  ~FakeDaemon() {
    if (thread_.joinable()) Stop();
    for (const char* one : {"/disk", "/scst.conf", "/socket"}) unlink((folder_ + one).c_str());
    rmdir(folder_.c_str());
  }
  FakeDaemon(const FakeDaemon&) = delete;
  FakeDaemon& operator=(const FakeDaemon&) = delete;

  std::string socket() const { return folder_ + "/socket"; }
  // Waits until it ends by itself; its exit status.
  int Join() {
    thread_.join();
    return status_;
  }
  int Stop() {
    kill(getpid(), SIGTERM);
    return Join();
  }

 private:
  std::string folder_;
  std::atomic<int> status_{-1};
  std::thread thread_;
};

}  // namespace srpt::target

#endif  // TARGET_FAKE_DAEMON_H_
