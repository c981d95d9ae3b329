// What an initiator sends: SCSI commands, task management, and IUs that no honest one would.
#include <algorithm>
#include <array>
#include <utility>

#include "conformance/scenarios/player.h"
#include "core/base/bytes.h"
#include "core/initiator/initiator.h"
#include "core/wire/login_req.h"
#include "core/wire/logout.h"
#include "core/wire/tsk_mgmt.h"

namespace srpt::scenarios {

constexpr std::size_t kIuBytesMax = 65536;

// What a `send` says.
struct SendWords {
  const CdbWord* word = nullptr;
  initiator::Cdb cdb;
  CdbFields fields;
  RawLun lun;
  BufferWords out;
  BufferWords in;
  std::optional<std::uint8_t> fill;
  std::uint8_t attr = 0;
  std::uint8_t sol_not = 0;
  std::vector<std::pair<std::size_t, std::uint8_t>> put;
  std::optional<std::size_t> cut;
  bool anyway = false;
};

namespace {

constexpr std::uint8_t kPoison = 0xee;  // In memory that a command is to read into.
constexpr std::uint8_t kData = 0xaa;    // In what it is to write.
constexpr std::string_view kCannotSend =
    " is over, has no credit, or has this tag outstanding; \"anyway\" sends it all the same";
constexpr std::uint32_t kNewBytesMax = 32u << 20;

BufferWords New(std::uint64_t bytes) {
  BufferWords buffer;
  buffer.form = BufferWords::Form::kNew;
  buffer.length = static_cast<std::uint32_t>(bytes);
  return buffer;
}

// What a CDB needs, if nothing else was said.
void DefaultBuffers(SendWords& send, std::uint32_t block_bytes, Words& words) {
  const bool blocks = send.word != nullptr && send.word->blocks;
  const Direction way = send.word == nullptr ? Direction::kNone : send.word->direction;
  const std::uint64_t bytes =
      blocks ? std::uint64_t{send.fields.blocks} * block_bytes : send.fields.allocation;
  // Whoever says one of the two buffers says both.
  if (send.out.given || send.in.given || bytes == 0) return;
  if (way != Direction::kNone && bytes > kNewBytesMax) {
    return words.Wrong("that many blocks need a buffer that is said: in [m:...] or in none");
  }
  if (way == Direction::kIn || way == Direction::kBoth) send.in = New(bytes);
  if (way == Direction::kOut || way == Direction::kBoth) send.out = New(bytes);
}

// Of the same login: it writes what the channel itself would not.
initiator::Channel Another(const Channel& channel) {
  initiator::Channel other;
  std::array<std::uint8_t, wire::kLoginReq64Bytes> login{};
  other.BuildLoginCm(channel.req, login);
  static_cast<void>(other.OnLoginRsp(channel.login_rsp));
  return other;
}

// A request leaves that the channel does not know of. If there is a credit, it is used.
void BreakRules(Channel& channel) {
  channel.outlaw = true;
  initiator::Channel& srp = channel.srp;
  const Tag nobodys = initiator::MakeTag(~std::uint64_t{0});
  if (!srp.CanSendTskMgmt() || srp.IsOutstanding(nobodys)) return;
  initiator::Command command;
  command.tag = nobodys;
  const initiator::Cdb cdb = initiator::TestUnitReady();
  command.cdb = cdb.view();
  std::array<std::uint8_t, 128> iu{};
  srp.BuildCmd(command, iu);
  srp.Forget(nobodys);
}

}  // namespace

Tag Player::NextTag(Channel& channel) {
  Tag tag;
  do {
    tag = initiator::MakeTag(++channel.tag);
  } while (channel.srp.IsOutstanding(tag));
  return tag;
}

void Player::OnSend(Words& words) {
  Channel* channel = TakeChannel(words);
  SendWords send;
  const std::string name(words.Take("a command"));
  std::optional<Tag> tag;
  std::uint64_t times = 1;
  if (name == "cdb") {
    const auto bytes = words.Hex("the CDB", 32);
    std::copy(bytes.begin(), bytes.end(), send.cdb.bytes.begin());
    send.cdb.size = bytes.size();
  } else {
    send.word = FindCdb(name);
    if (send.word == nullptr && words.ok()) {
      words.Wrong("there is no command \"" + name + "\"; these are there: " + CdbNames() +
                  ", and cdb HEX");
    }
  }
  while (!words.empty() && words.ok()) {
    if (words.TakeIf("lun")) {
      send.lun = TakeLun(words);
    } else if (words.TakeIf("lba")) {
      send.fields.lba = words.Number("the LBA", 0, ~std::uint64_t{0});
    } else if (words.TakeIf("blocks")) {
      send.fields.blocks =
          static_cast<std::uint32_t>(words.Number("how many blocks", 0, 0xffffffff));
    } else if (words.TakeIf("fua")) {
      send.fields.flags |= initiator::kFua;
    } else if (words.TakeIf("allocation")) {
      send.fields.allocation =
          static_cast<std::uint16_t>(words.Number("the allocation length", 0, 0xffff));
    } else if (words.TakeIf("page")) {
      send.fields.page = words.Byte("the page");
    } else if (words.TakeIf("tag")) {
      tag = TakeTag(words, "the tag");
    } else if (words.TakeIf("out")) {
      send.out = TakeBuffer(words, *stage_);
    } else if (words.TakeIf("in")) {
      send.in = TakeBuffer(words, *stage_);
    } else if (words.TakeIf("fill")) {
      send.fill = words.Byte("the byte to write");
    } else if (words.TakeIf("attr")) {
      send.attr = static_cast<std::uint8_t>(words.Number("the task attribute", 0, 7));
    } else if (words.TakeIf("sol-not")) {
      send.sol_not = static_cast<std::uint8_t>(words.Number("sol_not", 0, 255));
    } else if (words.TakeIf("put")) {
      const std::size_t at = words.Number("where in the IU", 0, kIuBytesMax - 1);
      send.put.emplace_back(at, words.Byte("the byte to put there"));
    } else if (words.TakeIf("cut")) {
      send.cut = words.Number("the length to cut the IU to", 1, kIuBytesMax);
    } else if (words.TakeIf("anyway")) {
      send.anyway = true;
    } else if (words.TakeIf("times")) {
      times = words.Number("how often", 1, 1024);
    } else {
      words.End();
    }
  }
  if (!words.ok()) return;
  DefaultBuffers(send, BlockBytes(send.lun), words);
  if (send.word != nullptr) {
    const auto cdb = MakeCdb(name, send.fields);
    if (!cdb)
      return words.Wrong("lba, blocks or allocation are more than the CDB of " + name +
                         " has room for");
    send.cdb = *cdb;
  }
  if (channel->login_rsp.empty()) {
    return words.Wrong("channel " + channel->name + " was never logged in");
  }
  using Form = BufferWords::Form;
  if (send.in.form == Form::kImmediate) return words.Wrong("immediate data can only go out");
  if (send.out.form == Form::kImmediate && channel->srp.imm_data_offset() == 0) {
    return words.Wrong("the login of " + channel->name + " agreed on no immediate data");
  }
  for (std::uint64_t i = 0; i < times; ++i) {
    const Tag now = tag.value_or(NextTag(*channel));
    const bool can = channel->srp.CanSendTskMgmt() && !channel->srp.IsOutstanding(now);
    if (!can && !send.anyway) {
      return words.Wrong("channel " + channel->name + std::string(kCannotSend));
    }
    SendCommand(*channel, send, now);
  }
}

void Player::SendCommand(Channel& channel, const SendWords& send, const Tag& tag) {
  const std::string name = channel.name + '.' + std::to_string(LoadBe64(tag.bytes.data()));
  BufferMade out;
  BufferMade in;
  MakeBuffer(send.out, *stage_, channel.name[0], name + ".out", send.fill.value_or(kData), out);
  MakeBuffer(send.in, *stage_, channel.name[0], name + ".in", kPoison, in);
  initiator::Command command;
  command.tag = tag;
  command.lun = send.lun;
  command.cdb = send.cdb.view();
  command.out = out.buffer;
  command.in = in.buffer;
  command.task_attr = send.attr;
  command.sol_not = send.sol_not;
  std::vector<std::uint8_t> iu(kIuBytesMax + out.immediate.size() + 16384);
  const bool can = channel.srp.CanSendTskMgmt() && !channel.srp.IsOutstanding(tag);
  if (can) {
    iu.resize(channel.srp.BuildCmd(command, iu));
  } else {
    iu.resize(Another(channel).BuildCmd(command, iu));
    BreakRules(channel);
  }
  for (const auto& [at, byte] : send.put) {
    if (at < iu.size()) iu[at] = byte;
  }
  if (send.cut) iu.resize(std::min(*send.cut, iu.size()));
  stage_->Send(channel, iu);
}

void Player::OnRaw(Words& words) {
  Channel* channel = TakeChannel(words);
  std::vector<std::uint8_t> iu = words.Hex("the IU", kIuBytesMax);
  if (words.TakeIf("zeros")) iu.resize(iu.size() + words.Number("how many zeros", 1, kIuBytesMax));
  words.End();
  if (!words.ok()) return;
  channel->outlaw = true;
  stage_->Send(*channel, iu);
}

void Player::OnTask(Words& words) {
  Channel* channel = TakeChannel(words);
  using Function = wire::TskMgmtFunction;
  initiator::TaskManagement task;
  bool anyway = false;
  if (words.TakeIf("abort")) {
    task.function = Function::kAbortTask;
  } else if (words.TakeIf("abort-set")) {
    task.function = Function::kAbortTaskSet;
  } else if (words.TakeIf("clear-set")) {
    task.function = Function::kClearTaskSet;
  } else if (words.TakeIf("reset")) {
    task.function = Function::kLunReset;
  } else if (words.TakeIf("clear-aca")) {
    task.function = Function::kClearAca;
  } else {
    task.function = static_cast<Function>(
        words.Byte("a function (abort, abort-set, clear-set, reset, clear-aca, or its number)"));
  }
  std::optional<Tag> tag;
  while (!words.empty() && words.ok()) {
    if (words.TakeIf("lun")) {
      task.lun = TakeLun(words);
    } else if (words.TakeIf("of")) {
      task.task_tag = TakeTag(words, "the tag of the command");
    } else if (words.TakeIf("tag")) {
      tag = TakeTag(words, "the tag");
    } else if (words.TakeIf("anyway")) {
      anyway = true;
    } else {
      words.End();
    }
  }
  if (!words.ok()) return;
  task.tag = tag.value_or(NextTag(*channel));
  const bool can = channel->srp.CanSendTskMgmt() && !channel->srp.IsOutstanding(task.tag);
  if (!can && (!anyway || channel->login_rsp.empty())) {
    return words.Wrong("channel " + channel->name + std::string(kCannotSend));
  }
  std::array<std::uint8_t, wire::kTskMgmtBytes> iu{};
  if (can) {
    channel->srp.BuildTskMgmt(task, iu);
  } else {
    Another(*channel).BuildTskMgmt(task, iu);
    BreakRules(*channel);
  }
  stage_->Send(*channel, iu);
}

void Player::OnLogout(Words& words) {
  Channel* channel = TakeChannel(words);
  words.End();
  if (!words.ok()) return;
  if (!channel->srp.live()) return words.Wrong("channel " + channel->name + " is not logged in");
  std::array<std::uint8_t, wire::kILogoutBytes> iu{};
  channel->srp.BuildILogout(NextTag(*channel), iu);
  stage_->Send(*channel, iu);
}

// --- Memory -------------------------------------------------------------------------------------

void Player::OnMemory(Words& words) {
  const std::string name(words.Take("a name for the memory"));
  const bool plain = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
  if (words.ok() && !plain) words.Wrong("a memory's name is small letters, digits and hyphens");
  if (!words.TakeIf("of")) words.Wrong("whose memory is it? memory NAME of CHANNEL BYTES");
  const std::string owner = TakeName(words);
  const auto bytes = static_cast<std::uint32_t>(words.Number("how many bytes", 1, kNewBytesMax));
  const std::uint8_t fill = words.TakeIf("fill") ? words.Byte("what it is filled with") : kPoison;
  words.End();
  if (words.ok()) stage_->Register(name, owner[0], bytes, fill);
}

void Player::OnFill(Words& words) {
  const std::string name(words.Take("a memory"));
  const Stage::Memory* memory = stage_->FindMemory(name);
  if (memory == nullptr) words.Wrong("there is no memory \"" + name + '"');
  const std::uint8_t byte = words.Byte("what it is filled with");
  words.End();
  if (words.ok()) stage_->Fill(*memory, byte);
}

void Player::OnDeregister(Words& words) {
  const std::string name(words.Take("a memory"));
  const Stage::Memory* memory = stage_->FindMemory(name);
  if (memory == nullptr) words.Wrong("there is no memory \"" + name + '"');
  words.End();
  if (words.ok()) stage_->world().Deregister(memory->region.rkey);
}

}  // namespace srpt::scenarios
