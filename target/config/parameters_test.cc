#include "target/config/parameters.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "target/config/load.h"

namespace srpt::config {
namespace {

struct Case {
  const char* name;
  const char* value;
  const char* shown;  // Null: refused.
};

// [R-PARAM-01, R-PARAM-02, R-PARAM-05, R-PARAM-06, R-PARAM-07]
TEST(Parameters, RangesAndForms) {
  const Case cases[] = {
      {"rdma_cm_port", "65535", "65535"},
      {"rdma_cm_port", "65536", nullptr},
      {"rdma_cm_port", "-1", nullptr},
      {"rdma_cm_port", "", nullptr},
      {"rdma_cm_port", "0x1388", "5000"},
      {"srp_max_req_size", "996", "996"},
      {"srp_max_req_size", "995", nullptr},
      {"srp_max_rsp_size", "40", "40"},
      {"srp_max_rsp_size", "39", nullptr},
      {"srp_max_rdma_size", "1", "256"},
      {"srp_max_rdma_size", "99999999999", "16777216"},
      {"srp_max_rdma_size", "x", nullptr},
      {"use_srq", "Y", "Y"},
      {"use_srq", "0", "N"},
      {"use_srq", "true", nullptr},
      {"srpt_srq_size", "4", "4"},
      {"srpt_srq_size", "3", nullptr},
      {"srpt_sq_size", "16", "16"},
      {"srpt_sq_size", "15", nullptr},
      {"srpt_service_guid", "0x00000000000005e0", "00000000000005e0"},
      {"srpt_service_guid", "0002c90300a34270", "0002c90300a34270"},
      {"srpt_service_guid", "0002:c903:0005:f34e", "0002c9030005f34e"},
      {"srpt_service_guid", "0000000000000000", nullptr},
      {"srpt_service_guid", "5e0", nullptr},
      {"trace_flag", "0xffffffff", "4294967295"},
  };
  for (const Case& c : cases) {
    IbSrptParameters p;
    const std::string before = GetParameter(p, c.name);
    const auto error = SetParameter(p, c.name, c.value);
    EXPECT_EQ(error.has_value(), c.shown == nullptr) << c.name << "=" << c.value;
    EXPECT_EQ(GetParameter(p, c.name), c.shown != nullptr ? c.shown : before) << c.name;
  }
}

TEST(Parameters, DefaultsAreThoseOfTheTable) {
  for (const ParameterInfo& info : ParameterTable()) {
    if (std::string(info.name) == "srpt_service_guid") continue;
    EXPECT_EQ(GetParameter({}, info.name), info.default_text) << info.name;
  }
}

TEST(Parameters, UnknownOnesNameTheKnown) {
  IbSrptParameters p;
  const auto error = SetParameter(p, "rdma_port", "1");
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->what, "ib_srpt has no parameter 'rdma_port'");
  EXPECT_EQ(error->expected.find("one of rdma_cm_port, srp_max_req_size"), 0u);
}

TEST(ModprobeConf, OptionsOfIbSrptOnly) {
  const auto settings = ParseModprobeConf(
      "# options ib_srpt rdma_cm_port=1\n"
      "options ib_srp cmd_sg_entries=255\n"
      "blacklist foo\n"
      "options ib_srpt rdma_cm_port=5000 \\\n"
      "   srp-max-req-size=\"8276\"\n"
      "options ib-srpt use_srq=n",
      "m");
  ASSERT_TRUE(settings.ok()) << settings.error().ToString();
  ASSERT_EQ(settings->size(), 3u);
  EXPECT_EQ((*settings)[0].name, "rdma_cm_port");
  EXPECT_EQ((*settings)[0].line, 4);
  EXPECT_EQ((*settings)[1].name, "srp_max_req_size");
  EXPECT_EQ((*settings)[1].value, "8276");
  EXPECT_EQ((*settings)[2].line, 6);
}

TEST(ModprobeConf, Errors) {
  const auto bad = ParseModprobeConf("\noptions ib_srpt rdma_cm_port=x\n", "m");
  ASSERT_FALSE(bad.ok());
  EXPECT_EQ(bad.error().ToString(), "m:2: rdma_cm_port 'x'; expected a port number, 0 to 65535");
  const auto without = ParseModprobeConf("options ib_srpt use_srq\n", "m");
  ASSERT_FALSE(without.ok());
  EXPECT_EQ(without.error().ToString(), "m:1: option 'use_srq' has no value; expected name=value");
}

// Any other file of the machine must not pass for one without options.
TEST(ModprobeConf, WhatIsNoTextIsRefused) {
  const auto bad = ParseModprobeConf(std::string_view("# text\n\x7f"
                                                      "ELF\x02\0\n",
                                                      14),
                                     "m");
  ASSERT_FALSE(bad.ok());
  EXPECT_EQ(bad.error().ToString(), "m:2: a control character; expected text");
  EXPECT_TRUE(ParseModprobeConf("# \xc3\xa9t\xc3\xa9\tblank\r\n", "m").ok());
}

class LoadTest : public testing::Test {
 protected:
  void SetUp() override {
    const char* tmp = std::getenv("TEST_TMPDIR");
    dir_ = std::filesystem::path(tmp != nullptr ? tmp : "/tmp") /
           ("srpt_load_" + std::to_string(getpid()));
    std::filesystem::create_directories(dir_);
  }
  void TearDown() override { std::filesystem::remove_all(dir_); }
  std::string Write(const std::string& name, const std::string& text) {
    std::string path = (dir_ / name).string();
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }
  std::filesystem::path dir_;
};

TEST_F(LoadTest, TheCommandLineBeatsScstConfBeatsModprobe) {
  Sources sources;
  sources.modprobe_conf =
      Write("m", "options ib_srpt rdma_cm_port=1 srpt_sq_size=17 srp_max_rsp_size=100\n");
  sources.scst_conf = Write("s", "TARGET_DRIVER ib_srpt {\n rdma_cm_port 2\n srpt_sq_size 18\n}\n");
  sources.overrides = {{"rdma_cm_port", "3"}, {"srp_max_rdma_size", "1"}};
  const auto loaded = Load(sources);
  ASSERT_TRUE(loaded.ok()) << loaded.error().ToString();
  EXPECT_EQ(loaded->parameters.rdma_cm_port, 3);
  EXPECT_EQ(loaded->parameters.srpt_sq_size, 18);
  EXPECT_EQ(loaded->parameters.srp_max_rsp_size, 100u);
  ASSERT_EQ(loaded->warnings.size(), 1u);
  EXPECT_EQ(loaded->warnings[0].ToString(),
            "command line: --srp_max_rdma_size: srp_max_rdma_size 1 is clamped to 256");
}

TEST_F(LoadTest, AByteOrderMarkIsNoPartOfTheText) {
  Sources sources;
  sources.scst_conf = Write("s", "\xef\xbb\xbfTARGET_DRIVER ib_srpt {\n rdma_cm_port 2\n}\n");
  sources.modprobe_conf = Write("m", "\xef\xbb\xbfoptions ib_srpt srpt_sq_size=17\n");
  const auto loaded = Load(sources);
  ASSERT_TRUE(loaded.ok()) << loaded.error().ToString();
  EXPECT_EQ(loaded->parameters.rdma_cm_port, 2);
  EXPECT_EQ(loaded->parameters.srpt_sq_size, 17);
}

// Nobody writes to the FIFO, and /dev/zero never ends: expect an answer all the same.
TEST_F(LoadTest, OnlyRegularFilesAreRead) {
  const std::string fifo = (dir_ / "fifo").string();
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  for (const auto& [path, kind] : {std::pair(fifo, "a FIFO"), {"/dev/zero", "a device"}}) {
    Sources sources;
    sources.scst_conf = path;
    auto loaded = Load(sources);
    ASSERT_FALSE(loaded.ok());
    EXPECT_EQ(loaded.error().ToString(), path + ": it is " + kind + "; expected a regular file");
    sources.modprobe_conf = path;
    sources.scst_conf = Write("s", "TARGET_DRIVER ib_srpt {\n}\n");
    loaded = Load(sources);
    ASSERT_FALSE(loaded.ok());
    EXPECT_EQ(loaded.error().ToString(), path + ": it is " + kind + "; expected a regular file");
  }
}

TEST_F(LoadTest, Errors) {
  Sources sources;
  sources.scst_conf = (dir_ / "absent").string();
  auto loaded = Load(sources);
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(
      loaded.error().ToString(),
      sources.scst_conf + ": cannot read: No such file or directory; expected a readable file");
  sources.scst_conf = dir_.string();
  loaded = Load(sources);
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.error().ToString(),
            sources.scst_conf + ": it is a directory; expected a regular file");
  sources.scst_conf = Write("s", "TARGET_DRIVER ib_srpt {\n}\n");
  sources.overrides = {{"rdma_cm_port", "many"}};
  loaded = Load(sources);
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(
      loaded.error().ToString(),
      "command line: --rdma_cm_port: rdma_cm_port 'many'; expected a port number, 0 to 65535");
}

}  // namespace
}  // namespace srpt::config
