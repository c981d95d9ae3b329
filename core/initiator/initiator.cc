#include "core/initiator/initiator.h"

#include <algorithm>

#include "core/base/check.h"
#include "core/wire/aer.h"
#include "core/wire/cred.h"
#include "core/wire/lun.h"

namespace srpt::initiator {
namespace {

using wire::BufferFormat;

std::size_t DescriptorBytes(const Buffer& buffer) {
  switch (buffer.format) {
    case BufferFormat::kNone:
      return 0;
    case BufferFormat::kDirect:
      return wire::kDirectBytes;
    case BufferFormat::kIndirect:
      return wire::kIndirectHeaderBytes + wire::kDirectBytes * buffer.list.size();
    case BufferFormat::kImmediate:
      return wire::kImmediateBytes;
  }
  SRPT_UNREACHABLE("a buffer format that no initiator writes");
}

std::size_t WriteDescriptors(const Buffer& buffer, MutableBytes out) {
  switch (buffer.format) {
    case BufferFormat::kNone:
      return 0;
    case BufferFormat::kDirect:
      SRPT_CHECK(buffer.list.size() == 1);
      return wire::SerializeDirect(buffer.list[0], out);
    case BufferFormat::kIndirect:
      return wire::SerializeIndirect(buffer.table, buffer.total_length, buffer.list, out);
    case BufferFormat::kImmediate:
      return wire::SerializeImmediate(static_cast<std::uint32_t>(buffer.immediate.size()), out);
  }
  SRPT_UNREACHABLE("a buffer format that no initiator writes");
}

// As numbers: tags are compared with all that are outstanding, for each command.
bool Same(const Tag& a, const Tag& b) {
  return LoadBe64(a.bytes.data()) == LoadBe64(b.bytes.data());
}

// Linux sends 0 for direct descriptors; only an indirect list has a count.
std::uint8_t Count(const Buffer& buffer) {
  if (buffer.format != BufferFormat::kIndirect) return 0;
  SRPT_CHECK(buffer.list.size() <= 255);
  return static_cast<std::uint8_t>(buffer.list.size());
}

// The CMD without its descriptors, which are written behind it.
wire::Cmd Header(const Command& command) {
  wire::Cmd cmd;
  cmd.sol_not = command.sol_not;
  cmd.tag = command.tag;
  cmd.lun = command.lun;
  cmd.task_attr = command.task_attr;
  cmd.out_fmt = command.out.format;
  cmd.in_fmt = command.in.format;
  cmd.out_count = Count(command.out);
  cmd.in_count = Count(command.in);
  cmd.cdb = command.cdb;
  return cmd;
}

}  // namespace

Buffer Buffer::Indirect(std::span<const wire::Direct> list, RemoteAddr table_va, RKey table_rkey) {
  Buffer buffer;
  buffer.format = BufferFormat::kIndirect;
  buffer.list = list;
  buffer.table = {table_va, table_rkey,
                  static_cast<std::uint32_t>(list.size() * wire::kDirectBytes)};
  std::uint64_t sum = 0;
  for (const wire::Direct& direct : list) sum += direct.len;
  SRPT_CHECK(sum <= 0xffffffffu);
  buffer.total_length = static_cast<std::uint32_t>(sum);
  return buffer;
}

std::uint64_t Buffer::bytes() const {
  switch (format) {
    case BufferFormat::kDirect:
      return list.empty() ? 0 : list[0].len;
    case BufferFormat::kIndirect: {
      if (table.len > list.size() * wire::kDirectBytes) return total_length;
      std::uint64_t sum = 0;
      for (const wire::Direct& direct : list) sum += direct.len;
      return std::min<std::uint64_t>(sum, total_length);
    }
    case BufferFormat::kImmediate:
      return immediate.size();
    case BufferFormat::kNone:
      break;
  }
  return 0;
}

PortId MakePortId(std::uint64_t high, std::uint64_t low) {
  PortId id;
  Writer w(id.bytes);
  w.Be64(0, high);
  w.Be64(8, low);
  return id;
}

Tag MakeTag(std::uint64_t n) {
  Tag tag;
  Writer(tag.bytes).Be64(0, n);
  return tag;
}

RawLun MakeLun(LunNumber lun) { return wire::EncodeLun(lun, wire::LunAddressing::kPeripheral); }

Channel::Channel(std::uint32_t outstanding_max) : outstanding_max_(outstanding_max) {
  slots_.reserve(outstanding_max);
}

std::size_t Channel::BuildLoginCm(const wire::LoginReq& req, MutableBytes out) {
  Begin(req);
  return wire::SerializeLoginReqCm(req, out);
}

std::size_t Channel::BuildLogin64(const wire::LoginReq& req, MutableBytes out) {
  Begin(req);
  return wire::SerializeLoginReq64(req, out);
}

void Channel::Begin(const wire::LoginReq& req) {
  slots_.clear();
  forgotten_count_ = 0;
  login_req_ = req;
  login_rsp_ = {};
  credits_ = 0;
  granted_ = 0;
  imm_data_offset_ = 0;
  live_ = false;
  logged_out_ = false;
  target_request_open_ = false;
}

Result<LoginAccepted, wire::ParseError> Channel::OnLoginRsp(Bytes private_data) {
  const auto rsp = wire::ParseLoginRsp(private_data);
  if (!rsp.ok()) return Err{rsp.error()};
  LoginAccepted accepted{*rsp, Violation::kNone};
  const bool immediate = (rsp->flags & wire::kLoginRspImmediate) != 0;
  if (rsp->tag != login_req_.tag) {
    accepted.violation = Violation::kUnknownTag;
  } else if (immediate && !login_req_.wants_immediate()) {
    accepted.violation = Violation::kInconsistent;
  } else if (rsp->req_lim_delta < 2) {
    accepted.violation = Violation::kCreditsNegative;
  }
  login_rsp_ = *rsp;
  credits_ = std::max<std::int32_t>(rsp->req_lim_delta, 0);
  granted_ = static_cast<std::uint32_t>(credits_);
  imm_data_offset_ = immediate ? login_req_.imm_data_offset : std::uint16_t{0};
  live_ = true;
  return accepted;
}

bool Channel::CanSendCmd() const {
  return live_ && credits_ > 1 && slots_.size() < outstanding_max_;
}

bool Channel::CanSendTskMgmt() const {
  return live_ && credits_ > 0 && slots_.size() < outstanding_max_;
}

bool Channel::IsOutstanding(const Tag& tag) const {
  return std::any_of(slots_.begin(), slots_.end(), [&](const Slot& s) { return Same(s.tag, tag); });
}

std::vector<Channel::Slot>::iterator Channel::Find(const Tag& tag) {
  return std::find_if(slots_.begin(), slots_.end(),
                      [&](const Slot& s) { return Same(s.tag, tag); });
}

Channel::Slot& Channel::Start(const Tag& tag) {
  SRPT_CHECK(live_ && credits_ > 0);
  SRPT_CHECK(slots_.size() < outstanding_max_);
  SRPT_CHECK(!IsOutstanding(tag));
  credits_ -= 1;
  slots_.emplace_back();
  slots_.back().tag = tag;
  return slots_.back();
}

std::size_t Channel::CmdHeaderBytes(const Command& command) const {
  return wire::SerializedBytes(Header(command)) + DescriptorBytes(command.out) +
         DescriptorBytes(command.in);
}

std::size_t Channel::CmdBytes(const Command& command) const {
  const std::size_t end = CmdHeaderBytes(command);
  if (command.out.format != BufferFormat::kImmediate) return end;
  SRPT_CHECK(imm_data_offset_ >= end);
  return imm_data_offset_ + command.out.immediate.size();
}

std::size_t Channel::BuildCmd(const Command& command, MutableBytes out) {
  const std::size_t length = CmdBytes(command);
  SRPT_CHECK(length <= out.size());
  Slot& slot = Start(command.tag);
  slot.cookie = command.cookie;
  slot.lun = command.lun;
  slot.out_bytes = command.out.bytes();
  slot.in_bytes = command.in.bytes();
  slot.sol_not = command.sol_not;

  std::size_t at = wire::SerializeCmd(Header(command), out);
  at += WriteDescriptors(command.out, out.subspan(at));
  at += WriteDescriptors(command.in, out.subspan(at));
  if (command.out.format == BufferFormat::kImmediate) {
    std::fill(out.begin() + static_cast<std::ptrdiff_t>(at), out.begin() + imm_data_offset_,
              std::uint8_t{0});
    std::copy(command.out.immediate.begin(), command.out.immediate.end(),
              out.begin() + imm_data_offset_);
  }
  return length;
}

std::size_t Channel::BuildTskMgmt(const TaskManagement& request, MutableBytes out) {
  Slot& slot = Start(request.tag);
  slot.cookie = request.cookie;
  slot.lun = request.lun;
  slot.task_tag = request.task_tag;
  slot.sol_not = request.sol_not;
  slot.task_management = true;
  slot.function = request.function;
  return wire::SerializeTskMgmt(
      {request.sol_not, request.tag, request.lun, request.function, request.task_tag}, out);
}

std::size_t Channel::BuildILogout(const Tag& tag, MutableBytes out) {
  SRPT_CHECK(live_);
  if (credits_ > 0) credits_ -= 1;
  live_ = false;
  return wire::SerializeILogout({tag}, out);
}

std::size_t Channel::BuildCredRsp(const Tag& tag, MutableBytes out) {
  target_request_open_ = false;
  return wire::SerializeCredRsp({tag}, out);
}

std::size_t Channel::BuildAerRsp(const Tag& tag, MutableBytes out) {
  target_request_open_ = false;
  return wire::SerializeAerRsp({tag}, out);
}

// The IU's own rules first, then those of the channel.
void Channel::Remember(const Tag& tag) {
  forgotten_[forgotten_count_ % kForgottenMax] = tag;
  forgotten_count_ += 1;
}

bool Channel::WasForgotten(const Tag& tag) const {
  const std::size_t known = std::min(forgotten_count_, kForgottenMax);
  return std::find(forgotten_.begin(), forgotten_.begin() + static_cast<std::ptrdiff_t>(known),
                   tag) != forgotten_.begin() + static_cast<std::ptrdiff_t>(known);
}

bool Channel::Forget(const Tag& tag) {
  const auto slot = Find(tag);
  if (slot == slots_.end()) return false;
  Remember(tag);
  slots_.erase(slot);
  return true;
}

std::size_t Channel::ForgetLun(const RawLun& lun) { return ForgetFirst(slots_.size(), lun); }

std::size_t Channel::ForgetFirst(std::size_t count, const RawLun& lun) {
  const auto gone = [&](const Slot& s) { return !s.task_management && s.lun == lun; };
  const auto end = slots_.begin() + static_cast<std::ptrdiff_t>(count);
  const std::size_t before = slots_.size();
  for (auto slot = slots_.begin(); slot != end; ++slot) {
    if (gone(*slot)) Remember(slot->tag);
  }
  slots_.erase(std::remove_if(slots_.begin(), end, gone), end);
  return before - slots_.size();
}

}  // namespace srpt::initiator
