// What the engine makes of every way in which the kernel can answer.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "target/storage/io_backend.h"
#include "target/storage/storage.h"

namespace srpt::target {
namespace {

constexpr LuId kDisk{0};
constexpr std::int32_t kAll = 1 << 30;  // Everything that was asked for.

// A kernel that answers what the test has written down, in order; kAll once that is used up.
class ScriptedBackend final : public IoBackend {
 public:
  std::deque<std::int32_t> answers;
  std::vector<IoRequest> seen;
  std::uint32_t places = 2048;
  int hung_fd = -1;  // Requests for it never end, until this is -1 again.

  std::uint32_t room() const override { return places; }
  void Add(const IoRequest& request) override {
    EXPECT_LT(in_flight_.size(), places);
    seen.push_back(request);
    in_flight_.push_back(request);
  }
  void Submit() override {}
  std::size_t Collect(std::span<IoResult> results) override {
    std::size_t n = 0;
    for (auto next = in_flight_.begin(); n < results.size() && next != in_flight_.end();) {
      const IoRequest request = *next;
      if (request.fd == hung_fd) {
        ++next;
        continue;
      }
      next = in_flight_.erase(next);
      std::int32_t answer = kAll;
      if (!answers.empty()) {
        answer = answers.front();
        answers.pop_front();
      }
      if (answer == kAll) answer = static_cast<std::int32_t>(request.length);
      results[n++] = {request.slot, answer};
    }
    return n;
  }
  int event_fd() const override { return -1; }
  bool RegisterMemory(MutableBytes) override { return true; }
  const std::string& description() const override { return description_; }

 private:
  std::deque<IoRequest> in_flight_;
  const std::string description_ = "a script";
};

class StorageFaultTest : public testing::Test {
 protected:
  void SetUp() override {
    const char* tmp = std::getenv("TEST_TMPDIR");
    path_ = std::string(tmp != nullptr ? tmp : "/tmp") + "/fault" + std::to_string(getpid());
    std::ofstream(path_).close();
    std::filesystem::resize_file(path_, 1 << 20);
    Start(2048);
  }
  void Start(std::uint32_t places) {
    auto backend = std::make_unique<ScriptedBackend>();
    backend->places = places;
    script_ = backend.get();
    engine_ = StorageEngine::CreateOn(std::move(backend), {});
  }
  void TearDown() override {
    engine_.reset();
    std::filesystem::remove(path_);
  }
  void Open(bool write_through = false, bool o_direct = false, LuId lu = kDisk) {
    DeviceSpec spec;
    spec.name = "disk";
    spec.kind = DeviceSpec::Kind::kFile;
    spec.path = path_;
    spec.write_through = write_through;
    spec.o_direct = o_direct;
    const auto opened = engine_->Open(lu, spec);
    ASSERT_TRUE(opened.ok()) << opened.error();
  }
  std::vector<std::pair<std::uint64_t, IoStatus>> Finish() {
    std::vector<std::pair<std::uint64_t, IoStatus>> ended;
    for (int round = 0; engine_->in_flight() > 0 && round < 100; ++round) {
      engine_->Submit();
      engine_->Reap([&](OpId op, IoStatus status) { ended.emplace_back(op.v, status); });
    }
    return ended;
  }
  IoStatus Read(std::vector<std::int32_t> answers) {
    script_->answers.assign(answers.begin(), answers.end());
    engine_->Read(OpId(1), kDisk, 4096, memory_);
    const auto ended = Finish();
    EXPECT_EQ(ended.size(), 1u);
    return ended.at(0).second;
  }
  IoStatus Write(std::vector<std::int32_t> answers) {
    script_->answers.assign(answers.begin(), answers.end());
    engine_->Write(OpId(1), kDisk, 4096, memory_, false);
    const auto ended = Finish();
    EXPECT_EQ(ended.size(), 1u);
    return ended.at(0).second;
  }
  IoStatus Flush(std::int32_t answer) {
    script_->answers = {answer};
    engine_->Flush(OpId(1), kDisk);
    const auto ended = Finish();
    EXPECT_EQ(ended.size(), 1u);
    return ended.at(0).second;
  }

  std::string path_;
  alignas(4096) std::uint8_t memory_[8192] = {};
  std::unique_ptr<StorageEngine> engine_;
  ScriptedBackend* script_ = nullptr;
};

TEST_F(StorageFaultTest, EveryErrno) {
  Open();
  EXPECT_EQ(Read({-EIO}), IoStatus::kIoError);
  EXPECT_EQ(Read({-EINVAL}), IoStatus::kIoError);
  EXPECT_EQ(Read({-ENODEV}), IoStatus::kDeviceGone);
  EXPECT_EQ(Read({-ESTALE}), IoStatus::kDeviceGone);
  EXPECT_EQ(Write({-EIO}), IoStatus::kIoError);
  EXPECT_EQ(Write({-ENOSPC}), IoStatus::kNoSpace);
  EXPECT_EQ(Write({-EDQUOT}), IoStatus::kNoSpace);
  EXPECT_EQ(Write({-EFBIG}), IoStatus::kNoSpace);
}

// Whatever the reason: what was acknowledged before may be lost.
TEST_F(StorageFaultTest, AFailedSyncIsAnIoError) {
  Open();
  EXPECT_EQ(Flush(-EIO), IoStatus::kIoError);
  EXPECT_EQ(Flush(-ENOSPC), IoStatus::kIoError);
  EXPECT_EQ(Flush(-EINVAL), IoStatus::kIoError);
  EXPECT_EQ(Flush(0), IoStatus::kOk);
}

TEST_F(StorageFaultTest, ShortMovesAreCompleted) {
  Open();
  EXPECT_EQ(Read({1000, 4000, kAll}), IoStatus::kOk);
  ASSERT_EQ(script_->seen.size(), 3u);
  EXPECT_EQ(script_->seen[1].offset, 5096u);
  EXPECT_EQ(script_->seen[1].length, 7192u);
  EXPECT_EQ(script_->seen[1].memory, memory_ + 1000);
  EXPECT_EQ(script_->seen[2].offset, 9096u);
  EXPECT_EQ(script_->seen[2].length, 3192u);
  EXPECT_EQ(Write({512, kAll}), IoStatus::kOk);
}

TEST_F(StorageFaultTest, TheEndInTheMiddle) {
  Open();
  EXPECT_EQ(Read({1000, 0}), IoStatus::kShort);
  EXPECT_EQ(Read({0}), IoStatus::kShort);
  EXPECT_EQ(Write({1000, 0}), IoStatus::kIoError);
  EXPECT_EQ(Write({1000, -ENOSPC}), IoStatus::kNoSpace);
}

TEST_F(StorageFaultTest, InterruptionsAreAskedAgain) {
  Open();
  EXPECT_EQ(Read({-EINTR, -EAGAIN, kAll}), IoStatus::kOk);
  ASSERT_EQ(script_->seen.size(), 3u);
  EXPECT_EQ(script_->seen[2].offset, 4096u);
  EXPECT_EQ(script_->seen[2].length, 8192u);
  EXPECT_EQ(Flush(-EINTR), IoStatus::kOk);
}

TEST_F(StorageFaultTest, FuaAndWriteThroughAskForDsync) {
  Open();
  engine_->Write(OpId(1), kDisk, 0, memory_, false);
  engine_->Write(OpId(2), kDisk, 0, memory_, true);
  Finish();
  engine_->Close(kDisk);
  Open(/*write_through=*/true);
  engine_->Write(OpId(3), kDisk, 0, memory_, false);
  Finish();
  ASSERT_EQ(script_->seen.size(), 3u);
  EXPECT_FALSE(script_->seen[0].dsync);
  EXPECT_TRUE(script_->seen[1].dsync);
  EXPECT_TRUE(script_->seen[2].dsync);
}

TEST_F(StorageFaultTest, ADeviceThatWantsMoreAlignmentGoesThroughThePageCache) {
  const int fd = open(path_.c_str(), O_RDWR | O_DIRECT | O_CLOEXEC);
  if (fd < 0) GTEST_SKIP() << "SKIPPED: the file system of " << path_ << " has no O_DIRECT";
  close(fd);
  Open(false, /*o_direct=*/true);
  EXPECT_EQ(Read({-EINVAL, kAll}), IoStatus::kOk);
  ASSERT_EQ(script_->seen.size(), 2u);
  EXPECT_NE(script_->seen[0].fd, script_->seen[1].fd);
  EXPECT_EQ(Read({-EINVAL, -EINVAL}), IoStatus::kIoError);
}

// In the kernel: two. Expect the others to wait in order and each to end once.
TEST_F(StorageFaultTest, WhatDoesNotFitWaitsItsTurn) {
  Start(2);
  Open();
  for (std::uint64_t i = 0; i < 7; ++i) engine_->Write(OpId(i), kDisk, i * 512, memory_, false);
  const auto ended = Finish();
  ASSERT_EQ(ended.size(), 7u);
  for (std::uint64_t i = 0; i < 7; ++i) {
    EXPECT_EQ(ended[i].first, i);
    EXPECT_EQ(script_->seen[i].offset, i * 512);
  }
}

// Past: a disk hangs with more operations than the kernel takes. In order: reads of another one.
// Expect them to end as if nothing were wrong; and those of the first, once it answers.
TEST_F(StorageFaultTest, AHungDeviceDoesNotStallAnother) {
  constexpr LuId kHung{1};
  constexpr std::uint64_t kHungOps = 3000;
  Open();
  Open(false, false, kHung);
  engine_->Read(OpId(0), kHung, 0, memory_);
  engine_->Submit();
  ASSERT_EQ(script_->seen.size(), 1u);
  script_->hung_fd = script_->seen[0].fd;
  for (std::uint64_t i = 1; i < kHungOps; ++i) engine_->Read(OpId(i), kHung, 0, memory_);
  for (std::uint64_t round = 0; round < 20; ++round) {
    for (std::uint64_t i = 0; i < 100; ++i) {
      engine_->Read(OpId(10000 + round * 100 + i), kDisk, 0, memory_);
    }
    engine_->Submit();
    std::size_t ended = engine_->Reap([&](OpId op, IoStatus status) {
      EXPECT_GE(op.v, 10000u);
      EXPECT_EQ(status, IoStatus::kOk);
    });
    EXPECT_EQ(ended, 100u);
  }
  EXPECT_EQ(engine_->in_flight(), kHungOps);
  script_->hung_fd = -1;
  EXPECT_EQ(Finish().size(), kHungOps);
}

TEST_F(StorageFaultTest, RegisteredMemoryIsUsedAsFixed) {
  Open();
  EXPECT_TRUE(engine_->RegisterMemory({memory_, sizeof(memory_)}, 4096));
  std::vector<std::uint8_t> other(512);
  engine_->Read(OpId(1), kDisk, 0, {memory_ + 4096, 4096});
  engine_->Read(OpId(2), kDisk, 0, other);
  Finish();
  EXPECT_TRUE(script_->seen[0].fixed);
  EXPECT_FALSE(script_->seen[1].fixed);
}

}  // namespace
}  // namespace srpt::target
