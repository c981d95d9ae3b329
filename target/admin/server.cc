#include "target/admin/server.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "core/base/check.h"
#include "target/admin/request.h"
#include "target/admin/socket.h"

namespace srpt::target {
namespace {

constexpr std::uint64_t kListener = 0;  // Clients count from 1.
// Changes whose end has not come: of live clients, and of those that went away while waiting.
constexpr std::size_t kPendingMax = 64;

const char* Text(admin::Status status) {
  switch (status) {
    case admin::Status::kOk:
      return "done";
    case admin::Status::kNotFound:
      return "not found";
    case admin::Status::kExists:
      return "exists already";
    case admin::Status::kInvalid:
      return "invalid";
    case admin::Status::kBusy:
      return "in use: remove it from every LUN list first";
  }
  SRPT_UNREACHABLE("status");
}

struct Client {
  int fd = -1;
  std::uint64_t last_used = 0;
  std::string in;        // Never more than a line and what one read brings.
  std::string out;       // One answer.
  std::size_t sent = 0;  // Of `out`.
  bool waits = false;    // For the director.
  bool ended = false;    // It sends no more.
  bool doomed = false;   // To be closed once `out` is sent.
  std::uint32_t events = 0;
};

struct Pending {
  std::uint64_t client = 0;
  std::optional<LuId> forget;  // A device to let go of if the director refuses it.
};

}  // namespace

class AdminServer::Impl {
 public:
  Impl(ListeningSocket listening, int epoll, AdminHost& host)
      : listening_(std::move(listening)), epoll_(epoll), host_(host) {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() {
    for (auto& [id, client] : clients_) close(client.fd);
    close(epoll_);
  }

  int poll_fd() const { return epoll_; }

  void OnReady() {
    std::array<epoll_event, kAdminClientsMax + 1> events;
    const int n = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 0);
    for (int i = 0; i < n; ++i) {
      const std::uint64_t id = events[static_cast<std::size_t>(i)].data.u64;
      if (id == kListener) {
        AcceptAll();
      } else {
        Serve(id, events[static_cast<std::size_t>(i)].events);
      }
    }
  }

  void OnAdminDone(AdminId id, admin::Status status, std::string_view text) {
    const auto at = pending_.find(id.v);
    if (at == pending_.end()) return;
    if (status != admin::Status::kOk && at->second.forget) host_.ForgetDevice(*at->second.forget);
    Finish(at, status == admin::Status::kOk ? AnswerOk()
                                            : AnswerError(text.empty() ? Text(status) : text));
  }

  void OnDeviceOpened(AdminId id, const Result<scsi::LuView, std::string>& unit) {
    const auto at = pending_.find(id.v);
    SRPT_CHECK(at != pending_.end());
    if (!unit.ok()) return Finish(at, AnswerError(unit.error()));
    at->second.forget = unit->id;
    host_.Submit(id, admin::AddLu{*unit});
  }

 private:
  // The change has come to its end.
  void Finish(std::map<std::uint64_t, Pending>::iterator at, std::string answer) {
    const std::uint64_t id = at->second.client;
    pending_.erase(at);
    const auto client = clients_.find(id);
    if (client == clients_.end()) return;
    client->second.waits = false;
    client->second.last_used = ++clock_;
    Answer(client->second, std::move(answer));
    // From within Make the caller goes on with this client; otherwise nobody else would.
    if (making_ != id) Continue(id);
  }

  void AcceptAll() {
    for (int fd = listening_.Accept(); fd >= 0; fd = listening_.Accept()) {
      if (clients_.size() == kAdminClientsMax && !EvictOne()) {
        const std::string answer =
            AnswerError("too many clients; expected at most " + std::to_string(kAdminClientsMax)) +
            "\n";
        (void)!send(fd, answer.data(), answer.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        close(fd);
        continue;
      }
      const std::uint64_t id = ++last_client_;
      Client client;
      client.fd = fd;
      client.last_used = ++clock_;
      client.events = EPOLLIN;
      epoll_event event{EPOLLIN, {}};
      event.data.u64 = id;
      if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) {
        close(fd);
        continue;
      }
      clients_.emplace(id, std::move(client));
    }
  }

  // Of those that wait for nothing of ours, the one that was quiet longest.
  bool EvictOne() {
    auto oldest = clients_.end();
    for (auto it = clients_.begin(); it != clients_.end(); ++it) {
      if (it->second.waits) continue;
      if (oldest == clients_.end() || it->second.last_used < oldest->second.last_used) oldest = it;
    }
    if (oldest == clients_.end()) return false;
    Drop(oldest->first);
    return true;
  }

  void Drop(std::uint64_t id) {
    const auto at = clients_.find(id);
    close(at->second.fd);  // Which takes it out of the epoll set.
    clients_.erase(at);
  }

  void Serve(std::uint64_t id, std::uint32_t events) {
    const auto at = clients_.find(id);
    if (at == clients_.end()) return;  // Dropped earlier in this round.
    Client& client = at->second;
    if ((events & (EPOLLERR | EPOLLHUP)) != 0 && (events & EPOLLIN) == 0) return Drop(id);
    if ((events & EPOLLIN) != 0 && !Receive(client)) return Drop(id);
    Continue(id);
  }

  // False: the connection is broken.
  bool Receive(Client& client) {
    std::array<char, 16384> buffer;
    const ssize_t n = recv(client.fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (n < 0) return errno == EAGAIN || errno == EINTR;
    client.last_used = ++clock_;
    if (n == 0) client.ended = true;
    client.in.append(buffer.data(), static_cast<std::size_t>(n));
    return true;
  }

  // Sends, handles at most one line (the thread has I/O to do), and sees to what to wait for next.
  void Continue(std::uint64_t id) {
    Client& client = clients_.at(id);
    if (!Send(client)) return Drop(id);
    bool handled = false;
    if (client.out.empty() && !client.waits) {
      if (client.doomed) return Drop(id);
      handled = HandleLine(id, client);
      if (!handled && client.ended) return Drop(id);
      if (!Send(client)) return Drop(id);
    }
    std::uint32_t events = 0;
    if (!client.out.empty() || (handled && !client.waits)) {
      events = EPOLLOUT;  // Writable at once if there is nothing to send: the next line's turn.
    } else if (!client.waits && !client.ended) {
      events = EPOLLIN;
    }
    if (events == client.events) return;
    epoll_event event{events, {}};
    event.data.u64 = id;
    SRPT_CHECK(epoll_ctl(epoll_, EPOLL_CTL_MOD, client.fd, &event) == 0);
    client.events = events;
  }

  // False: the connection is broken.
  bool Send(Client& client) {
    while (client.sent < client.out.size()) {
      const ssize_t n = send(client.fd, client.out.data() + client.sent,
                             client.out.size() - client.sent, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n < 0) return errno == EAGAIN || errno == EINTR;
      client.sent += static_cast<std::size_t>(n);
    }
    client.out.clear();
    client.sent = 0;
    return true;
  }

  void Answer(Client& client, std::string line) {
    SRPT_CHECK(client.out.empty());
    client.out = std::move(line) + "\n";
  }

  // False: there is no whole line.
  bool HandleLine(std::uint64_t id, Client& client) {
    std::size_t end = client.in.find('\n');
    if (end == std::string::npos && client.ended) end = client.in.size();  // The last needs none.
    if (end > kAdminLineBytesMax && client.in.size() > kAdminLineBytesMax) {
      client.doomed = true;
      client.in.clear();
      Answer(client, AnswerError("the line is too long; expected at most " +
                                 std::to_string(kAdminLineBytesMax) + " bytes"));
      return true;
    }
    if (end == std::string::npos || client.in.empty()) return false;
    const std::string line = client.in.substr(0, end);
    client.in.erase(0, end + 1);
    if (line.find_first_not_of(" \t\r") == std::string::npos) return true;
    Outcome outcome = Understand(host_, line);
    if (std::string* answer = std::get_if<std::string>(&outcome)) {
      Answer(client, std::move(*answer));
    } else {
      Make(id, client, std::move(std::get<Change>(outcome)));
    }
    return true;
  }

  // May answer the client already; never touches any other.
  void Make(std::uint64_t id, Client& client, Change change) {
    if (pending_.size() == kPendingMax) {
      return Answer(client, AnswerError("too many changes at once; try again"));
    }
    if (auto* resize = std::get_if<ResizeChange>(&change)) {
      const auto blocks = host_.ResizeDevice(resize->device, resize->bytes);
      if (!blocks.ok()) return Answer(client, AnswerError(blocks.error()));
      change = admin::Request(admin::ResizeLu{resize->device, *blocks});
    }
    const AdminId admin_id(kAdminServerIdBit | ++last_request_);
    pending_.emplace(admin_id.v, Pending{id, std::nullopt});
    client.waits = true;
    making_ = id;
    if (auto* add = std::get_if<AddDeviceChange>(&change)) {
      host_.OpenDevice(admin_id, add->device);
    } else {
      host_.Submit(admin_id, std::move(std::get<admin::Request>(change)));
    }
    making_ = 0;
  }

  ListeningSocket listening_;
  const int epoll_;
  AdminHost& host_;
  std::map<std::uint64_t, Client> clients_;
  std::map<std::uint64_t, Pending> pending_;  // By AdminId.
  std::uint64_t last_client_ = kListener;
  std::uint64_t last_request_ = 0;
  std::uint64_t clock_ = 0;   // Counts what happens, for "longest".
  std::uint64_t making_ = 0;  // The client inside Make.
};

Result<std::unique_ptr<AdminServer>, std::string> AdminServer::Serve(ListeningSocket socket,
                                                                     AdminHost& host) {
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0) return Err{std::string("admin socket: epoll: ") + std::strerror(errno)};
  epoll_event event{EPOLLIN, {}};
  event.data.u64 = kListener;
  SRPT_CHECK(epoll_ctl(epoll, EPOLL_CTL_ADD, socket.fd(), &event) == 0);
  return std::unique_ptr<AdminServer>(
      new AdminServer(std::make_unique<Impl>(std::move(socket), epoll, host)));
}

AdminServer::AdminServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AdminServer::~AdminServer() = default;
int AdminServer::poll_fd() const { return impl_->poll_fd(); }
void AdminServer::OnReady() { impl_->OnReady(); }
void AdminServer::OnDeviceOpened(AdminId id, const Result<scsi::LuView, std::string>& unit) {
  impl_->OnDeviceOpened(id, unit);
}
void AdminServer::OnAdminDone(AdminId id, admin::Status status, std::string_view text) {
  impl_->OnAdminDone(id, status, text);
}

}  // namespace srpt::target
