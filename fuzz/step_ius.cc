#include "fuzz/step_ius.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <span>
#include <utility>

#include "core/wire/cmd.h"
#include "core/wire/data_descriptor.h"
#include "core/wire/login_req.h"
#include "core/wire/tsk_mgmt.h"

namespace srpt::fuzz {
namespace {

std::uint8_t Lun(Input& input) {
  static constexpr std::uint8_t kLuns[] = {0, 0, 0, 0, 1, 1, 2, 200};
  return kLuns[input.Below(sizeof kLuns)];
}

// One to forty descriptors whose lengths add up to `length`; some are empty.
std::span<const wire::Direct> List(Input& input, std::uint32_t length, std::uint32_t count) {
  static std::array<wire::Direct, 40> list;
  const bool odd = input.Below(2) == 1;  // Unequal lengths, addresses that are not aligned.
  std::uint32_t left = length;
  for (std::uint32_t i = 0; i < count; ++i) {
    std::uint32_t n = i + 1 == count ? left : length / count + (odd && i % 3 == 0 ? 1 : 0);
    if (odd && i % 4 == 3 && i + 1 != count) n = 0;
    n = std::min(n, left);
    left -= n;
    list[i] = {RemoteAddr((std::uint64_t{i + 1} << 20) + (odd ? 3 : 0)), RKey(i), n};
  }
  return {list.data(), count};
}

}  // namespace

std::size_t Spoil(Input& input, MutableBytes iu) {
  const std::uint8_t how = input.U8();
  if (iu.empty() || how % 4 != 0) return iu.size();
  if (how % 8 == 0) return input.U16() % (iu.size() + 1);
  iu[input.U16() % iu.size()] = input.U8();
  return iu.size();
}

std::size_t MakeCmd(Input& input, MutableBytes out) {
  static constexpr std::uint8_t kOpcodes[] = {0x28, 0x2a, 0x28, 0x2a, 0x88, 0x8a, 0x08, 0x0a,
                                              0x35, 0x12, 0x25, 0x9e, 0x1a, 0xa0, 0x00, 0x03,
                                              0x91, 0xa3, 0x5a, 0x15, 0x53, 0x7f};
  // Of 7f: READ, WRITE and XDWRITEREAD (32).
  static constexpr std::uint8_t kActions[] = {0x09, 0x0b, 0x07, 0x07};
  static constexpr std::uint8_t kWrites[] = {0x2a, 0x8a, 0x0a, 0x15, 0x53};
  std::array<std::uint8_t, 36> cdb{};
  cdb[0] = kOpcodes[input.Below(sizeof kOpcodes)];
  const std::uint8_t shape = input.U8();
  cdb[1] = cdb[0] == 0x9e || cdb[0] == 0x91 ? 0x10 : shape & 0x18;  // DPO, FUA.
  if (cdb[0] == 0xa3) cdb[1] = 0x0a;
  // Blocks, or an allocation length, agreeing with the descriptors in most commands.
  const std::uint8_t blocks = input.U8();
  cdb[4] = cdb[8] = cdb[13] = blocks;
  cdb[5] = static_cast<std::uint8_t>(shape & 7);  // Where: a few places, so that some overlap.
  std::size_t cdb_bytes = 16;
  if (cdb[0] == 0x7f) {
    cdb[10] = std::exchange(cdb[1], std::uint8_t{0});
    cdb[8] = cdb[13] = 0;
    cdb[7] = 0x18;
    cdb[9] = kActions[blocks & 3];
    cdb[19] = cdb[5];
    cdb[31] = blocks;
    cdb_bytes = 32;
  }

  wire::Cmd cmd;
  const std::uint8_t tag = input.U8();
  cmd.tag.bytes[7] = tag & 0x0f;  // Few tags: some are used twice.
  cmd.sol_not = (tag >> 4) & 6;
  cmd.task_attr = tag >> 7;
  cmd.lun.bytes[1] = Lun(input);
  cmd.cdb = Bytes(cdb).first(cdb_bytes + ((shape & 0xe0) == 0xe0 ? 4 : 0));

  const std::uint8_t form = input.U8();
  bool write = std::find(std::begin(kWrites), std::end(kWrites), cdb[0]) != std::end(kWrites);
  if (cdb[0] == 0x7f) write = cdb[9] != kActions[0];
  const bool both = cdb[0] == 0x53 || (cdb[0] == 0x7f && cdb[9] == 0x07);
  if (form % 16 == 15) write = !write;  // The wrong direction.
  std::uint32_t length = std::uint32_t{blocks} * 512;
  if ((form & 0x30) == 0x30) length = input.U16() * (1u + (form >> 7));  // Another one.

  std::array<std::uint8_t, 2 * wire::kIndirectHeaderBytes + 40 * wire::kDirectBytes> descriptors;
  std::size_t used = 0;
  std::size_t data = 0;
  wire::BufferFormat& format = write ? cmd.out_fmt : cmd.in_fmt;
  switch (form % 5) {
    case 0:
      break;
    case 1:
      format = wire::BufferFormat::kImmediate;
      length %= 1024;
      used = wire::SerializeImmediate(length, descriptors);
      data = length;
      break;
    case 2:
      format = wire::BufferFormat::kDirect;
      used = wire::SerializeDirect({RemoteAddr(0x1000), RKey(7), length}, descriptors);
      break;
    default: {
      const std::uint32_t count = 1 + input.Below(40);
      format = wire::BufferFormat::kIndirect;
      // A partial table: fewer descriptors in the IU than the table has.
      const std::uint32_t inlined = form % 5 == 4 ? count / 2 : count;
      (write ? cmd.out_count : cmd.in_count) = static_cast<std::uint8_t>(inlined);
      used = wire::SerializeIndirect({RemoteAddr(1), RKey(1), 16 * count}, length,
                                     List(input, length, count).first(inlined), descriptors);
      break;
    }
  }
  if (both ? form % 16 != 14 : form % 64 == 3) {  // Both directions.
    const std::uint32_t other = (form & 0x40) != 0 ? length : 512;
    const wire::BufferFormat other_format =
        form % 3 == 2 ? wire::BufferFormat::kIndirect : wire::BufferFormat::kDirect;
    (write ? cmd.in_fmt : cmd.out_fmt) = other_format;
    // (OUT stands first; where it is the second here, the two are read the other way round.)
    const MutableBytes rest = MutableBytes(descriptors).subspan(used);
    if (other_format == wire::BufferFormat::kDirect) {
      used += wire::SerializeDirect({RemoteAddr(2), RKey(2), other}, rest);
    } else {  // A partial table: all of it has to be fetched.
      used +=
          wire::SerializeIndirect({RemoteAddr(3), RKey(3), 16 * (1u + form % 8)}, other, {}, rest);
    }
  }
  cmd.descriptors = Bytes(descriptors).first(used);
  std::size_t length_of_iu = wire::SerializeCmd(cmd, out);
  if (cmd.out_fmt == wire::BufferFormat::kImmediate) {
    std::memset(out.data() + length_of_iu, 0x5a, out.size() - length_of_iu);
    length_of_iu = kImmediateAt + data;
  }
  return Spoil(input, out.first(length_of_iu));
}

std::size_t MakeTskMgmt(Input& input, MutableBytes out) {
  static constexpr std::uint8_t kFunctions[] = {1, 1, 1, 8, 2, 4, 0x40, 0};
  wire::TskMgmt request;
  const std::uint8_t which = input.U8();
  request.function = static_cast<wire::TskMgmtFunction>(kFunctions[which & 7]);
  request.sol_not = (which >> 4) & 6;
  request.tag.bytes[0] = (which & 8) != 0 ? 0x80 : 0;  // Sometimes that of a command.
  const std::uint8_t tags = input.U8();
  request.tag.bytes[7] = tags >> 4;
  request.task_tag.bytes[7] = tags & 0x0f;
  request.lun.bytes[1] = Lun(input);
  return Spoil(input, out.first(wire::SerializeTskMgmt(request, out)));
}

std::size_t MakeOther(Input& input, MutableBytes out) {
  static constexpr std::uint8_t kOpcodes[] = {0x03, 0x41, 0x42, 0x41, 0x42, 0x00, 0x80, 0xc1};
  const std::uint8_t which = input.U8();
  if (which >= 0x80) {
    const Bytes raw = input.Take(which & 0x7f);
    std::copy(raw.begin(), raw.end(), out.begin());
    return raw.size();
  }
  constexpr std::size_t kBytes = 64;
  std::memset(out.data(), 0, kBytes);
  out[0] = kOpcodes[which & 7];
  return (which & 0x70) == 0x70 ? (which & 15) : out[0] == 0 ? kBytes : 16;
}

std::size_t MakeSimpleCmd(std::uint8_t n, bool write, MutableBytes out) {
  std::array<std::uint8_t, 16> cdb{};
  cdb[0] = write ? 0x2a : 0x28;
  cdb[5] = n;
  cdb[8] = 1;
  std::array<std::uint8_t, wire::kDirectBytes> descriptor;
  wire::SerializeDirect({RemoteAddr(std::uint64_t{n} << 16), RKey(n), 512}, descriptor);
  wire::Cmd cmd;
  cmd.tag.bytes[7] = n;
  (write ? cmd.out_fmt : cmd.in_fmt) = wire::BufferFormat::kDirect;
  cmd.cdb = cdb;
  cmd.descriptors = descriptor;
  return wire::SerializeCmd(cmd, out);
}

void FillFetched(Input& input, MutableBytes memory) {
  std::array<std::uint8_t, wire::kDirectBytes> entry;
  const std::uint8_t how = input.U8();
  const std::uint32_t length = how == 0 ? 512 : how == 1 ? 0xffffffffu : how * 64u;
  wire::SerializeDirect({RemoteAddr(0x5000), RKey(5), length}, entry);
  for (std::size_t at = 0; at < memory.size(); at += entry.size()) {
    const std::size_t n = std::min(entry.size(), memory.size() - at);
    std::memcpy(memory.data() + at, entry.data(), n);
  }
}

std::size_t MakeLogin(Input& input, bool cm, MutableBytes out) {
  const std::uint8_t who = input.U8();
  wire::LoginReq req;
  req.tag.bytes[7] = who;
  req.req_it_iu_len = kIuBytesMax;
  req.req_buf_fmt = wire::kBufFmtDirect | wire::kBufFmtIndirect;
  req.initiator_port.bytes[15] = 1 + (who & 1);
  // Most ask for independent operation, so that there are several channels of one nexus.
  static constexpr std::uint8_t kActions[] = {1, 1, 1, 0, 1, 1, 2, 3};
  req.flags = kActions[(who >> 1) & 7];
  if ((who & 0x10) != 0) req.flags |= wire::kLoginReqSolicitedMask;
  if ((who & 0x20) != 0) {
    req.flags |= wire::kLoginReqImmediate;
    req.imm_data_offset = kImmediateAt;
  }
  const std::uint8_t more = input.U8();
  if ((more & 7) == 7) req.req_it_iu_len = 1u << (more >> 3);
  if ((more & 0x38) == 0x38) req.imm_data_offset = more;
  std::size_t length =
      cm ? wire::SerializeLoginReqCm(req, out) : wire::SerializeLoginReq64(req, out);
  if ((more & 0xc0) == 0xc0) length = Spoil(input, out.first(length));
  return length;
}

}  // namespace srpt::fuzz
