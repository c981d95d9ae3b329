// HANDLER vdisk_fileio { DEVICE disk01 { filename /srv/disk01.img } }
#include <algorithm>
#include <bit>
#include <iterator>

#include "core/base/limits.h"
#include "target/config/conf_context.h"
#include "target/config/values.h"

namespace srpt::config {
namespace {

constexpr const char* kAttributes =
    "filename, size, size_mb, blocksize, nv_cache, write_through, read_only, o_direct, removable, "
    "rotational, thin_provisioned, t10_dev_id, usn, t10_vend_id, prod_id, prod_rev_lvl or naa_id";

constexpr Inert kInert[] = {
    {"thin_provisioned", "UNMAP is not served yet; the disk is presented as thick"},
    {"threads_num", "I/O is asynchronous, there are no threads to count"},
    {"threads_pool_type", "I/O is asynchronous, there are no threads to pool"},
    {"async", "I/O is always asynchronous"},
    {"eui64_id", "it is not shown yet"},
    {"scsi_device_name", "it is not shown yet"},
    {"vend_specific_id", "it is not shown yet"},
    {"active", "devices are always open"},
    {"bind_alua_state", "the device stays open in every ALUA state"},
    {"cluster_mode", "reservations are not shared between hosts"},
    {"expl_alua", "SET TARGET PORT GROUPS is not served yet"},
    {"lb_per_pb_exp", "physical blocks are 4096 bytes"},
    {"opt_trans_len", "it is not shown yet"},
    {"pr_file_name", "persistent reservations are not served yet"},
    {"max_tgt_dev_commands", "the request limit of the channels bounds the commands"},
    {"numa_node_id", "memory is taken where the daemon runs"},
};

bool ReadText(ConfContext& context, const Statement& statement, std::size_t bytes_max,
              std::optional<std::string>& into) {
  const std::string expected =
      "at most " + std::to_string(bytes_max) + " printable ASCII characters";
  if (!CheckShape(context, statement, 1, expected.c_str())) return false;
  const std::string& text = statement.words[1];
  if (text.size() > bytes_max || !IsPrintableAscii(text)) {
    return context.Fail(statement.line, statement.name() + " '" + text + "'", expected);
  }
  into = text;
  return true;
}

bool ReadNaa(ConfContext& context, const Statement& statement, Device& device) {
  constexpr const char* kExpected = "16 hex digits";
  if (!CheckShape(context, statement, 1, kExpected)) return false;
  const auto id = ParseHex64(statement.words[1]);
  if (!id) {
    return context.Fail(statement.line, "naa_id '" + statement.words[1] + "'", kExpected);
  }
  device.naa_id.emplace();
  for (int i = 0; i < 8; ++i) {
    (*device.naa_id)[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(*id >> (56 - 8 * i));
  }
  return true;
}

bool ReadBlocksize(ConfContext& context, const Statement& statement, Device& device) {
  std::uint64_t bytes = 0;
  if (!ReadNumber(context, statement, limits::kBlockBytesMin, limits::kBlockBytesMax, bytes)) {
    return false;
  }
  if (!std::has_single_bit(bytes)) {
    return context.Fail(statement.line, "blocksize '" + statement.words[1] + "'",
                        "a power of two, " + std::to_string(limits::kBlockBytesMin) + " to " +
                            std::to_string(limits::kBlockBytesMax));
  }
  device.block_bytes = static_cast<std::uint32_t>(bytes);
  return true;
}

}  // namespace

bool ReadDeviceAttribute(ConfContext& context, const Statement& statement, Device& device) {
  const std::string& name = statement.name();
  const bool fileio = device.handler == scsi::HandlerKind::kFileio;
  const auto only = [&](bool allowed, const char* handler) {
    return allowed || context.Fail(statement.line,
                                   "'" + name + "' for a device of " + HandlerName(device.handler),
                                   std::string("it with ") + handler + " only");
  };
  if (name == "filename") {
    if (!only(fileio, "vdisk_fileio")) return false;
    if (!CheckShape(context, statement, 1, "an absolute path")) return false;
    if (statement.words[1].empty() || statement.words[1][0] != '/') {
      return context.Fail(statement.line, "filename '" + statement.words[1] + "'",
                          "an absolute path");
    }
    device.filename = statement.words[1];
    return true;
  }
  if (name == "size" || name == "size_mb") {
    if (!only(!fileio, "vdisk_nullio (a file has its own size)")) return false;
    const std::uint64_t unit = name == "size" ? 1 : 1 << 20;
    std::uint64_t number = 0;
    if (!ReadNumber(context, statement, 1, (std::uint64_t{1} << 62) / unit, number)) return false;
    device.size_bytes = number * unit;
    return true;
  }
  if (name == "blocksize") return ReadBlocksize(context, statement, device);
  if (name == "nv_cache" || name == "write_through" || name == "o_direct") {
    bool& flag = name == "nv_cache"        ? device.nv_cache
                 : name == "write_through" ? device.write_through
                                           : device.o_direct;
    return only(fileio, "vdisk_fileio") && ReadFlag(context, statement, flag);
  }
  if (name == "read_only") return ReadFlag(context, statement, device.read_only);
  if (name == "removable") return ReadFlag(context, statement, device.removable);
  if (name == "rotational") {
    bool flag = false;
    if (!ReadFlag(context, statement, flag)) return false;
    device.rotational = flag;
    return true;
  }
  if (name == "tst") {
    constexpr const char* kExpected = "1: each nexus has a task set of its own";
    if (!CheckShape(context, statement, 1, kExpected)) return false;
    return statement.words[1] == "1" ||
           context.Fail(statement.line, "tst '" + statement.words[1] + "'", kExpected);
  }
  if (name == "t10_dev_id") return ReadText(context, statement, 64, device.t10_dev_id);
  if (name == "usn") return ReadText(context, statement, 32, device.usn);
  if (name == "t10_vend_id") return ReadText(context, statement, 8, device.t10_vend_id);
  if (name == "prod_id") return ReadText(context, statement, 16, device.prod_id);
  if (name == "prod_rev_lvl") return ReadText(context, statement, 4, device.prod_rev_lvl);
  if (name == "naa_id") return ReadNaa(context, statement, device);
  if (IsInert(context, statement, kInert, std::size(kInert))) return true;
  return context.Fail(statement.line, "'" + name + "' in DEVICE " + device.name, kAttributes);
}

bool FinishDevice(ConfContext& context, const Device& device) {
  if (device.handler == scsi::HandlerKind::kFileio && device.filename.empty()) {
    return context.Fail(device.line, "DEVICE " + device.name + " has no filename",
                        "'filename /path' in its section");
  }
  if (device.handler == scsi::HandlerKind::kNullio && device.size_bytes < device.block_bytes) {
    return context.Fail(device.line, "DEVICE " + device.name + " is smaller than one block",
                        "a size of at least " + std::to_string(device.block_bytes) + " bytes");
  }
  return true;
}

bool ReadHandler(ConfContext& context, const Statement& handler) {
  if (!CheckShape(context, handler, 1, "HANDLER name { ... }", true)) return false;
  const std::string& name = handler.words[1];
  scsi::HandlerKind kind{};
  if (name == "vdisk_fileio") {
    kind = scsi::HandlerKind::kFileio;
  } else if (name == "vdisk_nullio") {
    kind = scsi::HandlerKind::kNullio;
  } else if (name == "vdisk_blockio") {
    return context.Fail(handler.line, "HANDLER vdisk_blockio is not served yet",
                        "vdisk_fileio, which takes block devices too (with o_direct 1)");
  } else {
    return context.Fail(handler.line, "HANDLER '" + name + "'", "vdisk_fileio or vdisk_nullio");
  }
  for (const Statement& statement : handler.section) {
    if (statement.name() != "DEVICE") {
      return context.Fail(statement.line, "'" + statement.name() + "' in HANDLER " + name,
                          "DEVICE name { ... } or '}'");
    }
    if (!CheckShape(context, statement, 1, "DEVICE name { ... }", true)) return false;
    Device device;
    device.name = statement.words[1];
    device.handler = kind;
    device.line = statement.line;
    if (kind == scsi::HandlerKind::kNullio) device.size_bytes = kNullioBytesDefault;
    if (!CheckName(context, statement.line, "device", device.name, scsi::DeviceName::kBytesMax)) {
      return false;
    }
    auto& devices = context.configuration.devices;
    const auto same = std::find_if(devices.begin(), devices.end(),
                                   [&](const Device& d) { return d.name == device.name; });
    if (same != devices.end()) {
      return context.Fail(statement.line, "a second DEVICE " + device.name,
                          "a name of its own; the first is on line " + std::to_string(same->line));
    }
    if (devices.size() == limits::kLusMax) {
      return context.Fail(statement.line, "too many devices",
                          "at most " + std::to_string(limits::kLusMax));
    }
    for (const Statement& attribute : statement.section) {
      if (!ReadDeviceAttribute(context, attribute, device)) return false;
    }
    if (!FinishDevice(context, device)) return false;
    devices.push_back(std::move(device));
  }
  return true;
}

}  // namespace srpt::config
