// The log: what the story (sim/story.h) tells, a line each, in the scenario's own names.
#include <algorithm>
#include <array>
#include <utility>

#include "conformance/scenarios/describe.h"
#include "conformance/scenarios/stage.h"
#include "conformance/scenarios/transcript.h"

namespace srpt::scenarios {
namespace {

using Kind = sim::StoryEvent::Kind;

constexpr std::array<std::string_view, kTopics> kTopicNames = {
    "cm", "iu", "rdma", "disk", "rnr", "log", "fault", "completion", "message"};
constexpr std::size_t kTimeWidth = 11;

// Core's own words, without what is the same in every line: the ports' ids and long names.
std::string Shortened(std::string text) {
  constexpr std::string_view kPort = "fe80:0000:0000:0000:0000:0000:0000:000";
  for (std::size_t at; (at = text.find(kPort)) != std::string::npos;) {
    text.replace(at, kPort.size() + 1, "port " + std::to_string(text[at + kPort.size()] - '1'));
  }
  const std::size_t ids = text.find(" (i_port_id ");
  const std::size_t end = ids == std::string::npos ? ids : text.find(')', ids);
  if (end != std::string::npos) text.erase(ids, end + 1 - ids);
  return text;
}

}  // namespace

std::optional<Topic> ParseTopic(std::string_view word) {
  const auto* found = std::find(kTopicNames.begin(), kTopicNames.end(), word);
  if (found == kTopicNames.end()) return std::nullopt;
  return static_cast<Topic>(found - kTopicNames.begin());
}

std::string TopicNames() {
  std::string names;
  for (const std::string_view name : kTopicNames) {
    names += (names.empty() ? "" : ", ") + std::string(name);
  }
  return names;
}

void Stage::Put(Topic topic, Time at, const std::string& text) {
  const auto index = static_cast<std::size_t>(topic);
  if (!shown_[index]) {
    ++hidden_[index];
    return;
  }
  std::string time = TimeText(at);
  if (time.size() < kTimeWidth) time.insert(0, kTimeWidth - time.size(), ' ');
  std::string line = std::string(kLogMargin) + time + "  " + text;
  if (same_ != 0 && log_.back() == line) {
    ++same_;
    return;
  }
  CloseLine();
  log_.push_back(std::move(line));
  same_ = 1;
}

// The same thing many times at once is one line.
void Stage::CloseLine() {
  if (same_ > 1) log_.back() += ", " + std::to_string(same_) + " times";
  same_ = 0;
}

void Stage::Note(const std::string& text) {
  Drain();
  Put(Topic::kFault, now(), text);
}

std::vector<std::string> Stage::TakeLog() {
  Drain();
  CloseLine();
  std::string hidden;
  for (std::size_t i = 0; i < kTopics; ++i) {
    const auto topic = static_cast<Topic>(i);
    const bool never_shown = topic == Topic::kCompletion || topic == Topic::kMessage;
    if (hidden_[i] != 0 && !never_shown) {
      hidden += (hidden.empty() ? "" : ", ") + std::to_string(hidden_[i]) + ' ' +
                std::string(kTopicNames[i]);
    }
    hidden_[i] = 0;
  }
  if (!hidden.empty()) {
    log_.push_back(std::string(kLogMargin) + std::string(kTimeWidth + 2, ' ') +
                   "(not shown: " + hidden + ')');
  }
  return std::exchange(log_, {});
}

void Stage::Drain() {
  const auto story = world_.story();
  while (drained_ < story->dropped() + story->events().size()) {
    if (drained_ < story->dropped()) drained_ = story->dropped();
    Log(story->events()[drained_ - story->dropped()]);
    ++drained_;
  }
}

std::string Stage::WhoIs(std::uint32_t peer) const {
  const auto it = peers_.find(peer);
  return it == peers_.end() ? "(stale)" : it->second;  // A REQ that nobody here sent.
}

void Stage::LogCm(const sim::StoryEvent& event, const std::string& who) {
  const std::string arrow = who + (event.to_target ? " -> " : " <- ");
  std::string text(ToString(event.kind));
  const Channel* channel = Of(sim::PeerId(event.peer));
  const LoginForm form = channel == nullptr ? LoginForm::kRdmaCm : channel->form;
  if (event.kind == Kind::kReq) text += ' ' + DescribeLoginReq(event.bytes, form);
  if (event.kind == Kind::kRep || event.kind == Kind::kRej) {
    text += ' ' + DescribeLoginAnswer(event.bytes);
  }
  if (event.kind == Kind::kEnd) return Put(Topic::kCm, event.at, who + " over: " + event.text);
  Put(Topic::kCm, event.at, arrow + text);
}

void Stage::LogDisk(const sim::StoryEvent& event) {
  const auto& disk = world_.story()->disks[event.disk];
  const bool done = event.kind == Kind::kBlockDone;
  // The text is "write FUA", or "write FUA: ok" when it is done.
  const std::size_t colon = event.text.find(':');
  std::string text = disk.name + (done ? " ends " : " begins ") + event.text.substr(0, colon);
  if (event.length != 0) {
    text += " lba " + std::to_string(event.address / disk.block_bytes) + " blocks " +
            std::to_string(event.length / disk.block_bytes);
  }
  if (colon != std::string::npos) text += event.text.substr(colon);
  Put(Topic::kDisk, event.at, text);
}

void Stage::Log(const sim::StoryEvent& event) {
  const std::string who = WhoIs(event.peer);
  const auto piece = [&] {
    return NameOf(
        {RemoteAddr(event.address), RKey(event.rkey), static_cast<std::uint32_t>(event.length)});
  };
  switch (event.kind) {
    case Kind::kReq:
    case Kind::kRep:
    case Kind::kRej:
    case Kind::kRtu:
    case Kind::kDreq:
    case Kind::kDrep:
    case Kind::kEnd:
      return LogCm(event, who);
    case Kind::kIu: {
      const Channel* channel = Of(sim::PeerId(event.peer));
      const std::uint16_t imm =
          channel == nullptr ? std::uint16_t{0} : channel->srp.imm_data_offset();
      const auto names = [this](const wire::Direct& d) { return NameOf(d); };
      return Put(Topic::kIu, event.at,
                 event.to_target ? who + " -> " + DescribeToTarget(event.bytes, imm, names)
                                 : who + " <- " + DescribeToInitiator(event.bytes));
    }
    case Kind::kRdmaWrite:
      return Put(Topic::kRdma, event.at, who + " <- RDMA WRITE to " + piece());
    case Kind::kRdmaRead:
      return Put(Topic::kRdma, event.at, who + " <- RDMA READ from " + piece());
    case Kind::kProbe:
      return Put(Topic::kRdma, event.at, who + " <- probe, acknowledged");
    case Kind::kRefusedAccess:
      return Put(Topic::kRdma, event.at, who + " refuses " + piece() + ": " + event.text);
    case Kind::kRnr:
      return Put(Topic::kRnr, event.at,
                 who +
                     (event.to_target ? " -> no receive at the target, try "
                                      : " <- no receive at the initiator, try ") +
                     std::to_string(event.id));
    case Kind::kCompletion:
      return Put(Topic::kCompletion, event.at, who + " completion: " + event.text);
    case Kind::kBlockBegin:
    case Kind::kBlockDone:
      return LogDisk(event);
    case Kind::kMessage: {
      const std::string shard = "shard " + std::to_string(event.shard);
      return Put(
          Topic::kMessage, event.at,
          (event.to_target ? shard + " -> director " : "director -> " + shard + ' ') + event.text);
    }
    case Kind::kFault:
      return Put(Topic::kFault, event.at, "fault: " + event.text);
    case Kind::kLog:
    case Kind::kPhase:
      return Put(Topic::kLog, event.at, Shortened(event.text));
    case Kind::kBroke:
      return Put(Topic::kFault, event.at,
                 "BROKEN: invariant " + std::to_string(event.id) + ": " + event.text);
    case Kind::kCount:
      return;
  }
}

}  // namespace srpt::scenarios
