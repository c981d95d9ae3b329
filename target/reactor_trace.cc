#include "target/reactor_trace.h"

#include <cstdio>
#include <cstdlib>
#include <variant>

#include "core/base/check.h"

namespace srpt::target {
namespace {

thread_local const ReactorTrace* t_trace = nullptr;

constexpr std::uint32_t kNoChannel = 0xffffffffu;

[[noreturn]] void OnCheckFailed(const char* file, int line, const char* what) {
  SetCheckHandler(nullptr);  // A check that fails in here ends it at once.
  std::fprintf(stderr, "srpt: %s:%d: check failed: %s\n", file, line, what);
  if (t_trace != nullptr) std::fputs(t_trace->ToString().c_str(), stderr);
  std::fflush(stderr);
  std::abort();
}

// name, channel, status, what, more: of each event what tells most.
struct Brief {
  const char* name;
  std::uint32_t channel = kNoChannel;
  std::uint32_t status = 0;
  std::uint64_t what = 0;
  std::uint64_t more = 0;
};
std::uint32_t Raw(WorkStatus status) { return static_cast<std::uint32_t>(status); }

struct Describe {
  Brief operator()(const event::DeadlineReached&) const { return {"DeadlineReached"}; }
  Brief operator()(const event::LoginRequested& e) const {
    return {"LoginRequested", kNoChannel, 0, e.conn.v, e.port.v};
  }
  Brief operator()(const event::ConnectionGone& e) const {
    return {"ConnectionGone", kNoChannel, 0, e.conn.v};
  }
  Brief operator()(const event::AdminRequested& e) const {
    return {"AdminRequested", kNoChannel, 0, e.id.v, e.request.index()};
  }
  Brief operator()(const event::FromShard& e) const {
    return {"FromShard", kNoChannel, 0, e.shard.v, e.message.index()};
  }
  Brief operator()(const event::FromDirector& e) const {
    return {"FromDirector", kNoChannel, 0, e.message.index()};
  }
  Brief operator()(const event::AcceptFailed& e) const { return {"AcceptFailed", e.channel.v}; }
  Brief operator()(const event::Established& e) const { return {"Established", e.channel.v}; }
  Brief operator()(const event::IuReceived& e) const {
    const std::uint64_t opcode = e.bytes.empty() ? 0x100 : e.bytes[0];
    return {"IuReceived", e.channel.v, 0, e.recv.v, (e.bytes.size() << 16) | opcode};
  }
  Brief operator()(const event::RecvFailed& e) const {
    return {"RecvFailed", e.channel.v, Raw(e.status), e.recv.v};
  }
  Brief operator()(const event::ReceivesOver& e) const { return {"ReceivesOver", e.channel.v}; }
  Brief operator()(const event::SendDone& e) const {
    return {"SendDone", e.channel.v, Raw(e.status), e.send.v};
  }
  Brief operator()(const event::RdmaDone& e) const {
    return {"RdmaDone", e.channel.v, Raw(e.status), e.buffer.v};
  }
  Brief operator()(const event::ProbeDone& e) const {
    return {"ProbeDone", e.channel.v, Raw(e.status)};
  }
  Brief operator()(const event::QpFailed& e) const {
    return {"QpFailed", e.channel.v, Raw(e.status)};
  }
  Brief operator()(const event::BlockDone& e) const {
    return {"BlockDone", kNoChannel, static_cast<std::uint32_t>(e.status), e.op.v};
  }
  Brief operator()(const event::Disconnected& e) const { return {"Disconnected", e.channel.v}; }
  Brief operator()(const event::TimewaitOver& e) const { return {"TimewaitOver", e.channel.v}; }
  Brief operator()(const event::QpDestroyed& e) const { return {"QpDestroyed", e.channel.v}; }
};

}  // namespace

void ReactorTrace::Record(Time now, const ShardEvent& event) {
  const Brief b = std::visit(Describe{}, event);
  Add({now.ns, b.name, b.channel, b.status, b.what, b.more});
}

void ReactorTrace::Record(Time now, const DirectorEvent& event) {
  const Brief b = std::visit(Describe{}, event);
  Add({now.ns, b.name, b.channel, b.status, b.what, b.more});
}

std::string ReactorTrace::ToString() const {
  std::string text =
      "last events, oldest first (time in ns, event, channel, status, what, more):\n";
  for (std::size_t i = 0; i < kEvents; ++i) {
    const Entry& e = entries_[(next_ + i) % kEvents];
    if (e.name == nullptr) continue;
    char channel[32] = "-";
    if (e.channel != kNoChannel) {
      const ChannelId id(e.channel);
      std::snprintf(channel, sizeof channel, "%u.%u", id.slot(), id.generation());
    }
    char line[160];
    std::snprintf(line, sizeof line, "  %llu %-15s %s %u 0x%llx 0x%llx\n",
                  static_cast<unsigned long long>(e.time_ns), e.name, channel, e.status,
                  static_cast<unsigned long long>(e.what), static_cast<unsigned long long>(e.more));
    text += line;
  }
  return text;
}

void InstallCheckHandler() { SetCheckHandler(OnCheckFailed); }

void TraceThisThread(const ReactorTrace* trace) { t_trace = trace; }

}  // namespace srpt::target
