// The file or block device behind a unit: opening it, and how large it is. A null device has none.
#ifndef TARGET_STORAGE_BACKING_FILE_H_
#define TARGET_STORAGE_BACKING_FILE_H_

#include <cstdint>
#include <string>
#include <utility>

#include "core/base/result.h"
#include "target/storage/device_spec.h"

namespace srpt::target {

class BackingFile {
 public:
  // The error names the device, the file, the reason, and what was expected. Takes as long as the
  // file system does; from any thread.
  static Result<BackingFile, std::string> Open(const DeviceSpec& spec);
  BackingFile() = default;
  BackingFile(BackingFile&& other) noexcept { *this = std::move(other); }
  BackingFile& operator=(BackingFile&& other) noexcept;
  ~BackingFile() { Close(); }

  int buffered_fd() const { return buffered_fd_; }
  int direct_fd() const { return direct_fd_; }  // -1: none was asked for.
  bool rotational() const { return rotational_; }
  std::uint64_t bytes() const { return bytes_; }  // When it was opened.

  // What the file or block device holds now.
  Result<std::uint64_t, std::string> Size() const;
  // Makes a shorter regular file `bytes` long.
  Result<std::uint64_t, std::string> GrowTo(std::uint64_t bytes);

 private:
  void Close();
  std::string Complain(const std::string& doing, int error) const;
  std::string name_;
  std::string path_;
  int buffered_fd_ = -1;
  int direct_fd_ = -1;
  bool is_block_ = false;
  bool rotational_ = false;
  std::uint64_t bytes_ = 0;
};

}  // namespace srpt::target

#endif  // TARGET_STORAGE_BACKING_FILE_H_
