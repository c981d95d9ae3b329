#include "core/srp/golden_table.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <vector>

#include "core/wire/logout.h"
#include "core/wire/opcode.h"
#include "core/wire/rsp.h"

namespace srpt {
namespace {

template <class... Args>
std::string Format(const char* format, Args... args) {
  char text[160];
  std::snprintf(text, sizeof text, format, args...);
  return text;
}

std::string DescribeIu(Bytes iu) {
  if (const auto logout = wire::ParseTLogout(iu)) {
    return Format("T_LOGOUT %u", static_cast<unsigned>(logout->reason));
  }
  if (const auto rsp = wire::ParseRsp(iu)) {
    std::string text = Format("RSP delta %d", rsp->req_lim_delta);
    if (const auto code = wire::ResponseCode(*rsp)) {
      return text + Format(" code %u", static_cast<unsigned>(*code));
    }
    text += Format(" status %02x", static_cast<unsigned>(rsp->status));
    if (rsp->sense.size() >= 14) {
      text += Format(" sense %02x/%02x/%02x", rsp->sense[2], rsp->sense[12], rsp->sense[13]);
    }
    return text;
  }
  return iu.empty() ? "nothing" : Format("opcode %02x", iu[0]);
}

struct Namer {
  Bytes iu;

  std::string operator()(const action::Accept&) const { return "Accept"; }
  std::string operator()(const action::Reject&) const { return "Reject"; }
  std::string operator()(const action::NotifyEstablished&) const { return "NotifyEstablished"; }
  std::string operator()(const action::Disconnect&) const { return "Disconnect"; }
  std::string operator()(const action::DestroyQp&) const { return "DestroyQp"; }
  std::string operator()(const action::PostRecv&) const { return "PostRecv"; }
  std::string operator()(const action::SendIu&) const { return "SendIu " + DescribeIu(iu); }
  std::string operator()(const action::RdmaWrite& a) const {
    return Format("RdmaWrite %u%s", a.length, a.signaled ? " signaled" : "");
  }
  std::string operator()(const action::RdmaRead& a) const {
    return Format("RdmaRead %u%s", a.length, a.signaled ? " signaled" : "");
  }
  std::string operator()(const action::Probe&) const { return "Probe"; }
  std::string operator()(const action::BlockRead& a) const {
    return Format("BlockRead %u", a.memory.length);
  }
  std::string operator()(const action::BlockWrite& a) const {
    return Format("BlockWrite %u", a.memory.length);
  }
  std::string operator()(const action::BlockFlush&) const { return "BlockFlush"; }
  std::string operator()(const action::ToDirector& a) const {
    static const char* const kNames[] = {
        "ChannelOpened",       "ChannelRefused", "ChannelLive", "ChannelClosed", "AskUnitAttention",
        "ReturnUnitAttention", "AskTaskFence",   "FenceDone",   "LuIdle",        "LuFailed",
        "TakenOver",           "OldWrites",      "ReceivesBack"};
    static_assert(std::variant_size_v<message::ToDirector> == std::size(kNames));
    return std::string("tells ") + kNames[a.message.index()];
  }
  std::string operator()(const action::Log&) const { return ""; }
  template <class Other>
  std::string operator()(const Other&) const {
    return "an action of the director";
  }
};

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

}  // namespace

std::string Describe(const Action& action, Bytes iu) { return std::visit(Namer{iu}, action); }

void ExpectGolden(const std::string& path, const std::string& text) {
  if (const char* root = std::getenv("BUILD_WORKSPACE_DIRECTORY")) {
    std::ofstream(std::string(root) + "/" + path) << text;
    std::printf("wrote %s\n", path.c_str());
    return;
  }
  std::ifstream file(path);
  ASSERT_TRUE(file) << path;
  std::stringstream content;
  content << file.rdbuf();
  const auto want = Lines(content.str());
  const auto got = Lines(text);
  int differences = 0;
  for (std::size_t i = 0; i < std::max(want.size(), got.size()); ++i) {
    const std::string w = i < want.size() ? want[i] : "(nothing)";
    const std::string g = i < got.size() ? got[i] : "(nothing)";
    if (w == g) continue;
    if (++differences > 20) break;
    ADD_FAILURE() << path << ":" << i + 1 << "\n  is to be  " << w << "\n  is        " << g;
  }
}

}  // namespace srpt
