// Start reading the simulator here: a whole world around one target.
//
// A World owns a virtual clock, a fabric with RC semantics, disks, one Director and its Shards, and
// the ports between them; it is a driver of core as core/target.h explains. Initiators live outside
// of it: a test that drives each step by hand (the functions below), or a workload (workload.h)
// that is told what happens through a PeerSink. Nothing happens but by RunUntil and what is built
// on it.
//
// The same options and the same calls give the same run, to the bit.
#ifndef SIM_WORLD_H_
#define SIM_WORLD_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/target.h"
#include "sim/clock.h"
#include "sim/content.h"
#include "sim/decisions.h"
#include "sim/disk.h"
#include "sim/fabric/latency.h"
#include "sim/faults.h"
#include "sim/invariants.h"
#include "sim/peer.h"
#include "sim/script.h"

namespace srpt::sim {

class Story;
class Trace;

struct DiskOptions {
  std::string name;
  scsi::HandlerKind handler = scsi::HandlerKind::kFileio;
  std::uint32_t block_bytes = 512;
  std::uint64_t blocks = 65536;
  bool read_only = false;
  bool write_through = false;
  bool nv_cache = false;
};

struct LunOptions {
  std::uint32_t target = 0;  // Index of WorldOptions::ports.
  LunNumber lun;
  std::string disk;
  bool read_only = false;
};

struct WorldOptions {
  std::uint64_t seed = 1;
  Parameters parameters;          // `fingerprint` is switched on.
  std::vector<TargetPort> ports;  // None: one, enabled, fe80:0000:0000:0000:0000:0000:0000:0001.
  std::vector<DiskOptions> disks;
  std::vector<LunOptions> luns;  // None: every disk, from LUN 0, at every port.
  FaultRates faults{};
  Script::Mode script = Script::Mode::kFree;
  std::vector<Occurrence> occurrences;  // For Script::Mode::kPlay.
  Latencies latencies;
  Content::Form form = Content::Form::kBytes;  // Of disks and bulk data.
  std::uint32_t rnr_retries = 7;  // Of the target's SENDs; then kRnrExceeded. All ones: for ever.
  std::uint64_t stale = 0;        // What lies behind the bytes that were received depends on it.
  std::uint32_t sweep_every = 1024;  // Steps between two looks at all invariants. 0: never.
  bool story = false;                // Everything that happens is kept (sim/story.h).
};

struct AdminResult {
  admin::Status status = admin::Status::kOk;
  std::string text;
};

class World {
 public:
  // Runs until the target is set up as the options say (which is our own bug if it cannot be).
  explicit World(const WorldOptions& options);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // --- Time
  // ---------------------------------------------------------------------------------------
  Time now() const;
  // One event, with everything that follows from it at once. False: nothing will ever happen.
  bool RunOne();
  void RunUntil(Time until);
  void RunFor(Duration duration) { RunUntil(now() + duration); }
  // Calls sink->OnTimer(cookie) at `at`.
  void SetTimer(Time at, PeerSink* sink, std::uint64_t cookie);
  std::uint64_t events() const;  // So far.

  // --- An initiator's end
  // --------------------------------------------------------------------------- Sends a CM REQ. Its
  // outcome is the peer's first event: kConnected, kRejected or kUnreachable.
  PeerId Connect(const ConnectOptions& options);
  // Runs until something happens to the peer, or `within` has passed: then nothing is returned.
  std::optional<PeerEvent> NextEvent(PeerId peer, Duration within);
  // A SEND. IUs arrive in order; one that cannot be delivered gives kSendFailed. Ignored after
  // that, and after a disconnect. False then.
  bool Send(PeerId peer, Bytes iu, bool solicited = false);
  void PostReceives(PeerId peer, std::uint32_t count);
  // DREQ. kDisconnected follows.
  void Disconnect(PeerId peer);
  // Power loss: no packet of this peer's any more, no DREQ, no answer. No event follows.
  void Vanish(PeerId peer);
  // The peer withdraws its REQ (before the answer) or does not send RTU when REP comes.
  void WithholdRtu(PeerId peer, bool withhold);
  bool IsConnected(PeerId peer) const;
  // So many of its IUs arrived before the target had the RTU: its first ones.
  std::uint32_t EarlyIus(PeerId peer) const;
  // The target's name of it, once accepted.
  std::optional<ChannelId> ChannelOf(PeerId peer) const;

  // --- An initiator's memory
  // --------------------------------------------------------------------------
  HostId NewHost();
  HostId HostOf(PeerId peer) const;
  // A region of zeroes; `rights` of access::.
  Region Register(HostId host, std::uint32_t bytes, std::uint32_t rights);
  Region Register(PeerId peer, std::uint32_t bytes, std::uint32_t rights) {
    return Register(HostOf(peer), bytes, rights);
  }
  void Deregister(RKey rkey);  // Later access fails. Twice is harmless.
  bool WriteMemory(const Region& region, std::uint64_t offset, Bytes bytes);
  bool ReadMemory(const Region& region, std::uint64_t offset, MutableBytes bytes) const;
  // For workloads: a region that holds `form`, full of poison; whose choices are `lineage`'s.
  Region RegisterAs(HostId host, std::uint32_t bytes, std::uint32_t rights, Content::Form form,
                    Lineage lineage);
  // Null: no such region (any more). Valid until the next Register.
  Content* MemoryOf(RKey rkey);
  // How often the target has moved bytes from or to it. 0 if there is no such region.
  std::uint64_t AccessesTo(RKey rkey) const;

  // --- The administrator
  // --------------------------------------------------------------------------------
  AdminId Submit(admin::Request request);
  std::optional<AdminResult> AnswerOf(AdminId id) const;
  // Submits and runs until the answer. Nothing if it does not come within `within`.
  std::optional<AdminResult> Admin(admin::Request request, Duration within = Seconds(10));
  // A disk that admin::AddLu can name; the id is the unit's.
  LuId AddDisk(const DiskOptions& options);
  admin::AddLu AddLuRequest(LuId id) const;

  // --- Faults
  // ---------------------------------------------------------------------------------------------
  Faults& faults();
  void Inject(FaultKind kind, std::uint32_t count = 1) { faults().Inject(kind, count); }
  // No more faults; hanging disk operations end.
  void Heal();
  // Operations of that disk that begin from now on do not end until it lets go (or Heal). Without a
  // disk of that name nothing happens.
  void HoldDisk(std::string_view name, bool hold);
  // One of the kinds that befall the whole target (kPortDown .. kPowerLoss), now and for that long.
  // `shard`: the one that is paused or loses its completion queue; none: the director is paused.
  void Befall(FaultKind kind, Duration length, std::optional<std::uint32_t> shard = std::nullopt);
  // Nothing that lasts holds anything up after this: a port that is down, a thread that pauses.
  Time disturbed_until() const;
  // Called for each block whose content a power loss may revert, before it does.
  void SetOnUnsynced(std::function<void(LuId, std::uint64_t block)> call);
  Disk* disk(std::string_view name);  // Null: none of that name.

  // --- Looking inside
  // -------------------------------------------------------------------------------------
  const Director& director() const;
  std::uint32_t shard_count() const;
  const Shard& shard(std::uint32_t i) const;
  const Parameters& parameters() const;
  const Decisions& decisions() const;
  Content::Form form() const;
  // Of the director and all shards.
  std::uint64_t fingerprint() const;
  // What did not hold first, if anything: of core, and of the ports that core must keep within.
  const Breach& breach() const;
  // The same as text: empty, or which invariant and what.
  std::string Broken() const { return breach().Text(); }
  // Looks at everything now.
  std::string Sweep();
  // Says that something does not hold. The first one stays.
  void Broke(Invariant invariant, std::string what);
  // IUs that were delivered to either end.
  std::uint64_t ius() const;
  // Of the fabric: IUs that found no receive posted; refused accesses to initiators' memory.
  std::uint64_t rnr_at_target() const;
  std::uint64_t refused_accesses() const;
  std::optional<std::uint32_t> ShardOf(PeerId peer) const;
  // True when no connection, command or operation remains anywhere.
  bool IsQuiet() const;
  // One line a thing that is not finished yet.
  std::vector<std::string> Pending() const;
  Trace& trace();
  Script& script();
  // Null unless WorldOptions::story.
  std::shared_ptr<Story> story() const;
  // For the story: where the run has got to.
  void Say(std::string phase);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace srpt::sim

#endif  // SIM_WORLD_H_
