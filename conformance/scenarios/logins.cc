// Connections: logging in, and the ways in which an initiator ends.
#include <algorithm>

#include "conformance/scenarios/player.h"
#include "core/base/bytes.h"
#include "core/initiator/initiator.h"
#include "core/wire/login_req.h"
#include "core/wire/rsp.h"

namespace srpt::scenarios {
namespace {

// Longer than any time of the CM's.
constexpr Duration kLoginWait = Seconds(10);
constexpr std::uint64_t kPortIdLow = 0x5e5510;

PeerAddress AddressOf(char initiator) {
  PeerAddress address;  // 10.0.0.1 is A's, mapped into IPv6.
  address.bytes[10] = 0xff;
  address.bytes[11] = 0xff;
  address.bytes[12] = 10;
  address.bytes[15] = static_cast<std::uint8_t>(initiator - 'A' + 1);
  return address;
}

}  // namespace

std::vector<Channel*> Player::Connect(Words& words) {
  const std::string name = TakeName(words);
  if (!words.ok()) return {};
  const std::uint64_t guid = options_.parameters.service_guid;
  wire::LoginReq req;  // As Linux asks.
  req.tag = initiator::MakeTag(0x80);
  req.req_it_iu_len = 8260;
  req.req_buf_fmt = wire::kBufFmtDirect | wire::kBufFmtIndirect;
  req.flags = wire::kLoginReqImmediate;
  req.imm_data_offset = 68;
  req.initiator_port =
      initiator::MakePortId(static_cast<std::uint64_t>(name[0] - 'A' + 1), kPortIdLow);
  req.target_port = initiator::MakePortId(guid, guid);
  sim::ConnectOptions options;
  options.source = AddressOf(name[0]);
  bool withhold = false;
  std::uint64_t times = 1;
  const auto action = [&](std::uint64_t which) {
    req.flags = static_cast<std::uint8_t>((req.flags & ~wire::kLoginReqMultichannelMask) | which);
  };
  while (!words.empty() && words.ok()) {
    if (words.TakeIf("multi")) {
      action(1);
    } else if (words.TakeIf("action")) {
      action(words.Number("the multichannel action", 0, 3));
    } else if (words.TakeIf("flags")) {
      req.flags = words.Byte("the flags");
    } else if (words.TakeIf("iu-len")) {
      req.req_it_iu_len = static_cast<std::uint32_t>(words.Number("an IU's length", 0, 0xffffffff));
    } else if (words.TakeIf("formats")) {
      const auto formats = words.Hex("the buffer formats", 2);
      if (formats.size() != 2) words.Wrong("the buffer formats are two bytes");
      if (words.ok()) req.req_buf_fmt = LoadBe16(formats.data());
    } else if (words.TakeIf("immediate")) {
      req.imm_data_offset =
          static_cast<std::uint16_t>(words.Number("the offset of immediate data", 0, 0xffff));
      if (req.imm_data_offset == 0) {
        req.flags = static_cast<std::uint8_t>(req.flags & ~wire::kLoginReqImmediate);
      }
    } else if (words.TakeIf("native")) {
      options.form = LoginForm::kIbCm;
    } else if (words.TakeIf("iwarp")) {
      options.iwarp = true;
    } else if (words.TakeIf("port")) {
      options.port = TargetPortId(TakePort(words));
    } else if (words.TakeIf("target-port")) {
      const auto id = words.Hex("the target's port id", 16);
      if (id.size() != 16) words.Wrong("a port id is 16 bytes");
      if (words.ok()) std::copy(id.begin(), id.end(), req.target_port.bytes.begin());
    } else if (words.TakeIf("receives")) {
      options.receives = static_cast<std::uint32_t>(words.Number("how many receives", 0, 1024));
    } else if (words.TakeIf("receive-bytes")) {
      options.receive_bytes =
          static_cast<std::uint32_t>(words.Number("bytes of a receive", 1, 65536));
    } else if (words.TakeIf("depth")) {
      options.initiator_depth = static_cast<std::uint8_t>(words.Number("the depth", 0, 255));
    } else if (words.TakeIf("private")) {
      options.private_data = words.Hex("the private data", 92);
    } else if (words.TakeIf("withhold-rtu")) {
      withhold = true;
    } else if (words.TakeIf("times")) {
      times = words.Number("how many channels", 1, 256);
    } else if (words.TakeIf("outlaw")) {
      options.overruns = true;
    } else {
      words.End();
    }
  }
  if (!words.ok()) return {};
  std::vector<Channel*> channels;
  std::string next = name;
  for (std::uint64_t i = 0; i < times; ++i) {
    const Channel* old = stage_->Find(next);
    if (old != nullptr && old->state != Channel::State::kOver) {
      words.Wrong("channel " + next + " is not over; another one of the same initiator is called " +
                  std::string(1, next[0]) + "2, for example");
      return {};
    }
    Channel& channel = stage_->Connect(next, req, options);
    stage_->world().WithholdRtu(channel.peer, withhold);
    channels.push_back(&channel);
    const auto number = ParseNumber(next.substr(1)).value_or(1);
    next = next[0] + std::to_string(number + 1);
  }
  return channels;
}

void Player::OnConnect(Words& words) { Connect(words); }

void Player::OnLogin(Words& words) {
  for (const Channel* channel : Connect(words)) {
    stage_->RunUntil([&] { return channel->state != Channel::State::kAsked; }, kLoginWait);
    // Until its RTU is there, too.
    if (channel->state == Channel::State::kLive) stage_->world().RunFor(Milliseconds(1));
  }
}

void Player::OnReady(Words& words) {
  Channel* channel = TakeChannel(words);
  std::vector<RawLun> luns;
  while (!words.empty() && words.ok()) luns.push_back(TakeLun(words));
  if (luns.empty()) luns.push_back(RawLun());
  if (!words.ok()) return;
  // One unit attention for each unit, and one of what happened to it before.
  constexpr int kAttentionsMax = 10;
  for (const RawLun& lun : luns) {
    for (int i = 0; i < kAttentionsMax; ++i) {
      if (!channel->srp.CanSendCmd()) return Failed(channel->name + " cannot send a command");
      std::array<std::uint8_t, 128> iu{};
      initiator::Command command;
      command.tag = NextTag(*channel);
      command.lun = lun;
      const initiator::Cdb cdb = initiator::TestUnitReady();
      command.cdb = cdb.view();
      const std::size_t bytes = channel->srp.BuildCmd(command, iu);
      if (!stage_->Send(*channel, Bytes(iu).first(bytes))) return;
      const bool answered = stage_->RunUntil(
          [&] { return !channel->srp.IsOutstanding(command.tag) || !channel->srp.live(); },
          kLoginWait);
      if (!answered) return Failed(channel->name + " has no answer within 10 s");
      if (channel->status == 0) break;
    }
    if (channel->status != 0) return Failed(channel->name + " does not become ready");
  }
}

void Player::OnAnswers(Words& words) {
  Channel* channel = TakeChannel(words);
  const bool on = words.TakeIf("on");
  if (!on && !words.TakeIf("off")) words.Wrong("answers are on or off");
  words.End();
  if (words.ok()) channel->answers = on;
}

void Player::OnForget(Words& words) {
  Channel* channel = TakeChannel(words);
  const RawLun lun = TakeLun(words);
  words.End();
  if (words.ok()) channel->srp.ForgetLun(lun);
}

void Player::OnReceives(Words& words) {
  Channel* channel = TakeChannel(words);
  const auto count = static_cast<std::uint32_t>(words.Number("how many receives", 1, 1024));
  words.End();
  if (words.ok()) stage_->world().PostReceives(channel->peer, count);
}

void Player::OnDisconnect(Words& words) {
  Channel* channel = TakeChannel(words);
  words.End();
  if (words.ok()) stage_->world().Disconnect(channel->peer);
}

void Player::OnVanish(Words& words) {
  Channel* channel = TakeChannel(words);
  words.End();
  if (words.ok()) stage_->Vanish(*channel);
}

}  // namespace srpt::scenarios
