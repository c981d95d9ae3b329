#include "target/admin/ctl.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <iostream>
#include <nlohmann/json.hpp>
#include <utility>

#include "target/admin/socket.h"
#include "target/admin/table.h"

namespace srpt::target {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kUsage = R"(usage: srpt ctl [--socket PATH] [--json] VERB ...

  list targets|sessions|devices|luns|counters   what there is
  list PATH                                     a directory of the attribute tree ("/" is its root)
  get PATH                                      an attribute: /targets/ib_srpt/TARGET/enabled
  set PATH VALUE                                write one
  add-lun TARGET LUN DEVICE [read_only=1] [group=G]
  del-lun TARGET LUN [group=G]
  add-device HANDLER DEVICE [ATTRIBUTE=VALUE]...
  del-device DEVICE                             once no LUN names it
  resize DEVICE BYTES                           0: the size of its file
  set-alua DEVICE_GROUP/TARGET_GROUP STATE
  clear-failed DEVICE                           serve a device again whose flush failed
  close-session TARGET SESSION
  enable TARGET | disable TARGET

  --socket PATH   the daemon's --admin-socket (default /run/srpt.sock)
  --json          print the answer as it came
)";

struct Verb {
  const char* name;
  const char* op;
  std::vector<const char*> fields;  // One word each.
  bool options;                     // name=value words may follow.
  const char* usage;
};
const std::vector<Verb>& Verbs() {
  static const std::vector<Verb> verbs = {
      {"list", "list", {"what"}, false, "list targets|sessions|devices|luns|counters|PATH"},
      {"get", "get", {"path"}, false, "get PATH"},
      {"set", "set", {"path", "value"}, false, "set PATH VALUE"},
      {"add-lun",
       "add_lun",
       {"target", "lun", "device"},
       true,
       "add-lun TARGET LUN DEVICE [read_only=1] [group=G]"},
      {"del-lun", "del_lun", {"target", "lun"}, true, "del-lun TARGET LUN [group=G]"},
      {"add-device",
       "add_device",
       {"handler", "device"},
       true,
       "add-device HANDLER DEVICE [ATTRIBUTE=VALUE]..."},
      {"del-device", "del_device", {"device"}, false, "del-device DEVICE"},
      {"resize", "resize", {"device", "bytes"}, false, "resize DEVICE BYTES"},
      {"set-alua", "set_alua", {"group", "state"}, false, "set-alua GROUP/TGROUP STATE"},
      {"clear-failed", "clear_failed", {"device"}, false, "clear-failed DEVICE"},
      {"close-session",
       "close_session",
       {"target", "session"},
       false,
       "close-session TARGET SESSION"},
      {"enable", "enable", {"target"}, false, "enable TARGET"},
      {"disable", "disable", {"target"}, false, "disable TARGET"},
  };
  return verbs;
}

Result<std::string, std::string> RequestOf(const Verb& verb, std::vector<std::string> words) {
  const std::string usage = std::string("; expected: srpt ctl ") + verb.usage;
  if (std::string(verb.name) == "set" && words.size() > 2) {  // A value of several words.
    for (std::size_t i = 2; i < words.size(); ++i) words[1] += " " + words[i];
    words.resize(2);
  }
  const bool too_many = words.size() > verb.fields.size() && !verb.options;
  if (words.size() < verb.fields.size() || too_many) {
    return Err{std::string(verb.name) + (too_many ? ": too many words" : ": too few words") +
               usage};
  }
  Json request = {{"op", verb.op}};
  for (std::size_t i = 0; i < verb.fields.size(); ++i) request[verb.fields[i]] = words[i];
  if (std::string(verb.name) == "list" && !words[0].empty() && words[0][0] == '/') {
    request = {{"op", "list"}, {"path", words[0]}};
  }
  Json* into = &request;
  if (std::string(verb.op) == "add_device") into = &(request["attributes"] = Json::object());
  for (std::size_t i = verb.fields.size(); i < words.size(); ++i) {
    const std::size_t equals = words[i].find('=');
    if (equals == std::string::npos || equals == 0) {
      return Err{std::string(verb.name) + ": '" + words[i] + "'" + usage};
    }
    (*into)[words[i].substr(0, equals)] = words[i].substr(equals + 1);
  }
  return request.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// Sends the line and reads the one that answers it.
Result<std::string, std::string> Exchange(const CtlCommand& command) {
  const auto fd = ConnectTo(command.socket);
  if (!fd.ok()) return Err{fd.error()};
  const std::string line = command.request + "\n";
  std::string answer;
  std::string error;
  for (std::size_t sent = 0; sent < line.size() && error.empty();) {
    const ssize_t n = send(*fd, line.data() + sent, line.size() - sent, MSG_NOSIGNAL);
    if (n >= 0) {
      sent += static_cast<std::size_t>(n);
    } else if (errno != EINTR) {
      error = std::strerror(errno);
    }
  }
  std::vector<char> buffer(65536);
  while (error.empty() && answer.find('\n') == std::string::npos) {
    const ssize_t n = recv(*fd, buffer.data(), buffer.size(), 0);
    if (n > 0) {
      answer.append(buffer.data(), static_cast<std::size_t>(n));
    } else if (n == 0) {
      error = "the daemon closed the connection";
    } else if (errno != EINTR) {
      error = std::strerror(errno);
    }
  }
  close(*fd);
  if (!error.empty()) return Err{command.socket + ": " + error};
  answer.resize(answer.find('\n'));
  return answer;
}

}  // namespace

Result<CtlCommand, std::string> ParseCtl(const std::vector<std::string>& words) {
  CtlCommand command;
  std::size_t at = 0;
  const auto is_option = [&] { return at < words.size() && words[at].substr(0, 1) == "-"; };
  const auto take_option = [&]() -> std::string {
    const std::string& word = words[at++];
    if (word == "--json") {
      command.json = true;
    } else if (word == "--help" || word == "-h") {
      command.help = true;
    } else if (word.substr(0, 9) == "--socket=") {
      command.socket = word.substr(9);
    } else if (word == "--socket" && at < words.size()) {
      command.socket = words[at++];
    } else {
      return "option '" + word + "'; expected --socket PATH, --json or --help";
    }
    return "";
  };
  std::vector<std::string> rest;
  for (; at < words.size();) {
    if (is_option()) {
      const std::string error = take_option();
      if (!error.empty()) return Err{error};
    } else {
      rest.push_back(words[at++]);
    }
  }
  if (command.help) return command;
  std::string names;
  for (const Verb& verb : Verbs()) {
    names += (names.empty() ? "" : ", ") + std::string(verb.name);
    if (rest.empty() || rest[0] != verb.name) continue;
    auto request = RequestOf(verb, {rest.begin() + 1, rest.end()});
    if (!request.ok()) return Err{request.error()};
    command.request = std::move(request.value());
    return command;
  }
  return Err{(rest.empty() ? "no verb" : "verb '" + rest[0] + "'") + "; expected one of " + names};
}

int PrintAnswer(const std::string& line, std::ostream& out, std::ostream& err) {
  const Json answer = Json::parse(line, nullptr, false);
  if (!answer.is_object() || !answer.contains("ok")) {
    err << "srpt ctl: the daemon's answer is no JSON object: " << line << "\n";
    return 1;
  }
  if (answer["ok"] != true) {
    const auto error = answer.find("error");
    err << "srpt ctl: "
        << (error != answer.end() && error->is_string() ? error->get<std::string>() : line) << "\n";
    return 1;
  }
  for (const auto& [key, value] : answer.items()) {
    if (key != "ok") out << TableOf(key, value);
  }
  return 0;
}

int CtlMain(int argc, char** argv) {
  const auto command = ParseCtl({argv, argv + argc});
  if (!command.ok()) {
    std::cerr << "srpt ctl: " << command.error() << "\n";
    return 1;
  }
  if (command->help) {
    std::cout << kUsage;
    return 0;
  }
  const auto answer = Exchange(*command);
  if (!answer.ok()) {
    std::cerr << "srpt ctl: " << answer.error() << "\n";
    return 1;
  }
  if (!command->json) return PrintAnswer(*answer, std::cout, std::cerr);
  std::cout << *answer << "\n";
  const Json parsed = Json::parse(*answer, nullptr, false);
  return parsed.is_object() && parsed.value("ok", Json()) == true ? 0 : 1;
}

}  // namespace srpt::target
