// One initiator on the network within the process (target/verbs/fake_verbs.h), for tests that run
// the whole daemon. Whatever is wrong ends the process (Unclean): each run is one of its own.
#ifndef TARGET_FAKE_SESSION_H_
#define TARGET_FAKE_SESSION_H_

#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "core/wire/cmd.h"
#include "core/wire/data_descriptor.h"
#include "core/wire/login_req.h"
#include "core/wire/logout.h"
#include "core/wire/rsp.h"
#include "core/wire/tsk_mgmt.h"
#include "target/verbs/failing_seam.h"
#include "target/verbs/fake_verbs.h"

namespace srpt::target {

using fake::Network;
using fake::PeerEvent;

inline constexpr int kUnclean = 1;
inline constexpr std::chrono::milliseconds kPatience = std::chrono::seconds(20);
inline constexpr std::size_t kDataBytes = 8192;
inline constexpr std::size_t kReadAt = 65536;
inline constexpr std::size_t kHostBytes = 2 * kReadAt;

[[noreturn]] inline void Unclean(const std::string& what) {
  std::fprintf(stderr, "NOT CLEAN: %s\nfailed call: %s\n", what.c_str(),
               verbs::FailurePoints::failed().c_str());
  std::fflush(stderr);
  _exit(kUnclean);
}

inline void Store(std::uint8_t* to, std::uint64_t n) {
  for (int i = 7; i >= 0; --i, n >>= 8) to[i] = static_cast<std::uint8_t>(n);
}

inline Tag TagOf(std::uint64_t n) {
  Tag tag;
  Store(tag.bytes.data(), n);
  return tag;
}

// One session of an initiator. Every call is false if the connection ended instead.
class Session {
 public:
  // `host`: of the initiator port's identifier. Its data lie in the peers' memory from
  // host * kHostBytes on.
  explicit Session(std::uint8_t host = 0) : host_(host) {}

  bool Login() {
    wire::LoginReq req;
    req.req_it_iu_len = 1024;
    req.req_buf_fmt = wire::kBufFmtDirect | wire::kBufFmtIndirect;
    req.initiator_port.bytes.fill(static_cast<std::uint8_t>(host_ + 7));
    Store(req.target_port.bytes.data(), 0x5e0);
    Store(req.target_port.bytes.data() + 8, 0x5e0);
    std::vector<std::uint8_t> bytes(wire::kLoginReqCmBytes);
    wire::SerializeLoginReqCm(req, bytes);
    peer_ = Network::Connect(bytes);
    if (peer_ == 0) return false;
    const PeerEvent event = Next();
    return event.kind == PeerEvent::Kind::kAccepted;
  }

  // Repeats a command that a unit attention answered.
  bool Transfer(bool write) {
    const std::size_t at = host_ * kHostBytes + (write ? 0 : kReadAt);
    for (int i = 0; i < 3; ++i) {
      std::vector<std::uint8_t> cdb(16);
      cdb[0] = write ? 0x2a : 0x28;
      cdb[5] = static_cast<std::uint8_t>(host_ * 16);  // Each has blocks of its own.
      cdb[8] = kDataBytes / 512;
      std::vector<std::uint8_t> direct(16);
      wire::SerializeDirect({RemoteAddr(at), RKey(fake::kPeerKey), kDataBytes}, direct);
      wire::Cmd cmd;
      cmd.tag = TagOf(++tag_);
      cmd.cdb = cdb;
      (write ? cmd.out_fmt : cmd.in_fmt) = wire::BufferFormat::kDirect;
      cmd.descriptors = direct;
      std::vector<std::uint8_t> iu(wire::SerializedBytes(cmd));
      wire::SerializeCmd(cmd, iu);
      const int status = Ask(iu);
      if (status < 0) return false;
      if (status == 0) return true;
    }
    Unclean("a command was refused again and again");
  }

  // Of a command that does not exist: complete, at once.
  bool Abort() {
    wire::TskMgmt request;
    request.tag = TagOf(++tag_);
    request.task_tag = TagOf(9999);
    std::vector<std::uint8_t> iu(wire::kTskMgmtBytes);
    wire::SerializeTskMgmt(request, iu);
    return Ask(iu) >= 0;
  }

  void Logout() {
    std::vector<std::uint8_t> iu(wire::kILogoutBytes);
    wire::SerializeILogout({TagOf(++tag_)}, iu);
    if (Network::Send(peer_, iu)) AwaitEnd();
  }

  // Waits for the end of the connection.
  void AwaitEnd() {
    while (Next().kind == PeerEvent::Kind::kIu) {
    }
  }
  fake::PeerId peer() const { return peer_; }

 private:
  static PeerEvent NextOf(fake::PeerId peer) {
    const std::optional<PeerEvent> event = Network::Next(peer, kPatience);
    if (!event) Unclean("nothing came for " + std::to_string(kPatience.count()) + " ms");
    return *event;
  }
  PeerEvent Next() { return NextOf(peer_); }
  // The status of the response; -1: the connection ended.
  int Ask(const std::vector<std::uint8_t>& iu) {
    if (!Network::Send(peer_, iu)) return -1;
    const PeerEvent event = Next();
    if (event.kind != PeerEvent::Kind::kIu) return -1;
    const auto rsp = wire::ParseRsp(event.bytes);
    if (!rsp.ok()) return -1;  // A T_LOGOUT: the end of the session follows.
    if (rsp->tag != TagOf(tag_)) Unclean("a response to another tag");
    return rsp->status;
  }

  const std::uint8_t host_;
  fake::PeerId peer_ = 0;
  std::uint64_t tag_ = 0;
};

}  // namespace srpt::target

#endif  // TARGET_FAKE_SESSION_H_
