// What the driver tells the story (sim/story.h); nothing if nobody wants it.
#include <array>
#include <utility>

#include "sim/world_impl.h"

namespace srpt::sim {
namespace {

constexpr std::array<std::string_view, std::variant_size_v<message::ToShard>> kToShardNames = {
    "Publish",
    "OpenChannel",
    "ReportEvent",
    "CloseChannel",
    "UnitAttentionPending",
    "UnitAttentionAnswer",
    "AbortFence",
    "CancelFence",
    "TaskFenceAnswer",
    "ForgetNexus",
    "RetireLu",
    "TakeOver",
    "TakeoverOver",
    "HoldUnit"};
constexpr std::array<std::string_view, std::variant_size_v<message::ToDirector>> kToDirectorNames =
    {"ChannelOpened",       "ChannelRefused", "ChannelLive", "ChannelClosed", "AskUnitAttention",
     "ReturnUnitAttention", "AskTaskFence",   "FenceDone",   "LuIdle",        "LuFailed",
     "TakenOver",           "OldWrites",      "ReceivesBack"};
static_assert(std::is_same_v<std::variant_alternative_t<13, message::ToShard>, message::HoldUnit>);
static_assert(
    std::is_same_v<std::variant_alternative_t<12, message::ToDirector>, message::ReceivesBack>);

constexpr std::array<std::string_view, 5> kStatusNames = {"ok", "I/O error", "no space", "short",
                                                          "device gone"};

std::string_view NameOf(const BlockOp& op) {
  if (op.kind == BlockOp::Kind::kRead) return "read";
  if (op.kind == BlockOp::Kind::kFlush) return "flush";
  return op.fua ? "write FUA" : "write";
}

}  // namespace

void World::Impl::TellBlock(const BlockOp& op, bool done) {
  if (story == nullptr) return;
  StoryEvent event;
  event.kind = done ? StoryEvent::Kind::kBlockDone : StoryEvent::Kind::kBlockBegin;
  event.sent = op.begun;
  event.at = clock.now();
  event.shard = op.shard;
  event.disk = op.lu.v;
  event.id = op.op.v;
  event.address = op.offset;
  event.length = op.memory.length;
  event.text = NameOf(op);
  if (done) event.text += ": " + std::string(kStatusNames[static_cast<std::size_t>(op.status)]);
  story->Add(std::move(event));
}

void World::Impl::TellMessage(const message::ToShard& message, std::uint32_t shard, Time sent) {
  if (story != nullptr) TellMessage(kToShardNames[message.index()], false, shard, sent);
}
void World::Impl::TellMessage(const message::ToDirector& message, std::uint32_t shard, Time sent) {
  if (story != nullptr) TellMessage(kToDirectorNames[message.index()], true, shard, sent);
}

void World::Impl::TellMessage(std::string_view name, bool to_director, std::uint32_t shard,
                              Time sent) {
  StoryEvent event;
  event.kind = StoryEvent::Kind::kMessage;
  event.to_target = to_director;
  event.sent = sent;
  event.at = clock.now();
  event.shard = shard;
  event.text = name;
  story->Add(std::move(event));
}

void World::Impl::TellText(StoryEvent::Kind kind, std::string text, std::uint64_t id) {
  if (story == nullptr) return;
  StoryEvent event;
  event.kind = kind;
  event.sent = event.at = clock.now();
  event.id = id;
  event.text = std::move(text);
  story->Add(std::move(event));
}

}  // namespace srpt::sim
