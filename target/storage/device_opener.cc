#include "target/storage/device_opener.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "core/base/check.h"

namespace srpt::target {

// Of the opener and of every thread that has not ended.
struct DeviceOpener::Shared {
  Shared() : event_fd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;
  ~Shared() {
    if (event_fd >= 0) close(event_fd);
  }
  void Add(Opened opened) {
    const std::lock_guard<std::mutex> lock(mutex);
    done.push_back(std::move(opened));
    const std::uint64_t one = 1;
    SRPT_CHECK(write(event_fd, &one, sizeof one) == sizeof one);
  }

  const int event_fd;
  std::mutex mutex;
  std::deque<Opened> done;
};

DeviceOpener::DeviceOpener(OpenStores open)
    : open_(std::move(open)), shared_(std::make_shared<Shared>()) {}
DeviceOpener::~DeviceOpener() = default;

void DeviceOpener::Open(AdminId id, const config::Device& device, std::size_t copies) {
  try {
    std::thread([shared = shared_, open = open_, id, device, copies] {
      shared->Add({id, device, open(device, copies)});
    }).detach();
  } catch (const std::system_error& error) {
    shared_->Add(
        {id, device, Err{"device " + device.name + ": no thread to open it: " + error.what()}});
  }
}

std::optional<DeviceOpener::Opened> DeviceOpener::Take() {
  const std::lock_guard<std::mutex> lock(shared_->mutex);
  if (shared_->done.empty()) return std::nullopt;
  std::optional<Opened> opened = std::move(shared_->done.front());
  shared_->done.pop_front();
  std::uint64_t count = 0;
  if (shared_->done.empty()) {
    SRPT_CHECK(read(shared_->event_fd, &count, sizeof count) == sizeof count);
  }
  return opened;
}

int DeviceOpener::event_fd() const { return shared_->event_fd; }

}  // namespace srpt::target
