// The configuration parsers on any text. What scst.conf's parser takes must be taken by core too:
// every request that it becomes is given to a director, which must carry it out. And what is
// refused is refused with a place and an expectation.
//
// The input is a scst.conf; the same bytes are read as a modprobe.d file.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/base/check.h"
#include "core/srp/director.h"
#include "target/config/parameters.h"
#include "target/config/scst_conf.h"
#include "target/config/to_core.h"

namespace srpt::config {
namespace {

void CheckError(const ConfigError& error) {
  SRPT_CHECK(error.file == "f" && error.line >= 0 && !error.what.empty());
  SRPT_CHECK(!error.expected.empty());
}

// Steps a director until the request has ended.
bool Carries(Director& director, const admin::Request& request, Actions& actions) {
  bool done = false, ok = false;
  DirectorEvent event = event::AdminRequested{AdminId(1), request};
  for (int steps = 0; steps < 100000; ++steps) {
    actions.Clear();
    director.Step(Time{1}, event, actions);
    for (const Action& action : actions) {
      if (const auto* ended = std::get_if<action::AdminDone>(&action)) {
        done = true;
        ok = ended->status == admin::Status::kOk;
      }
    }
    if (director.NextDeadline() > Time{1}) return done && ok;
    event = event::DeadlineReached{};
  }
  return false;
}

void Run(std::string_view text) {
  const auto settings = ParseModprobeConf(text, "f");
  if (!settings.ok()) CheckError(settings.error());

  const auto parsed = ParseScstConf(text, "f");
  if (!parsed.ok()) return CheckError(parsed.error());
  IbSrptParameters parameters;
  for (const ParameterSetting& setting : parsed->parameters) {
    SRPT_CHECK(!SetParameter(parameters, setting.name, setting.value));
  }
  std::vector<scsi::LuView> units;
  for (const Device& device : parsed->devices) {
    const std::uint64_t bytes = device.size_bytes != 0 ? device.size_bytes : 1 << 20;
    units.push_back(ToLuView(device, parsed->setup_id,
                             LuId(static_cast<std::uint32_t>(units.size())), bytes, false));
  }
  Director director(ToParameters(parameters, 1), ToTargetPorts(*parsed));
  const auto actions = std::make_unique<Actions>();
  for (const admin::Request& request : ToRequests(*parsed, units)) {
    SRPT_CHECK(Carries(director, request, *actions));
  }
  SRPT_CHECK(director.Devices().size() == parsed->devices.size());
  SRPT_CHECK(director.Targets().size() == parsed->targets.size());
}

}  // namespace
}  // namespace srpt::config

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  srpt::config::Run({reinterpret_cast<const char*>(data), size});
  return 0;
}
