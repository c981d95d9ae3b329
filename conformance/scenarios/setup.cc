// The world, as a transcript describes it before it begins.
#include <algorithm>
#include <array>
#include <utility>

#include "conformance/scenarios/player.h"
#include "core/base/limits.h"
#include "core/initiator/initiator.h"

namespace srpt::scenarios {
namespace {

// One of core's parameters (core/config.h): its name, its range, and how it is set.
struct Parameter {
  std::string_view name;
  std::uint64_t low;
  std::uint64_t high;
  void (*set)(Parameters& parameters, std::uint64_t value);
};

#define SRPT_PARAMETER(NAME, LOW, HIGH)                                                            \
  Parameter {                                                                                      \
#NAME, LOW, HIGH,                                                                              \
        [](Parameters & p, std::uint64_t value) { p.NAME = static_cast<decltype(p.NAME)>(value); } \
  }
constexpr std::array kParameters = {
    SRPT_PARAMETER(srp_max_req_size, limits::kMaxReqSizeMin, limits::kMaxReqSizeMax),
    SRPT_PARAMETER(srp_max_rsp_size, limits::kMaxRspSizeMin, limits::kMaxRspSizeMax),
    SRPT_PARAMETER(srp_max_rdma_size, limits::kMaxRdmaSizeMin, limits::kMaxRdmaSizeMax),
    SRPT_PARAMETER(srpt_sq_size, limits::kSqSizeMin, limits::kSqSizeMax),
    SRPT_PARAMETER(credits, limits::kCreditsMin, limits::kCreditsMax),
    SRPT_PARAMETER(use_srq, 0, 1),
    SRPT_PARAMETER(srpt_srq_size, limits::kSrqSizeMin, limits::kSrqSizeMax),
    SRPT_PARAMETER(srq_count, 1, 4),
    SRPT_PARAMETER(shards, 1, 8),
    SRPT_PARAMETER(channels_per_shard, 1, 1024),
    SRPT_PARAMETER(data_buffers_per_shard, 1, 4096),
    SRPT_PARAMETER(buffer_waits_max, 1, 1024),
    SRPT_PARAMETER(trace_flag, 0, 0xffffffff),
    SRPT_PARAMETER(sessions_max, 1, limits::kNexusesMax),
    SRPT_PARAMETER(devices_max, 1, limits::kLusMax),
};
#undef SRPT_PARAMETER

// Round figures, so that a log can be read.
sim::Latencies Fixed() {
  const auto always = [](Duration d) { return sim::Range{d, d}; };
  sim::Latencies latencies;
  latencies.wire = always(sim::Microseconds(5));
  latencies.completion = always(sim::Microseconds(2));
  latencies.cm = always(sim::Microseconds(500));
  latencies.disk = always(sim::Microseconds(30));
  latencies.message = always(sim::Microseconds(10));
  return latencies;
}

std::string ParameterNames() {
  std::string names;
  for (const Parameter& p : kParameters) names += ", " + std::string(p.name);
  return names;
}

}  // namespace

Player::Player() {
  options_.story = true;
  options_.sweep_every = 1;  // These runs are short.
  options_.parameters.service_guid = 0x5e0;
  options_.latencies = Fixed();
}

void Player::OnWorld(Words& words) {
  while (!words.empty() && words.ok()) {
    const std::string word(words.Take("an option of the world"));
    const auto* parameter = std::find_if(kParameters.begin(), kParameters.end(),
                                         [&](const Parameter& p) { return p.name == word; });
    if (parameter != kParameters.end()) {
      parameter->set(options_.parameters, words.Number(word, parameter->low, parameter->high));
    } else if (word == "seed") {
      options_.seed = words.Number("the seed", 0, ~std::uint64_t{0});
    } else if (word == "latency") {
      const bool drawn = words.TakeIf("drawn");
      if (!drawn && !words.TakeIf("fixed")) words.Wrong("latency is fixed or drawn");
      options_.latencies = drawn ? sim::Latencies{} : Fixed();
    } else if (word == "rnr-retries") {
      options_.rnr_retries = words.TakeIf("forever")
                                 ? ~std::uint32_t{0}
                                 : static_cast<std::uint32_t>(words.Number("retries", 0, 1000));
    } else {
      words.Wrong("the world has no option \"" + word +
                  "\"; these are there: seed, latency, rnr-retries" + ParameterNames());
    }
  }
}

void Player::OnPort(Words& words) {
  const bool disabled = words.TakeIf("disabled");
  words.End();
  const std::size_t number = options_.ports.size();
  if (number >= 9) words.Wrong("there are at most 9 ports");
  if (!words.ok()) return;
  sim::WorldOptions& o = options_;
  o.ports.push_back({TargetPortId(static_cast<std::uint32_t>(number)),
                     "fe80:0000:0000:0000:0000:0000:0000:000" + std::to_string(number + 1),
                     static_cast<std::uint16_t>(number + 1), !disabled, 0});
}

void Player::OnDisk(Words& words) {
  sim::DiskOptions disk;
  disk.name = std::string(words.Take("the name of a disk"));
  if (disk.name.size() > 16) words.Wrong("a disk's name has at most 16 characters");
  for (const sim::DiskOptions& other : options_.disks) {
    if (other.name == disk.name) words.Wrong("there is a disk " + disk.name + " already");
  }
  while (!words.empty() && words.ok()) {
    if (words.TakeIf("handler")) {
      const std::string_view handler = words.Take("the handler");
      if (handler == "fileio") {
        disk.handler = scsi::HandlerKind::kFileio;
      } else if (handler == "blockio") {
        disk.handler = scsi::HandlerKind::kBlockio;
      } else if (handler == "nullio") {
        disk.handler = scsi::HandlerKind::kNullio;
      } else {
        words.Wrong("a handler is fileio, blockio or nullio");
      }
    } else if (words.TakeIf("blocks")) {
      disk.blocks = words.Number("how many blocks", 0, 1u << 20);
    } else if (words.TakeIf("block-bytes")) {
      disk.block_bytes = static_cast<std::uint32_t>(words.Number("bytes of a block", 512, 65536));
      if ((disk.block_bytes & (disk.block_bytes - 1)) != 0) {
        words.Wrong("a block's bytes are a power of two");
      }
    } else if (words.TakeIf("read-only")) {
      disk.read_only = true;
    } else if (words.TakeIf("write-through")) {
      disk.write_through = true;
    } else if (words.TakeIf("nv-cache")) {
      disk.nv_cache = true;
    } else {
      words.End();
    }
  }
  if (words.ok()) options_.disks.push_back(std::move(disk));
}

void Player::OnLun(Words& words) {
  sim::LunOptions lun;
  lun.lun = LunNumber(static_cast<std::uint16_t>(words.Number("a LUN", 0, limits::kLunNumberMax)));
  lun.disk = TakeDisk(words);
  if (words.TakeIf("port")) lun.target = TakePort(words);
  lun.read_only = words.TakeIf("read-only");
  words.End();
  for (const sim::LunOptions& other : options_.luns) {
    if (other.lun == lun.lun && other.target == lun.target) {
      words.Wrong("that LUN is mapped already");
    }
  }
  if (words.ok()) options_.luns.push_back(std::move(lun));
}

void Player::Begin(Words& words) {
  if (options_.disks.empty()) return words.Wrong("the world has no disk yet: disk disk0");
  if (options_.disks.size() > options_.parameters.devices_max) {
    return words.Wrong("there are more disks than devices_max");
  }
  stage_ = std::make_unique<Stage>(options_);
  stage_->TakeLog();  // Of its beginning.
}

std::uint32_t Player::BlockBytes(const RawLun& lun) const {
  for (std::size_t i = 0; i < options_.disks.size(); ++i) {
    const sim::DiskOptions& disk = options_.disks[i];
    if (options_.luns.empty()) {
      if (initiator::MakeLun(LunNumber(static_cast<std::uint16_t>(i))) == lun) {
        return disk.block_bytes;
      }
      continue;
    }
    for (const sim::LunOptions& map : options_.luns) {
      if (map.disk == disk.name && initiator::MakeLun(map.lun) == lun) return disk.block_bytes;
    }
  }
  return 512;
}

}  // namespace srpt::scenarios
