#include "target/shard_reactor.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <utility>
#include <variant>

#include "target/log.h"
#include "target/reactor_time.h"

namespace srpt::target {
namespace {

constexpr std::size_t kPipeRoom = 256;
// Storage and mail are asked again this often before a round posts.
constexpr int kPassesPerRound = 4;
// Steps with DeadlineReached in one pass: work that a step left over must not hold up the posts.
constexpr int kDeadlineSteps = 16;
// A loop that always finds work looks at its descriptors this often all the same.
constexpr Duration kLookEvery = Milliseconds(1);
constexpr int kSleepMsMax = 1000;
constexpr int kLazySendsMs = 2;  // See Fabric::LazySends.
constexpr int kBackedUpMs = 1;   // See message_pipe.h.
constexpr std::chrono::seconds kPatience(5);

}  // namespace

ShardReactor::ShardReactor(const ShardParts& parts, std::uint32_t poll_budget, Wakeup& director)
    : parts_(parts),
      poll_budget_(poll_budget),
      now_(Now()),
      looked_(now_),
      to_shard_(kPipeRoom, wakeup_),
      to_director_(kPipeRoom, director) {}

ShardReactor::~ShardReactor() { SRPT_CHECK(!thread_.joinable()); }

std::string ShardReactor::Start() {
  std::string failed = poller_.Open();
  if (!failed.empty()) return failed;
  const auto watch = [&](int fd, Source source) {
    return poller_.Watch(fd, static_cast<std::uint32_t>(source));
  };
  bool ok = watch(wakeup_.fd(), Source::kMail);
  for (const int fd : parts_.fabric->completion_fds()) ok = ok && watch(fd, Source::kCompletions);
  for (const int fd : parts_.fabric->connection_fds()) ok = ok && watch(fd, Source::kConnections);
  ok = ok && watch(parts_.storage->event_fd(), Source::kStorage);
  return ok ? "" : std::string("cannot watch the loop's descriptors: ") + std::strerror(errno);
}

// --- The director's thread ----------------------------------------------------------------------

void ShardReactor::StartThread() {
  stop_ = false;
  thread_ = std::thread([this] { Run(); });
}

bool ShardReactor::StopThread() {
  if (!thread_.joinable()) return true;
  if (!DoAndWait([this] { stop_ = true; })) return false;
  thread_.join();
  return true;
}

void ShardReactor::Do(mail::Task task) {
  if (!has_thread()) return task();
  to_shard_.Push(ShardMail(std::move(task)));
}

bool ShardReactor::DoAndWait(mail::Task task) {
  if (!has_thread()) {
    task();
    return true;
  }
  struct Done {
    std::mutex mutex;
    std::condition_variable changed;
    bool done = false;
  };
  const auto done = std::make_shared<Done>();  // Whoever comes last lets go of it.
  Do([done, task = std::move(task)] {
    task();
    const std::lock_guard lock(done->mutex);
    done->done = true;
    done->changed.notify_one();
  });
  const auto until = std::chrono::steady_clock::now() + kPatience;
  std::unique_lock lock(done->mutex);
  while (!done->done) {
    if (to_shard_.backed_up()) {  // Nobody but this thread hands over what was kept.
      lock.unlock();
      to_shard_.Flush();
      lock.lock();
      done->changed.wait_for(lock, std::chrono::milliseconds(kBackedUpMs));
    } else {
      done->changed.wait_until(lock, until);
    }
    if (!done->done && std::chrono::steady_clock::now() >= until) return false;
  }
  return true;
}

const ShardFacts& ShardReactor::Facts() {
  const auto facts = std::make_shared<ShardFacts>();
  if (DoAndWait([this, facts] { *facts = Gather(); })) facts_ = std::move(*facts);
  return facts_;
}

void ShardStores::Open(LuId lu, const DeviceSpec& spec, BackingFile file) {
  if (reactor_ == nullptr) {
    engine_.Open(lu, spec, std::move(file));
    return;
  }
  const auto shared = std::make_shared<BackingFile>(std::move(file));
  reactor_->Do([this, lu, spec, shared] { engine_.Open(lu, spec, std::move(*shared)); });
}

void ShardStores::Close(LuId lu) {
  if (reactor_ == nullptr) return engine_.Close(lu);
  reactor_->Do([this, lu] { engine_.Close(lu); });
}

Result<std::uint64_t, std::string> ShardStores::Resize(LuId lu, std::uint64_t bytes) {
  if (reactor_ == nullptr) return engine_.Resize(lu, bytes);
  const auto answer = std::make_shared<Result<std::uint64_t, std::string>>(Err{std::string()});
  if (!reactor_->DoAndWait([this, lu, bytes, answer] { *answer = engine_.Resize(lu, bytes); })) {
    return Err{std::string("the shard's thread does not answer; its storage hangs")};
  }
  return *answer;
}

// --- The shard's thread -------------------------------------------------------------------------

void ShardReactor::Run() {
  TraceThisThread(&trace_);
  std::uint32_t empty = 0;
  while (!stop_) {
    if (Round()) {
      empty = 0;
    } else if (++empty > poll_budget_) {
      Sleep();
      empty = 0;
      looked_ = now_;
    }
    if (now_ >= looked_ + kLookEvery) {
      looked_ = now_;
      Look(0);
    }
  }
  TraceThisThread(nullptr);
}

void ShardReactor::Sleep() {
  if (!parts_.fabric->Arm()) return;
  wakeup_.Prepare();
  if (!Round()) {  // Else it came before the queues were armed.
    ++counters_.sleeps;
    Look(SleepMs());
  }
  wakeup_.Awake(std::exchange(woken_, false));
}

int ShardReactor::SleepMs() const {
  if (stop_ || parts_.storage->ready() > 0) return 0;
  const Time next = parts_.shard->NextDeadline();
  if (next <= now_) return 0;
  int ms = kSleepMsMax;
  if (next != kNever) {
    ms = static_cast<int>(
        std::min<std::uint64_t>(kSleepMsMax, (next.ns - now_.ns + 999999) / 1000000));
  }
  if (parts_.fabric->LazySends()) ms = std::min(ms, kLazySendsMs);
  if (to_director_.backed_up()) ms = std::min(ms, kBackedUpMs);
  return ms;
}

void ShardReactor::Look(int timeout_ms) {
  poller_.Look(timeout_ms, [this](std::uint32_t source) {
    switch (static_cast<Source>(source)) {
      case Source::kCompletions:
        parts_.fabric->OnWake();
        break;
      case Source::kConnections:
        connections_due_ = true;
        break;
      case Source::kMail:
        woken_ = true;
        break;
      case Source::kStorage:  // Every round asks it.
        break;
    }
  });
}

bool ShardReactor::Round() {
  now_ = Now();
  ++counters_.rounds;
  std::size_t work = parts_.fabric->Poll(*this);
  counters_.completions += work;
  for (int pass = 0; pass < kPassesPerRound; ++pass) {
    std::size_t more = ReapStorage();
    if (connections_due_) {
      connections_due_ = false;
      const std::size_t seen = parts_.fabric->PollConnections(*this);
      counters_.connection_events += seen;
      more += seen;
    }
    more += ReadMail();
    more += MeetDeadlines();
    work += more;
    if (more == 0) break;
  }
  parts_.storage->Submit();
  parts_.fabric->Flush();
  to_director_.Flush();
  if (work == 0) ++counters_.empty_rounds;
  return work > 0;
}

std::size_t ShardReactor::ReapStorage() {
  parts_.storage->Submit();
  const std::size_t n = parts_.storage->Reap([this](OpId op, IoStatus status) {
    OnEvent(ShardEvent(event::BlockDone{op, status}));
  });
  counters_.storage_operations += n;
  return n;
}

std::size_t ShardReactor::ReadMail() {
  struct Reader {
    ShardReactor& r;
    void operator()(std::monostate) const {}
    void operator()(message::ToShard& m) const {
      r.OnEvent(ShardEvent(event::FromDirector{std::move(m)}));
    }
    void operator()(const ConnectionRequest& request) const { r.parts_.fabric->Take(request); }
    void operator()(const action::Reject& reject) const { r.parts_.fabric->Carry(reject); }
    void operator()(const mail::SharedLow& low) const { r.parts_.fabric->OnSharedLow(low.queue); }
    void operator()(const mail::QueueFailed& failed) const {
      r.parts_.fabric->OnQueueFailed(failed.queue);
    }
    void operator()(const mail::DeviceFailed& failed) const {
      r.parts_.fabric->OnDeviceFailed(failed.device);
    }
    void operator()(const mail::Task& task) const { task(); }
  };
  std::size_t read = 0;
  while (auto one = to_shard_.Pop()) {
    std::visit(Reader{*this}, *one);
    ++read;
  }
  return read;
}

std::size_t ShardReactor::MeetDeadlines() {
  std::size_t met = 0;
  for (int i = 0; i < kDeadlineSteps && parts_.shard->NextDeadline() <= now_; ++i, ++met) {
    OnEvent(ShardEvent(event::DeadlineReached{}));
  }
  return met;
}

ShardFacts ShardReactor::Gather() const {
  ShardFacts facts;
  facts.channels = parts_.shard->Channels();
  facts.active_commands = parts_.shard->active_commands();
  facts.free_data_buffers = parts_.shard->free_data_buffers();
  facts.open_connections = parts_.fabric->open_connections();
  facts.copied_transfers = parts_.storage->copied();
  facts.srq_limit_events = parts_.fabric->shared_low_events();
  facts.counters = counters_;
  return facts;
}

void ShardReactor::OnEvent(const ShardEvent& event) {
  trace_.Record(now_, event);
  ++counters_.shard_steps;
  actions_.Clear();
  parts_.shard->Step(now_, event, actions_);
  for (const Action& action : actions_) {
    std::visit(
        [this](const auto& a) {
          if constexpr (requires { Carry(a); }) {
            Carry(a);
          } else if constexpr (requires { parts_.fabric->Carry(a); }) {
            parts_.fabric->Carry(a);
          } else {
            SRPT_UNREACHABLE("an action of the director's");
          }
        },
        action);
  }
}

void ShardReactor::OnConnectionGone(ConnId conn) {
  to_director_.Push(DirectorMail(mail::ConnectionGone{conn}));
}

void ShardReactor::OnDeviceGone(DeviceIndex device) {
  to_director_.Push(DirectorMail(mail::DeviceGone{device}));
}

void ShardReactor::Carry(const action::RdmaRead& read) {
  MemRef sink;
  sink.buffer = read.buffer;
  parts_.storage->Touched(parts_.fabric->At(sink).data());
  parts_.fabric->Carry(read);
}

void ShardReactor::Carry(const action::BlockRead& read) {
  parts_.storage->Read(read.op, read.lu, read.offset, parts_.fabric->At(read.memory));
}

void ShardReactor::Carry(const action::BlockWrite& write) {
  parts_.storage->Write(write.op, write.lu, write.offset, parts_.fabric->At(write.memory),
                        write.fua);
}

void ShardReactor::Carry(const action::BlockFlush& flush) {
  parts_.storage->Flush(flush.op, flush.lu);
}

void ShardReactor::Carry(const action::Log& log) { WriteLog(log); }

void ShardReactor::Carry(const action::ToDirector& action) {
  if (const auto* closed = std::get_if<message::ChannelClosed>(&action.message)) {
    parts_.fabric->Forget(closed->channel);  // Nothing of it remains in core.
  }
  to_director_.Push(DirectorMail(action.message));
}

}  // namespace srpt::target
