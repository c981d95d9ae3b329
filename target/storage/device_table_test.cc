#include "target/storage/device_table.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

namespace srpt::target {
namespace {

class DeviceTableTest : public testing::Test {
 protected:
  void SetUp() override {
    const char* tmp = std::getenv("TEST_TMPDIR");
    path_ = std::string(tmp != nullptr ? tmp : "/tmp") + "/table" + std::to_string(getpid());
    std::ofstream(path_).close();
    std::filesystem::resize_file(path_, 10000);
    StorageOptions options;
    options.force_threads = true;
    for (auto& engine : engines_) engine = std::move(StorageEngine::Create(options).value());
  }
  void TearDown() override { std::filesystem::remove(path_); }
  config::Device File() const {
    config::Device device;
    device.name = "disk0";
    device.filename = path_;
    return device;
  }
  std::array<std::unique_ptr<StorageEngine>, 2> engines_;
  DeviceTable Table() {
    for (auto& engine : engines_) stores_.push_back(std::make_unique<EngineStores>(*engine));
    return DeviceTable({stores_[0].get(), stores_[1].get()}, 7);
  }
  std::vector<std::unique_ptr<EngineStores>> stores_;
  std::string path_;
};

TEST_F(DeviceTableTest, OpensOnEveryShardAndDescribesTheUnit) {
  DeviceTable table = Table();
  const auto unit = table.Open(File());
  ASSERT_TRUE(unit.ok()) << unit.error();
  EXPECT_EQ(unit->name.view(), "disk0");
  EXPECT_EQ(unit->block_count, 19u);  // The rest of the last block is not visible.
  EXPECT_EQ(unit->identity, scsi::DeriveIdentity(scsi::HandlerKind::kFileio, "disk0", 7));
  ASSERT_NE(table.Find("disk0"), nullptr);
  for (auto& engine : engines_) {
    std::vector<std::uint8_t> block(512);
    engine->Read(OpId(1), unit->id, 0, block);
    IoStatus status = IoStatus::kDeviceGone;
    while (engine->in_flight() > 0) {
      engine->Submit();
      engine->Reap([&](OpId, IoStatus s) { status = s; });
    }
    EXPECT_EQ(status, IoStatus::kOk);
  }
  EXPECT_EQ(table.Open(File()).error(), "device disk0 exists already; expected a name of its own");
}

TEST_F(DeviceTableTest, IdsGoRound) {
  DeviceTable table = Table();
  const LuId first = table.Open(File())->id;
  table.Close(first);
  EXPECT_EQ(table.Find("disk0"), nullptr);
  const LuId kept = table.Open(File())->id;
  EXPECT_NE(kept, first);
  table.Close(LuId(99));  // Nobody.
  config::Device other = File();
  other.name = "disk1";
  for (std::uint32_t i = 0; i < 2 * limits::kLusMax; ++i) {
    const LuId id = table.Open(other)->id;
    ASSERT_NE(id, kept);
    ASSERT_LT(id.v, limits::kLusMax);
    table.Close(id);
  }
}

TEST_F(DeviceTableTest, ThereAreOnlySoMany) {
  DeviceTable table = Table();
  config::Device null = File();
  null.handler = scsi::HandlerKind::kNullio;
  null.size_bytes = 1 << 20;
  for (std::uint32_t i = 0; i < limits::kLusMax; ++i) {
    null.name = "n" + std::to_string(i);
    ASSERT_TRUE(table.Open(null).ok());
  }
  null.name = "more";
  EXPECT_NE(table.Open(null).error().find("1024 devices already"), std::string::npos);
}

TEST_F(DeviceTableTest, StoresThatCannotServe) {
  DeviceTable table = Table();
  config::Device device = File();
  device.block_bytes = 16384;
  EXPECT_EQ(table.Open(device).error(), "device disk0: " + path_ +
                                            " has 10000 bytes; expected at least one block of "
                                            "16384");
  device = File();
  device.filename += ".absent";
  EXPECT_NE(table.Open(device).error().find("No such file"), std::string::npos);
  EXPECT_TRUE(table.entries().empty());
  EXPECT_TRUE(table.Open(File()).ok());
}

TEST_F(DeviceTableTest, Resizes) {
  DeviceTable table = Table();
  ASSERT_TRUE(table.Open(File()).ok());
  EXPECT_EQ(*table.Resize("disk0", 1 << 20), 2048u);
  EXPECT_EQ(std::filesystem::file_size(path_), 1u << 20);
  EXPECT_EQ(*table.Resize("disk0", 4096), 8u);
  EXPECT_EQ(table.Find("disk0")->bytes, 4096u);
  EXPECT_EQ(*table.Resize("disk0", 0), 2048u);
  EXPECT_EQ(table.Resize("disk0", 100).error(),
            "device disk0: 100 bytes; expected at least one block of 512");
  EXPECT_EQ(table.Resize("nobody", 0).error(),
            "device nobody does not exist; expected one of 'list devices'");
}

}  // namespace
}  // namespace srpt::target
