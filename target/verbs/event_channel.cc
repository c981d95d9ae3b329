#include "target/verbs/event_channel.h"

#include <fcntl.h>

#include <cerrno>
#include <cstring>

#include "target/verbs/seam.h"

namespace srpt::target {

std::string Because(const char* what) { return std::string(what) + ": " + std::strerror(errno); }

EventChannel::~EventChannel() {
  if (channel_ != nullptr) verbs::DestroyEventChannel(channel_);
}

std::string EventChannel::Open() {
  channel_ = verbs::CreateEventChannel();
  if (channel_ == nullptr) return Because("cannot open an RDMA/CM event channel");
  const int flags = fcntl(channel_->fd, F_GETFL);
  if (flags < 0 || fcntl(channel_->fd, F_SETFL, flags | O_NONBLOCK) != 0) {
    return Because("cannot make the RDMA/CM event channel non-blocking");
  }
  return "";
}

}  // namespace srpt::target
