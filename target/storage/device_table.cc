#include "target/storage/device_table.h"

#include <algorithm>
#include <utility>

#include "core/base/check.h"
#include "core/base/limits.h"
#include "target/config/to_core.h"

namespace srpt::target {

DeviceTable::DeviceTable(std::vector<Stores*> shards, std::uint64_t setup_id)
    : shards_(std::move(shards)), setup_id_(setup_id) {
  SRPT_CHECK(!shards_.empty());
}

OpenedStores DeviceTable::OpenAll(const config::Device& device, std::size_t shards) {
  const DeviceSpec spec = config::ToDeviceSpec(device);
  std::vector<BackingFile> stores;
  for (std::size_t i = 0; i < shards; ++i) {
    auto store = BackingFile::Open(spec);
    if (!store.ok()) return Err{store.error()};
    stores.push_back(std::move(store.value()));
  }
  return stores;
}

Result<scsi::LuView, std::string> DeviceTable::Add(const config::Device& device,
                                                   std::vector<BackingFile> stores) {
  SRPT_CHECK(stores.size() == shards_.size());
  if (Find(device.name) != nullptr) {
    return Err{"device " + device.name + " exists already; expected a name of its own"};
  }
  const DeviceSpec spec = config::ToDeviceSpec(device);
  const std::uint64_t bytes = stores.back().bytes();
  if (bytes < device.block_bytes) {
    return Err{"device " + device.name + ": " + spec.path + " has " + std::to_string(bytes) +
               " bytes; expected at least one block of " + std::to_string(device.block_bytes)};
  }
  if (entries_.size() == limits::kLusMax) {
    return Err{"there are " + std::to_string(limits::kLusMax) +
               " devices already, which is the most"};
  }
  const auto taken = [&](LuId id) {
    return std::any_of(entries_.begin(), entries_.end(),
                       [&](const Entry& e) { return e.id == id; });
  };
  while (taken(LuId(next_id_))) next_id_ = (next_id_ + 1) % limits::kLusMax;
  const LuId id(next_id_);
  next_id_ = (next_id_ + 1) % limits::kLusMax;
  const bool rotational = stores.back().rotational();
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    shards_[i]->Open(id, spec, std::move(stores[i]));
  }
  entries_.push_back({id, device, bytes});
  return config::ToLuView(device, setup_id_, id, bytes, rotational);
}

Result<scsi::LuView, std::string> DeviceTable::Open(const config::Device& device) {
  OpenedStores stores = OpenAll(device, shards_.size());
  if (!stores.ok()) return Err{stores.error()};
  return Add(device, std::move(stores.value()));
}

void DeviceTable::Close(LuId lu) {
  const auto entry =
      std::find_if(entries_.begin(), entries_.end(), [&](const Entry& e) { return e.id == lu; });
  if (entry == entries_.end()) return;
  for (Stores* stores : shards_) stores->Close(lu);
  entries_.erase(entry);
}

Result<std::uint64_t, std::string> DeviceTable::Resize(const std::string& name,
                                                       std::uint64_t bytes) {
  const auto entry = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const Entry& e) { return e.device.name == name; });
  if (entry == entries_.end()) {
    return Err{"device " + name + " does not exist; expected one of 'list devices'"};
  }
  if (bytes != 0 && bytes < entry->device.block_bytes) {
    return Err{"device " + name + ": " + std::to_string(bytes) +
               " bytes; expected at least one block of " +
               std::to_string(entry->device.block_bytes)};
  }
  for (Stores* stores : shards_) {
    auto size = stores->Resize(entry->id, bytes);
    if (!size.ok()) return size;
    entry->bytes = *size;
  }
  return entry->bytes / entry->device.block_bytes;
}

const DeviceTable::Entry* DeviceTable::Find(const std::string& name) const {
  for (const Entry& entry : entries_) {
    if (entry.device.name == name) return &entry;
  }
  return nullptr;
}

}  // namespace srpt::target
