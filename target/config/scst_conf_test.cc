#include "target/config/scst_conf.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace srpt::config {
namespace {

Configuration MustParse(const std::string& text) {
  auto result = ParseScstConf(text, "f");
  if (!result.ok()) {
    ADD_FAILURE() << result.error().ToString();
    return {};
  }
  return result.value();
}
std::string Error(const std::string& text) {
  const auto result = ParseScstConf(text, "scst.conf");
  return result.ok() ? "no error" : result.error().ToString();
}

constexpr const char* kDisks = R"(
HANDLER vdisk_fileio {
        DEVICE disk01 {
                filename /srv/disk01.img
        }
        DEVICE disk02 {
                filename "/srv/a \"quoted\" \\ name #2"
                nv_cache 1
                blocksize 4096
        }
        DEVICE disk03 {
                filename /srv/disk03.img
                write_through 1
                read_only 1
                o_direct 1
                rotational 0
                t10_vend_id ACME
                naa_id 0x3000000000000001
        }
}
)";

// The README's section "LUN masking", as it stands there.
constexpr const char* kMasking = R"(
TARGET_DRIVER ib_srpt {
        TARGET fe80:0000:0000:0000:0002:c903:0005:f34b {
                enabled 1
                rel_tgt_id 1

                # LUNs visible by all initiators not listed below
                LUN 0 disk01

                GROUP grp1 {
                        # LUNs visible by initiator system 1
                        LUN 0 disk02

                        INITIATOR fe80:0000:0000:0000:0002:c903:0005:f34b
                }

                GROUP grp2 {
                        # LUNs visible by initiator system 2
                        LUN 0 disk03

                        INITIATOR fe80:0000:0000:0000:0002:c903:0005:f34c
                }
        }
}
)";

TEST(ScstConf, CompletionVectorsAreAMask) {
  const auto mask = [&](const std::string& value) {
    return MustParse(
               "TARGET_DRIVER ib_srpt {\n  TARGET fe80:0000:0000:0000:0002:c903:0005:f34b {\n"
               "    comp_v_mask " +
               value + "\n  }\n}\n")
        .targets.at(0)
        .comp_v_mask;
  };
  EXPECT_EQ(mask("0xa"), 0xau);
  EXPECT_EQ(mask("3"), 3u);
  EXPECT_EQ(MustParse(std::string(kDisks) + kMasking).targets[0].comp_v_mask, 0u) << "all";
}

TEST(ScstConf, TheReadmesMaskingExample) {
  const Configuration c = MustParse(std::string(kDisks) + kMasking);
  ASSERT_EQ(c.targets.size(), 1u);
  const Target& target = c.targets[0];
  EXPECT_EQ(target.name, "fe80:0000:0000:0000:0002:c903:0005:f34b");
  EXPECT_TRUE(target.enabled);
  EXPECT_EQ(target.rel_tgt_id, 1);
  ASSERT_EQ(target.luns.size(), 1u);
  EXPECT_EQ(target.luns[0].device, "disk01");
  ASSERT_EQ(target.groups.size(), 2u);
  EXPECT_EQ(target.groups[0].name, "grp1");
  EXPECT_EQ(target.groups[1].luns[0].device, "disk03");
  EXPECT_EQ(target.groups[1].initiators,
            std::vector<std::string>{"fe80:0000:0000:0000:0002:c903:0005:f34c"});
  EXPECT_TRUE(c.warnings.empty()) << c.warnings[0].ToString();
}

TEST(ScstConf, DeviceAttributes) {
  const Configuration c = MustParse(kDisks);
  ASSERT_EQ(c.devices.size(), 3u);
  EXPECT_EQ(c.devices[1].filename, "/srv/a \"quoted\" \\ name #2");
  EXPECT_TRUE(c.devices[1].nv_cache);
  EXPECT_EQ(c.devices[1].block_bytes, 4096u);
  const Device& third = c.devices[2];
  EXPECT_TRUE(third.write_through && third.read_only && third.o_direct);
  EXPECT_EQ(third.rotational, false);
  EXPECT_EQ(third.t10_vend_id, "ACME");
  EXPECT_EQ((*third.naa_id)[0], 0x30);
  EXPECT_EQ((*third.naa_id)[7], 0x01);
}

TEST(ScstConf, NullioSizes) {
  const Configuration c = MustParse(
      "HANDLER vdisk_nullio {\n DEVICE a\n DEVICE b { size_mb 1024 }\n DEVICE c { size 0x100000 }\n"
      "}\n");
  ASSERT_EQ(c.devices.size(), 3u);
  EXPECT_EQ(c.devices[0].size_bytes, 2748779069440u);  // 2.5 TiB
  EXPECT_EQ(c.devices[1].size_bytes, 1u << 30);
  EXPECT_EQ(c.devices[2].size_bytes, 1u << 20);
}

TEST(ScstConf, ParametersAndLunSections) {
  const Configuration c = MustParse(
      "HANDLER vdisk_nullio {\n DEVICE a\n}\n"
      "setup_id 0x77\n"
      "TARGET_DRIVER ib_srpt {\r\n rdma_cm_port 5555\r\n srp_max_req_size 8276\n"
      " TARGET FE80:0000:0000:0000:0000:00FF:FE00:0101 {\n"
      "  HW_TARGET\n  LUN 0 a { read_only 1 }\n  LUN 16383 a\n  enabled 1 } }\n");
  EXPECT_EQ(c.setup_id, 0x77u);
  ASSERT_EQ(c.parameters.size(), 2u);
  EXPECT_EQ(c.parameters[0].name, "rdma_cm_port");
  EXPECT_EQ(c.parameters[0].value, "5555");
  EXPECT_EQ(c.parameters[0].line, 6);
  ASSERT_EQ(c.targets.size(), 1u);
  EXPECT_EQ(c.targets[0].name, "fe80:0000:0000:0000:0000:00ff:fe00:0101");
  ASSERT_EQ(c.targets[0].luns.size(), 2u);
  EXPECT_TRUE(c.targets[0].luns[0].read_only);
  EXPECT_FALSE(c.targets[0].luns[1].read_only);
}

TEST(ScstConf, Alua) {
  const Configuration c = MustParse(std::string(kDisks) + kMasking + R"(
DEVICE_GROUP dg {
  DEVICE disk01
  TARGET_GROUP here {
    group_id 1
    preferred 1
    state nonoptimized
    TARGET fe80:0000:0000:0000:0002:c903:0005:f34b
  }
  TARGET_GROUP there {
    group_id 2
    state standby
    TARGET iqn.elsewhere { rel_tgt_id 2 }
  }
})");
  ASSERT_EQ(c.device_groups.size(), 1u);
  EXPECT_EQ(c.device_groups[0].devices, std::vector<std::string>{"disk01"});
  ASSERT_EQ(c.device_groups[0].target_groups.size(), 2u);
  const TargetGroup& here = c.device_groups[0].target_groups[0];
  EXPECT_EQ(here.group_id, 1);
  EXPECT_TRUE(here.preferred);
  EXPECT_EQ(here.state, scsi::AluaState::kNonoptimized);
  EXPECT_EQ(here.targets.size(), 1u);
  ASSERT_EQ(here.targets.size(), 1u);
  EXPECT_EQ(here.targets[0].rel_tgt_id, 0);
  const TargetGroup& there = c.device_groups[0].target_groups[1];
  ASSERT_EQ(there.targets.size(), 1u);
  EXPECT_EQ(there.targets[0].name, "iqn.elsewhere");
  EXPECT_EQ(there.targets[0].rel_tgt_id, 2);
}

TEST(ScstConf, Warnings) {
  const Configuration c = MustParse(
      "HANDLER vdisk_nullio {\n DEVICE a {\n  threads_num 2\n  thin_provisioned 0\n }\n}\n"
      "TARGET_DRIVER ib_srpt {\n TARGET fe80:0000:0000:0000:0000:00ff:fe00:0101 {\n  LUN 1 a\n"
      "  GROUP g {\n   LUN 0 a\n  }\n }\n}\n"
      "TARGET_DRIVER copy_manager {\n TARGET copy_manager_tgt {\n  LUN 0 a\n }\n}\n");
  std::string all;
  for (const Warning& warning : c.warnings) all += warning.ToString() + "\n";
  EXPECT_EQ(all,
            "f:3: 'threads_num' has no effect: I/O is asynchronous, there are no threads to count\n"
            "f:8: TARGET fe80:0000:0000:0000:0000:00ff:fe00:0101 has no LUN 0: initiators may see "
            "nothing\n"
            "f:8: TARGET fe80:0000:0000:0000:0000:00ff:fe00:0101 is not enabled ('enabled 1'): it "
            "refuses every login\n"
            "f:10: GROUP g lists no INITIATOR: nobody gets its LUNs\n"
            "f:15: TARGET_DRIVER copy_manager is skipped: EXTENDED COPY is not served\n");
}

TEST(ScstConf, ErrorsSayWhereWhatAndWhatWasExpected) {
  const std::string target =
      "HANDLER vdisk_nullio {\n DEVICE a\n}\nTARGET_DRIVER ib_srpt {\n"
      " TARGET fe80:0000:0000:0000:0000:00ff:fe00:0101 {\n";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"",
       "scst.conf: neither TARGET_DRIVER nor HANDLER; expected HANDLER vdisk_fileio { ... } and "
       "TARGET_DRIVER ib_srpt { ... }"},
      {"\n\nHANDLR x {\n}\n",
       "scst.conf:3: 'HANDLR'; expected HANDLER, TARGET_DRIVER, DEVICE_GROUP or an attribute of "
       "SCST"},
      {"HANDLER vdisk_fileio {\n DEVICE d {\n",
       "scst.conf:3: the file ends inside the section of line 2; expected '}'"},
      {"HANDLER vdisk_nullio {\n}\n}\n",
       "scst.conf:3: '}' without a section to close; expected a statement"},
      {"HANDLER vdisk_nullio\n{\n}\n",
       "scst.conf:2: '{' without a statement before it; expected '{' at the end of the line that "
       "names the section"},
      {"HANDLER vdisk_fileio {\n DEVICE d {\n  filename \"/x\n }\n}\n",
       "scst.conf:3: a quoted word has no end; expected a '\"' on the same line"},
      {"HANDLER vdisk_tape {\n}\n",
       "scst.conf:1: HANDLER 'vdisk_tape'; expected vdisk_fileio or vdisk_nullio"},
      {"HANDLER vdisk_blockio {\n}\n",
       "scst.conf:1: HANDLER vdisk_blockio is not served yet; expected vdisk_fileio, which takes "
       "block devices too (with o_direct 1)"},
      {"HANDLER vdisk_fileio {\n DEVICE d {\n }\n}\n",
       "scst.conf:2: DEVICE d has no filename; expected 'filename /path' in its section"},
      {"HANDLER vdisk_fileio {\n DEVICE d {\n  filename x\n }\n}\n",
       "scst.conf:3: filename 'x'; expected an absolute path"},
      {"HANDLER vdisk_fileio {\n DEVICE d {\n  size 5\n }\n}\n",
       "scst.conf:3: 'size' for a device of vdisk_fileio; expected it with vdisk_nullio (a file "
       "has "
       "its own size) only"},
      {"HANDLER vdisk_nullio {\n DEVICE d {\n  blocksize 513\n }\n}\n",
       "scst.conf:3: blocksize '513'; expected a power of two, 512 to 65536"},
      {"HANDLER vdisk_nullio {\n DEVICE d {\n  blocksize 256\n }\n}\n",
       "scst.conf:3: blocksize '256'; expected a number, 512 to 65536"},
      {"HANDLER vdisk_nullio {\n DEVICE d {\n  read_only yes\n }\n}\n",
       "scst.conf:3: read_only 'yes'; expected 0 or 1"},
      {"HANDLER vdisk_nullio {\n DEVICE d {\n  colour red\n }\n}\n",
       "scst.conf:3: 'colour' in DEVICE d; expected filename, size, size_mb, blocksize, nv_cache, "
       "write_through, read_only, o_direct, removable, rotational, thin_provisioned, t10_dev_id, "
       "usn, t10_vend_id, prod_id, prod_rev_lvl or naa_id"},
      {"HANDLER vdisk_nullio {\n DEVICE d {\n  t10_vend_id TOOLONGVENDOR\n }\n}\n",
       "scst.conf:3: t10_vend_id 'TOOLONGVENDOR'; expected at most 8 printable ASCII characters"},
      {"HANDLER vdisk_nullio {\n DEVICE a/b\n}\n",
       "scst.conf:2: '/' in the device name 'a/b'; expected a name without '/'"},
      {"HANDLER vdisk_nullio {\n DEVICE a\n DEVICE a\n}\n",
       "scst.conf:3: a second DEVICE a; expected a name of its own; the first is on line 2"},
      {"TARGET_DRIVER iscsi {\n}\n", "scst.conf:1: TARGET_DRIVER 'iscsi'; expected ib_srpt"},
      {"TARGET_DRIVER ib_srpt {\n TARGET disk {\n }\n}\n",
       "scst.conf:2: TARGET 'disk'; expected GID 0 of a port: eight groups of four hex digits with "
       "colons between"},
      {"TARGET_DRIVER ib_srpt {\n rdma_cm_port 70000\n}\n",
       "scst.conf:2: rdma_cm_port '70000'; expected a port number, 0 to 65535"},
      {"TARGET_DRIVER ib_srpt {\n srp_max_req_size 500\n}\n",
       "scst.conf:2: srp_max_req_size '500'; expected a number of bytes, 996 to 65536"},
      {target + "  LUN 16384 a\n }\n}\n",
       "scst.conf:6: LUN '16384'; expected a number, 0 to 16383"},
      {target + "  LUN 0 a\n  LUN 0 a\n }\n}\n",
       "scst.conf:7: a second LUN 0; expected a number of its own; the first is on line 6"},
      {target + "  LUN 0 b\n }\n}\n",
       "scst.conf:6: device 'b' is not defined; expected a DEVICE of a HANDLER section"},
      {target + "  LUN 0\n }\n}\n",
       "scst.conf:6: 'LUN' with 1 values; expected LUN number device [{ read_only 1 }]"},
      {target + "  GROUP g {\n   INITIATOR X\n  }\n  GROUP h {\n   INITIATOR x\n  }\n }\n}\n",
       "scst.conf:10: INITIATOR x is in GROUP g already; expected each initiator in one group"},
      {target + " }\n}\nDEVICE_GROUP d {\n TARGET_GROUP t {\n  state asleep\n }\n}\n",
       "scst.conf:10: state 'asleep'; expected active, nonoptimized, standby, unavailable, offline "
       "or transitioning"},
      {target + " }\n}\nDEVICE_GROUP d {\n TARGET_GROUP t {\n  TARGET other\n }\n}\n",
       "scst.conf:10: TARGET 'other' is not configured; expected a TARGET of ib_srpt, or { "
       "rel_tgt_id n } of a target of another host"},
      {"a { b { c { d { e { f { g { h { i { j\n",
       "scst.conf:1: sections are nested too deeply; expected at most 8 levels"},
      {std::string("HANDLER a\0b {\n}\n", 16), "scst.conf:1: a control character; expected text"},
  };
  for (const auto& [text, error] : cases) EXPECT_EQ(Error(text), error) << text;
}

TEST(ScstConf, ADeviceAtRunTime) {
  std::vector<Warning> warnings;
  auto device = ParseDevice("d", "vdisk_nullio", {{"size_mb", "8"}, {"read_only", "1"}}, &warnings);
  ASSERT_TRUE(device.ok()) << device.error().ToString();
  EXPECT_EQ(device->size_bytes, 8u << 20);
  EXPECT_TRUE(device->read_only);
  device = ParseDevice("d", "vdisk_nullio", {{"size_mb", "eight"}}, &warnings);
  ASSERT_FALSE(device.ok());
  EXPECT_EQ(device.error().ToString(),
            "device d: size_mb 'eight'; expected a number, 1 to 4398046511104");
}

}  // namespace
}  // namespace srpt::config
