#include "conformance/scenarios/player.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "core/initiator/initiator.h"

namespace srpt::scenarios {
namespace {

constexpr std::size_t kCommandWidth = 12;

}  // namespace

std::span<const Player::Command> Player::Commands() {
  using Row = Command;
  static constexpr std::array kCommands = {
      // clang-format off
      Row{"world", &Player::OnWorld, true,
       "[seed N] [latency fixed|drawn] [rnr-retries N|forever] [PARAMETER N]..."},
      Row{"port", &Player::OnPort, true, "[disabled]"},
      Row{"disk", &Player::OnDisk, true,
       "NAME [handler fileio|blockio|nullio] [blocks N] [block-bytes N] [read-only] "
       "[write-through] [nv-cache]"},
      Row{"lun", &Player::OnLun, true, "N DISK [port N] [read-only]"},
      Row{"login", &Player::OnLogin, false,
       "CHANNEL [multi] [action N] [flags XX] [iu-len N] [formats XXXX] [immediate N] [native] "
       "[iwarp] [port N] [target-port X] [receives N] [receive-bytes N] [depth N] [private X] "
       "[withhold-rtu] [outlaw] [times N]"},
      Row{"connect", &Player::OnConnect, false, "as login, but nobody waits for the answer"},
      Row{"ready", &Player::OnReady, false, "CHANNEL [LUN]...: takes the unit attentions"},
      Row{"answers", &Player::OnAnswers, false, "CHANNEL on|off: to CRED_REQ and AER_REQ"},
      Row{"forget", &Player::OnForget, false, "CHANNEL LUN: it gives up its commands there"},
      Row{"receives", &Player::OnReceives, false, "CHANNEL N: posts them (login ... receives 0)"},
      Row{"disconnect", &Player::OnDisconnect, false, "CHANNEL"},
      Row{"vanish", &Player::OnVanish, false, "CHANNEL: its power is gone"},
      Row{"memory", &Player::OnMemory, false, "NAME of CHANNEL BYTES [fill XX]"},
      Row{"fill", &Player::OnFill, false, "MEMORY XX"},
      Row{"deregister", &Player::OnDeregister, false, "MEMORY"},
      Row{"send", &Player::OnSend, false,
       "CHANNEL CDB [lun N|raw:X] [lba N] [blocks N] [fua] [allocation N] [page N] [tag N|raw:X] "
       "[out BUFFER] [in BUFFER] [fill XX] [attr N] [sol-not N] [put AT XX] [cut BYTES] [anyway] "
       "[times N]"},
      Row{"raw", &Player::OnRaw, false, "CHANNEL HEX [zeros N]: an IU of these bytes"},
      Row{"task", &Player::OnTask, false,
       "CHANNEL abort|abort-set|clear-set|reset|clear-aca|XX [lun N|raw:X] [of N|raw:X] "
       "[tag N|raw:X] [anyway]"},
      Row{"logout", &Player::OnLogout, false, "CHANNEL: I_LOGOUT"},
      Row{"run", &Player::OnRun, false,
       "SPAN | until quiet | until over CHANNEL | until answered CHANNEL [within SPAN]"},
      Row{"fault", &Player::OnFault, false, "KIND [COUNT]: the next opportunities strike"},
      Row{"befall", &Player::OnBefall, false, "KIND [SPAN] [shard N]: now, the whole target"},
      Row{"hold", &Player::OnHold, false, "DISK: what it begins does not end"},
      Row{"release", &Player::OnRelease, false, "DISK"},
      Row{"heal", &Player::OnHeal, false, "no more faults; what hangs ends"},
      Row{"admin", &Player::OnAdmin, false,
       "add-lun N DISK [read-only] | remove-lun N | enable | disable | resize DISK BLOCKS | "
       "clear-failed DISK | close-session CHANNEL | shutdown; [port N]"},
      Row{"show", &Player::OnShow, false,
       "TOPIC...: cm iu rdma disk rnr log fault completion message"},
      Row{"hide", &Player::OnHide, false, "TOPIC...: they are counted"},
      Row{"look", &Player::OnLook, false, "MEMORY [from N] [bytes N] | DISK lba N [blocks N]"},
      Row{"credits", &Player::OnCredits, false, "CHANNEL"},
      Row{"sessions", &Player::OnSessions, false, "as the administrator sees them"},
      Row{"expect", &Player::OnExpect, false,
       "quiet | intact | live CHANNEL | over CHANNEL | credits CHANNEL | no-rnr"},
      // clang-format on
  };
  return kCommands;
}

const Player::Command* Player::FindCommand(std::string_view name) {
  for (const Command& command : Commands()) {
    if (command.name == name) return &command;
  }
  return nullptr;
}

Outcome Player::Play(const Transcript& transcript) {
  Outcome outcome;
  outcome.seen = transcript;
  for (Transcript::Entry& entry : outcome.seen.entries) {
    if (!entry.command) continue;
    line_ = entry.line;
    Words words(entry.text);
    const std::string_view name = words.Take("a command");
    const Command* command = name.empty() ? nullptr : FindCommand(name);
    if (command == nullptr) {
      words.Wrong("there is no command \"" + std::string(name) +
                  "\"; srpt_scenario --help lists them");
    } else if (command->before && stage_ != nullptr) {
      words.Wrong(std::string(name) +
                  " describes the world: it stands before the first command that needs one");
    }
    if (words.ok() && !command->before && stage_ == nullptr) Begin(words);
    if (words.ok()) (this->*command->play)(words);
    if (!words.ok()) {
      std::string text = words.wrong();
      if (command != nullptr) {
        text += "\n  " + std::string(name) + ' ' + std::string(command->usage);
      }
      outcome.bad = Complaint{line_, std::move(text)};
      return outcome;
    }
    if (stage_ != nullptr) {
      Check();
      entry.log = stage_->TakeLog();
    } else {
      entry.log.clear();
    }
    if (failed_) break;
  }
  outcome.failed = failed_;
  return outcome;
}

void Player::Failed(std::string text) {
  if (!failed_) failed_ = Complaint{line_, std::move(text)};
}

void Player::Check() {
  const std::string broken = stage_->world().Sweep();
  if (!broken.empty()) return Failed(broken);
  if (!stage_->violation().empty()) Failed(stage_->violation());
}

// --- What commands have in common ---------------------------------------------------------------

std::string Player::TakeName(Words& words) {
  const std::string name(words.Take("the name of a channel"));
  const bool letter = !name.empty() && name[0] >= 'A' && name[0] <= 'Z';
  const bool digits = name.size() <= 4 && std::all_of(name.begin() + (letter ? 1 : 0), name.end(),
                                                      [](char c) { return c >= '0' && c <= '9'; });
  if (words.ok() && (!letter || !digits)) {
    words.Wrong("\"" + name +
                "\" names no channel: a letter for the initiator and perhaps a number "
                "for the channel do (A, A2, B)");
  }
  return name;
}

Channel* Player::TakeChannel(Words& words) {
  const std::string name = TakeName(words);
  Channel* channel = stage_->Find(name);
  if (words.ok() && channel == nullptr) {
    words.Wrong("there is no channel " + name + " yet: login " + name);
  }
  return channel;
}

std::string Player::TakeDisk(Words& words) {
  const std::string name(words.Take("the name of a disk"));
  std::string known;
  for (const sim::DiskOptions& disk : options_.disks) {
    if (disk.name == name) return name;
    known += (known.empty() ? "" : ", ") + disk.name;
  }
  words.Wrong("there is no disk \"" + name +
              "\"; these are there: " + (known.empty() ? "none" : known));
  return name;
}

RawLun Player::TakeLun(Words& words) {
  RawLun lun;
  const std::string_view text = words.Peek();
  if (text.starts_with("raw:")) {
    words.Take("a LUN");
    const auto bytes = ParseHex(text.substr(4));
    if (!bytes || bytes->size() != lun.bytes.size()) {
      words.Wrong("raw: is followed by the LUN's 8 bytes, 16 hexadecimal digits");
      return lun;
    }
    std::copy(bytes->begin(), bytes->end(), lun.bytes.begin());
    return lun;
  }
  return initiator::MakeLun(
      LunNumber(static_cast<std::uint16_t>(words.Number("a LUN", 0, limits::kLunNumberMax))));
}

Tag Player::TakeTag(Words& words, std::string_view what) {
  Tag tag;
  const std::string_view text = words.Peek();
  if (!text.starts_with("raw:"))
    return initiator::MakeTag(words.Number(what, 0, ~std::uint64_t{0}));
  words.Take(what);
  const auto bytes = ParseHex(text.substr(4));
  if (!bytes || bytes->size() != tag.bytes.size()) {
    words.Wrong("raw: is followed by the tag's 8 bytes, 16 hexadecimal digits");
    return tag;
  }
  std::copy(bytes->begin(), bytes->end(), tag.bytes.begin());
  return tag;
}

std::uint32_t Player::TakePort(Words& words) {
  const std::size_t ports = std::max<std::size_t>(options_.ports.size(), 1);
  return static_cast<std::uint32_t>(words.Number("a port", 0, ports - 1));
}

std::string Player::Usage() {
  std::string text;
  for (const Command& command : Commands()) {
    std::string name(command.name);
    name.resize(std::max(name.size() + 1, kCommandWidth), ' ');
    text += "  " + name + std::string(command.usage) + '\n';
  }
  return text;
}

Outcome Play(const Transcript& transcript) { return Player().Play(transcript); }
std::string Usage() { return Player::Usage(); }

}  // namespace srpt::scenarios
