// One shard and eight give the same answers: the same initiators do the same things in the same
// order, as far as they can see it, against a target of one shard and against one of eight, and
// every byte that they see is compared: events, IUs, and what was read.
//
// Each step waits until nothing more comes, so the order that clients see is the script's. Hosts
// log in again (taking over, or beside their other channels), write, read, send what is refused,
// abort, reset; the administrator resizes a disk and takes a LUN away.
#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "core/initiator/cdb.h"
#include "core/initiator/initiator.h"
#include "sim/world.h"

namespace srpt::sim {
namespace {

using initiator::Buffer;

constexpr std::uint64_t kGuid = 0x0002c90300bb0001;
constexpr int kHosts = 3;
constexpr int kSteps = 60;

WorldOptions Options(std::uint64_t seed, std::uint32_t shards) {
  WorldOptions options;
  options.seed = seed;
  options.parameters.service_guid = kGuid;
  options.parameters.shards = shards;
  options.disks.push_back({"disk0", scsi::HandlerKind::kFileio, 512, 2048});
  options.disks.push_back({"disk1", scsi::HandlerKind::kFileio, 512, 2048});
  options.sweep_every = 64;
  return options;
}

class Client {
 public:
  Client(std::uint64_t seed, std::uint32_t shards) : random_(seed), world_(Options(seed, shards)) {
    for (int i = 0; i < kHosts; ++i) hosts_.emplace_back().id = world_.NewHost();
  }

  // What was done and what was seen, a line each.
  std::vector<std::string> Run() {
    for (int i = 0; i < kSteps; ++i) Step();
    log_.push_back("broken: " + world_.Sweep());
    return log_;
  }
  std::size_t shards_used() const { return shards_used_; }

 private:
  struct Conn {
    std::string name;
    initiator::Channel srp;
    PeerId peer;
    bool open = true;
  };
  struct Host {
    HostId id;
    int logins = 0;
    std::vector<std::unique_ptr<Conn>> conns;
  };

  // (The engine's output is the standard's; its distributions are not.)
  std::uint32_t Below(std::uint32_t n) { return static_cast<std::uint32_t>(random_() % n); }

  void Say(const std::string& text) { log_.push_back(text); }

  void Step() {
    Host& host = hosts_[Below(kHosts)];
    std::vector<Conn*> open;
    for (const auto& c : host.conns) {
      if (c->open) open.push_back(c.get());
    }
    const std::uint32_t what = Below(20);
    const std::uint32_t which = Below(8);
    if (open.empty() || what == 0) {
      LogIn(host, which % 2 == 0 && !open.empty());
    } else {
      Conn& conn = *open[which % open.size()];
      if (what < 12) {
        Command(host, conn);
      } else if (what < 16) {
        Manage(conn);
      } else if (what == 16) {
        Say(conn.name + " leaves");
        world_.Disconnect(conn.peer);
      } else if (what == 17) {
        Say("disk0 is resized");
        world_.Admin(admin::ResizeLu{"disk0", 1024 + Below(4) * 512});
      } else if (what == 18) {
        LogIn(host, true);
      } else {
        const bool add = !lun1_;
        Say(add ? "LUN 1 comes" : "LUN 1 goes");
        const std::string target = world_.director().Targets().at(0).name;
        if (add) {
          world_.Admin(admin::AddLun{target, "", LunNumber(1), "disk1", false});
        } else {
          world_.Admin(admin::RemoveLun{target, "", LunNumber(1)});
        }
        lun1_ = add;
      }
    }
    Settle();
  }

  void LogIn(Host& host, bool multi) {
    auto conn = std::make_unique<Conn>();
    const auto index = static_cast<std::uint8_t>(&host - hosts_.data());
    conn->name = "host " + std::to_string(index) + " login " + std::to_string(host.logins++);
    Say(conn->name + (multi ? ", multichannel" : ""));
    wire::LoginReq req;
    req.tag = initiator::MakeTag(1);
    req.req_it_iu_len = 8260;
    req.req_buf_fmt = wire::kBufFmtDirect | wire::kBufFmtIndirect;
    if (multi) req.flags |= 1;
    req.initiator_port = initiator::MakePortId(0, 0x1000 + index);
    req.target_port = initiator::MakePortId(kGuid, kGuid);
    ConnectOptions options;
    options.private_data.resize(wire::kLoginReqCmBytes);
    conn->srp.BuildLoginCm(req, options.private_data);
    options.source = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, index}};
    options.host = host.id;
    conn->peer = world_.Connect(options);
    const auto event = world_.NextEvent(conn->peer, Seconds(5));
    ASSERT_TRUE(event);
    Note(*conn, *event);
    if (event->kind != PeerEvent::Kind::kConnected) {
      conn->open = false;
    } else {
      ASSERT_TRUE(conn->srp.OnLoginRsp(event->bytes).ok());
      if (const auto shard = world_.ShardOf(conn->peer)) {
        shards_used_ = std::max(shards_used_, static_cast<std::size_t>(*shard) + 1);
      }
    }
    host.conns.push_back(std::move(conn));
  }

  void Command(Host& host, Conn& conn) {
    if (conn.srp.credits() < 1) return;
    const std::uint32_t kind = Below(8);
    const Lba lba(Below(2100));
    const std::uint32_t blocks = 1 + Below(16);
    const std::uint32_t bytes = blocks * 512;
    const std::uint32_t fill = Below(256);
    initiator::Command command;
    command.tag = initiator::MakeTag(++tag_);
    command.lun = initiator::MakeLun(LunNumber(static_cast<std::uint16_t>(Below(3))));
    const Region region =
        world_.Register(host.id, bytes, access::kRemoteRead | access::kRemoteWrite);
    const wire::Direct direct{region.va, region.rkey, bytes};
    initiator::Cdb cdb = initiator::TestUnitReady();
    if (kind < 3) {
      cdb = initiator::Write10(lba, blocks, kind == 0 ? initiator::kFua : std::uint8_t{0});
      command.out = Buffer::Direct(direct);
      const std::vector<std::uint8_t> data(bytes, static_cast<std::uint8_t>(fill));
      world_.WriteMemory(region, 0, data);
    } else if (kind < 6) {
      cdb = initiator::Read10(lba, blocks);
      command.in = Buffer::Direct(direct);
    } else if (kind == 6) {
      cdb = initiator::Inquiry(96);
      command.in = Buffer::Direct(direct);
    }
    command.cdb = cdb.view();
    std::vector<std::uint8_t> iu(8260);
    iu.resize(conn.srp.BuildCmd(command, iu));
    Say(conn.name + " command " + std::to_string(tag_) + " kind " + std::to_string(kind));
    world_.Send(conn.peer, iu);
    Settle();
    std::vector<std::uint8_t> back(bytes);
    world_.ReadMemory(region, 0, back);
    std::uint64_t sum = 0;
    for (const std::uint8_t byte : back) sum = sum * 1099511628211u + byte;
    Say("  memory " + std::to_string(sum));
    world_.Deregister(region.rkey);
  }

  void Manage(Conn& conn) {
    if (conn.srp.credits() < 1) return;
    initiator::TaskManagement request;
    request.tag = initiator::MakeTag(++tag_);
    request.lun = initiator::MakeLun(LunNumber(static_cast<std::uint16_t>(Below(3))));
    constexpr wire::TskMgmtFunction kFunctions[] = {
        wire::TskMgmtFunction::kAbortTask, wire::TskMgmtFunction::kAbortTaskSet,
        wire::TskMgmtFunction::kClearTaskSet, wire::TskMgmtFunction::kLunReset};
    const std::uint32_t function = Below(4);
    request.function = kFunctions[function];
    request.task_tag = initiator::MakeTag(tag_ + 1000);
    std::vector<std::uint8_t> iu(wire::kTskMgmtBytes);
    iu.resize(conn.srp.BuildTskMgmt(request, iu));
    Say(conn.name + " task management " + std::to_string(function));
    world_.Send(conn.peer, iu);
  }

  // Everything that still comes, by connection: between connections there is no order to compare.
  void Settle() {
    world_.RunFor(Seconds(1));
    for (Host& host : hosts_) {
      for (const auto& conn : host.conns) {
        while (conn->open) {
          const auto event = world_.NextEvent(conn->peer, Duration{});
          if (!event) break;
          Note(*conn, *event);
          if (event->kind == PeerEvent::Kind::kDisconnected) conn->open = false;
          if (event->kind == PeerEvent::Kind::kIu) Answer(*conn, event->bytes);
        }
      }
    }
  }
  void Answer(Conn& conn, const std::vector<std::uint8_t>& bytes) {
    const initiator::Received received = conn.srp.OnIu(bytes);
    Say(std::string("    ") + std::string(to_string(received.violation)));
    std::vector<std::uint8_t> iu(16);
    if (const auto* event = std::get_if<initiator::received::AsyncEvent>(&received.what)) {
      iu.resize(conn.srp.BuildAerRsp(event->tag, iu));
      world_.Send(conn.peer, iu);
    } else if (const auto* ask = std::get_if<initiator::received::CreditRequest>(&received.what)) {
      iu.resize(conn.srp.BuildCredRsp(ask->tag, iu));
      world_.Send(conn.peer, iu);
    }
  }
  void Note(const Conn& conn, const PeerEvent& event) {
    std::string text = "  " + conn.name + ": " + std::string(ToString(event.kind)) + " " +
                       std::to_string(event.reason) + (event.solicited ? " solicited" : "");
    for (const std::uint8_t byte : event.bytes) {
      constexpr char kDigits[] = "0123456789abcdef";
      text += kDigits[byte >> 4];
      text += kDigits[byte & 15];
    }
    Say(text);
  }

  std::mt19937_64 random_;
  World world_;
  std::vector<Host> hosts_;
  std::vector<std::string> log_;
  std::uint64_t tag_ = 100;
  bool lun1_ = true;
  std::size_t shards_used_ = 0;
};

TEST(Shards, OneAndEightGiveTheSameAnswers) {
  std::size_t most = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    Client one(seed, 1);
    Client eight(seed, 8);
    const std::vector<std::string> a = one.Run();
    const std::vector<std::string> b = eight.Run();
    most = std::max(most, eight.shards_used());
    ASSERT_EQ(a.back(), "broken: ") << "seed " << seed;
    for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
      const std::string x = i < a.size() ? a[i] : "(nothing)";
      const std::string y = i < b.size() ? b[i] : "(nothing)";
      if (x == y) continue;
      std::string before;
      for (std::size_t j = i < 12 ? 0 : i - 12; j < i; ++j) before += a[j] + "\n";
      FAIL() << "seed " << seed << ", line " << i << ", after\n"
             << before << "one shard:    " << x << "\neight shards: " << y;
    }
  }
  EXPECT_GE(most, 4u) << "the channels of the eight were on few shards";
}

}  // namespace
}  // namespace srpt::sim
