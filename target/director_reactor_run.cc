// Descriptors, sleeping, and how the daemon ends.
#include <spdlog/spdlog.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <thread>

#include "target/director_reactor.h"
#include "target/reactor_time.h"

namespace srpt::target {
namespace {

constexpr int kSleepMsMax = 1000;
constexpr std::chrono::milliseconds kBackedUp(1);  // See message_pipe.h.
constexpr Duration kShutdownMax = Seconds(4);
constexpr int kShutdownLookMs = 20;

sigset_t EndingSignals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}

}  // namespace

void BlockSignals() {
  const sigset_t set = EndingSignals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signal(SIGPIPE, SIG_IGN);
}

DirectorReactor::~DirectorReactor() {
  if (signals_ >= 0) close(signals_);
}

std::string DirectorReactor::Start() {
  std::string failed = poller_.Open();
  if (!failed.empty()) return failed;
  BlockSignals();
  const sigset_t set = EndingSignals();
  signals_ = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  bool ok = signals_ >= 0 && Watch(signals_, Source::kSignals);
  for (const int fd : parts_.listener->fds()) ok = ok && Watch(fd, Source::kConnections);
  ok = ok && Watch(parts_.wakeup->fd(), Source::kMail);
  ok = ok && Watch(opener_.event_fd(), Source::kOpener);
  return ok ? "" : std::string("cannot watch the loop's descriptors: ") + std::strerror(errno);
}

bool DirectorReactor::Watch(int fd, Source source) {
  return poller_.Watch(fd, static_cast<std::uint32_t>(source));
}

void DirectorReactor::SetAdminServer(AdminServer* server) {
  admin_ = server;
  SRPT_CHECK(Watch(server->poll_fd(), Source::kAdmin));
}

void DirectorReactor::Look(int timeout_ms) {
  poller_.Look(timeout_ms, [this](std::uint32_t source) {
    switch (static_cast<Source>(source)) {
      case Source::kConnections:
        connections_due_ = true;
        break;
      case Source::kMail:
        woken_ = true;
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
  });
}

int DirectorReactor::SleepMs() const {
  const Time next = parts_.director->NextDeadline();
  if (next <= now_) return 0;
  int ms = kSleepMsMax;
  if (next != kNever) {
    ms = static_cast<int>(
        std::min<std::uint64_t>(kSleepMsMax, (next.ns - now_.ns + 999999) / 1000000));
  }
  if (stopping_) ms = std::min(ms, kShutdownLookMs);
  return ms;
}

void DirectorReactor::Sleep() {
  parts_.wakeup->Prepare();
  if (!Round()) {  // Else mail came while it made ready.
    // (What it will not hear now, connections and administrators, would not let it sleep.)
    const bool backed_up = BackedUp() || parts_.listener->backed_up();
    if (backed_up) std::this_thread::sleep_for(kBackedUp);
    Look(backed_up ? 0 : SleepMs());
  }
  parts_.wakeup->Awake(std::exchange(woken_, false));
}

int DirectorReactor::Run() {
  TraceThisThread(&trace_);
  while (signals_seen_ < 2) {
    if (!Round()) {
      Sleep();
    } else {
      Look(0);  // Whoever has much to say does not keep the others from being heard.
    }
    if (stopping_ && ShutdownIsOver()) {
      TraceThisThread(nullptr);
      return status_;
    }
  }
  TraceThisThread(nullptr);
  spdlog::warn("second signal: ending at once");
  return 1;
}

void DirectorReactor::OnSignals() {
  signals_due_ = false;
  signalfd_siginfo info;
  while (read(signals_, &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
    ++signals_seen_;
    if (signals_seen_ > 1) return;
    spdlog::info("{}: shutting down", strsignal(static_cast<int>(info.ssi_signo)));
    Stop(0);
  }
}

void DirectorReactor::Stop(int status) {
  stopping_ = true;
  status_ = status;
  stop_by_ = now_ + kShutdownMax;
  Submit(AdminId(next_admin_++), admin::Shutdown{});
}

// A queue pair in timewait is nobody's any more: the kernel keeps its number from being used again.
bool DirectorReactor::ShutdownIsOver() {
  if (parts_.director->IsDown()) return true;
  std::size_t open = 0;
  bool drained = true;
  for (std::uint32_t i = 0; i < parts_.shards.size(); ++i) {
    ShardReactor& shard = *parts_.shards[i];
    const ShardFacts& facts = Facts(ShardId(i));
    open += facts.channels.size();
    drained = drained && facts.active_commands == 0 && shard.to_director().empty() &&
              std::all_of(facts.channels.begin(), facts.channels.end(), [](const ChannelInfo& c) {
                return c.state == ChannelState::kTimewait || c.state == ChannelState::kDestroying;
              });
  }
  if (drained) return true;
  if (now_ < stop_by_) return false;
  spdlog::warn("{} channels did not drain in time: ending without them", open);
  return true;
}

}  // namespace srpt::target
