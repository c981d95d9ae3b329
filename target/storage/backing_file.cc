#include "target/storage/backing_file.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

namespace srpt::target {
namespace {

// A partition's queue is its disk's.
bool IsRotational(const struct stat& st) {
  const std::string dir = "/sys/dev/block/" + std::to_string(major(st.st_rdev)) + ":" +
                          std::to_string(minor(st.st_rdev));
  for (const char* queue : {"/queue/rotational", "/../queue/rotational"}) {
    std::ifstream in(dir + queue);
    char digit = 0;
    if (in >> digit) return digit == '1';
  }
  return false;
}

}  // namespace

BackingFile& BackingFile::operator=(BackingFile&& other) noexcept {
  if (this == &other) return *this;
  Close();
  name_ = std::move(other.name_);
  path_ = std::move(other.path_);
  buffered_fd_ = std::exchange(other.buffered_fd_, -1);
  direct_fd_ = std::exchange(other.direct_fd_, -1);
  is_block_ = other.is_block_;
  rotational_ = other.rotational_;
  bytes_ = other.bytes_;
  return *this;
}

void BackingFile::Close() {
  if (buffered_fd_ >= 0) close(buffered_fd_);
  if (direct_fd_ >= 0) close(direct_fd_);
  buffered_fd_ = direct_fd_ = -1;
}

std::string BackingFile::Complain(const std::string& doing, int error) const {
  return "device " + name_ + ": cannot " + doing + " " + path_ + ": " + std::strerror(error);
}

Result<BackingFile, std::string> BackingFile::Open(const DeviceSpec& spec) {
  BackingFile file;
  file.name_ = spec.name;
  file.path_ = spec.path;
  file.bytes_ = spec.size_bytes;
  if (spec.kind == DeviceSpec::Kind::kNull) return file;
  const auto is_store = [](const struct stat& st) {
    return S_ISREG(st.st_mode) || S_ISBLK(st.st_mode);
  };
  const auto no_store = [&spec] {
    return Err{"device " + spec.name + ": " + spec.path +
               " is neither a regular file nor a block device"};
  };
  // Opening some character device may rewind a tape. What is not there is told below.
  struct stat st {};
  if (stat(spec.path.c_str(), &st) == 0 && !S_ISDIR(st.st_mode) && !is_store(st)) return no_store();
  // O_NONBLOCK: should it have become a FIFO by now, opening it must not hang.
  const int flags = (spec.read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NONBLOCK;
  file.buffered_fd_ = open(spec.path.c_str(), flags);
  if (file.buffered_fd_ < 0) {
    const int error = errno;
    return Err{file.Complain("open", error) + "; expected an existing file or block device" +
               (error == EROFS || error == EACCES ? " that may be written (or read_only 1)" : "")};
  }
  if (fstat(file.buffered_fd_, &st) != 0) return Err{file.Complain("look at", errno)};
  if (!is_store(st)) return no_store();
  // But no longer: for a file system without IOCB_NOWAIT (tmpfs) io_uring would answer EAGAIN.
  if (fcntl(file.buffered_fd_, F_SETFL, 0) != 0) return Err{file.Complain("set up", errno)};
  file.is_block_ = S_ISBLK(st.st_mode);
  file.rotational_ = file.is_block_ && IsRotational(st);
  if (spec.o_direct) {
    file.direct_fd_ = open(spec.path.c_str(), flags | O_DIRECT);
    if (file.direct_fd_ < 0) {
      return Err{file.Complain("open with O_DIRECT", errno) +
                 "; its file system may not support it: leave o_direct out"};
    }
    if (fcntl(file.direct_fd_, F_SETFL, O_DIRECT) != 0) return Err{file.Complain("set up", errno)};
  }
  const auto size = file.Size();
  if (!size.ok()) return Err{size.error()};
  file.bytes_ = *size;
  return file;
}

Result<std::uint64_t, std::string> BackingFile::Size() const {
  if (is_block_) {
    std::uint64_t bytes = 0;
    if (ioctl(buffered_fd_, BLKGETSIZE64, &bytes) != 0) {
      return Err{Complain("ask for the size of", errno)};
    }
    return bytes;
  }
  struct stat st {};
  if (fstat(buffered_fd_, &st) != 0) return Err{Complain("look at", errno)};
  return static_cast<std::uint64_t>(st.st_size);
}

Result<std::uint64_t, std::string> BackingFile::GrowTo(std::uint64_t bytes) {
  auto now = Size();
  if (!now.ok() || *now >= bytes) return now;
  if (is_block_) {
    return Err{"device " + name_ + ": " + path_ + " has " + std::to_string(*now) +
               " bytes; expected at most that, a block device does not grow by itself"};
  }
  if (bytes > static_cast<std::uint64_t>(INT64_MAX)) return Err{Complain("extend", EFBIG)};
  if (ftruncate(buffered_fd_, static_cast<off_t>(bytes)) != 0) {
    return Err{Complain("extend", errno)};
  }
  return bytes;
}

}  // namespace srpt::target
