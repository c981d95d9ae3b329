#include "conformance/scenarios/stage.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "conformance/scenarios/describe.h"
#include "core/base/check.h"

namespace srpt::scenarios {
namespace {

constexpr std::size_t kAnswerBytesMax = 64;

std::string_view ToString(WorkStatus status) {
  switch (status) {
    case WorkStatus::kOk:
      return "ok";
    case WorkStatus::kFlushed:
      return "flushed";
    case WorkStatus::kLocalLength:
      return "local length error";
    case WorkStatus::kRemoteAccess:
      return "remote access error";
    case WorkStatus::kRetryExceeded:
      return "retries exceeded";
    case WorkStatus::kRnrExceeded:
      return "RNR retries exceeded";
    case WorkStatus::kOther:
      return "other error";
  }
  return "unknown status";
}

}  // namespace

Stage::Stage(const sim::WorldOptions& options) : world_(options) {
  SRPT_CHECK(options.story);
  shown_.fill(true);
  Show(Topic::kCompletion, false);
  Show(Topic::kMessage, false);
}

bool Stage::RunUntil(const std::function<bool()>& done, Duration within) {
  const Time until = now() + within;
  while (!done()) {
    if (now() >= until || !world_.RunOne()) return false;
  }
  return true;
}

// --- Channels -----------------------------------------------------------------------------------

Channel* Stage::Find(std::string_view name) {
  const auto it = channels_.find(name);
  return it == channels_.end() ? nullptr : &it->second;
}

Channel* Stage::Of(sim::PeerId peer) {
  for (auto& [name, channel] : channels_) {
    if (channel.peer == peer) return &channel;
  }
  return nullptr;
}

sim::HostId Stage::HostOf(char initiator) {
  const auto it = hosts_.find(initiator);
  if (it != hosts_.end()) return it->second;
  return hosts_[initiator] = world_.NewHost();
}

Channel& Stage::Connect(const std::string& name, const wire::LoginReq& req,
                        sim::ConnectOptions options) {
  channels_.erase(name);
  Channel& channel = channels_[name];
  channel.name = name;
  channel.req = req;
  channel.form = options.form;
  channel.outlaw = options.overruns;
  // The channel has to know what it asked for, whatever is sent.
  std::vector<std::uint8_t> login(wire::kLoginReq64Bytes);
  login.resize(options.form == LoginForm::kRdmaCm ? channel.srp.BuildLoginCm(req, login)
                                                  : channel.srp.BuildLogin64(req, login));
  if (options.private_data.empty()) options.private_data = login;
  options.host = HostOf(name[0]);
  options.sink = this;
  // By what it is, so that nothing else shifts its choices.
  options.lineage = sim::Lineage{}.Child(peers_.size() + 1);
  channel.peer = world_.Connect(options);
  peers_[channel.peer.v] = name;
  return channel;
}

bool Stage::Send(Channel& channel, Bytes iu, bool solicited) {
  if (world_.Send(channel.peer, iu, solicited)) return true;
  Note(channel.name + " cannot send: its queue pair is not up");
  return false;
}

void Stage::Vanish(Channel& channel) {
  world_.Vanish(channel.peer);
  channel.state = Channel::State::kOver;
}

void Stage::OnPeerEvent(sim::PeerId peer, const sim::PeerEvent& event, Bytes bytes) {
  Drain();
  Channel* channel = Of(peer);
  if (channel == nullptr) return;  // Its name is another one's now.
  using Kind = sim::PeerEvent::Kind;
  switch (event.kind) {
    case Kind::kConnected: {
      const auto accepted = channel->srp.OnLoginRsp(bytes);
      channel->state = Channel::State::kLive;
      channel->login_rsp.assign(bytes.begin(), bytes.end());
      Judge(*channel, accepted.ok() ? accepted->violation : initiator::Violation::kUnreadable);
      return;
    }
    case Kind::kIu:
      return OnIu(*channel, bytes);
    case Kind::kSendFailed:
      return Note(channel->name + " a SEND fails: " + std::string(ToString(event.status)));
    case Kind::kQpError:
      return Note(channel->name +
                  " its queue pair is in error: " + std::string(ToString(event.status)));
    case Kind::kRejected:
    case Kind::kUnreachable:
    case Kind::kDisconnected:
      channel->state = Channel::State::kOver;
      return;
  }
}

void Stage::OnIu(Channel& channel, Bytes iu) {
  const initiator::Received received = channel.srp.OnIu(iu);
  Judge(channel, received.violation);
  if (const auto* done = std::get_if<initiator::received::Completion>(&received.what)) {
    if (!done->task_management) channel.status = done->status;
  }
  if (!channel.answers) return;
  std::array<std::uint8_t, kAnswerBytesMax> answer{};
  std::size_t bytes = 0;
  if (const auto* credits = std::get_if<initiator::received::CreditRequest>(&received.what)) {
    bytes = channel.srp.BuildCredRsp(credits->tag, answer);
  } else if (const auto* async = std::get_if<initiator::received::AsyncEvent>(&received.what)) {
    bytes = channel.srp.BuildAerRsp(async->tag, answer);
  }
  if (bytes != 0) Send(channel, Bytes(answer).first(bytes));
}

void Stage::Judge(Channel& channel, initiator::Violation violation) {
  if (violation == initiator::Violation::kNone) return;
  const std::string text = "invariant " + std::to_string(InvariantNumber(violation)) + ": " +
                           std::string(to_string(violation));
  Note(channel.name + (channel.outlaw ? " (an outlaw) " : " ") + text);
  if (!channel.outlaw && violation_.empty()) violation_ = channel.name + ": " + text;
}

// --- Memory -------------------------------------------------------------------------------------

const Stage::Memory* Stage::FindMemory(std::string_view name) const {
  const auto it = memory_.find(name);
  return it == memory_.end() ? nullptr : &it->second;
}

const Stage::Memory& Stage::Register(const std::string& name, char initiator, std::uint32_t bytes,
                                     std::uint8_t fill) {
  Memory& memory = memory_[name];
  memory.host = HostOf(initiator);
  memory.region =
      world_.Register(memory.host, bytes, sim::access::kRemoteRead | sim::access::kRemoteWrite);
  keys_[memory.region.rkey.v] = name;
  Fill(memory, fill);
  return memory;
}

void Stage::Fill(const Memory& memory, std::uint8_t byte) {
  world_.WriteMemory(memory.region, 0, std::vector<std::uint8_t>(memory.region.bytes, byte));
}

std::vector<std::uint8_t> Stage::Content(const Memory& memory, std::uint64_t offset,
                                         std::uint64_t bytes) const {
  std::vector<std::uint8_t> content(bytes);
  if (!world_.ReadMemory(memory.region, offset, content)) content.clear();
  return content;
}

std::string Stage::NameOf(const wire::Direct& piece) const {
  const std::string length = ':' + std::to_string(piece.len);
  const auto key = keys_.find(piece.rkey.v);
  if (key == keys_.end()) return "(no such key)" + length;
  const Memory* memory = FindMemory(key->second);
  // The name may be another region's by now.
  if (memory == nullptr || memory->region.rkey != piece.rkey) return "(old)" + key->second + length;
  if (piece.va < memory->region.va) return "(before)" + key->second + length;
  const std::uint64_t offset = piece.va.v - memory->region.va.v;
  return key->second + (offset == 0 ? "" : '+' + std::to_string(offset)) + length;
}

}  // namespace srpt::scenarios
