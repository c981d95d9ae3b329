// What is looked at, and what is expected in so many words.
#include <utility>

#include "conformance/scenarios/describe.h"
#include "conformance/scenarios/player.h"
#include "core/srp/director.h"
#include "core/srp/shard.h"
#include "sim/disk.h"

namespace srpt::scenarios {

void Player::ShowOrHide(Words& words, bool shown) {
  if (words.empty()) words.Wrong("what? " + TopicNames());
  while (!words.empty() && words.ok()) {
    const std::string_view word = words.Take("a topic");
    const auto topic = ParseTopic(word);
    if (!topic) {
      words.Wrong("the log has no topic \"" + std::string(word) +
                  "\"; these are there: " + TopicNames());
    } else {
      stage_->Show(*topic, shown);
    }
  }
}
void Player::OnShow(Words& words) { ShowOrHide(words, true); }
void Player::OnHide(Words& words) { ShowOrHide(words, false); }

void Player::OnLook(Words& words) {
  const std::string name(words.Take("a memory or a disk"));
  if (const sim::Disk* disk = stage_->world().disk(name)) {
    if (!words.TakeIf("lba")) words.Wrong("where? look " + name + " lba N [blocks N]");
    const std::uint64_t most = disk->blocks() == 0 ? 0 : disk->blocks() - 1;
    const std::uint64_t lba = words.Number("the LBA", 0, most);
    const std::uint64_t blocks =
        words.TakeIf("blocks") ? words.Number("how many blocks", 1, disk->blocks() - lba) : 1;
    words.End();
    if (!words.ok() || disk->blocks() == 0) return;
    std::vector<std::uint8_t> content(blocks * disk->block_bytes());
    disk->Peek(lba * disk->block_bytes(), content);
    return stage_->Note(name + " lba " + std::to_string(lba) + " blocks " + std::to_string(blocks) +
                        ": " + DescribeBytes(content));
  }
  const Stage::Memory* memory = stage_->FindMemory(name);
  if (memory == nullptr) {
    return words.Wrong("there is no memory and no disk \"" + name +
                       "\"; a command's own memory is called CHANNEL.TAG.in or .out");
  }
  const std::uint64_t size = memory->region.bytes;
  const std::uint64_t from = words.TakeIf("from") ? words.Number("from where", 0, size) : 0;
  const std::uint64_t bytes =
      words.TakeIf("bytes") ? words.Number("how many bytes", 0, size - from) : size - from;
  words.End();
  if (!words.ok()) return;
  std::string text = name;
  if (from != 0) text += '+' + std::to_string(from);
  stage_->Note(text + ": " + DescribeBytes(stage_->Content(*memory, from, bytes)));
}

void Player::OnCredits(Words& words) {
  const Channel* channel = TakeChannel(words);
  words.End();
  if (!words.ok()) return;
  const initiator::Channel& srp = channel->srp;
  stage_->Note(channel->name + " credits " + std::to_string(srp.credits()) + " of " +
               std::to_string(srp.granted()) + ", outstanding " +
               std::to_string(srp.outstanding()) + ", missing " +
               std::to_string(srp.credits_missing()));
}

void Player::OnSessions(Words& words) {
  words.End();
  if (!words.ok()) return;
  const auto sessions = stage_->world().director().Sessions();
  if (sessions.empty()) stage_->Note("no session");
  for (const SessionInfo& session : sessions) {
    std::string text = "session " + session.name + " port " + std::to_string(session.port.v) +
                       " channels " + std::to_string(session.channels.size());
    for (const SessionChannel& of : session.channels) {
      for (const ChannelInfo& info : stage_->world().shard(of.shard.v).Channels()) {
        if (info.channel != of.channel) continue;
        text += "; shard " + std::to_string(of.shard.v) + " req_lim " +
                std::to_string(info.req_lim) + " commands " + std::to_string(info.active_commands);
      }
    }
    stage_->Note(text);
  }
}

void Player::OnExpect(Words& words) {
  const std::string what(words.Take("what to expect"));
  const Channel* channel = nullptr;
  if (what == "live" || what == "over" || what == "credits") channel = TakeChannel(words);
  words.End();
  if (!words.ok()) return;
  sim::World& world = stage_->world();
  if (what == "quiet") {
    if (world.IsQuiet()) return;
    std::string text = "not quiet:";
    for (const std::string& line : world.Pending()) text += "\n  " + line;
    Failed(std::move(text));
  } else if (what == "intact") {
    Check();
  } else if (what == "live") {
    if (!channel->srp.live() || !world.IsConnected(channel->peer)) {
      Failed(channel->name + " is not live");
    }
  } else if (what == "over") {
    if (channel->state != Channel::State::kOver) Failed(channel->name + " is not over");
  } else if (what == "credits") {
    if (channel->srp.credits_missing() != 0) {
      Failed(channel->name + " misses " + std::to_string(channel->srp.credits_missing()) +
             " credits");
    }
  } else if (what == "no-rnr") {
    if (world.rnr_at_target() != 0) {
      Failed(std::to_string(world.rnr_at_target()) + " IUs found no receive at the target");
    }
  } else {
    words.Wrong("nobody can expect \"" + what + '"');
  }
}

}  // namespace srpt::scenarios
