// What a scenario is played on: a simulated world, initiators that are driven by hand, their memory
// by name, and the log of what happened.
//
// A channel is called by a letter, which is its initiator, and a number if the initiator has more
// than one: A and A2 are two channels of one nexus, B is another one's.
#ifndef CONFORMANCE_SCENARIOS_STAGE_H_
#define CONFORMANCE_SCENARIOS_STAGE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/types.h"
#include "core/event.h"
#include "core/initiator/initiator.h"
#include "core/wire/data_descriptor.h"
#include "core/wire/login_req.h"
#include "sim/peer.h"
#include "sim/story.h"
#include "sim/world.h"

namespace srpt::scenarios {

// What the log shows, each of which can be hidden: then it is counted.
enum class Topic : std::uint8_t {
  kCm,    // Connections: REQ, REP, DREQ, ... and their ends.
  kIu,    // IUs, at the end where they arrive.
  kRdma,  // RDMA WRITEs and READs; keepalive probes.
  kDisk,  // Block operations.
  kRnr,   // SENDs that found no receive.
  kLog,   // Core's own log.
  kFault,
  kCompletion,  // Of the target's work requests. Not shown unless asked for.
  kMessage,     // Between director and shards. The same.
  kCount,
};
inline constexpr std::size_t kTopics = static_cast<std::size_t>(Topic::kCount);
std::optional<Topic> ParseTopic(std::string_view word);
std::string TopicNames();

struct Channel {
  std::string name;  // "A2".
  sim::PeerId peer;
  initiator::Channel srp;
  wire::LoginReq req;
  LoginForm form = LoginForm::kRdmaCm;
  std::vector<std::uint8_t> login_rsp;
  enum class State : std::uint8_t { kAsked, kLive, kOver } state = State::kAsked;
  bool answers = true;      // The target's requests, at once.
  bool outlaw = false;      // It broke the rules: the target's answers are not judged.
  std::uint64_t tag = 0;    // The last that was taken.
  std::uint8_t status = 0;  // Of the last command that was answered.
};

class Stage : public sim::PeerSink {
 public:
  explicit Stage(const sim::WorldOptions& options);

  sim::World& world() { return world_; }
  Time now() const { return world_.now(); }

  // Runs until `done` says so, and says whether it did by then.
  bool RunUntil(const std::function<bool()>& done, Duration within);

  // --- Channels
  Channel* Find(std::string_view name);
  // A REQ leaves. The name is free, or its connection is over.
  Channel& Connect(const std::string& name, const wire::LoginReq& req, sim::ConnectOptions options);
  // False: the queue pair is not up (the log says so).
  bool Send(Channel& channel, Bytes iu, bool solicited = false);
  void Vanish(Channel& channel);
  sim::HostId HostOf(char initiator);

  // --- Memory, by name
  struct Memory {
    sim::Region region;
    sim::HostId host;
  };
  const Memory* FindMemory(std::string_view name) const;
  // Filled with `fill`. A name that is taken names the new one from then on.
  const Memory& Register(const std::string& name, char initiator, std::uint32_t bytes,
                         std::uint8_t fill);
  void Fill(const Memory& memory, std::uint8_t byte);
  std::vector<std::uint8_t> Content(const Memory& memory, std::uint64_t offset,
                                    std::uint64_t bytes) const;
  std::string NameOf(const wire::Direct& piece) const;

  // --- The log
  // What happened since it was last taken; "(not shown: ...)" at its end if something was hidden.
  std::vector<std::string> TakeLog();
  void Note(const std::string& text);
  void Show(Topic topic, bool shown) { shown_[static_cast<std::size_t>(topic)] = shown; }
  // What the target did to honest initiators that it never may; empty if nothing.
  const std::string& violation() const { return violation_; }

  // PeerSink
  void OnPeerEvent(sim::PeerId peer, const sim::PeerEvent& event, Bytes bytes) override;
  void OnTimer(std::uint64_t cookie) override { static_cast<void>(cookie); }

 private:
  void Drain();  // log.cc
  void Log(const sim::StoryEvent& event);
  void LogCm(const sim::StoryEvent& event, const std::string& who);
  void LogDisk(const sim::StoryEvent& event);
  void Put(Topic topic, Time at, const std::string& text);
  void CloseLine();
  std::string WhoIs(std::uint32_t peer) const;
  Channel* Of(sim::PeerId peer);
  void OnIu(Channel& channel, Bytes iu);
  void Judge(Channel& channel, initiator::Violation violation);

  sim::World world_;
  std::map<std::string, Channel, std::less<>> channels_;
  std::map<std::uint32_t, std::string> peers_;  // Names, by PeerId, of all there ever were.
  std::map<char, sim::HostId> hosts_;
  std::map<std::string, Memory, std::less<>> memory_;
  std::map<std::uint32_t, std::string> keys_;  // Names of memory, by rkey.
  std::array<bool, kTopics> shown_{};
  std::array<std::uint64_t, kTopics> hidden_{};
  std::vector<std::string> log_;
  std::uint64_t same_ = 0;     // How often the last line was put there.
  std::uint64_t drained_ = 0;  // Events of the story.
  std::string violation_;
};

}  // namespace srpt::scenarios

#endif  // CONFORMANCE_SCENARIOS_STAGE_H_
