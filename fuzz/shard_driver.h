// A driver of one Shard whose world is a string of bytes: it keeps a driver's contract (event.h:
// completions in order, each once, all flushed after an error) and lets the bytes choose everything
// else: what the peer sends, how work ends and when, what the director says, how time goes.
#ifndef FUZZ_SHARD_DRIVER_H_
#define FUZZ_SHARD_DRIVER_H_

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "core/base/bytes.h"
#include "core/srp/shard.h"

namespace srpt::fuzz {

// The input, read front to back; zeroes behind its end.
class Input {
 public:
  explicit Input(Bytes bytes) : bytes_(bytes) {}
  bool empty() const { return at_ >= bytes_.size(); }
  std::uint8_t U8() { return empty() ? std::uint8_t{0} : bytes_[at_++]; }
  std::uint16_t U16() {
    const std::uint8_t high = U8();
    return static_cast<std::uint16_t>((high << 8) | U8());
  }
  // Below n (n > 0).
  std::uint32_t Below(std::uint32_t n) { return n <= 256 ? U8() % n : U16() % n; }
  Bytes Take(std::size_t n) {
    n = std::min(n, bytes_.size() - std::min(at_, bytes_.size()));
    const Bytes out = bytes_.subspan(std::min(at_, bytes_.size()), n);
    at_ += n;
    return out;
  }

 private:
  Bytes bytes_;
  std::size_t at_ = 0;
};

class ShardDriver : public MemoryPort {
 public:
  // The first bytes choose credits, queue sizes, buffers and how many channels start logged in.
  explicit ShardDriver(Input& input);

  // One choice of the input, carried out. Stops the program if the shard broke a rule.
  void Turn();
  // Lets everything end well, and checks that nothing remains.
  void Finish();

  MutableBytes SendBuffer(ChannelId channel, SendId send) override;
  Bytes RecvBuffer(ChannelId channel, RecvId recv) override;
  MutableBytes DataBuffer(BufferId buffer) override;

 private:
  // A work request on a send queue that will have a completion.
  struct Work {
    bool send = false;
    SendId id;
    BufferId buffer;
  };
  struct Peer {
    ChannelId id;
    std::uint16_t recv_count = 0;
    std::uint32_t max_ti = 0;
    bool established = false;
    bool error = false;       // The queue pair is in error.
    bool told_gone = false;   // Disconnected was said.
    bool disconnect = false;  // Disconnect was asked.
    bool timewait_told = false;
    bool over_told = false;    // ReceivesOver, if receives are shared.
    std::int64_t credits = 0;  // As an honest peer would count them.
    std::deque<RecvId> recvs;  // Posted.
    std::deque<Work> work;     // In order.
    std::map<std::uint32_t, std::vector<std::uint8_t>> ius;  // By receive.
  };
  struct Ask {
    bool reset = false;
    CommandId command;
  };

  void Step(const ShardEvent& event);
  void CarryOut();
  void Carry(const Action& action);
  void Login();
  void Publish(bool with_unit, std::uint64_t blocks);
  void Receive(Peer& peer, std::vector<std::uint8_t> iu);
  std::vector<std::uint8_t> Cmd();
  std::vector<std::uint8_t> AnyIu();
  void CompleteWork(Peer& peer, WorkStatus status);
  void Flush(Peer& peer);
  void CompleteBlock(std::size_t which, IoStatus status);
  void AnswerDirector();
  void CloseOut(Peer& peer);
  Peer* Pick();
  std::deque<RecvId>& RecvsOf(Peer& peer) {
    return parameters_.use_srq ? shared_recvs_ : peer.recvs;
  }

  Input& input_;
  Actions actions_;
  Time now_{1};
  std::uint64_t version_ = 0;
  std::uint64_t conn_ = 0;
  std::uint64_t fence_ = 0;
  Parameters parameters_;
  std::map<ChannelId, Peer> peers_;
  std::deque<RecvId> shared_recvs_;  // Posted.
  std::map<std::uint32_t, std::vector<std::uint8_t>> shared_ius_;
  std::vector<OpId> block_;
  std::deque<Ask> asks_;
  std::vector<ChannelId> to_destroy_;
  std::unique_ptr<Shard> shard_;
};

}  // namespace srpt::fuzz

#endif  // FUZZ_SHARD_DRIVER_H_
