// What the hostile peer sends.
#include <algorithm>
#include <cstring>

#include "core/initiator/cdb.h"
#include "core/initiator/initiator.h"
#include "core/wire/tsk_mgmt.h"
#include "sim/workload/hostile.h"

namespace srpt::sim {
namespace {

constexpr std::uint32_t kBlock = 512;  // Of its disk.

}  // namespace

void Hostile::Send(Link& link, Bytes iu) {
  --link.credits;
  world_.Send(link.peer, iu);
}

void Hostile::SendCmd(Link& link, const wire::Cmd& cmd, Bytes after) {
  const std::size_t n = wire::SerializeCmd(cmd, iu_);
  std::copy(after.begin(), after.end(), iu_.begin() + static_cast<std::ptrdiff_t>(n));
  Send(link, Bytes(iu_).first(n + after.size()));
}

wire::Cmd Hostile::Transfer(bool write, std::uint16_t blocks) {
  const Lba lba(Pick(8));
  const initiator::Cdb cdb =
      write ? initiator::Write10(lba, blocks, 0) : initiator::Read10(lba, blocks, 0);
  cdb_ = {};
  std::copy(cdb.view().begin(), cdb.view().end(), cdb_.begin());
  wire::Cmd cmd;
  cmd.tag = initiator::MakeTag(++tags_);
  cmd.cdb = cdb_;
  return cmd;
}

void Hostile::Work(Link& link) {
  if (!link.live || link.credits <= 0) return;
  const bool write = Pick(2) == 1;
  const auto blocks = static_cast<std::uint16_t>(1 + Pick(64));
  wire::Cmd cmd = Transfer(write, blocks);
  (write ? cmd.out_fmt : cmd.in_fmt) = wire::BufferFormat::kDirect;
  cmd.descriptors =
      Bytes(descriptors_).first(wire::SerializeDirect(All(blocks * kBlock), descriptors_));
  SendCmd(link, cmd);
}

// Each field may be anything, and so may the length.
void Hostile::BadLogin() {
  std::vector<std::uint8_t> bytes = LoginBytes(static_cast<wire::MultichannelAction>(Pick(4)));
  // Not the port ids: it would be somebody else.
  for (std::uint64_t i = 0; i <= Pick(4); ++i) {
    bytes[Pick(bytes.size() - 32)] = static_cast<std::uint8_t>(Pick(256));
  }
  Connect(bytes);
}

void Hostile::BadIu(Link& link) {
  if (link.credits <= 0) return;
  std::memset(iu_.data(), 0, iu_.size());
  switch (Pick(6)) {
    case 0: {  // No opcode of an initiator.
      constexpr std::uint8_t kOpcodes[] = {0x00, 0x04, 0x7f, 0x80, 0x81, 0x82, 0xc0, 0xc1, 0xff};
      iu_[0] = kOpcodes[Pick(std::size(kOpcodes))];
      return Send(link, Bytes(iu_).first(16 + Pick(64)));
    }
    case 1:  // Answers that nobody asked for.
      iu_[0] = Pick(2) == 0 ? 0x41 : 0x42;
      return Send(link, Bytes(iu_).first(16));
    case 2:  // Too short for what it says.
      iu_[0] = static_cast<std::uint8_t>(1 + Pick(3));
      return Send(link, Bytes(iu_).first(Pick(16)));
    case 3:  // Too long for the receive.
      iu_[0] = 2;
      return Send(link, Bytes(iu_).first(8261 + Pick(4000)));
    case 4: {  // Task management with anything in it.
      wire::TskMgmt request;
      request.tag = initiator::MakeTag(++tags_);
      request.function = static_cast<wire::TskMgmtFunction>(Pick(256));
      request.task_tag = initiator::MakeTag(tags_ - Pick(4));
      request.lun.bytes[1] = static_cast<std::uint8_t>(Pick(3));
      return Send(link, Bytes(iu_).first(wire::SerializeTskMgmt(request, iu_)));
    }
    default: {  // A command, some bytes of which are others; some get lost.
      const wire::Cmd cmd = Transfer(Pick(2) == 1, 8);
      std::size_t n = wire::SerializeCmd(cmd, iu_);
      for (std::uint64_t i = 0; i <= Pick(6); ++i) {
        iu_[1 + Pick(n - 1)] = static_cast<std::uint8_t>(Pick(256));
      }
      if (Pick(3) == 0) n = Pick(n);
      return Send(link, Bytes(iu_).first(n));
    }
  }
}

void Hostile::BadDescriptors(Link& link) {
  if (link.credits <= 0) return;
  const bool write = Pick(2) == 1;
  wire::Cmd cmd = Transfer(write, 8);
  wire::BufferFormat& format = write ? cmd.out_fmt : cmd.in_fmt;
  std::uint8_t& count = write ? cmd.out_count : cmd.in_count;
  std::array<wire::Direct, 4> list{};
  std::fill(list.begin(), list.end(), All(1024));
  std::size_t used = 0;
  format = wire::BufferFormat::kIndirect;
  count = static_cast<std::uint8_t>(list.size());
  wire::Direct table{region_.va, region_.rkey, 16 * static_cast<std::uint32_t>(list.size())};
  std::uint32_t total = 4096;
  switch (Pick(9)) {
    case 0:
      format = static_cast<wire::BufferFormat>(4 + Pick(12));
      break;
    case 1:
      table.len += static_cast<std::uint32_t>(1 + Pick(15));
      break;
    case 2:
      table.len = 0;
      break;
    case 3:
      for (wire::Direct& d : list) d.len = 0xffffffffu - static_cast<std::uint32_t>(Pick(3));
      break;
    case 4:
      list[1].va = RemoteAddr(0xffffffffffffff00u);
      break;
    case 5:
      list[2].rkey = RKey(0xbadbad00u + static_cast<std::uint32_t>(Pick(256)));
      break;
    case 6:
      total = static_cast<std::uint32_t>(Pick(1u << 20));
      break;
    case 7:  // A table that has to be fetched, full of whatever the region holds.
      count = 0;
      table.len = 16 * static_cast<std::uint32_t>(1 + Pick(300));
      break;
    default:  // Immediate data that was not agreed upon.
      format = wire::BufferFormat::kImmediate;
      used = wire::SerializeImmediate(static_cast<std::uint32_t>(Pick(9000)), descriptors_);
      break;
  }
  if (used == 0) {
    used = wire::SerializeIndirect(table, total, std::span(list).first(count), descriptors_);
  }
  if (Pick(8) == 0) used = Pick(used + 1);  // Cut off.
  cmd.descriptors = Bytes(descriptors_).first(used);
  SendCmd(link, cmd);
}

}  // namespace srpt::sim
