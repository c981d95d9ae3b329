// The round. reactor_sleep.cc has the descriptors, reactor_admin.cc what administrators ask.
#include "target/reactor.h"

#include <spdlog/spdlog.h>

#include <variant>

#include "target/log.h"
#include "target/reactor_time.h"

namespace srpt::target {
namespace {

constexpr std::size_t kQueueRoom = 256;
constexpr std::size_t kPipeRoom = 256;
// Storage and messages are asked again this often before a round posts.
constexpr int kPassesPerRound = 4;
// Steps with DeadlineReached in one pass: work that a step left over must not hold up the posts.
constexpr int kDeadlineSteps = 16;

}  // namespace

Reactor::Reactor(const ReactorParts& parts, const ReactorOptions& options)
    : parts_(parts),
      options_(options),
      now_(Now()),
      looked_(now_),
      to_shard_(kPipeRoom, wakeup_),
      to_director_(kPipeRoom, wakeup_),
      answers_(kQueueRoom),
      opener_(options_.open_stores) {}

bool Reactor::Round() {
  now_ = Now();
  ++counters_.rounds;
  std::size_t work = parts_.fabric->Poll(*this);
  counters_.completions += work;
  for (int pass = 0; pass < kPassesPerRound; ++pass) {
    std::size_t more = ReapStorage();
    if (connections_due_) {
      connections_due_ = false;
      const std::size_t seen =
          parts_.listener->PollConnections(*this) + parts_.fabric->PollConnections(*this);
      counters_.connection_events += seen;
      if (!stopping_ && parts_.listener->lost()) {
        spdlog::error("no RDMA device is left: shutting down");
        Stop(1);
      }
      more += seen;
    }
    more += PumpMessages();
    if (admin_due_) {
      admin_due_ = false;
      if (admin_ != nullptr) admin_->OnReady();
      ++more;
    }
    if (opened_due_) {
      opened_due_ = false;
      AddOpenedDevices();
      ++more;
    }
    more += AnswerAdmin();
    if (signals_due_) OnSignals();
    more += MeetDeadlines();
    work += more;
    if (more == 0) break;
  }
  parts_.storage->Submit();
  parts_.fabric->Flush();
  if (work == 0) ++counters_.empty_rounds;
  return work > 0;
}

std::size_t Reactor::ReapStorage() {
  parts_.storage->Submit();
  const std::size_t n = parts_.storage->Reap([this](OpId op, IoStatus status) {
    OnEvent(ShardEvent(event::BlockDone{op, status}));
  });
  counters_.storage_operations += n;
  return n;
}

std::size_t Reactor::PumpMessages() {
  std::size_t moved = 0;
  for (std::size_t before = moved + 1; before != moved;) {
    before = moved;
    to_director_.Flush();
    while (auto message = to_director_.Pop()) {
      OnEvent(DirectorEvent(event::FromShard{ShardId(0), std::move(*message)}));
      ++moved;
    }
    to_shard_.Flush();
    while (auto message = to_shard_.Pop()) {
      OnEvent(ShardEvent(event::FromDirector{std::move(*message)}));
      ++moved;
    }
  }
  return moved;
}

std::size_t Reactor::MeetDeadlines() {
  std::size_t met = 0;
  for (int i = 0; i < kDeadlineSteps && parts_.shard->NextDeadline() <= now_; ++i, ++met) {
    OnEvent(ShardEvent(event::DeadlineReached{}));
  }
  for (int i = 0; i < kDeadlineSteps && parts_.director->NextDeadline() <= now_; ++i, ++met) {
    OnEvent(DirectorEvent(event::DeadlineReached{}));
  }
  return met;
}

void Reactor::OnEvent(const ShardEvent& event) {
  trace_.Record(now_, event);
  ++counters_.shard_steps;
  actions_.Clear();
  parts_.shard->Step(now_, event, actions_);
  CarryOut();
}

void Reactor::OnEvent(const DirectorEvent& event) {
  trace_.Record(now_, event);
  ++counters_.director_steps;
  actions_.Clear();
  parts_.director->Step(now_, event, actions_);
  CarryOut();
}

void Reactor::CarryOut() {
  for (const Action& action : actions_) {
    std::visit(
        [this](const auto& a) {
          if constexpr (requires { Carry(a); }) {
            Carry(a);
          } else {
            parts_.fabric->Carry(a);
          }
        },
        action);
  }
}

void Reactor::OnConnectionGone(ConnId conn) { OnEvent(DirectorEvent(event::ConnectionGone{conn})); }

void Reactor::OnDeviceGone(DeviceIndex device) { parts_.listener->OnDeviceGone(device); }

void Reactor::OnSharedLow(const void* queue) { parts_.fabric->OnSharedLow(queue); }

// Whoever has the request rejects it.
void Reactor::Carry(const action::Reject& reject) {
  if (!parts_.listener->Carry(reject)) parts_.fabric->Carry(reject);
}

void Reactor::Carry(const action::RdmaRead& read) {
  MemRef sink;
  sink.buffer = read.buffer;
  parts_.storage->Touched(parts_.fabric->At(sink).data());
  parts_.fabric->Carry(read);
}

void Reactor::Carry(const action::BlockRead& read) {
  parts_.storage->Read(read.op, read.lu, read.offset, parts_.fabric->At(read.memory));
}

void Reactor::Carry(const action::BlockWrite& write) {
  parts_.storage->Write(write.op, write.lu, write.offset, parts_.fabric->At(write.memory),
                        write.fua);
}

void Reactor::Carry(const action::BlockFlush& flush) { parts_.storage->Flush(flush.op, flush.lu); }

void Reactor::Carry(const action::Log& log) { WriteLog(log); }

void Reactor::Carry(const action::ToDirector& action) {
  if (const auto* closed = std::get_if<message::ChannelClosed>(&action.message)) {
    parts_.fabric->Forget(closed->channel);  // Nothing of it remains in core.
  }
  to_director_.Push(action.message);
}

void Reactor::Carry(const action::ToShard& action) {
  SRPT_CHECK(action.shard == ShardId(0));
  if (const auto* open = std::get_if<message::OpenChannel>(&action.message)) {
    if (const auto request = parts_.listener->HandOver(open->conn, action.shard)) {
      parts_.fabric->Take(*request);
    }
  }
  to_shard_.Push(action.message);
}

void Reactor::Carry(const action::ReleaseLu& action) { parts_.devices->Close(action.lu); }

}  // namespace srpt::target
