// What happens to the world: time, faults, and what an administrator asks for.
#include <algorithm>
#include <utility>

#include "conformance/scenarios/describe.h"
#include "conformance/scenarios/player.h"
#include "core/admin.h"
#include "core/srp/director.h"
#include "sim/disk.h"

namespace srpt::scenarios {
namespace {

constexpr Duration kUntilWait = Seconds(300);
constexpr Duration kRunMax = Seconds(100000);
constexpr Duration kAdminWait = Seconds(60);
constexpr Duration kBefallDefault = Milliseconds(1);

std::string_view ToString(admin::Status status) {
  switch (status) {
    case admin::Status::kOk:
      return "ok";
    case admin::Status::kNotFound:
      return "not found";
    case admin::Status::kExists:
      return "exists";
    case admin::Status::kInvalid:
      return "invalid";
    case admin::Status::kBusy:
      return "busy";
  }
  return "unknown status";
}

std::string FaultNames(bool (*belongs)(sim::FaultKind)) {
  std::string names;
  for (std::size_t i = 0; i < sim::kFaultKinds; ++i) {
    const auto kind = static_cast<sim::FaultKind>(i);
    if (belongs(kind)) names += (names.empty() ? "" : ", ") + NameOf(kind);
  }
  return names;
}

std::optional<sim::FaultKind> TakeFault(Words& words, bool (*belongs)(sim::FaultKind)) {
  const std::string_view name = words.Take("the kind of fault");
  const auto kind = ParseFault(name);
  if (kind && belongs(*kind)) return kind;
  words.Wrong('"' + std::string(name) +
              "\" is no fault that can be asked for here; these are: " + FaultNames(belongs));
  return std::nullopt;
}

}  // namespace

void Player::OnRun(Words& words) {
  if (!words.TakeIf("until")) {
    const Duration span = words.Span("how long to run");
    words.End();
    if (span > kRunMax) words.Wrong("a run is at most " + SpanText(kRunMax) + " long");
    if (words.ok()) stage_->world().RunFor(span);
    return;
  }
  std::function<bool()> done;
  std::string what;
  if (words.TakeIf("quiet")) {
    what = "quiet";
    done = [this] { return stage_->world().IsQuiet(); };
  } else if (words.TakeIf("over")) {
    const Channel* channel = TakeChannel(words);
    if (channel == nullptr) return;
    what = channel->name + " is over";
    done = [channel] { return channel->state == Channel::State::kOver; };
  } else if (words.TakeIf("answered")) {
    const Channel* channel = TakeChannel(words);
    if (channel == nullptr) return;
    what = channel->name + " has all of its answers";
    done = [channel] { return channel->srp.outstanding() == 0; };
  } else {
    words.Wrong("until what? quiet, over CHANNEL, or answered CHANNEL");
  }
  const Duration within = words.TakeIf("within") ? words.Span("how long to run") : kUntilWait;
  words.End();
  if (within > kRunMax) words.Wrong("a run is at most " + SpanText(kRunMax) + " long");
  if (!words.ok() || stage_->RunUntil(done, within)) return;
  std::string text = "not within " + SpanText(within) + ": " + what;
  for (const std::string& line : stage_->world().Pending()) text += "\n  " + line;
  Failed(std::move(text));
}

void Player::OnFault(Words& words) {
  const auto kind = TakeFault(words, CanBeInjected);
  std::uint64_t count = 1;
  if (!words.empty()) count = words.Number("how often", 1, 100000);
  words.End();
  if (stage_->world().faults().healed()) {
    words.Wrong("no fault strikes after heal; release lets go of a disk that is held");
  }
  if (words.ok()) stage_->world().Inject(*kind, static_cast<std::uint32_t>(count));
}

void Player::OnBefall(Words& words) {
  const auto kind = TakeFault(words, CanBefall);
  Duration length = kBefallDefault;
  std::optional<std::uint32_t> shard;
  while (!words.empty() && words.ok()) {
    if (words.TakeIf("shard")) {
      shard =
          static_cast<std::uint32_t>(words.Number("a shard", 0, stage_->world().shard_count() - 1));
    } else {
      length = words.Span("for how long");
    }
  }
  if (length > kRunMax) words.Wrong("that is at most " + SpanText(kRunMax) + " long");
  if (!words.ok()) return;
  stage_->Note("befalls: " + std::string(sim::ToString(*kind)));
  stage_->world().Befall(*kind, length, shard);
}

void Player::Hold(Words& words, bool hold) {
  const std::string disk = TakeDisk(words);
  words.End();
  if (words.ok()) stage_->world().HoldDisk(disk, hold);
}
void Player::OnHold(Words& words) { Hold(words, true); }
void Player::OnRelease(Words& words) { Hold(words, false); }

void Player::OnHeal(Words& words) {
  words.End();
  if (words.ok()) stage_->world().Heal();
}

void Player::OnAdmin(Words& words) {
  const std::string what(words.Take("what the administrator asks for"));
  const auto lun = [&] {
    return LunNumber(static_cast<std::uint16_t>(words.Number("a LUN", 0, limits::kLunNumberMax)));
  };
  LunNumber number;
  std::string disk;
  std::uint64_t blocks = 0;
  const Channel* channel = nullptr;
  if (what == "add-lun" || what == "remove-lun") number = lun();
  if (what == "add-lun" || what == "resize" || what == "clear-failed") disk = TakeDisk(words);
  if (what == "resize") blocks = words.Number("how many blocks", 0, 1u << 20);
  if (what == "close-session") channel = TakeChannel(words);
  const bool read_only = what == "add-lun" && words.TakeIf("read-only");
  const std::uint32_t port = words.TakeIf("port") ? TakePort(words) : 0;
  words.End();
  if (!words.ok()) return;
  const std::string target = options_.ports.empty() ? "fe80:0000:0000:0000:0000:0000:0000:0001"
                                                    : options_.ports[port].name;
  admin::Request request;
  if (what == "add-lun") {
    request = admin::AddLun{target, "", number, disk, read_only};
  } else if (what == "remove-lun") {
    request = admin::RemoveLun{target, "", number};
  } else if (what == "enable" || what == "disable") {
    request = admin::EnableTarget{target, what == "enable"};
  } else if (what == "resize") {
    request = admin::ResizeLu{disk, blocks};
  } else if (what == "clear-failed") {
    request = admin::ClearFailedLu{disk};
  } else if (what == "close-session") {
    std::string session;
    for (const SessionInfo& info : stage_->world().director().Sessions()) {
      if (info.initiator_port == channel->req.initiator_port) session = info.name;
    }
    request = admin::CloseSession{target, session};
  } else if (what == "shutdown") {
    request = admin::Shutdown{};
  } else {
    return words.Wrong("an administrator cannot ask for \"" + what + '"');
  }
  // Growth shows in the backing store before core hears of it, shrinking after.
  sim::Disk* of = disk.empty() ? nullptr : stage_->world().disk(disk);
  const bool grows = what == "resize" && blocks > of->blocks();
  if (grows) of->Resize(blocks);
  const auto answer = stage_->world().Admin(std::move(request), kAdminWait);
  if (what == "resize" && !grows && answer && answer->status == admin::Status::kOk) {
    of->Resize(blocks);
  }
  std::string text = "administrator: " + what + ": ";
  text += answer ? std::string(ToString(answer->status)) : "no answer within 60 s";
  if (answer && !answer->text.empty()) text += " (" + answer->text + ')';
  stage_->Note(text);
}

}  // namespace srpt::scenarios
