#include "sim/story.h"

#include <array>
#include <utility>

namespace srpt::sim {
namespace {

constexpr std::array<std::string_view, static_cast<std::size_t>(StoryEvent::Kind::kCount)> kNames =
    {"REQ",
     "REP",
     "REJ",
     "RTU",
     "DREQ",
     "DREP",
     "IU",
     "RDMA WRITE",
     "RDMA READ",
     "probe",
     "refused access",
     "RNR",
     "completion",
     "block begin",
     "block done",
     "message",
     "end",
     "fault",
     "log",
     "phase",
     "broke"};

}  // namespace

std::string_view ToString(StoryEvent::Kind kind) { return kNames[static_cast<std::size_t>(kind)]; }

void Story::AddPeer(std::uint32_t peer, const StoryPeer& as) {
  if (peers_.size() <= peer) peers_.resize(peer + 1);
  peers_[peer] = as;
}

void Story::Add(StoryEvent event) {
  if (events_.size() == kEventsMax) {
    events_.pop_front();
    ++dropped_;
  }
  events_.push_back(std::move(event));
}

}  // namespace srpt::sim
