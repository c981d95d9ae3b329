// All that crossed a seam in one run, for reports: what the wire carried, what the disks did, what
// director and shards said to each other, which faults struck, what core logged.
//
// Only kept if WorldOptions::story says so. Keeping it draws nothing and changes nothing, so the
// run is the same whether anybody looks or not. sim/report makes charts, captures and pages of it.
#ifndef SIM_STORY_H_
#define SIM_STORY_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/types.h"
#include "core/event.h"

namespace srpt::sim {

struct StoryEvent {
  enum class Kind : std::uint8_t {
    // Messages of the CM as they arrive; bytes: the private data of REQ, REP, REJ.
    kReq,
    kRep,
    kRej,
    kRtu,
    kDreq,
    kDrep,
    // The data path, as it arrives. kIu: bytes has all of it. kRdmaWrite, kRdmaRead (posted by the
    // target, always): address, rkey and length, and the first kDataBytes of the data.
    kIu,
    kRdmaWrite,
    kRdmaRead,
    kProbe,          // A work request of no bytes; it was acknowledged.
    kRefusedAccess,  // An RDMA access that the peer's memory did not allow; text: why.
    kRnr,            // A SEND found no receive; id: how often by now.
    kCompletion,     // The target hears of it; id: SendId, BufferId or RecvId; text: what and how.
    // Disks; id: the operation. kBlockBegin: text "read", "write", "write FUA", "flush"; address
    // and length in bytes. kBlockDone: the same, with how it ended.
    kBlockBegin,
    kBlockDone,
    kMessage,  // Between director and shard; text: its name.
    kEnd,      // The peer's connection is over: it vanished, disconnected, was refused; text.
    kFault,    // One struck; text: its kind.
    kLog,      // Of core; text.
    kPhase,    // Of the run; text.
    kBroke,    // id: number of the invariant; text: what broke.
    kCount,
  };
  static constexpr std::uint32_t kNobody = 0xffffffffu;
  static constexpr std::size_t kDataBytes = 64;

  Kind kind = Kind::kLog;
  bool to_target = false;  // Its direction; kMessage: to the director.
  bool solicited = false;
  Time sent;  // When it left; if that was not kept, or nothing travels: as `at`.
  Time at;    // When it arrived or happened. Never falls from one event to the next.
  std::uint32_t peer = kNobody;  // PeerId.
  std::uint32_t shard = kNobody;
  std::uint32_t disk = kNobody;  // LuId.
  std::uint32_t rkey = 0;
  std::uint64_t id = 0;
  std::uint64_t address = 0;
  std::uint64_t length = 0;
  std::string text;
  std::vector<std::uint8_t> bytes;
};
std::string_view ToString(StoryEvent::Kind kind);

// An initiator's end of a connection, by PeerId.
struct StoryPeer {
  std::uint32_t host = 0;  // HostId: the same for all channels of one initiator.
  LoginForm form = LoginForm::kRdmaCm;
  bool iwarp = false;
  std::uint32_t port = 0;  // Index of the target port.
};

class Story {
 public:
  // The last ones are kept: a run that is to be read is shorter.
  static constexpr std::size_t kEventsMax = 200000;

  void AddPeer(std::uint32_t peer, const StoryPeer& as);
  void Add(StoryEvent event);

  const std::deque<StoryEvent>& events() const { return events_; }
  // How many came before the first of them.
  std::uint64_t dropped() const { return dropped_; }
  const std::vector<StoryPeer>& peers() const { return peers_; }

  // What the world was like.
  std::uint32_t shards = 1;
  struct DiskShape {
    std::string name;
    std::uint32_t block_bytes = 512;
  };
  std::vector<DiskShape> disks;  // By LuId.

 private:
  std::deque<StoryEvent> events_;
  std::vector<StoryPeer> peers_;
  std::uint64_t dropped_ = 0;
};

}  // namespace srpt::sim

#endif  // SIM_STORY_H_
