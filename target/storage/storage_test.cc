#include "target/storage/storage.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

namespace srpt::target {
namespace {

constexpr LuId kDisk{3};
constexpr LuId kNull{7};
constexpr std::uint64_t kDiskBytes = 1 << 20;

std::vector<std::uint8_t> Pattern(std::size_t n, std::uint8_t seed) {
  std::vector<std::uint8_t> bytes(n);
  for (std::size_t i = 0; i < n; ++i) bytes[i] = static_cast<std::uint8_t>(i * 7 + i / 256 + seed);
  return bytes;
}

// The parameter: force_threads.
class StorageTest : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    // One directory a test and process: both forms may run at once.
    dir_ = std::filesystem::temp_directory_path() / ("srpt_storage_" + std::to_string(getpid()));
    if (const char* tmp = std::getenv("TEST_TMPDIR")) dir_ = tmp;
    std::filesystem::create_directories(dir_);
    path_ = (dir_ / "disk").string();
    std::ofstream(path_).close();
    std::filesystem::resize_file(path_, kDiskBytes);
    Start({});
  }
  void TearDown() override {
    engine_.reset();
    std::filesystem::remove(path_);
  }

  void Start(StorageOptions options) {
    options.force_threads = GetParam();
    auto engine = StorageEngine::Create(options);
    ASSERT_TRUE(engine.ok()) << engine.error();
    engine_ = std::move(engine.value());
    if (!GetParam() && engine_->description() != "io_uring") {
      std::cout << "NOTE: this machine refuses io_uring; testing " << engine_->description()
                << "\n";
    }
  }
  DeviceSpec File() const {
    DeviceSpec spec;
    spec.name = "disk";
    spec.kind = DeviceSpec::Kind::kFile;
    spec.path = path_;
    return spec;
  }
  DeviceSpec Null(std::uint64_t bytes) const {
    DeviceSpec spec;
    spec.name = "null";
    spec.size_bytes = bytes;
    return spec;
  }
  // Submits, and waits until all is reported.
  std::map<std::uint64_t, IoStatus> Finish() {
    std::map<std::uint64_t, IoStatus> ended;
    for (int idle = 0; engine_->in_flight() > 0; ++idle) {
      if (idle == 1000) {
        ADD_FAILURE() << engine_->in_flight() << " operations never ended";
        break;
      }
      engine_->Submit();
      if (engine_->ready() == 0) {
        pollfd wait{engine_->event_fd(), POLLIN, 0};
        poll(&wait, 1, 100);
      }
      const std::size_t n = engine_->Reap([&](OpId op, IoStatus status) {
        EXPECT_TRUE(ended.emplace(op.v, status).second) << "operation " << op.v << " ended twice";
      });
      if (n > 0) idle = 0;
    }
    return ended;
  }
  IoStatus FinishOne() {
    const auto ended = Finish();
    EXPECT_EQ(ended.size(), 1u);
    return ended.empty() ? IoStatus::kDeviceGone : ended.begin()->second;
  }
  std::string Contents() const {
    std::ifstream in(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  std::filesystem::path dir_;
  std::string path_;
  std::unique_ptr<StorageEngine> engine_;
};

TEST_P(StorageTest, WrittenBytesAreInTheFileAndReadBack) {
  ASSERT_TRUE(engine_->Open(kDisk, File()).ok());
  const auto data = Pattern(8192, 1);
  engine_->Write(OpId(10), kDisk, 4096, data, false);
  EXPECT_EQ(engine_->in_flight(), 1u);
  EXPECT_EQ(FinishOne(), IoStatus::kOk);
  EXPECT_TRUE(Contents().substr(4096, 8192) == std::string(data.begin(), data.end()));

  std::vector<std::uint8_t> back(8192);
  engine_->Read(OpId(11), kDisk, 4096, back);
  EXPECT_EQ(FinishOne(), IoStatus::kOk);
  EXPECT_EQ(back, data);
}

TEST_P(StorageTest, FuaAndFlush) {
  ASSERT_TRUE(engine_->Open(kDisk, File()).ok());
  const auto data = Pattern(512, 2);
  engine_->Write(OpId(1), kDisk, 0, data, true);
  EXPECT_EQ(FinishOne(), IoStatus::kOk);
  engine_->Flush(OpId(2), kDisk);
  EXPECT_EQ(FinishOne(), IoStatus::kOk);
}

// What the kernel says about the pages of the file: FUA's must be clean when it ends, while those
// of a plain write before it are still dirty.
TEST_P(StorageTest, FuaIsOnTheDiskWhenItEnds) {
  struct {
    std::uint64_t offset = 0, length = 0;
  } whole;
  struct {
    std::uint64_t cached = 0, dirty = 0, writeback = 0, evicted = 0, recently_evicted = 0;
  } pages;
  constexpr long kCachestat = 451;  // Linux 6.5; not in glibc 2.36.
  const int fd = open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  const auto dirty_pages = [&]() -> long {
    return syscall(kCachestat, fd, &whole, &pages, 0) == 0
               ? static_cast<long>(pages.dirty + pages.writeback)
               : -1;
  };
  ASSERT_TRUE(engine_->Open(kDisk, File()).ok());
  const auto data = Pattern(65536, 2);
  engine_->Write(OpId(1), kDisk, 0, data, false);
  EXPECT_EQ(FinishOne(), IoStatus::kOk);
  const long plain = dirty_pages();
  if (plain <= 0) {
    close(fd);
    GTEST_SKIP() << "SKIPPED: cachestat shows no dirty pages here (Linux before 6.5, or " << path_
                 << " is in memory): " << (plain < 0 ? std::strerror(errno) : "none");
  }
  engine_->Write(OpId(2), kDisk, 65536, data, true);
  EXPECT_EQ(FinishOne(), IoStatus::kOk);
  EXPECT_LE(dirty_pages(), plain);
  engine_->Flush(OpId(3), kDisk);
  EXPECT_EQ(FinishOne(), IoStatus::kOk);
  EXPECT_EQ(dirty_pages(), 0);
  close(fd);
}

TEST_P(StorageTest, OpenSaysTheSize) {
  const auto opened = engine_->Open(kDisk, File());
  ASSERT_TRUE(opened.ok());
  EXPECT_EQ(opened->bytes, kDiskBytes);
  const auto null = engine_->Open(kNull, Null(1 << 30));
  ASSERT_TRUE(null.ok());
  EXPECT_EQ(null->bytes, 1u << 30);
}

TEST_P(StorageTest, OpenErrorsNameTheFileAndTheReason) {
  DeviceSpec spec = File();
  spec.path = path_ + ".absent";
  auto opened = engine_->Open(kDisk, spec);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error(), "device disk: cannot open " + spec.path +
                                ": No such file or directory; expected an existing file or block "
                                "device");
  spec.path = dir_.string();
  spec.read_only = true;
  opened = engine_->Open(kDisk, spec);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error(),
            "device disk: " + spec.path + " is neither a regular file nor a block device");
}

// Past: the file was cut short behind our back. Expect no stale bytes passed off as data.
TEST_P(StorageTest, ShortReads) {
  ASSERT_TRUE(engine_->Open(kDisk, File()).ok());
  std::filesystem::resize_file(path_, 10000);
  std::vector<std::uint8_t> back(8192, 0xaa);
  engine_->Read(OpId(1), kDisk, 4096, back);  // 5904 bytes, then nothing.
  EXPECT_EQ(FinishOne(), IoStatus::kShort);
  engine_->Read(OpId(2), kDisk, 65536, back);  // Nothing at all.
  EXPECT_EQ(FinishOne(), IoStatus::kShort);
}

TEST_P(StorageTest, BeyondTheEndTouchesNothing) {
  ASSERT_TRUE(engine_->Open(kDisk, File()).ok());
  auto data = Pattern(1024, 3);
  const auto before = data;
  engine_->Write(OpId(1), kDisk, kDiskBytes - 512, data, false);
  EXPECT_EQ(FinishOne(), IoStatus::kIoError);
  EXPECT_TRUE(Contents() == std::string(kDiskBytes, '\0'));
  engine_->Read(OpId(2), kDisk, kDiskBytes - 512, data);
  EXPECT_EQ(FinishOne(), IoStatus::kShort);
  EXPECT_EQ(data, before);
  engine_->Read(OpId(3), kDisk, ~std::uint64_t{0} - 511, data);
  EXPECT_EQ(FinishOne(), IoStatus::kShort);
}

TEST_P(StorageTest, UnknownUnitIsGone) {
  std::vector<std::uint8_t> back(512);
  engine_->Read(OpId(1), LuId(99), 0, back);
  EXPECT_EQ(FinishOne(), IoStatus::kDeviceGone);
  ASSERT_TRUE(engine_->Open(kDisk, File()).ok());
  engine_->Close(kDisk);
  engine_->Flush(OpId(2), kDisk);
  EXPECT_EQ(FinishOne(), IoStatus::kDeviceGone);
}

// A file system that is full, as far as this process is concerned.
TEST_P(StorageTest, NoSpaceIsToldApart) {
  signal(SIGXFSZ, SIG_IGN);
  ASSERT_TRUE(engine_->Open(kDisk, File()).ok());
  ASSERT_TRUE(engine_->Resize(kDisk, 4 << 20).ok());
  rlimit old{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &old), 0);
  const rlimit small{2 << 20, old.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto data = Pattern(4096, 4);
  engine_->Write(OpId(1), kDisk, 3 << 20, data, false);
  const IoStatus status = FinishOne();
  setrlimit(RLIMIT_FSIZE, &old);
  EXPECT_EQ(status, IoStatus::kNoSpace);
}

TEST_P(StorageTest, ReadOnlyStoresTakeNoWrites) {
  DeviceSpec spec = File();
  spec.read_only = true;
  ASSERT_TRUE(engine_->Open(kDisk, spec).ok());
  engine_->Write(OpId(1), kDisk, 0, Pattern(512, 5), false);
  EXPECT_EQ(FinishOne(), IoStatus::kIoError);
  EXPECT_TRUE(Contents() == std::string(kDiskBytes, '\0'));
}

TEST_P(StorageTest, ManyAtOnceEachReportedOnce) {
  ASSERT_TRUE(engine_->Open(kDisk, File()).ok());
  // More than a ring takes at once.
  constexpr std::uint64_t kOperations = 5000;
  std::vector<std::vector<std::uint8_t>> blocks;
  for (std::uint64_t i = 0; i < 256; ++i) {
    blocks.push_back(Pattern(4096, static_cast<std::uint8_t>(i)));
  }
  for (std::uint64_t i = 0; i < kOperations; ++i) {
    engine_->Write(OpId(i), kDisk, i % 256 * 4096, blocks[i % 256], false);
  }
  const auto ended = Finish();
  EXPECT_EQ(ended.size(), kOperations);
  for (const auto& [op, status] : ended) EXPECT_EQ(status, IoStatus::kOk) << op;
  std::string expected;
  for (const auto& block : blocks) expected.append(block.begin(), block.end());
  EXPECT_TRUE(Contents() == expected);
}

TEST_P(StorageTest, NothingIsReportedFromWithinTheCallAndReapMayAskForMore) {
  ASSERT_TRUE(engine_->Open(kNull, Null(1 << 20)).ok());
  std::vector<std::uint8_t> back(512, 0xaa);
  engine_->Read(OpId(1), kNull, 0, back);
  EXPECT_EQ(engine_->ready(), 1u);
  int calls = 0;
  const auto again = [&](OpId op, IoStatus status) {
    ++calls;
    EXPECT_EQ(status, IoStatus::kOk);
    engine_->Read(OpId(op.v + 1), kNull, 0, back);
  };
  EXPECT_EQ(engine_->Reap(again), 1u);
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(engine_->in_flight(), 1u);
}

TEST_P(StorageTest, NullDeviceReadsZeroesNeverWhatLayThere) {
  ASSERT_TRUE(engine_->Open(kNull, Null(1 << 20)).ok());
  ASSERT_TRUE(engine_->Open(kDisk, File()).ok());
  constexpr std::size_t kBuffer = 4096;
  std::vector<std::uint8_t> pool(4 * kBuffer, 0xaa);
  engine_->RegisterMemory(pool, kBuffer);
  const MutableBytes buffer{pool.data() + kBuffer, kBuffer};
  const auto read_null = [&](std::size_t n) {
    engine_->Read(OpId(1), kNull, 0, buffer.first(n));
    EXPECT_EQ(FinishOne(), IoStatus::kOk);
    EXPECT_TRUE(std::all_of(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(n),
                            [](std::uint8_t b) { return b == 0; }));
  };
  read_null(512);
  read_null(kBuffer);
  // The engine itself writes there: a read of a file.
  engine_->Write(OpId(2), kDisk, 0, Pattern(kBuffer, 9), false);
  EXPECT_EQ(FinishOne(), IoStatus::kOk);
  engine_->Read(OpId(3), kDisk, 0, buffer);
  EXPECT_EQ(FinishOne(), IoStatus::kOk);
  EXPECT_NE(buffer[100], 0);
  read_null(kBuffer);
  // Somebody else does, and says so.
  std::fill(buffer.begin(), buffer.end(), std::uint8_t{0xbb});
  engine_->Touched(buffer.data());
  read_null(kBuffer);
}

TEST_P(StorageTest, NullDeviceTakesWritesAndFlushesAndKeepsItsSize) {
  ASSERT_TRUE(engine_->Open(kNull, Null(4096)).ok());
  engine_->Write(OpId(1), kNull, 0, Pattern(4096, 1), true);
  engine_->Flush(OpId(2), kNull);
  engine_->Write(OpId(3), kNull, 512, Pattern(4096, 1), false);
  const std::map<std::uint64_t, IoStatus> expected{
      {1, IoStatus::kOk}, {2, IoStatus::kOk}, {3, IoStatus::kIoError}};
  EXPECT_EQ(Finish(), expected);
}

TEST_P(StorageTest, ResizeGrowsAFileAndNeverCutsIt) {
  ASSERT_TRUE(engine_->Open(kDisk, File()).ok());
  auto size = engine_->Resize(kDisk, 2 * kDiskBytes);
  ASSERT_TRUE(size.ok());
  EXPECT_EQ(*size, 2 * kDiskBytes);
  EXPECT_EQ(std::filesystem::file_size(path_), 2 * kDiskBytes);
  size = engine_->Resize(kDisk, 4096);
  ASSERT_TRUE(size.ok());
  EXPECT_EQ(*size, 4096u);
  EXPECT_EQ(std::filesystem::file_size(path_), 2 * kDiskBytes);
  // Grown from outside; 0 asks for what is there.
  std::filesystem::resize_file(path_, 3 * kDiskBytes);
  size = engine_->Resize(kDisk, 0);
  ASSERT_TRUE(size.ok());
  EXPECT_EQ(*size, 3 * kDiskBytes);
  engine_->Write(OpId(1), kDisk, 3 * kDiskBytes - 512, Pattern(512, 1), false);
  EXPECT_EQ(FinishOne(), IoStatus::kOk);
}

TEST_P(StorageTest, DirectIoFallsBackForOddMemory) {
  DeviceSpec spec = File();
  spec.o_direct = true;
  const auto opened = engine_->Open(kDisk, spec);
  if (!opened.ok()) {
    EXPECT_NE(opened.error().find("leave o_direct out"), std::string::npos) << opened.error();
    GTEST_SKIP() << "SKIPPED: the file system of " << path_ << " has no O_DIRECT";
  }
  const auto data = Pattern(8192 + 1, 6);
  void* aligned = nullptr;
  ASSERT_EQ(posix_memalign(&aligned, 4096, 16384), 0);
  auto* memory = static_cast<std::uint8_t*>(aligned);
  std::copy(data.begin(), data.end() - 1, memory);
  engine_->Write(OpId(1), kDisk, 0, Bytes(memory, 8192), true);
  EXPECT_EQ(FinishOne(), IoStatus::kOk);
  // Misaligned memory, then a length that no disk takes.
  engine_->Write(OpId(2), kDisk, 8192, Bytes(data).subspan(1), false);
  EXPECT_EQ(FinishOne(), IoStatus::kOk);
  engine_->Write(OpId(3), kDisk, 16384, Bytes(memory, 100), false);
  EXPECT_EQ(FinishOne(), IoStatus::kOk);
  const std::string contents = Contents();
  EXPECT_TRUE(contents.substr(0, 8192) == std::string(data.begin(), data.end() - 1));
  EXPECT_TRUE(contents.substr(8192, 8192) == std::string(data.begin() + 1, data.end()));
  EXPECT_EQ(contents.substr(16384, 100), std::string(data.begin(), data.begin() + 100));
  std::fill_n(memory, 16384, std::uint8_t{0});
  engine_->Read(OpId(4), kDisk, 0, MutableBytes(memory, 16384));
  EXPECT_EQ(FinishOne(), IoStatus::kOk);
  EXPECT_TRUE(std::string(memory, memory + 8192) == contents.substr(0, 8192));
  std::free(aligned);
}

TEST_P(StorageTest, DestructionWaitsForWhatIsInFlight) {
  ASSERT_TRUE(engine_->Open(kDisk, File()).ok());
  const auto data = Pattern(4096, 8);
  for (std::uint64_t i = 0; i < 100; ++i) engine_->Write(OpId(i), kDisk, i * 4096, data, false);
  engine_.reset();
  EXPECT_TRUE(Contents().substr(std::size_t{99} * 4096, 4096) ==
              std::string(data.begin(), data.end()));
}

// Core's bound: an operation for each command of each channel, and one for each data buffer. The
// flushes of all commands and the pieces of all buffers come at once: expect each to end.
TEST_P(StorageTest, TakesAllThatCoreMayAsk) {
  const Parameters parameters;
  const std::uint64_t commands =
      std::uint64_t{parameters.channels_per_shard} * limits::kCommandsPerChannel;
  const std::uint64_t all = commands + parameters.data_buffers_per_shard;
  Start(StorageOptionsFor(parameters));
  ASSERT_TRUE(engine_->Open(kDisk, File()).ok());
  std::vector<std::uint8_t> into(512);
  for (std::uint64_t i = 0; i < all; ++i) {
    if (i < commands) {
      engine_->Flush(OpId(i), kDisk);
    } else {
      engine_->Read(OpId(i), kDisk, 0, into);
    }
  }
  EXPECT_EQ(engine_->in_flight(), all);
  EXPECT_EQ(Finish().size(), all);
}

INSTANTIATE_TEST_SUITE_P(Backends, StorageTest, testing::Values(false, true),
                         [](const auto& info) { return info.param ? "Threads" : "Uring"; });

}  // namespace
}  // namespace srpt::target
