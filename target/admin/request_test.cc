#include "target/admin/request.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "target/admin/fake_host.h"

namespace srpt::target {
namespace {

using Json = nlohmann::ordered_json;

class RequestTest : public testing::Test {
 protected:
  // The answer to a request that changes nothing.
  Json Ask(const std::string& line) {
    const Outcome outcome = Understand(host_, line);
    const auto* answer = std::get_if<std::string>(&outcome);
    if (answer == nullptr) {
      ADD_FAILURE() << line << " is a change";
      return {};
    }
    EXPECT_EQ(answer->find('\n'), std::string::npos);
    return Json::parse(*answer);
  }
  std::string Error(const std::string& line) {
    const Json answer = Ask(line);
    EXPECT_EQ(answer["ok"], false) << line;
    return answer.value("error", "");
  }
  std::string Get(const std::string& path) {
    const Json answer = Ask(R"({"op":"get","path":")" + path + "\"}");
    return answer["ok"] == true ? answer["value"].get<std::string>()
                                : "error: " + answer["error"].get<std::string>();
  }
  std::string Names(const std::string& path) {
    const Json answer = Ask(R"({"op":"list","path":")" + path + "\"}");
    std::string all;
    for (const auto& name : answer.value("names", Json::array())) {
      all += (all.empty() ? "" : " ") + name.get<std::string>();
    }
    return answer["ok"] == true ? all : "error: " + answer["error"].get<std::string>();
  }
  template <class R>
  R Request(const std::string& line) {
    const Outcome outcome = Understand(host_, line);
    const auto* change = std::get_if<Change>(&outcome);
    if (change == nullptr) {
      ADD_FAILURE() << std::get<std::string>(outcome);
      return {};
    }
    const auto* request = std::get_if<admin::Request>(change);
    const R* wanted = request != nullptr ? std::get_if<R>(request) : nullptr;
    if (wanted == nullptr) {
      ADD_FAILURE() << line << " became another request";
      return {};
    }
    return *wanted;
  }

  FakeHost host_;
  const std::string target_ = std::string("/targets/ib_srpt/") + kFakeTarget;
};

TEST_F(RequestTest, TheTreeOfATarget) {
  EXPECT_EQ(Names("/"), "handlers/ devices/ targets/ device_groups/");
  EXPECT_EQ(Names(target_),
            "enabled rel_tgt_id device link_layer port_id comp_v_mask login_info luns/ ini_groups/ "
            "sessions/");
  EXPECT_EQ(Get(target_ + "/comp_v_mask"), "0xa");
  EXPECT_EQ(Get(target_ + "/enabled"), "1");
  EXPECT_EQ(Get(target_ + "/rel_tgt_id"), "1");
  EXPECT_EQ(Get(target_ + "/device"), "rxe0");
  EXPECT_EQ(Get(target_ + "/link_layer"), "Ethernet");
  EXPECT_EQ(Get(target_ + "/luns/0/device"), "disk0");
  EXPECT_EQ(Get("/targets/ib_srpt/srp_max_req_size"), "8276");
}

// The README's sed turns it into what ib_srp takes.
// [R-PARAM-10]
TEST_F(RequestTest, LoginInfo) {
  EXPECT_EQ(Get(target_ + "/login_info"),
            "tid_ext=00000000000005e0,ioc_guid=00000000000005e0,pkey=ffff,"
            "dgid=fe80000000000000000000fffe000101,service_id=00000000000005e0");
}

TEST_F(RequestTest, TheTreeOfADevice) {
  EXPECT_EQ(Names("/devices"), "disk0/ null0/");
  EXPECT_EQ(Get("/devices/disk0/size"), "1048576");
  EXPECT_EQ(Get("/devices/disk0/filename"), "/srv/disk0.img");
  EXPECT_EQ(Get("/devices/disk0/handler"), "vdisk_fileio");
  EXPECT_EQ(Get("/devices/null0/blocksize"), "512");
  EXPECT_EQ(Get("/devices/disk0/failed"), "0");
  EXPECT_EQ(Names("/devices/disk0/exported"), "export0");
  EXPECT_EQ(Names("/handlers/vdisk_nullio"), "type mgmt null0");
}

TEST_F(RequestTest, SessionsSumTheirChannels) {
  host_.Login(1);
  host_.Login(2);
  host_.channels[0].req_lim_delta = 3;
  EXPECT_EQ(Names(target_ + "/sessions"), "10.0.0.1/ 10.0.0.2/");
  const std::string session = target_ + "/sessions/10.0.0.1";
  EXPECT_EQ(Get(session + "/initiator_name"), "10.0.0.1");
  EXPECT_EQ(Get(session + "/ch_state"), "live");
  EXPECT_EQ(Get(session + "/comp_vector"), "3");
  EXPECT_EQ(Get(session + "/req_lim"), "128");
  EXPECT_EQ(Get(session + "/req_lim_delta"), "3");
  EXPECT_EQ(Get(session + "/commands"), "10");
  EXPECT_EQ(Get(session + "/read_io_count_kb"), "4");
  EXPECT_EQ(Get(session + "/luns/lun0/device"), "disk0");
  const Json list = Ask(R"({"op":"list","what":"sessions"})");
  ASSERT_EQ(list["sessions"].size(), 2u);
  EXPECT_EQ(list["sessions"][0]["name"], "10.0.0.1");
  EXPECT_EQ(list["sessions"][0]["commands"], 10);
  const Json counters = Ask(R"({"op":"list","what":"counters"})");
  EXPECT_EQ(counters["counters"]["sessions"], 2);
  EXPECT_EQ(counters["counters"]["live_commands"], 20);
  EXPECT_EQ(counters["counters"]["rounds"], 42);
}

TEST_F(RequestTest, Lists) {
  const Json targets = Ask(R"({"op":"list","what":"targets"})");
  EXPECT_EQ(targets["targets"][0]["name"], kFakeTarget);
  EXPECT_EQ(targets["targets"][0]["luns"], 1);
  const Json devices = Ask(R"({"op":"list","what":"devices"})");
  EXPECT_EQ(devices["devices"][0]["size"], 1048576);
  EXPECT_EQ(devices["devices"].size(), 2u);
  const Json luns = Ask(R"({"op":"list","what":"luns"})");
  EXPECT_EQ(luns["luns"][0]["device"], "disk0");
}

TEST_F(RequestTest, Changes) {
  const auto add = Request<admin::AddLun>(
      R"({"op":"add_lun","target":"T","lun":"5","device":"null0","read_only":"1"})");
  EXPECT_EQ(add.target, "T");
  EXPECT_EQ(add.lun.v, 5);
  EXPECT_TRUE(add.read_only);
  EXPECT_EQ(Request<admin::RemoveLun>(R"({"op":"del_lun","target":"T","lun":7})").lun.v, 7);
  EXPECT_FALSE(Request<admin::EnableTarget>(R"({"op":"disable","target":"T"})").enabled);
  const auto alua =
      Request<admin::SetAluaState>(R"({"op":"set_alua","group":"dg/tg","state":"standby"})");
  EXPECT_EQ(alua.group + "+" + alua.target_group, "dg+tg");
  EXPECT_EQ(alua.state, scsi::AluaState::kStandby);
  EXPECT_EQ(
      Request<admin::CloseSession>(R"({"op":"close_session","target":"T","session":"S"})").session,
      "S");
  EXPECT_EQ(Request<admin::ClearFailedLu>(R"({"op":"clear_failed","device":"d"})").device, "d");
  const Outcome resize = Understand(host_, R"({"op":"resize","device":"d","bytes":"4096"})");
  EXPECT_EQ(std::get<ResizeChange>(std::get<Change>(resize)).bytes, 4096u);
}

TEST_F(RequestTest, WritingTheTree) {
  const auto set = [](const std::string& path, const std::string& value) {
    return R"({"op":"set","path":")" + path + R"(","value":)" + value + "}";
  };
  EXPECT_FALSE(Request<admin::EnableTarget>(set(target_ + "/enabled", "0")).enabled);
  EXPECT_TRUE(Request<admin::EnableTarget>(set(target_ + "/enabled", "\"1\"")).enabled);
  const auto lun =
      Request<admin::AddLun>(set(target_ + "/luns/mgmt", "\"add null0 9 read_only=1\""));
  EXPECT_EQ(lun.lun.v, 9);
  EXPECT_EQ(lun.device, "null0");
  EXPECT_TRUE(lun.read_only);
  EXPECT_EQ(Request<admin::RemoveLun>(set(target_ + "/luns/mgmt", "\"del 0\"")).lun.v, 0);
  EXPECT_EQ(Request<admin::AddGroup>(set(target_ + "/ini_groups/mgmt", "\"create g\"")).group, "g");
  EXPECT_EQ(
      Request<admin::SetAluaState>(set("/device_groups/dg/target_groups/tg/state", "\"offline\""))
          .state,
      scsi::AluaState::kOffline);
  EXPECT_EQ(
      Request<admin::RemoveLu>(set("/handlers/vdisk_nullio/mgmt", "\"del_device null0\"")).device,
      "null0");
  const Outcome added = Understand(
      host_, set("/handlers/vdisk_nullio/mgmt", "\"add_device n1 size_mb=8; read_only=1\""));
  const auto& device = std::get<AddDeviceChange>(std::get<Change>(added)).device;
  EXPECT_EQ(device.name, "n1");
  EXPECT_EQ(device.size_bytes, 8u << 20);
  EXPECT_TRUE(device.read_only);
}

TEST_F(RequestTest, ErrorsSayWhatWasExpected) {
  const std::pair<std::string, std::string> cases[] = {
      {"", "not a JSON object; expected a line like {\"op\": \"list\", \"what\": \"targets\"}"},
      {"[1]", "not a JSON object; expected a line like {\"op\": \"list\", \"what\": \"targets\"}"},
      {"{}", "no 'op'; expected a text"},
      {R"({"op":1})", "'op' is wrong; expected a text"},
      {R"({"op":"reboot"})",
       "no op 'reboot'; expected list, get, set, add_lun, del_lun, add_device, del_device, resize, "
       "set_alua, clear_failed, close_session, enable or disable"},
      {R"({"op":"list","what":"x"})",
       "nothing to list as 'x'; expected targets, sessions, devices, luns or counters"},
      {R"({"op":"add_lun","target":"T","lun":16384,"device":"d"})",
       "'lun' is wrong; expected a number, 0 to 16383"},
      {R"({"op":"add_lun","target":"T","lun":-1,"device":"d"})",
       "'lun' is wrong; expected a number, 0 to 16383"},
      {R"({"op":"del_lun","lun":1})", "no 'target'; expected a text"},
      {R"({"op":"set_alua","group":"dg","state":"active"})",
       "'group' is wrong; expected DEVICE_GROUP/TARGET_GROUP"},
      {R"({"op":"get","path":"/devices/disk9/size"})",
       "no 'disk9' in /devices; expected one of disk0, null0"},
      {R"({"op":"get","path":"/devices/disk0"})",
       "/devices/disk0 is a directory; expected an attribute ('list' shows them)"},
      {R"({"op":"get","path":"/devices/disk0/size/x"})",
       "/devices/disk0/size is an attribute; expected the path to end there"},
      {R"({"op":"set","path":"/devices/disk0/blocksize","value":"4096"})",
       "/devices/disk0/blocksize cannot be written at run time"},
      {R"({"op":"set","path":")" + target_ + R"(/enabled","value":"yes"})",
       "enabled 'yes'; expected 0 or 1"},
      {R"({"op":"add_device","device":"d","handler":"vdisk_nullio","attributes":{"size":[]}})",
       "'attributes' is wrong; expected texts or numbers as values"},
      {R"({"op":"add_device","device":"d","handler":"vdisk_nullio","attributes":{"colour":1}})",
       "device d: 'colour' in DEVICE d; expected filename, size, size_mb, blocksize, nv_cache, "
       "write_through, read_only, o_direct, removable, rotational, thin_provisioned, t10_dev_id, "
       "usn, t10_vend_id, prod_id, prod_rev_lvl or naa_id"},
  };
  for (const auto& [line, error] : cases) EXPECT_EQ(Error(line), error) << line;
}

TEST_F(RequestTest, AnyBytesGetAnAnswer) {
  EXPECT_NE(Error(std::string("\xff\xfe{", 3)), "");
  EXPECT_NE(Error(std::string(60000, '[')), "");
  EXPECT_NE(Error("{\"op\":\"\xc3\x28\"}"), "");
  EXPECT_NE(Error(R"({"op":"get","path":"\u0000"})"), "");
}

}  // namespace
}  // namespace srpt::target
