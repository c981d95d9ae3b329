// The whole daemon with four shards' threads on the network within the process, and eight
// initiators that read and write at once while administrators ask: expect every answer, the right
// bytes, channels on every shard, and a clean end. The thread sanitizer is the one whom this test
// is for (./dev check tsan).
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "target/admin/ctl.h"
#include "target/fake_daemon.h"
#include "target/fake_session.h"
#include "target/log.h"

namespace srpt::target {
namespace {

constexpr int kHosts = 8;
constexpr int kRounds = 25;

// Logs in, writes and reads and compares, aborts, logs out; twice.
void UseAsHost(std::uint8_t host, std::atomic<int>& served) {
  const MutableBytes memory = Network::memory().subspan(host * kHostBytes, kHostBytes);
  for (int login = 0; login < 2; ++login) {
    Session session(host);
    if (!session.Login()) Unclean("a login was refused");
    for (int round = 0; round < kRounds; ++round) {
      for (std::size_t i = 0; i < kDataBytes; ++i) {
        memory[i] = static_cast<std::uint8_t>(i * 7 + static_cast<std::size_t>(host + round));
      }
      std::fill_n(memory.begin() + kReadAt, kDataBytes, std::uint8_t{0});
      if (!session.Transfer(true) || !session.Transfer(false) || !session.Abort()) {
        Unclean("a session was lost");
      }
      if (!std::equal(memory.begin(), memory.begin() + kDataBytes, memory.begin() + kReadAt)) {
        Unclean("what was read is not what was written");
      }
      served += 2;
    }
    session.Logout();
  }
}

TEST(Shards, ServeEightHostsOnFourThreads) {
  InitLog("info");
  // (Not stderr, which is the sanitizer's.)
  std::ostringstream log;
  spdlog::default_logger()->sinks() = {std::make_shared<spdlog::sinks::ostream_sink_mt>(log)};
  DaemonOptions options;
  options.shards = 4;
  FakeDaemon daemon(options, "    comp_v_mask 0x2\n");

  std::atomic<int> served{0};
  std::atomic<bool> asking{true};
  std::atomic<int> asked{0};
  std::thread administrator([&] {
    std::string socket = daemon.socket();
    while (asking) {
      for (const char* verb : {"sessions", "counters"}) {
        std::string flag = "--socket", list = "list", what = verb;
        char* words[] = {flag.data(), socket.data(), list.data(), what.data()};
        if (CtlMain(4, words) != 0) Unclean("an administrator got no answer");
        ++asked;
      }
    }
  });
  std::vector<std::thread> hosts;
  for (std::uint8_t host = 0; host < kHosts; ++host) {
    hosts.emplace_back([&served, host] { UseAsHost(host, served); });
  }
  for (std::thread& host : hosts) host.join();
  asking = false;
  administrator.join();
  EXPECT_EQ(daemon.Stop(), 0);
  EXPECT_EQ(served, kHosts * 2 * kRounds * 2);
  EXPECT_GT(asked, 0);
  EXPECT_EQ(Network::CompletionVectors(), std::set<int>{1}) << "[R-PARAM-11] comp_v_mask 0x2";
  EXPECT_EQ(Network::broken(), "");
  EXPECT_EQ(verbs::FailurePoints::Alive(), "");
  const std::string lines = log.str();
  std::set<std::string> shards;
  // "... accepted: session NAME, shard N, ..."
  for (std::size_t at = 0; (at = lines.find("accepted: session ", at)) != std::string::npos;) {
    at = lines.find(", shard ", at) + 2;
    shards.insert(lines.substr(at, lines.find(',', at) - at));
  }
  EXPECT_EQ(shards, (std::set<std::string>{"shard 0", "shard 1", "shard 2", "shard 3"})) << lines;
}

}  // namespace
}  // namespace srpt::target
