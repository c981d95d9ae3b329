// Descriptors, sleeping, and how the loop ends.
#include <spdlog/spdlog.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "target/reactor.h"
#include "target/reactor_time.h"

namespace srpt::target {
namespace {

constexpr int kEventsMax = 16;
// A loop that always finds work looks at its descriptors this often all the same.
constexpr Duration kLookEvery = Milliseconds(1);
constexpr int kSleepMsMax = 1000;
constexpr int kLazySendsMs = 2;  // See Fabric::LazySends.
constexpr Duration kShutdownMax = Seconds(4);
constexpr int kShutdownLookMs = 20;

}  // namespace

Reactor::~Reactor() {
  if (epoll_ >= 0) close(epoll_);
  if (signals_ >= 0) close(signals_);
}

std::string Reactor::Start() {
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_ < 0) return std::string("epoll_create1: ") + std::strerror(errno);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  signal(SIGPIPE, SIG_IGN);
  signals_ = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  bool ok = signals_ >= 0 && Watch(signals_, Source::kSignals);
  for (const int fd : parts_.fabric->completion_fds()) ok = ok && Watch(fd, Source::kCompletions);
  for (const int fd : parts_.fabric->connection_fds()) ok = ok && Watch(fd, Source::kConnections);
  for (const int fd : parts_.listener->fds()) ok = ok && Watch(fd, Source::kConnections);
  ok = ok && Watch(parts_.storage->event_fd(), Source::kStorage);
  ok = ok && Watch(opener_.event_fd(), Source::kOpener);
  return ok ? "" : std::string("cannot watch the loop's descriptors: ") + std::strerror(errno);
}

bool Reactor::Watch(int fd, Source source) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u32 = static_cast<std::uint32_t>(source);
  return epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) == 0;
}

void Reactor::SetAdminServer(AdminServer* server) {
  admin_ = server;
  SRPT_CHECK(Watch(server->poll_fd(), Source::kAdmin));
}

void Reactor::Look(int timeout_ms) {
  std::array<epoll_event, kEventsMax> events;
  const int n = epoll_wait(epoll_, events.data(), kEventsMax, timeout_ms);
  for (int i = 0; i < n; ++i) {
    switch (static_cast<Source>(events[static_cast<std::size_t>(i)].data.u32)) {
      case Source::kCompletions:
        parts_.fabric->OnWake();
        break;
      case Source::kStorage:
        break;  // Every round asks it.
      case Source::kConnections:
        connections_due_ = true;
        break;
      case Source::kAdmin:
        admin_due_ = true;
        break;
      case Source::kOpener:
        opened_due_ = true;
        break;
      case Source::kSignals:
        signals_due_ = true;
        break;
    }
  }
}

int Reactor::SleepMs() const {
  if (parts_.storage->ready() > 0) return 0;
  const Time next = std::min(parts_.shard->NextDeadline(), parts_.director->NextDeadline());
  if (next <= now_) return 0;
  int ms = kSleepMsMax;
  if (next != kNever) {
    ms = static_cast<int>(
        std::min<std::uint64_t>(kSleepMsMax, (next.ns - now_.ns + 999999) / 1000000));
  }
  if (parts_.fabric->LazySends()) ms = std::min(ms, kLazySendsMs);
  if (stopping_) ms = std::min(ms, kShutdownLookMs);
  return ms;
}

void Reactor::Sleep() {
  if (!parts_.fabric->Arm()) return;
  if (Round()) return;  // It came before the queues were armed.
  ++counters_.sleeps;
  Look(SleepMs());
}

int Reactor::Run() {
  std::uint32_t empty = 0;
  while (signals_seen_ < 2) {
    if (Round()) {
      empty = 0;
    } else if (++empty > options_.poll_budget) {
      Sleep();
      empty = 0;
      looked_ = now_;
    }
    if (now_ >= looked_ + kLookEvery) {
      looked_ = now_;
      Look(0);
    }
    if (stopping_ && ShutdownIsOver()) return status_;
  }
  spdlog::warn("second signal: ending at once");
  return 1;
}

void Reactor::OnSignals() {
  signals_due_ = false;
  signalfd_siginfo info;
  while (read(signals_, &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
    ++signals_seen_;
    if (signals_seen_ > 1) return;
    spdlog::info("{}: shutting down", strsignal(static_cast<int>(info.ssi_signo)));
    Stop(0);
  }
}

void Reactor::Stop(int status) {
  stopping_ = true;
  status_ = status;
  stop_by_ = now_ + kShutdownMax;
  Submit(AdminId(next_admin_++), admin::Shutdown{});
}

// A queue pair in timewait is nobody's any more: the kernel keeps its number from being used again.
bool Reactor::ShutdownIsOver() {
  if (parts_.director->IsDown()) return true;
  if (!to_shard_.empty() || !to_director_.empty()) return false;
  const std::vector<ChannelInfo> channels = parts_.shard->Channels();
  const bool drained = std::all_of(channels.begin(), channels.end(), [](const ChannelInfo& c) {
    return c.state == ChannelState::kTimewait || c.state == ChannelState::kDestroying;
  });
  if (drained && parts_.shard->active_commands() == 0) return true;
  if (now_ < stop_by_) return false;
  spdlog::warn("{} channels did not drain in time: ending without them", channels.size());
  return true;
}

}  // namespace srpt::target
