#include "target/config/to_core.h"

#include <gtest/gtest.h>

#include <string>

#include "target/config/scst_conf.h"

namespace srpt::config {
namespace {

constexpr const char* kText = R"(
HANDLER vdisk_fileio {
  DEVICE disk0 {
    filename /srv/disk0
    write_through 1
    usn SERIAL1
  }
}
HANDLER vdisk_nullio {
  DEVICE null0
}
TARGET_DRIVER ib_srpt {
  TARGET fe80:0000:0000:0000:0000:0000:0000:0001 {
    LUN 0 disk0
    LUN 1 null0 { read_only 1 }
    GROUP g {
      LUN 0 null0
      INITIATOR *:f34b
    }
    enabled 1
  }
  TARGET fe80:0000:0000:0000:0000:0000:0000:0002 {
    rel_tgt_id 1
  }
  TARGET fe80:0000:0000:0000:0000:0000:0000:0003 {
    enabled 1
  }
}
DEVICE_GROUP dg {
  DEVICE disk0
  TARGET_GROUP tg {
    group_id 9
    preferred 1
    state standby
    TARGET fe80:0000:0000:0000:0000:0000:0000:0001
    TARGET fe80:0000:0000:0000:0000:0000:0000:0009 { rel_tgt_id 9 }
  }
}
)";

Configuration Parsed() {
  const auto parsed = ParseScstConf(kText, "f");
  if (!parsed.ok()) ADD_FAILURE() << parsed.error().ToString();
  return parsed.ok() ? *parsed : Configuration{};
}

// A request as one line.
struct Describe {
  std::string operator()(const admin::AddLu& r) { return "lu " + std::string(r.lu.name.view()); }
  std::string operator()(const admin::EnableTarget& r) {
    return (r.enabled ? "enable " : "disable ") + r.target.substr(35);
  }
  std::string operator()(const admin::AddLun& r) {
    return "lun " + r.target.substr(35) + " [" + r.group + "] " + std::to_string(r.lun.v) + " " +
           r.device + (r.read_only ? " ro" : "");
  }
  std::string operator()(const admin::AddGroup& r) { return "group " + r.group; }
  std::string operator()(const admin::AddInitiator& r) { return r.group + " lists " + r.pattern; }
  std::string operator()(const admin::AddDeviceGroup& r) { return "dg " + r.group; }
  std::string operator()(const admin::AddDeviceToGroup& r) { return r.group + " has " + r.device; }
  std::string operator()(const admin::AddTargetGroup& r) {
    return r.group + "/" + r.target_group + " id " + std::to_string(r.group_id);
  }
  std::string operator()(const admin::AddTargetToGroup& r) {
    return r.group + "/" + r.target_group + " has " + r.target.substr(35) + " " +
           std::to_string(r.rel_tgt_id);
  }
  std::string operator()(const admin::SetAluaState& r) {
    return r.group + "/" + r.target_group + " " + AluaStateName(r.state);
  }
  std::string operator()(const admin::SetAluaPreferred& r) {
    return r.group + "/" + r.target_group + (r.preferred ? " preferred" : " not preferred");
  }
  template <class T>
  std::string operator()(const T&) {
    return "another";
  }
};

TEST(ToCore, RequestsInOrder) {
  const Configuration c = Parsed();
  const std::vector<scsi::LuView> units = {
      ToLuView(c.devices.at(0), c.setup_id, LuId(0), 1 << 20, false),
      ToLuView(c.devices.at(1), c.setup_id, LuId(1), c.devices.at(1).size_bytes, false)};
  std::string all;
  for (const admin::Request& request : ToRequests(c, units)) {
    all += std::visit(Describe{}, request) + "\n";
  }
  EXPECT_EQ(all,
            "lu disk0\n"
            "lu null0\n"
            "lun 0001 [] 0 disk0\n"
            "lun 0001 [] 1 null0 ro\n"
            "group g\n"
            "lun 0001 [g] 0 null0\n"
            "g lists *:f34b\n"
            "dg dg\n"
            "dg has disk0\n"
            "dg/tg id 9\n"
            "dg/tg has 0001 0\n"
            "dg/tg has 0009 9\n"
            "dg/tg standby\n"
            "dg/tg preferred\n"
            "enable 0001\n"
            "enable 0003\n");
}

TEST(ToCore, TargetPortsTakeTheLowestFreeIds) {
  const auto ports = ToTargetPorts(Parsed());
  ASSERT_EQ(ports.size(), 3u);
  EXPECT_EQ(ports[0].rel_tgt_id, 2);
  EXPECT_EQ(ports[1].rel_tgt_id, 1);
  EXPECT_EQ(ports[2].rel_tgt_id, 3);
  for (std::uint32_t i = 0; i < 3; ++i) {
    EXPECT_EQ(ports[i].id.v, i);
    EXPECT_FALSE(ports[i].enabled);
  }
}

TEST(ToCore, UnitsAndStores) {
  const Configuration c = Parsed();
  const scsi::LuView disk = ToLuView(c.devices.at(0), c.setup_id, LuId(5), (1 << 20) + 100, true);
  EXPECT_EQ(disk.id.v, 5u);
  EXPECT_EQ(disk.block_count, 2048u);
  EXPECT_FALSE(disk.write_cache);
  EXPECT_TRUE(disk.rotational);
  EXPECT_EQ(disk.identity.usn.view(), "SERIAL1");
  EXPECT_EQ(disk.identity.t10_dev_id.view(), "SERIAL1-disk0");
  EXPECT_EQ(disk.identity.prod_id.view(), "disk0");
  // Expect the same identity after a restart, and another one on another host.
  EXPECT_EQ(ToLuView(c.devices.at(0), 0, LuId(9), 512, false).identity, disk.identity);
  EXPECT_NE(ToLuView(c.devices.at(1), 1, LuId(0), 512, false).identity,
            ToLuView(c.devices.at(1), 0, LuId(0), 512, false).identity);

  const target::DeviceSpec spec = ToDeviceSpec(c.devices.at(0));
  EXPECT_EQ(spec.kind, target::DeviceSpec::Kind::kFile);
  EXPECT_EQ(spec.path, "/srv/disk0");
  EXPECT_TRUE(spec.write_through);
  const target::DeviceSpec null = ToDeviceSpec(c.devices.at(1));
  EXPECT_EQ(null.kind, target::DeviceSpec::Kind::kNull);
  EXPECT_EQ(null.size_bytes, kNullioBytesDefault);
}

TEST(ToCore, Parameters) {
  IbSrptParameters p;
  p.srp_max_req_size = 4148;
  p.srpt_sq_size = 64;
  EXPECT_EQ(ToParameters(p, 0xabc).service_guid, 0xabcu);
  p.srpt_service_guid = 7;
  const auto core = ToParameters(p, 0xabc);
  EXPECT_EQ(core.service_guid, 7u);
  EXPECT_EQ(core.srp_max_req_size, 4148u);
  EXPECT_EQ(core.srpt_sq_size, 64);
}

}  // namespace
}  // namespace srpt::config
