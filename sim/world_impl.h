// The inside of a World: the driver's loop around core. Private to //sim:world.
#ifndef SIM_WORLD_IMPL_H_
#define SIM_WORLD_IMPL_H_

#include <array>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/event_queue.h"
#include "sim/fabric/fabric.h"
#include "sim/story.h"
#include "sim/trace.h"
#include "sim/world.h"

namespace srpt::sim {

struct DiskSlot {
  std::unique_ptr<Disk> disk;
  DiskOptions options;
  // Counts the operations on a stretch of the disk, for their choices.
  std::array<std::uint32_t, 256> ordinals{};
  bool released = false;
  bool held = false;
};

// Messages of one direction between the director and one shard: in order, each with its delay.
template <class Message>
struct MessagePipe {
  struct Entry {
    Time arrival;
    Time sent;
    Message message;
  };
  std::deque<Entry> entries;
  Time last;
  std::uint64_t count = 0;
};

struct ShardSide {
  std::unique_ptr<ShardMemory> memory;
  std::unique_ptr<Shard> shard;
  std::unique_ptr<Actions> actions;
  Time wake = kNever;  // Scheduled.
  Time paused_until;
  MessagePipe<message::ToShard> to_shard;
  MessagePipe<message::ToDirector> to_director;
};

// One operation of a disk.
struct BlockOp {
  enum class Kind : std::uint8_t { kRead, kWrite, kFlush };
  Kind kind = Kind::kRead;
  OpId op;
  std::uint64_t generation = 0;  // Of the slot.
  std::uint32_t shard = 0;
  LuId lu;
  std::uint64_t offset = 0;
  Time begun;
  MemRef memory;
  bool fua = false;
  bool captured = false;  // The data were taken when the operation began.
  bool hanging = false;
  bool busy = false;
  IoStatus status = IoStatus::kOk;
  std::uint64_t landed = 0;  // Bytes that land in spite of an error.
  bool torn = false;         // Of them any block may, or not.
  std::uint64_t mark = 0;    // Of a flush.
  std::shared_ptr<ShardMemory::Arena> arena;
  Content data;
};

struct World::Impl : TargetSide {
  explicit Impl(const WorldOptions& given);

  // TargetSide
  void OnDirectorEvent(const DirectorEvent& event) override;
  void OnShardEvent(std::uint32_t shard, const ShardEvent& event) override;
  ShardMemory& MemoryOf(std::uint32_t shard) override { return *shards[shard].memory; }

  // driver.cc
  bool RunOne();
  AdminId Submit(admin::Request request);
  void SetTimer(Time at, PeerSink* sink, std::uint64_t cookie);
  void PerformDirector();
  void PerformShard(std::uint32_t shard);
  void WakeDirector();
  void WakeShard(std::uint32_t shard);
  template <class Message>
  void Carry(MessagePipe<Message>& pipe, Lineage entity, Happening what, std::uint32_t shard,
             Message message);
  void Log(const action::Log& log, const char* who);
  // storied.cc: for the story.
  void TellBlock(const BlockOp& op, bool done);
  void TellMessage(const message::ToShard& message, std::uint32_t shard, Time sent);
  void TellMessage(const message::ToDirector& message, std::uint32_t shard, Time sent);
  void TellMessage(std::string_view name, bool to_director, std::uint32_t shard, Time sent);
  void TellText(StoryEvent::Kind kind, std::string text, std::uint64_t id = 0);
  void Sweep();
  void Broke(Breach found);
  void Broke(Invariant invariant, std::string what) { Broke(Breach{invariant, std::move(what)}); }
  std::vector<std::string> Pending() const;

  // weather.cc
  void StartWeather();
  void OnWeather();
  void Befall(FaultKind kind, Duration length, std::optional<std::uint32_t> shard);
  void Kill(bool power_loss, Duration length);
  void Boot();
  void Configure();
  admin::AddLu AddLuRequest(LuId id) const;
  // When the thread that this waits for runs again, if it is paused.
  std::optional<Time> PausedUntil(const EventQueue::Item& item) const;

  // backend.cc
  void Drop(BlockOp& op, std::uint64_t which);
  std::uint32_t TakeOp();
  void Do(std::uint32_t shard, const action::BlockRead& a);
  void Do(std::uint32_t shard, const action::BlockWrite& a);
  void Do(std::uint32_t shard, const action::BlockFlush& a);
  void Begin(std::uint32_t slot);
  void Capture(BlockOp& op);
  void Land(BlockOp& op);
  void OnBlockDone(std::uint32_t slot, std::uint64_t generation);
  void ReleaseHanging(std::optional<LuId> of = std::nullopt);
  void HoldDisk(std::string_view name, bool hold);

  WorldOptions options;
  Clock clock;
  EventQueue queue;
  Decisions decisions;
  Script script;
  Faults faults;
  Trace trace;
  std::shared_ptr<Story> story;  // Null: nobody wants it.
  Fabric fabric;
  std::vector<DiskSlot> disks;  // By LuId.
  std::unique_ptr<Director> director;
  std::unique_ptr<Actions> director_actions;
  Time director_wake = kNever;
  Time director_paused_until;
  Time disturbed_until;
  std::uint64_t incarnation = 0;  // Of the target's process.
  std::uint64_t retired = 0;      // Fingerprints of earlier ones.
  std::uint64_t weather_ticks = 0;
  std::function<void(LuId, std::uint64_t)> on_unsynced;
  std::vector<ShardSide> shards;
  std::deque<BlockOp> ops;  // Stable addresses.
  std::vector<std::uint32_t> free_ops;
  std::uint32_t ops_in_flight = 0;
  std::uint32_t messages_in_flight = 0;
  struct Timer {
    PeerSink* sink = nullptr;
    std::uint64_t cookie = 0;
  };
  std::vector<Timer> timers;
  std::vector<std::uint32_t> free_timers;
  std::map<std::uint64_t, AdminResult> answers;
  std::uint64_t next_admin = 1;
  std::uint32_t next_host = 1;
  std::uint64_t events = 0;
  std::uint64_t steps = 0;
  bool stepping = false;
  Breach breach;
};

}  // namespace srpt::sim

#endif  // SIM_WORLD_IMPL_H_
