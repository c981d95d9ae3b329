// The round. director_reactor_run.cc has the descriptors and the end, director_reactor_admin.cc
// what administrators ask.
#include "target/director_reactor.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "target/log.h"
#include "target/reactor_time.h"

namespace srpt::target {
namespace {

constexpr std::size_t kQueueRoom = 256;
// Steps with DeadlineReached in one round.
constexpr int kDeadlineSteps = 16;

}  // namespace

DirectorReactor::DirectorReactor(const DirectorParts& parts)
    : parts_(parts),
      now_(Now()),
      answers_(kQueueRoom),
      opener_(parts_.open_stores),
      known_(parts_.shards.size()) {
  SRPT_CHECK(!parts_.shards.empty());
}

bool DirectorReactor::Round() {
  now_ = Now();
  std::size_t work = 0;
  // What is kept is bounded by what is begun: see message_pipe.h.
  const bool may_begin = !BackedUp();
  if (may_begin && connections_due_ && !parts_.listener->backed_up()) {
    connections_due_ = false;
    const std::size_t seen = parts_.listener->PollConnections(*this);
    connection_events_ += seen;
    work += seen;
  }
  work += ReadMail();
  if (!stopping_ && parts_.listener->lost()) {
    spdlog::error("no RDMA device is left: shutting down");
    Stop(1);
  }
  if (may_begin && admin_due_) {
    admin_due_ = false;
    if (admin_ != nullptr) admin_->OnReady();
    ++work;
  }
  if (opened_due_) {
    opened_due_ = false;
    AddOpenedDevices();
    ++work;
  }
  work += AnswerAdmin();
  if (signals_due_) OnSignals();
  work += MeetDeadlines();
  Flush();
  return work > 0;
}

std::size_t DirectorReactor::ReadMail() {
  struct Reader {
    DirectorReactor& r;
    ShardId shard;
    void operator()(std::monostate) const {}
    void operator()(message::ToDirector& m) const {
      r.OnEvent(DirectorEvent(event::FromShard{shard, std::move(m)}));
    }
    void operator()(const mail::ConnectionGone& gone) const {
      r.OnEvent(DirectorEvent(event::ConnectionGone{gone.conn}));
    }
    void operator()(const mail::DeviceGone& gone) const {
      r.parts_.listener->OnDeviceGone(gone.device);
    }
  };
  std::size_t read = 0;
  for (std::uint32_t i = 0; i < parts_.shards.size(); ++i) {
    while (auto one = parts_.shards[i]->to_director().Pop()) {
      std::visit(Reader{*this, ShardId(i)}, *one);
      ++read;
    }
  }
  return read;
}

bool DirectorReactor::BackedUp() const {
  return std::any_of(parts_.shards.begin(), parts_.shards.end(),
                     [](ShardReactor* shard) { return shard->to_shard().backed_up(); });
}

void DirectorReactor::Flush() {
  for (ShardReactor* shard : parts_.shards) shard->to_shard().Flush();
}

std::size_t DirectorReactor::MeetDeadlines() {
  std::size_t met = 0;
  for (int i = 0; i < kDeadlineSteps && parts_.director->NextDeadline() <= now_; ++i, ++met) {
    OnEvent(DirectorEvent(event::DeadlineReached{}));
  }
  return met;
}

void DirectorReactor::OnEvent(const DirectorEvent& event) {
  trace_.Record(now_, event);
  ++steps_;
  actions_.Clear();
  parts_.director->Step(now_, event, actions_);
  CarryOut();
}

void DirectorReactor::CarryOut() {
  for (const Action& action : actions_) {
    std::visit(
        [this](const auto& a) {
          if constexpr (requires { Carry(a); }) {
            Carry(a);
          } else {
            SRPT_UNREACHABLE("an action of a shard's");
          }
        },
        action);
  }
}

// Whoever has the request rejects it.
void DirectorReactor::Carry(const action::Reject& reject) {
  if (parts_.listener->Carry(reject)) return;
  TellShards(reject);
}

void DirectorReactor::Carry(const action::Log& log) { WriteLog(log); }

void DirectorReactor::Carry(const action::ToShard& action) {
  MessagePipe<ShardMail>& pipe = parts_.shards.at(action.shard.v)->to_shard();
  if (const auto* open = std::get_if<message::OpenChannel>(&action.message)) {
    if (const auto request = parts_.listener->HandOver(open->conn, action.shard)) {
      pipe.Push(ShardMail(*request));
    }
  }
  pipe.Push(ShardMail(action.message));
}

void DirectorReactor::Carry(const action::ReleaseLu& action) { parts_.devices->Close(action.lu); }

}  // namespace srpt::target
