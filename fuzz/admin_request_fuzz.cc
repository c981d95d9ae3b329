// Requests of the admin socket, a line each, before a real director with two sessions: every line
// is answered with a JSON object that says "ok" or why not, or becomes a change; changes are made,
// and every list still works afterwards.
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <variant>

#include "core/base/check.h"
#include "target/admin/fake_host.h"
#include "target/admin/request.h"

namespace srpt::target {
namespace {

void CheckAnswer(const std::string& answer) {
  SRPT_CHECK(answer.find('\n') == std::string::npos);
  const auto json = nlohmann::json::parse(answer, nullptr, false);
  SRPT_CHECK(json.is_object() && json.contains("ok") && json["ok"].is_boolean());
  SRPT_CHECK(json["ok"] == true || (json.contains("error") && !json["error"].empty()));
}

void Make(FakeHost& host, Change& change) {
  constexpr AdminId kId(7);
  if (auto* request = std::get_if<admin::Request>(&change)) {
    host.Submit(kId, std::move(*request));
  } else if (auto* resize = std::get_if<ResizeChange>(&change)) {
    const auto blocks = host.ResizeDevice(resize->device, resize->bytes);
    if (blocks.ok()) host.Submit(kId, admin::ResizeLu{resize->device, *blocks});
  } else {
    const auto unit = host.AddDevice(std::get<AddDeviceChange>(change).device);
    if (unit.ok()) host.Submit(kId, admin::AddLu{*unit});
  }
}

void Run(std::string_view text) {
  FakeHost host;
  host.Login(1);
  host.Login(2);
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    Outcome outcome = Understand(host, text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (const auto* answer = std::get_if<std::string>(&outcome)) {
      CheckAnswer(*answer);
    } else {
      Make(host, std::get<Change>(outcome));
    }
  }
  for (const char* what : {"targets", "sessions", "devices", "luns", "counters"}) {
    const Outcome list = Understand(host, std::string(R"({"op":"list","what":")") + what + "\"}");
    CheckAnswer(std::get<std::string>(list));
  }
}

}  // namespace
}  // namespace srpt::target

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  srpt::target::Run({reinterpret_cast<const char*>(data), size});
  return 0;
}
