// Opens backing stores beside the loop, for devices that are added while srpt runs: an open may
// take as long as its file system likes.
//
// Each open has a thread of its own, so one that hangs holds up no other; a thread that still hangs
// when the opener goes is left to itself, and whatever it opens then is closed.
#ifndef TARGET_STORAGE_DEVICE_OPENER_H_
#define TARGET_STORAGE_DEVICE_OPENER_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/base/types.h"
#include "target/config/configuration.h"
#include "target/storage/backing_file.h"

namespace srpt::target {

// One store a shard; or what is wrong with which file.
using OpenedStores = Result<std::vector<BackingFile>, std::string>;
// Opens a device's store so many times. Called from any thread.
using OpenStores = std::function<OpenedStores(const config::Device&, std::size_t)>;

class DeviceOpener {
 public:
  explicit DeviceOpener(OpenStores open);
  ~DeviceOpener();  // Waits for nobody.
  DeviceOpener(const DeviceOpener&) = delete;
  DeviceOpener& operator=(const DeviceOpener&) = delete;

  // Begins to open the device's store `copies` times. Take tells the end, `id` whose it is.
  void Open(AdminId id, const config::Device& device, std::size_t copies);

  struct Opened {
    AdminId id;
    config::Device device;
    OpenedStores stores;
  };
  // What has ended, in the order in which it did.
  std::optional<Opened> Take();
  // Readable while Take may have something; -1: the system had no descriptor left.
  int event_fd() const;

 private:
  struct Shared;
  const OpenStores open_;
  const std::shared_ptr<Shared> shared_;
};

}  // namespace srpt::target

#endif  // TARGET_STORAGE_DEVICE_OPENER_H_
