#include "target/admin/request.h"

#include <optional>
#include <utility>
#include <vector>

#include "target/admin/lists.h"
#include "target/config/scst_conf.h"
#include "target/config/values.h"

namespace srpt::target {
namespace {

using Json = nlohmann::ordered_json;

// Never throws: bytes that are no UTF-8 are replaced.
std::string Dump(const Json& answer) {
  return answer.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// The fields of a request, read with their types; the first that is not as it should be is kept.
class Fields {
 public:
  explicit Fields(const Json& request) : request_(request) {}

  std::string Text(const char* name) {
    const auto at = request_.find(name);
    if (at != request_.end() && at->is_string()) return at->get<std::string>();
    Complain(name, "a text");
    return "";
  }
  std::string TextOr(const char* name, const char* otherwise) {
    return request_.contains(name) ? Text(name) : otherwise;
  }
  // A number, or a text that is one.
  std::uint64_t Number(const char* name, std::uint64_t max) {
    const auto at = request_.find(name);
    std::optional<std::uint64_t> value;
    if (at != request_.end()) value = NumberOf(*at);
    if (value && *value <= max) return *value;
    Complain(name, "a number, 0 to " + std::to_string(max));
    return 0;
  }
  bool FlagOr(const char* name, bool otherwise) {
    const auto at = request_.find(name);
    if (at == request_.end()) return otherwise;
    if (at->is_boolean()) return at->get<bool>();
    const auto number = NumberOf(*at);
    if (number && *number <= 1) return *number == 1;
    Complain(name, "true or false");
    return false;
  }
  // A text, number or boolean as the text that an attribute takes.
  static std::optional<std::string> ScalarText(const Json& value) {
    if (value.is_string()) return value.get<std::string>();
    if (value.is_boolean()) return std::string(value.get<bool>() ? "1" : "0");
    if (value.is_number_unsigned()) return std::to_string(value.get<std::uint64_t>());
    return std::nullopt;
  }
  std::string Scalar(const char* name) {
    const auto at = request_.find(name);
    if (at != request_.end()) {
      if (auto text = ScalarText(*at)) return std::move(*text);
    }
    Complain(name, "a text or a number");
    return "";
  }
  void Complain(const std::string& name, const std::string& expected) {
    if (error_.empty()) {
      error_ = (request_.contains(name) ? "'" + name + "' is wrong" : "no '" + name + "'") +
               "; expected " + expected;
    }
  }
  const std::string& error() const { return error_; }

 private:
  static std::optional<std::uint64_t> NumberOf(const Json& value) {
    if (value.is_number_unsigned()) return value.get<std::uint64_t>();
    if (value.is_string()) return config::ParseNumber(value.get<std::string>());
    return std::nullopt;
  }
  const Json& request_;
  std::string error_;
};

Outcome Ask(admin::Request request) { return Change(std::move(request)); }

Outcome List(const Facts& facts, const Json& request, Fields& fields) {
  if (!request.contains("what") && request.contains("path")) {
    const std::string path = fields.Text("path");
    if (!fields.error().empty()) return AnswerError(fields.error());
    const auto names = ListPath(facts, path);
    if (!names.ok()) return AnswerError(names.error());
    return Dump({{"ok", true}, {"names", *names}});
  }
  const std::string what = fields.Text("what");
  if (!fields.error().empty()) return AnswerError(fields.error());
  Json list;
  if (what == "targets") {
    list = TargetList(facts);
  } else if (what == "sessions") {
    list = SessionList(facts);
  } else if (what == "devices") {
    list = DeviceList(facts);
  } else if (what == "luns") {
    list = LunList(facts);
  } else if (what == "counters") {
    list = CounterList(facts);
  } else {
    return AnswerError("nothing to list as '" + what +
                       "'; expected targets, sessions, devices, luns or counters");
  }
  return Dump({{"ok", true}, {what, std::move(list)}});
}

Outcome AddDevice(const Json& request, Fields& fields) {
  const std::string name = fields.Text("device");
  const std::string handler = fields.Text("handler");
  std::vector<std::pair<std::string, std::string>> attributes;
  const auto given = request.find("attributes");
  if (given != request.end()) {
    if (!given->is_object()) fields.Complain("attributes", "an object of names and values");
    for (auto it = given->begin(); given->is_object() && it != given->end(); ++it) {
      const auto text = Fields::ScalarText(it.value());
      if (!text) fields.Complain("attributes", "texts or numbers as values");
      attributes.emplace_back(it.key(), text.value_or(""));
    }
  }
  if (!fields.error().empty()) return AnswerError(fields.error());
  std::vector<config::Warning> warnings;
  auto device = config::ParseDevice(name, handler, attributes, &warnings);
  if (!device.ok()) return AnswerError(device.error().ToString());
  return Change(AddDeviceChange{std::move(device.value())});
}

Outcome SetAlua(Fields& fields) {
  const std::string group = fields.Text("group");
  const std::string text = fields.Text("state");
  const std::size_t slash = group.find('/');
  const auto state = config::ParseAluaState(text);
  if (slash == std::string::npos) fields.Complain("group", "DEVICE_GROUP/TARGET_GROUP");
  if (!state) {
    fields.Complain("state",
                    "active, nonoptimized, standby, unavailable, offline or transitioning");
  }
  if (!fields.error().empty()) return AnswerError(fields.error());
  return Ask(admin::SetAluaState{group.substr(0, slash), group.substr(slash + 1), *state});
}

Outcome Dispatch(const Facts& facts, const Json& request) {
  Fields fields(request);
  const std::string op = fields.Text("op");
  if (!fields.error().empty()) return AnswerError(fields.error());
  const auto checked = [&](Outcome outcome) {
    return fields.error().empty() ? std::move(outcome) : Outcome(AnswerError(fields.error()));
  };
  if (op == "list") return List(facts, request, fields);
  if (op == "get") {
    const std::string path = fields.Text("path");
    if (!fields.error().empty()) return AnswerError(fields.error());
    const auto value = GetPath(facts, path);
    if (!value.ok()) return AnswerError(value.error());
    return Dump({{"ok", true}, {"value", *value}});
  }
  if (op == "set") {
    const std::string path = fields.Text("path");
    const std::string value = fields.Scalar("value");
    if (!fields.error().empty()) return AnswerError(fields.error());
    auto change = SetPath(facts, path, value);
    if (!change.ok()) return AnswerError(change.error());
    return std::move(change.value());
  }
  if (op == "add_lun") {
    admin::AddLun ask;
    ask.target = fields.Text("target");
    ask.group = fields.TextOr("group", "");
    ask.lun = LunNumber(static_cast<std::uint16_t>(fields.Number("lun", limits::kLunNumberMax)));
    ask.device = fields.Text("device");
    ask.read_only = fields.FlagOr("read_only", false);
    return checked(Ask(std::move(ask)));
  }
  if (op == "del_lun") {
    admin::RemoveLun ask;
    ask.target = fields.Text("target");
    ask.group = fields.TextOr("group", "");
    ask.lun = LunNumber(static_cast<std::uint16_t>(fields.Number("lun", limits::kLunNumberMax)));
    return checked(Ask(std::move(ask)));
  }
  if (op == "add_device") return AddDevice(request, fields);
  if (op == "del_device") return checked(Ask(admin::RemoveLu{fields.Text("device")}));
  if (op == "clear_failed") return checked(Ask(admin::ClearFailedLu{fields.Text("device")}));
  if (op == "resize") {
    const std::string device = fields.Text("device");
    const std::uint64_t bytes = fields.Number("bytes", std::uint64_t{1} << 62);
    return checked(Change(ResizeChange{device, bytes}));
  }
  if (op == "set_alua") return SetAlua(fields);
  if (op == "close_session") {
    admin::CloseSession ask;
    ask.target = fields.Text("target");
    ask.session = fields.Text("session");
    return checked(Ask(std::move(ask)));
  }
  if (op == "enable" || op == "disable") {
    return checked(Ask(admin::EnableTarget{fields.Text("target"), op == "enable"}));
  }
  return AnswerError(
      "no op '" + op +
      "'; expected list, get, set, add_lun, del_lun, add_device, del_device, resize, "
      "set_alua, clear_failed, close_session, enable or disable");
}

}  // namespace

std::string AnswerOk() { return R"({"ok":true})"; }

std::string AnswerError(std::string_view text) {
  return Dump({{"ok", false}, {"error", std::string(text)}});
}

Outcome Understand(const AdminHost& host, std::string_view line) {
  const Json request = Json::parse(line.begin(), line.end(), nullptr, false);
  if (request.is_discarded() || !request.is_object()) {
    return AnswerError(
        "not a JSON object; expected a line like {\"op\": \"list\", \"what\": "
        "\"targets\"}");
  }
  const Facts facts(host);
  return Dispatch(facts, request);
}

}  // namespace srpt::target
