// A World driven by hand, for stateful properties: hosts log in, send one thing at a time, and all
// that came back is collected in an order that does not depend on latencies. A model says what
// should have come; the two are compared as values, and shown as text.
//
// Owns its World. Nothing here checks the target but what any initiator would (Complaint()).
#ifndef SIM_MODELS_HAND_H_
#define SIM_MODELS_HAND_H_

#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "core/base/types.h"
#include "core/initiator/initiator.h"
#include "core/scsi/sense.h"
#include "core/wire/rsp.h"
#include "core/wire/tsk_mgmt.h"
#include "sim/world.h"

namespace srpt::sim::models {

// Of one block at LBA 0, where blocks are moved.
enum class Ask : std::uint8_t {
  kTestUnitReady,
  kInquiry,
  kReportLuns,
  kRead,
  kWrite,           // The target fetches the data.
  kWriteImmediate,  // They are in the IU.
  kSynchronize,
};
// "READ(10)"
std::string ToString(Ask ask);
// It waits for the disk.
constexpr bool UsesDisk(Ask ask) { return ask >= Ask::kRead; }
// What the disk has of it cannot be recalled.
constexpr bool Writes(Ask ask) { return ask == Ask::kWrite || ask == Ask::kWriteImmediate; }

// What a RSP said.
struct Answer {
  std::size_t channel = 0;
  std::uint64_t tag = 0;
  scsi::Status status = scsi::Status::kGood;
  std::uint8_t key = 0, asc = 0, ascq = 0;  // Of CHECK CONDITION.
  std::optional<wire::RspCode> code;        // Of task management.

  static Answer Good(std::size_t channel, std::uint64_t tag) {
    return {channel, tag, scsi::Status::kGood, 0, 0, 0, std::nullopt};
  }
  static Answer Check(std::size_t channel, std::uint64_t tag, const scsi::Sense& sense) {
    return {channel,    tag,         scsi::Status::kCheckCondition, sense.key, sense.asc,
            sense.ascq, std::nullopt};
  }
  static Answer Managed(std::size_t channel, std::uint64_t tag, wire::RspCode code) {
    return {channel, tag, scsi::Status::kGood, 0, 0, 0, code};
  }
  friend bool operator==(const Answer&, const Answer&) = default;
};
std::string ToString(const Answer& answer);
using Answers = std::vector<Answer>;
// By channel, then by tag: what came of one thing has no other order.
void Sort(Answers& answers);

// What an AER_REQ said.
struct Event {
  std::size_t channel = 0;
  RawLun lun;
  std::uint8_t asc = 0, ascq = 0;
  friend bool operator==(const Event&, const Event&) = default;
};
std::string ToString(const Event& event);

// How RapidCheck shows them.
inline void showValue(const Answer& answer, std::ostream& os) { os << ToString(answer); }
inline void showValue(const Event& event, std::ostream& os) { os << ToString(event); }

class Hand {
 public:
  // Of `options` a small target is made: few channels and data buffers, so that one is quick to set
  // up.
  explicit Hand(WorldOptions options);

  World& world() { return world_; }
  const World& world() const { return world_; }

  // --- What a host does. Channels are counted from 0, over all hosts, as they come.
  // One that is refused is our own bug.
  std::size_t LogIn(std::uint32_t host, bool multichannel = false);
  // `tag` is not outstanding there, and there is a credit.
  void Send(std::size_t channel, std::uint64_t tag, LunNumber lun, Ask ask);
  void Manage(std::size_t channel, std::uint64_t tag, LunNumber lun, wire::TskMgmtFunction function,
              std::uint64_t task = 0);
  // It will never be answered, says the model.
  void Forget(std::size_t channel, std::uint64_t tag);
  const initiator::Channel& srp(std::size_t channel) const { return channels_[channel]->srp; }
  std::size_t channels() const { return channels_.size(); }

  // --- What comes of it
  // Everything that comes within this time, sorted. Requests of the target are answered behind it,
  // and what comes then is waited for as well.
  Answers Settle(Duration time);
  // What AER_REQs said during the last Settle.
  const std::vector<Event>& events() const { return events_; }
  // The data-in of the channel's last command that had any room for them.
  std::vector<std::uint8_t> Data(std::size_t channel, std::size_t bytes) const;
  // The first rule that a peer or the simulator saw broken. Empty: none.
  std::string Complaint();

 private:
  struct Connection {
    initiator::Channel srp;
    PeerId peer;
    Region in, out;
  };
  Connection& At(std::size_t channel) { return *channels_.at(channel); }
  // True: the target asked for something.
  bool Take(std::size_t channel, const PeerEvent& event, Answers& answers);
  void Complain(std::size_t channel, std::string_view what);

  World world_;
  std::vector<HostId> hosts_;
  std::vector<std::unique_ptr<Connection>> channels_;
  std::vector<Event> events_;
  std::string complaint_;
};

}  // namespace srpt::sim::models

#endif  // SIM_MODELS_HAND_H_
