// ib_srpt's parameters: one table of names, ranges and help, for the command line, scst.conf and
// modprobe.d alike.
#ifndef TARGET_CONFIG_PARAMETERS_H_
#define TARGET_CONFIG_PARAMETERS_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/limits.h"
#include "core/base/result.h"
#include "target/config/configuration.h"

namespace srpt::config {

struct IbSrptParameters {
  std::uint16_t rdma_cm_port = 0;  // 0: do not listen through RDMA/CM.
  std::uint32_t srp_max_req_size = limits::kMaxReqSizeDefault;
  std::uint32_t srp_max_rsp_size = limits::kMaxRspSizeDefault;
  std::uint32_t srp_max_rdma_size = limits::kMaxRdmaSizeDefault;  // Clamped, as SCST does.
  bool use_srq = false;
  std::uint16_t srpt_srq_size = limits::kSrqSizeDefault;
  std::uint16_t srpt_sq_size = limits::kSqSizeDefault;
  std::optional<std::uint64_t> srpt_service_guid;  // Else the first device's node GUID.
  std::uint32_t trace_flag = 0;
};

struct ParameterInfo {
  const char* name;
  const char* expected;  // "a number, 996 to 65536"
  const char* default_text;
  const char* help;  // One line.
};
// In the order in which --help lists them.
std::span<const ParameterInfo> ParameterTable();
bool IsParameter(std::string_view name);

// Nothing, or what is wrong and what is expected.
struct ParameterError {
  std::string what;
  std::string expected;
};
std::optional<ParameterError> SetParameter(IbSrptParameters& parameters, std::string_view name,
                                           std::string_view value);
// The value as SCST's sysfs shows it. `name` is one of the table.
std::string GetParameter(const IbSrptParameters& parameters, std::string_view name);

// `options ib_srpt a=b c=d` lines, as modprobe.d(5) has them: '#' comments, a backslash at the end
// of a line continues it. Lines about other modules and other commands are skipped.
Result<std::vector<ParameterSetting>, ConfigError> ParseModprobeConf(std::string_view text,
                                                                     const std::string& filename);

}  // namespace srpt::config

#endif  // TARGET_CONFIG_PARAMETERS_H_
