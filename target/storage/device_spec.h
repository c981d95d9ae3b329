// What the storage engine must know in order to open a device's backing store.
#ifndef TARGET_STORAGE_DEVICE_SPEC_H_
#define TARGET_STORAGE_DEVICE_SPEC_H_

#include <cstdint>
#include <string>

namespace srpt::target {

struct DeviceSpec {
  enum class Kind : std::uint8_t { kFile, kNull };

  std::string name;  // The SCST device, for messages.
  Kind kind = Kind::kNull;

  // kFile: an existing regular file or block device.
  std::string path;
  bool read_only = false;
  // Bypass the page cache. Accesses that the kernel refuses for their alignment go through the page
  // cache all the same; a file system without O_DIRECT is refused at Open.
  bool o_direct = false;
  // Every write is on stable storage when it ends.
  bool write_through = false;

  std::uint64_t size_bytes = 0;  // kNull.
};

}  // namespace srpt::target

#endif  // TARGET_STORAGE_DEVICE_SPEC_H_
