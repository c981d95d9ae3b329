// The real director, shard and storage engine behind a network that a test plays by hand; their
// reactors are stepped by the test, but where it says so.
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/wire/opcode.h"
#include "target/admin/server.h"
#include "target/admin/socket.h"
#include "target/config/to_core.h"
#include "target/director_reactor.h"
#include "target/shard_reactor.h"

namespace srpt::target {
namespace {

constexpr std::uint64_t kGuid = 0x0011223344556677;

// Carries nothing out: it writes down what it was asked, "|" for a Flush that had something to
// post.
class FakeFabric final : public Fabric, private MemoryPort {
 public:
  void Take(const ConnectionRequest&) override {}
  void Carry(const action::Accept& accept) override {
    log_ += "Accept ";
    accept_ = accept;
    recvs_.assign(accept.recv_count, std::vector<std::uint8_t>(accept.recv_bytes));
    received_.assign(accept.recv_count, 0);
    recv_posted_.assign(accept.recv_count, true);
    sends_.assign(accept.send_count, std::vector<std::uint8_t>(accept.send_bytes));
  }
  void Carry(const action::Reject& reject) override {
    log_ += "Reject" + std::to_string(reject.private_data[7]) + " ";
  }
  void Carry(const action::NotifyEstablished&) override { log_ += "Notify "; }
  void Carry(const action::Disconnect& disconnect) override {
    log_ += "Disconnect ";
    for (const SendId send : sends_open_) {
      owed_.emplace_back(event::SendDone{disconnect.channel, send, WorkStatus::kFlushed});
    }
    for (std::uint32_t i = 0; i < recvs_.size(); ++i) {
      if (!recv_posted_[i]) continue;
      owed_.emplace_back(event::RecvFailed{disconnect.channel, RecvId(i), WorkStatus::kFlushed});
    }
    owed_.emplace_back(event::Disconnected{disconnect.channel});
    owed_.emplace_back(event::TimewaitOver{disconnect.channel});
  }
  void Carry(const action::DestroyQp& destroy) override {
    log_ += "Destroy ";
    owed_.emplace_back(event::QpDestroyed{destroy.channel});
  }
  void Carry(const action::PostRecv& post) override {
    Post("Recv ");
    recv_posted_[post.recv.v] = true;
  }
  void Carry(const action::SendIu& send) override {
    Post("Send ");
    sends_open_.push_back(send.send);
    if (sends_[send.send.v][0] == static_cast<std::uint8_t>(wire::Opcode::kTLogout)) {
      for (const SendId one : std::exchange(sends_open_, {})) {
        owed_.emplace_back(event::SendDone{send.channel, one, WorkStatus::kOk});
      }
    }
    last_send_ = Bytes(sends_[send.send.v]).first(send.length);
  }
  void Carry(const action::RdmaWrite& write) override {
    Post("Write" + std::to_string(write.length) + " ");
    last_write_ = Bytes(At(write)).first(write.length);
  }
  void Carry(const action::Probe&) override {}
  void Carry(const action::RdmaRead& read) override {
    Post("Read" + std::to_string(read.length) + " ");
  }
  void Forget(ChannelId) override { log_ += "Forget "; }
  MemoryPort& memory() override { return *this; }
  MutableBytes At(const MemRef& memory) override {
    if (memory.kind == MemRef::Kind::kRecv) {
      return MutableBytes(recvs_[memory.recv.v]).subspan(memory.offset, memory.length);
    }
    return DataBuffer(memory.buffer).subspan(memory.offset, memory.length);
  }
  void Flush() override {
    if (posted_) log_ += "| ";
    posted_ = false;
  }
  std::size_t Poll(EventSink& sink) override {
    std::size_t n = 0;
    for (; !owed_.empty(); ++n) {
      const ShardEvent event = owed_.front();
      owed_.pop_front();
      sink.OnEvent(event);
    }
    return n;
  }
  std::size_t PollConnections(EventSink&) override { return 0; }
  bool Arm() override { return owed_.empty(); }
  bool LazySends() const override { return false; }
  std::vector<int> completion_fds() const override { return {}; }
  std::vector<int> connection_fds() const override { return {}; }
  void OnWake() override {}
  std::size_t open_connections() const override { return 0; }
  void OnSharedLow(const void*) override {}
  void OnQueueFailed(const void*) override {}
  void OnDeviceFailed(DeviceIndex) override {}

  MutableBytes SendBuffer(ChannelId, SendId send) override { return sends_[send.v]; }
  Bytes RecvBuffer(ChannelId, RecvId recv) override {
    return Bytes(recvs_[recv.v]).first(received_[recv.v]);
  }
  MutableBytes DataBuffer(BufferId buffer) override {
    if (data_.empty()) data_.resize(limits::kDataBuffersDefault);
    std::vector<std::uint8_t>& bytes = data_[buffer.v];
    bytes.resize(limits::kDataBufferBytes);
    return bytes;
  }

  // The peer's side.
  void Establish() { owed_.emplace_back(event::Established{accept_.channel}); }
  void Send(RecvId recv, const std::vector<std::uint8_t>& iu) {
    std::copy(iu.begin(), iu.end(), recvs_[recv.v].begin());
    received_[recv.v] = static_cast<std::uint32_t>(iu.size());
    recv_posted_[recv.v] = false;
    owed_.emplace_back(
        event::IuReceived{accept_.channel, recv, Bytes(recvs_[recv.v]).first(iu.size())});
  }
  std::string TakeLog() { return std::exchange(log_, std::string()); }
  Bytes last_send() const { return last_send_; }
  Bytes last_write() const { return last_write_; }

 private:
  void Post(const std::string& what) {
    log_ += what;
    posted_ = true;
  }
  MutableBytes At(const action::RdmaWrite& write) {
    return DataBuffer(write.buffer).subspan(write.offset);
  }
  std::string log_;
  bool posted_ = false;
  std::deque<ShardEvent> owed_;
  action::Accept accept_;
  std::vector<std::vector<std::uint8_t>> recvs_;
  std::vector<std::uint32_t> received_;
  std::vector<bool> recv_posted_;
  std::vector<SendId> sends_open_;  // Completed with a T_LOGOUT, or by the flush.
  std::vector<std::vector<std::uint8_t>> sends_;
  std::vector<std::vector<std::uint8_t>> data_;
  Bytes last_send_;
  Bytes last_write_;
};

// A connection request is there when the test says so.
class FakeListener final : public ConnectionListener {
 public:
  explicit FakeListener(FakeFabric& fabric) : fabric_(fabric), fd_(eventfd(0, EFD_NONBLOCK)) {}
  ~FakeListener() override { close(fd_); }

  bool Carry(const action::Reject& reject) override {
    fabric_.Carry(reject);
    return true;
  }
  std::optional<ConnectionRequest> HandOver(ConnId conn, ShardId) override {
    return ConnectionRequest{conn, nullptr, 0, 4};
  }
  std::size_t PollConnections(ListenerSink& sink) override {
    std::uint64_t count = 0;
    if (read(fd_, &count, sizeof count) != static_cast<ssize_t>(sizeof count)) return 0;
    if (lost_) return 1;
    event::LoginRequested login;
    login.conn = ConnId(1);
    login.rdma_read_depth = 4;
    login.private_data = login_;
    sink.OnEvent(login);
    return 1;
  }
  std::vector<int> fds() const override { return {fd_}; }
  void OnDeviceGone(DeviceIndex) override {}
  bool lost() const override { return lost_; }
  bool backed_up() const override { return backed_up_; }

  void LoseDevices() { lost_ = true; }
  void BackUp(bool up) { backed_up_ = up; }
  void Login(std::uint8_t guid_byte = 0x77) {
    login_ = {0,    0,    0,    0,    0,    0,    0,    0,    0x00, 0x06, 0x00, 0x00, 0x00, 0x00,
              0x20, 0x44, 0x00, 0x02, 0xc9, 0x03, 0x00, 0xaa, 0x00, 0x01, 0x00, 0x02, 0xc9, 0x03,
              0x00, 0xbb, 0x00, 0x01, 0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x00, 0x11,
              0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0,    0,    0,    0,    0,    0,    0,    0};
    login_[47] = guid_byte;
    const std::uint64_t one = 1;
    EXPECT_EQ(write(fd_, &one, sizeof one), static_cast<ssize_t>(sizeof one));
  }

 private:
  FakeFabric& fabric_;  // For its log.
  const int fd_;
  bool lost_ = false;
  bool backed_up_ = false;
  std::vector<std::uint8_t> login_;
};

// READ(10) of one 4 KiB block range on LUN 0, one direct descriptor.
std::vector<std::uint8_t> Read4K(std::uint8_t tag) {
  std::vector<std::uint8_t> iu(64, 0);
  iu[0] = 0x02;
  iu[5] = 0x01;
  iu[15] = tag;
  iu[32] = 0x28;
  iu[40] = 8;
  iu[60 + 2] = 0x10;  // 4096 bytes.
  return iu;
}

class ReactorTest : public testing::Test {
 protected:
  ReactorTest() : storage_(std::move(StorageEngine::Create({}).value())) {
    Parameters parameters;
    parameters.service_guid = kGuid;
    TargetPort port;
    port.name = "fe80:0000:0000:0000:0000:0000:0000:0001";
    port.rel_tgt_id = 1;
    director_ = std::make_unique<Director>(parameters, std::vector<TargetPort>{port});
    shard_ = std::make_unique<Shard>(parameters, ShardId(0), &fabric_.memory());
    stores_ = std::make_unique<ShardStores>(*storage_);
    devices_ = std::make_unique<DeviceTable>(std::vector<Stores*>{stores_.get()}, 0);
    shard_reactor_ = std::make_unique<ShardReactor>(
        ShardParts{ShardId(0), shard_.get(), &fabric_, storage_.get()}, 0, wakeup_);
    stores_->SetReactor(shard_reactor_.get());
    EXPECT_EQ(shard_reactor_->Start(), "");
    DirectorParts parts;
    parts.director = director_.get();
    parts.listener = &listener_;
    parts.shards = {shard_reactor_.get()};
    parts.wakeup = &wakeup_;
    parts.devices = devices_.get();
    parts.open_stores = [may_open = may_open_.get_future().share()](const config::Device& device,
                                                                    std::size_t engines) {
      may_open.wait();
      return DeviceTable::OpenAll(device, engines);
    };
    reactor_ = std::make_unique<DirectorReactor>(parts);
    EXPECT_EQ(reactor_->Start(), "");
    config::Device null;
    null.name = "null0";
    null.handler = scsi::HandlerKind::kNullio;
    null.size_bytes = 1 << 20;
    EXPECT_EQ(reactor_->Apply(admin::AddLu{devices_->Open(null).value()}), "");
    EXPECT_EQ(reactor_->Apply(admin::AddLun{port.name, "", LunNumber(0), "null0", false}), "");
    EXPECT_EQ(reactor_->Apply(admin::EnableTarget{port.name, true}), "");
  }

  bool Round() {
    const bool director = reactor_->Round();
    const bool shard = shard_reactor_->Round();
    return director || shard;
  }
  void Look() {
    reactor_->LookForTest();
    shard_reactor_->Look(0);
  }
  // Rounds until one finds nothing; answers what the fabric was asked.
  std::string Settle() {
    while (Round()) {
    }
    return fabric_.TakeLog();
  }
  // The shard on its own thread until the director's reactor ends.
  int Run() {
    shard_reactor_->StartThread();
    const int status = reactor_->Run();
    EXPECT_TRUE(shard_reactor_->StopThread());
    return status;
  }
  // A login seen through the descriptor, as Run would.
  std::string Login() {
    listener_.Login();
    Look();
    std::string log = Settle();
    fabric_.Establish();
    log += Settle();
    // The unit attention of a new nexus comes first: take it.
    fabric_.Send(RecvId(0), Read4K(1));
    Settle();
    return log;
  }

  FakeFabric fabric_;
  FakeListener listener_{fabric_};
  std::promise<void> may_open_;  // Devices that administrators add.
  std::unique_ptr<StorageEngine> storage_;
  std::unique_ptr<Director> director_;
  std::unique_ptr<Shard> shard_;
  std::unique_ptr<ShardStores> stores_;
  std::unique_ptr<DeviceTable> devices_;
  Wakeup wakeup_;  // The director's.
  std::unique_ptr<ShardReactor> shard_reactor_;
  std::unique_ptr<DirectorReactor> reactor_;
};

TEST_F(ReactorTest, NothingToDoIsAnEmptyRound) { EXPECT_FALSE(Round()); }

TEST_F(ReactorTest, ALoginCrossesTheDirectorAndTheShard) { EXPECT_EQ(Login(), "Accept "); }

TEST_F(ReactorTest, ALoginForAnotherGuidIsRejectedWithItsReason) {
  listener_.Login(0x78);
  Look();
  EXPECT_EQ(Settle(), "Reject3 ");
}

// Past: a shard that does not read, and more mail than the pipe has room for. In order: a login.
// Expect it to wait until the shard reads again.
TEST_F(ReactorTest, AConnectionWaitsWhileAShardIsBackedUp) {
  while (!shard_reactor_->to_shard().backed_up()) {
    shard_reactor_->to_shard().Push(ShardMail(mail::Task([] {})));
  }
  listener_.Login(0x78);
  reactor_->LookForTest();
  EXPECT_FALSE(reactor_->Round());
  EXPECT_EQ(fabric_.TakeLog(), "");
  EXPECT_TRUE(shard_reactor_->Round());
  EXPECT_EQ(Settle(), "Reject3 ");
}

// The same while too many connections that ended are not gone yet.
TEST_F(ReactorTest, AConnectionWaitsWhileTheListenerIsBackedUp) {
  listener_.BackUp(true);
  listener_.Login(0x78);
  reactor_->LookForTest();
  EXPECT_FALSE(reactor_->Round());
  EXPECT_EQ(fabric_.TakeLog(), "");
  listener_.BackUp(false);
  EXPECT_EQ(Settle(), "Reject3 ");
}

TEST_F(ReactorTest, AReadFromTheNullDeviceLeavesInTheRoundItCameInAndInOnePost) {
  Login();
  fabric_.Send(RecvId(1), Read4K(2));
  fabric_.Send(RecvId(2), Read4K(3));
  EXPECT_TRUE(shard_reactor_->Round());
  const std::string log = fabric_.TakeLog();
  EXPECT_EQ(std::count(log.begin(), log.end(), '|'), 1) << log;
  EXPECT_EQ(log.back(), ' ');
  EXPECT_EQ(log.substr(log.size() - 2), "| ") << log;
  std::size_t writes = 0;
  for (std::size_t at = 0; (at = log.find("Write4096 ", at)) != std::string::npos; ++at) ++writes;
  EXPECT_EQ(writes, 2u) << log;
  EXPECT_EQ(fabric_.last_send()[0], 0xc1);
  EXPECT_EQ(fabric_.last_send()[19], 0x00) << "GOOD";
  const Bytes data = fabric_.last_write();
  EXPECT_TRUE(std::all_of(data.begin(), data.end(), [](auto b) { return b == 0; }));
}

TEST_F(ReactorTest, ARefusalSaysWhy) {
  const std::string refused = reactor_->Apply(
      admin::AddLun{"fe80:0000:0000:0000:0000:0000:0000:0001", "", LunNumber(0), "null0", false});
  EXPECT_NE(refused, "");
}

TEST_F(ReactorTest, TheFirstSignalDisconnectsEverybodyAndEndsWithStatus0) {
  Login();
  ASSERT_EQ(raise(SIGTERM), 0);
  EXPECT_EQ(Run(), 0);
  EXPECT_EQ(fabric_.TakeLog().substr(0, 18), "Send | Disconnect ") << "T_LOGOUT first";
}

TEST_F(ReactorTest, TheLossOfTheLastDeviceEndsItWithStatus1) {
  Login();
  listener_.LoseDevices();
  listener_.Login();  // Anything that has it look at its connections.
  EXPECT_EQ(Run(), 1);
}

// Past: an administrator adds a device whose file system does not answer. In order: a read of
// another device. Expect it to leave at once; and the administrator's answer once the store is
// open.
TEST_F(ReactorTest, AStoreThatHangsWhileItIsOpenedHoldsUpNobody) {
  char directory[] = "/tmp/srptXXXXXX";  // Not in TEST_TMPDIR: a socket's path is short.
  ASSERT_NE(mkdtemp(directory), nullptr);
  const std::string path = std::string(directory) + "/s";
  auto socket = ListeningSocket::Open(path);
  ASSERT_TRUE(socket.ok()) << socket.error().text;
  auto server = AdminServer::Serve(std::move(socket.value()), *reactor_);
  ASSERT_TRUE(server.ok());
  reactor_->SetAdminServer(server.value().get());
  Login();
  const auto client = ConnectTo(path);
  ASSERT_TRUE(client.ok()) << client.error();
  const std::string add = R"({"op":"add_device","handler":"vdisk_nullio","device":"null1"})";
  ASSERT_EQ(send(*client, (add + "\n").data(), add.size() + 1, 0),
            static_cast<ssize_t>(add.size() + 1));
  for (int i = 0; i < 10; ++i) {  // The client is taken, its line is read, and so on.
    Look();
    Settle();
  }
  char answer[100] = "";
  EXPECT_LT(recv(*client, answer, sizeof answer, MSG_DONTWAIT), 0) << answer;
  EXPECT_EQ(director_->Devices().size(), 1u);
  fabric_.Send(RecvId(1), Read4K(2));
  EXPECT_TRUE(shard_reactor_->Round());
  EXPECT_NE(fabric_.TakeLog().find("Write4096 "), std::string::npos);

  may_open_.set_value();
  ssize_t bytes = -1;
  for (int i = 0; i < 1000 && bytes < 0; ++i) {
    usleep(1000);
    Look();
    Settle();
    bytes = recv(*client, answer, sizeof answer - 1, MSG_DONTWAIT);
  }
  EXPECT_STREQ(answer, "{\"ok\":true}\n");
  EXPECT_EQ(director_->Devices().size(), 2u);
  close(*client);
  unlink(path.c_str());
  rmdir(directory);
}

TEST_F(ReactorTest, MemoryOfAChannelIsForgottenWhenNothingOfItRemains) {
  Login();
  EXPECT_EQ(reactor_->Apply(admin::EnableTarget{"fe80:0000:0000:0000:0000:0000:0000:0001", false}),
            "");
  EXPECT_EQ(Settle(), "Send | Disconnect Destroy Forget ");
}

}  // namespace
}  // namespace srpt::target
