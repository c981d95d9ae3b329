// The devices that a daemon has opened: their ids, attributes and backing stores, one store a
// shard.
#ifndef TARGET_STORAGE_DEVICE_TABLE_H_
#define TARGET_STORAGE_DEVICE_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/scsi/lu.h"
#include "target/config/configuration.h"
#include "target/storage/device_opener.h"
#include "target/storage/stores.h"

namespace srpt::target {

// Not thread-safe, and it calls the shards' stores: use it where they may be called.
class DeviceTable {
 public:
  struct Entry {
    LuId id;
    config::Device device;
    std::uint64_t bytes = 0;  // As presented.
  };

  // `setup_id`: config::Configuration's, for the identities. `shards`, by ShardId, outlive the
  // table.
  DeviceTable(std::vector<Stores*> shards, std::uint64_t setup_id);

  // Opens the store of `device` once for each of `shards`: from any thread, takes as long as its
  // file system does. The error says what is wrong with which file.
  static OpenedStores OpenAll(const config::Device& device, std::size_t shards);
  // Gives each shard its store, under an id that nobody has (and, as ids go round, nobody had a
  // short while ago), and describes the unit for admin::AddLu. The error: there is such a device
  // already, the store is too small, or there are limits::kLusMax devices.
  Result<scsi::LuView, std::string> Add(const config::Device& device,
                                        std::vector<BackingFile> stores);
  // Both.
  Result<scsi::LuView, std::string> Open(const config::Device& device);
  std::size_t shards() const { return shards_.size(); }
  // After action::ReleaseLu, or when AddLu was refused. Unknown ids are ignored.
  void Close(LuId lu);
  // StorageEngine::Resize on all shards; answers the unit's blocks, for admin::ResizeLu.
  Result<std::uint64_t, std::string> Resize(const std::string& name, std::uint64_t bytes);

  const Entry* Find(const std::string& name) const;
  const std::vector<Entry>& entries() const { return entries_; }

 private:
  std::vector<Stores*> shards_;
  std::vector<Entry> entries_;
  const std::uint64_t setup_id_;
  std::uint32_t next_id_ = 0;
};

}  // namespace srpt::target

#endif  // TARGET_STORAGE_DEVICE_TABLE_H_
