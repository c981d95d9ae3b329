// A whole target, a director and its shards, whose world is a string of bytes. It keeps a driver's
// contract (event.h: completions in order, each once, all flushed after an error) and lets the
// bytes choose everything else: who logs in, what the peers send, how work ends and when, how long
// messages take, what the administrator does, how time goes.
//
// Made for speed: small parameters, no memory of its own but fixed tables, and Become(), which goes
// back to a starting state (step_start.h) by assignment instead of making one.
#ifndef FUZZ_STEP_WORLD_H_
#define FUZZ_STEP_WORLD_H_

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "core/base/ring.h"
#include "core/srp/director.h"
#include "core/srp/shard.h"
#include "fuzz/input.h"
#include "fuzz/step_ius.h"

namespace srpt::fuzz {

// Stops the program unless `holds`.
void Must(bool holds, const char* what);

inline constexpr std::uint32_t kShards = 2;
inline constexpr std::uint32_t kChannels = 3;  // Of a shard.
inline constexpr std::uint32_t kPorts = 2;
inline constexpr std::uint32_t kUnits = 6;  // Two are there at the start.
inline constexpr std::uint32_t kConns = 64;

class StepWorld {
 public:
  explicit StepWorld(const Parameters& parameters);
  StepWorld(const StepWorld&) = delete;
  StepWorld& operator=(const StepWorld&) = delete;

  // Is what `start`, of the same parameters and at rest, is.
  void Become(const StepWorld& start);

  // One choice of the input, carried out. Stops the program if core broke a rule.
  void Turn(Input& input);
  // Lets everything end well, and checks that nothing remains.
  void Finish();
  // All that can end does, and well; time stands still. `input`: what RDMA READs bring.
  void Settle(Input& input);
  // Checks what must hold inside.
  void Sweep() const;
  // Of everything that happened; 0 unless the parameters ask for it.
  std::uint64_t fingerprint() const;

  // --- For starting states ----------------------------------------------------------------------
  void Admin(admin::Request request);
  void AddUnit();  // A device "d0", "d1", ...: always the next.
  void Login(event::LoginRequested login);
  void EstablishAll();
  // From here on the IUs that come are an input's: Become() does not bring them back.
  void StartIsMade() { starts_ = false; }
  // Brings an IU to the n-th peer, if that can receive it.
  void Receive(std::uint32_t peer, Bytes iu);
  std::uint32_t peers() const;

 private:
  // The memory that a shard is lent.
  struct Memory : MemoryPort {
    StepWorld* world = nullptr;
    std::uint32_t shard = 0;
    MutableBytes SendBuffer(ChannelId channel, SendId send) override;
    Bytes RecvBuffer(ChannelId channel, RecvId recv) override;
    MutableBytes DataBuffer(BufferId buffer) override;
  };
  // A work request on a send queue. An unsignaled one ends with the next signaled one.
  struct Work {
    enum class Kind : std::uint8_t { kSend, kRead, kWrite, kProbe };
    Kind kind = Kind::kSend;
    bool signaled = true;
    std::uint32_t index = 0;  // Of the send or data buffer.
    std::uint32_t offset = 0;
    std::uint32_t length = 0;
  };
  // Tags that wait for a RSP; `lost`: there were too many to know.
  struct Tags {
    std::array<std::uint64_t, 32> waiting{};
    std::uint32_t count = 0;
    bool lost = false;
    void Add(std::uint64_t tag);
    bool Take(std::uint64_t tag);
  };
  struct Peer {
    bool present = false;
    ChannelId id;
    ConnId conn;
    std::uint32_t max_ti = 0;
    std::uint16_t sq_size = 0;
    std::int32_t granted = 0;
    bool touched = false;  // Something happened to the queue pair: the accept did not fail.
    bool established = false;
    bool error = false;         // The queue pair is in error.
    bool told_gone = false;     // Disconnected was said.
    bool disconnected = false;  // Disconnect was asked,
    bool destroyed = false;     // and DestroyQp.
    bool refused = false;       // The accept is going to fail.
    bool timewait_told = false;
    bool over_told = false;     // ReceivesOver, if receives are shared.
    std::int64_t credits = 0;   // As an honest peer would count them.
    Ring<std::uint32_t> recvs;  // Posted.
    Ring<Work> work;            // In order.
    Tags tags;
    void Reset();  // Keeps the rings' memory.
  };
  struct Iu {
    std::array<std::uint8_t, kIuBytesMax> bytes;
    std::uint32_t length = 0;
  };
  struct Lane {  // What belongs to one shard.
    std::array<Peer, kChannels> peers;
    Ring<std::uint32_t> shared_recvs;         // Posted.
    std::array<std::uint8_t, 8> wire_uses{};  // Of the data buffers, by work requests,
    std::array<std::uint8_t, 8> disk_uses{};  // by block operations.
    std::vector<ChannelId> to_destroy;
  };
  struct BlockOp {
    std::uint32_t shard = 0;
    OpId op;
    LuId lu;
    BufferId buffer;  // None: a flush, or immediate data.
    bool has_buffer = false;
  };
  enum class Conn : std::uint8_t { kNone, kAsked, kGone, kAccepted, kRejected };
  // All that Become() takes over, beside core's own.
  struct Books {
    Time now{1};
    std::array<Lane, kShards> lanes;
    std::vector<BlockOp> ops;
    std::array<Conn, kConns> conns{};
    std::uint32_t conn_count = 0;
    std::uint64_t admin_asked = 0;
    std::uint64_t admin_done = 0;
    std::array<std::uint64_t, kUnits> unit_bytes{};  // The most that it ever had.
    std::uint32_t units = 0;                         // Added so far.
    bool held = false;  // Messages wait until they are delivered one by one.
  };

  // --- step_world.cc ---
  void StepShard(std::uint32_t shard, const ShardEvent& event);
  void StepDirector(const DirectorEvent& event);
  void Carry(std::uint32_t shard, const Action& action);
  void CarryFromDirector(const Action& action);
  void OnSendIu(std::uint32_t shard, const action::SendIu& send);
  void OnAccept(std::uint32_t shard, const action::Accept& accept);
  void Post(std::uint32_t shard, Peer& peer, const Work& work);
  Work PopWork(std::uint32_t shard, Peer& peer);
  void Forget(std::uint32_t shard, Peer& peer);
  MutableBytes Data(std::uint32_t shard, const Work& work);
  Iu& IuOf(std::uint32_t shard, const Peer& peer, std::uint32_t recv) const;
  static void Arrived(Iu& iu, std::size_t length);
  static MutableBytes BytesOf(Iu& iu);
  void AddOp(std::uint32_t shard, OpId op, LuId lu, std::uint64_t offset, const MemRef* memory);
  // What follows at once: queue pairs are destroyed, and messages delivered unless they are held.
  void Pump();
  bool DeliverOne(std::uint32_t shard, bool to_director);
  Peer* Find(std::uint32_t shard, ChannelId id);
  Peer& At(std::uint32_t shard, ChannelId id);
  bool Undelivered() const;

  // --- step_turns.cc ---
  struct Picked {
    std::uint32_t shard = 0;
    Peer* peer = nullptr;
  };
  Picked Pick(std::uint32_t n);
  Ring<std::uint32_t>& RecvsOf(const Picked& of);
  bool CanReceive(const Picked& to);
  template <class Make>
  void ReceiveMade(const Picked& to, Make make);
  void CompleteWork(const Picked& of, WorkStatus status, Input* input);
  void CompleteAllWork(const Picked& of, Input* input);
  void FailRecv(const Picked& of, WorkStatus status);
  void Establish(const Picked& of);
  void Flush(const Picked& of);
  void CompleteBlock(std::size_t which, IoStatus status);
  void CloseOut(const Picked& of, std::uint32_t steps);
  void FailAccept(const Picked& of, bool sq_refused);
  void PassTime(Duration by);
  void AskLogin(Input& input);
  void AskAdmin(Input& input);
  void TurnOfPeer(std::uint8_t choice, const Picked& picked, Input& input);
  void TurnOfWorld(std::uint8_t choice, Input& input);

  Parameters parameters_;
  Actions actions_;
  Books books_;
  // What lies in the receive buffers, which all worlds share: parked commands are read again.
  struct Received {
    Iu* at = nullptr;
    std::vector<std::uint8_t> bytes;
  };
  // What it sent, which a response that does not arrive is read from again.
  struct Sent {
    std::uint32_t shard = 0;
    ChannelId channel;
    SendId send;
    std::vector<std::uint8_t> bytes;
  };
  std::vector<Sent> sent_;
  bool starts_ = true;
  std::vector<Received> received_;
  // Never handed on: empty in every starting state.
  std::array<std::deque<message::ToShard>, kShards> to_shard_;
  std::array<std::deque<message::ToDirector>, kShards> to_director_;
  std::array<Memory, kShards> memory_;
  std::unique_ptr<Director> director_;
  std::array<std::unique_ptr<Shard>, kShards> shards_;
};

}  // namespace srpt::fuzz

#endif  // FUZZ_STEP_WORLD_H_
