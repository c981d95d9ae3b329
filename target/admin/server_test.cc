#include "target/admin/server.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "target/admin/fake_host.h"
#include "target/admin/socket.h"

namespace srpt::target {
namespace {

using Json = nlohmann::ordered_json;

// A client that never blocks the test: the server runs whenever it waits.
class TestClient {
 public:
  TestClient(const std::string& path, AdminServer& server) : server_(server) {
    const auto fd = ConnectTo(path);
    EXPECT_TRUE(fd.ok()) << fd.error();
    fd_ = fd.ok() ? *fd : -1;
  }
  TestClient(TestClient&& other) noexcept
      : server_(other.server_), fd_(std::exchange(other.fd_, -1)), in_(std::move(other.in_)) {}
  TestClient(const TestClient&) = delete;
  TestClient& operator=(const TestClient&) = delete;
  ~TestClient() { Close(); }
  void Close() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

  // False: the server has hung up.
  bool Send(const std::string& text) {
    std::size_t sent = 0;
    for (int idle = 0; sent < text.size() && idle < 1000;) {
      const ssize_t n =
          send(fd_, text.data() + sent, text.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n < 0 && errno != EAGAIN) return false;
      if (n > 0) sent += static_cast<std::size_t>(n);
      idle = n > 0 ? 0 : idle + 1;
      server_.OnReady();
    }
    return sent == text.size();
  }
  // The next line; "" when there is none.
  std::string Line() {
    for (int idle = 0; idle < 100;) {
      const std::size_t end = in_.find('\n');
      if (end != std::string::npos) {
        std::string line = in_.substr(0, end);
        in_.erase(0, end + 1);
        return line;
      }
      server_.OnReady();
      char buffer[65536];
      const ssize_t n = recv(fd_, buffer, sizeof(buffer), MSG_DONTWAIT);
      if (n > 0) in_.append(buffer, static_cast<std::size_t>(n));
      if (n == 0) return "";
      idle = n > 0 ? 0 : idle + 1;
    }
    return "";
  }
  Json Ask(const std::string& request) {
    EXPECT_TRUE(Send(request + "\n"));
    const std::string line = Line();
    EXPECT_NE(line, "") << request;
    return Json::parse(line, nullptr, false);
  }
  void EndOfRequests() { shutdown(fd_, SHUT_WR); }
  bool HungUp() {
    for (int i = 0; i < 100; ++i) {
      server_.OnReady();
      char byte = 0;
      const ssize_t n = recv(fd_, &byte, 1, MSG_DONTWAIT);
      if (n == 0 || (n < 0 && errno != EAGAIN)) return true;
    }
    return false;
  }

 private:
  AdminServer& server_;
  int fd_ = -1;
  std::string in_;
};

class ServerTest : public testing::Test {
 protected:
  void SetUp() override {
    // Short: a Unix socket's path has at most 107 bytes, and test directories are long.
    char dir[] = "/tmp/srptXXXXXX";
    ASSERT_NE(mkdtemp(dir), nullptr);
    dir_ = dir;
    path_ = dir_ + "/s";
    Start();
  }
  void TearDown() override {
    server_.reset();
    unlink(path_.c_str());
    rmdir(dir_.c_str());
  }
  void Start() {
    auto socket = ListeningSocket::Open(path_);
    ASSERT_TRUE(socket.ok()) << socket.error().text;
    auto server = AdminServer::Serve(std::move(socket.value()), host_);
    ASSERT_TRUE(server.ok()) << server.error();
    server_ = std::move(server.value());
    host_.on_done = [this](AdminId id, admin::Status status, const std::string& text) {
      server_->OnAdminDone(id, status, text);
    };
    host_.on_opened = [this](AdminId id, const auto& unit) { server_->OnDeviceOpened(id, unit); };
  }
  TestClient Connect() { return TestClient(path_, *server_); }

  const std::string list_ = R"({"op":"list","what":"devices"})";
  std::string AddLun(int lun) const {
    return R"({"op":"add_lun","target":")" + std::string(kFakeTarget) + R"(","lun":)" +
           std::to_string(lun) + R"(,"device":"null0"})";
  }

  std::string dir_;
  std::string path_;
  FakeHost host_;
  std::unique_ptr<AdminServer> server_;
};

TEST_F(ServerTest, ARealDirectorAnswers) {
  TestClient client = Connect();
  EXPECT_EQ(client.Ask(AddLun(5))["ok"], true);
  EXPECT_EQ(host_.director().Targets()[0].luns.size(), 2u);
  const Json again = client.Ask(AddLun(5));
  EXPECT_EQ(again["ok"], false);
  EXPECT_EQ(again.value("error", ""), "LUN 5 is device null0 already; remove it first");
  EXPECT_EQ(client.Ask(R"({"op":"resize","device":"null0","bytes":2097152})")["ok"], true);
  EXPECT_EQ(client.Ask(R"({"op":"get","path":"/devices/null0/size"})")["value"], "2097152");
  EXPECT_EQ(client.Ask(R"({"op":"set_alua","group":"dg/tg","state":"standby"})")["ok"], true);
  EXPECT_EQ(host_.director().TargetGroups()[0].state, scsi::AluaState::kStandby);
  EXPECT_EQ(client.Ask(R"({"op":"disable","target":"nobody"})")["ok"], false);
}

TEST_F(ServerTest, ASessionIsClosed) {
  host_.Login(1);
  TestClient client = Connect();
  EXPECT_EQ(client.Ask(R"({"op":"close_session","target":")" + std::string(kFakeTarget) +
                       R"(","session":"10.0.0.1"})")["ok"],
            true);
  EXPECT_TRUE(host_.director().Sessions().empty());
}

TEST_F(ServerTest, DevicesComeAndGo) {
  TestClient client = Connect();
  const std::string add = R"({"op":"add_device","handler":"vdisk_nullio","device":")";
  EXPECT_EQ(client.Ask(add + R"(n1","attributes":{"size_mb":8}})")["ok"], true);
  EXPECT_EQ(host_.director().Devices().size(), 3u);
  EXPECT_EQ(client.Ask(R"({"op":"del_device","device":"n1"})")["ok"], true);
  EXPECT_EQ(host_.forgotten, std::vector<std::string>{"n1"});
  // In use: the director says no.
  EXPECT_EQ(client.Ask(R"({"op":"del_device","device":"disk0"})")["ok"], false);
  // The store opens, the director refuses: expect the store to be let go of.
  EXPECT_EQ(client.Ask(add + R"(disk0"})")["ok"], false);
  EXPECT_EQ(host_.forgotten, (std::vector<std::string>{"n1", "disk0"}));
  EXPECT_EQ(client.Ask(R"({"op":"add_device","handler":"vdisk_fileio","device":"x",)"
                       R"("attributes":{"filename":"/absent"}})")["error"],
            "cannot open /absent");
}

// Past: a store whose open takes its time. In order: another client, and the device's removal.
// Expect them to be answered meanwhile, and the first once its store is open, or is not.
TEST_F(ServerTest, AnOpenThatTakesItsTimeHoldsUpItsClientOnly) {
  TestClient slow = Connect();
  TestClient other = Connect();
  host_.hold_opens = true;
  ASSERT_TRUE(slow.Send(R"({"op":"add_device","handler":"vdisk_nullio","device":"n1"})"
                        "\n" +
                        list_ + "\n"));
  EXPECT_EQ(slow.Line(), "");
  EXPECT_EQ(other.Ask(R"({"op":"del_device","device":"n1"})")["ok"], false);
  EXPECT_EQ(other.Ask(list_)["devices"].size(), 2u);
  host_.ReleaseOpens();
  EXPECT_EQ(slow.Line(), R"({"ok":true})");
  EXPECT_EQ(slow.Line().find(R"({"ok":true,"devices":[)"), 0u);
  EXPECT_EQ(other.Ask(list_)["devices"].size(), 3u);

  host_.hold_opens = true;
  ASSERT_TRUE(slow.Send(R"({"op":"add_device","handler":"vdisk_fileio","device":"x",)"
                        R"("attributes":{"filename":"/absent"}})"
                        "\n"));
  EXPECT_EQ(slow.Line(), "");
  host_.ReleaseOpens();
  EXPECT_EQ(slow.Line(), R"({"ok":false,"error":"cannot open /absent"})");

  // Its client has gone: it is added all the same, as it asked.
  host_.hold_opens = true;
  ASSERT_TRUE(slow.Send(R"({"op":"add_device","handler":"vdisk_nullio","device":"n2"})"
                        "\n"));
  EXPECT_EQ(slow.Line(), "");
  slow.Close();
  EXPECT_EQ(other.Ask(list_)["devices"].size(), 3u);
  host_.ReleaseOpens();
  EXPECT_EQ(other.Ask(list_)["devices"].size(), 4u);
}

TEST_F(ServerTest, PipelinedRequestsAreAnsweredInOrder) {
  TestClient client = Connect();
  host_.hold = true;
  ASSERT_TRUE(client.Send(AddLun(1) + "\n" + list_ + "\r\n\n" + AddLun(1) + "\n"));
  EXPECT_EQ(client.Line(), "");  // The director has not answered the first.
  EXPECT_EQ(host_.held(), 1u);
  host_.Release();
  EXPECT_EQ(client.Line(), R"({"ok":true})");
  EXPECT_EQ(client.Line().find(R"({"ok":true,"devices":[)"), 0u);
  EXPECT_EQ(client.Line().find(R"({"ok":false)"), 0u);
}

TEST_F(ServerTest, AClientThatHalfClosesGetsItsAnswers) {
  TestClient client = Connect();
  ASSERT_TRUE(client.Send(list_));  // No newline at all.
  client.EndOfRequests();
  EXPECT_EQ(client.Line().find(R"({"ok":true)"), 0u);
  EXPECT_TRUE(client.HungUp());
}

TEST_F(ServerTest, DisconnectsAreHarmless) {
  host_.hold = true;
  {
    TestClient client = Connect();
    ASSERT_TRUE(client.Send(AddLun(1) + "\n"));  // Gone before the answer.
  }
  {
    TestClient client = Connect();
    ASSERT_TRUE(client.Send(R"({"op":"li)"));  // Gone in the middle of a request.
  }
  server_->OnReady();
  host_.Release();
  TestClient client = Connect();
  EXPECT_EQ(client.Ask(list_)["ok"], true);
}

TEST_F(ServerTest, GarbageIsAnsweredAndTheClientGoesOn) {
  TestClient client = Connect();
  EXPECT_EQ(client.Ask("GET / HTTP/1.0")["ok"], false);
  EXPECT_EQ(client.Ask(std::string("\x00\x01\xff", 3))["ok"], false);
  EXPECT_EQ(client.Ask(list_)["ok"], true);
}

TEST_F(ServerTest, LongestLineAndOneByteMore) {
  TestClient client = Connect();
  EXPECT_EQ(client.Ask(list_ + std::string(kAdminLineBytesMax - list_.size(), ' '))["ok"], true);
  TestClient other = Connect();
  ASSERT_TRUE(other.Send(list_ + std::string(kAdminLineBytesMax + 1 - list_.size(), ' ') + "\n"));
  EXPECT_EQ(other.Line(),
            R"({"ok":false,"error":"the line is too long; expected at most 65536 bytes"})");
  EXPECT_TRUE(other.HungUp());
  EXPECT_EQ(client.Ask(list_)["ok"], true);
}

TEST_F(ServerTest, TenMegabytesWithoutANewline) {
  TestClient client = Connect();
  EXPECT_FALSE(client.Send(std::string(10 << 20, 'x')));
  TestClient other = Connect();
  EXPECT_EQ(other.Ask(list_)["ok"], true);
}

// Sends requests and never reads. Expect the server to stop listening to it, and others to be
// served.
TEST_F(ServerTest, ASlowReaderIsBounded) {
  TestClient slow = Connect();
  std::string many;
  for (int i = 0; i < 20000; ++i) many += list_ + "\n";
  EXPECT_FALSE(slow.Send(many));  // It gives up: nobody takes its requests any more.
  TestClient other = Connect();
  EXPECT_EQ(other.Ask(list_)["ok"], true);
  EXPECT_EQ(slow.Line().find(R"({"ok":true)"), 0u);
}

TEST_F(ServerTest, ANewClientTakesThePlaceOfTheIdlest) {
  std::vector<TestClient> clients;
  for (std::size_t i = 0; i < kAdminClientsMax; ++i) {
    clients.push_back(Connect());
    EXPECT_EQ(clients.back().Ask(list_)["ok"], true);
  }
  EXPECT_EQ(clients[0].Ask(list_)["ok"], true);  // Now the second is the idlest.
  TestClient another = Connect();
  EXPECT_EQ(another.Ask(list_)["ok"], true);
  EXPECT_TRUE(clients[1].HungUp());
  EXPECT_EQ(clients[0].Ask(list_)["ok"], true);
}

TEST_F(ServerTest, TheSocketIsPrivateWhateverTheUmask) {
  for (const mode_t mask : {mode_t{0}, mode_t{0777}}) {
    server_.reset();
    const mode_t old = umask(mask);
    Start();
    umask(old);
    struct stat st {};
    ASSERT_EQ(lstat(path_.c_str(), &st), 0);
    EXPECT_EQ(st.st_mode & 07777, 0600u);
  }
}

TEST_F(ServerTest, StaleSocketsAreReplacedOthersAreNot) {
  auto second = ListeningSocket::Open(path_);
  ASSERT_FALSE(second.ok());
  EXPECT_TRUE(second.error().taken);
  EXPECT_EQ(second.error().text, "somebody listens at " + path_ +
                                     " already; expected it to be free: stop that daemon, or give "
                                     "another path");
  // A process that dies leaves its socket behind.
  server_.reset();
  EXPECT_NE(access(path_.c_str(), F_OK), 0);
  const int stale = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strcpy(address.sun_path, path_.c_str());
  ASSERT_EQ(bind(stale, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  close(stale);
  Start();
  EXPECT_EQ(Connect().Ask(list_)["ok"], true);
  // A file is somebody's.
  server_.reset();
  std::ofstream(path_) << "precious";
  const auto third = ListeningSocket::Open(path_);
  ASSERT_FALSE(third.ok());
  EXPECT_FALSE(third.error().taken);
  EXPECT_EQ(third.error().text, path_ + " exists and is no socket; expected it to be free");
  EXPECT_EQ(access(path_.c_str(), F_OK), 0);
}

TEST_F(ServerTest, PathsThatDoNotFitAreRefused) {
  const std::string path(108, 'x');
  const auto socket = ListeningSocket::Open(path);
  ASSERT_FALSE(socket.ok());
  EXPECT_FALSE(socket.error().taken);
  EXPECT_EQ(socket.error().text, "socket path '" + path + "' has 108 bytes; expected 1 to 107");
}

}  // namespace
}  // namespace srpt::target
