#include "target/admin/ctl.h"

#include <gtest/gtest.h>

#include <sstream>

namespace srpt::target {
namespace {

std::string Request(std::vector<std::string> words) {
  const auto command = ParseCtl(words);
  return command.ok() ? command->request : "error: " + command.error();
}
// What goes to stdout, or "1: " and stderr.
std::string Printed(const std::string& answer) {
  std::ostringstream out, err;
  const int status = PrintAnswer(answer, out, err);
  return status == 0 ? out.str() : std::to_string(status) + ": " + err.str();
}

TEST(Ctl, VerbsBecomeRequests) {
  EXPECT_EQ(Request({"list", "sessions"}), R"({"op":"list","what":"sessions"})");
  EXPECT_EQ(Request({"list", "/devices"}), R"({"op":"list","path":"/devices"})");
  EXPECT_EQ(Request({"get", "/devices/d/size"}), R"({"op":"get","path":"/devices/d/size"})");
  EXPECT_EQ(Request({"set", "/x/mgmt", "add", "d", "1"}),
            R"({"op":"set","path":"/x/mgmt","value":"add d 1"})");
  EXPECT_EQ(Request({"add-lun", "T", "5", "null0", "read_only=1"}),
            R"({"op":"add_lun","target":"T","lun":"5","device":"null0","read_only":"1"})");
  EXPECT_EQ(Request({"del-lun", "T", "5"}), R"({"op":"del_lun","target":"T","lun":"5"})");
  EXPECT_EQ(
      Request({"add-device", "vdisk_nullio", "n", "size_mb=8"}),
      R"({"op":"add_device","handler":"vdisk_nullio","device":"n","attributes":{"size_mb":"8"}})");
  EXPECT_EQ(Request({"resize", "d", "4096"}), R"({"op":"resize","device":"d","bytes":"4096"})");
  EXPECT_EQ(Request({"set-alua", "dg/tg", "standby"}),
            R"({"op":"set_alua","group":"dg/tg","state":"standby"})");
  EXPECT_EQ(Request({"close-session", "T", "S"}),
            R"({"op":"close_session","target":"T","session":"S"})");
  EXPECT_EQ(Request({"disable", "T"}), R"({"op":"disable","target":"T"})");
}

TEST(Ctl, Options) {
  const auto command = ParseCtl({"--socket", "/x", "list", "luns", "--json"});
  ASSERT_TRUE(command.ok());
  EXPECT_EQ(command->socket, "/x");
  EXPECT_TRUE(command->json);
  EXPECT_EQ(ParseCtl({"list", "luns"})->socket, "/run/srpt.sock");
}

TEST(Ctl, MistakesSayHowItIsWritten) {
  EXPECT_EQ(Request({"resize", "d"}),
            "error: resize: too few words; expected: srpt ctl resize DEVICE BYTES");
  EXPECT_EQ(Request({"enable", "T", "now"}),
            "error: enable: too many words; expected: srpt ctl enable TARGET");
  EXPECT_EQ(Request({"add-lun", "T", "1", "d", "ro"}),
            "error: add-lun: 'ro'; expected: srpt ctl add-lun TARGET LUN DEVICE [read_only=1] "
            "[group=G]");
  EXPECT_EQ(Request({"--sock", "x", "list", "luns"}),
            "error: option '--sock'; expected --socket PATH, --json or --help");
  EXPECT_EQ(Request({}).find("error: no verb; expected one of list, get, set, add-lun"), 0u);
  EXPECT_EQ(Request({"ls"}).find("error: verb 'ls'; expected one of list"), 0u);
}

TEST(Ctl, Tables) {
  EXPECT_EQ(Printed(R"({"ok":true,"luns":[{"target":"t","group":"","lun":0,"device":"disk0",)"
                    R"("read_only":false},{"target":"t","group":"g","lun":12,"device":"d",)"
                    R"("read_only":true}]})"),
            "TARGET  GROUP  LUN  DEVICE  READ_ONLY\n"
            "t       -        0  disk0   no\n"
            "t       g       12  d       yes\n");
  EXPECT_EQ(Printed(R"({"ok":true,"counters":{"rounds":42,"sleeps":1234}})"),
            "rounds    42\nsleeps  1234\n");
  EXPECT_EQ(Printed(R"({"ok":true,"value":"1"})"), "1\n");
  EXPECT_EQ(Printed(R"({"ok":true,"names":["a/","b"]})"), "a/\nb\n");
  EXPECT_EQ(Printed(R"({"ok":true,"sessions":[]})"), "no sessions\n");
  EXPECT_EQ(Printed(R"({"ok":true})"), "");
}

TEST(Ctl, RefusalsGoToStderr) {
  EXPECT_EQ(Printed(R"({"ok":false,"error":"no target"})"), "1: srpt ctl: no target\n");
  EXPECT_EQ(Printed("nonsense"), "1: srpt ctl: the daemon's answer is no JSON object: nonsense\n");
}

TEST(Ctl, NoDaemon) {
  char json[] = "--json", socket[] = "--socket=/tmp/srpt-nobody", list[] = "list", what[] = "luns";
  char* argv[] = {json, socket, list, what};
  testing::internal::CaptureStderr();
  EXPECT_EQ(CtlMain(4, argv), 1);
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "srpt ctl: cannot connect to /tmp/srpt-nobody: No such file or directory; is srpt "
            "running?\n");
}

}  // namespace
}  // namespace srpt::target
