#include "target/config/parameters.h"

#include <algorithm>
#include <cstdio>

#include "core/base/check.h"
#include "target/config/values.h"

namespace srpt::config {
namespace {

constexpr ParameterInfo kTable[] = {
    {"rdma_cm_port", "a port number, 0 to 65535", "0",
     "Port to listen on through RDMA/CM, IPv4 and IPv6 (0: none)"},
    {"srp_max_req_size", "a number of bytes, 996 to 65536", "8276",
     "Largest request IU that an initiator may send"},
    {"srp_max_rsp_size", "a number of bytes, 40 to 4096", "256",
     "Largest response IU, sense data included"},
    {"srp_max_rdma_size", "a number of bytes (clamped to 256 .. 16777216)", "65536",
     "Most bytes that one RDMA READ or WRITE moves"},
    {"use_srq", "Y or N", "N", "One receive queue a device and shard instead of one a channel"},
    {"srpt_srq_size", "a number, 4 to 65535", "4095", "Size of the shared receive queue"},
    {"srpt_sq_size", "a number, 16 to 16384", "256", "Send queue size of a channel"},
    {"srpt_service_guid", "16 hex digits, not all zero", "node GUID of the first device",
     "Both halves of the target port identifier that initiators log in to"},
    {"trace_flag", "a number, 0 to 0xffffffff", "0",
     "Categories of trace lines, SCST's bits: 0x1 debug (IUs), 0x80 sg (RDMA), 0x100 out_of_mem, "
     "0x400 "
     "mgmt, 0x800 mgmt_dbg (channel states), 0x1000 scsi (failed commands), 0x4000 flow_control"},
};
static_assert(limits::kMaxReqSizeMin == 996 && limits::kMaxReqSizeMax == 65536 &&
                  limits::kMaxRspSizeMin == 40 && limits::kMaxRspSizeMax == 4096 &&
                  limits::kMaxRdmaSizeMin == 256 && limits::kMaxRdmaSizeMax == 16777216 &&
                  limits::kSqSizeMin == 16 && limits::kSqSizeMax == 16384 &&
                  limits::kSrqSizeMin == 4 && limits::kSrqSizeMax == 65535,
              "the table tells the limits");
static_assert(limits::kMaxReqSizeDefault == 8276 && limits::kMaxRspSizeDefault == 256 &&
                  limits::kMaxRdmaSizeDefault == 65536 && limits::kSqSizeDefault == 256 &&
                  limits::kSrqSizeDefault == 4095,
              "and the defaults");

const ParameterInfo* Find(std::string_view name) {
  for (const ParameterInfo& info : kTable) {
    if (name == info.name) return &info;
  }
  return nullptr;
}

template <class T>
bool SetNumber(T& into, std::string_view value, std::uint64_t min, std::uint64_t max) {
  const auto number = ParseNumber(value, min, max);
  if (number) into = static_cast<T>(*number);
  return number.has_value();
}

bool Set(IbSrptParameters& p, std::string_view name, std::string_view value) {
  // [R-PARAM-06]
  if (name == "rdma_cm_port") return SetNumber(p.rdma_cm_port, value, 0, 65535);
  // [R-PARAM-01]
  if (name == "srp_max_req_size") {
    return SetNumber(p.srp_max_req_size, value, limits::kMaxReqSizeMin, limits::kMaxReqSizeMax);
  }
  // [R-PARAM-02]
  if (name == "srp_max_rsp_size") {
    return SetNumber(p.srp_max_rsp_size, value, limits::kMaxRspSizeMin, limits::kMaxRspSizeMax);
  }
  // [R-PARAM-03, R-CM-12]
  if (name == "srp_max_rdma_size") {
    const auto number = ParseNumber(value);
    if (!number) return false;
    p.srp_max_rdma_size = static_cast<std::uint32_t>(
        std::clamp<std::uint64_t>(*number, limits::kMaxRdmaSizeMin, limits::kMaxRdmaSizeMax));
    return true;
  }
  // [R-PARAM-05]
  if (name == "use_srq") {
    const auto flag = ParseModuleBool(value);
    if (flag) p.use_srq = *flag;
    return flag.has_value();
  }
  if (name == "srpt_srq_size")
    return SetNumber(p.srpt_srq_size, value, limits::kSrqSizeMin, limits::kSrqSizeMax);
  if (name == "srpt_sq_size") {
    return SetNumber(p.srpt_sq_size, value, limits::kSqSizeMin, limits::kSqSizeMax);
  }
  // [R-PARAM-07]
  if (name == "srpt_service_guid") {
    const auto guid = ParseHex64(value);
    if (!guid || *guid == 0) return false;
    p.srpt_service_guid = *guid;
    return true;
  }
  // [R-PARAM-08]
  if (name == "trace_flag") return SetNumber(p.trace_flag, value, 0, 0xffffffffu);
  SRPT_UNREACHABLE("a parameter of the table");
}

}  // namespace

std::span<const ParameterInfo> ParameterTable() { return kTable; }

bool IsParameter(std::string_view name) { return Find(name) != nullptr; }

std::optional<ParameterError> SetParameter(IbSrptParameters& parameters, std::string_view name,
                                           std::string_view value) {
  const ParameterInfo* info = Find(name);
  if (info == nullptr) {
    std::string names;
    for (const ParameterInfo& known : kTable) {
      names += (names.empty() ? "" : ", ") + std::string(known.name);
    }
    return ParameterError{"ib_srpt has no parameter '" + std::string(name) + "'",
                          "one of " + names};
  }
  if (!Set(parameters, name, value)) {
    return ParameterError{std::string(name) + " '" + std::string(value) + "'", info->expected};
  }
  return std::nullopt;
}

std::string GetParameter(const IbSrptParameters& p, std::string_view name) {
  if (name == "rdma_cm_port") return std::to_string(p.rdma_cm_port);
  if (name == "srp_max_req_size") return std::to_string(p.srp_max_req_size);
  if (name == "srp_max_rsp_size") return std::to_string(p.srp_max_rsp_size);
  if (name == "srp_max_rdma_size") return std::to_string(p.srp_max_rdma_size);
  if (name == "use_srq") return p.use_srq ? "Y" : "N";
  if (name == "srpt_srq_size") return std::to_string(p.srpt_srq_size);
  if (name == "srpt_sq_size") return std::to_string(p.srpt_sq_size);
  if (name == "trace_flag") return std::to_string(p.trace_flag);
  SRPT_CHECK(name == "srpt_service_guid");
  char hex[17] = "0";
  if (p.srpt_service_guid) {
    std::snprintf(hex, sizeof(hex), "%016llx",
                  static_cast<unsigned long long>(*p.srpt_service_guid));
  }
  return hex;
}

}  // namespace srpt::config
