// An event channel of librdmacm, non-blocking, of one thread.
#ifndef TARGET_VERBS_EVENT_CHANNEL_H_
#define TARGET_VERBS_EVENT_CHANNEL_H_

#include <rdma/rdma_cma.h>

#include <string>

namespace srpt::target {

class EventChannel {
 public:
  EventChannel() = default;
  ~EventChannel();  // No id is left on it.
  EventChannel(const EventChannel&) = delete;
  EventChannel& operator=(const EventChannel&) = delete;

  // Empty, or what failed.
  std::string Open();
  rdma_event_channel* get() const { return channel_; }
  int fd() const { return channel_->fd; }

 private:
  rdma_event_channel* channel_ = nullptr;
};

// "what: the text of errno".
std::string Because(const char* what);

}  // namespace srpt::target

#endif  // TARGET_VERBS_EVENT_CHANNEL_H_
