// Prints docs/state-machines.md: the tables of the state machines, as diagrams and as tables.
#include <cstdio>
#include <string>
#include <string_view>

#include "core/srp/channel_states.h"
#include "core/srp/command_states.h"
#include "core/srp/login_states.h"
#include "core/srp/request_states.h"

namespace srpt {
namespace {

std::string Id(std::string_view name) {  // Mermaid's state names are one word.
  std::string id;
  for (const char c : name) id += c == ' ' ? '_' : c;
  return id;
}

// A diagram, and under it the same rows as a table. A state named "free" or "idle" is
// the start and the end.
template <class Table, class Names>
void Print(const char* title, const char* file, const Table& table, const Names& causes) {
  std::printf("## %s\n\nFrom `%s`.\n\n```mermaid\nstateDiagram-v2\n", title, file);
  for (const auto& t : table) {
    const auto end = [](auto state) {
      const std::string name = Id(ToString(state));
      return name == "free" || name == "idle" ? std::string("[*]") : name;
    };
    std::printf("  %s --> %s: %s\n", end(t.from).c_str(), end(t.to).c_str(),
                std::string(causes[static_cast<std::size_t>(t.cause)]).c_str());
  }
  std::printf("```\n\n| state | event | next | does |\n|---|---|---|---|\n");
  for (const auto& t : table) {
    std::printf("| %s | %s | %s | %s |\n", ToString(t.from),
                std::string(causes[static_cast<std::size_t>(t.cause)]).c_str(), ToString(t.to),
                std::string(t.does).c_str());
  }
  std::printf("\n");
}

}  // namespace
}  // namespace srpt

int main() {
  using namespace srpt;
  std::printf(
      "# State machines\n\n"
      "Written by `bazel run //core/srp:state_machines` from the tables that the setters obey: a\n"
      "move that is not here stops the program. What every event does in every state is pinned in\n"
      "`core/srp/golden/`.\n\n");
  Print("Channel", "core/srp/channel_states.h", kChannelTable, kChannelCauseNames);
  Print("Command", "core/srp/command_states.h", kCommandTable, kCommandCauseNames);
  Print("Request of the target's", "core/srp/request_states.h", kRequestTable, kRequestCauseNames);
  Print("Login, in the director", "core/srp/login_states.h", kLoginTable, kLoginCauseNames);
  return 0;
}
